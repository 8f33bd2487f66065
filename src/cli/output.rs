//! Writes a document's files.

use crate::export::{self, HtmlOptions, MarkdownOptions};
use crate::pipeline::Assembler;
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A file that could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {cause}", path.display())]
pub(super) struct FileError {
    path: PathBuf,
    cause: std::io::Error,
}

impl FileError {
    pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self { path: path.to_owned(), cause }
    }
}

/// A form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// NAME.md, GitHub Flavored Markdown.
    Md,
    /// NAME.html, one page without scripts.
    Html,
    /// NAME.txt, plain text.
    Text,
    /// document.json, everything that is known.
    Json,
    /// NAME.chunks.jsonl, pieces for retrieval with headings, pages and boxes.
    Chunks,
}

/// What to write, and how.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) formats: Vec<Format>,
    /// The pictures that Markdown and HTML show.
    pub(super) images: bool,
    pub(super) markdown: MarkdownOptions,
    /// Largest chunk, in tokens.
    pub(super) chunk_tokens: usize,
}

/// Writes the document into `folder`, under the name `stem`.
pub(super) fn write(
    assembler: &Assembler,
    folder: &Path,
    stem: &str,
    wanted: &Wanted,
) -> Result<(), FileError> {
    create_folder(folder)?;
    let document = assembler.document();
    for format in &wanted.formats {
        let name = match format {
            Format::Md => format!("{stem}.md"),
            Format::Html => format!("{stem}.html"),
            Format::Text => format!("{stem}.txt"),
            Format::Json => "document.json".to_owned(),
            Format::Chunks => format!("{stem}.chunks.jsonl"),
        };
        let path = folder.join(name);
        let in_json = |error| FileError::at(&path)(std::io::Error::other(error));
        let text = match format {
            Format::Md => export::markdown(document, &wanted.markdown),
            Format::Html => {
                let contents = wanted.markdown.contents;
                export::html(document, &HtmlOptions { contents, ..HtmlOptions::default() })
            }
            Format::Text => export::text(document),
            Format::Json => export::json(document).map_err(in_json)?,
            Format::Chunks => export::chunks_json_lines(document, wanted.chunk_tokens).map_err(in_json)?,
        };
        write_file(&path, text.as_bytes())?;
    }
    if !wanted.images {
        return Ok(());
    }
    let images = folder.join("images");
    let mut created = false;
    for (figure, bytes) in assembler.images() {
        // The name is made from page and number, never from the file's own words; were that to change, it
        // must still not lead out of the folder.
        let Some(name) = Path::new(&figure.file).file_name() else { continue };
        if !created {
            create_folder(&images)?;
            created = true;
        }
        write_file(&images.join(name), bytes)?;
    }
    Ok(())
}

fn create_folder(folder: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(folder).map_err(FileError::at(folder))
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    std::fs::write(path, bytes).map_err(FileError::at(path))
}

/// For each input the name its output goes by: its own without extension, and a number behind it where two
/// inputs from different folders share one.
pub(super) fn stems(inputs: &[PathBuf]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let stem = |path: &PathBuf| {
        let own = path.file_stem().map_or_else(|| "document".into(), OsStr::to_string_lossy).into_owned();
        let mut name = own.clone();
        let mut number = 2;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{own}-{number}");
            number += 1;
        }
        name
    };
    inputs.iter().map(stem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_apart_even_where_case_does_not_count() {
        let inputs = ["a/x.pdf", "b/X.PDF", "x", "x-2.pdf", "b.c.pdf"].map(PathBuf::from);
        assert_eq!(stems(&inputs), ["x", "X-2", "x-3", "x-2-2", "b.c"]);
    }
}
