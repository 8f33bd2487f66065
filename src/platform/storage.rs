//! The models' storage: the origin private file system, one folder for each model.
//!
//! `models/<registry id>/<file>`. Written through synchronous access handles, which every browser with
//! this file system has in workers, and which write in place: a download that breaks keeps what came in.

use super::{PlatformError, call, clock, property};
use js_sys::{Array, AsyncIterator, Uint8Array};
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, FileReaderSync, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, FileSystemReadWriteOptions, FileSystemRemoveOptions,
    FileSystemSyncAccessHandle,
};

/// The folder of folders.
const MODELS: &str = "models";
/// A file that another worker has just let go of is still locked for a moment: how often and how long to
/// wait for it, in milliseconds.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE_MS: f64 = 100.0;

/// How much room there is, as the browser estimates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes used by this site.
    pub used: u64,
    /// Bytes this site may use.
    pub quota: u64,
    /// Whether the browser promised to evict nothing.
    pub persisted: bool,
}

/// All stored models.
#[derive(Clone, Debug)]
pub struct ModelStore {
    models: FileSystemDirectoryHandle,
}

/// One stored model's files.
#[derive(Clone, Debug)]
pub struct Folder {
    folder: FileSystemDirectoryHandle,
}

/// A file open for reading and writing, locked for all others until dropped.
#[derive(Debug)]
pub struct OpenFile {
    name: String,
    handle: FileSystemSyncAccessHandle,
}

impl ModelStore {
    /// Opens the storage.
    ///
    /// # Errors
    /// [`PlatformError::NoStorage`] where the browser offers none.
    pub async fn open() -> Result<Self, PlatformError> {
        Ok(Self { models: subfolder(&root().await?, MODELS, true).await? })
    }

    /// Names of the stored models, sorted.
    ///
    /// # Errors
    /// If the browser cannot list them.
    pub async fn ids(&self) -> Result<Vec<String>, PlatformError> {
        names(&self.models).await
    }

    /// The folder of model `id`, made if it is not there and `create` says so.
    ///
    /// # Errors
    /// [`PlatformError::NotFound`] if it is not there; whatever the browser says.
    pub async fn folder(&self, id: &str, create: bool) -> Result<Folder, PlatformError> {
        Ok(Folder { folder: subfolder(&self.models, id, create).await? })
    }

    /// Deletes model `id` with all its files; one that is not there is fine.
    ///
    /// # Errors
    /// If one of its files is in use.
    pub async fn delete(&self, id: &str) -> Result<(), PlatformError> {
        let options = FileSystemRemoveOptions::new();
        options.set_recursive(true);
        let mut tries = 0;
        loop {
            let removed = JsFuture::from(self.models.remove_entry_with_options(id, &options)).await;
            match removed.map_err(|thrown| PlatformError::from_js("deleting the model", id, &thrown)) {
                Ok(_) | Err(PlatformError::NotFound(_)) => return Ok(()),
                Err(PlatformError::InUse(_)) if tries < LOCK_TRIES => clock::sleep(LOCK_PAUSE_MS).await,
                Err(error) => return Err(error),
            }
            tries += 1;
        }
    }
}

impl Folder {
    /// Names of the files, sorted.
    ///
    /// # Errors
    /// If the browser cannot list them.
    pub async fn names(&self) -> Result<Vec<String>, PlatformError> {
        names(&self.folder).await
    }

    /// The file as a blob, for reading with [`super::BlobReader`].
    ///
    /// # Errors
    /// [`PlatformError::NotFound`] if it is not there.
    pub async fn blob(&self, name: &str) -> Result<Blob, PlatformError> {
        let failed = |thrown: JsValue| PlatformError::from_js("reading a stored file", name, &thrown);
        let file: FileSystemFileHandle =
            JsFuture::from(self.folder.get_file_handle(name)).await.map_err(failed)?.unchecked_into();
        Ok(JsFuture::from(file.get_file()).await.map_err(failed)?.unchecked_into())
    }

