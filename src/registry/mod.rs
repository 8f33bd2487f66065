//! Which models there are (`public/models.json`), which to choose, and how a download goes.
//!
//! ```text
//! models.json ── Registry::parse ──▶ Registry ── choose ──▶ ModelEntry ── plan ──▶ FilePlan…
//! FilePlan, answers of a server, bytes ── FileDownload ──▶ what to ask for next, FileRecord
//! FileRecord… ──▶ ModelManifest, stored beside the files
//! ```
//!
//! Nothing here touches a network or a disk: the browser's edge and the tests drive [`FileDownload`].

mod choice;
mod download;
mod entry;
mod listing;
mod manifest;
mod measured;
mod progress;
mod validate;

pub use choice::affordable_memory;
pub use download::{
    Begin, DownloadError, FileDownload, Next, ResponseHead, RetryPolicy, SavedPart, ServedFile,
};
pub use entry::{FileRole, ModelEntry, ModelFile, ModelKind, Registry, StoredModel};
pub use manifest::{FileRecord, ModelManifest};
pub use measured::Measured;
pub use progress::{DownloadState, SpeedMeter};
pub use validate::{FilePlan, HUB, RegistryError, base_address};
