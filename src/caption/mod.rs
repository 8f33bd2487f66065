//! Figures to descriptions: which figures deserve one, and a picture's bytes to a sentence.

mod captioner;

pub use captioner::{Caption, CaptionError, Captioner};
