//! The download of one file as a state machine: what a server answers goes in, what to ask for next comes
//! out. It touches no network and no disk.
//!
//! The edge drives it so:
//!
//! 1. [`FileDownload::new`]; if a part is stored from before, [`FileDownload::resume`] and then
//!    [`FileDownload::stored_chunk`] with all of its bytes (they are hashed again).
//! 2. [`FileDownload::next`]: fetch with the `Range` given, or wait, or be done.
//! 3. [`FileDownload::begin`] with the answer's head: write on after the stored bytes, or truncate first, or
//!    drop the body.
//! 4. [`FileDownload::chunk`] for each piece of the body, after it was written;
//!    [`FileDownload::body_ended`] or [`FileDownload::connection_broke`]; back to 2.
//!
//! `If-Range` is not used: across origins it costs a preflight that a host may refuse. The validators are
//! compared afterwards instead. Across origins a page sees only the headers that the host exposes, so every
//! one of them is optional here.

use super::entry::FileRole;
use super::manifest::FileRecord;
use super::validate::{FilePlan, is_sha256};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How often to try, and how long to wait between tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Tries without progress before giving up.
    pub attempts: u32,
    /// The first pause in milliseconds; it doubles with each try.
    pub first_pause_ms: f64,
    /// The longest pause in milliseconds, what a server asks for included.
    pub longest_pause_ms: f64,
    /// So many new bytes make it a new beginning: tries are counted from 0 again.
    pub progress_bytes: u64,
    /// So often may come what is not the file; a cache on the way may be to blame, so that it is worth another try.
    pub wrong_files: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_pause_ms: 1000.0,
            longest_pause_ms: 60_000.0,
            progress_bytes: 1 << 20,
            wrong_files: 2,
        }
    }
}

/// What is known of a file that is stored in part; kept beside the part as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPart {
    /// Where it came from.
    pub url: String,
    /// What the server said of it.
    pub served: ServedFile,
}

/// What a server says of a file, as far as it can be seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedFile {
    /// Its validator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its size in bytes, from `X-Linked-Size` or `Content-Range`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its SHA-256, from the hub's `X-Linked-ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// The head of an answer: its status and those headers that matter here and could be seen, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHead {
    /// HTTP status.
    pub status: u16,
    /// `Content-Range`.
    pub content_range: Option<String>,
    /// `Content-Length`.
    pub content_length: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `ETag`.
    pub etag: Option<String>,
    /// `X-Linked-ETag`.
    pub linked_etag: Option<String>,
    /// `X-Linked-Size`.
    pub linked_size: Option<String>,
    /// `Retry-After`, in seconds (a date is passed over).
    pub retry_after: Option<String>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Fetch the file's address with this `Range` header, or without one; do not let the browser's cache
    /// keep it.
    Fetch {
        /// `bytes=1000-`.
        range: Option<String>,
    },
    /// Wait, then ask again.
    Wait {
        /// How long, in milliseconds.
        millis: f64,
        /// Tries so far.
        attempt: u32,
        /// Why.
        reason: String,
    },
    /// All bytes are there, and they are the right ones: record it.
    Done(FileRecord),
    /// It cannot be had. [`FileDownload::keeps_part`] says whether the stored bytes are worth keeping.
    Failed(DownloadError),
}

/// What to do with an answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Write it after the stored bytes.
    Append,
    /// Empty the stored file (if there is one), then write it.
    Restart,
    /// Drop it unread; empty the stored file if `truncate`. Then ask [`FileDownload::next`].
    Drop {
        /// The stored bytes are of no use.
        truncate: bool,
    },
}

/// Why a file cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The host says no, and would say so again.
    #[error("the host answered {status} for {url}: {meaning}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Address.
        url: String,
        /// What it means for the person.
        meaning: &'static str,
    },
    /// Tried often enough.
    #[error("given up after {attempts} tries: {reason}")]
    GivenUp {
        /// Tries.
        attempts: u32,
        /// What went wrong the last time.
        reason: String,
    },
    /// Another size than the one known.
    #[error("{url} has {found} bytes instead of {expected}: it is not the file that was asked for")]
    WrongSize {
        /// Address.
        url: String,
        /// Bytes it should have.
        expected: u64,
        /// Bytes it has, at least.
        found: u64,
    },
    /// Another content than the one known.
    #[error("{url} has SHA-256 {found} instead of {expected}: it is not the file that was asked for")]
    WrongHash {
        /// Address.
        url: String,
        /// The hash it should have.
        expected: String,
        /// The hash it has.
        found: String,
    },
    /// A page (of a log-in, of an error) where weights were asked for.
    #[error("{0} answered with a web page instead of the file")]
    WebPage(String),
    /// The edge could not write.
    #[error("{0}")]
    Storage(String),
}

