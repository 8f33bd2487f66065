//! Starting a worker, also where a page demands Trusted Types.

use super::{call, property};
use js_sys::{Array, Object, Reflect};
use std::cell::RefCell;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Worker, WorkerOptions};

/// The policy that a page's `trusted-types` must allow.
const POLICY: &str = "recto-worker";

thread_local! {
    static TRUSTING: RefCell<Option<JsValue>> = const { RefCell::new(None) };
}

/// A worker that runs the script at `url`, which is one of this program's own.
///
/// # Errors
/// What the browser throws: no workers here, or the page's policy forbids this one.
pub(crate) fn new_worker(url: &str, options: &WorkerOptions) -> Result<Worker, JsValue> {
    let address = trusted(url).unwrap_or_else(|| JsValue::from_str(url));
    let constructor: js_sys::Function = Reflect::get(&js_sys::global(), &"Worker".into())?.dyn_into()?;
    Reflect::construct(&constructor, &Array::of2(&address, options))?.dyn_into()
}

/// The address as a `TrustedScriptURL`; none where a browser knows no Trusted Types, or the page allows no policy: then
/// the text is tried.
fn trusted(url: &str) -> Option<JsValue> {
    TRUSTING.with(|trusting| {
        if trusting.borrow().is_none() {
            let factory = property(&js_sys::global(), "trustedTypes")?;
            let same = Closure::<dyn Fn(JsValue) -> JsValue>::new(|address| address).into_js_value();
            let rules = Object::new();
            Reflect::set(&rules, &"createScriptURL".into(), &same).ok()?;
            let made = call(&factory, "createPolicy", &Array::of2(&POLICY.into(), &rules)).ok()?;
            trusting.replace(Some(made));
        }
        let policy = trusting.borrow().clone()?;
        call(&policy, "createScriptURL", &Array::of1(&url.into())).ok()
    })
}
