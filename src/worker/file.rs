//! A document's file, read in parts into memory of exactly its size: it is never there twice, memory that the browser
//! refuses is an error in words, and between two parts the worker listens.

use super::document::Wish;
use super::outbox::post;
use crate::document::Source;
use crate::pdf::{MAX_FILE_BYTES, OpenError};
use crate::pipeline::FileDigest;
use crate::pipeline::event::{Event, Progress, READING_FILE, Stage};
use crate::platform::{BlobReader, clock, files};
use crate::protocol::{JobId, Response};
use futures::channel::mpsc::UnboundedReceiver;
use std::collections::VecDeque;
use std::io::Read;
use web_sys::Blob;

/// Bytes read at once: some milliseconds of reading and hashing.
const PART_BYTES: usize = 4 << 20;
/// Progress is told of files from this size on; smaller ones are read before a person sees it.
const TOLD_FROM_BYTES: usize = 16 << 20;
/// Bytes of a megabyte, as people count them.
const MEGABYTE: usize = 1_000_000;

/// A file as it came from the page.
#[derive(Debug)]
pub(super) enum PdfFile {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// The browser's handle.
    Blob(Blob),
}

/// Why a file was not read.
pub(super) enum NotRead {
    /// The person stopped it.
    Stopped,
    /// Nobody wants it any more.
    Closed,
    /// What went wrong, in words for the person.
    Failed(String),
}

/// The bytes of `file`, and what describes it. Tells progress of a large one, and hears
/// `wishes` meanwhile; those that need it open are put into `early`.
pub(super) async fn read(
    job: JobId,
    name: &str,
    file: Option<PdfFile>,
    wishes: &mut UnboundedReceiver<Wish>,
    early: &mut VecDeque<Wish>,
) -> Result<(Vec<u8>, Source), NotRead> {
    let gone = || {
        NotRead::Failed(format!(
            "{name} cannot be read any more; it was moved or changed since it was chosen"
        ))
    };
    let mut digest = FileDigest::default();
    let blob = match file.ok_or_else(gone)? {
        PdfFile::Bytes(bytes) => {
            digest.update(&bytes);
            return Ok((bytes, digest.describe(name)));
        }
        PdfFile::Blob(blob) => blob,
    };
    let (mut bytes, length) = memory_for(name, &blob).map_err(NotRead::Failed)?;
    let mut reader = BlobReader::new(blob).map_err(|_| gone())?;
    while bytes.len() < length {
        if length >= TOLD_FROM_BYTES {
            tell(job, bytes.len(), length);
        }
        let start = bytes.len();
        // Within what was reserved: nothing moves.
        bytes.resize(length.min(start + PART_BYTES), 0);
        let part = bytes.get_mut(start..).unwrap_or_default();
        reader.read_exact(part).map_err(|_| gone())?;
        digest.update(part);
        if length >= TOLD_FROM_BYTES {
            clock::give_way().await;
            match wishes.try_recv() {
                Ok(Wish::Stop) => return Err(NotRead::Stopped),
                Err(error) if error.is_closed() => return Err(NotRead::Closed),
                Ok(wish) => early.push_back(wish),
                Err(_) => {}
            }
        }
    }
    Ok((bytes, digest.describe(name)))
}

/// Room for all of a file, and its size in bytes.
fn memory_for(name: &str, blob: &Blob) -> Result<(Vec<u8>, usize), String> {
    let size = files::size(blob);
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    if length > MAX_FILE_BYTES {
        let error = OpenError::TooLarge { bytes: length, limit: MAX_FILE_BYTES };
        return Err(format!("{name}: {error}"));
    }
    let mut bytes = Vec::new();
    match bytes.try_reserve_exact(length) {
        Ok(()) => Ok((bytes, length)),
        Err(_) => Err(format!(
            "{name} ({} MB) needs more memory than this browser gives",
            size.div_ceil(MEGABYTE as u64)
        )),
    }
}

fn tell(job: JobId, done: usize, total: usize) {
    let megabytes = |bytes: usize| u32::try_from(bytes.div_ceil(MEGABYTE)).unwrap_or(u32::MAX);
    let progress = Progress::new(Stage::Extraction, READING_FILE, megabytes(done), megabytes(total));
    post(Response::Event { job, event: Event::Progress(progress) });
}
