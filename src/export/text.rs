//! A document as plain text.

use super::flow::flow;
use crate::document::{Content, Document, plain_text};

/// Passages separated by blank lines, without markup; tables with tabs between cells; figures by their
/// description, if they have one.
#[must_use]
pub fn text(document: &Document) -> String {
    let mut out = String::new();
    for passage in flow(document) {
        let text = match &passage.block.content {
            Content::Figure { figure } => document
                .figure(figure)
                .and_then(|figure| figure.description.as_ref())
                .map(|description| format!("[Figure: {}]", description.text))
                .unwrap_or_default(),
            Content::ListItem { marker, .. } | Content::Footnote { marker, .. } => {
                format!("{marker} {}", plain_text(&passage.spans))
            }
            Content::Table { .. } | Content::Code { .. } | Content::Equation { .. } => {
                passage.block.plain_text()
            }
            _ => plain_text(&passage.spans),
        };
        let text = text.trim();
        if !text.is_empty() {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(text);
            out.push('\n');
        }
    }
    out
}