#[derive(Clone, Debug)]
enum State {
    /// To be asked for.
    Ready,
    /// A body is coming in.
    Body { length: Option<u64> },
    /// A pause is due.
    Pausing { millis: f64, reason: String },
    /// All bytes are there.
    Complete,
    /// Ended.
    Failed(DownloadError),
}

/// The download of one file.
#[derive(Clone, Debug)]
pub struct FileDownload {
    plan: FilePlan,
    policy: RetryPolicy,
    state: State,
    hasher: Sha256,
    received: u64,
    body: u64,
    served: ServedFile,
    attempts: u32,
    /// The most bytes there ever were when tries were last counted from 0 again.
    mark: u64,
    /// Some of the bytes are from an earlier connection.
    patched: bool,
    /// Started anew already because of a part that did not fit.
    restarted: bool,
    /// How often something came that is not the file.
    wrong: u32,
    keep_part: bool,
}

impl FileDownload {
    /// The download of `plan`, from the start.
    #[must_use]
    pub fn new(plan: FilePlan, policy: RetryPolicy) -> Self {
        Self {
            plan,
            policy,
            state: State::Ready,
            hasher: Sha256::new(),
            received: 0,
            body: 0,
            served: ServedFile::default(),
            attempts: 0,
            mark: 0,
            patched: false,
            restarted: false,
            wrong: 0,
            keep_part: true,
        }
    }

    /// Whether a part with this record belongs to the file; then feed it to [`Self::stored_chunk`],
    /// otherwise delete it.
    pub fn resume(&mut self, part: &SavedPart) -> bool {
        let other_hash = match (&self.plan.sha256, &part.served.sha256) {
            (Some(wanted), Some(seen)) => wanted != seen,
            _ => false,
        };
        if part.url != self.plan.url || other_hash {
            return false;
        }
        self.served = part.served.clone();
        true
    }

    /// Bytes stored from before.
    pub fn stored_chunk(&mut self, bytes: &[u8]) {
        self.take(bytes);
        self.patched = true;
        self.mark = self.received;
    }

    /// What to write beside the part, so that it can be resumed in another visit.
    #[must_use]
    pub fn saved_part(&self) -> SavedPart {
        SavedPart { url: self.plan.url.clone(), served: self.served.clone() }
    }

    /// The file's plan.
    #[must_use]
    pub fn plan(&self) -> &FilePlan {
        &self.plan
    }

    /// Bytes stored.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Bytes in all: exactly where known, else about, else 0.
    #[must_use]
    pub fn total(&self) -> u64 {
        let coming = match self.state {
            State::Body { length: Some(length) } => Some(length.saturating_add(self.received - self.body)),
            _ => None,
        };
        self.exact_size().or(coming).or(self.plan.approximate_size).unwrap_or(0).max(self.received)
    }

    /// After a failure: whether the stored bytes may be resumed later. Otherwise delete them.
    #[must_use]
    pub fn keeps_part(&self) -> bool {
        self.keep_part && self.received > 0
    }

