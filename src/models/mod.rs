//! The models: GGUF weights to tensors, text to tokens and back, and token by token to an answer.
//!
//! ```text
//! GGUF bytes ── gguf ──▶ rows ── kernels ──▶ panels ── layers ──▶ t5, blip (encoder once, decoder token by token)
//! text ── tokenizer ──▶ ids ── encoder ──▶ states ── decoder + generation ──▶ ids ── tokenizer ──▶ text
//! ```
//!
//! [`TextModel`] is the seam between the models and the stages that use them: a stage is tested with a fake
//! that returns known text, a model against reference outputs ([`parity`]). [`quantize`] makes the GGUF files
//! from the hub's checkpoints.

pub mod benchmark;
pub mod blip;
pub mod generation;
pub mod gguf;

mod eased;
mod layers;
pub mod parity;
pub mod quantize;
pub mod safetensors;
pub mod t5;
mod text_model;
pub mod tokenizer;
mod weights;

pub use crate::kernels::threads;
pub use eased::Eased;
pub use text_model::{
    Generation, GenerationEnd, GenerationOptions, SoFar, TextModel, TextModelError, TokenCallback,
};
pub use weights::LoadError;

use std::io::{Read, Seek};

/// Loads a T5 or FLAN-T5 from GGUF weights, the hub's `config.json` and its `tokenizer.json`.
///
/// # Errors
///
/// When one of the three cannot be read or they do not belong together.
pub fn load_text(
    weights: impl Read + Seek,
    config_json: &[u8],
    tokenizer_json: &[u8],
) -> Result<t5::T5TextModel, LoadError> {
    let config = t5::Config::from_json(config_json)?;
    let tokenizer = tokenizer::TextTokenizer::from_json(tokenizer_json)?;
    let mut weights = weights::Weights::open(weights)?;
    let model = t5::T5::load(&mut weights, &config)?;
    Ok(t5::T5TextModel::new(model, tokenizer))
}
