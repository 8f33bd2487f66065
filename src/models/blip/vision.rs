//! The vision transformer: patches of the picture to states.

use super::config::VisionConfig;
use crate::models::generation::Interrupted;
use crate::models::layers::{LayerNorm, Linear, attend, join_heads, split_heads};
use crate::models::weights::{LoadError, Weights};
use candle_core::{Result, Tensor};
use std::io::{Read, Seek};
use std::ops::ControlFlow;

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
    ) -> std::result::Result<Self, LoadError> {
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
    ) -> std::result::Result<Tensor, Interrupted> {
        let mut xs = self.patches.forward(pixels)?;
        for layer in &self.layers {
            if between_layers().is_break() {
                return Err(Interrupted::Stopped);
            }
            xs = layer.forward(&xs)?;
        }
        Ok(self.norm.forward(&xs)?)
    }
}

/// The convolution whose stride is its width: a matrix product over patches.
#[derive(Clone, Debug)]
struct PatchEmbedding {
    class: Tensor,
    /// `[channels * patch * patch, hidden]`.
    weight: Tensor,
    bias: Tensor,
    /// `[1 + patches, hidden]`.
    position: Tensor,
    grid: usize,
    patch: usize,
}

impl PatchEmbedding {
    fn load(
        weights: &mut Weights<impl Read + Seek>,
        config: &VisionConfig,
    ) -> std::result::Result<Self, LoadError> {
        let (hidden, patch) = (config.hidden_size, config.patch_size);
        let grid = config.image_size / patch;
        let name = "vision_model.embeddings";
        let kernel = weights
            .tensor(&format!("{name}.patch_embedding.weight"), &[hidden, CHANNELS, patch, patch])?
            .reshape((hidden, CHANNELS * patch * patch))?;
        Ok(Self {
            class: weights
                .tensor(&format!("{name}.class_embedding"), &[1, 1, hidden])?
                .reshape((1, hidden))?,
            weight: kernel.t()?.contiguous()?,
            bias: weights.tensor(&format!("{name}.patch_embedding.bias"), &[hidden])?,
            position: weights
                .tensor(&format!("{name}.position_embedding"), &[1, 1 + grid * grid, hidden])?
                .squeeze(0)?,
            grid,
            patch,
        })
    }

    /// `[3, size, size]` to `[1 + patches, hidden]`.
    fn forward(&self, pixels: &Tensor) -> Result<Tensor> {
        let (grid, patch) = (self.grid, self.patch);
        let patches = pixels
            .reshape((CHANNELS, grid, patch, grid, patch))?
            .permute((1, 3, 0, 2, 4))?
            .contiguous()?
            .reshape((grid * grid, CHANNELS * patch * patch))?;
        let embedded = patches.matmul(&self.weight)?.broadcast_add(&self.bias)?;
        Tensor::cat(&[&self.class, &embedded], 0)? + &self.position
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
    heads: usize,
}

impl VisionLayer {
    fn load(
        weights: &mut Weights<impl Read + Seek>,
        name: &str,
        config: &VisionConfig,
    ) -> std::result::Result<Self, LoadError> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        Ok(Self {
            norm1: weights.layer_norm(&format!("{name}.layer_norm1"), hidden, config.layer_norm_eps)?,
            qkv: weights.linear(&format!("{name}.self_attn.qkv"), hidden, 3 * hidden)?,
            projection: weights.linear(&format!("{name}.self_attn.projection"), hidden, hidden)?,
            norm2: weights.layer_norm(&format!("{name}.layer_norm2"), hidden, config.layer_norm_eps)?,
            fc1: weights.linear(&format!("{name}.mlp.fc1"), hidden, wide)?,
            fc2: weights.linear(&format!("{name}.mlp.fc2"), wide, hidden)?,
            heads: config.num_attention_heads,
        })
    }

    fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        let hidden = xs.dim(1)?;
        let qkv = self.qkv.forward(&self.norm1.forward(xs)?)?;
        let part =
            |index: usize| split_heads(&qkv.narrow(1, index * hidden, hidden)?.contiguous()?, self.heads);
        let scale = ((hidden / self.heads) as f64).powf(-0.5);
        let context = join_heads(&attend(&part(0)?, &part(1)?, &part(2)?, Some(scale), None)?)?;
        let xs = (xs + self.projection.forward(&context)?)?;
        let wide = self.fc1.forward(&self.norm2.forward(&xs)?)?.gelu_erf()?;
        xs + self.fc2.forward(&wide)?
    }
}
