//! `recto inspect`: what a GGUF file holds.

use crate::models::gguf::{self, GgufError, GgufReader, Header, MetadataValue};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// Show the metadata and tensors of a GGUF file.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// The file.
    file: PathBuf,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum InspectCommandError {
    /// The file cannot be opened.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no usable GGUF file.
    #[error("{path}: {source}")]
    Gguf {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: GgufError,
    },
    /// The output is closed.
    #[error("writing failed: {0}")]
    Output(#[from] std::io::Error),
}

/// Runs the command.
///
/// # Errors
///
/// When the file cannot be read as GGUF.
pub(super) fn inspect(args: &InspectArgs) -> Result<(), InspectCommandError> {
    let path = args.file.clone();
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(source) => return Err(InspectCommandError::File { path, source }),
    };
    let reader = GgufReader::open(file).map_err(|source| InspectCommandError::Gguf { path, source })?;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", as_json(reader.header()))?;
    } else {
        out.write_all(as_text(reader.header()).as_bytes())?;
    }
    Ok(())
}

fn as_json(header: &Header) -> Value {
    let metadata: serde_json::Map<String, Value> =
        header.metadata.iter().map(|(key, value)| (key.clone(), value_as_json(value))).collect();
    let tensors: Vec<Value> = header
        .tensors
        .iter()
        .map(|tensor| {
            json!({
                "name": tensor.name,
                "shape": tensor.shape,
                "type": gguf::name_of(tensor.element),
                "bytes": tensor.bytes,
                "start": tensor.start,
            })
        })
        .collect();
    json!({ "version": header.version, "metadata": metadata, "tensors": tensors })
}

fn value_as_json(value: &MetadataValue) -> Value {
    match value {
        MetadataValue::Unsigned(number) => json!(number),
        MetadataValue::Signed(number) => json!(number),
        MetadataValue::Float(number) => json!(number),
        MetadataValue::Bool(truth) => json!(truth),
        MetadataValue::Text(text) => json!(text),
        MetadataValue::Array { length, first } => {
            json!({ "length": length, "first": first.iter().map(value_as_json).collect::<Vec<_>>() })
        }
    }
}

fn as_text(header: &Header) -> String {
    let mut text = format!("GGUF version {}\n", header.version);
    for (key, value) in &header.metadata {
        // A file's text is shown escaped: it may hold what a terminal obeys.
        text.push_str(&format!("{}: {}\n", key.escape_debug(), value_as_json(value)));
    }
    let mut bytes = 0;
    for tensor in &header.tensors {
        bytes += tensor.bytes;
        text.push_str(&format!(
            "{:<5} {:>12} {:?} {}\n",
            gguf::name_of(tensor.element),
            tensor.bytes,
            tensor.shape,
            tensor.name.escape_debug()
        ));
    }
    text.push_str(&format!("{} tensors, {:.1} MB\n", header.tensors.len(), bytes as f64 / 1e6));
    text
}
