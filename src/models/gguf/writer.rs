//! Writing a GGUF file, one tensor at a time.

use super::element::{self, ElementType};
use super::{GgufError, MetadataValue, bytes_for};
use candle_core::quantized::QTensor;
use std::io::Write;

/// The version written: the same layout as version 2, which candle writes.
const VERSION: u32 = 3;
/// Tensors start at multiples of this many bytes, the format's default.
const ALIGNMENT: u64 = 32;

/// A tensor to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name.
    pub name: String,
    /// Outermost dimension first.
    pub shape: Vec<usize>,
    /// What its elements will be.
    pub element: ElementType,
}

/// A GGUF file being written. The header comes first and says where every tensor will be, so that the
/// tensors can follow one by one.
#[derive(Debug)]
pub struct GgufWriter<W> {
    writer: W,
    left: std::vec::IntoIter<TensorSpec>,
}

impl<W: Write> GgufWriter<W> {
    /// Writes the header for `tensors`. Arrays cannot be written as metadata and are left out.
    ///
    /// # Errors
    ///
    /// When a shape does not fit its element type or writing fails.
    pub fn start(
        mut writer: W,
        metadata: &[(String, MetadataValue)],
        tensors: Vec<TensorSpec>,
    ) -> Result<Self, GgufError> {
        let mut header = Vec::new();
        let scalars: Vec<_> =
            metadata.iter().filter(|(_, value)| !matches!(value, MetadataValue::Array { .. })).collect();
        header.extend_from_slice(b"GGUF");
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&(tensors.len() as u64).to_le_bytes());
        header.extend_from_slice(&(scalars.len() as u64).to_le_bytes());
        for (key, value) in scalars {
            put_text(&mut header, key);
            put_value(&mut header, value);
        }
        let mut offset = 0u64;
        for tensor in &tensors {
            let shape_error = || GgufError::Shape {
                name: tensor.name.clone(),
                reason: "its rows are no whole blocks, or it is beyond memory",
            };
            let bytes = bytes_for(&tensor.shape, tensor.element).ok_or_else(shape_error)?;
            let code = element::code_of(tensor.element).ok_or_else(shape_error)?;
            put_text(&mut header, &tensor.name);
            header.extend_from_slice(&(tensor.shape.len() as u32).to_le_bytes());
            for &dim in tensor.shape.iter().rev() {
                header.extend_from_slice(&(dim as u64).to_le_bytes());
            }
            header.extend_from_slice(&code.to_le_bytes());
            header.extend_from_slice(&offset.to_le_bytes());
            offset += bytes.next_multiple_of(ALIGNMENT);
        }
        header.resize(header.len().next_multiple_of(ALIGNMENT as usize), 0);
        writer.write_all(&header)?;
        Ok(Self { writer, left: tensors.into_iter() })
    }

    /// Writes the next tensor.
    ///
    /// # Errors
    ///
    /// When it is not the one announced, or writing fails.
    pub fn write(&mut self, tensor: &QTensor) -> Result<(), GgufError> {
        let spec = self.left.next().ok_or(GgufError::TooMany { what: "tensors", count: 1, limit: 0 })?;
        if spec.shape != tensor.shape().dims() || spec.element != tensor.dtype() {
            return Err(GgufError::Shape { name: spec.name, reason: "not as announced in the header" });
        }
        let data =
            tensor.data().map_err(|source| GgufError::Tensor { name: spec.name, source: source.into() })?;
        self.writer.write_all(&data)?;
        let padding = data.len().next_multiple_of(ALIGNMENT as usize) - data.len();
        self.writer.write_all(&[0u8; ALIGNMENT as usize][..padding])?;
        Ok(())
    }

    /// Gives the writer back with what has been written, tensors missing.
    pub(crate) fn abandon(self) -> W {
        self.writer
    }

    /// Ends the file and gives the writer back.
    ///
    /// # Errors
    ///
    /// When tensors are missing or writing fails.
    pub fn finish(mut self) -> Result<W, GgufError> {
        if let Some(spec) = self.left.next() {
            return Err(GgufError::Missing { name: spec.name });
        }
        self.writer.flush()?;
        Ok(self.writer)
    }
}

fn put_text(header: &mut Vec<u8>, text: &str) {
    header.extend_from_slice(&(text.len() as u64).to_le_bytes());
    header.extend_from_slice(text.as_bytes());
}

fn put_value(header: &mut Vec<u8>, value: &MetadataValue) {
    match value {
        MetadataValue::Unsigned(number) => {
            header.extend_from_slice(&10u32.to_le_bytes());
            header.extend_from_slice(&number.to_le_bytes());
        }
        MetadataValue::Signed(number) => {
            header.extend_from_slice(&11u32.to_le_bytes());
            header.extend_from_slice(&number.to_le_bytes());
        }
        MetadataValue::Float(number) => {
            header.extend_from_slice(&12u32.to_le_bytes());
            header.extend_from_slice(&number.to_le_bytes());
        }
        MetadataValue::Bool(truth) => {
            header.extend_from_slice(&7u32.to_le_bytes());
            header.push(u8::from(*truth));
        }
        MetadataValue::Text(text) => {
            header.extend_from_slice(&8u32.to_le_bytes());
            put_text(header, text);
        }
        MetadataValue::Array { .. } => {}
    }
}
