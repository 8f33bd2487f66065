//! The forms in which a result leaves the page.

use super::job::Job;
use super::message::ExportKind;
use crate::document::FigureImage;
use crate::export::{self, MarkdownOptions};

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
    export::markdown(job.document(), &MarkdownOptions::default())
}

/// A result as a file.
///
/// # Errors
/// If the zip cannot be made; in words for the person.
pub fn file(job: &Job, kind: ExportKind) -> Result<ExportFile, String> {
    let stem = export::file_stem(&job.name);
    Ok(match kind {
        ExportKind::Markdown | ExportKind::Clipboard => ExportFile {
            name: format!("{stem}.md"),
            media_type: "text/markdown",
            bytes: markdown(job).into_bytes(),
        },
        ExportKind::Json => ExportFile {
            name: format!("{stem}.json"),
            media_type: "application/json",
            bytes: export::json(job.document()).map_err(|error| error.to_string())?.into_bytes(),
        },
        ExportKind::Zip => {
            let images: Vec<FigureImage> = job
                .result
                .images()
                .map(|(figure, bytes)| FigureImage { id: figure.id.clone(), bytes: bytes.to_vec() })
                .collect();
            ExportFile {
                name: format!("{stem}.zip"),
                media_type: "application/zip",
                bytes: export::zip(job.document(), &images, &MarkdownOptions::default())
                    .map_err(|error| error.to_string())?,
            }
        }
    })
}
