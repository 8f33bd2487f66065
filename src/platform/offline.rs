//! The page's end of `public/offline.js`, which keeps the app for working without a network: what it tells, and
//! what it is told.

use super::{property, text_property};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, Event, File};

/// What there is to know.
#[derive(Clone, Debug)]
pub enum OfflineEvent {
    /// The app is kept on this machine.
    Kept,
    /// A newer version is kept too and waits to be applied.
    Update,
    /// An update was not applied, because so many other tabs use this version.
    OthersOpen(u32),
    /// Reloaded now, the page would be isolated and could use threads.
    WouldIsolate,
    /// Files were opened with the installed app, or shared to it.
    Files(Vec<File>),
}

/// Has `told` called with what is told from now on, and with what has been told before.
pub fn listen(told: impl Fn(OfflineEvent) + 'static) {
    let Some(window) = web_sys::window() else { return };
    let heard = Closure::<dyn Fn(CustomEvent)>::new(move |event: CustomEvent| {
        if let Some(event) = decode(&event.detail()) {
            told(event);
        }
    });
    // Only fails for an event target that is gone.
    let _ = window.add_event_listener_with_callback("recto-offline", heard.as_ref().unchecked_ref());
    // It listens as long as the page lives.
    heard.forget();
    tell("recto-listening");
}

/// Applies the update that waits: the page is reloaded, or [`OfflineEvent::OthersOpen`] is told.
pub fn apply_update() {
    tell("recto-apply-update");
}

/// Reloads the page.
pub fn reload() {
    if let Some(window) = web_sys::window() {
        // A browser that refuses leaves the page as it is, which works.
        let _ = window.location().reload();
    }
}

fn tell(name: &str) {
    if let (Some(window), Ok(event)) = (web_sys::window(), Event::new(name)) {
        // Nobody can cancel it.
        let _ = window.dispatch_event(&event);
    }
}

fn decode(detail: &JsValue) -> Option<OfflineEvent> {
    Some(match text_property(detail, "kind")?.as_str() {
        "kept" => OfflineEvent::Kept,
        "update" => OfflineEvent::Update,
        "isolate" => OfflineEvent::WouldIsolate,
        "others-open" => {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tabs")]
            let others = property(detail, "others")?.as_f64()?.clamp(0.0, 1e6) as u32;
            OfflineEvent::OthersOpen(others)
        }
        "files" => {
            let list: js_sys::Array = property(detail, "files")?.dyn_into().ok()?;
            OfflineEvent::Files(list.iter().filter_map(|file| file.dyn_into().ok()).collect())
        }
        _ => return None,
    })
}
