//! Figures to descriptions: a picture's bytes to a sentence. The pipeline chooses which figures deserve one.
//!
//! ```text
//! bytes ── picture ──▶ RGB ── prepare ──▶ [3, 384, 384] ── BLIP ──▶ caption
//! ```

mod blip;
mod brief;
mod captioner;
mod picture;
mod prepare;
mod resample;

pub use blip::{BlipCaptioner, load_blip};
pub use brief::Brief;
pub use captioner::{Caption, CaptionError, Captioner};
pub use picture::{MAX_PIXELS, Picture};
pub use prepare::prepare;
