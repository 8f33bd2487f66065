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

mod answer;
mod bm25;
mod chunk;
mod extractive;
#[cfg(test)]
pub(crate) mod fake;
mod keywords;
mod passages;
mod plausible;
mod prompts;
mod sections;
mod sentences;
mod summary;
mod textrank;
mod words;

pub use answer::{Answer, answer};
pub use summary::{Listener, Made, Told, make_synopsis};
