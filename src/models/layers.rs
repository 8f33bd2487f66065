//! The layers that T5 and BLIP share. Rows are positions: `[positions, features]`, flat.

use crate::kernels::{
    AttentionScratch, DistanceBias, Input, KeyValues, Scratch, WeightMatrix, attend_rows, layer_norm,
};
use candle_core::{Device, Error, Result, Tensor};
use std::sync::Arc;

/// A weight matrix `[outputs, inputs]`, with a bias or without.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Arc<WeightMatrix>,
    bias: Option<Vec<f32>>,
}

impl Linear {
    pub(crate) fn new(weight: Arc<WeightMatrix>, bias: Option<Vec<f32>>) -> Self {
        Self { weight, bias }
    }

    /// `[positions, inputs]` to `[positions, outputs]` in `out`.
    pub(crate) fn forward(&self, input: &mut Input, out: &mut Vec<f32>, scratch: &mut Scratch) {
        self.weight.apply(input, self.bias.as_deref(), out, scratch);
    }

    /// The weights.
    pub(crate) fn weight(&self) -> &Arc<WeightMatrix> {
        &self.weight
    }
}

/// Adds the rows `ids` of an embedding to `out`, `[ids, features]`.
///
/// # Errors
///
/// When an id is beyond the table.
pub(crate) fn add_embeddings(table: &WeightMatrix, ids: &[u32], out: &mut [f32]) -> Result<()> {
    let mut row = vec![0.0; table.inputs()];
    for (id, out) in ids.iter().zip(out.chunks_exact_mut(table.inputs())) {
        if !table.row(*id as usize, &mut row) {
            return Err(Error::Msg(format!("id {id} is beyond the embedding's {} rows", table.outputs())));
        }
        crate::kernels::add(out, &row);
    }
    Ok(())
}

/// Layer normalisation with mean (arXiv:1607.06450).
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl LayerNorm {
    pub(crate) fn new(weight: Vec<f32>, bias: Vec<f32>, eps: f64) -> Self {
        Self { weight, bias, eps: eps as f32 }
    }

    pub(crate) fn forward(&self, xs: &[f32], out: &mut [f32]) {
        layer_norm(xs, &self.weight, &self.bias, self.eps, out);
    }

    /// Normalises to the input of a product.
    pub(crate) fn forward_to(&self, xs: &[f32], input: &mut Input) {
        let width = self.weight.len();
        self.forward(xs, input.begin(xs.len() / width.max(1), width));
    }
}

/// What one layer after the other writes over: nothing is allocated anew but where a call has more positions.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) input: Input,
    pub(crate) scratch: Scratch,
    pub(crate) attention: AttentionScratch,
    pub(crate) keys_values: KeyValues,
    pub(crate) query: Vec<f32>,
    pub(crate) key: Vec<f32>,
    pub(crate) value: Vec<f32>,
    pub(crate) out: Vec<f32>,
    pub(crate) wide: Vec<f32>,
    pub(crate) gate: Vec<f32>,
}

/// The shape of an attention layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heads {
    pub(crate) count: usize,
    /// Features of a head.
    pub(crate) width: usize,
    /// Multiplies the scores.
    pub(crate) scale: f32,
}

impl Heads {
    /// Features of all heads.
    pub(crate) fn features(self) -> usize {
        self.count * self.width
    }
}

/// The keys and values of one input that does not change while an answer is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct CrossCache(KeyValues);

impl CrossCache {
    /// From `[positions, features]` each.
    pub(crate) fn new(key: &[f32], value: &[f32], heads: Heads) -> Self {
        let mut cache = KeyValues::default();
        cache.fill(key, value, heads.features(), heads.count, heads.width);
        Self(cache)
    }

