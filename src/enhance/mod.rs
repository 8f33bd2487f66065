//! The document's text in; summary, title, keywords and answers out.
//!
//! ```text
//! Document ── sections ──▶ headings with sentences ─┬─ textrank, keywords ──▶ Synopsis by rule
//!                                                   └─ chunk ── TextModel ──▶ summaries ── reduce ──▶ Synopsis
//! Document, question ── passages ── bm25 ──▶ best passages ── TextModel ──▶ Answer
//! ```
//!
//! Everything here is deterministic: without a model the same document gives the same bytes natively and in
//! a browser, with one the same as far as the model does.

#[cfg(feature = "engine")]
mod answer;
#[cfg(feature = "engine")]
mod bm25;
#[cfg(feature = "engine")]
mod chunk;
#[cfg(feature = "engine")]
mod extractive;
#[cfg(all(test, feature = "engine"))]
pub(crate) mod fake;
#[cfg(feature = "engine")]
mod keywords;
mod language;
#[cfg(feature = "engine")]
mod passages;
#[cfg(feature = "engine")]
mod plausible;
#[cfg(feature = "engine")]
mod prompts;
#[cfg(feature = "engine")]
mod sections;
#[cfg(feature = "engine")]
mod sentences;
#[cfg(feature = "engine")]
mod summary;
#[cfg(feature = "engine")]
mod textrank;
#[cfg(feature = "engine")]
mod words;

#[cfg(feature = "engine")]
pub use answer::{Answer, answer};
pub use language::detect_language;
#[cfg(feature = "engine")]
pub use summary::{Listener, Made, Told, make_synopsis};
