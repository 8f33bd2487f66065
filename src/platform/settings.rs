//! Small settings remembered between visits (`localStorage`), as JSON.
//!
//! Where the browser keeps none (blocked site data), settings are the defaults each time: nothing fails.

use serde::Serialize;
use serde::de::DeserializeOwned;
use web_sys::Storage;

/// The setting called `key`; none if it was never made, or by a version that wrote it differently.
#[must_use]
pub fn load<T: DeserializeOwned>(key: &str) -> Option<T> {
    let text = storage()?.get_item(key).ok()??;
    serde_json::from_str(&text).ok()
}

/// Remembers `value` as `key`. True if the browser took it.
pub fn store<T: Serialize>(key: &str, value: &T) -> bool {
    match (storage(), serde_json::to_string(value)) {
        (Some(storage), Ok(text)) => storage.set_item(key, &text).is_ok(),
        _ => false,
    }
}

/// Forgets the setting called `key`.
pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

/// The page's storage; reading the property throws where site data is blocked.
fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}
