//! What comes into the session and what it asks of the page's edge.

use super::history::Run;
use super::kept::{Earlier, Kept};
use super::settings::Settings;
use super::wants::Wants;
use super::words::Doubt;
use crate::document::{BlockId, FigureId, FigureImage, Rect};
use crate::pipeline::event::Stage;
use crate::protocol::{JobId, Request, Response};
use crate::registry::Registry;

/// A file that the page holds, unique in the page's lifetime. The session knows nothing of its bytes, so
/// that they stay with the browser and can be read again after a worker died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A file that was dropped, picked or pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// The page's handle.
    pub file: FileId,
    /// Name without folder.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// What a worker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Parses, lays out and renders.
    Document,
    /// Loads and runs models.
    Model,
    /// Lists, downloads and deletes models, so that a download outlives the end of a model worker.
    Store,
    /// Reads the text of scans, one page at a time.
    Scan,
    /// Does so beside it, where there are processors for two.
    SecondScan,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::Document, Self::Model, Self::Store, Self::Scan, Self::SecondScan];
    /// Those that read scans.
    pub const SCANS: [Self; 2] = [Self::Scan, Self::SecondScan];
}

/// The tabs of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Markdown, rendered.
    #[default]
    Markdown,
    /// Markdown source.
    Source,
    /// Figures and their descriptions.
    Figures,
    /// Summary, keywords and questions.
    Summary,
    /// What the run did.
    Report,
}

impl Tab {
    /// All tabs, in order.
    pub const ALL: [Self; 5] = [Self::Markdown, Self::Source, Self::Figures, Self::Summary, Self::Report];
}

/// What is seen of a result on a narrow screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pane {
    /// The tabs.
    #[default]
    Text,
    /// The page images.
    Pages,
}

/// A form in which a result leaves the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// One Markdown file.
    Markdown,
    /// Markdown, images and `document.json` in a zip.
    Zip,
    /// `document.json`.
    Json,
    /// Plain text.
    Text,
    /// One HTML page, without its images.
    Html,
    /// What the run did, as JSON, without a word of the document.
    Report,
    /// Chunks for retrieval, as JSON lines.
    Chunks,
    /// Markdown to the clipboard.
    Clipboard,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "events are short-lived and never stored")]
pub enum Event {
    /// Files were dropped, picked or pasted.
    FilesAdded(Vec<NewFile>),
    /// A file was handed in with what is wanted of it, by a page that Recto is a part of.
    Submitted {
        /// The file.
        file: NewFile,
        /// Its password, if it has one.
        password: Option<String>,
        /// What is wanted.
        wants: Wants,
    },
    /// Nobody needs anything for now: workers without work are ended, and their memory goes back.
    EndIdle,
    /// Start a document again that was stopped or failed, from its last finished page.
    Start(JobId),
    /// Stop the document being worked on, or take a waiting one off.
    Stop(JobId),
    /// Stop everything.
    StopAll,
    /// Forget a document, also what is kept of it.
    Remove(JobId),
    /// Documents of earlier visits that the browser keeps.
    EarlierFound(Vec<Earlier>),
    /// Open one of them, and go on with it if it is not finished.
    OpenEarlier(String),
    /// Delete one of them.
    DeleteEarlier(String),
    /// Delete all of them, and what is kept of the open ones.
    ForgetAll,
    /// Forget how the last documents went.
    ForgetHistory,
    /// What was kept of a document is here.
    Recalled {
        /// Its file.
        file: NewFile,
        /// Its diary.
        entries: Vec<Kept>,
    },
    /// All that was to be kept of a document so far is written.
    KeptWhole(FileId),
    /// A document cannot be kept.
    NotKept(FileId),
    /// What was kept of an open document, for [`Command::BringBack`].
    BroughtBack {
        /// Its file.
        file: FileId,
        /// Its diary, as far as it can be read.
        entries: Vec<Kept>,
        /// That is all of it.
        whole: bool,
    },
    /// Show a document.
    Select(JobId),
    /// Show a block's place on its page.
    SelectBlock(BlockId),
    /// Show a figure's place on its page.
    SelectFigure(FigureId),
    /// A point of a page image was clicked, in points from its top left.
    PointAt {
        /// From 1.
        page: u32,
        /// To the right.
        x: f32,
        /// Down.
        y: f32,
    },
    /// Show the images of a page.
    GoToPage(u32),
    /// Show a tab.
    SelectTab(Tab),
    /// Show pages or text on a narrow screen.
    SelectPane(Pane),
    /// Open or close the settings.
    ShowSettings(bool),
    /// A setting was changed.
    SettingsChanged(Settings),
    /// The password dialog was asked for.
    AskPassword(JobId),
    /// A password was given.
    PasswordGiven {
        /// For which document.
        job: JobId,
        /// The password.
        password: String,
    },
    /// The password dialog was closed without one.
    PasswordRefused,
    /// A figure's description was edited; empty takes it away.
    DescriptionEdited {
        /// The document.
        job: JobId,
        /// The figure.
        figure: FigureId,
        /// The new text.
        text: String,
    },
    /// Open or close the panel of doubtful words.
    ShowDoubts(bool),
    /// Go to the next doubtful word, or to the one before.
    StepDoubt {
        /// To the next.
        forward: bool,
    },
    /// A word that was read from pixels was confirmed, or corrected.
    WordChecked {
        /// The document.
        job: JobId,
        /// The word.
        doubt: Doubt,
        /// What it is; empty if it is nothing.
        text: String,
    },
    /// Take back the last of these.
    TakeBackWord(JobId),
    /// A question about a document.
    Asked {
        /// The document.
        job: JobId,
        /// The question.
        question: String,
    },
    /// Run a stage of a finished document again, downloading its model if it is missing.
    RunStage {
        /// The document.
        job: JobId,
        /// The stage.
        stage: Stage,
    },
    /// Download a model, by registry id.
    Download(String),
    /// Stop a download, by registry id.
    StopDownload(String),
    /// Delete a stored model, by registry id.
    DeleteModel(String),
    /// Measure how fast models are.
    Benchmark,
    /// Run all stages on this document, which is [`crate::selfcheck::pdf`], and examine what comes out.
    SelfCheck(NewFile),
    /// A page image came into view, or its size changed.
    PageShown {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
        /// Wanted width in pixels.
        width_px: u32,
    },
    /// Draw page images with what each step of the layout saw, or without.
    ShowOverlay(bool),
    /// A page image went out of view.
    PageHidden {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
    },
    /// The canvas of a page image is gone, and its pixels with it.
    PageDropped {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
    },
    /// Save or copy a result.
    Export {
        /// The document.
        job: JobId,
        /// As what.
        kind: ExportKind,
    },
    /// A newer version of the app waits to be applied.
    UpdateReady,
    /// Apply it.
    ApplyUpdate,
    /// It cannot be applied while so many other tabs use this version.
    OtherTabsOpen(u32),
    /// Reloaded, the page could use threads.
    WouldIsolate,
    /// Something to tell the person in passing, such as `copied` or why saving failed.
    Notice(String),
    /// The registry was fetched, or why not.
    RegistryLoaded(Result<Registry, String>),
    /// A file can no longer be read.
    FileUnreadable {
        /// The file.
        file: FileId,
        /// Why.
        message: String,
    },
    /// A worker spoke. Page pixels stay with the edge; figures' image files come along.
    Worker {
        /// Which one.
        role: Role,
        /// Which life of it.
        generation: u32,
        /// What it said.
        response: Response,
        /// The files of figures, in the order of the page's figures.
        images: Vec<FigureImage>,
    },
    /// A worker failed without a word: it could not start, trapped, or was killed.
    WorkerFailed {
        /// Which one.
        role: Role,
        /// Which life of it.
        generation: u32,
        /// What the browser says.
        message: String,
    },
    /// The page's own program has so many bytes of memory.
    PageMemory(u64),
    /// What the browser counts for the page and its workers, in bytes.
    MemoryMeasured(u64),
    /// The page came to the front, or went behind others (`false`).
    InFront(bool),
    /// Time passed, as asked for with [`Command::Wake`].
    Tick,
}

