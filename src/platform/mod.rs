//! The browser's edges: workers, storage, fetching, timers, files and settings.
//!
//! Everything here is a thin cover over one browser interface, so that the rest of the program neither
//! names `web_sys` nor meets a `JsValue`. What the page uses: [`WorkerHandle`], [`files`], [`settings`],
//! [`clock`], [`address`], [`offline`], [`documents`], [`storage::ask_to_persist`]. What the worker uses: [`storage`], [`fetch`],
//! [`BlobReader`], [`clock`], `envelope`.

pub mod address;
mod blob_reader;
pub mod clock;
mod crew;
pub mod documents;
pub(crate) mod envelope;
pub mod fetch;
pub mod files;
pub mod memory;
pub mod offline;
mod new_worker;
pub mod presence;
mod program;
pub mod settings;
pub mod storage;
mod worker_handle;

pub use blob_reader::BlobReader;
pub use crew::{Crew, Tell};
#[cfg(feature = "threads")]
pub(crate) use new_worker::new_worker;
pub use program::{Program, abilities, device_memory, offers};
pub use worker_handle::{WorkerEvent, WorkerHandle};

use js_sys::Reflect;
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};

/// What the browser refused, in words for the person.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PlatformError {
    /// No origin private file system: an old browser, or a private window in some of them.
    #[error(
        "this browser offers no storage for models here (some do not in private windows); \
         extraction works without models, for descriptions and summaries open the page in an ordinary window"
    )]
    NoStorage,
    /// The disk or this site's share of it is full.
    #[error(
        "the disk, or what the browser lets this site use of it, is full; \
         delete a stored model or free some disk space, then try again: what came in is kept"
    )]
    DiskFull,
    /// The file is open elsewhere.
    #[error("the file {0} is in use by another tab of this page; close that tab or wait for it")]
    InUse(String),
    /// There is no such file or folder.
    #[error("{0} is not stored")]
    NotFound(String),
    /// The connection failed before or while data came in.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// Stopped on request.
    #[error("stopped")]
    Stopped,
    /// Anything else.
    #[error("{action} failed: {cause}")]
    Browser {
        /// What was tried.
        action: &'static str,
        /// What the browser said.
        cause: String,
    },
}

impl PlatformError {
    /// The error for a `JsValue` thrown while `action` was tried on `subject`.
    pub(crate) fn from_js(action: &'static str, subject: &str, thrown: &JsValue) -> Self {
        match error_name(thrown).as_str() {
            "QuotaExceededError" => Self::DiskFull,
            "NoModificationAllowedError" => Self::InUse(subject.to_owned()),
            "NotFoundError" => Self::NotFound(subject.to_owned()),
            "AbortError" => Self::Stopped,
            _ => Self::Browser { action, cause: describe(thrown) },
        }
    }
}

/// The `name` of a thrown error (`QuotaExceededError`, `TypeError`), empty for anything else.
fn error_name(thrown: &JsValue) -> String {
    text_property(thrown, "name").unwrap_or_default()
}

/// What a thrown value says.
pub(crate) fn describe(thrown: &JsValue) -> String {
    if let Some(text) = thrown.as_string() {
        return text;
    }
    match (text_property(thrown, "name"), text_property(thrown, "message")) {
        (Some(name), Some(message)) if !message.is_empty() => format!("{name}: {message}"),
        (Some(name), _) => name,
        (None, Some(message)) => message,
        (None, None) => format!("{thrown:?}"),
    }
}

/// Property `name` of `object`, if it is a text.
fn text_property(object: &JsValue, name: &str) -> Option<String> {
    property(object, name)?.as_string()
}

/// Property `name` of `object`, if it is there and neither undefined nor null.
fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    if !object.is_object() {
        return None;
    }
    Reflect::get(object, &JsValue::from_str(name))
        .ok()
        .filter(|value| !value.is_undefined() && !value.is_null())
}

/// Calls `object.name(...arguments)`: for interfaces that `web_sys` does not have, or has for the window
/// only though workers have them too.
fn call(object: &JsValue, name: &str, arguments: &js_sys::Array) -> Result<JsValue, JsValue> {
    let method: js_sys::Function = Reflect::get(object, &JsValue::from_str(name))?.dyn_into()?;
    method.apply(object, arguments)
}
