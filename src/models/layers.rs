//! The layers that T5 and BLIP share. Rows are positions: `[positions, features]`.

use candle_core::quantized::QMatMul;
use candle_core::{Device, Module, Result, Tensor};

/// A weight matrix `[outputs, inputs]`, quantised or float32.
#[derive(Clone, Debug)]
pub(crate) struct Matrix(QMatMul);

impl Matrix {
    pub(crate) fn new(weight: QMatMul) -> Self {
        Self(weight)
    }

    /// `[positions, inputs]` to `[positions, outputs]`.
    pub(crate) fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        self.0.forward(xs)
    }

    /// The rows `ids` as float32, `[ids, inputs]`: an embedding.
    pub(crate) fn rows(&self, ids: &[u32]) -> Result<Tensor> {
        self.0.embedding(&Tensor::new(ids, &Device::Cpu)?)
    }
}

/// A matrix with a bias.
#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Matrix,
    bias: Tensor,
}

impl Linear {
    pub(crate) fn new(weight: Matrix, bias: Tensor) -> Self {
        Self { weight, bias }
    }

    /// `[positions, inputs]` to `[positions, outputs]`.
    pub(crate) fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        self.weight.forward(xs)?.broadcast_add(&self.bias)
    }
}

/// Layer normalisation with mean (arXiv:1607.06450).
#[derive(Clone, Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
}

impl LayerNorm {
    pub(crate) fn new(weight: Tensor, bias: Tensor, eps: f64) -> Self {
        Self { weight, bias, eps: eps as f32 }
    }

    pub(crate) fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        candle_nn::ops::layer_norm(xs, &self.weight, &self.bias, self.eps)
    }
}

/// `[rows, heads * width]` to `[heads, rows, width]`, contiguous.
pub(crate) fn split_heads(xs: &Tensor, heads: usize) -> Result<Tensor> {
    let (rows, features) = xs.dims2()?;
    xs.reshape((rows, heads, features / heads))?.transpose(0, 1)?.contiguous()
}

/// `[heads, rows, width]` to `[rows, heads * width]`.
pub(crate) fn join_heads(xs: &Tensor) -> Result<Tensor> {
    let (heads, rows, width) = xs.dims3()?;
    xs.transpose(0, 1)?.contiguous()?.reshape((rows, heads * width))
}

/// Attention of `query` to `key` and `value`, all `[heads, positions, width]` or with a leading dimension for
/// hypotheses. `scale` multiplies the scores before `bias` is added.
pub(crate) fn attend(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    scale: Option<f64>,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    let mut scores = query.matmul(&key.transpose(candle_core::D::Minus2, candle_core::D::Minus1)?)?;
    if let Some(scale) = scale {
        scores = (scores * scale)?;
    }
    if let Some(bias) = bias {
        scores = scores.broadcast_add(bias)?;
    }
    candle_nn::ops::softmax_last_dim(&scores)?.matmul(value)
}

/// The keys and values of one input that does not change while an answer is written: `[heads, positions,
/// width]`.
#[derive(Clone, Debug)]
pub(crate) struct CrossCache {
    key: Tensor,
    value: Tensor,
}

impl CrossCache {
    /// From `[positions, heads * width]` each.
    pub(crate) fn new(key: &Tensor, value: &Tensor, heads: usize) -> Result<Self> {
        Ok(Self { key: split_heads(key, heads)?, value: split_heads(value, heads)? })
    }

    /// Attention of `query`, `[rows, heads * width]`. Rows are positions of any number of hypotheses: all
    /// look at the same input, so they share its keys without a copy.
    pub(crate) fn attend(&self, query: &Tensor, scale: Option<f64>) -> Result<Tensor> {
        let heads = self.key.dim(0)?;
        let query = split_heads(query, heads)?;
        join_heads(&attend(&query, &self.key, &self.value, scale, None)?)
    }
}

/// The keys and values of what has been written: `[hypotheses, heads, positions, width]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SelfCache(Option<(Tensor, Tensor)>);

impl SelfCache {
    /// Adds the positions in `query`, `key` and `value` (`[hypotheses * new, heads * width]` each) and
    /// attends from them to all positions. `bias`, broadcast to `[hypotheses, heads, new, positions]`, also
    /// hides what a position may not see.
    pub(crate) fn attend(
        &mut self,
        [query, key, value]: [&Tensor; 3],
        shape: DecoderShape,
        scale: Option<f64>,
        bias: Option<&Tensor>,
    ) -> Result<Tensor> {
        let DecoderShape { hypotheses, new, heads } = shape;
        let split = |xs: &Tensor| {
            let width = xs.dim(1)? / heads;
            xs.reshape((hypotheses, new, heads, width))?.transpose(1, 2)?.contiguous()
        };
        let (query, key, value) = (split(query)?, split(key)?, split(value)?);
        let (key, value) = match &self.0 {
            None => (key, value),
            Some((past_key, past_value)) => {
                (Tensor::cat(&[past_key, &key], 2)?, Tensor::cat(&[past_value, &value], 2)?)
            }
        };
        let context = attend(&query, &key, &value, scale, bias)?;
        self.0 = Some((key, value));
        let width = context.dim(3)?;
        context.transpose(1, 2)?.contiguous()?.reshape((hypotheses * new, heads * width))
    }

    /// Makes hypothesis `i` go on from what was hypothesis `parents[i]`.
    pub(crate) fn reorder(&mut self, parents: &Tensor) -> Result<()> {
        if let Some((key, value)) = &self.0 {
            self.0 = Some((key.index_select(parents, 0)?, value.index_select(parents, 0)?));
        }
        Ok(())
    }
}

/// What the rows of a decoder's tensors mean: `hypotheses` times `new` positions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DecoderShape {
    pub(crate) hypotheses: usize,
    pub(crate) new: usize,
    pub(crate) heads: usize,
}

/// Adds minus infinity where one of `new` positions after `past` would look ahead: `[new, past + new]`. None
/// if there is nothing to hide.
pub(crate) fn causal_mask(past: usize, new: usize) -> Result<Option<Tensor>> {
    if new == 1 {
        return Ok(None);
    }
    let all = past + new;
    let hidden = |row: usize, column: usize| if column > past + row { f32::NEG_INFINITY } else { 0.0 };
    let mask: Vec<f32> = (0..new).flat_map(|row| (0..all).map(move |column| hidden(row, column))).collect();
    Tensor::from_vec(mask, (new, all), &Device::Cpu).map(Some)
}
