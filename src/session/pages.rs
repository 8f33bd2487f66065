//! Page images: which are wanted, drawn, or to be let go of.
//!
//! Pixels stay on the page's canvases. Here is only their list: what came into view last is rendered
//! first, one at a time, and once the drawn pages take more than [`PIXEL_BUDGET`] those longest out of view
//! are cleared, so that 500 pages do not eat the memory.

use super::message::{Attachment, Command, Role};
use super::{JobState, Session};
use crate::pipeline::event::Options;
use crate::protocol::{JobId, Request};
use std::collections::BTreeMap;

/// Pixels that drawn pages may take together: 24 million are 96 MB.
const PIXEL_BUDGET: u64 = 24_000_000;
/// Documents the worker keeps open for rendering, besides the one worked on.
const MAX_OPEN: usize = 3;
/// Bytes that the files open in the worker may take together, besides those that are worked on or shown.
const MAX_OPEN_BYTES: u64 = 300_000_000;
/// Tries to render a page on which a worker dies.
const MAX_TRIES: u32 = 2;
/// Past the last page of any file: the file is only opened.
const ONLY_OPEN: u32 = u32::MAX;

/// State of a page image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PageImage {
    /// Not wanted, or let go of.
    #[default]
    Absent,
    /// Wanted.
    Waiting,
    /// On its canvas.
    Drawn,
    /// Impossible, and why.
    Failed(String),
}

#[derive(Clone, Debug, Default)]
struct Entry {
    image: PageImage,
    visible: bool,
    width_px: u32,
    pixels: u64,
    tries: u32,
    /// When it was last shown or hidden: a counter, not a time.
    touched: u64,
}

/// All page images.
#[derive(Clone, Debug, Default)]
pub(super) struct PageImages {
    entries: BTreeMap<(JobId, u32), Entry>,
    rendering: Option<(JobId, u32)>,
    /// Documents open in the worker, longest open first.
    open: Vec<JobId>,
    counter: u64,
    /// With boxes for what each step of the layout saw.
    overlay: bool,
    /// Nothing is drawn until this document gets further, if it is being extracted: a worker died that drew and read,
    /// and the next death is to say which of them it was.
    held: Option<JobId>,
}

impl PageImages {
    pub(super) fn state(&self, job: JobId, page: u32) -> PageImage {
        self.entries.get(&(job, page)).map(|entry| entry.image.clone()).unwrap_or_default()
    }

    /// Pixels of all pages that are drawn.
    pub(super) fn pixels(&self) -> u64 {
        self.entries.values().map(|entry| entry.pixels).sum()
    }

    /// Lets go of all drawn pages that are out of view.
    pub(super) fn clear_hidden(&mut self) -> Vec<(JobId, u32)> {
        let hidden = self.entries.iter_mut().filter(|(_, entry)| entry.pixels > 0 && !entry.visible);
        let clear = |(key, entry): (&(JobId, u32), &mut Entry)| {
            entry.pixels = 0;
            entry.image = PageImage::Absent;
            *key
        };
        hidden.map(clear).collect()
    }

    pub(super) fn is_rendering(&self) -> bool {
        self.rendering.is_some()
    }

    /// Whether a page of this document is being rendered.
    pub(super) fn is_rendering_of(&self, job: JobId) -> bool {
        self.rendering.is_some_and(|(owner, _)| owner == job)
    }

    pub(super) fn opened(&mut self, job: JobId) {
        self.open.retain(|open| *open != job);
        self.open.push(job);
    }

    pub(super) fn is_open(&self, job: JobId) -> bool {
        self.open.contains(&job)
    }

    pub(super) fn forget(&mut self, job: JobId) {
        self.entries.retain(|(owner, _), _| *owner != job);
        self.open.retain(|open| *open != job);
        if self.rendering.is_some_and(|(owner, _)| owner == job) {
            self.rendering = None;
        }
    }

    fn show(&mut self, job: JobId, page: u32, width_px: u32) {
        self.counter += 1;
        let touched = self.counter;
        let entry = self.entries.entry((job, page)).or_default();
        entry.visible = true;
        entry.touched = touched;
        if entry.width_px != width_px || entry.image == PageImage::Absent {
            entry.width_px = width_px;
            entry.image = PageImage::Waiting;
        }
    }

