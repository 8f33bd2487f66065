//! The encoder's and the decoder's layers.

use super::config::Config;
use super::layer::{Attention, DecoderCaches, FeedForwardLayer, RmsNorm};
use super::position::PositionBias;
use crate::models::generation::Interrupted;
use crate::models::layers::SelfCache;
use crate::models::weights::{LoadError, Weights};
use candle_core::{Result, Tensor};
use std::io::{Read, Seek};
use std::ops::ControlFlow;

/// Reads the input.
#[derive(Clone, Debug)]
pub(super) struct EncoderStack {
    layers: Vec<(Attention, FeedForwardLayer)>,
    bias: PositionBias,
    norm: RmsNorm,
}

impl EncoderStack {
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let bias = load_bias(weights, "encoder", config)?;
        let mut layers = Vec::new();
        for index in 0..config.num_layers {
            let block = format!("encoder.block.{index}.layer");
            let attention = Attention::load(weights, &format!("{block}.0"), "SelfAttention", config)?;
            layers.push((attention, FeedForwardLayer::load(weights, &format!("{block}.1"), config)?));
        }
        let norm = RmsNorm::load(weights, "encoder.final_layer_norm", config)?;
        Ok(Self { layers, bias, norm })
    }

    /// `[positions, d_model]` to the same.
    pub(super) fn forward(
        &self,
        embedded: Tensor,
        between_layers: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> std::result::Result<Tensor, Interrupted> {
        let bias = self.bias.tensor(0, embedded.dim(0)?)?;
        let mut xs = embedded;
        for (attention, feed_forward) in &self.layers {
            if between_layers().is_break() {
                return Err(Interrupted::Stopped);
            }
            xs = feed_forward.forward(&attention.forward_encoder(&xs, &bias)?)?;
        }
        Ok(self.norm.forward(&xs)?)
    }
}

/// Writes the answer.
#[derive(Clone, Debug)]
pub(super) struct DecoderStack {
    layers: Vec<(Attention, Attention, FeedForwardLayer)>,
    bias: PositionBias,
    norm: RmsNorm,
}

impl DecoderStack {
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let bias = load_bias(weights, "decoder", config)?;
        let mut layers = Vec::new();
        for index in 0..config.decoder_layers() {
            let block = format!("decoder.block.{index}.layer");
            layers.push((
                Attention::load(weights, &format!("{block}.0"), "SelfAttention", config)?,
                Attention::load(weights, &format!("{block}.1"), "EncDecAttention", config)?,
                FeedForwardLayer::load(weights, &format!("{block}.2"), config)?,
            ));
        }
        let norm = RmsNorm::load(weights, "decoder.final_layer_norm", config)?;
        Ok(Self { layers, bias, norm })
    }

    /// Turns the encoder's `states` into keys and values, once per input.
    pub(super) fn start(&self, states: &Tensor) -> Result<DecoderCaches> {
        let caches =
            self.layers.iter().map(|(_, cross, _)| Ok((SelfCache::default(), cross.read_input(states)?)));
        caches.collect::<Result<_>>().map(DecoderCaches)
    }

    /// `[hypotheses * new, d_model]` to the same, for new positions after `past`.
    pub(super) fn forward(
        &self,
        embedded: Tensor,
        hypotheses: usize,
        past: usize,
        caches: &mut DecoderCaches,
    ) -> Result<Tensor> {
        let bias = self.bias.tensor(past, embedded.dim(0)? / hypotheses.max(1))?.unsqueeze(0)?;
        let mut xs = embedded;
        for ((own, cross, feed_forward), (own_cache, cross_cache)) in self.layers.iter().zip(&mut caches.0) {
            xs = own.forward_decoder(&xs, hypotheses, own_cache, &bias)?;
            xs = cross.forward_cross(&xs, cross_cache)?;
            xs = feed_forward.forward(&xs)?;
        }
        self.norm.forward(&xs)
    }
}

/// Only the first block of a stack has a bias; all its layers use it.
fn load_bias(
    weights: &mut Weights<impl Read + Seek>,
    stack: &str,
    config: &Config,
) -> std::result::Result<PositionBias, LoadError> {
    let name = format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    let table = weights.tensor(&name, &[config.relative_attention_num_buckets, config.num_heads])?;
    Ok(PositionBias::new(&table, config, stack == "encoder")?)
}
