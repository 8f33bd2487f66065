//! What runs the networks.
//!
//! ```text
//! ONNX file ── graph ──┬─▶ layers that are known ── layers ──▶ maps ─┐ (on the project's kernels)
//!                      ├─▶ what is left in between ── rten ──────────┤
//!                      └─▶ the choice of a character ── choice ──────┴──▶ Output
//! ```
//!
//! A convolutional network spends its time in convolutions, and most of them take one place at a time: products of
//! matrices, for which `kernels` has what is quickest in WebAssembly. So the front of a network, as far as its
//! layers are known, runs there; the rest (attention between characters) runs in `rten`, which knows all that
//! ONNX has. A network of which nothing is known runs in `rten` as a whole.

#[cfg(feature = "ocr")]
mod attributes;
#[cfg(feature = "ocr")]
mod choice;
#[cfg(feature = "ocr")]
mod draft;
#[cfg(feature = "ocr")]
mod graph;
#[cfg(feature = "ocr")]
mod layers;
#[cfg(feature = "ocr")]
mod rten;

#[cfg(feature = "ocr")]
pub use self::rten::RtenNetwork;
use super::OcrError;
#[cfg(feature = "ocr")]
pub use graph::QuickNetwork;

/// What a network says: numbers and their shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// As many as the product of the shape.
    pub data: Vec<f32>,
    /// Outermost first.
    pub shape: Vec<usize>,
}

/// A network with one picture batch as input.
pub trait Network {
    /// Runs it on `input` of shape `[batch, 3, height, width]`.
    ///
    /// # Errors
    /// It does not run through.
    fn run(&self, input: &[f32], shape: [usize; 4]) -> Result<Output, OcrError>;
}
