//! What the page and its workers say to each other.
//!
//! Three wasm programs serve it: the reader parses, lays out and renders, and looks after the stored models;
//! another loads and runs models; the third reads the text of scans. A worker speaks first ([`Response::Ready`]); messages sent
//! before that would be lost. Each message is a JSON text with a list of byte buffers beside it, which are
//! transferred, not copied ([`Envelope`]). Every message about a document carries its [`JobId`], so that
//! an answer to a question no longer asked can be told apart. Stopping is cooperative between two pages
//! and, for everything else, done by ending the worker, which also returns its memory to the system.

use crate::document::{Description, Document, FigureId, Passage};
use crate::pipeline::event::{Event, Options, Trouble};
use crate::registry::{Measured, ModelEntry, ModelKind, StoredModel};
use serde::{Deserialize, Serialize};

pub use crate::registry::DownloadState;

/// Version of this protocol: page and worker of different builds must not talk.
pub const PROTOCOL: u32 = 7;

/// A document being worked on, unique in a page's lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub u32);

/// A message and the buffers that travel with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope<T> {
    /// The message.
    pub message: T,
    /// Byte buffers that belong to it, in the order in which its documentation names them.
    pub buffers: Vec<Vec<u8>>,
}

/// What the page asks of a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "request")]
#[allow(clippy::large_enum_variant, reason = "requests are few and short-lived")]
pub enum Request {
    /// Open a PDF (the file that comes along, or buffer 0) and extract its pages from `first_page` on, reporting
    /// [`Response::Event`]s. With `first_page` past the last page it is only opened, for rendering.
    Convert {
        /// The document.
        job: JobId,
        /// File name.
        name: String,
        /// What is wanted.
        options: Options,
        /// For an encrypted file.
        password: Option<String>,
        /// From 1; more after a worker died.
        first_page: u32,
        /// Pages on which workers died.
        troubled: Vec<Trouble>,
        /// Pages that may have their pixels read at a time.
        ahead: u32,
    },
    /// What the pixels of [`Response::Pixels`] say (buffer 0, see [`Response::PixelsRead`]).
    HaveRead {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
        /// Why they could not be read; there is no buffer then.
        error: Option<String>,
    },
    /// Read the text of a page's pixels (buffer 0: RGB8, row by row from the top); answered by
    /// [`Response::PixelsRead`].
    ReadPixels {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
        /// Width in pixels.
        width_px: u32,
        /// Height in pixels.
        height_px: u32,
        /// The models to read them with.
        model: ModelEntry,
        /// Prefix that replaces the hub's address; none for the registry's own.
        base_url: Option<String>,
    },
    /// Render a page of the open document; answered by [`Response::Rendered`].
    Render {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
        /// Wanted width in pixels.
        width_px: u32,
        /// With boxes for what each step of the layout saw.
        overlay: bool,
    },
    /// A page of the document ([`Event::Page`]) has been taken in. The worker stays only a few pages ahead of
    /// its page, so that what the person does is never behind a long queue of results.
    Received {
        /// The document.
        job: JobId,
    },
    /// Stop extracting, but keep the document open for rendering. Answered by [`Response::Stopped`].
    Stop {
        /// The document.
        job: JobId,
    },
    /// Forget the document.
    Close {
        /// The document.
        job: JobId,
    },
    /// Describe figures, whose image files are the buffers, in the order of `figures`.
    Describe {
        /// The document.
        job: JobId,
        /// Model to use; it must be stored.
        model: ModelEntry,
        /// The figures.
        figures: Vec<FigureId>,
        /// With fewer words, because it took too long before.
        #[serde(default)]
        brief: bool,
    },
    /// Summarise the document.
    Summarise {
        /// The document.
        job: JobId,
        /// Model to use; none for the extractive method.
        model: Option<ModelEntry>,
        /// The document.
        document: Box<Document>,
        /// In smaller pieces and with fewer words, because it took too long before.
        #[serde(default)]
        brief: bool,
        /// One piece of text at a time, because memory is short.
        #[serde(default)]
        one_by_one: bool,
    },
    /// Answer a question from the document.
    Ask {
        /// The document.
        job: JobId,
        /// Model to use; none to be shown the passages only.
        model: Option<ModelEntry>,
        /// The document.
        document: Box<Document>,
        /// The question.
        question: String,
        /// From fewer passages and with fewer words, because it took too long before.
        #[serde(default)]
        brief: bool,
    },
    /// Measure a model of a real size with random weights; answered by [`Response::Measured`].
    Measure {
        /// Its name: `t5-base` and so on.
        model: String,
    },
    /// Compare a model with reference outputs: a check of this browser's arithmetic. The buffers are its
    /// `config.json`, `model.safetensors`, `cases.json` and `expected.safetensors`; answered by
    /// [`Response::Compared`].
    Compare {
        /// Its kind.
        kind: ModelKind,
    },
    /// List what is stored; answered by [`Response::Stored`].
    ListModels,
    /// Download a model's files; answered by [`Response::Download`] until it is `Done`, `Stopped`
    /// or `Failed`.
    Download {
        /// The model.
        model: ModelEntry,
        /// Prefix that replaces the hub's address; none for the registry's own.
        base_url: Option<String>,
    },
    /// Stop a running download; answered by [`Response::Download`] with [`DownloadState::Stopped`].
    StopDownload {
        /// The model's registry id.
        id: String,
    },
    /// Delete a stored model; answered by [`Response::Stored`].
    DeleteModel {
        /// Its registry id.
        id: String,
    },
}

