//! A GGUF file that is made while it is read.

use crate::models::gguf::{ElementType, GgufError, GgufWriter, TensorSpec, bytes_for};
use std::io::{self, Read, Seek, SeekFrom};

/// Blocks after which a tensor's bytes repeat: a prime, so that rows differ.
const PERIOD: usize = 61;
/// 2e-4 as half precision, and its double and octuple.
const SCALE: [u8; 2] = [0x8e, 0x0a];
const TWICE_SCALE: [u8; 2] = [0x8e, 0x0e];
const EIGHT_SCALE: [u8; 2] = [0x8e, 0x16];
/// The twelve bytes of `Q4_K` that make all scales 32 and all minima 30.
const Q4K_PARTS: [u8; 12] = [0xa0, 0xa0, 0xa0, 0xa0, 0x5e, 0x5e, 0x5e, 0x5e, 0xe0, 0xe0, 0xe0, 0xe0];

/// The bytes of a model with weights like noise of a few hundredths, and norms that scale by one.
#[derive(Clone, Debug)]
pub struct RandomGguf {
    header: Vec<u8>,
    /// Where each tensor begins, and what repeats in it.
    tensors: Vec<(u64, Vec<u8>)>,
    length: u64,
    position: u64,
}

impl RandomGguf {
    /// A file of these tensors.
    ///
    /// # Errors
    ///
    /// When a shape does not fit its element type.
    pub fn new(specs: Vec<TensorSpec>) -> Result<Self, GgufError> {
        let header = GgufWriter::start(Vec::new(), &[], specs.clone())?.abandon();
        let mut length = header.len() as u64;
        let mut tensors = Vec::with_capacity(specs.len());
        for spec in &specs {
            tensors.push((length, period(spec)));
            length += bytes_for(&spec.shape, spec.element).unwrap_or_default().next_multiple_of(32);
        }
        Ok(Self { header, tensors, length, position: 0 })
    }

    /// Bytes of the file.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a file with a header is never empty")]
    pub fn len(&self) -> u64 {
        self.length
    }
}

/// What repeats in a tensor.
fn period(spec: &TensorSpec) -> Vec<u8> {
    // A seed by name, so that tensors differ.
    let mut state =
        spec.name.bytes().fold(0x9e37_79b9u32, |state, byte| state.rotate_left(5) ^ u32::from(byte));
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    if spec.element == ElementType::F32 {
        let norm = spec.name.to_ascii_lowercase().contains("norm") && spec.name.ends_with(".weight");
        let value = |random: u8| if norm { 1.0 } else { (f32::from(random) - 127.5) / 4096.0 };
        return (0..PERIOD * 8).flat_map(|_| value(random()).to_le_bytes()).collect();
    }
    let size = spec.element.type_size();
    let mut bytes: Vec<u8> = (0..PERIOD * size).map(|_| random()).collect();
    for block in bytes.chunks_exact_mut(size) {
        let mut set = |place: usize, value: &[u8]| {
            for (byte, value) in block.iter_mut().skip(place).zip(value) {
                *byte = *value;
            }
        };
        match spec.element {
            ElementType::Q4K => {
                set(0, &SCALE);
                set(2, &EIGHT_SCALE);
                set(4, &Q4K_PARTS);
            }
            ElementType::Q6K => {
                set(192, &[8; 16]);
                set(208, &SCALE);
            }
            // Of every other type the scale comes first.
            _ => set(0, &TWICE_SCALE),
        }
    }
    bytes
}

impl Read for RandomGguf {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let header = usize::try_from(self.position).ok().and_then(|position| self.header.get(position..));
        if let Some(header) = header.filter(|header| !header.is_empty()) {
            let count = header.len().min(out.len());
            out[..count].copy_from_slice(&header[..count]);
            self.position += count as u64;
            return Ok(count);
        }
        let index = self.tensors.partition_point(|(start, _)| *start <= self.position);
        let Some((start, period)) = index.checked_sub(1).and_then(|index| self.tensors.get(index)) else {
            return Ok(0);
        };
        let end = self.tensors.get(index).map_or(self.length, |(start, _)| *start);
        let within = ((self.position - start) % period.len().max(1) as u64) as usize;
        let bytes = period.get(within..).unwrap_or_default();
        let left = usize::try_from(end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let count = bytes.len().min(out.len()).min(left);
        out[..count].copy_from_slice(&bytes[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for RandomGguf {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(distance) => self.length.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
