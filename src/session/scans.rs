//! Pages whose text is read from their pixels: from the document worker to those that read scans, and back.
//!
//! The pixels themselves are parcels that the edge passes on; the session knows whose they are. Whatever happens
//! to a worker, the document worker gets an answer for each page, and goes on.

use super::Session;
use super::job::JobState;
use super::message::{Attachment, Command, Role};
use super::workers::Life;
use crate::protocol::{JobId, Request};
use crate::registry::{ModelEntry, ModelKind};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long a worker may be at one page and say nothing.
const SILENCE_MS: f64 = 180_000.0;
/// With less memory than this, in bytes, one worker has to do.
const MEMORY_FOR_TWO: u64 = 4 << 30;

/// A page's pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sheet {
    job: JobId,
    page: u32,
    width_px: u32,
    height_px: u32,
}

/// Who reads what.
#[derive(Clone, Debug, Default)]
pub(super) struct Scans {
    waiting: VecDeque<Sheet>,
    reading: BTreeMap<Role, Sheet>,
    /// Workers that may read at once.
    at_once: usize,
    /// Why nothing can be read in this page's lifetime.
    given_up: Option<String>,
}

impl Scans {
    pub(super) fn new(memory: Option<u64>, processors: u32) -> Self {
        let two = processors > 1 && memory.is_none_or(|memory| memory >= MEMORY_FOR_TWO);
        Self { at_once: if two { 2 } else { 1 }, ..Self::default() }
    }

    /// The document worker waits for pages.
    pub(super) fn is_busy(&self) -> bool {
        !self.waiting.is_empty() || !self.reading.is_empty()
    }

    /// Pages that may be with the workers at a time.
    pub(super) fn at_once(&self) -> u32 {
        u32::try_from(self.at_once).unwrap_or(1)
    }

    /// Whether `role` has a page before it.
    pub(super) fn is_reading(&self, role: Role) -> bool {
        self.reading.contains_key(&role)
    }

    /// Whether `role` has been at one page for too long.
    pub(super) fn is_silent(&self, role: Role, silent_ms: f64) -> bool {
        self.reading.contains_key(&role) && silent_ms > SILENCE_MS
    }
}

impl Session {
    /// Tells how many processors the browser says there are. One, until it is told.
    #[must_use]
    pub fn with_processors(mut self, processors: u32) -> Self {
        self.scans = Scans::new(self.memory, processors);
        self
    }

    /// The model that reads scans.
    #[must_use]
    pub fn scan_model(&self) -> Option<&ModelEntry> {
        let chosen = self.settings.scan_model.as_deref().and_then(|id| self.models.entry(id));
        chosen
            .filter(|model| model.kind == ModelKind::Scan)
            .or_else(|| self.models.of_kind(ModelKind::Scan).next())
    }

    /// Pixels of a page came from the document worker.
    pub(super) fn have_pixels(
        &mut self,
        job: JobId,
        page: u32,
        [width_px, height_px]: [u32; 2],
        out: &mut Vec<Command>,
    ) {
        if self.is_extracting(job) {
            self.scans.waiting.push_back(Sheet { job, page, width_px, height_px });
        } else {
            out.push(Command::ForgetParcels(job));
        }
    }

    /// A page has been read.
    pub(super) fn pixels_read(
        &mut self,
        role: Role,
        job: JobId,
        page: u32,
        error: Option<String>,
        out: &mut Vec<Command>,
    ) {
        let known = self.scans.reading.get(&role).is_some_and(|sheet| (sheet.job, sheet.page) == (job, page));
        if known {
            self.scans.reading.remove(&role);
            self.answer_pixels(job, page, error, out);
        }
    }

    fn answer_pixels(&mut self, job: JobId, page: u32, error: Option<String>, out: &mut Vec<Command>) {
        if !self.is_extracting(job) || self.workers.get(Role::Document).life != Life::Ready {
            return;
        }
        let parcel = if error.is_none() { Attachment::Parcel(job, page) } else { Attachment::Nothing };
        let request = Request::HaveRead { job, page, error };
        self.workers.send(Role::Document, request, parcel, self.now, out);
        self.workers.get_mut(Role::Document).heard = self.now;
    }

