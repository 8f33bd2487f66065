//! A stored file as `Read + Seek`, so that a model goes from disk to tensors without being held twice.

use super::files;
use js_sys::Uint8Array;
use std::io::{self, Read, Seek, SeekFrom};
use wasm_bindgen::JsValue;
use web_sys::{Blob, FileReaderSync};

/// Bytes fetched at once for small reads: large enough that a GGUF header takes few reads, small beside
/// any model.
const WINDOW: usize = 1 << 20;

/// Reads a blob (in a worker only: pages have no synchronous reader).
#[derive(Debug)]
pub struct BlobReader {
    blob: Blob,
    reader: FileReaderSync,
    /// Size of the blob in bytes.
    size: u64,
    position: u64,
    /// Bytes of the blob from `window_start` on.
    window: Vec<u8>,
    window_start: u64,
}

impl BlobReader {
    /// A reader at the blob's start.
    ///
    /// # Errors
    /// Outside a worker.
    pub fn new(blob: Blob) -> io::Result<Self> {
        let reader = FileReaderSync::new().map_err(|thrown| failed(&thrown))?;
        let size = files::size(&blob);
        Ok(Self { blob, reader, size, position: 0, window: Vec::new(), window_start: 0 })
    }

    /// Bytes `start..start + length` of the blob, fewer at its end.
    #[allow(clippy::cast_precision_loss, reason = "offsets within a blob are below 2^53")]
    fn fetch(&self, start: u64, length: usize) -> io::Result<Uint8Array> {
        let end = (start + length as u64).min(self.size);
        let slice = self
            .blob
            .slice_with_f64_and_f64(start as f64, end as f64)
            .and_then(|slice| self.reader.read_as_array_buffer(&slice))
            .map_err(|thrown| failed(&thrown))?;
        Ok(Uint8Array::new(&slice))
    }
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.size || out.is_empty() {
            return Ok(0);
        }
        let in_window = self.position.checked_sub(self.window_start).and_then(|skip| {
            let rest = self.window.get(usize::try_from(skip).ok()?..)?;
            (!rest.is_empty()).then_some(rest.len())
        });
        if in_window.is_none() {
            if out.len() >= WINDOW {
                // Tensors: straight into the caller's memory.
                let bytes = self.fetch(self.position, out.len())?;
                let count = bytes.length() as usize;
                let target =
                    out.get_mut(..count).ok_or_else(|| io::Error::other("more was read than asked"))?;
                bytes.copy_to(target);
                self.position += count as u64;
                return Ok(count);
            }
            self.window = self.fetch(self.position, WINDOW)?.to_vec();
            self.window_start = self.position;
        }
        let skip = usize::try_from(self.position - self.window_start).unwrap_or(usize::MAX);
        let mut rest = self.window.get(skip..).unwrap_or_default();
        let count = rest.read(out)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a seek to before the start"))?;
        Ok(self.position)
    }
}

fn failed(thrown: &JsValue) -> io::Error {
    io::Error::other(super::describe(thrown))
}
