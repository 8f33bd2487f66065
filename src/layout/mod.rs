//! One page's [`PageContent`] in; its blocks in reading order and its figure regions out.
//!
//! ```text
//! glyphs ─ glyphs ─▶ upright, painted, once ─ fragments ─▶ pieces of lines ┐
//! paths ─── ruled ─▶ table grids ─┐                                        ├─ columns ─▶ regions in order
//!        └─ figures ─▶ figure boxes (with images) ─────────────────────────┘        │
//!                                          blocks ◀─ paragraphs, lists, headings ◀─ lines
//! ```
//!
//! What needs the whole document (body size, heading styles, what repeats on each page, vocabulary) is
//! learned in a light first pass, the [`Survey`]; with it any page can be laid out alone, in any order,
//! with the same result. All thresholds are relative to font size or page size.

mod aligned;
mod aligned_cells;
mod assemble;
mod bidi;
mod captions;
mod code;
mod columns;
mod contents;
mod continuations;
mod drop_caps;
mod equations;
mod figure_labels;
mod figures;
mod fragments;
mod furniture;
mod glyphs;
mod grid_rows;
mod headings;
mod items;
mod lines;
mod lists;
mod notes;
pub mod overlay;
mod page_tables;
mod paragraphs;
mod read_words;
mod ruled;
mod spans;
mod survey;
mod tag_index;
mod tagged;
mod tables;
mod trace;
mod trust;
mod unruled;
#[cfg(test)]
mod tests;

pub use assemble::{FigureRegion, LaidOutPage, RegionSource, lay_out};
pub use survey::{Style, Survey, SurveyBuilder};
pub use trace::{Trace, trace};
pub use trust::text_quality;

use crate::pdf::content::PageContent;

/// Above this many glyphs a page is data, not text: what is past it is left out, and a warning says so.
const MAX_GLYPHS: usize = 60_000;

/// Median of `values`, 0 if there are none. Orders them.
fn median(values: &mut [f32]) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// Whether a page has anything to read.
fn has_text(content: &PageContent) -> bool {
    content.glyphs.iter().any(|glyph| !glyph.text.trim().is_empty())
}
