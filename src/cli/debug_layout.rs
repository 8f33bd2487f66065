//! `recto debug-layout`: a page's picture with boxes for what each step of the layout saw.

use super::output::FileError;
use crate::document::Source;
use crate::pdf::{OpenError, PageError, open};
use crate::pipeline::{Extraction, Pages};
use clap::Args;
use std::path::PathBuf;

#[derive(Clone, Debug, Args)]
pub(super) struct DebugLayoutArgs {
    /// A PDF file.
    #[arg(value_name = "FILE")]
    input: PathBuf,
    /// The page, from 1.
    #[arg(long, value_name = "N", default_value_t = 1)]
    page: u32,
    /// The picture to write; NAME-pN.png without it.
    #[arg(short, long, value_name = "PNG")]
    output: Option<PathBuf>,
    /// Width of the picture in pixels.
    #[arg(long, value_name = "PIXELS", default_value_t = 1400)]
    width: u32,
    /// Password for an encrypted file.
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum DebugLayoutError {
    #[error("{0}")]
    File(#[from] FileError),
    #[error("{}: {cause}", path.display())]
    Open { path: PathBuf, cause: OpenError },
    #[error("{}: {cause}", path.display())]
    Page { path: PathBuf, cause: PageError },
}

/// Draws one page. The survey is that of a conversion, so that the blocks are too.
pub(super) fn run(arguments: &DebugLayoutArgs) -> Result<(), DebugLayoutError> {
    let path = || arguments.input.clone();
    let bytes = std::fs::read(&arguments.input).map_err(FileError::at(&arguments.input))?;
    let document = open(bytes, arguments.password.as_deref())
        .map_err(|cause| DebugLayoutError::Open { path: path(), cause })?;
    // Only opened: the overlay learns by itself what it needs of the whole document.
    let pages = Pages { first: u32::MAX, ..Pages::default() };
    let mut extraction = Extraction::new(&document, Source::default(), pages);
    let picture = extraction
        .overlay(arguments.page, arguments.width)
        .map_err(|cause| DebugLayoutError::Page { path: path(), cause })?;
    let output = arguments.output.clone().unwrap_or_else(|| {
        let stem = arguments.input.file_stem().unwrap_or_default().to_string_lossy();
        PathBuf::from(format!("{stem}-p{}.png", arguments.page))
    });
    std::fs::write(&output, picture.to_png()).map_err(FileError::at(&output))?;
    Ok(())
}
