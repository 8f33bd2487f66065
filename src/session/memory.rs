//! Own accounting of memory, and what is let go of when it runs short.
//!
//! Counted are the programs' memories (each worker and the page tell theirs), the copies of figures' images that the
//! browser holds for the page, and the pixels of page images. A program's memory never shrinks, so that only ending
//! its worker gives any back.

use super::message::{Command, Role};
use super::workers::Life;
use super::{Job, Session};
use crate::protocol::JobId;
use std::collections::BTreeSet;

/// What to assume of a device that does not say how much memory it has, in bytes.
pub(super) const ASSUMED_MEMORY: u64 = 4 << 30;
/// A browser gives one tab about one part in this many of the device's memory.
const TAB_SHARE: u64 = 2;
/// Hundredths of the budget from which on memory is short, and below which it is so no more.
const TIGHT: (u64, u64) = (80, 70);
/// The same for memory that is nearly used up.
const CRITICAL: (u64, u64) = (90, 80);
/// Bytes of a pixel on a canvas.
const PIXEL_BYTES: u64 = 4;
/// Figures that are described with one request while memory is short: their files are copied for it.
const FIGURES_WHEN_TIGHT: usize = 2;
/// How often the browser is asked what it counts itself, in milliseconds: it tidies up for that.
const MEASURE_EVERY_MS: f64 = 20_000.0;

/// How short memory is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// There is enough.
    #[default]
    Fine,
    /// What is not looked at is let go of, and less is done at a time.
    Tight,
    /// Whatever can be made anew is let go of.
    Critical,
}

/// What is known of the memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Bytes of the page's own program.
    page: u64,
    /// Bytes that the browser counted beyond what is counted here.
    beyond: u64,
    /// The document worker is to be ended as soon as it has nothing to do.
    document_owed: bool,
    level: Level,
    /// The most bytes there were.
    peak: u64,
    /// When the browser was last asked.
    asked: Option<f64>,
    /// Documents whose figures were shown: the browser holds copies of their images.
    pictured: BTreeSet<JobId>,
    /// Documents whose report says that memory ran short.
    noted: BTreeSet<JobId>,
}

/// Memory in numbers, for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryUse {
    /// Bytes in use.
    pub now: u64,
    /// The most there were since the page was opened.
    pub peak: u64,
    /// Bytes that are meant to suffice.
    pub budget: u64,
    /// How short it is.
    pub level: Level,
}

impl Level {
    /// The level that follows for `used` of `budget` bytes. To fall it takes less than to rise, so that one document
    /// does not go back and forth.
    #[must_use]
    fn next(self, used: u64, budget: u64) -> Self {
        let hundredths = used.saturating_mul(100) / budget.max(1);
        let over = |(rise, fall): (u64, u64), is_there: bool| {
            if is_there { hundredths >= fall } else { hundredths >= rise }
        };
        if over(CRITICAL, self == Self::Critical) {
            Self::Critical
        } else if over(TIGHT, self >= Self::Tight) {
            Self::Tight
        } else {
            Self::Fine
        }
    }
}

impl Session {
    /// Memory in use, at most, and meant to suffice.
    #[must_use]
    pub fn memory_use(&self) -> MemoryUse {
        let Memory { level, peak, .. } = self.held;
        MemoryUse { now: self.memory_in_use(), peak, budget: self.memory_budget(), level }
    }

    /// Bytes that the page and its workers are meant to get by with: the person's, or a tab's share of the device.
    #[must_use]
    pub fn memory_budget(&self) -> u64 {
        self.settings.memory_limit.unwrap_or(self.memory.unwrap_or(ASSUMED_MEMORY) / TAB_SHARE)
    }

    fn memory_in_use(&self) -> u64 {
        let counted = self.counted();
        // What the browser counted beyond may have gone with a worker since.
        counted.saturating_add(self.held.beyond.min(counted))
    }

    /// Bytes by own accounting.
    fn counted(&self) -> u64 {
        let alive = Role::ALL.map(|role| self.workers.get(role)).into_iter();
        let workers: u64 = alive.filter(|worker| worker.life != Life::Off).map(|worker| worker.memory).sum();
        let images = |job: &Job| job.result.image_bytes();
        let all: u64 = self.jobs.iter().map(images).sum();
        let copies: u64 =
            self.jobs.iter().filter(|job| self.held.pictured.contains(&job.id)).map(images).sum();
        // The images themselves lie in the page's own memory.
        workers + self.held.page.max(all) + copies + self.pages.pixels() * PIXEL_BYTES
    }

    /// A worker told how much memory its program has.
    pub(super) fn worker_memory(&mut self, role: Role, bytes: u64) {
        self.workers.get_mut(role).memory = bytes;
    }