    /// Everything is drawn anew: now what is in view, the rest when it comes into view.
    fn set_overlay(&mut self, overlay: bool) {
        if self.overlay == overlay {
            return;
        }
        self.overlay = overlay;
        for entry in self.entries.values_mut() {
            if entry.visible && !matches!(entry.image, PageImage::Failed(_)) {
                entry.image = PageImage::Waiting;
            } else if entry.image == PageImage::Drawn {
                entry.image = PageImage::Absent;
            }
        }
    }

    fn hide(&mut self, job: JobId, page: u32) {
        self.counter += 1;
        let touched = self.counter;
        if let Some(entry) = self.entries.get_mut(&(job, page)) {
            entry.visible = false;
            entry.touched = touched;
            if entry.image == PageImage::Waiting {
                entry.image = PageImage::Absent;
            }
        }
    }

    /// The page that came into view last of those that wait.
    fn next(&self) -> Option<(JobId, u32, u32)> {
        let waiting = self.entries.iter().filter(|(_, entry)| entry.image == PageImage::Waiting);
        let newest = waiting.max_by_key(|(_, entry)| entry.touched);
        newest.map(|((job, page), entry)| (*job, *page, entry.width_px))
    }

    /// Pages to clear so that the rest stays in the budget.
    fn evict(&mut self) -> Vec<(JobId, u32)> {
        let mut total: u64 = self.entries.values().map(|entry| entry.pixels).sum();
        let mut gone = Vec::new();
        while total > PIXEL_BUDGET {
            let drawn = self.entries.iter_mut().filter(|(_, entry)| entry.pixels > 0 && !entry.visible);
            let Some((key, entry)) = drawn.min_by_key(|(_, entry)| entry.touched) else { break };
            total -= entry.pixels;
            entry.pixels = 0;
            entry.image = PageImage::Absent;
            gone.push(*key);
        }
        gone
    }

    pub(super) fn close(&mut self, job: JobId) {
        self.open.retain(|open| *open != job);
    }

    /// The worker was ended on purpose: what it was rendering waits for the next one.
    pub(super) fn worker_ended(&mut self) {
        self.open.clear();
        if let Some(key) = self.rendering.take()
            && let Some(entry) = self.entries.get_mut(&key)
            && entry.visible
        {
            entry.image = PageImage::Waiting;
        }
    }

    /// Nothing is drawn until `job` gets further.
    pub(super) fn hold(&mut self, job: JobId) {
        self.held = Some(job);
    }

    /// What was held back may be drawn.
    pub(super) fn release(&mut self) {
        self.held = None;
    }

    /// The worker is gone, and with it what was open and being rendered. True if something was.
    pub(super) fn worker_died(&mut self) -> bool {
        self.open.clear();
        let rendering = self.rendering.take();
        if let Some(key) = rendering
            && let Some(entry) = self.entries.get_mut(&key)
        {
            entry.tries += 1;
            if entry.tries >= MAX_TRIES {
                entry.image = PageImage::Failed("The page cannot be drawn.".to_owned());
            } else if entry.visible {
                entry.image = PageImage::Waiting;
            }
        }
        rendering.is_some()
    }
}

impl Session {
    pub(super) fn page_shown(&mut self, job: JobId, page: u32, width_px: u32) {
        if self.job(job).is_some_and(|job| !job.is_resting()) && width_px > 0 {
            self.pages.show(job, page, width_px);
        }
    }

    pub(super) fn page_hidden(&mut self, job: JobId, page: u32) {
        self.pages.hide(job, page);
    }

    pub(super) fn page_dropped(&mut self, job: JobId, page: u32) {
        self.pages.entries.remove(&(job, page));
    }

    pub(super) fn show_overlay(&mut self, shown: bool) {
        self.view.overlay = shown;
        self.pages.set_overlay(shown);
    }

    pub(super) fn rendered(
        &mut self,
        job: JobId,
        page: u32,
        size: [u32; 2],
        overlay: bool,
        out: &mut Vec<Command>,
    ) {
        self.pages.rendering = None;
        let [width_px, height_px] = size;
        if let Some(entry) = self.pages.entries.get_mut(&(job, page)) {
            entry.pixels = u64::from(width_px) * u64::from(height_px);
            entry.tries = 0;
            if overlay == self.pages.overlay && (width_px == entry.width_px || !entry.visible) {
                entry.image = PageImage::Drawn;
            }
        }
        for (job, page) in self.pages.evict() {
            out.push(Command::ClearPage { job, page });
        }
    }

