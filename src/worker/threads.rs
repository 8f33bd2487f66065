//! Threads in a browser: workers on the memory of this one, which rayon takes for its own.
//!
//! Every worker that joins runs the program's `main` again, which does nothing in all but the first. Once it has
//! returned the worker says that it is ready, and calls [`serve`]. Only when all are that far does the program
//! block until they serve: a browser needs the events of the one to start the other.

use crate::platform::{clock, new_worker};
use futures::future::{Either, select};
use js_sys::{Array, Promise};
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, MessageEvent, Url, WorkerOptions, WorkerType};

/// Threads that have not joined after so many milliseconds are done without.
const JOIN_LIMIT_MS: f64 = 10_000.0;

/// The first script of a thread.
const START: &str = include_str!("thread_start.js");

/// Whether the program runs: then who comes is a thread of it.
static RUNS: AtomicBool = AtomicBool::new(false);

/// Threads that rayon wants and no worker has taken yet.
static WANTED: Mutex<VecDeque<rayon::ThreadBuilder>> = Mutex::new(VecDeque::new());
/// There is one more of them.
static MORE: Condvar = Condvar::new();

/// Whether this worker is a thread of a program that runs already.
pub(super) fn is_thread() -> bool {
    RUNS.swap(true, Ordering::SeqCst)
}

/// Serves as a thread, as long as the program lives. Its start script calls it.
#[wasm_bindgen(js_name = serveAsThread)]
#[allow(unreachable_pub, reason = "what goes to JavaScript must be public")]
pub fn serve() {
    let mut wanted = WANTED.lock().unwrap_or_else(PoisonError::into_inner);
    let thread = loop {
        match wanted.pop_front() {
            Some(thread) => break thread,
            None => wanted = MORE.wait(wanted).unwrap_or_else(PoisonError::into_inner),
        }
    };
    drop(wanted);
    thread.run();
}

/// Starts the threads that the page asked for; fewer, or none, where the browser starts no more. This worker
/// is one of them.
pub(super) async fn start() {
    let mut others = Vec::new();
    for _ in 1..asked_for() {
        match start_one() {
            Ok(joining) => others.push(joining),
            Err(thrown) => web_sys::console::warn_1(&thrown),
        }
    }
    let mut threads = 1;
    let mut late = pin!(clock::sleep(JOIN_LIMIT_MS));
    for other in others {
        match select(JsFuture::from(other), late.as_mut()).await {
            Either::Left((Ok(_), _)) => threads += 1,
            Either::Left((Err(thrown), _)) => web_sys::console::warn_1(&thrown),
            // Those that are there have to do.
            Either::Right(_) => break,
        }
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread();
    let pool = pool.spawn_handler(|thread| {
        WANTED.lock().unwrap_or_else(PoisonError::into_inner).push_back(thread);
        MORE.notify_one();
        Ok(())
    });
    // Waits until all have come.
    if let Err(error) = pool.build_global() {
        web_sys::console::warn_1(&JsValue::from_str(&error.to_string()));
    }
}

/// The number that the page gave the start script.
fn asked_for() -> usize {
    let count = js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str("threadCount"));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small whole number")]
    let count = count.ok().and_then(|count| count.as_f64()).map_or(1, |count| count as usize);
    count.clamp(1, 64)
}

/// Starts a worker; the promise is kept when it is about to serve.
fn start_one() -> Result<Promise, JsValue> {
    let script = js_sys::Reflect::get(&js_sys::global(), &JsValue::from_str("programAddress"))?;
    let options = BlobPropertyBag::new();
    options.set_type("text/javascript");
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(START)), &options)?;
    let url = Url::create_object_url_with_blob(&blob)?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name("recto-thread");
    let worker = new_worker(&url, &options)?;
    worker.post_message(&Array::of3(&script, &wasm_bindgen::module(), &wasm_bindgen::memory()))?;
    Ok(Promise::new(&mut |kept, broken| {
        let address = url.clone();
        let failed = broken.clone();
        let heard = Closure::once_into_js(move |event: MessageEvent| {
            // It has been fetched by now.
            let _ = Url::revoke_object_url(&address);
            let said = event.data();
            let settle = if said == "ready" { &kept } else { &broken };
            let _ = settle.call1(&JsValue::NULL, &said);
        });
        worker.set_onmessage(Some(heard.unchecked_ref()));
        worker.set_onerror(Some(&failed));
    }))
}
