//! Where the page is, and addresses relative to it.
//!
//! The app's files lie in the page's folder. Those of the embedded reader lie where its module came from, and a
//! bundler may have given each an address of its own: then [`settle`] has said so. Workers are told the same by their
//! start script.

use super::{property, text_property};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use web_sys::{Url, UrlSearchParams};

/// Where Recto's files are, if not in the page's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Place {
    /// The folder that relative addresses start from.
    pub base: String,
    /// Addresses of files that lie elsewhere, by their names.
    pub files: BTreeMap<String, String>,
    /// Stems of the builds that are there besides the plain ones.
    pub programs: Vec<String>,
}

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// Says where the files are. Workers that run already keep what they were told.
pub fn settle(place: Place) {
    PLACE.with(|settled| settled.replace(Some(place)));
}

/// Where the files are, in the words in which a worker's start script is told; JSON.
#[must_use]
pub fn place() -> String {
    let settled = PLACE.with(|settled| settled.borrow().clone());
    let place = settled.unwrap_or_else(|| Place {
        base: absolute("./").unwrap_or_default(),
        programs: programs(),
        ..Place::default()
    });
    serde_json::to_string(&place).unwrap_or_else(|_| "{}".to_owned())
}

/// The address that relative ones start from. A worker has been told it by its start script (its own address is that
/// of a blob).
#[must_use]
pub fn base() -> Option<String> {
    if let Some(base) = with_place(|place| Some(place.base.clone())) {
        return Some(base);
    }
    property(&js_sys::global(), "document").and_then(|document| text_property(&document, "baseURI"))
}

/// `relative` as an absolute address, seen from the folder of Recto's files; none if it makes no address.
#[must_use]
pub fn absolute(relative: &str) -> Option<String> {
    let own = with_place(|place| place.files.get(relative.trim_start_matches("./")).cloned());
    own.or_else(|| Url::new_with_base(relative, &base()?).ok().map(|url| url.href()))
}

/// Stems of the programs that were built besides the plain ones.
#[must_use]
pub fn programs() -> Vec<String> {
    if let Some(programs) = with_place(|place| Some(place.programs.clone())) {
        return programs;
    }
    let names = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.query_selector("meta[name=programs]").ok().flatten())
        .and_then(|element| element.get_attribute("content"));
    names.map(|names| names.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
}

/// Parameter `name` of the page's address (`?name=value`).
#[must_use]
pub fn parameter(name: &str) -> Option<String> {
    let location = property(&js_sys::global(), "location")?;
    let search = text_property(&location, "search")?;
    UrlSearchParams::new_with_str(&search).ok()?.get(name)
}

/// Looks at the place that was settled, or that this worker was told.
fn with_place<T>(look: impl FnOnce(&Place) -> Option<T>) -> Option<T> {
    PLACE.with(|settled| {
        if settled.borrow().is_none()
            && let Some(told) = text_property(&js_sys::global(), "rectoPlace")
        {
            settled.replace(serde_json::from_str(&told).ok());
        }
        settled.borrow().as_ref().and_then(look)
    })
}
