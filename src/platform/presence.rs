//! Whether the page is in front.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Has `told` called when the page goes behind others (false), and when it comes back.
pub fn listen(told: impl Fn(bool) + 'static) {
    let Some(watched) = web_sys::window().and_then(|window| window.document()) else { return };
    let page = watched.clone();
    let tell = move || told(!page.hidden());
    if watched.hidden() {
        tell();
    }
    let changed = Closure::<dyn FnMut()>::new(tell);
    // Without it the page counts as always in front.
    let _ = watched.add_event_listener_with_callback("visibilitychange", changed.as_ref().unchecked_ref());
    // It listens as long as the page lives.
    changed.forget();
}
