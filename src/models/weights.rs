//! Tensors of an open GGUF file, asked for by name with the shape that the configuration promises.

use super::gguf::{ElementType, GgufError, GgufReader};
use super::layers::{LayerNorm, Linear, Matrix};
use candle_core::Tensor;
use candle_core::quantized::QMatMul;
use std::io::{Read, Seek};

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
    pub(crate) fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, LoadError> {
        self.check(name, shape)?;
        Ok(self.reader.read_f32(name)?)
    }

    /// Tensor `name`, `[rows, columns]`, kept as it is stored where candle multiplies with it so.
    pub(crate) fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Matrix, LoadError> {
        let element = self.check(name, &[rows, columns])?;
        let weight = match element {
            ElementType::F32 | ElementType::F16 | ElementType::BF16 => {
                QMatMul::Tensor(self.reader.read_f32(name)?)
            }
            _ => QMatMul::QTensor(self.reader.read(name)?.into()),
        };
        Ok(Matrix::new(weight))
    }

    /// `{name}.weight`, `[outputs, inputs]`, with `{name}.bias`.
    pub(crate) fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, LoadError> {
        let weight = self.matrix(&format!("{name}.weight"), outputs, inputs)?;
        let bias = self.tensor(&format!("{name}.bias"), &[outputs])?;
        Ok(Linear::new(weight, bias))
    }

    /// `{name}.weight` and `{name}.bias`, both `[size]`.
    pub(crate) fn layer_norm(&mut self, name: &str, size: usize, eps: f64) -> Result<LayerNorm, LoadError> {
        let weight = self.tensor(&format!("{name}.weight"), &[size])?;
        let bias = self.tensor(&format!("{name}.bias"), &[size])?;
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
