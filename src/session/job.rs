//! One document in the queue: what is wanted, what is finished, and how far the rest is.

use super::message::FileId;
use super::parts::Parts;
use super::rest::Rest;
use crate::document::{Correction, Document, FigureId, Passage, Rect};
use crate::pipeline::Assembler;
use crate::pipeline::event::{Outcome, Progress, Stage, Trouble};
use crate::protocol::JobId;
use std::collections::{BTreeMap, BTreeSet};

/// In the place of a page: the file as a whole, while it is opened or its first look is summed up.
pub(super) const OPENING: u32 = 0;

/// A document in the queue.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// The file's handle.
    pub file: FileId,
    /// File name.
    pub name: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Where it stands.
    pub state: JobState,
    /// What is finished.
    pub result: Assembler,
    /// Stage 1, 2 and 3.
    pub stages: [StageState; 3],
    /// Stages still to be run, in order.
    pub todo: Vec<Stage>,
    /// What happened on the way (a worker restarted, a page left out), for the report.
    pub notes: Vec<String>,
    /// Questions and answers, oldest first.
    pub exchanges: Vec<Exchange>,
    /// Counts up when pages, figures, synopsis or report change, so that the page redraws only then.
    pub revisions: Revisions,
    /// Doubtful words of each page that has some, by their place in the page's words.
    pub(super) doubtful: BTreeMap<u32, Vec<usize>>,
    /// Words that the person has checked, the last one last.
    pub(super) corrections: Vec<Correction>,
    /// What is wanted of it, where the settings do not say it.
    pub(super) wants: Option<super::Wants>,
    /// The password given.
    pub(super) password: Option<String>,
    /// The person asked for this stage's model, so that a missing one may be downloaded.
    pub(super) may_download: bool,
    /// Extraction was stopped and taken up again.
    pub(super) resumed: bool,
    /// Pages on which workers died often enough, by number.
    pub(super) troubled: BTreeMap<u32, Trouble>,
    /// The page that the worker said last that it is at; [`OPENING`] while it opens the file.
    pub(super) at_page: Option<u32>,
    /// How often a worker died on a page, or on [`OPENING`].
    pub(super) deaths: BTreeMap<u32, u32>,
    /// A worker died that also drew a page.
    pub(super) drew_and_died: bool,
    /// Figures to leave out because a worker died on them.
    pub(super) skip_figures: BTreeSet<FigureId>,
    /// Models that failed on this document.
    pub(super) broken_models: BTreeSet<String>,
    /// How often a model worker died since it last got anywhere.
    pub(super) model_deaths: u32,
    /// Time the running work began, in milliseconds.
    pub(super) began: f64,
    /// Milliseconds worked before that.
    pub(super) worked: f64,
    /// It is among those whose times are remembered.
    pub(super) remembered: bool,
    /// Models that could not be downloaded for it.
    pub(super) no_download: BTreeSet<String>,
    /// The most memory in use while it was worked on, in bytes; 0 if that is not known.
    pub peak_memory: u64,
    /// Bytes of memory that were meant to suffice.
    pub(super) memory_budget: u64,
    /// The build of the models' program that worked on it.
    pub(super) program: &'static str,
    /// The edge keeps a diary of it.
    pub(super) has_diary: bool,
    /// Figures on which workers died.
    pub(super) dead_figures: u32,
    /// All of its diary is written, so that the result can be made again.
    pub(super) kept_whole: bool,
    /// It is finished, and its diary is being written.
    pub(super) unwritten: bool,
    /// When it was last finished or looked at: a counter, not a time.
    pub(super) touched: u64,
    /// Its result is not in memory.
    pub(super) rest: Option<Rest>,
}

/// Where a document stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// In the queue.
    Waiting,
    /// Being worked on.
    Working,
    /// Needs a password; `wrong` if one was given and was wrong.
    NeedsPassword {
        /// One was given, and it is wrong.
        wrong: bool,
    },
    /// All stages ended.
    Done,
    /// The person stopped it; what was finished is kept.
    Stopped,
    /// Nothing could be made of it.
    Failed {
        /// What happened.
        message: String,
        /// What the person can do.
        advice: String,
    },
}

/// Where a stage stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageState {
    /// Where it stands.
    pub phase: Phase,
    /// Its last progress.
    pub progress: Option<Progress>,
    /// Text being generated.
    pub partial: String,
    /// When it began, in milliseconds.
    pub began: f64,
    /// What its requests came to so far.
    pub(super) parts: Parts,
}

/// Where a stage stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Not its turn yet.
    #[default]
    Pending,
    /// Its model is being downloaded.
    Downloading(String),
    /// Running.
    Running,
    /// It ended.
    Ended(Outcome),
}

/// A question and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// The question.
    pub question: String,
    /// What came of it.
    pub reply: Reply,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Nothing yet.
    Waiting,
    /// An answer, or at least passages.
    Given {
        /// By the model, if one ran.
        answer: Option<String>,
        /// Best first.
        passages: Vec<Passage>,
        /// What went wrong with the model.
        error: Option<String>,
    },
    /// Nothing will come.
    Lost(String),
}

