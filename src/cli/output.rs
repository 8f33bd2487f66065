//! Writes a document's files.

use crate::export::{self, MarkdownOptions};
use crate::pipeline::Assembler;
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

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// Markdown, images and `document.json`.
    All,
    /// Markdown alone.
    Markdown,
}

/// Writes the document into `folder`, its Markdown as `stem.md`.
pub(super) fn write(
    assembler: &Assembler,
    folder: &Path,
    stem: &str,
    files: Files,
    options: &MarkdownOptions,
) -> Result<(), FileError> {
    create_folder(folder)?;
    let path = folder.join(format!("{stem}.md"));
    write_file(&path, export::markdown(assembler.document(), options).as_bytes())?;
    if files == Files::Markdown {
        return Ok(());
    }
    let path = folder.join("document.json");
    let json = export::json(assembler.document());
    let json = json.map_err(|error| FileError::at(&path)(std::io::Error::other(error)))?;
    write_file(&path, json.as_bytes())?;
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
