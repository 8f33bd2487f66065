//! T5 (arXiv:1910.10683) and its version 1.1, of which FLAN-T5 (arXiv:2210.11416) is a fine-tuning.
//!
//! The encoder reads the whole input once; each decoder layer turns its states into keys and values once,
//! and then writes token by token. Version 1.0 has a `ReLU` feed-forward layer and shares the embedding with
//! the output; version 1.1 has a gated GELU and a matrix of its own for the output.

mod config;
mod layer;
mod position;
mod stack;
mod text;

pub use config::Config;
pub use text::T5TextModel;

use super::generation::{Decoder, Interrupted};
use super::layers::{Linear, add_embeddings, from_tensor, last_rows, to_tensor};
use super::weights::{LoadError, Weights};
use crate::kernels::{WeightMatrix, wide_awake};
use candle_core::{Result, Tensor};
use stack::{DecoderCaches, DecoderStack, EncoderStack};
use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A T5 with its weights.
#[derive(Debug)]
pub struct T5 {
    config: Config,
    shared: Arc<WeightMatrix>,
    encoder: EncoderStack,
    decoder: DecoderStack,
    /// A matrix of its own, or the embedding.
    lm_head: Linear,
}

impl T5 {
    pub(crate) fn load(
        weights: &mut Weights<impl Read + Seek>,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        // Checkpoints name the shared embedding once, after one of its users.
        let names = ["shared.weight", "decoder.embed_tokens.weight", "encoder.embed_tokens.weight"];
        let name = names.into_iter().find(|name| weights.contains(name)).unwrap_or("shared.weight");
        let shared = weights.matrix(name, config.vocab_size, config.d_model)?;
        let encoder = EncoderStack::load(weights, config)?;
        let decoder = DecoderStack::load(weights, config)?;
        let lm_head = match config.tie_word_embeddings {
            true => Arc::clone(&shared),
            false => weights.matrix("lm_head.weight", config.vocab_size, config.d_model)?,
        };
        let lm_head = Linear::new(lm_head, None);
        Ok(Self { config: config.clone(), shared, encoder, decoder, lm_head })
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The encoder's last hidden state, `[ids, d_model]`. `between_layers` may end it early.
    ///
    /// # Errors
    ///
    /// When a computation fails (an id outside the vocabulary) or it was ended early.
    pub fn encode(
        &self,
        ids: &[u32],
        between_layers: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> std::result::Result<Tensor, Interrupted> {
        let states = self.encoder.forward(self.embed(ids)?, ids.len(), between_layers)?;
        Ok(to_tensor(states, self.config.d_model)?)
    }

    /// `[ids, d_model]`
    fn embed(&self, ids: &[u32]) -> Result<Vec<f32>> {
        let mut embedded = vec![0.0; ids.len() * self.config.d_model];
        add_embeddings(&self.shared, ids, &mut embedded)?;
        Ok(embedded)
    }

    /// Makes ready to write an answer to `states` from [`T5::encode`].
    ///
    /// # Errors
    ///
    /// When a computation fails.
    pub fn decoder(&self, states: &Tensor) -> Result<T5Decoder<'_>> {
        self.decoder_of(std::slice::from_ref(states))
    }

    /// Makes ready to write an answer to each of several inputs, side by side: hypothesis `i` answers `states[i]`,
    /// and may be dropped with [`Decoder::reorder`], but not doubled.
    ///
    /// # Errors
    ///
    /// When a computation fails.
    pub fn decoder_of(&self, states: &[Tensor]) -> Result<T5Decoder<'_>> {
        let width = self.config.d_model;
        let inputs = states.iter().map(|states| from_tensor(states, width)).collect::<Result<Vec<_>>>()?;
        let caches = self.decoder.start(&inputs, width);
        Ok(T5Decoder { model: self, caches, past: 0 })
    }
}

/// A T5 in the middle of writing.
#[derive(Debug)]
pub struct T5Decoder<'a> {
    model: &'a T5,
    caches: DecoderCaches,
    past: usize,
}

impl T5Decoder<'_> {
    /// The last hidden states for `tokens`, as [`Decoder::advance`] takes them: `[tokens, d_model]`.
    fn hidden(&mut self, tokens: &[u32], hypotheses: usize) -> Result<Vec<f32>> {
        let embedded = self.model.embed(tokens)?;
        self.past += tokens.len() / hypotheses.max(1);
        Ok(self.model.decoder.forward(embedded, hypotheses, self.past, &mut self.caches))
    }

    fn project(&mut self, mut hidden: Vec<f32>) -> Result<Tensor> {
        let T5 { config, lm_head, .. } = self.model;
        if config.tie_word_embeddings {
            // Version 1.0 scales before the shared matrix (mesh_tensorflow, transformer.py).
            let scale = (config.d_model as f64).powf(-0.5) as f32;
            hidden.iter_mut().for_each(|value| *value *= scale);
        }
        let work = &mut self.caches.work;
        work.input.copy(&hidden, config.d_model);
        let mut logits = Vec::new();
        lm_head.forward(&mut work.input, &mut logits, &mut work.scratch);
        to_tensor(logits, config.vocab_size)
    }
}

impl Decoder for T5Decoder<'_> {
    fn advance(&mut self, tokens: &[u32], hypotheses: usize) -> Result<Tensor> {
        wide_awake(|| {
            let hidden = self.hidden(tokens, hypotheses)?;
            self.project(last_rows(&hidden, hypotheses, self.model.config.d_model))
        })
    }

    fn advance_all(&mut self, tokens: &[u32]) -> Result<Tensor> {
        let hidden = self.hidden(tokens, 1)?;
        self.project(hidden)
    }

    fn reorder(&mut self, parents: &[u32]) -> Result<()> {
        self.caches.reorder(parents);
        Ok(())
    }
}
