//! Documents that are kept between visits: a folder for each in the origin private file system, written from the page.
//!
//! Each write makes a file of its own, which is there whole or not at all, so that a crash damages nothing. A lock says
//! which documents are open, in whatever tab.

use super::storage::{names, root, subfolder};
use super::{PlatformError, call, property};
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetFileOptions, FileSystemRemoveOptions,
};

/// The folder of folders.
const DOCUMENTS: &str = "documents";
/// What the names of locks begin with.
const LOCK: &str = "recto-document-";

/// All kept documents.
#[derive(Clone, Debug)]
pub struct DocumentStore {
    documents: FileSystemDirectoryHandle,
}

impl DocumentStore {
    /// Opens the storage.
    ///
    /// # Errors
    /// [`PlatformError::NoStorage`] where the browser offers none.
    pub async fn open() -> Result<Self, PlatformError> {
        Ok(Self { documents: subfolder(&root().await?, DOCUMENTS, true).await? })
    }

    /// Keys of the documents that no tab has open, the oldest first.
    ///
    /// # Errors
    /// If the browser cannot list them.
    pub async fn closed(&self) -> Result<Vec<String>, PlatformError> {
        let open = held().await;
        let keys = names(&self.documents).await?;
        Ok(keys.into_iter().filter(|key| !open.contains(&format!("{LOCK}{key}"))).collect())
    }

    /// Names of a document's files, sorted.
    ///
    /// # Errors
    /// [`PlatformError::NotFound`] if it is not there.
    pub async fn names(&self, key: &str) -> Result<Vec<String>, PlatformError> {
        names(&subfolder(&self.documents, key, false).await?).await
    }

    /// A file of a document.
    ///
    /// # Errors
    /// [`PlatformError::NotFound`] if it is not there.
    pub async fn file(&self, key: &str, name: &str) -> Result<File, PlatformError> {
        let failed = |thrown: JsValue| PlatformError::from_js("reading a kept document", name, &thrown);
        let folder = subfolder(&self.documents, key, false).await?;
        let file: FileSystemFileHandle =
            JsFuture::from(folder.get_file_handle(name)).await.map_err(failed)?.unchecked_into();
        Ok(JsFuture::from(file.get_file()).await.map_err(failed)?.unchecked_into())
    }

    /// Writes a file of a document, whole or not at all.
    ///
    /// # Errors
    /// [`PlatformError::DiskFull`]; [`PlatformError::NotFound`] if the document is not there: the browser has cleared
    /// the storage, and the rest of it would be worth nothing.
    pub async fn write(&self, key: &str, name: &str, bytes: &[u8]) -> Result<(), PlatformError> {
        let folder = subfolder(&self.documents, key, false).await?;
        Self::write_value(&folder, name, &Uint8Array::from(bytes)).await
    }

    /// The same with a copy of a file. The document is made if it is not there.
    ///
    /// # Errors
    /// [`PlatformError::DiskFull`].
    pub async fn copy(&self, key: &str, name: &str, file: &File) -> Result<(), PlatformError> {
        let folder = subfolder(&self.documents, key, true).await?;
        Self::write_value(&folder, name, file).await
    }

    async fn write_value(
        folder: &FileSystemDirectoryHandle,
        name: &str,
        content: &JsValue,
    ) -> Result<(), PlatformError> {
        let failed = |thrown: JsValue| PlatformError::from_js("keeping the document", name, &thrown);
        let wait = |promise: Result<JsValue, JsValue>| async move {
            JsFuture::from(Promise::from(promise.map_err(failed)?)).await.map_err(failed)
        };
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let file =
            JsFuture::from(folder.get_file_handle_with_options(name, &options)).await.map_err(failed)?;
        let writable = wait(call(&file, "createWritable", &Array::new())).await?;
        if let Err(error) = wait(call(&writable, "write", &Array::of1(content))).await {
            // What was begun is let go with the stream.
            let _ = wait(call(&writable, "abort", &Array::new())).await;
            return Err(error);
        }
        wait(call(&writable, "close", &Array::new())).await.map(drop)
    }

    /// Deletes a file of a document.
    ///
    /// # Errors
    /// [`PlatformError::NotFound`] if it is not there.
    pub async fn remove(&self, key: &str, name: &str) -> Result<(), PlatformError> {
        let folder = subfolder(&self.documents, key, false).await?;
        let removed = JsFuture::from(folder.remove_entry(name)).await;
        removed.map(drop).map_err(|thrown| PlatformError::from_js("deleting a part", name, &thrown))
    }

    /// Deletes a document; one that is not there is fine.
    ///
    /// # Errors
    /// Whatever the browser says.
    pub async fn delete(&self, key: &str) -> Result<(), PlatformError> {
        let options = FileSystemRemoveOptions::new();
        options.set_recursive(true);
        let removed = JsFuture::from(self.documents.remove_entry_with_options(key, &options)).await;
        match removed.map_err(|thrown| PlatformError::from_js("deleting the document", key, &thrown)) {
            Ok(_) | Err(PlatformError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A key for a new document: later ones sort behind.
#[must_use]
pub fn new_key() -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a positive number below 65536"
    )]
    let chance = (js_sys::Math::random() * 65_536.0) as u32;
    format!("{:013.0}-{chance:04x}", js_sys::Date::now())
}

/// The day of a time in milliseconds since 1970, as people here write it.
#[must_use]
pub fn day(at: f64) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(at));
    String::from(date.to_locale_date_string("default", &JsValue::UNDEFINED))
}

/// Says that a document is open here until the page is closed.
pub fn hold(key: &str) {
    let Some(locks) = locks() else { return };
    let name = JsValue::from_str(&format!("{LOCK}{key}"));
    let never = Closure::once_into_js(|| Promise::new(&mut |_, _| {}));
    if let Ok(request) = call(&locks, "request", &Array::of2(&name, &never)) {
        // Refused where a page has no origin of its own; then there is no storage either.
        wasm_bindgen_futures::spawn_local(async move {
            let _ = JsFuture::from(Promise::from(request)).await;
        });
    }
}

/// Names of all locks that are held.
pub(super) async fn held() -> Vec<String> {
    let Some(locks) = locks() else { return Vec::new() };
    let Ok(query) = call(&locks, "query", &Array::new()) else { return Vec::new() };
    let Ok(state) = JsFuture::from(Promise::from(query)).await else { return Vec::new() };
    let held: Option<Array> = property(&state, "held").and_then(|held| held.dyn_into().ok());
    let names = held.into_iter().flat_map(|held| held.to_vec());
    names.filter_map(|lock| property(&lock, "name")?.as_string()).collect()
}

fn locks() -> Option<JsValue> {
    property(&web_sys::window()?.navigator(), "locks")
}
