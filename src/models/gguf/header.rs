//! The header: metadata and where each tensor lies. Nothing here trusts a number before it is checked.

use super::element::{self, ElementType};
use super::{GgufError, bytes_for};
use std::io::Read;

/// Tensors in a file. BLIP large has 700.
const MAX_TENSORS: u64 = 65_536;
/// Metadata entries in a file.
const MAX_METADATA: u64 = 4_096;
/// Bytes of a key or a tensor's name.
const MAX_NAME_BYTES: u64 = 1_024;
/// Bytes of metadata text that are kept, in all.
const MAX_TEXT_BYTES: u64 = 16 << 20;
/// Elements of a metadata array that are kept; the rest is counted and passed over.
const KEPT_ELEMENTS: u64 = 16;
/// Arrays within arrays.
const MAX_DEPTH: u32 = 4;
/// Bytes of one tensor: half of what a 32-bit address space can allocate at once.
const MAX_TENSOR_BYTES: u64 = 1 << 30;
/// GGML's own limit.
const MAX_DIMENSIONS: u32 = 4;
/// Alignment where the file does not say it.
const DEFAULT_ALIGNMENT: u64 = 32;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub struct Header {
    /// 1 to 3.
    pub version: u32,
    /// Metadata in the file's order.
    pub metadata: Vec<(String, MetadataValue)>,
    /// Tensors in the file's order.
    pub tensors: Vec<TensorInfo>,
}

/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
pub enum MetadataValue {
    /// Any unsigned integer.
    Unsigned(u64),
    /// Any signed integer.
    Signed(i64),
    /// Either float.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Text; bytes that are no UTF-8 are replaced.
    Text(String),
    /// An array.
    Array {
        /// How many elements the file has.
        length: u64,
        /// The first of them.
        first: Vec<Self>,
    },
}

/// Where a tensor lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name, the hub's.
    pub name: String,
    /// Outermost dimension first: `[rows, columns]`.
    pub shape: Vec<usize>,
    /// What its elements are.
    pub element: ElementType,
    /// Its first byte, from the start of the file.
    pub start: u64,
    /// How many bytes it takes.
    pub bytes: u64,
}

impl Header {
    /// Reads the header of a file of `length` bytes from its first byte on.
    ///
    /// # Errors
    ///
    /// A [`GgufError`] naming the first number that cannot be.
    pub fn read(reader: &mut impl Read, length: u64) -> Result<Self, GgufError> {
        Parser { reader, length, position: 0, version: 3, text_bytes: 0 }.header()
    }
}

struct Parser<'a, R> {
    reader: &'a mut R,
    length: u64,
    position: u64,
    version: u32,
    text_bytes: u64,
}

