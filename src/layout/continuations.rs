//! The blocks of a page in reading order in; which of them go on from what stood before.

use super::assemble::Draft;
use super::items::further_paragraph;
use crate::document::{Content, Span, plain_text};

/// Marks paragraphs that go on from one before: after a column, a float, or the page before.
pub(super) fn mark_continuations(drafts: &mut [Draft]) {
    let mut open: Option<bool> = None;
    // Likewise of the last list item, with its depth.
    let mut item: Option<u8> = None;
    let mut apart = true;
    for draft in drafts.iter_mut() {
        match &draft.content {
            Content::Paragraph { spans } if draft.hung && item.is_some() && goes_on(spans) => {
                draft.continues = true;
                draft.content = further_paragraph(&mut draft.content, item.unwrap_or_default());
                open = Some(false);
                apart = true;
            }
            Content::Paragraph { spans } => {
                let text = plain_text(spans);
                draft.continues = goes_on(spans) && apart && open.unwrap_or(true);
                // A page number or a running title is open too, but nothing goes on from it.
                let runs = draft.continues || text.split_whitespace().count() > 5;
                open = Some(runs && !ends(&text));
                item = None;
                apart = true;
            }
            Content::ListItem { depth, spans, .. } => {
                item = (!ends(&plain_text(spans))).then_some(*depth);
                open = Some(false);
                apart = true;
            }
            Content::Heading { .. }
            | Content::Code { .. }
            | Content::Equation { .. }
            | Content::ContentsEntry { .. } => {
                item = None;
                open = Some(false);
                apart = true;
            }
            _ => apart = true,
        }
    }
}

/// Text starts with a small letter: in the middle of a sentence.
fn goes_on(spans: &[Span]) -> bool {
    plain_text(spans).chars().next().is_some_and(char::is_lowercase)
}

/// A sentence or its like ends here.
fn ends(text: &str) -> bool {
    text.trim_end().ends_with(['.', '!', '?', ':', ';', '。'])
}
