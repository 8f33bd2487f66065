//! Text of scans: the pixels of a page in; words with their places and confidences out.
//!
//! ```text
//! Bitmap ── detect ──▶ LineBox (one line of text, at any angle)
//!              └─ crop ──▶ strips 48 pixels high ── recognise ──▶ characters with time steps
//!                                                    └─ words ──▶ Word, ReadLine
//! ```
//!
//! [`Reader`] runs these steps and finds out how the page is turned. Coordinates are pixels of the bitmap, origin at
//! its top left, y down; where they are points of a page is the pipeline's business. The networks are behind
//! [`Network`], so that the steps are tested without one.
//!
//! The detector is a differentiable binarisation network (Liao et al. 2020, arXiv:1911.08947) and the recogniser one
//! with connectionist temporal classification (Graves et al. 2006), both in the forms that PP-OCR gives them
//! (arXiv:2009.09941 and its successors).

mod bitmap;
mod crop;
mod detect;
mod network;
mod reader;
mod recognise;
mod rulings;
mod words;

pub use bitmap::{Bitmap, MAX_BITMAP_PIXELS};
pub use detect::LineBox;
pub use network::{Network, Output};
#[cfg(feature = "ocr")]
pub use network::{QuickNetwork, RtenNetwork};
pub use reader::{ReadPage, Reader};
pub use recognise::Alphabet;
pub use rulings::Ruling;
pub use words::{ReadLine, Word};

/// Why a page cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OcrError {
    /// The pixels do not fit their size, or are too many.
    #[error("a picture of {width} x {height} pixels cannot be read")]
    Bitmap {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A model file is damaged or not what it should be.
    #[error("the OCR model cannot be used: {0}")]
    Model(String),
    /// A network did not run through.
    #[error("the OCR model broke down: {0}")]
    Run(String),
}