impl<R: Read> Parser<'_, R> {
    fn header(mut self) -> Result<Header, GgufError> {
        if self.bytes::<4>("magic").map_err(|_| GgufError::NotGguf)? != *b"GGUF" {
            return Err(GgufError::NotGguf);
        }
        self.version = self.u32("version")?;
        if !(1..=3).contains(&self.version) {
            return Err(GgufError::Version(self.version));
        }
        let tensor_count = self.count("tensors", MAX_TENSORS)?;
        let metadata_count = self.count("metadata entries", MAX_METADATA)?;
        let mut metadata = Vec::new();
        for _ in 0..metadata_count {
            let key = self.text("metadata key", MAX_NAME_BYTES)?;
            let code = self.u32("metadata type")?;
            let value = self.value(&key, code, 0)?;
            metadata.push((key, value));
        }
        let mut tensors = Vec::new();
        for _ in 0..tensor_count {
            tensors.push(self.tensor()?);
        }
        let data_start = self.data_start(&metadata)?;
        for tensor in &mut tensors {
            let start = data_start.saturating_add(tensor.start);
            let end = start.saturating_add(tensor.bytes);
            if end > self.length {
                let (name, length) = (tensor.name.clone(), self.length);
                return Err(GgufError::OutsideFile { name, start, end, length });
            }
            tensor.start = start;
        }
        Ok(Header { version: self.version, metadata, tensors })
    }

    /// Where tensor data begins: the header's end rounded up.
    fn data_start(&self, metadata: &[(String, MetadataValue)]) -> Result<u64, GgufError> {
        let stated = metadata.iter().find(|(key, _)| key == "general.alignment");
        let alignment = match stated {
            Some((_, MetadataValue::Unsigned(value))) => *value,
            Some((_, MetadataValue::Signed(value))) => u64::try_from(*value).unwrap_or(0),
            _ => DEFAULT_ALIGNMENT,
        };
        if !alignment.is_power_of_two() || !(8..=65_536).contains(&alignment) {
            return Err(GgufError::Alignment(alignment));
        }
        Ok(self.position.next_multiple_of(alignment))
    }

    /// One tensor's entry; `start` is still relative to the data.
    fn tensor(&mut self) -> Result<TensorInfo, GgufError> {
        let name = self.text("tensor name", MAX_NAME_BYTES)?;
        let dimensions = self.u32("number of dimensions")?;
        if dimensions > MAX_DIMENSIONS {
            return Err(GgufError::Shape { name, reason: "more than four dimensions" });
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let dim = self.length_number("dimension")?;
            match usize::try_from(dim) {
                Ok(dim) if dim > 0 => shape.push(dim),
                _ => return Err(GgufError::Shape { name, reason: "a dimension of zero or beyond memory" }),
            }
        }
        shape.reverse();
        if shape.is_empty() {
            shape.push(1);
        }
        let code = self.u32("element type")?;
        let start = self.u64("tensor offset")?;
        let Some(element) = element::from_code(code) else {
            return Err(GgufError::ElementType { name, code });
        };
        let fits = |bytes: &u64| *bytes <= MAX_TENSOR_BYTES;
        let Some(bytes) = bytes_for(&shape, element).filter(fits) else {
            return Err(GgufError::Shape {
                name,
                reason: "its rows are no whole blocks, or it is beyond memory",
            });
        };
        Ok(TensorInfo { name, shape, element, start, bytes })
    }

    fn value(&mut self, key: &str, code: u32, depth: u32) -> Result<MetadataValue, GgufError> {
        const WHAT: &str = "metadata value";
        Ok(match code {
            0 => MetadataValue::Unsigned(u8::from_le_bytes(self.bytes(WHAT)?).into()),
            1 => MetadataValue::Signed(i8::from_le_bytes(self.bytes(WHAT)?).into()),
            2 => MetadataValue::Unsigned(u16::from_le_bytes(self.bytes(WHAT)?).into()),
            3 => MetadataValue::Signed(i16::from_le_bytes(self.bytes(WHAT)?).into()),
            4 => MetadataValue::Unsigned(u32::from_le_bytes(self.bytes(WHAT)?).into()),
            5 => MetadataValue::Signed(i32::from_le_bytes(self.bytes(WHAT)?).into()),
            6 => MetadataValue::Float(f32::from_le_bytes(self.bytes(WHAT)?).into()),
            7 => MetadataValue::Bool(self.bytes::<1>(WHAT)? != [0]),
            8 => MetadataValue::Text(self.text("metadata text", MAX_TEXT_BYTES)?),
            9 if depth < MAX_DEPTH => self.array(key, depth)?,
            10 => MetadataValue::Unsigned(u64::from_le_bytes(self.bytes(WHAT)?)),
            11 => MetadataValue::Signed(i64::from_le_bytes(self.bytes(WHAT)?)),
            12 => MetadataValue::Float(f64::from_le_bytes(self.bytes(WHAT)?)),
            _ => return Err(GgufError::ValueType { key: key.to_owned(), code }),
        })
    }

    fn array(&mut self, key: &str, depth: u32) -> Result<MetadataValue, GgufError> {
        let code = self.u32("array type")?;
        let length = self.length_number("array length")?;
        // Each element takes at least a byte, so a length beyond the file is caught before any work.
        if length > self.length - self.position {
            return Err(GgufError::Truncated { what: "array", offset: self.position });
        }
        let mut first = Vec::new();
        for index in 0..length {
            if index < KEPT_ELEMENTS {
                first.push(self.value(key, code, depth + 1)?);
            } else if let Some(size) = fixed_size(code) {
                self.skip((length - index).saturating_mul(size), "array")?;
                break;
            } else if code == 8 {
                let bytes = self.length_number("text length")?;
                self.skip(bytes, "text")?;
            } else {
                self.value(key, code, depth + 1)?;
            }
        }
        Ok(MetadataValue::Array { length, first })
    }

    fn text(&mut self, what: &'static str, limit: u64) -> Result<String, GgufError> {
        let count = self.length_number(what)?;
        if count > limit {
            return Err(GgufError::TooMany { what, count, limit });
        }
        self.text_bytes += count;
        if self.text_bytes > MAX_TEXT_BYTES {
            return Err(GgufError::TooMany {
                what: "bytes of text",
                count: self.text_bytes,
                limit: MAX_TEXT_BYTES,
            });
        }
        self.require(count, what)?;
        let mut bytes = vec![0u8; count as usize];
        self.fill(&mut bytes, what)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
    }

    fn count(&mut self, what: &'static str, limit: u64) -> Result<u64, GgufError> {
        let count = self.length_number(what)?;
        if count > limit { Err(GgufError::TooMany { what, count, limit }) } else { Ok(count) }
    }

    /// Lengths, counts and dimensions: 32 bits in version 1, 64 later.
    fn length_number(&mut self, what: &'static str) -> Result<u64, GgufError> {
        if self.version == 1 { self.u32(what).map(u64::from) } else { self.u64(what) }
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, GgufError> {
        self.bytes(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, GgufError> {
        self.bytes(what).map(u64::from_le_bytes)
    }

    fn bytes<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], GgufError> {
        let mut bytes = [0u8; N];
        self.fill(&mut bytes, what)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8], what: &'static str) -> Result<(), GgufError> {
        self.require(bytes.len() as u64, what)?;
        self.reader.read_exact(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn skip(&mut self, count: u64, what: &'static str) -> Result<(), GgufError> {
        self.require(count, what)?;
        let passed = std::io::copy(&mut self.reader.by_ref().take(count), &mut std::io::sink())?;
        if passed < count {
            return Err(GgufError::Truncated { what, offset: self.position + passed });
        }
        self.position += count;
        Ok(())
    }

    fn require(&self, count: u64, what: &'static str) -> Result<(), GgufError> {
        if count > self.length.saturating_sub(self.position) {
            return Err(GgufError::Truncated { what, offset: self.position });
        }
        Ok(())
    }
}

/// Bytes of one element of the metadata type `code`, where all take the same.
fn fixed_size(code: u32) -> Option<u64> {
    match code {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one metadata entry and one float32 tensor `[2, 3]` called `a`.
    fn file() -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(3u32.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(1u64.to_le_bytes());
        put(&mut bytes, "k");
        bytes.extend(9u32.to_le_bytes());
        bytes.extend(8u32.to_le_bytes());
        bytes.extend(20u64.to_le_bytes());
        for _ in 0..20 {
            put(&mut bytes, "word");
        }
        put(&mut bytes, "a");
        bytes.extend(2u32.to_le_bytes());
        bytes.extend(3u64.to_le_bytes());
        bytes.extend(2u64.to_le_bytes());
        bytes.extend(0u32.to_le_bytes());
        bytes.extend(0u64.to_le_bytes());
        bytes.resize(bytes.len().next_multiple_of(32) + 24, 0);
        bytes
    }

    fn put(bytes: &mut Vec<u8>, text: &str) {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Header, GgufError> {
        Header::read(&mut &bytes[..], bytes.len() as u64)
    }

    #[test]
    fn a_small_file_is_read() {
        let bytes = file();
        let header = read(&bytes).unwrap();
        assert_eq!(header.tensors.len(), 1);
        assert_eq!(header.tensors[0].shape, [2, 3]);
        assert_eq!(header.tensors[0].start + 24, bytes.len() as u64);
        let MetadataValue::Array { length, first } = &header.metadata[0].1 else { panic!("no array") };
        assert_eq!((*length, first.len()), (20, 16));
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error() {
        let bytes = file();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn no_byte_makes_it_panic_or_allocate_beyond_the_file() {
        let bytes = file();
        for position in 0..bytes.len() {
            for value in [0x00, 0x01, 0x7f, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[position] = value;
                if let Ok(header) = read(&changed) {
                    assert!(header.tensors.iter().all(|tensor| tensor.bytes <= bytes.len() as u64));
                }
            }
        }
    }

    #[test]
    fn numbers_beyond_the_file_have_their_own_errors() {
        let with = |position: usize, number: u64| {
            let mut bytes = file();
            bytes[position..position + 8].copy_from_slice(&number.to_le_bytes());
            read(&bytes).unwrap_err()
        };
        assert!(matches!(with(8, 1 << 40), GgufError::TooMany { what: "tensors", .. }));
        assert!(matches!(with(16, 1 << 40), GgufError::TooMany { what: "metadata entries", .. }));
        assert!(matches!(with(24, 1 << 40), GgufError::TooMany { what: "metadata key", .. }));
        assert!(matches!(with(41, u64::MAX), GgufError::Truncated { what: "array", .. }));
        let tensor = 49 + 20 * 12 + 9 + 4;
        assert!(matches!(with(tensor, u64::MAX), GgufError::Shape { .. }));
        assert!(matches!(with(tensor, 0), GgufError::Shape { .. }));
        assert!(matches!(with(tensor, 1 << 20), GgufError::OutsideFile { .. }));
        assert!(matches!(with(tensor + 20, u64::MAX - 5), GgufError::OutsideFile { .. }));
        assert!(matches!(read(b"GGML"), Err(GgufError::NotGguf)));
        let mut big_endian = file();
        big_endian[4..8].copy_from_slice(&3u32.to_be_bytes());
        assert!(matches!(read(&big_endian), Err(GgufError::Version(_))));
    }
}
