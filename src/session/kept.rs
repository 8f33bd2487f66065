//! What is kept of a document so that it survives a reload or a crash: a diary of everything that changed its result,
//! from which the result is made again.

use super::job::{Job, JobState, Phase};
use super::message::{Command, NewFile};
use super::words::Doubt;
use super::{Session, count};
use crate::document::{FigureId, FigureImage};
use crate::pipeline::event::{Detour, Event as Told, Outcome, Trouble};
use crate::protocol::JobId;
use serde::{Deserialize, Serialize};

/// One entry of the diary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "entries are written and let go")]
pub enum Entry {
    /// The pipeline told something.
    Told(Told),
    /// Workers died on a page, which takes a detour from then on.
    Detoured(Trouble),
    /// The person wrote a description.
    Wrote {
        /// Of which figure.
        figure: FigureId,
        /// Empty to take it away.
        text: String,
    },
    /// The person said what a doubtful word is.
    Checked {
        /// Page, from 1.
        page: u32,
        /// Its place among the page's words.
        word: usize,
        /// What it is.
        text: String,
    },
    /// The person took back the last of these.
    TookBack,
    /// All that was asked for is done.
    Finished,
}

/// An entry with the images that travel beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What happened.
    pub entry: Entry,
    /// Image files of a page's figures.
    pub images: Vec<FigureImage>,
}

/// A document of an earlier visit.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// Its name in the storage.
    pub key: String,
    /// File name.
    pub name: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// When it came, in milliseconds since 1970.
    pub at: f64,
    /// Pages that are finished.
    pub pages: u32,
    /// All that was asked for is done.
    pub finished: bool,
}

/// Why a part of a diary cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was kept of the document is damaged")]
pub struct Damaged;

/// Entries as bytes: the length of a JSON list as four bytes (little-endian), the list, the images one after the other.
#[must_use]
pub fn encode(entries: &[Kept]) -> Vec<u8> {
    let list: Vec<(&Entry, Vec<(&FigureId, usize)>)> = entries
        .iter()
        .map(|kept| (&kept.entry, kept.images.iter().map(|image| (&image.id, image.bytes.len())).collect()))
        .collect();
    let json = serde_json::to_vec(&list).unwrap_or_default();
    let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend_from_slice(&json);
    for image in entries.iter().flat_map(|kept| &kept.images) {
        bytes.extend_from_slice(&image.bytes);
    }
    bytes
}

/// Entries from their bytes.
///
/// # Errors
/// If anything is missing or makes no sense.
pub fn decode(bytes: &[u8]) -> Result<Vec<Kept>, Damaged> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or(Damaged)?;
    let (json, mut rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Damaged)?;
    let list: Vec<(Entry, Vec<(FigureId, usize)>)> = serde_json::from_slice(json).map_err(|_| Damaged)?;
    let mut entries = Vec::with_capacity(list.len());
    for (entry, images) in list {
        let mut kept = Kept { entry, images: Vec::new() };
        for (id, length) in images {
            let (bytes, after) = rest.split_at_checked(length).ok_or(Damaged)?;
            kept.images.push(FigureImage { id, bytes: bytes.to_vec() });
            rest = after;
        }
        entries.push(kept);
    }
    Ok(entries)
}

impl Session {
    /// Has an entry kept, if documents are.
    pub(super) fn keep(&mut self, job: JobId, entry: Entry, images: &[FigureImage]) {
        let Some(job) = self.job_mut(job) else { return };
        // Until the edge says that this is written too.
        job.kept_whole = false;
        let (file, keeps) = (job.file, job.has_diary);
        if keeps {
            self.keeping.push(Command::Keep { file, kept: Kept { entry, images: images.to_vec() } });
        }
    }

    /// The same with what the pipeline told, which is copied only then.
    pub(super) fn keep_told(&mut self, job: JobId, told: &Told, images: &[FigureImage]) {
        if self.job(job).is_some_and(|job| job.has_diary) {
            self.keep(job, Entry::Told(told.clone()), images);
        }
    }

    /// A document of an earlier visit is here again.
    pub(super) fn recalled(&mut self, file: NewFile, entries: Vec<Kept>) {
        let id = self.new_job(file);
        let keeps = self.settings.keep;
        let Some(job) = self.job_mut(id) else { return };
        entries.into_iter().for_each(|kept| job.relive(kept));
        job.state = if job.todo.is_empty() { JobState::Done } else { JobState::Waiting };
        job.resumed = job.has_pages();
        job.has_diary = keeps;
        self.touch(id);
        let Some(job) = self.job(id) else { return };
        let pages = count(job.document().pages.len(), "page", "pages");
        let text = format!("{} is here again, with {pages} finished.", job.name);
        self.view.job = Some(id);
        self.announce(text);
    }
}

impl Job {
    /// Makes the change that an entry tells of once more.
    pub(super) fn relive(&mut self, kept: Kept) {
        match kept.entry {
            Entry::Told(Told::StageEnded(report)) => {
                let stage = report.stage;
                self.todo.retain(|todo| *todo != stage);
                // What was stopped is taken up again.
                if report.outcome == Outcome::Stopped {
                    self.todo.push(stage);
                    self.todo.sort_by_key(|stage| *stage as u8);
                }
                self.stage_mut(stage).phase = Phase::Ended(report.outcome.clone());
                self.worked += report.millis.max(0.0);
                self.result.apply(Told::StageEnded(report), Vec::new());
            }
            Entry::Told(Told::Page { page, figures, warnings }) => {
                let number = page.number;
                self.result.apply(Told::Page { page, figures, warnings }, kept.images);
                self.page_changed(number);
            }
            Entry::Told(event) => {
                self.result.apply(event, Vec::new());
                self.figures_changed();
                self.synopsis_changed();
            }
            Entry::Detoured(trouble) => self.detour(trouble),
            Entry::Wrote { figure, text } => {
                self.result.edit_description(&figure, &text);
                self.figures_changed();
            }
            Entry::Checked { page, word, text } => {
                if let Some(correction) = self.result.correct_word(page, word, &text) {
                    self.corrections.push(correction);
                    self.page_changed(page);
                }
            }
            Entry::TookBack => {
                if let Some(correction) = self.corrections.pop()
                    && self.result.take_back_word(&correction)
                {
                    self.page_changed(correction.page);
                }
            }
            Entry::Finished => {}
        }
    }

    /// Has a page take a detour. One that is finished stays: it is only not looked through again.
    pub(super) fn detour(&mut self, trouble: Trouble) {
        let (page, finished) = (trouble.page, self.has_page(trouble.page));
        if trouble.detour == Detour::Nothing && !finished {
            self.result.give_up_page(page, &trouble.why);
            self.page_changed(page);
        }
        self.troubled.insert(page, trouble);
    }
}

/// The entry for a checked word.
pub(super) fn checked(doubt: Doubt, text: &str) -> Entry {
    Entry::Checked { page: doubt.page, word: doubt.word, text: text.to_owned() }
}
