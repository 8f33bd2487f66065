//! How large a stream is once it is unpacked: a thousand times what it was, and a million after two filters.

use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Array, ObjectIdentifier, Stream};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read, Write};

/// Bytes that one stream may have when it is unpacked. The fullest pages and fonts of real files have some ten million.
pub(super) const MAX_STREAM_BYTES: u64 = 128 << 20;
/// The same of an image: so many bytes have the largest that are decoded.
const MAX_IMAGE_BYTES: u64 = 768 << 20;
/// What text and drawing are packed by, at best.
const USUAL_RATIO: u64 = 20;
/// Bytes that are unpacked at a time.
const PART_BYTES: usize = 8 << 10;

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

/// Bytes of a stream, filter by filter: counted where that goes, and estimated for LZW. A little more than `limit` says
/// more.
fn size(stream: &Stream<'_>, limit: u64) -> u64 {
    let filters = stream.filters();
    let mut data = stream.raw_data();
    for (at, filter) in filters.iter().enumerate() {
        let is_last = filters.iter().skip(at + 1).all(|later| ratio(*later) == 1);
        match filter {
            Filter::AsciiHexDecode => data = Cow::Owned(from_hex(&data)),
            Filter::Ascii85Decode => data = Cow::Owned(from_ascii85(&data)),
            Filter::FlateDecode if is_last => return unpack(&data, limit, &mut io::sink()),
            Filter::FlateDecode => {
                let mut unpacked = Vec::new();
                if unpack(&data, limit, &mut unpacked) > limit {
                    return limit.saturating_add(1);
                }
                data = Cow::Owned(unpacked);
            }
            Filter::LzwDecode => return (data.len() as u64).saturating_mul(USUAL_RATIO),
            Filter::RunLengthDecode => return (data.len() as u64).saturating_mul(ratio(*filter)),
            _ => {}
        }
    }
    data.len() as u64
}

fn from_hex(text: &[u8]) -> Vec<u8> {
    let digits = text.iter().take_while(|byte| **byte != b'>');
    let digits: Vec<u32> = digits.filter_map(|byte| char::from(*byte).to_digit(16)).collect();
    let byte = |pair: &[u32]| pair.iter().fold(0, |sum, digit| 16 * sum + digit);
    digits.chunks(2).filter_map(|pair| u8::try_from(byte(pair)).ok()).collect()
}

fn from_ascii85(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut group, mut count) = (0_u32, 0_usize);
    for byte in text.iter().take_while(|byte| **byte != b'~') {
        match byte {
            b'z' if count == 0 => bytes.extend([0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    bytes.extend(group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        bytes.extend(group.to_be_bytes().into_iter().take(count - 1));
    }
    bytes
}

/// Unpacks into `sink` until there is more than `limit`: how much there is. Of a damaged stream that is what comes before
/// the damage, and what is usual for the rest.
fn unpack(packed: &[u8], limit: u64, sink: &mut dyn Write) -> u64 {
    let mut decoder = ZlibDecoder::new(packed);
    let (mut size, mut whole) = copy(&mut decoder, limit, sink);
    let mut taken = decoder.total_in();
    if size == 0 {
        // Some writers leave out the head, or spoil it.
        let mut decoder = DeflateDecoder::new(packed);
        (size, whole) = copy(&mut decoder, limit, sink);
        taken = decoder.total_in();
    }
    let rest = if whole { 0 } else { (packed.len() as u64).saturating_sub(taken) };
    size.saturating_add(rest.saturating_mul(USUAL_RATIO))
}

/// Bytes copied, and whether that was all or enough.
fn copy(decoder: &mut dyn Read, limit: u64, sink: &mut dyn Write) -> (u64, bool) {
    let mut part = [0; PART_BYTES];
    let mut size: u64 = 0;
    loop {
        match decoder.read(&mut part) {
            Ok(0) => return (size, true),
            Ok(count) => {
                size += count as u64;
                let written = part.get(..count).map(|part| sink.write_all(part));
                if size > limit || !matches!(written, Some(Ok(()))) {
                    return (size, true);
                }
            }
            Err(_) => return (size, false),
        }
    }
}