    /// Gives pages that wait to workers that do not.
    pub(super) fn read_scans(&mut self, out: &mut Vec<Command>) {
        self.tidy_scans(out);
        while let Some(sheet) = self.scans.waiting.front().copied() {
            let refusal = match (&self.scans.given_up, self.scan_model()) {
                (Some(why), _) => Some(why.clone()),
                (None, None) if self.models.registry.is_some() => Some("no model reads scans".to_owned()),
                (None, None) => match &self.models.registry_error {
                    Some(why) => Some(format!("the list of models could not be read: {why}")),
                    // It is on its way.
                    None => return,
                },
                (None, Some(_)) => None,
            };
            if let Some(why) = refusal {
                self.scans.waiting.pop_front();
                self.answer_pixels(sheet.job, sheet.page, Some(why), out);
                continue;
            }
            let free = |role: &Role| !self.scans.reading.contains_key(role);
            let at_once = if self.is_memory_short() { 1 } else { self.scans.at_once };
            let Some(role) = Role::SCANS.into_iter().take(at_once).find(free) else { return };
            let Some(model) = self.scan_model().cloned() else { return };
            self.scans.waiting.pop_front();
            let Sheet { job, page, width_px, height_px } = sheet;
            let base_url = Some(self.settings.base_url.trim().to_owned()).filter(|url| !url.is_empty());
            let request = Request::ReadPixels { job, page, width_px, height_px, model, base_url };
            self.workers.send(role, request, Attachment::Parcel(job, page), self.now, out);
            self.workers.get_mut(role).heard = self.now;
            self.scans.reading.insert(role, sheet);
        }
    }

    /// A worker died: its page is told without the text that was to be read, and the others go on.
    pub(super) fn scan_worker_died(&mut self, role: Role, why: &str, out: &mut Vec<Command>) {
        let Some(sheet) = self.scans.reading.remove(&role) else { return };
        let why = format!("what reads scans failed ({why})");
        self.answer_pixels(sheet.job, sheet.page, Some(why.clone()), out);
        if let Some(job) = self.job_mut(sheet.job) {
            job.note(format!("Page {}: {why}.", sheet.page));
        }
    }

    /// Neither starts: pages of scans are told as they are.
    pub(super) fn give_up_scans(&mut self, role: Role, message: &str, out: &mut Vec<Command>) {
        self.scans.given_up = Some(message.trim_end_matches('.').to_owned());
        self.scan_worker_died(role, message.trim_end_matches('.'), out);
    }

    /// Nothing is read any more for a document: its extraction is over, or begins again.
    pub(super) fn drop_scans(&mut self, out: &mut Vec<Command>) {
        let sheets = self.scans.waiting.drain(..).chain(self.scans.reading.values().copied());
        let jobs: BTreeSet<JobId> = sheets.map(|sheet| sheet.job).collect();
        out.extend(jobs.into_iter().map(Command::ForgetParcels));
        // A worker that reads hears nothing; one that does not stays for the next document.
        for role in std::mem::take(&mut self.scans.reading).into_keys() {
            self.workers.end(role, out);
        }
    }

    /// Lets go of what no extraction waits for.
    fn tidy_scans(&mut self, out: &mut Vec<Command>) {
        let extracting = self.active.filter(|id| self.is_extracting(*id));
        let sheets = self.scans.waiting.iter().chain(self.scans.reading.values());
        if sheets.into_iter().any(|sheet| Some(sheet.job) != extracting) {
            self.drop_scans(out);
        }
        if extracting.is_none() && !self.jobs.iter().any(|job| job.state == JobState::Waiting) {
            // Their memory is wanted by the models.
            for role in Role::SCANS {
                self.workers.end(role, out);
            }
        }
    }
}
