//! Where the page is, and addresses relative to it.

use super::{property, text_property};
use web_sys::{Url, UrlSearchParams};

/// The address that relative ones start from: the page's folder, wherever it is hosted. A worker has been
/// told it by its start script (its own address is that of a blob).
#[must_use]
pub fn base() -> Option<String> {
    let global = js_sys::global();
    match property(&global, "document") {
        Some(document) => text_property(&document, "baseURI"),
        None => text_property(&global, "pageAddress"),
    }
}

/// `relative` as an absolute address, seen from the page's folder; none if it makes no address.
#[must_use]
pub fn absolute(relative: &str) -> Option<String> {
    Url::new_with_base(relative, &base()?).ok().map(|url| url.href())
}

/// Parameter `name` of the page's address (`?name=value`).
#[must_use]
pub fn parameter(name: &str) -> Option<String> {
    let location = property(&js_sys::global(), "location")?;
    let search = text_property(&location, "search")?;
    UrlSearchParams::new_with_str(&search).ok()?.get(name)
}
