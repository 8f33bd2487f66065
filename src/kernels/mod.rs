//! The arithmetic of the models: products of activations with quantised weights, attention, norms.
//!
//! ```text
//! GGUF rows ── matrix ──▶ panels of blocks ─┐
//! activations ── input ──▶ whole numbers ───┴─ product ──▶ activations
//! queries, keys, values ── attention (float) ──▶ activations ── elementwise ──▶ activations
//! ```
//!
//! Everything is written once, over the eight-lane instructions of `simd`: WebAssembly's with and without the
//! relaxed dot (whichever the build has), AVX2 where the processor has it, and plain integers. All give the
//! same bits: sums within a block are of whole numbers that cannot overflow, and floats are added one by one
//! in an order that depends on the shapes alone, whatever the number of threads. So a model writes the same text natively and in any browser.

mod attention;
mod blocks;
mod bytes;
mod convolution;
mod elementwise;
mod float;
mod half;
mod input;
mod matrix;
mod product;
mod simd;
mod threads;
#[cfg(test)]
mod tests;

pub(crate) use attention::{AttentionScratch, DistanceBias, KeyValues, attend_rows};
pub(crate) use bytes::{ByteMatrix, ByteRows};
pub(crate) use convolution::{Convolution, Depthwise, Maps, Padding, Spare, Window};
pub(crate) use elementwise::{Activation, add, layer_norm, multiply, rms_norm, softmax_rows};
pub(crate) use input::{Input, Rounding};
pub(crate) use matrix::{Format, WeightMatrix};
pub(crate) use product::Scratch;
pub use threads::threads;
pub(crate) use threads::wide_awake;