    /// What to do next. `jitter`, from 0 to 1, is a random number that keeps many waiting clients apart.
    pub fn next(&mut self, jitter: f64) -> Next {
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Failed(error) => {
                self.state = State::Failed(error.clone());
                Next::Failed(error)
            }
            State::Pausing { millis, reason } => {
                // Between half and all of the pause ("equal jitter").
                let millis = millis * (0.5 + 0.5 * jitter.clamp(0.0, 1.0));
                Next::Wait { millis, attempt: self.attempts, reason }
            }
            State::Complete => self.verify(jitter),
            State::Ready | State::Body { .. } => match self.exact_size() {
                Some(size) if self.received == size && self.received > 0 => self.verify(jitter),
                Some(size) if self.received > size => {
                    self.start_over();
                    Next::Fetch { range: None }
                }
                _ => Next::Fetch { range: self.range() },
            },
        }
    }

    /// Takes in the head of an answer and says what to do with its body.
    pub fn begin(&mut self, head: &ResponseHead) -> Begin {
        self.body = 0;
        match head.status {
            200 | 206 => {}
            // Nothing lies after what is stored: it is all there, or it is of another file.
            416 if self.received > 0 => return self.drop_part(),
            status => return self.refuse(status, head.retry_after.as_deref()),
        }
        if self.plan.role == FileRole::Weights && is_web_page(head.content_type.as_deref()) {
            return self.fail(DownloadError::WebPage(self.plan.url.clone()), true);
        }
        let served = ServedFile::of(head);
        if let (Some(expected), Some(found)) = (&self.plan.sha256, &served.sha256)
            && expected != found
        {
            let (url, expected, found) = (self.plan.url.clone(), expected.clone(), found.clone());
            return self.wrong_file(DownloadError::WrongHash { url, expected, found });
        }
        if let (Some(expected), Some(found)) = (self.plan.size, served.size)
            && expected != found
        {
            let url = self.plan.url.clone();
            return self.wrong_file(DownloadError::WrongSize { url, expected, found });
        }
        let length = head.content_length.as_deref().and_then(|length| length.trim().parse().ok());
        if head.status == 200 {
            // The whole file, whatever was asked for.
            self.clear();
            self.served = served;
            self.state = State::Body { length };
            return Begin::Restart;
        }
        let start = head.content_range.as_deref().and_then(ContentRange::parse).map(|range| range.start);
        if self.received == 0 && start.is_none_or(|start| start == 0) {
            self.served = served;
            self.state = State::Body { length };
            return Begin::Restart;
        }
        if start.is_some_and(|start| start != self.received) || !self.served.agrees_with(&served) {
            return self.drop_part();
        }
        self.served.fill_from(served);
        self.state = State::Body { length };
        Begin::Append
    }

    /// Takes in a piece of the body that is written. When it is one byte too many, the rest must not be
    /// read: `false`.
    #[must_use]
    pub fn chunk(&mut self, bytes: &[u8]) -> bool {
        self.take(bytes);
        self.body = self.body.saturating_add(bytes.len() as u64);
        if self.received.saturating_sub(self.mark) >= self.policy.progress_bytes {
            self.mark = self.received;
            self.attempts = 0;
        }
        match self.exact_size() {
            Some(expected) if self.received > expected => {
                let (url, found) = (self.plan.url.clone(), self.received);
                self.wrong_file(DownloadError::WrongSize { url, expected, found });
                false
            }
            _ => true,
        }
    }

    /// The body came to its end as the network sees it.
    pub fn body_ended(&mut self) {
        let State::Body { length } = self.state else { return };
        // A body shorter than announced is a cut connection. A longer one is not: it was compressed on its
        // way, and the announced length is that of the compressed form.
        let missing = match self.exact_size() {
            Some(size) => size.saturating_sub(self.received),
            None => length.unwrap_or(0).saturating_sub(self.body),
        };
        if missing > 0 || self.received == 0 {
            self.retry(format!("the connection ended {missing} bytes early"), None);
        } else {
            self.state = State::Complete;
        }
    }

    /// The connection could not be made, or broke.
    pub fn connection_broke(&mut self, reason: &str) {
        self.retry(reason.to_owned(), None);
    }

    /// What came in could not be written (a full disk): an end, with what is stored kept.
    pub fn storage_failed(&mut self, reason: &str) {
        self.fail(DownloadError::Storage(reason.to_owned()), true);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.received = self.received.saturating_add(bytes.len() as u64);
    }

    fn exact_size(&self) -> Option<u64> {
        self.plan.size.or(self.served.size)
    }

    fn range(&mut self) -> Option<String> {
        self.patched = self.received > 0;
        self.patched.then(|| format!("bytes={}-", self.received))
    }

    /// Forgets what came in.
    fn clear(&mut self) {
        self.hasher = Sha256::new();
        self.received = 0;
        self.body = 0;
        self.patched = false;
        // `mark` stays: a host that always starts anew and always breaks must not go on for ever.
    }

    fn start_over(&mut self) {
        self.clear();
        self.served = ServedFile::default();
        self.state = State::Ready;
    }

    /// The stored part does not fit what the server has: from the start, but not for ever.
    fn drop_part(&mut self) -> Begin {
        self.start_over();
        if std::mem::replace(&mut self.restarted, true) {
            self.retry("the file on the host keeps changing".to_owned(), None);
        }
        Begin::Drop { truncate: true }
    }

    fn refuse(&mut self, status: u16, retry_after: Option<&str>) -> Begin {
        let pause = retry_after.and_then(|seconds| seconds.trim().parse::<u32>().ok());
        match status {
            408 | 425 | 429 | 500.. => self.retry(format!("the host answered {status}"), pause),
            _ => {
                let meaning = match status {
                    401 | 403 => "it wants a log-in or does not allow this",
                    404 | 410 => "there is no such file",
                    416 => "it does not have the part that was asked for",
                    _ => "this is no answer that carries the file",
                };
                self.fail(DownloadError::Refused { status, url: self.plan.url.clone(), meaning }, true);
            }
        }
        Begin::Drop { truncate: false }
    }

    fn retry(&mut self, reason: String, asked_seconds: Option<u32>) {
        if matches!(self.state, State::Failed(_)) {
            return;
        }
        self.attempts += 1;
        if self.attempts >= self.policy.attempts {
            self.fail(DownloadError::GivenUp { attempts: self.attempts, reason }, true);
            return;
        }
        let doubled = self.policy.first_pause_ms * 2_f64.powi(self.attempts.min(30) as i32 - 1);
        // What the server asks for is at least kept to: the jitter takes up to half away.
        let asked = asked_seconds.map_or(0.0, |seconds| f64::from(seconds) * 2000.0);
        let millis = doubled.max(asked).min(self.policy.longest_pause_ms);
        self.state = State::Pausing { millis, reason };
    }

    fn fail(&mut self, error: DownloadError, keep_part: bool) -> Begin {
        self.keep_part = keep_part;
        self.state = State::Failed(error);
        Begin::Drop { truncate: !keep_part }
    }

    /// What came is not the file: away with it, and after a pause once more from the start, but not for ever.
    fn wrong_file(&mut self, error: DownloadError) -> Begin {
        self.wrong += 1;
        if self.wrong >= self.policy.wrong_files {
            return self.fail(error, false);
        }
        self.start_over();
        self.retry(error.to_string(), None);
        Begin::Drop { truncate: true }
    }

    fn verify(&mut self, jitter: f64) -> Next {
        let found = hexadecimal(&self.hasher.clone().finalize());
        let expected = self.plan.sha256.clone().or_else(|| self.served.sha256.clone());
        if let Some(expected) = expected.as_ref().filter(|expected| **expected != found) {
            if self.patched && !std::mem::replace(&mut self.restarted, true) {
                // One of the parts was damaged or of another version: once more, whole.
                self.start_over();
                return Next::Fetch { range: None };
            }
            let url = self.plan.url.clone();
            let error = DownloadError::WrongHash { url, expected: expected.clone(), found };
            self.wrong_file(error);
            return self.next(jitter);
        }
        self.state = State::Complete;
        Next::Done(FileRecord {
            role: self.plan.role,
            name: self.plan.name.clone(),
            url: self.plan.url.clone(),
            size: self.received,
            sha256: found,
            verified: expected.is_some(),
            etag: self.served.etag.clone(),
            stored_at: None,
        })
    }
}

