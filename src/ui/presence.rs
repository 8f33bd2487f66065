//! Whether the page is in front.

use super::store::{Ui, document};
use crate::session::Event;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Tells the session when the page goes behind others, and when it comes back.
pub(super) fn listen(ui: Ui) {
    let Some(watched) = document() else { return };
    let page = watched.clone();
    let tell = move || ui.send(Event::InFront(!page.hidden()));
    if watched.hidden() {
        tell();
    }
    let changed = Closure::<dyn FnMut()>::new(tell);
    // Without it the page counts as always in front.
    let _ = watched.add_event_listener_with_callback("visibilitychange", changed.as_ref().unchecked_ref());
    // It listens as long as the page lives.
    changed.forget();
}
