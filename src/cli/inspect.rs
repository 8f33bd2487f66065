//! `recto inspect`: what a GGUF file holds.

use crate::models::gguf::{self, GgufError, GgufReader, Header, MetadataValue};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;

/// Show the metadata and tensors of a GGUF file.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct InspectArgs {
    /// The file.
    file: PathBuf,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Load every tensor and show so many of its values, evenly spaced, as one JSON object a line with the sum of
    /// all magnitudes: to be compared with what another program reads.
    #[arg(long, value_name = "COUNT", conflicts_with = "json")]
    values: Option<usize>,
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
    let mut reader =
        GgufReader::open(file).map_err(|source| InspectCommandError::Gguf { path: path.clone(), source })?;
    let mut out = std::io::stdout().lock();
    match args.values {
        Some(count) => {
            let names: Vec<String> =
                reader.header().tensors.iter().map(|tensor| tensor.name.clone()).collect();
            for name in names {
                let shown = values_of(&mut reader, &name, count);
                let shown =
                    shown.map_err(|source| InspectCommandError::Gguf { path: path.clone(), source })?;
                writeln!(out, "{shown}")?;
            }
        }
        None if args.json => writeln!(out, "{:#}", as_json(reader.header()))?,
        None => out.write_all(as_text(reader.header()).as_bytes())?,
    }
    Ok(())
}

/// Shape, `count` values evenly spaced and the sum of all magnitudes of a tensor, dequantised.
fn values_of<R: Read + Seek>(
    reader: &mut GgufReader<R>,
    name: &str,
    count: usize,
) -> Result<Value, GgufError> {
    let tensor = reader.read_f32(name)?;
    let values = tensor.flatten_all().and_then(|tensor| tensor.to_vec1::<f32>());
    let values =
        values.map_err(|source| GgufError::Tensor { name: name.to_owned(), source: source.into() })?;
    let magnitudes: f64 = values.iter().map(|value| f64::from(value.abs())).sum();
    let shown: Vec<f32> = (0..count.min(values.len()))
        .filter_map(|at| values.get(at * values.len() / count.max(1)).copied())
        .collect();
    Ok(json!({ "name": name, "shape": tensor.dims(), "values": shown, "magnitudes": magnitudes }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::gguf::{ElementType, GgufWriter, TensorSpec};
    use candle_core::quantized::QTensor;
    use candle_core::{Device, Tensor};
    use std::io::Cursor;

    #[test]
    fn values_of_a_tensor_are_shown() {
        let element = ElementType::F32;
        let spec = TensorSpec { name: "w".to_owned(), shape: vec![2, 3], element };
        let mut bytes = Vec::new();
        let mut writer = GgufWriter::start(&mut bytes, &[], vec![spec]).unwrap();
        let tensor = Tensor::new(&[[1f32, -2.0, 3.0], [-4.0, 5.0, -6.0]], &Device::Cpu).unwrap();
        writer.write(&QTensor::quantize(&tensor, element).unwrap()).unwrap();
        writer.finish().unwrap();
        let mut reader = GgufReader::open(Cursor::new(bytes)).unwrap();
        let shown = values_of(&mut reader, "w", 3).unwrap();
        assert_eq!(
            shown,
            json!({ "name": "w", "shape": [2, 3], "values": [1.0, 3.0, 5.0], "magnitudes": 21.0 })
        );
        assert_eq!(values_of(&mut reader, "w", 0).unwrap()["values"], json!([]));
        assert!(values_of(&mut reader, "v", 3).is_err());
    }
}
