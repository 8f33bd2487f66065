//! How much memory there is in use: of this program, and of the page with all its workers as far as the browser
//! tells.

use super::{call, property};
use js_sys::{Array, Promise};
use wasm_bindgen_futures::JsFuture;

/// Bytes of a page of WebAssembly memory.
const WASM_PAGE: u64 = 65_536;

/// Bytes of this program's memory. It never shrinks, so they are the most that there were.
#[must_use]
pub fn of_program() -> u64 {
    #[cfg(target_arch = "wasm32")]
    let pages = core::arch::wasm32::memory_size::<0>() as u64;
    #[cfg(not(target_arch = "wasm32"))]
    let pages = 0;
    pages * WASM_PAGE
}

/// Bytes that the browser counts for this page and its workers. Only isolated pages of some browsers are told, and
/// only after the browser has tidied up, which takes seconds.
pub async fn of_page() -> Option<u64> {
    let performance = property(&js_sys::global(), "performance")?;
    // A page that is not isolated has the function, and it throws.
    let asked = call(&performance, "measureUserAgentSpecificMemory", &Array::new()).ok()?;
    let told = JsFuture::from(Promise::from(asked)).await.ok()?;
    let bytes = property(&told, "bytes")?.as_f64()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of bytes")]
    let bytes = bytes.max(0.0) as u64;
    Some(bytes)
}
