//! Tensors of an open GGUF file, asked for by name with the shape that the configuration promises.

use super::gguf::{ElementType, GgufError, GgufReader};
use super::layers::{LayerNorm, Linear};
use crate::kernels::{Format, WeightMatrix};
use candle_core::Device;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use std::io::{Read, Seek};
use std::sync::Arc;

/// Rows that the kernels interleave.
const INTERLEAVED_ROWS: usize = 8;

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The weights are no usable GGUF file.
    #[error("weights: {0}")]
    Gguf(#[from] GgufError),
    /// A tensor has another shape than the configuration promises.
    #[error("weights: tensor `{name}` is {found:?}, the configuration wants {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// From the configuration, outermost dimension first.
        expected: Vec<usize>,
        /// From the file.
        found: Vec<usize>,
    },
    /// `config.json` is not JSON or lacks a field.
    #[error("configuration: {0}")]
    Config(#[from] serde_json::Error),
    /// `config.json` says something that cannot be.
    #[error("configuration: {field} {reason}")]
    ConfigValue {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// `tokenizer.json` cannot be used.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// candle refused a tensor.
    #[error("weights: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// An open GGUF file.
pub(crate) struct Weights<R> {
    reader: GgufReader<R>,
}

impl<R: Read + Seek> Weights<R> {
    pub(crate) fn open(reader: R) -> Result<Self, LoadError> {
        Ok(Self { reader: GgufReader::open(reader)? })
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.reader.info(name).is_some()
    }

    /// Tensor `name` as float32.
    pub(crate) fn floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, LoadError> {
        self.check(name, shape)?;
        Ok(self.reader.read_f32(name)?.flatten_all()?.to_vec1()?)
    }

    /// Tensor `name`, `[outputs, inputs]`. What is stored as `Q4_K`, `Q6_K`, `Q8_0` or float stays exactly
    /// that; other types are rounded to `Q8_0`.
    pub(crate) fn matrix(
        &mut self,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Arc<WeightMatrix>, LoadError> {
        let element = self.check(name, &[outputs, inputs])?;
        let (format, stored_so) = match element {
            ElementType::Q4K => (Format::Q4K, true),
            ElementType::Q6K => (Format::Q6K, true),
            ElementType::Q8_0 => (Format::Q8, true),
            ElementType::F32 => (Format::F32, true),
            ElementType::F16 | ElementType::BF16 => (Format::F32, false),
            _ => (Format::Q8, false),
        };
        let blocks = || LoadError::Shape {
            name: name.to_owned(),
            expected: vec![outputs, inputs],
            found: vec![outputs, inputs],
        };
        let mut matrix = WeightMatrix::new(format, outputs, inputs).ok_or_else(blocks)?;
        self.reader.read_rows(name, INTERLEAVED_ROWS, |info, bytes| -> Result<(), LoadError> {
            if stored_so {
                matrix.push_blocks(bytes);
                return Ok(());
            }
            let row_bytes = inputs / element.block_size() * element.type_size();
            let shape = vec![bytes.len() / row_bytes.max(1), inputs];
            let floats = qtensor_from_ggml(element, bytes, shape, &Device::Cpu)
                .and_then(|rows| rows.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>())
                .map_err(|source| GgufError::Tensor { name: info.name.clone(), source: source.into() })?;
            matrix.push_floats(&floats);
            Ok(())
        })?;
        if !matrix.is_complete() {
            return Err(blocks());
        }
        Ok(Arc::new(matrix))
    }

    /// `{name}.weight`, `[outputs, inputs]`, with `{name}.bias`.
    pub(crate) fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, LoadError> {
        let weight = self.matrix(&format!("{name}.weight"), outputs, inputs)?;
        let bias = self.floats(&format!("{name}.bias"), &[outputs])?;
        Ok(Linear::new(weight, Some(bias)))
    }

    /// `{name}.weight` and `{name}.bias`, both `[size]`.
    pub(crate) fn layer_norm(&mut self, name: &str, size: usize, eps: f64) -> Result<LayerNorm, LoadError> {
        let weight = self.floats(&format!("{name}.weight"), &[size])?;
        let bias = self.floats(&format!("{name}.bias"), &[size])?;
        Ok(LayerNorm::new(weight, bias, eps))
    }

    fn check(&self, name: &str, shape: &[usize]) -> Result<ElementType, LoadError> {
        let info = self.reader.info(name).ok_or_else(|| GgufError::Missing { name: name.to_owned() })?;
        if info.shape != shape {
            return Err(LoadError::Shape {
                name: name.to_owned(),
                expected: shape.to_vec(),
                found: info.shape.clone(),
            });
        }
        Ok(info.element)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;
    use crate::models::safetensors::SafetensorsReader;
    use std::fs::File;
    use std::path::Path;

    fn stored(name: &str) -> File {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/gguf-types");
        File::open(folder.join(name)).unwrap()
    }

    #[test]
    fn every_type_is_read_as_the_gguf_package_reads_it() {
        let mut expected = SafetensorsReader::open(stored("expected.safetensors")).unwrap();
        let mut weights = Weights::open(stored("types.gguf")).unwrap();
        let names: Vec<String> = expected.tensors().keys().cloned().collect();
        assert_eq!(names.len(), 13);
        for name in names {
            let wanted = expected.read_f32(&name).unwrap().to_vec2::<f32>().unwrap();
            let found = weights.floats(&name, &[3, 256]).unwrap();
            let matrix = weights.matrix(&name, 3, 256).unwrap();
            // What has no kernel of its own is rounded to 8 bits.
            let kept = ["f32", "f16", "bf16", "q4k", "q6k", "q8_0"].contains(&name.as_str());
            for (index, (wanted, found)) in wanted.iter().zip(found.chunks(256)).enumerate() {
                let mut row = vec![0.0; 256];
                assert!(matrix.row(index, &mut row));
                for (wanted, found) in wanted.chunks(32).zip(found.chunks(32).zip(row.chunks(32))) {
                    let largest = wanted.iter().fold(0f32, |largest, value| largest.max(value.abs()));
                    let near = |found: &[f32], room: f32| {
                        found
                            .iter()
                            .zip(wanted)
                            .all(|(found, wanted)| (found - wanted).abs() <= room * largest)
                    };
                    assert!(near(found.0, 2e-6), "{name}, row {index}: {found:?} {wanted:?}");
                    assert!(near(found.1, if kept { 2e-6 } else { 0.5001 / 127.0 }), "{name}, row {index}");
                }
            }
        }
    }

    #[test]
    fn another_shape_is_an_error() {
        let mut weights = Weights::open(stored("types.gguf")).unwrap();
        assert!(matches!(weights.matrix("q4k", 4, 256), Err(LoadError::Shape { .. })));
        assert!(matches!(weights.matrix("q9k", 3, 256), Err(LoadError::Gguf(GgufError::Missing { .. }))));
    }
}
