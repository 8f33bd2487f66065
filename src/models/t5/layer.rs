//! Attention and feed-forward layers of T5. Each normalises its input, and its output is added to it.

use super::config::{Config, FeedForward};
use crate::models::layers::{CrossCache, DecoderShape, Matrix, SelfCache, attend, join_heads, split_heads};
use crate::models::weights::{LoadError, Weights};
use candle_core::{Device, Result, Tensor};
use std::io::{Read, Seek};

/// T5's normalisation: by the root mean square, without bias.
#[derive(Clone, Debug)]
pub(super) struct RmsNorm {
    weight: Tensor,
    eps: f32,
}

impl RmsNorm {
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        name: &str,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let weight = weights.tensor(&format!("{name}.weight"), &[config.d_model])?;
        Ok(Self { weight, eps: config.layer_norm_epsilon as f32 })
    }

    pub(super) fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(xs, &self.weight, self.eps)
    }
}

/// One attention layer. Scores are not scaled: the initial weights are.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    norm: RmsNorm,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    output: Matrix,
    heads: usize,
}

impl Attention {
    /// `layer` is `encoder.block.0.layer.0`, `kind` `SelfAttention` or `EncDecAttention`.
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        layer: &str,
        kind: &str,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let (inner, outer) = (config.inner(), config.d_model);
        Ok(Self {
            norm: RmsNorm::load(weights, &format!("{layer}.layer_norm"), config)?,
            query: weights.matrix(&format!("{layer}.{kind}.q.weight"), inner, outer)?,
            key: weights.matrix(&format!("{layer}.{kind}.k.weight"), inner, outer)?,
            value: weights.matrix(&format!("{layer}.{kind}.v.weight"), inner, outer)?,
            output: weights.matrix(&format!("{layer}.{kind}.o.weight"), outer, inner)?,
            heads: config.num_heads,
        })
    }

    /// Every position to every position, in the encoder: `[positions, d_model]`.
    pub(super) fn forward_encoder(&self, xs: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let normed = self.norm.forward(xs)?;
        let query = split_heads(&self.query.forward(&normed)?, self.heads)?;
        let key = split_heads(&self.key.forward(&normed)?, self.heads)?;
        let value = split_heads(&self.value.forward(&normed)?, self.heads)?;
        let context = join_heads(&attend(&query, &key, &value, None, Some(bias))?)?;
        xs + self.output.forward(&context)?
    }

    /// New positions to what has been written.
    pub(super) fn forward_decoder(
        &self,
        xs: &Tensor,
        hypotheses: usize,
        cache: &mut SelfCache,
        bias: &Tensor,
    ) -> Result<Tensor> {
        let normed = self.norm.forward(xs)?;
        let (query, key, value) =
            (self.query.forward(&normed)?, self.key.forward(&normed)?, self.value.forward(&normed)?);
        let shape = DecoderShape { hypotheses, new: xs.dim(0)? / hypotheses.max(1), heads: self.heads };
        let context = cache.attend([&query, &key, &value], shape, None, Some(bias))?;
        xs + self.output.forward(&context)?
    }

    /// Keys and values of the encoder's `states`.
    pub(super) fn read_input(&self, states: &Tensor) -> Result<CrossCache> {
        CrossCache::new(&self.key.forward(states)?, &self.value.forward(states)?, self.heads)
    }

    /// New positions to the input.
    pub(super) fn forward_cross(&self, xs: &Tensor, cache: &CrossCache) -> Result<Tensor> {
        let query = self.query.forward(&self.norm.forward(xs)?)?;
        xs + self.output.forward(&cache.attend(&query, None)?)?
    }
}

/// The feed-forward layer.
#[derive(Clone, Debug)]
pub(super) struct FeedForwardLayer {
    norm: RmsNorm,
    kind: FeedForward,
    input: Matrix,
    /// Of the gated kinds.
    linear: Option<Matrix>,
    output: Matrix,
}

impl FeedForwardLayer {
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        layer: &str,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let norm = RmsNorm::load(weights, &format!("{layer}.layer_norm"), config)?;
        let dense = format!("{layer}.DenseReluDense");
        let (wide, narrow) = (config.d_ff, config.d_model);
        let gated = config.feed_forward_proj != FeedForward::Relu;
        let first = if gated { "wi_0" } else { "wi" };
        let input = weights.matrix(&format!("{dense}.{first}.weight"), wide, narrow)?;
        let linear = match gated {
            true => Some(weights.matrix(&format!("{dense}.wi_1.weight"), wide, narrow)?),
            false => None,
        };
        let output = weights.matrix(&format!("{dense}.wo.weight"), narrow, wide)?;
        Ok(Self { norm, kind: config.feed_forward_proj, input, linear, output })
    }

    pub(super) fn forward(&self, xs: &Tensor) -> Result<Tensor> {
        let normed = self.norm.forward(xs)?;
        let hidden = self.input.forward(&normed)?;
        let hidden = match self.kind {
            FeedForward::Relu => hidden.relu()?,
            FeedForward::GatedGelu => hidden.gelu()?,
            FeedForward::GatedSilu => hidden.silu()?,
        };
        let hidden = match &self.linear {
            Some(linear) => (hidden * linear.forward(&normed)?)?,
            None => hidden,
        };
        xs + self.output.forward(&hidden)?
    }
}

/// What each decoder layer remembers.
#[derive(Clone, Debug)]
pub(super) struct DecoderCaches(pub(super) Vec<(SelfCache, CrossCache)>);

impl DecoderCaches {
    pub(super) fn reorder(&mut self, parents: &[u32]) -> Result<()> {
        let parents = Tensor::new(parents, &Device::Cpu)?;
        self.0.iter_mut().try_for_each(|(own, _)| own.reorder(&parents))
    }
}