    /// Attention of the rows in `work.query` into `work.input`. Rows are positions of any number of hypotheses.
    /// Those that look at the same input share its keys without a copy: with one cache all, with several as many
    /// as each has of the rows.
    pub(crate) fn attend(caches: &[Self], heads: Heads, work: &mut Workspace) {
        let features = heads.features();
        let rows = work.query.len() / features.max(1);
        let out = work.input.begin(rows, features);
        let part = (rows / caches.len().max(1) * features).max(1);
        let parts = work.query.chunks_exact(part).zip(out.chunks_exact_mut(part));
        for (cache, (query, out)) in caches.iter().zip(parts) {
            cache.0.attend(query, features, heads.scale, None, out, &mut work.attention);
        }
    }

    /// Keeps the caches at `places`, each once; where hypotheses share one it stays.
    pub(crate) fn keep(caches: &mut Vec<Self>, places: &[u32]) {
        if caches.len() > 1 {
            let mut taken =
                |place: &u32| caches.get_mut(*place as usize).map(std::mem::take).unwrap_or_default();
            let kept = places.iter().map(&mut taken).collect();
            *caches = kept;
        }
    }
}

/// The keys and values of what has been written.
#[derive(Clone, Debug, Default)]
pub(crate) struct SelfCache {
    /// For each hypothesis keys and values, `[positions, features]`.
    hypotheses: Vec<(Vec<f32>, Vec<f32>)>,
}

impl SelfCache {
    /// Adds the positions in `work.key` and `work.value` (`[hypotheses * new, features]`) and attends from
    /// those in `work.query` to themselves and to all before them, into `work.input`.
    pub(crate) fn attend(
        &mut self,
        hypotheses: usize,
        heads: Heads,
        bias: Option<DistanceBias<'_>>,
        work: &mut Workspace,
    ) {
        let features = heads.features();
        let rows = work.query.len() / features.max(1);
        let part = (rows / hypotheses.max(1) * features).max(1);
        self.hypotheses.resize_with(hypotheses, Default::default);
        let out = work.input.begin(rows, features);
        let news =
            work.query.chunks_exact(part).zip(work.key.chunks_exact(part)).zip(work.value.chunks_exact(part));
        for (((query, key), value), ((keys, values), out)) in
            news.zip(self.hypotheses.iter_mut().zip(out.chunks_exact_mut(part)))
        {
            keys.extend_from_slice(key);
            values.extend_from_slice(value);
            attend_rows(query, (keys, values), (heads.count, heads.width), heads.scale, bias, out);
        }
    }

    /// Makes hypothesis `i` go on from what was hypothesis `parents[i]`.
    pub(crate) fn reorder(&mut self, parents: &[u32]) {
        // A hypothesis that stays in its place, as most do, is not copied.
        let stays = parents.len() == self.hypotheses.len()
            && (0..).zip(parents).all(|(place, parent)| place == *parent);
        if !stays {
            let of = |parent: &u32| self.hypotheses.get(*parent as usize).cloned().unwrap_or_default();
            self.hypotheses = parents.iter().map(of).collect();
        }
    }
}

/// Flat rows as a tensor `[rows, width]`.
pub(crate) fn to_tensor(values: Vec<f32>, width: usize) -> Result<Tensor> {
    let rows = values.len() / width.max(1);
    Tensor::from_vec(values, (rows, width), &Device::Cpu)
}

/// A tensor `[rows, width]` as flat rows.
///
/// # Errors
///
/// When it has another shape.
pub(crate) fn from_tensor(tensor: &Tensor, width: usize) -> Result<Vec<f32>> {
    match tensor.dims() {
        [_, found] if *found == width => tensor.flatten_all()?.to_vec1(),
        other => Err(Error::Msg(format!("states of shape {other:?}, not of {width} features"))),
    }
}

/// The last position of each hypothesis: `[hypotheses * new, width]` to `[hypotheses, width]`.
pub(crate) fn last_rows(rows: &[f32], hypotheses: usize, width: usize) -> Vec<f32> {
    let part = (rows.len() / hypotheses.max(1)).max(1);
    let last = |part: &[f32]| part.get(part.len().saturating_sub(width)..).unwrap_or_default().to_vec();
    rows.chunks_exact(part).flat_map(last).collect()
}
