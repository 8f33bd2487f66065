//! Reading `.safetensors` files by offsets, one tensor at a time
//! (<https://github.com/huggingface/safetensors#format>).

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};

/// The format's own limit.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// What is wrong with a safetensors file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// The file could not be read.
    #[error("reading failed: {0}")]
    Io(#[from] std::io::Error),
    /// The header's length is beyond the file or the format's limit.
    #[error("not a safetensors file: a header of {0} bytes")]
    HeaderLength(u64),
    /// The header is not what the format says.
    #[error("the header cannot be read: {0}")]
    Header(#[from] serde_json::Error),
    /// A tensor's bytes lie outside the file or do not go with its shape.
    #[error("tensor `{0}` does not go with its bytes")]
    Bytes(String),
    /// An element type that is not read.
    #[error("tensor `{name}` has elements of type {element}")]
    ElementType {
        /// The tensor.
        name: String,
        /// As the file calls it.
        element: String,
    },
    /// A tensor that is not in the file.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// candle refused a tensor.
    #[error("tensor: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// Where a tensor lies.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SafetensorInfo {
    /// `F32`, `BF16`, `I64`, …
    #[serde(rename = "dtype")]
    pub element: String,
    /// Outermost dimension first, empty for a single number.
    pub shape: Vec<usize>,
    /// First byte and the one after the last, from the end of the header.
    pub data_offsets: [u64; 2],
}

impl SafetensorInfo {
    /// Its type, where it is one of floats.
    fn float_type(&self) -> Option<DType> {
        match self.element.as_str() {
            "F64" => Some(DType::F64),
            "F32" => Some(DType::F32),
            "F16" => Some(DType::F16),
            "BF16" => Some(DType::BF16),
            _ => None,
        }
    }

    /// It holds floats, not indices.
    #[must_use]
    pub fn is_float(&self) -> bool {
        self.float_type().is_some()
    }
}

/// An open safetensors file.
#[derive(Debug)]
pub struct SafetensorsReader<R> {
    reader: R,
    tensors: BTreeMap<String, SafetensorInfo>,
    data_start: u64,
    length: u64,
}

impl<R: Read + Seek> SafetensorsReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// When it is not such a file.
    pub fn open(mut reader: R) -> Result<Self, SafetensorsError> {
        let length = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(0))?;
        let mut prefix = [0u8; 8];
        reader.read_exact(&mut prefix)?;
        let header_length = u64::from_le_bytes(prefix);
        if header_length > MAX_HEADER_BYTES || header_length > length.saturating_sub(8) {
            return Err(SafetensorsError::HeaderLength(header_length));
        }
        let mut header = vec![0u8; header_length as usize];
        reader.read_exact(&mut header)?;
        let mut entries: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&header)?;
        entries.remove("__metadata__");
        let mut tensors = BTreeMap::new();
        for (name, entry) in entries {
            tensors.insert(name, serde_json::from_value(entry)?);
        }
        Ok(Self { reader, tensors, data_start: 8 + header_length, length })
    }

    /// Its tensors by name.
    pub fn tensors(&self) -> &BTreeMap<String, SafetensorInfo> {
        &self.tensors
    }

    /// Tensor `name` as float32.
    ///
    /// # Errors
    ///
    /// When it is missing, not of floats, or its bytes cannot be read.
    pub fn read_f32(&mut self, name: &str) -> Result<Tensor, SafetensorsError> {
        let (info, bytes) = self.bytes(name)?;
        let Some(element) = info.float_type() else {
            return Err(SafetensorsError::ElementType { name: name.to_owned(), element: info.element });
        };
        check_size(name, &info, bytes.len(), element.size_in_bytes())?;
        let tensor = Tensor::from_raw_buffer(&bytes, element, &info.shape, &Device::Cpu)?;
        Ok(tensor.to_dtype(DType::F32)?)
    }

    /// Tensor `name`, of 32-bit integers, row by row.
    ///
    /// # Errors
    ///
    /// As [`SafetensorsReader::read_f32`].
    pub fn read_i32(&mut self, name: &str) -> Result<Vec<i32>, SafetensorsError> {
        let (info, bytes) = self.bytes(name)?;
        if info.element != "I32" {
            return Err(SafetensorsError::ElementType { name: name.to_owned(), element: info.element });
        }
        check_size(name, &info, bytes.len(), 4)?;
        Ok(bytes.as_chunks::<4>().0.iter().map(|number| i32::from_le_bytes(*number)).collect())
    }

    fn bytes(&mut self, name: &str) -> Result<(SafetensorInfo, Vec<u8>), SafetensorsError> {
        let info = self.tensors.get(name).ok_or_else(|| SafetensorsError::Missing(name.to_owned()))?.clone();
        let wrong = || SafetensorsError::Bytes(name.to_owned());
        let [first, end] = info.data_offsets;
        let count = end.checked_sub(first).ok_or_else(wrong)?;
        let start = self.data_start.checked_add(first).ok_or_else(wrong)?;
        if start.checked_add(count).is_none_or(|end| end > self.length) {
            return Err(wrong());
        }
        let mut bytes = vec![0u8; usize::try_from(count).map_err(|_| wrong())?];
        self.reader.seek(SeekFrom::Start(start))?;
        self.reader.read_exact(&mut bytes)?;
        Ok((info, bytes))
    }
}

fn check_size(name: &str, info: &SafetensorInfo, bytes: usize, size: usize) -> Result<(), SafetensorsError> {
    let wanted = info.shape.iter().try_fold(size, |product, &dim| product.checked_mul(dim));
    if wanted == Some(bytes) { Ok(()) } else { Err(SafetensorsError::Bytes(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn half_floats_become_floats() {
        let header =
            r#"{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}"#;
        let mut reader =
            SafetensorsReader::open(Cursor::new(file(header, &[0x80, 0x3f, 0x00, 0xc0]))).unwrap();
        assert_eq!(reader.read_f32("a").unwrap().to_vec1::<f32>().unwrap(), [1.0, -2.0]);
        assert!(matches!(reader.read_f32("b"), Err(SafetensorsError::Missing(_))));
    }

    #[test]
    fn lies_are_errors() {
        let lies = [
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,400]}}"#,
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
            r#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,18446744073709551615]}}"#,
        ];
        for lie in lies {
            let mut reader = SafetensorsReader::open(Cursor::new(file(lie, &[0; 4]))).unwrap();
            assert!(matches!(reader.read_f32("a"), Err(SafetensorsError::Bytes(_))), "{lie}");
        }
        let endless = u64::MAX.to_le_bytes();
        assert!(matches!(
            SafetensorsReader::open(Cursor::new(endless)),
            Err(SafetensorsError::HeaderLength(_))
        ));
    }
}
