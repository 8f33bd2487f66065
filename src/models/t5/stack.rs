//! The encoder's and the decoder's layers.

use super::config::Config;
use super::layer::{Attention, FeedForwardLayer, RmsNorm};
use super::position::PositionBias;
use crate::models::generation::Interrupted;
use crate::models::layers::{CrossCache, SelfCache, Workspace};
use crate::models::weights::{LoadError, Weights};
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
    pub(super) fn load(weights: &mut Weights<impl Read + Seek>, config: &Config) -> Result<Self, LoadError> {
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
        embedded: Vec<f32>,
        positions: usize,
        between_layers: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Vec<f32>, Interrupted> {
        let table = self.bias.table(positions);
        let mut work = Workspace::default();
        let mut xs = embedded;
        for (attention, feed_forward) in &self.layers {
            if between_layers().is_break() {
                return Err(Interrupted::Stopped);
            }
            attention.forward_encoder(&mut xs, table.bias(), &mut work);
            feed_forward.forward(&mut xs, &mut work);
        }
        Ok(self.norm.forward(&xs))
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
    pub(super) fn load(weights: &mut Weights<impl Read + Seek>, config: &Config) -> Result<Self, LoadError> {
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

    /// Turns the encoder's states (`[positions, d_model]` for each input) into keys and values, once per input.
    pub(super) fn start(&self, inputs: &[Vec<f32>], width: usize) -> DecoderCaches {
        let mut layers: Vec<_> = self.layers.iter().map(|_| (SelfCache::default(), Vec::new())).collect();
        let mut work = Workspace::default();
        for states in inputs {
            work.input.copy(states, width);
            for ((_, cross, _), (_, caches)) in self.layers.iter().zip(&mut layers) {
                caches.push(cross.read_input(&mut work));
            }
        }
        DecoderCaches { layers, work: Workspace::default() }
    }

    /// `[hypotheses * new, d_model]` to the same, for new positions after `past`.
    pub(super) fn forward(
        &self,
        embedded: Vec<f32>,
        hypotheses: usize,
        past_and_new: usize,
        caches: &mut DecoderCaches,
    ) -> Vec<f32> {
        let table = self.bias.table(past_and_new);
        let mut xs = embedded;
        let DecoderCaches { layers, work } = caches;
        for ((own, cross, feed_forward), (own_cache, cross_caches)) in self.layers.iter().zip(layers) {
            own.forward_decoder(&mut xs, hypotheses, own_cache, table.bias(), work);
            cross.forward_cross(&mut xs, cross_caches, work);
            feed_forward.forward(&mut xs, work);
        }
        self.norm.forward(&xs)
    }
}

/// What each decoder layer remembers, and room for what it does not.
#[derive(Debug)]
pub(super) struct DecoderCaches {
    /// The input's keys and values are one for all hypotheses, or each has its own.
    layers: Vec<(SelfCache, Vec<CrossCache>)>,
    pub(super) work: Workspace,
}

impl DecoderCaches {
    pub(super) fn reorder(&mut self, parents: &[u32]) {
        for (own, cross) in &mut self.layers {
            own.reorder(parents);
            CrossCache::keep(cross, parents);
        }
    }
}

/// Only the first block of a stack has a bias; all its layers use it.
fn load_bias(
    weights: &mut Weights<impl Read + Seek>,
    stack: &str,
    config: &Config,
) -> Result<PositionBias, LoadError> {
    let name = format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    let table = weights.floats(&name, &[config.relative_attention_num_buckets, config.num_heads])?;
    Ok(PositionBias::new(table, config, stack == "encoder"))
}