    /// Size of the file in bytes; none if it is not there.
    ///
    /// # Errors
    /// Whatever the browser says.
    pub async fn size(&self, name: &str) -> Result<Option<u64>, PlatformError> {
        match self.blob(name).await {
            Ok(blob) => Ok(Some(whole(blob.size()))),
            Err(PlatformError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The whole file (for the small ones).
    ///
    /// # Errors
    /// [`PlatformError::NotFound`] if it is not there.
    pub async fn read(&self, name: &str) -> Result<Vec<u8>, PlatformError> {
        let blob = self.blob(name).await?;
        let bytes = FileReaderSync::new()
            .and_then(|reader| reader.read_as_array_buffer(&blob))
            .map_err(|thrown| PlatformError::from_js("reading a stored file", name, &thrown))?;
        Ok(Uint8Array::new(&bytes).to_vec())
    }

    /// Replaces the whole file (for the small ones).
    ///
    /// # Errors
    /// [`PlatformError::DiskFull`], [`PlatformError::InUse`].
    pub async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), PlatformError> {
        let file = self.open(name).await?;
        file.truncate(0)?;
        file.write_at(bytes, 0)?;
        file.flush()
    }

    /// Opens the file for writing, empty if it was not there.
    ///
    /// # Errors
    /// [`PlatformError::InUse`] if another tab has it, [`PlatformError::DiskFull`].
    pub async fn open(&self, name: &str) -> Result<OpenFile, PlatformError> {
        let failed = |thrown: JsValue| PlatformError::from_js("opening a stored file", name, &thrown);
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let file: FileSystemFileHandle =
            JsFuture::from(self.folder.get_file_handle_with_options(name, &options))
                .await
                .map_err(failed)?
                .unchecked_into();
        let mut tries = 0;
        loop {
            match JsFuture::from(file.create_sync_access_handle()).await.map_err(failed) {
                Ok(handle) => {
                    return Ok(OpenFile { name: name.to_owned(), handle: handle.unchecked_into() });
                }
                Err(PlatformError::InUse(_)) if tries < LOCK_TRIES => clock::sleep(LOCK_PAUSE_MS).await,
                Err(error) => return Err(error),
            }
            tries += 1;
        }
    }

    /// Deletes the file; one that is not there is fine.
    ///
    /// # Errors
    /// If it is in use.
    pub async fn remove(&self, name: &str) -> Result<(), PlatformError> {
        let removed = JsFuture::from(self.folder.remove_entry(name)).await;
        match removed.map_err(|thrown| PlatformError::from_js("deleting a stored file", name, &thrown)) {
            Ok(_) | Err(PlatformError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl OpenFile {
    /// Size in bytes.
    ///
    /// # Errors
    /// Whatever the browser says.
    pub fn size(&self) -> Result<u64, PlatformError> {
        self.handle.get_size().map(whole).map_err(|thrown| self.failed("measuring", &thrown))
    }

    /// Reads into `out` from byte `offset`; gives the number of bytes read, 0 at the end.
    ///
    /// # Errors
    /// Whatever the browser says.
    pub fn read_at(&self, out: &mut [u8], offset: u64) -> Result<usize, PlatformError> {
        let count = self
            .handle
            .read_with_u8_array_and_options(out, &at(offset))
            .map_err(|thrown| self.failed("reading", &thrown))?;
        Ok(usize::try_from(whole(count)).unwrap_or(usize::MAX))
    }

    /// The first bytes of the file, `most` at most.
    ///
    /// # Errors
    /// Whatever the browser says.
    pub fn read_all(&self, most: usize) -> Result<Vec<u8>, PlatformError> {
        let size = usize::try_from(self.size()?).unwrap_or(usize::MAX);
        let mut bytes = vec![0; size.min(most)];
        let count = self.read_at(&mut bytes, 0)?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Writes all of `bytes` from byte `offset`.
    ///
    /// # Errors
    /// [`PlatformError::DiskFull`].
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), PlatformError> {
        let written = self
            .handle
            .write_with_u8_array_and_options(bytes, &at(offset))
            .map_err(|thrown| self.failed("writing", &thrown))?;
        // A browser may also write less than all when the room runs out.
        if whole(written) == bytes.len() as u64 { Ok(()) } else { Err(PlatformError::DiskFull) }
    }

    /// Cuts the file to `size` bytes.
    ///
    /// # Errors
    /// Whatever the browser says.
    #[allow(clippy::cast_precision_loss, reason = "file sizes are below 2^53")]
    pub fn truncate(&self, size: u64) -> Result<(), PlatformError> {
        self.handle.truncate_with_f64(size as f64).map_err(|thrown| self.failed("cutting", &thrown))
    }

    /// Makes sure that what was written is on the disk.
    ///
    /// # Errors
    /// [`PlatformError::DiskFull`].
    pub fn flush(&self) -> Result<(), PlatformError> {
        self.handle.flush().map_err(|thrown| self.failed("writing", &thrown))
    }

    fn failed(&self, action: &'static str, thrown: &JsValue) -> PlatformError {
        PlatformError::from_js(action, &self.name, thrown)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.handle.close();
    }
}

/// How much room there is.
pub async fn room() -> Room {
    let Some(storage) = storage_interface() else { return Room::default() };
    let estimate = ask(&storage, "estimate").await;
    let number = |name| estimate.as_ref().and_then(|it| property(it, name)?.as_f64()).map_or(0, whole);
    let persisted = ask(&storage, "persisted").await.is_some_and(|answer| answer.is_truthy());
    Room { used: number("usage"), quota: number("quota"), persisted }
}

/// Asks the browser to evict nothing of this site (only a page may ask, not a worker). True if granted.
pub async fn ask_to_persist() -> bool {
    match storage_interface() {
        Some(storage) => ask(&storage, "persist").await.is_some_and(|answer| answer.is_truthy()),
        None => false,
    }
}

/// `navigator.storage`, which is missing in old browsers and without a secure context.
fn storage_interface() -> Option<JsValue> {
    property(&property(&js_sys::global(), "navigator")?, "storage")
}

/// What the promise of `object.method()` gives, if it gives anything.
async fn ask(object: &JsValue, method: &str) -> Option<JsValue> {
    let promise = call(object, method, &Array::new()).ok()?;
    JsFuture::from(js_sys::Promise::from(promise)).await.ok()
}

thread_local! {
    /// The browser has storage, and refused it when it was asked for.
    static REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// Whether the storage was refused, as in some private windows, where it is there and cannot be opened.
#[must_use]
pub fn is_refused() -> bool {
    REFUSED.get()
}

/// The top of the origin private file system.
pub(super) async fn root() -> Result<FileSystemDirectoryHandle, PlatformError> {
    let storage = storage_interface().ok_or(PlatformError::NoStorage)?;
    let root = match call(&storage, "getDirectory", &Array::new()) {
        Ok(promise) => JsFuture::from(js_sys::Promise::from(promise)).await,
        Err(refusal) => Err(refusal),
    };
    REFUSED.set(root.is_err());
    root.map(JsCast::unchecked_into).map_err(|_| PlatformError::NoStorage)
}

pub(super) async fn subfolder(
    parent: &FileSystemDirectoryHandle,
    name: &str,
    create: bool,
) -> Result<FileSystemDirectoryHandle, PlatformError> {
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(create);
    JsFuture::from(parent.get_directory_handle_with_options(name, &options))
        .await
        .map(JsCast::unchecked_into)
        .map_err(|thrown| PlatformError::from_js("opening the storage", name, &thrown))
}

/// Names of what is in `folder`, sorted.
pub(super) async fn names(folder: &FileSystemDirectoryHandle) -> Result<Vec<String>, PlatformError> {
    let failed = |thrown: JsValue| PlatformError::from_js("listing what is stored", "storage", &thrown);
    let keys: AsyncIterator = folder.keys().unchecked_into();
    let mut names = Vec::new();
    loop {
        let next = keys.next().map_err(failed)?;
        let step = JsFuture::from(next).await.map_err(failed)?;
        match property(&step, "value").and_then(|value| value.as_string()) {
            Some(name) => names.push(name),
            None => break,
        }
    }
    names.sort();
    Ok(names)
}

#[allow(clippy::cast_precision_loss, reason = "offsets within a file are below 2^53")]
fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset as f64);
    options
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes come as whole, positive numbers below 2^53"
)]
fn whole(size: f64) -> u64 {
    size as u64
}
