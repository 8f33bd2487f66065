//! The page's state. In go [`Event`]s (what the person does, what workers say, time), out come
//! [`Command`]s for the page's edge, which holds files, workers, canvases and timers. Nothing here knows
//! of a browser, so that all behaviour is tested natively with scripted events.
//!
//! Documents are worked on one at a time. For each, the stages run in order: extraction in the document
//! worker (with the workers that read scans), descriptions and summary in the model worker. A worker that dies is started again and the
//! document goes on from the last finished page; what makes it die twice takes a detour or is left out, and is noted.

mod benchmark;
mod browser;
pub mod export;
mod flow;
mod history;
mod job;
mod kept;
mod memory;
mod message;
mod models;
mod pages;
mod parts;
mod person;
mod record;
mod recovery;
mod rest;
mod scans;
mod self_check;
mod settings;
mod time;
mod variant;
mod wants;
mod watch;
mod wording;
mod words;
mod workers;

#[cfg(test)]
mod tests;

pub use benchmark::Benchmark;
pub use browser::{Ability, Browser};
pub use history::{Ending, History, Rating, Run};
pub use job::{Exchange, Job, JobState, Phase, Reply, Revisions, STAGES, StageState};
pub use kept::{Damaged, Earlier, Entry, Kept, decode, encode};
pub use memory::{Level, MemoryUse};
pub use message::{Attachment, Command, Event, ExportKind, FileId, NewFile, Pane, Role, Tab};
pub use models::{ModelStatus, Models, Resolved};
pub use pages::PageImage;
pub use record::{Aim, Record};
pub use self_check::SelfCheck;
pub use settings::{ModelChoice, Settings, Theme};
pub use variant::{Abilities, Choice, Variant};
pub use wants::Wants;
pub use wording::{count, duration, file_size, page_range};
pub use words::{DOUBTFUL, Doubt};

use crate::document::{BlockId, Rect};
use crate::protocol::JobId;
use workers::Workers;

/// The state of the page.
#[derive(Clone, Debug)]
pub struct Session {
    /// Documents in the order in which they came, with that of a running self-check.
    pub jobs: Vec<Job>,
    /// What is shown.
    pub view: View,
    /// What is remembered.
    pub settings: Settings,
    /// Models: known, stored, being downloaded.
    pub models: Models,
    /// How fast the models are here.
    pub benchmark: Benchmark,
    /// Whether all stages do here what they should.
    pub self_check: SelfCheck,
    /// How the last documents went.
    pub history: History,
    /// The build of the program that runs models here.
    pub program: &'static str,
    /// The last thing worth telling, for the live region and a passing notice.
    pub announcement: Announcement,
    /// Time of the last event in milliseconds.
    pub now: f64,
    /// Something that keeps the whole page from working.
    pub broken: Option<String>,
    active: Option<JobId>,
    next_job: u32,
    workers: Workers,
    store_deaths: u32,
    pages: pages::PageImages,
    /// What the device says it has, in bytes.
    memory: Option<u64>,
    held: memory::Memory,
    watch: watch::Watch,
    scans: scans::Scans,
    clock: time::Clock,
    /// What is to be kept of the event that is being applied.
    keeping: Vec<Command>,
    /// Documents of earlier visits that are not open, the newest first; none where the browser keeps nothing.
    pub earlier: Vec<Earlier>,
    /// Counts up as documents are finished and looked at.
    touches: u64,
    writing: rest::Writing,
}

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The document.
    pub job: Option<JobId>,
    /// The tab.
    pub tab: Tab,
    /// The pane on a narrow screen.
    pub pane: Pane,
    /// The selected place.
    pub selection: Option<Selection>,
    /// The panel of doubtful words is open.
    pub checking: bool,
    /// The doubtful word that is looked at.
    pub doubt: Option<Doubt>,
    /// Page images show what each step of the layout saw.
    pub overlay: bool,
    /// A newer version of the app can be applied.
    pub update: bool,
    /// The settings are open.
    pub settings: bool,
    /// The document whose password is asked for.
    pub password: Option<JobId>,
}

