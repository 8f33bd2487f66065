//! `document.json`: the document model, serialised.

use crate::document::{Document, SCHEMA};
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
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

/// Reads what [`json`] wrote.
///
/// # Errors
/// If `text` is something else, or of another version.
pub fn document_from_json(text: &str) -> Result<Document, JsonError> {
    let document: Document = serde_json::from_str(text)?;
    if document.schema == SCHEMA { Ok(document) } else { Err(JsonError::Schema(document.schema)) }
}