    /// The page's program has so much memory.
    pub(super) fn page_memory(&mut self, bytes: u64) {
        self.held.page = bytes;
    }

    /// What the browser counts for everything. No more is believed than twice the own count: memory that threads share
    /// may be in it several times.
    pub(super) fn memory_measured(&mut self, bytes: u64) {
        let counted = self.counted();
        self.held.beyond = bytes.saturating_sub(counted).min(counted);
    }

    /// Asks the browser from time to time, while something is done.
    pub(super) fn measure_memory(&mut self, out: &mut Vec<Command>) {
        let due = self.held.asked.is_none_or(|asked| self.now - asked >= MEASURE_EVERY_MS);
        if due && self.active.is_some() {
            self.held.asked = Some(self.now);
            out.push(Command::MeasureMemory);
        }
    }

    /// Figures that may be described with one request.
    pub(super) fn figures_at_once(&self) -> usize {
        if self.is_memory_short() { FIGURES_WHEN_TIGHT } else { usize::MAX }
    }

    pub(super) fn is_memory_short(&self) -> bool {
        self.held.level >= Level::Tight
    }

    /// Looks at the memory after each event, and lets go of what the level demands.
    pub(super) fn mind_memory(&mut self, out: &mut Vec<Command>) {
        if let Some(shown) = self.view.job {
            self.held.pictured.insert(shown);
        }
        let (used, budget) = (self.memory_in_use(), self.memory_budget());
        self.held.peak = self.held.peak.max(used);
        if let Some(job) = self.active.and_then(|id| self.job_mut(id)) {
            job.peak_memory = job.peak_memory.max(used);
            job.memory_budget = budget;
        }
        let before = self.held.level;
        let level = before.next(used, budget);
        self.held.level = level;
        if level >= Level::Tight {
            self.tell_memory_short();
            self.let_go_of_pictures(out);
        }
        if level == Level::Critical {
            self.held.document_owed |= before < Level::Critical;
            self.let_go_of_work(out);
        } else {
            self.held.document_owed = false;
        }
    }

    /// Tells the person once for each document that is worked on.
    fn tell_memory_short(&mut self) {
        let Some(id) = self.active else { return };
        if !self.held.noted.insert(id) {
            return;
        }
        let Some(job) = self.job_mut(id) else { return };
        job.note(
            "Memory ran short, so Recto went on with less at a time, and let go of what was not looked at.",
        );
        self.notify("Memory is short. Recto goes on with less at a time; closing other tabs helps.");
    }

    /// Page images out of view, and the browser's copies of figures that are not shown.
    fn let_go_of_pictures(&mut self, out: &mut Vec<Command>) {
        out.extend(self.pages.clear_hidden().into_iter().map(|(job, page)| Command::ClearPage { job, page }));
        let shown = self.view.job;
        let others: Vec<JobId> =
            self.held.pictured.iter().copied().filter(|job| Some(*job) != shown).collect();
        self.held.pictured.retain(|job| Some(*job) == shown);
        out.extend(others.into_iter().map(Command::ForgetFigures));
    }

    /// Workers that have nothing to do, and documents that nobody looks at.
    fn let_go_of_work(&mut self, out: &mut Vec<Command>) {
        self.close_documents(out);
        if self.watch.is_idle() && self.workers.get(Role::Model).life == Life::Ready {
            self.end_worker(Role::Model, out);
        }
        if !self.scans.is_reading(Role::SecondScan) {
            self.workers.end(Role::SecondScan, out);
        }
        let idle = self.clock.stop.is_none() && !self.document_worker_busy();
        if self.held.document_owed && idle && self.workers.get(Role::Document).life == Life::Ready {
            // Once each time that memory runs short: it opens what is to be drawn again.
            self.held.document_owed = false;
            self.end_worker(Role::Document, out);
        }
        self.rest_documents(0, out);
    }

    /// A document is gone.
    pub(super) fn forget_memory(&mut self, id: JobId) {
        self.held.pictured.remove(&id);
        self.held.noted.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_rise_and_fall_at_different_marks() {
        use Level::{Critical, Fine, Tight};
        let walk = |used: &[u64]| {
            let mut level = Fine;
            used.iter()
                .map(|used| {
                    level = level.next(*used, 100);
                    level
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(walk(&[79, 80, 75, 70, 69]), [Fine, Tight, Tight, Tight, Fine]);
        assert_eq!(walk(&[95, 85, 80, 79, 69]), [Critical, Critical, Critical, Tight, Fine]);
        assert_eq!(walk(&[95, 10]), [Critical, Fine]);
        assert_eq!(walk(&[0]), [Fine]);
    }
}
