//! `recto parity`: the models against outputs of Hugging Face transformers.

use crate::caption::{self, CaptionError, Picture};
use crate::models::parity::{self, Check, ParityError, Precision, ReferenceFiles};
use crate::models::safetensors::{SafetensorsError, SafetensorsReader};
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

/// Width and height in pixels that pictures are prepared for.
const PICTURE_SIDE: u32 = 384;
/// The reference keeps each eighth pixel.
const PIXEL_STEP: usize = 8;
/// Of normalised pixels: a thousandth of a step of 8 bits.
const PIXEL_TOLERANCE: f64 = 1e-4;

/// Compare the models with the reference outputs in a folder.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ParityArgs {
    /// Folders `t5-*` and `blip-*` in it are models (config.json, model.safetensors, cases.json,
    /// expected.safetensors); `blip-preprocess` has pictures.
    folder: PathBuf,
}

/// Why nothing was compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum ParityCommandError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A model cannot be compared.
    #[error("{name}: {source}")]
    Model {
        /// Its folder's name.
        name: String,
        /// Why.
        source: ParityError,
    },
    /// A picture cannot be compared.
    #[error("{path}: {source}")]
    Picture {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: CaptionError,
    },
    /// The expected pixels cannot be read.
    #[error("blip-preprocess: {0}")]
    Pixels(#[from] SafetensorsError),
    /// There is nothing to compare.
    #[error("{0} has no folder t5-*, blip-*")]
    Empty(PathBuf),
    /// The output is closed.
    #[error("writing failed: {0}")]
    Output(#[from] io::Error),
    /// Something is beyond its bound.
    #[error("{0} of {1} comparisons are beyond their bounds")]
    Broken(usize, usize),
}

fn read(path: PathBuf) -> Result<Vec<u8>, ParityCommandError> {
    fs::read(&path).map_err(|source| ParityCommandError::File { path, source })
}

/// Runs the command.
///
/// # Errors
///
/// When something is beyond its bound or cannot be compared.
pub(super) fn parity(args: &ParityArgs) -> Result<(), ParityCommandError> {
    let listing = || -> io::Result<Vec<PathBuf>> {
        let mut folders = Vec::new();
        for entry in fs::read_dir(&args.folder)? {
            folders.push(entry?.path());
        }
        folders.sort();
        Ok(folders)
    };
    let file_error = |source| ParityCommandError::File { path: args.folder.clone(), source };
    let mut out = io::stdout().lock();
    writeln!(out, "| model | weights | case | what | error | bound | |")?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    let (mut all, mut broken) = (0, 0);
    for folder in listing().map_err(file_error)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for check in checks_of(&folder, &name)? {
            let Check { precision, case, what, error, bound } = &check;
            let verdict = if check.holds() { "" } else { "BROKEN" };
            writeln!(
                out,
                "| {name} | {precision:?} | {case} | {what} | {error:.2e} | {bound:.2e} | {verdict} |"
            )?;
            all += 1;
            broken += usize::from(!check.holds());
        }
    }
    match (all, broken) {
        (0, _) => Err(ParityCommandError::Empty(args.folder.clone())),
        (_, 0) => Ok(()),
        (all, broken) => Err(ParityCommandError::Broken(broken, all)),
    }
}

fn checks_of(folder: &Path, name: &str) -> Result<Vec<Check>, ParityCommandError> {
    if name == "blip-preprocess" {
        return check_pictures(folder);
    }
    let check = if name.starts_with("t5-") {
        parity::check_t5
    } else if name.starts_with("blip-") {
        parity::check_blip
    } else {
        return Ok(Vec::new());
    };
    let (config, checkpoint) = (read(folder.join("config.json"))?, read(folder.join("model.safetensors"))?);
    let (cases, expected) = (read(folder.join("cases.json"))?, read(folder.join("expected.safetensors"))?);
    let files =
        ReferenceFiles { config: &config, checkpoint: &checkpoint, cases: &cases, expected: &expected };
    let mut checks = Vec::new();
    for precision in Precision::ALL {
        let one = check(&files, precision);
        checks.extend(one.map_err(|source| ParityCommandError::Model { name: name.to_owned(), source })?);
    }
    Ok(checks)
}

/// The pixels that BLIP is given of each picture whose pixels are expected.
fn check_pictures(folder: &Path) -> Result<Vec<Check>, ParityCommandError> {
    let expected = read(folder.join("expected.safetensors"))?;
    let mut expected = SafetensorsReader::open(Cursor::new(expected))?;
    let names: Vec<String> = expected.tensors().keys().cloned().collect();
    let mut checks = Vec::new();
    for (case, name) in names.iter().enumerate() {
        let path = [name.clone(), format!("{name}.png")].map(|name| folder.join(name));
        let path = path.iter().find(|path| path.exists()).unwrap_or(&path[1]).clone();
        let bytes = read(path.clone())?;
        let wrap = |source| ParityCommandError::Picture { path: path.clone(), source };
        let pixels = Picture::decode(&bytes)
            .and_then(|picture| Ok(caption::prepare(&picture, PICTURE_SIDE)?))
            .map_err(wrap)?;
        let wrap = |source: candle_core::Error| ParityCommandError::Picture {
            path: path.clone(),
            source: source.into(),
        };
        let found = pixels.to_vec3::<f32>().map_err(wrap)?;
        let wanted = expected.read_f32(name)?.to_vec3::<f32>().map_err(wrap)?;
        let error = worst_pixel(&found, &wanted);
        checks.push(Check { precision: Precision::F32, case, what: "pixels", error, bound: PIXEL_TOLERANCE });
    }
    Ok(checks)
}

/// The largest difference; infinite where there are no pixels to compare.
fn worst_pixel(found: &[Vec<Vec<f32>>], wanted: &[Vec<Vec<f32>>]) -> f64 {
    let mut worst = 0f64;
    for (channel, rows) in wanted.iter().enumerate() {
        for (y, row) in rows.iter().enumerate() {
            for (x, value) in row.iter().enumerate() {
                let pixel = found
                    .get(channel)
                    .and_then(|rows| rows.get(y * PIXEL_STEP))
                    .and_then(|row| row.get(x * PIXEL_STEP));
                let error = pixel.map_or(f64::INFINITY, |pixel| f64::from((pixel - value).abs()));
                worst = worst.max(error);
            }
        }
    }
    worst
}
