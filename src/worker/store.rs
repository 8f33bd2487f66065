//! The models' storage: listing, deleting, downloading.

use super::Unserved;
use super::outbox::post;
use crate::platform::storage::{Folder, ModelStore, OpenFile, room};
use crate::platform::{PlatformError, address, clock, fetch};
use crate::protocol::{Envelope, Request, Response};
use crate::registry::{
    Begin, DownloadError, DownloadState, FileDownload, FilePlan, FileRecord, FileRole, HUB, ModelEntry,
    ModelManifest, Next, RegistryError, ResponseHead, RetryPolicy, SavedPart, SpeedMeter, StoredModel,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use thiserror::Error;
use wasm_bindgen_futures::spawn_local;
use web_sys::AbortController;

/// Progress is told this often, in milliseconds.
const PROGRESS_PAUSE_MS: f64 = 250.0;
/// A wait looks this often, in milliseconds, whether it is to end.
const WAIT_STEP_MS: f64 = 100.0;
/// Bytes of a stored part that are read and hashed at once.
const PART_BLOCK: usize = 1 << 20;
/// So many blocks are hashed before other events get their turn.
const BLOCKS_PER_TURN: usize = 8;
/// A record of what is stored has no more bytes.
const MAX_MANIFEST: usize = 1 << 20;
/// What follows a file's name in the name of its [`SavedPart`].
const PART_SUFFIX: &str = ".part.json";

/// Why a model is not stored.
#[derive(Debug, Error)]
enum StoreError {
    #[error(transparent)]
    Platform(#[from] PlatformError),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    Download(#[from] DownloadError),
    #[error(
        "this model needs {needed_mb} MB, but the browser leaves this site only {free_mb} MB: delete a stored model or free some disk space"
    )]
    NoRoom {
        /// Megabytes still to come.
        needed_mb: u64,
        /// Megabytes there are.
        free_mb: u64,
    },
    #[error("its record could not be written: {0}")]
    Record(#[from] serde_json::Error),
}

/// The storage, and what is coming into it.
#[derive(Debug, Default)]
pub(super) struct Store {
    downloads: Downloads,
}

impl Store {
    /// Serves what is asked of the storage, and gives back the rest.
    pub(super) fn take(&mut self, request: Envelope<Request>) -> Option<Unserved> {
        match request.message {
            Request::ListModels => spawn_local(list()),
            Request::Download { model, base_url } => self.downloads.start(model, base_url),
            Request::StopDownload { id } => self.downloads.stop(&id),
            Request::DeleteModel { id } => {
                self.downloads.stop(&id);
                spawn_local(delete(id));
            }
            message => return Some(Envelope { message, ..request }),
        }
        None
    }
}

/// The downloads that are running, by registry id.
#[derive(Debug, Default)]
struct Downloads {
    running: Rc<RefCell<BTreeMap<String, AbortController>>>,
}

impl Downloads {
    /// Starts the download of `model`, unless it is running.
    fn start(&self, model: ModelEntry, base_url: Option<String>) {
        let id = model.id.clone();
        if self.running.borrow().contains_key(&id) {
            return;
        }
        let Ok(abort) = AbortController::new() else {
            let reason = "this browser is too old for downloads".to_owned();
            return post(Response::Download { id, state: DownloadState::Failed { reason } });
        };
        self.running.borrow_mut().insert(id.clone(), abort.clone());
        let running = Rc::clone(&self.running);
        spawn_local(async move {
            let result = Download::new(&model, abort).run(base_url.as_deref().unwrap_or(HUB)).await;
            running.borrow_mut().remove(&id);
            let state = match result {
                Ok(()) => DownloadState::Done,
                Err(StoreError::Platform(PlatformError::Stopped)) => DownloadState::Stopped,
                Err(error) => DownloadState::Failed { reason: error.to_string() },
            };
            post(Response::Download { id, state });
            list().await;
        });
    }

    /// Stops the download of model `id`, if it is running.
    fn stop(&self, id: &str) {
        if let Some(abort) = self.running.borrow().get(id) {
            abort.abort();
        }
    }
}

/// Tells the page what is stored.
async fn list() {
    // Without storage there are no models; why is told when one is asked for.
    let models = stored().await.unwrap_or_default();
    let room = room().await;
    let (used, quota, persisted) = (room.used, room.quota, room.persisted);
    post(Response::Stored { models, used, quota, persisted });
}

/// Deletes model `id` and tells what is left.
async fn delete(id: String) {
    let deleted = match ModelStore::open().await {
        Ok(store) => store.delete(&id).await,
        Err(error) => Err(error),
    };
    if let Err(error) = deleted {
        let reason = format!("it could not be deleted: {error}");
        post(Response::Download { id, state: DownloadState::Failed { reason } });
    }
    list().await;
}

async fn stored() -> Result<Vec<StoredModel>, PlatformError> {
    let store = ModelStore::open().await?;
    let mut models = Vec::new();
    for id in store.ids().await? {
        let folder = store.folder(&id, false).await?;
        let mut bytes = 0;
        for name in folder.names().await? {
            bytes += folder.size(&name).await?.unwrap_or(0);
        }
        let complete = match manifest(&folder, &id).await {
            Ok(manifest) => is_whole(&folder, &manifest).await?,
            Err(_) => false,
        };
        models.push(StoredModel { id, bytes, complete });
    }
    Ok(models)
}

/// Whether each role has its file, of the size recorded.
async fn is_whole(folder: &Folder, manifest: &ModelManifest) -> Result<bool, PlatformError> {
    for role in [FileRole::Weights, FileRole::Config, FileRole::Tokenizer] {
        let name = role.stored_name();
        let size = folder.size(name).await?;
        if size.is_none() || manifest.file(name).map(|record| record.size) != size {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The record of what is stored in `folder`; an empty one if there is none or it cannot be read.
async fn manifest(folder: &Folder, id: &str) -> Result<ModelManifest, PlatformError> {
    match folder.read(ModelManifest::NAME).await {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_else(|_| ModelManifest::new(id))),
        Err(PlatformError::NotFound(_)) => Ok(ModelManifest::new(id)),
        Err(error) => Err(error),
    }
}

/// The same, held so that no other tab changes it meanwhile: what is read while it is written is cut short.
async fn held_manifest(folder: &Folder, id: &str) -> Result<(OpenFile, ModelManifest), PlatformError> {
    let file = folder.open(ModelManifest::NAME).await?;
    let bytes = file.read_all(MAX_MANIFEST)?;
    let manifest = serde_json::from_slice(&bytes).unwrap_or_else(|_| ModelManifest::new(id));
    Ok((file, manifest))
}

/// The download of a model's files, one after the other.
struct Download<'a> {
    model: &'a ModelEntry,
    abort: AbortController,
    speed: SpeedMeter,
    told: f64,
    /// Bytes of the files that are finished.
    finished: u64,
    /// Bytes of the files still to come after the present one, as far as known.
    to_come: u64,
}

impl<'a> Download<'a> {
    fn new(model: &'a ModelEntry, abort: AbortController) -> Self {
        let speed = SpeedMeter::default();
        Self { model, abort, speed, told: f64::NEG_INFINITY, finished: 0, to_come: 0 }
    }

    async fn run(&mut self, base: &str) -> Result<(), StoreError> {
        let plans = self.model.plan(base)?;
        let folder = ModelStore::open().await?.folder(&self.model.id, true).await?;
        let manifest = manifest(&folder, &self.model.id).await?;
        let mut missing = Vec::new();
        for plan in plans {
            match manifest.file(&plan.name) {
                Some(record) if stands(&folder, record, &plan).await? => self.finished += record.size,
                _ => missing.push(plan),
            }
        }
        self.learn(&mut missing).await?;
        self.to_come = missing.iter().map(expected_size).sum();
        self.check_room(&folder, &missing).await?;
        for plan in missing {
            self.to_come = self.to_come.saturating_sub(expected_size(&plan));
            self.finished += self.file(&folder, plan).await?.size;
        }
        Ok(())
    }

    /// Puts a finished file on record.
    async fn record(&self, folder: &Folder, record: &FileRecord) -> Result<(), StoreError> {
        let (file, mut manifest) = held_manifest(folder, &self.model.id).await?;
        manifest.record(record.clone());
        let bytes = serde_json::to_vec_pretty(&manifest)?;
        file.truncate(0)?;
        file.write_at(&bytes, 0)?;
        Ok(file.flush()?)
    }

    /// Asks the host's listing for sizes and hashes that the registry does not have. A host without one
    /// (a mirror) is no fault: then the file is what the host sent, and its record says so.
    async fn learn(&self, plans: &mut [FilePlan]) -> Result<(), StoreError> {
        let mut listings: BTreeMap<String, String> = BTreeMap::new();
        for plan in plans {
            let Some(url) = plan.listing_url() else { continue };
            self.check_stop()?;
            if !listings.contains_key(&url) {
                let listing = fetch::get_text(&url).await.unwrap_or_default();
                listings.insert(url.clone(), listing);
            }
            if let Some(listing) = listings.get(&url) {
                plan.learn(listing);
            }
        }
        Ok(())
    }

    /// Refuses at once what cannot end well.
    async fn check_room(&self, folder: &Folder, missing: &[FilePlan]) -> Result<(), StoreError> {
        let mut needed: u64 = missing.iter().map(expected_size).sum();
        for plan in missing {
            needed = needed.saturating_sub(folder.size(&plan.name).await?.unwrap_or(0));
        }
        let room = room().await;
        let free = room.quota.saturating_sub(room.used);
        if room.quota > 0 && needed > free {
            return Err(StoreError::NoRoom { needed_mb: needed / 1_000_000, free_mb: free / 1_000_000 });
        }
        Ok(())
    }

    async fn file(&mut self, folder: &Folder, plan: FilePlan) -> Result<FileRecord, StoreError> {
        let name = plan.name.clone();
        let part_name = format!("{name}{PART_SUFFIX}");
        let url = address::absolute(&plan.url).unwrap_or_else(|| plan.url.clone());
        let file = folder.open(&name).await?;
        // Another tab may have finished it while this one waited for the file. Nothing that is whole is written to:
        // a model may be reading it.
        let (held, manifest) = held_manifest(folder, &self.model.id).await?;
        drop(held);
        if let Some(record) = manifest.file(&name)
            && stands(folder, record, &plan).await?
        {
            return Ok(record.clone());
        }
        let mut download = FileDownload::new(plan, RetryPolicy::default());
        self.resume(folder, &part_name, &file, &mut download).await?;
        loop {
            match download.next(clock::jitter()) {
                Next::Fetch { range } => {
                    self.fetch(&url, range.as_deref(), (folder, &part_name), &file, &mut download).await?;
                }
                Next::Wait { millis, attempt, reason } => {
                    self.tell(DownloadState::Waiting { attempt, seconds: millis / 1000.0, reason });
                    self.wait(millis).await?;
                }
                Next::Done(record) => {
                    file.flush()?;
                    // While the file is still held: whoever waits for it reads the record next.
                    self.record(folder, &record).await?;
                    drop(file);
                    folder.remove(&part_name).await?;
                    return Ok(record);
                }
                Next::Failed(error) => {
                    let keep = download.keeps_part();
                    drop(file);
                    if !keep {
                        folder.remove(&name).await?;
                        folder.remove(&part_name).await?;
                    }
                    return Err(error.into());
                }
            }
        }
    }

    /// Hashes again what is stored of the file from before, or empties it.
    async fn resume(
        &self,
        folder: &Folder,
        part_name: &str,
        file: &OpenFile,
        download: &mut FileDownload,
    ) -> Result<(), StoreError> {
        let size = file.size()?;
        if size == 0 {
            return Ok(());
        }
        let part = match folder.read(part_name).await {
            Ok(bytes) => serde_json::from_slice::<SavedPart>(&bytes).ok(),
            Err(_) => None,
        };
        if !part.is_some_and(|part| download.resume(&part)) {
            file.truncate(0)?;
            return Ok(());
        }
        let mut block = vec![0; PART_BLOCK];
        let mut offset = 0;
        for turn in 1_usize.. {
            let count = file.read_at(&mut block, offset)?;
            let Some(bytes) = block.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            download.stored_chunk(bytes);
            offset += count as u64;
            if turn.is_multiple_of(BLOCKS_PER_TURN) {
                clock::give_way().await;
                self.check_stop()?;
            }
        }
        Ok(())
    }

    /// One answer of the host, into the file.
    async fn fetch(
        &mut self,
        url: &str,
        range: Option<&str>,
        (folder, part_name): (&Folder, &str),
        file: &OpenFile,
        download: &mut FileDownload,
    ) -> Result<(), StoreError> {
        let mut reply = match fetch::get(url, range, &self.abort).await {
            Ok(reply) => reply,
            Err(PlatformError::Stopped) => return Err(PlatformError::Stopped.into()),
            Err(error) => {
                download.connection_broke(&error.to_string());
                return Ok(());
            }
        };
        match download.begin(&head_of(&reply)) {
            Begin::Append => {}
            Begin::Restart => file.truncate(0)?,
            Begin::Drop { truncate } => {
                reply.cancel();
                if truncate {
                    file.truncate(0)?;
                }
                return Ok(());
            }
        }
        folder.write(part_name, &serde_json::to_vec(&download.saved_part())?).await?;
        loop {
            match reply.chunk().await {
                Ok(Some(bytes)) => {
                    if let Err(error) = file.write_at(&bytes, download.received()) {
                        download.storage_failed(&error.to_string());
                        reply.cancel();
                        return Ok(());
                    }
                    if !download.chunk(&bytes) {
                        reply.cancel();
                        return Ok(());
                    }
                    self.tell_progress(download);
                }
                Ok(None) => {
                    download.body_ended();
                    return Ok(());
                }
                Err(PlatformError::Stopped) => return Err(PlatformError::Stopped.into()),
                Err(error) => {
                    reply.cancel();
                    download.connection_broke(&error.to_string());
                    return Ok(());
                }
            }
        }
    }

    fn tell_progress(&mut self, download: &FileDownload) {
        let now = clock::now();
        let received = self.finished + download.received();
        self.speed.update(now, received);
        if now - self.told >= PROGRESS_PAUSE_MS {
            self.told = now;
            let total = self.finished + download.total() + self.to_come;
            self.tell(self.speed.running(received, total));
        }
    }

    fn tell(&self, state: DownloadState) {
        post(Response::Download { id: self.model.id.clone(), state });
    }

    async fn wait(&self, millis: f64) -> Result<(), StoreError> {
        let end = clock::now() + millis;
        loop {
            self.check_stop()?;
            let left = end - clock::now();
            if left <= 0.0 {
                return Ok(());
            }
            clock::sleep(left.min(WAIT_STEP_MS)).await;
        }
    }

    fn check_stop(&self) -> Result<(), StoreError> {
        if self.abort.signal().aborted() { Err(PlatformError::Stopped.into()) } else { Ok(()) }
    }
}

/// Whether the stored file is whole and the one that is wanted.
async fn stands(folder: &Folder, record: &FileRecord, plan: &FilePlan) -> Result<bool, PlatformError> {
    Ok(plan.size.is_none_or(|size| size == record.size)
        && plan.sha256.as_ref().is_none_or(|sha256| *sha256 == record.sha256)
        && folder.size(&record.name).await? == Some(record.size))
}

fn expected_size(plan: &FilePlan) -> u64 {
    plan.size.or(plan.approximate_size).unwrap_or(0)
}

fn head_of(reply: &fetch::Reply) -> ResponseHead {
    ResponseHead {
        status: reply.status,
        content_range: reply.header("content-range"),
        content_length: reply.header("content-length"),
        content_type: reply.header("content-type"),
        etag: reply.header("etag"),
        linked_etag: reply.header("x-linked-etag"),
        linked_size: reply.header("x-linked-size"),
        retry_after: reply.header("retry-after"),
    }
}
