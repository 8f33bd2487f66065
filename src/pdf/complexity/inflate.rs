//! How large a stream is once it is unpacked: a thousand times what it was, and a million after two filters.

use flate2::write::ZlibDecoder;
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Array, ObjectIdentifier, Stream};
use std::collections::HashMap;
use std::io::{self, Write};

/// Bytes that one stream may have when it is unpacked. The fullest pages and fonts of real files have some ten million.
pub(super) const MAX_STREAM_BYTES: u64 = 128 << 20;
/// The same of an image: so many bytes have the largest that are decoded.
const MAX_IMAGE_BYTES: u64 = 768 << 20;
/// What text and drawing are packed by, at best.
const USUAL_RATIO: u64 = 20;
/// Packed bytes that are unpacked at a time, to be counted.
const PART_BYTES: usize = 16 << 10;

/// Bytes that one byte can become by a filter. Those of images know the size that they decode to.
fn ratio(filter: Filter) -> u64 {
    match filter {
        Filter::FlateDecode => 1_040,
        Filter::LzwDecode => 2_600,
        Filter::RunLengthDecode => 64,
        _ => 1,
    }
}

/// Whether a stream has at most `limit` bytes when it is unpacked.
pub(super) fn is_bounded(stream: &Stream<'_>, limit: u64) -> bool {
    most(stream) <= limit || size(stream, limit) <= limit
}

/// Whether an image has no more data than the largest may have.
pub(crate) fn is_bounded_image(image: &Stream<'_>) -> bool {
    is_bounded(image, MAX_IMAGE_BYTES)
}

/// Whether streams have at most `limit` bytes together, each as often as it is there.
pub(super) fn are_bounded(streams: &Array<'_>, limit: u64) -> bool {
    let all = || streams.iter::<Stream<'_>>();
    if all().fold(0, |sum: u64, stream| sum.saturating_add(most(&stream))) <= limit {
        return true;
    }
    let mut sizes: HashMap<ObjectIdentifier, u64> = HashMap::new();
    let mut sum: u64 = 0;
    for stream in all() {
        sum = sum.saturating_add(*sizes.entry(stream.obj_id()).or_insert_with(|| size(&stream, limit)));
        if sum > limit {
            return false;
        }
    }
    true
}

/// Bytes that a stream can have at most, by its filters.
fn most(stream: &Stream<'_>) -> u64 {
    let packed = stream.raw_data().len() as u64;
    stream.filters().into_iter().fold(packed, |size, filter| size.saturating_mul(ratio(filter)))
}

/// Bytes of a stream, counted where one filter packed it and estimated where that cannot be; a little more than `limit`
/// says more.
fn size(stream: &Stream<'_>, limit: u64) -> u64 {
    let filters = stream.filters();
    let packed = stream.raw_data();
    match filters.iter().filter(|filter| ratio(**filter) > 1).count() {
        0 => packed.len() as u64,
        1 if filters.first() == Some(&Filter::FlateDecode) => unpacked_size(&packed, limit),
        1 => (packed.len() as u64).saturating_mul(USUAL_RATIO),
        _ => most(stream),
    }
}

/// Counts what is unpacked, up to a little more than `limit`; of a damaged stream what comes before the damage.
fn unpacked_size(packed: &[u8], limit: u64) -> u64 {
    let mut decoder = ZlibDecoder::new(Counter(0));
    for part in packed.chunks(PART_BYTES) {
        if decoder.write_all(part).is_err() || decoder.get_ref().0 > limit {
            break;
        }
    }
    decoder.get_ref().0
}

/// Bytes written to it.
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