/// What travels beside a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Attachment {
    /// Nothing.
    Nothing,
    /// The bytes of a file, read by the edge.
    File(FileId),
    /// These buffers.
    Buffers(Vec<Vec<u8>>),
    /// The parcel of this page: what came with the last response about it.
    Parcel(JobId, u32),
}

/// What the session asks of the edge.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "commands are short-lived and never stored")]
pub enum Command {
    /// Apply the update that waits, which reloads the page.
    ApplyUpdate,
    /// Reload the page.
    Reload,
    /// Start a worker.
    StartWorker {
        /// Which one.
        role: Role,
        /// Its number, to come back with all it says.
        generation: u32,
    },
    /// End a worker at once.
    EndWorker {
        /// Which one.
        role: Role,
        /// Which life of it.
        generation: u32,
    },
    /// Send a request. Requests to one worker must arrive in order.
    Send {
        /// To which worker.
        role: Role,
        /// Which life of it.
        generation: u32,
        /// The request.
        request: Request,
        /// What travels beside it.
        attachment: Attachment,
    },
    /// Send [`Event::Tick`] after this many milliseconds.
    Wake {
        /// From now.
        after_ms: f64,
    },
    /// Ask the browser what memory it counts, for [`Event::MemoryMeasured`], where it tells.
    MeasureMemory,
    /// Remember the settings.
    Persist(Settings),
    /// Remember how a document went, beside those of other tabs.
    RememberRun(Run),
    /// Forget how documents went.
    ForgetRuns,
    /// Save or copy a result.
    Export {
        /// The document.
        job: JobId,
        /// As what.
        kind: ExportKind,
    },
    /// Let go of a page image's pixels.
    ClearPage {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
    },
    /// Keep a copy of a document's file for later visits.
    KeepFile(FileId),
    /// Keep an entry of a document's diary.
    Keep {
        /// The document's file.
        file: FileId,
        /// The entry.
        kept: Kept,
    },
    /// Delete what is kept of an open document, and keep no more of it.
    Unkeep(FileId),
    /// Read what is kept of a document, for [`Event::Recalled`].
    Recall(String),
    /// Read what is kept of an open document, for [`Event::BroughtBack`]; before anything that deletes it.
    BringBack(FileId),
    /// Delete what is kept of a document that is not open.
    DeleteKept(String),
    /// Let go of a file.
    ForgetFile(FileId),
    /// Let go of a document's figure images.
    ForgetFigures(JobId),
    /// Let go of a document's parcels.
    ForgetParcels(JobId),
    /// Bring a block of the text into view.
    ScrollToBlock(BlockId),
    /// Bring a page image, and a box on it (in points), into view.
    ScrollToPage {
        /// From 1.
        page: u32,
        /// The box.
        area: Option<Rect>,
    },
}
