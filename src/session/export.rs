//! The forms in which a result leaves the page.

use super::job::Job;
use super::message::ExportKind;

/// A file to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportFile {
    /// Its name, from the PDF's.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The document as Markdown.
#[must_use]
pub fn markdown(job: &Job) -> String {
    let blocks = job.document().pages.iter().flat_map(|page| &page.blocks);
    let texts: Vec<String> = blocks.map(crate::document::Block::plain_text).collect();
    texts.join("\n\n")
}

/// The document as `document.json`.
#[must_use]
pub fn document_json(job: &Job) -> String {
    serde_json::to_string_pretty(job.document()).unwrap_or_default()
}

/// A result as a file.
///
/// # Errors
/// If the zip cannot be made; in words for the person.
pub fn file(job: &Job, kind: ExportKind) -> Result<ExportFile, String> {
    let stem = job.stem();
    Ok(match kind {
        ExportKind::Markdown | ExportKind::Clipboard => ExportFile {
            name: format!("{stem}.md"),
            media_type: "text/markdown",
            bytes: markdown(job).into_bytes(),
        },
        ExportKind::Json => ExportFile {
            name: format!("{stem}.json"),
            media_type: "application/json",
            bytes: document_json(job).into_bytes(),
        },
        ExportKind::Zip => return Err("zip files cannot be made yet".to_owned()),
    })
}