impl ServedFile {
    fn of(head: &ResponseHead) -> Self {
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.trim().parse().ok());
        let range = head.content_range.as_deref().and_then(ContentRange::parse);
        let sha256 = head.linked_etag.as_deref().map(bare_etag).filter(|etag| is_sha256(etag));
        Self {
            etag: head.etag.as_deref().map(bare_etag).filter(|etag| !etag.is_empty()),
            size: number(&head.linked_size).or_else(|| range.and_then(|range| range.total)),
            sha256,
        }
    }

    /// Whether both can be of the same file.
    fn agrees_with(&self, other: &Self) -> bool {
        fn same<T: PartialEq>(left: &Option<T>, right: &Option<T>) -> bool {
            match (left, right) {
                (Some(left), Some(right)) => left == right,
                _ => true,
            }
        }
        same(&self.sha256, &other.sha256) && same(&self.size, &other.size) && same(&self.etag, &other.etag)
    }

    fn fill_from(&mut self, other: Self) {
        self.etag = self.etag.take().or(other.etag);
        self.size = self.size.or(other.size);
        self.sha256 = self.sha256.take().or(other.sha256);
    }
}

/// `bytes 1000-1999/5000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ContentRange {
    start: u64,
    total: Option<u64>,
}

impl ContentRange {
    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        let start = range.split_once('-')?.0.trim().parse().ok()?;
        Some(Self { start, total: total.trim().parse().ok() })
    }
}

/// An `ETag` without its weak mark and quotes.
fn bare_etag(etag: &str) -> String {
    etag.trim().trim_start_matches("W/").trim_matches('"').to_owned()
}

fn is_web_page(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
}

/// `bytes` in lower-case hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;
