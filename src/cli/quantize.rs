//! `recto quantize`: a checkpoint of the hub to a GGUF file.

use crate::models::gguf::{self, ElementType};
use crate::models::quantize::{Converted, QuantizeError};
use crate::models::safetensors::{SafetensorsError, SafetensorsReader};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Turn a `.safetensors` checkpoint into a GGUF file.
///
/// Matrices are stored as the wanted type where their rows are whole blocks of it (32 numbers for `q4_0` to `q8_0`,
/// 256 for the k types); everything else is stored as float32. Tensor names are kept.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct QuantizeArgs {
    /// The checkpoint: a file, several shards, or a folder with them; then the GGUF file to write.
    #[arg(required = true, num_args = 1.., value_name = "IN.safetensors... OUT.gguf")]
    paths: Vec<PathBuf>,
    /// `f32`, `f16`, `bf16`, `q4_0`, `q4_1`, `q5_0`, `q5_1`, `q8_0`, `q2k`, `q3k`, `q4k`, `q5k` or `q6k`.
    #[arg(long, value_name = "TYPE", value_parser = parse_element)]
    to: ElementType,
    /// Say nothing.
    #[arg(long)]
    quiet: bool,
}

/// Why nothing could be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum QuantizeCommandError {
    /// A file or folder cannot be opened or written.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no checkpoint.
    #[error("{path}: {source}")]
    Source {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: Box<SafetensorsError>,
    },
    /// One path only.
    #[error("two paths are needed: a checkpoint and the GGUF file to write")]
    NoTarget,
    /// A folder without checkpoints.
    #[error("{0}: no .safetensors file in this folder")]
    Empty(PathBuf),
    /// The conversion failed.
    #[error(transparent)]
    Convert(#[from] QuantizeError),
}

fn parse_element(text: &str) -> Result<ElementType, String> {
    gguf::from_name(text).ok_or_else(|| format!("one of {}", gguf::names().join(", ")))
}

/// Runs the command.
///
/// # Errors
///
/// When a file cannot be read or written. A file half written is left as `OUT.gguf.part`.
pub(super) fn quantize(args: &QuantizeArgs) -> Result<(), QuantizeCommandError> {
    let (target, sources) = match args.paths.split_last() {
        Some((target, sources)) if !sources.is_empty() => (target, sources),
        _ => return Err(QuantizeCommandError::NoTarget),
    };
    let mut shards = Vec::new();
    for path in find_shards(sources)? {
        let file = File::open(&path).map_err(failed(&path))?;
        shards.push(
            SafetensorsReader::open(file).map_err(|source| QuantizeCommandError::Source {
                path: path.clone(),
                source: source.into(),
            })?,
        );
    }
    let partial = PathBuf::from(format!("{}.part", target.display()));
    let file = BufWriter::new(File::create(&partial).map_err(failed(&partial))?);
    let mut tally = Tally::default();
    crate::models::quantize::quantize(&mut shards, args.to, file, &mut |converted| {
        tally.add(converted, args.quiet);
    })?;
    std::fs::rename(&partial, target).map_err(failed(target))?;
    if !args.quiet {
        tally.report(target);
    }
    Ok(())
}

/// Files as they are, folders as the checkpoints in them by name.
fn find_shards(sources: &[PathBuf]) -> Result<Vec<PathBuf>, QuantizeCommandError> {
    let mut shards = Vec::new();
    for source in sources {
        if !source.is_dir() {
            shards.push(source.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(source).map_err(failed(source))? {
            let path = entry.map_err(failed(source))?.path();
            if path.extension().is_some_and(|extension| extension == "safetensors") {
                inside.push(path);
            }
        }
        if inside.is_empty() {
            return Err(QuantizeCommandError::Empty(source.clone()));
        }
        inside.sort();
        shards.extend(inside);
    }
    Ok(shards)
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> QuantizeCommandError + '_ {
    move |source| QuantizeCommandError::File { path: path.to_owned(), source }
}

/// What was written.
#[derive(Debug, Default)]
struct Tally {
    tensors: usize,
    bytes: u64,
    fallbacks: usize,
}

impl Tally {
    fn add(&mut self, converted: &Converted, quiet: bool) {
        let spec = &converted.spec;
        self.tensors += 1;
        self.bytes += gguf::bytes_for(&spec.shape, spec.element).unwrap_or_default();
        self.fallbacks += usize::from(converted.fallback);
        if converted.fallback && !quiet {
            let mut out = std::io::stderr().lock();
            // A closed terminal must not end the conversion.
            let _ = writeln!(out, "{}: rows of {:?} are no whole blocks, kept as f32", spec.name, spec.shape);
        }
    }

    fn report(&self, target: &Path) {
        let Self { tensors, bytes, fallbacks } = self;
        let _ = writeln!(
            std::io::stdout().lock(),
            "{}: {tensors} tensors, {:.1} MB, {fallbacks} matrices kept as f32",
            target.display(),
            *bytes as f64 / 1e6
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        quantize: QuantizeArgs,
    }

    #[test]
    fn the_type_may_stand_anywhere() {
        for line in ["r in.safetensors --to q4_k out.gguf", "r --to q4k in.safetensors out.gguf"] {
            let args = Line::try_parse_from(line.split(' ')).unwrap().quantize;
            assert_eq!(args.to, ElementType::Q4K);
            assert_eq!(args.paths, [PathBuf::from("in.safetensors"), PathBuf::from("out.gguf")]);
        }
        assert!(Line::try_parse_from(["r", "--to", "q9", "in", "out"]).is_err());
    }

    #[test]
    fn a_checkpoint_without_a_target_is_an_error() {
        let args = Line::try_parse_from(["r", "--to", "f32", "in"]).unwrap().quantize;
        assert!(matches!(quantize(&args), Err(QuantizeCommandError::NoTarget)));
    }
}
