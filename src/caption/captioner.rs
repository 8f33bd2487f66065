//! What the pipeline may ask of a model that describes pictures.

use crate::models::tokenizer::TokenizerError;
use crate::models::{GenerationEnd, TokenCallback};

/// What a model says of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// One sentence in lower case, without its final stop, as the models write it.
    pub text: String,
    /// Tokens generated, end marker included.
    pub tokens: usize,
    /// Why it ended.
    pub end: GenerationEnd,
}

/// Why a picture could not be described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptionError {
    /// The bytes are no picture that can be read.
    #[error("the picture could not be decoded: {0}")]
    Decode(#[from] image::ImageError),
    /// The picture has more pixels than are worth the memory, or none.
    #[error("a picture of {width} x {height} pixels is not described")]
    Size {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// A computation on tensors failed.
    #[error("inference failed: {0}")]
    Inference(#[from] candle_core::Error),
    /// The tokens could not be turned into text.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(String),
}

impl From<TokenizerError> for CaptionError {
    fn from(error: TokenizerError) -> Self {
        Self::Tokenizer(error.0)
    }
}

/// A model that describes pictures.
pub trait Captioner {
    /// Describes `image`, the bytes of a PNG or JPEG file. `on_token` is asked between the layers of the
    /// vision encoder and after each token.
    ///
    /// # Errors
    ///
    /// When the bytes are no picture or a computation fails. To be stopped by `on_token` is no error.
    fn caption(&mut self, image: &[u8], on_token: &mut TokenCallback<'_>) -> Result<Caption, CaptionError>;
}
