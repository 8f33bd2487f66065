//! Attention and feed-forward layers of T5. Each normalises its input, and its output is added to it.

use super::config::{Config, FeedForward};
use crate::kernels::{Activation, DistanceBias, Input, add, multiply, rms_norm};
use crate::models::layers::{CrossCache, Heads, Linear, SelfCache, Workspace};
use crate::models::weights::{LoadError, Weights};
use std::io::{Read, Seek};

/// T5's normalisation: by the root mean square, without bias.
#[derive(Clone, Debug)]
pub(super) struct RmsNorm {
    weight: Vec<f32>,
    eps: f32,
}

impl RmsNorm {
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        name: &str,
        config: &Config,
    ) -> Result<Self, LoadError> {
        let weight = weights.floats(&format!("{name}.weight"), &[config.d_model])?;
        Ok(Self { weight, eps: config.layer_norm_epsilon as f32 })
    }

    pub(super) fn forward(&self, xs: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; xs.len()];
        rms_norm(xs, &self.weight, self.eps, &mut out);
        out
    }

    fn forward_to(&self, xs: &[f32], input: &mut Input) {
        let width = self.weight.len();
        rms_norm(xs, &self.weight, self.eps, input.begin(xs.len() / width.max(1), width));
    }
}

/// One attention layer. Scores are not scaled: the initial weights are.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    norm: RmsNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    heads: Heads,
}

impl Attention {
    /// `layer` is `encoder.block.0.layer.0`, `kind` `SelfAttention` or `EncDecAttention`.
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        layer: &str,
        kind: &str,
        config: &Config,
    ) -> Result<Self, LoadError> {
        let (inner, outer) = (config.inner(), config.d_model);
        let mut linear = |name: &str, inputs: usize, outputs: usize| -> Result<Linear, LoadError> {
            Ok(Linear::new(weights.matrix(&format!("{layer}.{kind}.{name}.weight"), outputs, inputs)?, None))
        };
        Ok(Self {
            query: linear("q", outer, inner)?,
            key: linear("k", outer, inner)?,
            value: linear("v", outer, inner)?,
            output: linear("o", inner, outer)?,
            norm: RmsNorm::load(weights, &format!("{layer}.layer_norm"), config)?,
            heads: Heads { count: config.num_heads, width: config.d_kv, scale: 1.0 },
        })
    }

    /// Query, key and value of `work.input`.
    fn project(&self, work: &mut Workspace) {
        self.query.forward(&mut work.input, &mut work.query, &mut work.scratch);
        self.key.forward(&mut work.input, &mut work.key, &mut work.scratch);
        self.value.forward(&mut work.input, &mut work.value, &mut work.scratch);
    }

    /// Adds what `work.input` becomes to `xs`.
    fn finish(&self, xs: &mut [f32], work: &mut Workspace) {
        self.output.forward(&mut work.input, &mut work.out, &mut work.scratch);
        add(xs, &work.out);
    }

    /// Every position to every position, in the encoder: `[positions, d_model]`.
    pub(super) fn forward_encoder(&self, xs: &mut [f32], bias: DistanceBias<'_>, work: &mut Workspace) {
        self.norm.forward_to(xs, &mut work.input);
        self.project(work);
        let (heads, features) = (self.heads, self.heads.features());
        work.keys_values.fill(&work.key, &work.value, features, heads.count, heads.width);
        let out = work.input.begin(work.query.len() / features.max(1), features);
        work.keys_values.attend(&work.query, features, heads.scale, Some(bias), out, &mut work.attention);
        self.finish(xs, work);
    }

    /// New positions to what has been written.
    pub(super) fn forward_decoder(
        &self,
        xs: &mut [f32],
        hypotheses: usize,
        cache: &mut SelfCache,
        bias: DistanceBias<'_>,
        work: &mut Workspace,
    ) {
        self.norm.forward_to(xs, &mut work.input);
        self.project(work);
        cache.attend(hypotheses, self.heads, Some(bias), work);
        self.finish(xs, work);
    }

    /// Keys and values of the encoder's states in `work.input`.
    pub(super) fn read_input(&self, work: &mut Workspace) -> CrossCache {
        self.key.forward(&mut work.input, &mut work.key, &mut work.scratch);
        self.value.forward(&mut work.input, &mut work.value, &mut work.scratch);
        CrossCache::new(&work.key, &work.value, self.heads)
    }

    /// New positions to the input, or each hypothesis to its own.
    pub(super) fn forward_cross(&self, xs: &mut [f32], caches: &[CrossCache], work: &mut Workspace) {
        self.norm.forward_to(xs, &mut work.input);
        self.query.forward(&mut work.input, &mut work.query, &mut work.scratch);
        CrossCache::attend(caches, self.heads, work);
        self.finish(xs, work);
    }
}

/// The feed-forward layer.
#[derive(Clone, Debug)]
pub(super) struct FeedForwardLayer {
    norm: RmsNorm,
    activation: Activation,
    input: Linear,
    /// Of the gated kinds.
    linear: Option<Linear>,
    output: Linear,
}

impl FeedForwardLayer {
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        layer: &str,
        config: &Config,
    ) -> Result<Self, LoadError> {
        let norm = RmsNorm::load(weights, &format!("{layer}.layer_norm"), config)?;
        let (wide, narrow) = (config.d_ff, config.d_model);
        let mut linear = |name: &str, inputs: usize, outputs: usize| -> Result<Linear, LoadError> {
            let name = format!("{layer}.DenseReluDense.{name}.weight");
            Ok(Linear::new(weights.matrix(&name, outputs, inputs)?, None))
        };
        let activation = match config.feed_forward_proj {
            FeedForward::Relu => Activation::Relu,
            FeedForward::GatedGelu => Activation::GeluTanh,
            FeedForward::GatedSilu => Activation::Silu,
        };
        let gated = config.feed_forward_proj != FeedForward::Relu;
        let input = linear(if gated { "wi_0" } else { "wi" }, narrow, wide)?;
        let gate = if gated { Some(linear("wi_1", narrow, wide)?) } else { None };
        Ok(Self { norm, activation, input, linear: gate, output: linear("wo", wide, narrow)? })
    }

    pub(super) fn forward(&self, xs: &mut [f32], work: &mut Workspace) {
        self.norm.forward_to(xs, &mut work.input);
        self.input.forward(&mut work.input, &mut work.wide, &mut work.scratch);
        self.activation.apply(&mut work.wide);
        if let Some(linear) = &self.linear {
            linear.forward(&mut work.input, &mut work.gate, &mut work.scratch);
            multiply(&mut work.wide, &work.gate);
        }
        work.input.copy(&work.wide, self.output.weight().inputs());
        self.output.forward(&mut work.input, &mut work.out, &mut work.scratch);
        add(xs, &work.out);
    }
}