    pub(super) fn render_failed(&mut self, job: JobId, page: u32, message: String) {
        if self.pages.rendering == Some((job, page)) {
            self.pages.rendering = None;
        }
        if let Some(entry) = self.pages.entries.get_mut(&(job, page)) {
            entry.image = PageImage::Failed(message);
        }
    }

    /// The document cannot be opened again: nothing of it can be drawn.
    pub(super) fn reopening_failed(&mut self, job: JobId, message: &str) {
        self.pages.open.retain(|open| *open != job);
        if let Some((owner, page)) = self.pages.rendering
            && owner == job
        {
            self.render_failed(owner, page, message.to_owned());
        }
    }

    /// Sends the next page to be rendered, if none is on its way.
    pub(super) fn render_wanted(&mut self, out: &mut Vec<Command>) {
        if self.broken.is_some() || self.pages.rendering.is_some() || self.clock.stop.is_some() {
            return;
        }
        if self.pages.held.is_some_and(|id| self.is_extracting(id)) {
            return;
        }
        let Some((job, page, width_px)) = self.pages.next() else { return };
        let was_idle = !self.document_worker_busy();
        if !self.pages.is_open(job) {
            let Some(found) = self.job(job) else { return };
            if matches!(found.state, JobState::NeedsPassword { .. }) || !found.has_pages() {
                return;
            }
            self.open_document(job, ONLY_OPEN, Options::default(), out);
        }
        self.pages.rendering = Some((job, page));
        let request = Request::Render { job, page, width_px, overlay: self.pages.overlay };
        self.workers.send(Role::Document, request, Attachment::Nothing, self.now, out);
        if was_idle {
            self.workers.get_mut(Role::Document).heard = self.now;
        }
    }

    /// Closes all documents in the worker that are neither worked on nor shown.
    pub(super) fn close_documents(&mut self, out: &mut Vec<Command>) {
        let keep = [self.active, self.view.job, self.pages.rendering.map(|(job, _)| job)];
        let closed: Vec<JobId> =
            self.pages.open.iter().copied().filter(|open| !keep.contains(&Some(*open))).collect();
        for job in closed {
            self.close_document(job, out);
        }
    }

    /// Closes a document in the worker, if it is open there.
    pub(super) fn close_document(&mut self, job: JobId, out: &mut Vec<Command>) {
        if self.pages.is_open(job) {
            self.pages.close(job);
            let request = Request::Close { job };
            self.workers.send(Role::Document, request, Attachment::Nothing, self.now, out);
        }
    }

    /// Sends a document to the worker, and closes those that have been open longest.
    pub(super) fn open_document(
        &mut self,
        id: JobId,
        first_page: u32,
        options: Options,
        out: &mut Vec<Command>,
    ) {
        let Some(job) = self.job(id) else { return };
        let request = Request::Convert {
            job: id,
            name: job.name.clone(),
            options,
            password: job.password.clone(),
            first_page,
            troubled: job.troubled.values().cloned().collect(),
            // After a death, page by page: the next one is to be the page's that caused it.
            ahead: if job.lost_worker() { 1 } else { self.scans.at_once() },
        };
        let file = job.file;
        // Others are closed first, so that their memory serves this one.
        self.pages.opened(id);
        while let Some(closed) = self.open_too_long(id) {
            self.close_document(closed, out);
        }
        self.workers.send(Role::Document, request, Attachment::File(file), self.now, out);
    }

    /// The document that has been open longest and is not needed now, if too many or too large ones are open.
    fn open_too_long(&self, opening: JobId) -> Option<JobId> {
        let open = &self.pages.open;
        let sizes = open.iter().filter_map(|id| self.job(*id)).map(|job| job.bytes);
        if open.len() <= MAX_OPEN && sizes.sum::<u64>() <= MAX_OPEN_BYTES {
            return None;
        }
        let keep = [Some(opening), self.active, self.view.job];
        open.iter().copied().find(|open| !keep.contains(&Some(*open)))
    }
}