/// A selected block or figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The block; none for a figure without one.
    pub block: Option<BlockId>,
    /// The page, from 1.
    pub page: u32,
    /// Its box in points.
    pub area: Rect,
}

/// Something to tell the person in passing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announcement {
    /// Counts up, so that the same words can be said twice.
    pub number: u32,
    /// The words.
    pub text: String,
    /// Shown as well as spoken.
    pub visible: bool,
}

impl Session {
    /// A page without documents. `memory` is what the device says it has, in bytes.
    #[must_use]
    pub fn new(settings: Settings, memory: Option<u64>) -> Self {
        Self {
            jobs: Vec::new(),
            view: View::default(),
            settings,
            models: Models::new(memory),
            benchmark: Benchmark::default(),
            self_check: SelfCheck::default(),
            history: History::default(),
            program: "",
            announcement: Announcement::default(),
            now: 0.0,
            broken: None,
            active: None,
            next_job: 1,
            workers: Workers::default(),
            store_deaths: 0,
            pages: pages::PageImages::default(),
            memory,
            held: memory::Memory::default(),
            watch: watch::Watch::default(),
            scans: scans::Scans::new(memory, 1),
            clock: time::Clock::default(),
            keeping: Vec::new(),
            earlier: Vec::new(),
            touches: 0,
            writing: rest::Writing::default(),
        }
    }

    /// Takes in an event at time `now` (milliseconds, never going back) and says what to do.
    pub fn apply(&mut self, now: f64, event: Event) -> Vec<Command> {
        let mut out = Vec::new();
        self.now = now;
        match event {
            Event::Worker { role, generation, response, images } => {
                self.hear(role, generation, response, images, &mut out);
            }
            Event::WorkerFailed { role, generation, message } => {
                if self.is_current(role, generation) {
                    self.worker_died(role, &message, &mut out);
                }
            }
            Event::Tick => self.tick(&mut out),
            event => self.person(event, &mut out),
        }
        self.mind_memory(&mut out);
        self.read_scans(&mut out);
        self.advance(&mut out);
        self.end_self_check(&mut out);
        self.render_wanted(&mut out);
        self.bring_back(&mut out);
        self.rest_documents(rest::MOST_AWAKE, &mut out);
        self.plan_wake(&mut out);
        out.append(&mut self.keeping);
        out
    }

    /// What the device says it has, in bytes.
    #[must_use]
    pub fn memory(&self) -> Option<u64> {
        self.memory
    }

    /// The document called `id`.
    #[must_use]
    pub fn job(&self, id: JobId) -> Option<&Job> {
        self.jobs.iter().find(|job| job.id == id)
    }

    /// The document whose file this is.
    fn job_of(&mut self, file: FileId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.file == file)
    }

    pub(crate) fn job_mut(&mut self, id: JobId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    /// The document that is shown.
    #[must_use]
    pub fn shown(&self) -> Option<&Job> {
        self.view.job.and_then(|id| self.job(id))
    }

    /// How many documents are worked on before this one.
    #[must_use]
    pub fn waiting_before(&self, id: JobId) -> usize {
        let before = self.jobs.iter().take_while(|job| job.id != id);
        let waiting = before.filter(|job| job.state == JobState::Waiting).count();
        waiting + usize::from(self.active.is_some_and(|active| active != id))
    }

    /// The document being worked on.
    #[must_use]
    pub fn active(&self) -> Option<&Job> {
        self.active.and_then(|id| self.job(id))
    }

    /// State of a page image.
    #[must_use]
    pub fn page_image(&self, job: JobId, page: u32) -> PageImage {
        self.pages.state(job, page)
    }

    fn is_current(&self, role: Role, generation: u32) -> bool {
        let worker = self.workers.get(role);
        worker.life != workers::Life::Off && worker.generation == generation
    }

    fn announce(&mut self, text: impl Into<String>) {
        self.say(text, false);
    }

    fn notify(&mut self, text: impl Into<String>) {
        self.say(text, true);
    }

    fn say(&mut self, text: impl Into<String>, visible: bool) {
        self.announcement.number += 1;
        self.announcement.text = text.into();
        self.announcement.visible = visible;
    }
}
