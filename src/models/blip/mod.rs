//! BLIP for captioning (arXiv:2201.12086): a vision transformer reads the picture, a BERT with cross
//! attention writes the caption.

mod config;
mod text;
mod vision;

pub use config::{Config, TextConfig, VisionConfig};
pub use text::BlipDecoder;

use super::generation::Interrupted;
use super::weights::{LoadError, Weights};
use candle_core::{Result, Tensor};
use std::io::{Read, Seek};
use std::ops::ControlFlow;

/// A BLIP with its weights.
#[derive(Debug)]
pub struct Blip {
    config: Config,
    vision: vision::VisionModel,
    text: text::TextDecoder,
}

impl Blip {
    /// Loads it from GGUF weights.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or does not go with `config`.
    pub fn load(weights: impl Read + Seek, config: &Config) -> std::result::Result<Self, LoadError> {
        let mut weights = Weights::open(weights)?;
        let vision = vision::VisionModel::load(&mut weights, &config.vision_config)?;
        let text = text::TextDecoder::load(&mut weights, config)?;
        Ok(Self { config: config.clone(), vision, text })
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Reads a picture: `[3, size, size]`, normalised, to `[1 + patches, hidden]`. `between_layers` may end
    /// it early.
    ///
    /// # Errors
    ///
    /// When the shape is another or a computation fails, or it was ended early.
    pub fn encode(
        &self,
        pixels: &Tensor,
        between_layers: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> std::result::Result<Tensor, Interrupted> {
        self.vision.forward(pixels, between_layers)
    }

    /// Makes ready to write a caption for `states` from [`Blip::encode`].
    ///
    /// # Errors
    ///
    /// When a computation fails.
    pub fn decoder(&self, states: &Tensor) -> Result<BlipDecoder<'_>> {
        self.text.start(states)
    }
}
