//! Figures to descriptions: which figures deserve one, and a picture's bytes to a sentence.
//!
//! ```text
//! figures ── choose ──▶ those worth it ── picture ──▶ RGB ── prepare ──▶ [3, 384, 384] ── BLIP ──▶ caption
//! ```

#[cfg(feature = "engine")]
mod blip;
#[cfg(feature = "engine")]
mod captioner;
mod choose;
#[cfg(feature = "engine")]
mod picture;
#[cfg(feature = "engine")]
mod prepare;
#[cfg(feature = "engine")]
mod resample;

#[cfg(feature = "engine")]
pub use blip::{BlipCaptioner, load_blip};
#[cfg(feature = "engine")]
pub use captioner::{Caption, CaptionError, Captioner};
pub use choose::{Decision, MAX_ASPECT_RATIO, MIN_SIDE_PX, choose};
#[cfg(feature = "engine")]
pub use picture::{MAX_PIXELS, Picture};
#[cfg(feature = "engine")]
pub use prepare::prepare;
