//! What is asked of the pipeline, and what it tells while it works.

use crate::document::{
    Attachment, Description, Figure, FigureId, Metadata, OutlineItem, Page, Source, Synopsis, Warning,
};
use serde::{Deserialize, Serialize};

/// What a person wants done with a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Describe figures (stage 2).
    pub captions: bool,
    /// Summarise (stage 3).
    pub summary: bool,
    /// Registry id of the caption model; none to go without.
    pub caption_model: Option<String>,
    /// Registry id of the text model; none for the extractive method.
    pub text_model: Option<String>,
    /// Which pages are read from their pixels.
    pub scans: ReadScans,
}

/// Which pages are read from their pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadScans {
    /// Those without text that can be trusted.
    #[default]
    Auto,
    /// Those, and of other pages the pictures, whose words go into the figures' records.
    Pictures,
    /// All.
    Always,
    /// None.
    Never,
}

impl Default for Options {
    fn default() -> Self {
        Self { captions: true, summary: true, caption_model: None, text_model: None, scans: ReadScans::Auto }
    }
}

/// The stages, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// PDF to pages, blocks and figures.
    Extraction,
    /// Figures to descriptions.
    Vision,
    /// Text to summary, title and keywords.
    Text,
}

/// [`Progress::activity`] while a large file is being read; its units are megabytes.
pub const READING_FILE: &str = "reading the file";

/// Another way to take a page on which workers died, the better ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detour {
    /// It is painted, and not read.
    Picture,
    /// It is read, and nothing of it is painted.
    TextAlone,
    /// It is left out.
    Nothing,
}

/// A page on which workers died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// From 1.
    pub page: u32,
    /// What is done instead.
    pub detour: Detour,
    /// Why, as a sentence's part.
    pub why: String,
}

/// How far a stage is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Which stage.
    pub stage: Stage,
    /// What is being worked on (`page`, `image`, `section`, `loading blip-base-q4k`), for the person.
    pub activity: String,
    /// Units finished.
    pub done: u32,
    /// Units in all, 0 if unknown.
    pub total: u32,
    /// Tokens generated so far for the current unit.
    pub tokens: u32,
    /// Units worked on together, for whoever limits the time of one; 0 and 1 say that it is one.
    #[serde(default)]
    pub at_once: u32,
    /// The page of the file at work, from 1, or 0 for the file as a whole: whoever loses the worker knows what it died
    /// on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

impl Progress {
    /// What the activity of reading a model begins with; its name follows.
    pub const LOADING: &'static str = "loading ";

    /// Progress of one unit at a time that generates nothing, at least not yet.
    pub fn new(stage: Stage, activity: impl Into<String>, done: u32, total: u32) -> Self {
        Self { stage, activity: activity.into(), done, total, tokens: 0, at_once: 1, page: None }
    }

    /// Whether the model is still being read.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.activity.starts_with(Self::LOADING)
    }
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageReport {
    /// Which stage.
    pub stage: Stage,
    /// How it ended.
    pub outcome: Outcome,
    /// Wall time in milliseconds.
    pub millis: f64,
    /// What was made.
    pub counts: Counts,
    /// Models used, by registry id.
    pub models: Vec<String>,
    /// Milliseconds until its model was in memory; none where it was there already, or none was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_millis: Option<f64>,
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "reason")]
pub enum Outcome {
    /// All of it.
    Done,
    /// Some of it: what is missing, and why.
    Partial(String),
    /// None of it: why.
    Failed(String),
    /// The person stopped it.
    Stopped,
    /// Not asked for, or nothing to do: why.
    Skipped(String),
}

/// What a stage made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Pages finished.
    pub pages: u32,
    /// Characters of running text.
    pub characters: u64,
    /// Images extracted or described.
    pub images: u32,
    /// Tokens generated.
    pub tokens: u32,
}

/// What happened. The bytes of images travel beside the event ([`crate::document::FigureImage`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[allow(clippy::large_enum_variant, reason = "events are few and short-lived")]
pub enum Event {
    /// The file is open.
    Opened {
        /// The file.
        source: Source,
        /// What it says of itself.
        metadata: Metadata,
        /// Its bookmarks.
        outline: Vec<OutlineItem>,
        /// Its attachments.
        attachments: Vec<Attachment>,
        /// Width and height of each page in points, after rotation.
        page_sizes: Vec<[f32; 2]>,
        /// Faults so far.
        warnings: Vec<Warning>,
    },
    /// How far it is.
    Progress(Progress),
    /// A page is finished.
    Page {
        /// The page.
        page: Page,
        /// The figures on it; their images travel beside the event in the same order.
        figures: Vec<Figure>,
        /// Faults on it.
        warnings: Vec<Warning>,
    },
    /// A figure has a description.
    Described {
        /// Which one.
        figure: FigureId,
        /// What it shows.
        description: Description,
    },
    /// Text of a description or summary as it is being generated.
    Partial {
        /// The stage that generates.
        stage: Stage,
        /// The text so far.
        text: String,
    },
    /// Summary, title and keywords as far as they are made; replaces what was there.
    Synopsis(Synopsis),
    /// A fault that was lived with.
    Warning(Warning),
    /// A stage ended.
    StageEnded(StageReport),
}
