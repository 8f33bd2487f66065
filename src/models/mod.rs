//! The models: GGUF weights to tensors, text to tokens and back, and token by token to an answer.
//!
//! [`TextModel`] is the seam between the models and the stages that use them: a stage is tested with a fake
//! that returns known text, a model against reference outputs.

mod text_model;

pub use text_model::{
    Generation, GenerationEnd, GenerationOptions, SoFar, TextModel, TextModelError, TokenCallback,
};