/// What a worker tells the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "response")]
#[allow(clippy::large_enum_variant, reason = "responses are short-lived")]
pub enum Response {
    /// The worker listens.
    Ready {
        /// [`PROTOCOL`] of the worker's build.
        protocol: u32,
    },
    /// Something happened to a document; for [`Event::Page`] the buffers are the figures' image files.
    Event {
        /// The document.
        job: JobId,
        /// What happened.
        event: Event,
    },
    /// The file needs a password, or the one given is wrong.
    PasswordNeeded {
        /// The document.
        job: JobId,
        /// One was given, and it is wrong.
        wrong: bool,
    },
    /// The file cannot be opened at all.
    OpenFailed {
        /// The document.
        job: JobId,
        /// File and cause, in words for the person.
        message: String,
    },
    /// Page pixels: buffer 0 is RGBA8, row by row from the top, not premultiplied.
    Rendered {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
        /// Width in pixels.
        width_px: u32,
        /// Height in pixels.
        height_px: u32,
        /// As asked.
        overlay: bool,
    },
    /// A page's text is to be read from its pixels (buffer 0: RGB8, row by row from the top). The document
    /// goes on with [`Request::HaveRead`].
    Pixels {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
        /// Width in pixels.
        width_px: u32,
        /// Height in pixels.
        height_px: u32,
    },
    /// A page's pixels have been read. Buffer 0 is what they say, for [`Request::HaveRead`].
    PixelsRead {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
        /// Why they could not be read; there is no buffer then.
        error: Option<String>,
    },
    /// A page could not be rendered.
    RenderFailed {
        /// The document.
        job: JobId,
        /// From 1.
        page: u32,
        /// Why.
        message: String,
    },
    /// Extraction stopped on request.
    Stopped {
        /// The document.
        job: JobId,
    },
    /// An answer to [`Request::Ask`].
    Answer {
        /// The document.
        job: JobId,
        /// The question.
        question: String,
        /// The answer by the model; none without a model.
        answer: Option<Description>,
        /// The passages it rests on, best first.
        passages: Vec<Passage>,
        /// What went wrong with the model, if anything: the passages stand all the same.
        error: Option<String>,
    },
    /// How fast a model is here.
    Measured {
        /// What was found, or why nothing was.
        found: Result<Measured, String>,
    },
    /// How near a model is to its reference.
    Compared {
        /// The comparisons that failed, and the number of all; or why nothing was compared.
        found: Result<(Vec<String>, u32), String>,
    },
    /// What is stored on this machine.
    Stored {
        /// The models.
        models: Vec<StoredModel>,
        /// Bytes used by this site, as the browser estimates.
        used: u64,
        /// Bytes this site may use, as the browser estimates.
        quota: u64,
        /// Whether the browser promised not to evict.
        persisted: bool,
    },
    /// How a download goes.
    Download {
        /// Registry id.
        id: String,
        /// How it goes.
        state: DownloadState,
    },
    /// So much memory has the worker's program: told beside the first response, and before another one once it is
    /// a MiB more than told last. It never shrinks.
    Memory {
        /// Bytes.
        bytes: u64,
    },
    /// The worker is about to die (a panic, or memory refused); it answers nothing after this.
    Died {
        /// The cause.
        message: String,
    },
}
