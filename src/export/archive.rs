//! Everything in one zip: Markdown, `images/` and `document.json`.

use super::json::{JsonError, json};
use super::markdown::{MarkdownOptions, markdown};
use crate::document::{Document, FigureImage};
use std::io::{Cursor, Write};
use thiserror::Error;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// Why an archive could not be made.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The archive would not take an entry.
    #[error("the zip archive could not be written: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The same, while writing its bytes.
    #[error("the zip archive could not be written: {0}")]
    Write(#[from] std::io::Error),
    /// The document could not be serialised.
    #[error(transparent)]
    Json(#[from] JsonError),
}

/// The archive's bytes. Entries carry a fixed date, so that the same document gives the same bytes.
///
/// # Errors
/// If the archive grows past what the format can say, or memory is refused.
pub fn zip(
    document: &Document,
    images: &[FigureImage],
    options: &MarkdownOptions,
) -> Result<Vec<u8>, ArchiveError> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let base =
        SimpleFileOptions::default().last_modified_time(zip::DateTime::default()).unix_permissions(0o644);
    let packed = base.compression_method(CompressionMethod::Deflated);
    let stored = base.compression_method(CompressionMethod::Stored);

    archive.start_file(format!("{}.md", file_stem(&document.source.name)), packed)?;
    archive.write_all(markdown(document, options).as_bytes())?;
    archive.start_file("document.json", packed)?;
    archive.write_all(json(document)?.as_bytes())?;
    for image in images {
        // PNG and JPEG are compressed already.
        if let Some(figure) = document.figure(&image.id) {
            archive.start_file(figure.file.as_str(), stored)?;
            archive.write_all(&image.bytes)?;
        }
    }
    Ok(archive.finish()?.into_inner())
}

/// A PDF's name as the name of what is made from it: without folder and `.pdf`, and without characters
/// that a file system may refuse.
#[must_use]
pub fn file_stem(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = match name.len().checked_sub(4).and_then(|at| name.split_at_checked(at)) {
        Some((stem, extension)) if extension.eq_ignore_ascii_case(".pdf") => stem,
        _ => name,
    };
    let clean: String = stem
        .chars()
        .map(|c| if c.is_control() || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { c })
        .take(120)
        .collect();
    let clean = clean.trim_matches([' ', '.']);
    if clean.is_empty() { "document".to_owned() } else { clean.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Source;

    #[test]
    fn names_lose_folder_and_extension() {
        assert_eq!(file_stem("C:\\papers\\A b.PDF"), "A b");
        assert_eq!(file_stem("../../.pdf"), "document");
        assert_eq!(file_stem("what?.pdf"), "what_");
        assert_eq!(file_stem("é.pdf"), "é");
    }

    #[test]
    fn the_same_document_gives_the_same_bytes() {
        let document = Document::new(Source { name: "a.pdf".to_owned(), ..Source::default() });
        let options = MarkdownOptions::default();
        let first = zip(&document, &[], &options).unwrap();
        assert_eq!(first, zip(&document, &[], &options).unwrap());
        let mut archive = zip::ZipArchive::new(Cursor::new(first)).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["a.md", "document.json"]);
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name("document.json").unwrap(), &mut text).unwrap();
        assert_eq!(super::super::document_from_json(&text).unwrap(), document);
    }
}
