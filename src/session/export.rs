//! The forms in which a result leaves the page.

use super::job::Job;
use super::message::ExportKind;
use super::record::Record;
use super::settings::Settings;
use crate::document::FigureImage;
use crate::export::{self, Contents, HtmlOptions, MarkdownOptions};

/// Bound of a chunk in tokens, as on the command line.
const CHUNK_TOKENS: usize = 400;

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

impl Settings {
    fn contents(&self) -> Contents {
        if self.drop_contents { Contents::Drop } else { Contents::Keep }
    }

    fn markdown(&self) -> MarkdownOptions {
        MarkdownOptions {
            front_matter: self.front_matter,
            contents: self.contents(),
            ..MarkdownOptions::default()
        }
    }
}

/// The document as Markdown.
#[must_use]
pub fn markdown(job: &Job, settings: &Settings) -> String {
    export::markdown(job.document(), &settings.markdown())
}

/// A result as a file.
///
/// # Errors
/// If the zip cannot be made; in words for the person.
pub fn file(job: &Job, kind: ExportKind, settings: &Settings) -> Result<ExportFile, String> {
    let stem = export::file_stem(&job.name);
    Ok(match kind {
        ExportKind::Markdown | ExportKind::Clipboard => ExportFile {
            name: format!("{stem}.md"),
            media_type: "text/markdown",
            bytes: markdown(job, settings).into_bytes(),
        },
        ExportKind::Json => ExportFile {
            name: format!("{stem}.json"),
            media_type: "application/json",
            bytes: export::json(job.document()).map_err(|error| error.to_string())?.into_bytes(),
        },
        ExportKind::Text => ExportFile {
            name: format!("{stem}.txt"),
            media_type: "text/plain",
            bytes: export::text(job.document()).into_bytes(),
        },
        ExportKind::Html => ExportFile {
            name: format!("{stem}.html"),
            media_type: "text/html",
            bytes: export::html(
                job.document(),
                &HtmlOptions { contents: settings.contents(), ..HtmlOptions::default() },
            )
            .into_bytes(),
        },
        ExportKind::Chunks => ExportFile {
            name: format!("{stem}.chunks.jsonl"),
            media_type: "application/jsonl",
            bytes: export::chunks_json_lines(job.document(), CHUNK_TOKENS)
                .map_err(|error| error.to_string())?
                .into_bytes(),
        },
        ExportKind::Report => ExportFile {
            name: format!("{stem}.report.json"),
            media_type: "application/json",
            bytes: Record::of(job).to_json()?.into_bytes(),
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
                bytes: export::zip(job.document(), &images, &settings.markdown())
                    .map_err(|error| error.to_string())?,
            }
        }
    })
}
