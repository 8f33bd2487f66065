//! A document as plain text.

use super::escape::{printable, printable_lines};
use super::flow::{Passage, flow};
use super::notes::Notes;
use crate::document::{Content, Document, plain_text};

/// Passages separated by blank lines, without markup: list items below each other, tables with tabs between
/// cells, footnotes and their marks as `[1]`, figures by their description and the words in them, if they have any.
#[must_use]
pub fn text(document: &Document) -> String {
    let passages = flow(document);
    let notes = Notes::of(&passages);
    let mut out = String::new();
    let mut together = false;
    for passage in &passages {
        let text = passage_text(passage, document, &notes);
        let text = text.trim_end();
        if text.trim().is_empty() {
            continue;
        }
        let item = matches!(passage.block.content, Content::ListItem { .. } | Content::ContentsEntry { .. });
        if !out.is_empty() && !(item && together) {
            out.push('\n');
        }
        out.push_str(text);
        out.push('\n');
        together = item;
    }
    out
}

/// One passage without markup, perhaps empty.
pub(super) fn passage_text(passage: &Passage<'_>, document: &Document, notes: &Notes) -> String {
    let line = || {
        let mut line = String::new();
        for span in &passage.spans {
            match notes.number_of(span) {
                Some(number) => {
                    line.push_str(&format!("[{number}]"));
                    if span.text.ends_with(char::is_whitespace) {
                        line.push(' ');
                    }
                }
                None => line.push_str(&span.text),
            }
        }
        line.chars().filter_map(printable).collect::<String>()
    };
    match passage.content() {
        Content::Figure { figure } => {
            let Some(figure) = document.figure(figure) else { return String::new() };
            let described =
                figure.description.as_ref().map(|description| format!("[Figure: {}]", description.text));
            let words = Some(&figure.text).filter(|text| !text.is_empty());
            let words = words.map(|text| format!("[Text in the figure: {text}]"));
            let parts: Vec<String> = described.into_iter().chain(words).collect();
            parts.join(" ").chars().filter_map(printable).collect()
        }
        Content::ListItem { depth, marker, .. } => {
            let marker: String = marker.chars().filter_map(printable).collect();
            let indent = "  ".repeat(usize::from(*depth));
            if marker.is_empty() {
                format!("{indent}  {}", line())
            } else {
                format!("{indent}{marker} {}", line())
            }
        }
        Content::ContentsEntry { depth, page_label, .. } => {
            let label: String = page_label.chars().filter_map(printable).collect();
            format!("{}{}\t{label}", "  ".repeat(usize::from(*depth)), line())
        }
        Content::Footnote { marker, .. } => match notes.number(&passage.block.id) {
            Some(number) => format!("[{number}] {}", line()),
            None => format!("{} {}", marker.chars().filter_map(printable).collect::<String>(), line()),
        },
        Content::Table { table } => {
            let rows = table.rows.iter().map(|row| {
                let cells = row
                    .cells
                    .iter()
                    .map(|cell| plain_text(&cell.spans).chars().filter_map(printable).collect::<String>());
                cells.collect::<Vec<_>>().join("\t")
            });
            rows.collect::<Vec<_>>().join("\n")
        }
        Content::Code { text } | Content::Equation { text, .. } => printable_lines(text),
        _ => line(),
    }
}
