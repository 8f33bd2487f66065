//! The vision transformer: patches of the picture to states.

use super::config::VisionConfig;
use crate::kernels::{Activation, Format, Input, Rounding, WeightMatrix, add};
use crate::models::generation::Interrupted;
use crate::models::layers::{Heads, LayerNorm, Linear, Workspace, to_tensor};
use crate::models::weights::{LoadError, Weights};
use candle_core::{Error, Tensor};
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Red, green and blue.
const CHANNELS: usize = 3;

#[derive(Clone, Debug)]
pub(super) struct VisionModel {
    patches: PatchEmbedding,
    layers: Vec<VisionLayer>,
    norm: LayerNorm,
}

impl VisionModel {
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        config: &VisionConfig,
    ) -> Result<Self, LoadError> {
        let patches = PatchEmbedding::load(weights, config)?;
        let mut layers = Vec::new();
        for index in 0..config.num_hidden_layers {
            layers.push(VisionLayer::load(weights, &format!("vision_model.encoder.layers.{index}"), config)?);
        }
        let norm =
            weights.layer_norm("vision_model.post_layernorm", config.hidden_size, config.layer_norm_eps)?;
        Ok(Self { patches, layers, norm })
    }

    pub(super) fn forward(
        &self,
        pixels: &Tensor,
        between_layers: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Tensor, Interrupted> {
        // Scores are scaled and every input is normalised, so bytes are fine enough: three random layers end
        // within 2e-5 (1 - cosine of the captions' logits) of float32.
        let mut work = Workspace { input: Input::rounded(Rounding::Coarse), ..Workspace::default() };
        let mut xs = self.patches.forward(pixels, &mut work)?;
        for layer in &self.layers {
            if between_layers().is_break() {
                return Err(Interrupted::Stopped);
            }
            layer.forward(&mut xs, &mut work);
        }
        let mut out = vec![0.0; xs.len()];
        self.norm.forward(&xs, &mut out);
        Ok(to_tensor(out, self.patches.class.len())?)
    }
}

/// The convolution whose stride is its width: a matrix product over patches.
#[derive(Clone, Debug)]
struct PatchEmbedding {
    class: Vec<f32>,
    /// `[hidden, channels * patch * patch]`.
    projection: Linear,
    /// `[1 + patches, hidden]`.
    position: Vec<f32>,
    grid: usize,
    patch: usize,
}

impl PatchEmbedding {
    fn load(weights: &mut Weights<impl Read + Seek>, config: &VisionConfig) -> Result<Self, LoadError> {
        let (hidden, patch) = (config.hidden_size, config.patch_size);
        let grid = config.image_size / patch;
        let name = "vision_model.embeddings";
        let inputs = CHANNELS * patch * patch;
        let kernel =
            weights.floats(&format!("{name}.patch_embedding.weight"), &[hidden, CHANNELS, patch, patch])?;
        let whole = |mut matrix: WeightMatrix| {
            matrix.push_floats(&kernel);
            Arc::new(matrix)
        };
        let matrix = WeightMatrix::new(Format::F32, hidden, inputs).map(whole);
        let matrix = matrix.ok_or(LoadError::ConfigValue { field: "patch_size", reason: "is zero" })?;
        let bias = weights.floats(&format!("{name}.patch_embedding.bias"), &[hidden])?;
        Ok(Self {
            class: weights.floats(&format!("{name}.class_embedding"), &[1, 1, hidden])?,
            projection: Linear::new(matrix, Some(bias)),
            position: weights.floats(&format!("{name}.position_embedding"), &[1, 1 + grid * grid, hidden])?,
            grid,
            patch,
        })
    }

    /// `[3, size, size]` to `[1 + patches, hidden]`.
    fn forward(&self, pixels: &Tensor, work: &mut Workspace) -> Result<Vec<f32>, Error> {
        let (grid, patch) = (self.grid, self.patch);
        let size = grid * patch;
        if pixels.dims() != [CHANNELS, size, size] {
            return Err(Error::Msg(format!("a picture of shape {:?}, not of {size} pixels", pixels.dims())));
        }
        let pixels = pixels.flatten_all()?.to_vec1::<f32>()?;
        // Runs of one patch's pixels in one channel and line.
        let runs = work.input.begin(grid * grid, CHANNELS * patch * patch).chunks_exact_mut(patch);
        for (index, run) in runs.enumerate() {
            let (line, channel) = (index % patch, index / patch % CHANNELS);
            let place = index / (patch * CHANNELS);
            let y = place / grid * patch + line;
            let start = (channel * size + y) * size + place % grid * patch;
            run.copy_from_slice(pixels.get(start..start + patch).unwrap_or_default());
        }
        self.projection.forward(&mut work.input, &mut work.out, &mut work.scratch);
        let mut xs = self.class.clone();
        xs.extend_from_slice(&work.out);
        add(&mut xs, &self.position);
        Ok(xs)
    }
}

/// One layer: attention and feed-forward, each on normalised input and added to it.
#[derive(Clone, Debug)]
struct VisionLayer {
    norm1: LayerNorm,
    /// Query, key and value in one matrix.
    qkv: Linear,
    projection: Linear,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    heads: Heads,
}

impl VisionLayer {
    fn load(
        weights: &mut Weights<impl Read + Seek>,
        name: &str,
        config: &VisionConfig,
    ) -> Result<Self, LoadError> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let width = hidden / config.num_attention_heads;
        Ok(Self {
            norm1: weights.layer_norm(&format!("{name}.layer_norm1"), hidden, config.layer_norm_eps)?,
            qkv: weights.linear(&format!("{name}.self_attn.qkv"), hidden, 3 * hidden)?,
            projection: weights.linear(&format!("{name}.self_attn.projection"), hidden, hidden)?,
            norm2: weights.layer_norm(&format!("{name}.layer_norm2"), hidden, config.layer_norm_eps)?,
            fc1: weights.linear(&format!("{name}.mlp.fc1"), hidden, wide)?,
            fc2: weights.linear(&format!("{name}.mlp.fc2"), wide, hidden)?,
            heads: Heads {
                count: config.num_attention_heads,
                width,
                scale: (width as f64).powf(-0.5) as f32,
            },
        })
    }

    /// `xs` is `[positions, hidden]`.
    fn forward(&self, xs: &mut [f32], work: &mut Workspace) {
        self.norm1.forward_to(xs, &mut work.input);
        self.qkv.forward(&mut work.input, &mut work.wide, &mut work.scratch);
        let (heads, hidden) = (self.heads, self.heads.features());
        // Each row is its query, its key and its value.
        let stride = 3 * hidden;
        let part = |index: usize| work.wide.get(index * hidden..).unwrap_or_default();
        work.keys_values.fill(part(1), part(2), stride, heads.count, heads.width);
        let out = work.input.begin(work.wide.len() / stride.max(1), hidden);
        work.keys_values.attend(part(0), stride, heads.scale, None, out, &mut work.attention);
        self.projection.forward(&mut work.input, &mut work.out, &mut work.scratch);
        add(xs, &work.out);
        self.norm2.forward_to(xs, &mut work.input);
        self.fc1.forward(&mut work.input, &mut work.wide, &mut work.scratch);
        Activation::GeluExact.apply(&mut work.wide);
        work.input.copy(&work.wide, self.fc2.weight().inputs());
        self.fc2.forward(&mut work.input, &mut work.out, &mut work.scratch);
        add(xs, &work.out);
    }
}
