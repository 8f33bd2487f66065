//! Stored files to a model in memory.

use super::Model;
use crate::pipeline::Sink;
use crate::pipeline::event::{Event, Progress, Stage};
use crate::platform::storage::ModelStore;
use crate::platform::{BlobReader, PlatformError};
use crate::registry::{FileRole, ModelEntry, ModelKind};
use std::io::{self, Read, Seek, SeekFrom};
use thiserror::Error;

/// Why a model is not in memory.
#[derive(Debug, Error)]
pub(super) enum LoadFault {
    /// The storage cannot be read, or has no such model.
    #[error("{0}")]
    Storage(#[from] PlatformError),
    /// A file cannot be read.
    #[error("a stored file cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The files are no model of this kind.
    #[error("{0}; delete it and download it again")]
    Content(String),
}

/// Loads `entry` from storage, telling `sink` how far it is in percent.
pub(super) async fn load(entry: &ModelEntry, stage: Stage, sink: &mut dyn Sink) -> Result<Model, LoadFault> {
    let folder = ModelStore::open().await?.folder(&entry.id, false).await?;
    let config = folder.read(FileRole::Config.stored_name()).await?;
    let tokenizer = folder.read(FileRole::Tokenizer.stored_name()).await?;
    let blob = folder.blob(FileRole::Weights.stored_name()).await?;
    let size = blob.size();
    let progress = Progress::new(stage, format!("{}{}", Progress::LOADING, entry.id), 0, 100);
    sink.event(Event::Progress(progress.clone()), Vec::new());
    let weights = Told { inner: BlobReader::new(blob)?, read: 0.0, size, progress, sink };
    let model = match entry.kind {
        ModelKind::Text => crate::models::load_text(weights, &config, &tokenizer)
            .map(|model| Model::Text(Box::new(model)))
            .map_err(|error| LoadFault::Content(error.to_string()))?,
        ModelKind::Caption => crate::caption::load_blip(weights, &config, &tokenizer)
            .map(|model| Model::Caption(Box::new(model)))
            .map_err(|error| LoadFault::Content(error.to_string()))?,
        ModelKind::Scan => return Err(LoadFault::Content("this program does not read scans".to_owned())),
    };
    Ok(model)
}

/// A reader that tells how much of a file has been read.
struct Told<'a> {
    inner: BlobReader,
    /// Bytes read so far; a loader reads each once.
    read: f64,
    /// Bytes in all.
    size: f64,
    progress: Progress,
    sink: &'a mut dyn Sink,
}

impl Read for Told<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a percentage of sizes below 2^53"
        )]
        let percent = {
            self.read += count as f64;
            (100.0 * self.read / self.size.max(1.0)).clamp(0.0, 100.0) as u32
        };
        if percent > self.progress.done {
            self.progress.done = percent;
            self.sink.event(Event::Progress(self.progress.clone()), Vec::new());
        }
        Ok(count)
    }
}

impl Seek for Told<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
