//! Figures to descriptions: which figures deserve one, and a picture's bytes to a sentence.
//!
//! ```text
//! figures ── choose ──▶ those worth it ── picture ──▶ RGB ── prepare ──▶ [3, 384, 384] ── BLIP ──▶ caption
//! ```

mod blip;
mod captioner;
mod choose;
mod picture;
mod prepare;
mod resample;

pub use blip::{BlipCaptioner, load_blip};
pub use captioner::{Caption, CaptionError, Captioner};
pub use choose::{Decision, MAX_ASPECT_RATIO, MIN_SIDE_PX, choose};
pub use picture::{MAX_PIXELS, Picture};
pub use prepare::prepare;