/// Counters of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    /// Of each page that is there.
    pub pages: BTreeMap<u32, u32>,
    /// Of figures and their descriptions.
    pub figures: u32,
    /// Of the synopsis.
    pub synopsis: u32,
    /// Of anything that shows in an export.
    pub document: u32,
}

impl Job {
    pub(super) fn new(id: JobId, file: FileId, name: String, bytes: u64) -> Self {
        Self {
            id,
            file,
            name,
            bytes,
            state: JobState::Waiting,
            result: Assembler::new(),
            stages: Default::default(),
            todo: vec![Stage::Extraction, Stage::Vision, Stage::Text],
            notes: Vec::new(),
            exchanges: Vec::new(),
            revisions: Revisions::default(),
            doubtful: BTreeMap::new(),
            corrections: Vec::new(),
            wants: None,
            password: None,
            may_download: false,
            resumed: false,
            troubled: BTreeMap::new(),
            at_page: None,
            deaths: BTreeMap::new(),
            drew_and_died: false,
            skip_figures: BTreeSet::new(),
            broken_models: BTreeSet::new(),
            model_deaths: 0,
            began: 0.0,
            worked: 0.0,
            remembered: false,
            no_download: BTreeSet::new(),
            peak_memory: 0,
            memory_budget: 0,
            program: "",
            has_diary: false,
            dead_figures: 0,
            kept_whole: false,
            unwritten: false,
            touched: 0,
            rest: None,
        }
    }

    /// What is finished.
    #[must_use]
    pub fn document(&self) -> &Document {
        self.result.document()
    }

    /// Where `stage` stands.
    #[must_use]
    pub fn stage(&self, stage: Stage) -> &StageState {
        let [extraction, vision, text] = &self.stages;
        match stage {
            Stage::Extraction => extraction,
            Stage::Vision => vision,
            Stage::Text => text,
        }
    }

    pub(super) fn stage_mut(&mut self, stage: Stage) -> &mut StageState {
        let [extraction, vision, text] = &mut self.stages;
        match stage {
            Stage::Extraction => extraction,
            Stage::Vision => vision,
            Stage::Text => text,
        }
    }

    /// The stage that runs or waits for its model.
    #[must_use]
    pub fn running_stage(&self) -> Option<Stage> {
        STAGES
            .into_iter()
            .find(|stage| matches!(self.stage(*stage).phase, Phase::Running | Phase::Downloading(_)))
    }

    /// Pages of the file, 0 before it is open.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        match &self.rest {
            Some(rest) => rest.pages,
            None => u32::try_from(self.result.page_sizes().len()).unwrap_or(u32::MAX),
        }
    }

    /// Whether there is anything to look at; never while the result rests.
    #[must_use]
    pub fn has_pages(&self) -> bool {
        !self.result.page_sizes().is_empty()
    }

    /// Whether a page is finished.
    pub(super) fn has_page(&self, number: u32) -> bool {
        self.document().pages.binary_search_by_key(&number, |page| page.number).is_ok()
    }

    /// Whether a document worker died that extracted it.
    pub(super) fn lost_worker(&self) -> bool {
        !self.deaths.is_empty() || self.drew_and_died
    }

    /// Milliseconds worked so far.
    #[must_use]
    pub fn elapsed(&self, now: f64) -> f64 {
        match self.state {
            JobState::Working => self.worked + (now - self.began).max(0.0),
            _ => self.worked,
        }
    }

    /// Figures that should have a description and have none, in reading order.
    #[must_use]
    pub fn undescribed(&self) -> Vec<FigureId> {
        let figures = self.document().figures.iter();
        let wanted = figures.filter(|figure| {
            figure.not_described.is_none()
                && figure.duplicate_of.is_none()
                && figure.description.is_none()
                && !self.skip_figures.contains(&figure.id)
        });
        wanted.map(|figure| figure.id.clone()).collect()
    }

    /// Where a block is.
    #[must_use]
    pub fn block_place(&self, id: &crate::document::BlockId) -> Option<(u32, Rect)> {
        let blocks = self.document().pages.iter().flat_map(|page| &page.blocks);
        blocks.into_iter().find(|block| block.id == *id).map(|block| (block.page, block.bbox))
    }

    pub(super) fn page_changed(&mut self, page: u32) {
        self.find_doubts(page);
        *self.revisions.pages.entry(page).or_insert(0) += 1;
        self.revisions.figures += 1;
        self.revisions.document += 1;
    }

    pub(super) fn figures_changed(&mut self) {
        self.revisions.figures += 1;
        self.revisions.document += 1;
    }

    pub(super) fn synopsis_changed(&mut self) {
        self.revisions.synopsis += 1;
        self.revisions.document += 1;
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }
}

/// The stages in order.
pub const STAGES: [Stage; 3] = [Stage::Extraction, Stage::Vision, Stage::Text];
