//! Tensors by name, one at a time.

use super::element::ElementType;
use super::{GgufError, Header, TensorInfo};
use candle_core::quantized::{QTensor, ggml_file};
use candle_core::{Device, Tensor};
use std::collections::BTreeMap;
use std::io::{BufReader, Read, Seek, SeekFrom};

/// Bytes read at a time while the header is parsed; in a browser each read is a call out of wasm.
const HEADER_BUFFER_BYTES: usize = 256 << 10;
/// Bytes of rows read at a time.
const ROWS_BUFFER_BYTES: usize = 1 << 20;
/// The strictest alignment of candle's block types.
const BLOCK_ALIGNMENT: usize = 8;

/// An open GGUF file.
///
/// Bytes pass through one buffer that goes with the reader: as large as the largest tensor read whole so far,
/// about a MiB where matrices are read by rows.
#[derive(Debug)]
pub struct GgufReader<R> {
    reader: R,
    header: Header,
    by_name: BTreeMap<String, usize>,
    buffer: Vec<u8>,
}

impl<R: Read + Seek> GgufReader<R> {
    /// Reads the header of `reader`.
    ///
    /// # Errors
    ///
    /// When it is not a GGUF file, or one whose header cannot be true.
    pub fn open(mut reader: R) -> Result<Self, GgufError> {
        let length = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(0))?;
        let header = {
            let mut buffered = BufReader::with_capacity(HEADER_BUFFER_BYTES, &mut reader);
            Header::read(&mut buffered, length)?
        };
        let mut by_name = BTreeMap::new();
        for (index, tensor) in header.tensors.iter().enumerate() {
            if by_name.insert(tensor.name.clone(), index).is_some() {
                return Err(GgufError::Duplicate { name: tensor.name.clone() });
            }
        }
        Ok(Self { reader, header, by_name, buffer: Vec::new() })
    }

    /// What the file says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where tensor `name` lies, if it is there.
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.by_name.get(name).and_then(|&index| self.header.tensors.get(index))
    }

    /// Reads tensor `name` as it is stored.
    ///
    /// # Errors
    ///
    /// When it is missing, cannot be read or candle refuses it.
    pub fn read(&mut self, name: &str) -> Result<QTensor, GgufError> {
        let info = self.require(name)?;
        let bytes = self.whole(&info)?;
        ggml_file::qtensor_from_ggml(info.element, bytes, info.shape, &Device::Cpu)
            .map_err(|source| GgufError::Tensor { name: info.name, source: source.into() })
    }

    /// Reads tensor `name` as float32, whatever it is stored as.
    ///
    /// # Errors
    ///
    /// As [`GgufReader::read`].
    pub fn read_f32(&mut self, name: &str) -> Result<Tensor, GgufError> {
        let info = self.require(name)?;
        let wrap =
            |source: candle_core::Error| GgufError::Tensor { name: name.to_owned(), source: source.into() };
        if info.element == ElementType::F32 {
            let (floats, _) = self.whole(&info)?.as_chunks::<4>();
            let values: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            return Tensor::from_vec(values, info.shape, &Device::Cpu).map_err(wrap);
        }
        self.read(name)?.dequantize(&Device::Cpu).map_err(wrap)
    }

    /// Gives `take` the bytes of matrix `name`, whole rows at a time, as many as make about a MiB and always a
    /// multiple of `together` but at the end. So a matrix can be put in another order without being in memory
    /// twice.
    ///
    /// # Errors
    ///
    /// When it is missing, is no matrix or cannot be read, or `take` says so.
    pub fn read_rows<E: From<GgufError>>(
        &mut self,
        name: &str,
        together: usize,
        mut take: impl FnMut(&TensorInfo, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let info = self.require(name)?;
        let &[rows, _] = info.shape.as_slice() else {
            let name = info.name;
            return Err(GgufError::Shape { name, reason: "is no matrix" }.into());
        };
        // The header was checked: rows are whole blocks, and all their bytes fit `usize`.
        let row_bytes = info.bytes as usize / rows.max(1);
        let together = together.max(1);
        let at_once = (ROWS_BUFFER_BYTES / row_bytes.max(1)).next_multiple_of(together).max(together);
        let mut done = 0;
        while done < rows {
            let count = at_once.min(rows - done);
            let start = info.start + (done * row_bytes) as u64;
            take(&info, self.raw(&info, start, count * row_bytes)?)?;
            done += count;
        }
        Ok(())
    }

    fn require(&self, name: &str) -> Result<TensorInfo, GgufError> {
        self.info(name).cloned().ok_or_else(|| GgufError::Missing { name: name.to_owned() })
    }

    /// All bytes of a tensor, aligned for candle's block types.
    fn whole(&mut self, info: &TensorInfo) -> Result<&[u8], GgufError> {
        // The header was checked: the file has these bytes, and they fit `usize`.
        self.raw(info, info.start, info.bytes as usize)
    }

    /// `bytes` bytes from `start` on, aligned for candle's block types.
    fn raw(&mut self, info: &TensorInfo, start: u64, bytes: usize) -> Result<&[u8], GgufError> {
        if self.buffer.len() < bytes + BLOCK_ALIGNMENT {
            self.buffer = Vec::new();
            self.buffer = vec![0; bytes + BLOCK_ALIGNMENT];
        }
        let shift = self.buffer.as_ptr().align_offset(BLOCK_ALIGNMENT).min(BLOCK_ALIGNMENT);
        let place = self.buffer.get_mut(shift..shift + bytes).ok_or_else(|| GgufError::Shape {
            name: info.name.clone(),
            reason: "its bytes cannot be aligned",
        })?;
        self.reader.seek(SeekFrom::Start(start))?;
        self.reader.read_exact(place)?;
        Ok(place)
    }
}
