//! `document.json`: the document model, serialised.

use crate::document::{Document, SCHEMA};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use std::io::{self, Write};
use thiserror::Error;

/// Why a `document.json` could not be written or read.
#[derive(Debug, Error)]
pub enum JsonError {
    /// Not JSON, or not of this form.
    #[error("this is not a document of the form {SCHEMA}: {0}")]
    Form(#[from] serde_json::Error),
    /// Another version of the form.
    #[error("this document has the form {0}, and this program reads {SCHEMA}")]
    Schema(String),
}

/// The document as indented JSON with a line break at the end: the same bytes for the same document,
/// natively and in the browser.
///
/// # Errors
/// Never for a document made here; the signature leaves room for what `serde_json` may refuse.
pub fn json(document: &Document) -> Result<String, JsonError> {
    let mut bytes = Vec::new();
    document.serialize(&mut Serializer::with_formatter(&mut bytes, LineForWord::default()))?;
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(|error| JsonError::Form(serde::ser::Error::custom(error)))
}

/// Reads what [`json`] wrote.
///
/// # Errors
/// If `text` is something else, or of another version.
pub fn document_from_json(text: &str) -> Result<Document, JsonError> {
    let document: Document = serde_json::from_str(text)?;
    if document.schema == SCHEMA { Ok(document) } else { Err(JsonError::Schema(document.schema)) }
}

/// The member that holds words read from pixels. A page has hundreds, so each takes one line.
const WORDS: &str = "words";

/// Indented JSON, with one line for each element of the arrays called [`WORDS`].
#[derive(Default)]
struct LineForWord {
    pretty: PrettyFormatter<'static>,
    in_key: bool,
    /// The key that was just written is [`WORDS`].
    named: bool,
    /// Arrays and objects that are open within words, the array of words counted; 0 outside.
    depth: u32,
}

impl LineForWord {
    fn open(&mut self) {
        if self.depth > 0 {
            self.depth += 1;
        }
    }

    fn between<W: ?Sized + Write>(writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}

impl Formatter for LineForWord {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if self.in_key {
            self.named = fragment == WORDS;
        }
        writer.write_all(fragment.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.depth > 0 {
            self.open();
            return writer.write_all(b"[");
        }
        self.depth = u32::from(std::mem::take(&mut self.named));
        self.pretty.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 { writer.write_all(b"]") } else { self.pretty.end_array(writer) }
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.depth > 1 {
            Self::between(writer, first)
        } else {
            self.pretty.begin_array_value(writer, first)
        }
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.depth > 1 { Ok(()) } else { self.pretty.end_array_value(writer) }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.named = false;
        if self.depth > 0 {
            self.open();
            return writer.write_all(b"{");
        }
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.depth > 0 {
            self.depth -= 1;
            return writer.write_all(b"}");
        }
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.in_key = self.depth == 0;
        if self.depth > 0 {
            Self::between(writer, first)
        } else {
            self.pretty.begin_object_key(writer, first)
        }
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.in_key = false;
        self.pretty.end_object_key(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        // A string called so, and no array, is nothing to remember.
        self.named = false;
        if self.depth > 0 { Ok(()) } else { self.pretty.end_object_value(writer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Page, ReadWord, Rect, Source, TextQuality};

    #[test]
    fn a_word_takes_a_line_and_the_rest_is_indented() {
        let mut document = Document::new(Source { name: WORDS.to_owned(), ..Source::default() });
        let plain = json(&document).unwrap();
        assert_eq!(plain, serde_json::to_string_pretty(&document).unwrap() + "\n");
        let word = |text: &str| ReadWord::new(text.to_owned(), 0.97, Rect::new(1.0, 2.0, 30.5, 4.0));
        let words = vec![word("one"), word("\"two\"")];
        document.pages.push(Page { text: TextQuality::Recognised, words, ..Page::blank(1, 9.0, 9.0) });
        let written = json(&document).unwrap();
        let lines: Vec<&str> = written.lines().filter(|line| line.contains("0.97")).collect();
        assert_eq!(
            lines,
            [
                r#"        {"text": "one", "confidence": 0.97, "bbox": [1.0, 2.0, 30.5, 4.0]},"#,
                r#"        {"text": "\"two\"", "confidence": 0.97, "bbox": [1.0, 2.0, 30.5, 4.0]}"#
            ]
        );
        assert!(written.contains("}\n      ]\n    }\n  ],\n"), "{written}");
        assert_eq!(document_from_json(&written).unwrap(), document);
    }
}
