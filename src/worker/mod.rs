//! The worker's end of [`crate::protocol`]: requests in, responses out.
//!
//! Every worker program is this module with one of the features of what it does: `read` makes the one that
//! opens documents (`document`), `models` the one that runs models (`model`), `ocr` the one that reads scans (`scan`). The storage of models
//! (`store`) needs neither and is part of all. Each open document is a task of its own, which gives way to
//! other events between two pages; models are run by one task, one request after the other; downloads are
//! tasks beside them. A page starts a program once for each role, so that a long computation in one holds
//! up none of the others.

#[cfg(feature = "read")]
mod document;
mod failure;
#[cfg(feature = "read")]
mod file;
#[cfg(feature = "models")]
mod model;
mod outbox;
#[cfg(feature = "ocr")]
mod scan;
mod store;
#[cfg(feature = "threads")]
mod threads;

use crate::platform::envelope;
use crate::protocol::{Envelope, PROTOCOL, Request, Response};
use std::cell::RefCell;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

/// Begins to listen, and says so; in a build with threads once they have started.
pub fn start() {
    #[cfg(feature = "threads")]
    if threads::is_thread() {
        return;
    }
    failure::report_panics();
    #[cfg(not(feature = "threads"))]
    listen();
    #[cfg(feature = "threads")]
    wasm_bindgen_futures::spawn_local(async {
        threads::start().await;
        listen();
    });
}

fn listen() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let desk = RefCell::new(Desk::default());
    let receive = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        receive(&mut desk.borrow_mut(), &event.data());
    });
    scope.set_onmessage(Some(receive.as_ref().unchecked_ref()));
    // It listens as long as the worker lives.
    receive.forget();
    outbox::post(Response::Ready { protocol: PROTOCOL });
}

/// Where requests are handed on to the tasks that serve them.
#[derive(Default)]
struct Desk {
    #[cfg(feature = "read")]
    documents: document::Documents,
    #[cfg(feature = "models")]
    models: model::Models,
    #[cfg(feature = "ocr")]
    scans: scan::Scans,
    store: store::Store,
}

/// A request that was not served.
type Unserved = Envelope<Request>;

fn receive(desk: &mut Desk, data: &JsValue) {
    let unserved = match envelope::decode::<Request>(data) {
        Ok((request, file)) => desk.serve(request, file),
        // Page and worker are of one build; what cannot be read cannot be answered either.
        Err(error) => Err(error.to_string()),
    };
    if let Err(message) = unserved {
        outbox::post(Response::Died { message });
    }
}

impl Desk {
    /// Each part takes what it serves and leaves the rest to the next. Only documents come with a file.
    #[cfg_attr(not(feature = "read"), allow(unused_variables, reason = "this program reads no documents"))]
    fn serve(&mut self, request: Envelope<Request>, file: Option<Blob>) -> Result<(), String> {
        let request = Some(request);
        #[cfg(feature = "read")]
        let request = request.and_then(|request| self.documents.take(request, file));
        #[cfg(feature = "models")]
        let request = request.and_then(|request| self.models.take(request));
        #[cfg(feature = "ocr")]
        let request = request.and_then(|request| self.scans.take(request));
        match request.and_then(|request| self.store.take(request)) {
            None => Ok(()),
            Some(_) => Err("this program was asked for what another one does".to_owned()),
        }
    }
}
