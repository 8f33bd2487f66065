//! Files of the person's: reading what was dropped, saving what was made, and the clipboard.

use super::{PlatformError, clock::Timer};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Url};

/// How long a saved file's address stays valid, in milliseconds: browsers read it some time after the
/// click, and Safari asks the person first.
const SAVE_GRACE_MS: f64 = 60_000.0;

/// The size of a file in bytes.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a file's size is below 2^53")]
pub fn size(file: &Blob) -> u64 {
    file.size() as u64
}

/// The whole content of `file` (a `File` is a `Blob`).
///
/// # Errors
/// If it was moved or changed since it was chosen, or cannot be read.
pub async fn read(file: &Blob) -> Result<Vec<u8>, PlatformError> {
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|thrown| PlatformError::from_js("reading the file", "the file", &thrown))?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// A file called `name` that holds `bytes`.
///
/// # Errors
/// If the browser makes no file.
pub fn make(name: &str, bytes: &[u8]) -> Result<File, PlatformError> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    File::new_with_u8_array_sequence(&parts, name)
        .map_err(|thrown| PlatformError::from_js("making a file", name, &thrown))
}

/// Offers `bytes` for download as `name`.
///
/// # Errors
/// If there is no page (in a worker) or the browser makes no blob.
pub fn save(name: &str, media_type: &str, bytes: &[u8]) -> Result<(), PlatformError> {
    let failed = |thrown: JsValue| PlatformError::from_js("saving the file", name, &thrown);
    let url = object_url(media_type, bytes)?;
    let document = web_sys::window()
        .and_then(|window| window.document())
        .ok_or_else(|| failed(JsValue::from_str("there is no page")))?;
    let anchor: HtmlAnchorElement =
        document.create_element("a").map_err(failed)?.dyn_into().map_err(|element| failed(element.into()))?;
    anchor.set_href(&url);
    anchor.set_download(name);
    anchor.click();
    let timer = Timer::after(SAVE_GRACE_MS, move || {
        let _ = Url::revoke_object_url(&url);
    });
    // Dropping the timer would call it off; one small closure per saved file is left behind instead.
    std::mem::forget(timer);
    Ok(())
}

/// An address within this page for `bytes`, to be given back with [`revoke`].
///
/// # Errors
/// If the browser makes no blob.
pub fn object_url(media_type: &str, bytes: &[u8]) -> Result<String, PlatformError> {
    let failed = |thrown: JsValue| PlatformError::from_js("keeping a file in memory", "file", &thrown);
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence_and_options(&parts, &options).map_err(failed)?;
    Url::create_object_url_with_blob(&blob).map_err(failed)
}

/// Gives back an address made by [`object_url`].
pub fn revoke(url: &str) {
    let _ = Url::revoke_object_url(url);
}

/// Puts `text` on the clipboard.
///
/// # Errors
/// If the browser refuses (no permission, page not in front, no secure context).
pub async fn copy_text(text: &str) -> Result<(), PlatformError> {
    let failed = |thrown: JsValue| PlatformError::from_js("copying", "the clipboard", &thrown);
    let navigator = web_sys::window()
        .map(|window| window.navigator())
        .ok_or_else(|| failed(JsValue::from_str("there is no page")))?;
    let clipboard = super::property(&navigator, "clipboard")
        .ok_or_else(|| failed(JsValue::from_str("this page may not use the clipboard")))?;
    let clipboard: web_sys::Clipboard = clipboard.unchecked_into();
    JsFuture::from(clipboard.write_text(text)).await.map(drop).map_err(failed)
}
