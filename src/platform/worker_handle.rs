//! The page's end of a worker: start, send, receive, notice its death, end it.

use super::clock;
use super::envelope::{self, EnvelopeError, Posting};
use super::new_worker::new_worker;
use super::{PlatformError, Program, address, call, describe, documents, property};
use crate::pipeline::event::Event;
use crate::protocol::{Envelope, PROTOCOL, Request, Response};
use js_sys::{Array, ArrayBuffer};
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, ErrorEvent, MessageEvent, Url, Worker, WorkerOptions, WorkerType};

/// The script that starts the program, with `SCRIPT`, `MODULE`, `PLACE`, `LIFELINE` and `THREADS` to be declared before it.
const START: &str = include_str!("worker_start.js");
/// A worker that has not said that it listens after this many seconds is taken for dead: fetching and compiling the
/// program takes seconds on a slow phone. They are counted one by one, so that those in which a tab was frozen or
/// the machine slept do not count.
const START_LIMIT_S: u32 = 60;

/// What comes from a worker.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "events are short-lived, and nearly all are responses")]
pub enum WorkerEvent {
    /// A response, [`Response::Ready`] first; never [`Response::Died`].
    Response(Envelope<Response>),
    /// A response about a page's pixels, and its buffer as the browser has it: it is passed on, not looked at.
    Parcel(Response, Option<ArrayBuffer>),
    /// It is gone, for the cause given. Comes once, and nothing comes after it.
    Died(String),
}

/// A running worker. Dropping the handle ends it.
pub struct WorkerHandle {
    shared: Rc<Shared>,
}

/// What hears one kind of event of the worker.
type Listener = Closure<dyn FnMut(JsValue)>;

struct Shared {
    worker: Worker,
    /// Address of the start script.
    script: String,
    state: RefCell<State>,
    on_event: Box<dyn Fn(WorkerEvent)>,
    listeners: RefCell<Vec<Listener>>,
}

enum State {
    /// Not listening yet; what is to be sent once it does.
    Starting { queue: Vec<Posting> },
    /// Listening.
    Running,
    /// Ended or dead: whatever still comes from it is late and ignored.
    Ended,
}

impl WorkerHandle {
    /// Starts `program` in a worker called `name` (seen in the browser's tools); `on_event` is called with
    /// what comes from it. Messages sent before it listens wait for it.
    ///
    /// # Errors
    /// If the browser starts no worker at all.
    pub fn spawn(
        program: &Program,
        name: &str,
        on_event: impl Fn(WorkerEvent) + 'static,
    ) -> Result<Self, PlatformError> {
        let failed = |thrown: JsValue| PlatformError::from_js("starting a worker", name, &thrown);
        let lifeline = format!("{}-{}", name, js_sys::Math::random());
        let script = start_script(program, &lifeline).map_err(failed)?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        options.set_name(name);
        let worker = new_worker(&script, &options).map_err(failed)?;
        let shared = Rc::new_cyclic(|shared: &Weak<Shared>| {
            wasm_bindgen_futures::spawn_local(limit_start(shared.clone()));
            Shared {
                worker,
                script,
                state: RefCell::new(State::Starting { queue: Vec::new() }),
                on_event: Box::new(on_event),
                listeners: RefCell::default(),
            }
        });
        listen(&shared, "message", move |shared, event| shared.receive(event, &lifeline));
        listen(&shared, "messageerror", |shared, _| {
            shared.die("a message from it could not be read".to_owned());
        });
        listen(&shared, "error", |shared, event| {
            // Without a message the script or a module of it could not be loaded at all.
            let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).unwrap_or_default();
            shared.die(if message.is_empty() {
                "its program could not be loaded".to_owned()
            } else {
                message
            });
        });
        Ok(Self { shared })
    }

    /// Sends a request; its buffers are copied out of this program and then transferred. To a worker that
    /// is gone nothing is sent: its death has been told.
    pub fn send(&self, request: Envelope<Request>) {
        self.shared.send(envelope::encode(&request));
    }

    /// Sends a request with a file. Its bytes never come into this program: the worker reads them.
    pub fn send_file(&self, request: Request, file: &Blob) {
        let encoded = envelope::encode(&Envelope { message: request, buffers: Vec::new() });
        if let Ok((message, _)) = &encoded {
            message.push(file);
        }
        self.shared.send(encoded);
    }

    /// Sends a request with a buffer that is the browser's, which goes to the worker as it is.
    pub fn send_parcel(&self, request: Request, parcel: &ArrayBuffer) {
        let encoded = envelope::encode(&Envelope { message: request, buffers: Vec::new() });
        if let Ok((message, transfer)) = &encoded {
            message.push(parcel);
            transfer.push(parcel);
        }
        self.shared.send(encoded);
    }

    /// Ends the worker and gives its memory back. Nothing comes from it any more, not even its death.
    pub fn terminate(&self) {
        self.shared.end();
    }

    /// Whether it neither was ended nor died.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !matches!(*self.shared.state.borrow(), State::Ended)
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Shared {
    fn send(self: &Rc<Self>, encoded: Result<Posting, EnvelopeError>) {
        match encoded {
            Ok(posting) => {
                if let State::Starting { queue } = &mut *self.state.borrow_mut() {
                    queue.push(posting);
                    return;
                }
                self.post(&posting);
            }
            Err(error) => self.die_later(format!("a request could not be put into words: {error}")),
        }
    }

    fn post(self: &Rc<Self>, (message, transfer): &Posting) {
        if !matches!(*self.state.borrow(), State::Running) {
            return;
        }
        if let Err(thrown) = self.worker.post_message_with_transfer(message, transfer) {
            self.die_later(format!("a request could not be sent to it: {}", describe(&thrown)));
        }
    }

    fn receive(self: &Rc<Self>, event: JsValue, lifeline: &str) {
        if matches!(*self.state.borrow(), State::Ended) {
            return;
        }
        let data = event.unchecked_into::<MessageEvent>().data();
        if data.dyn_ref::<Array>().is_some_and(|array| array.get(0) == lifeline) {
            return watch(lifeline, Rc::downgrade(self));
        }
        let opened = envelope::decode_message::<Response>(&data);
        let response = match opened {
            Ok((message @ (Response::Pixels { .. } | Response::PixelsRead { .. }), posted)) => {
                let parcel = posted.get(1).dyn_into::<ArrayBuffer>().ok();
                return (self.on_event)(WorkerEvent::Parcel(message, parcel));
            }
            Ok((message, posted)) => envelope::buffers(posted).map(|buffers| Envelope { message, buffers }),
            Err(error) => Err(error),
        };
        let response = match response {
            Ok(response) => response,
            Err(error) => return self.die(error.to_string()),
        };
        match response.message {
            Response::Ready { protocol: PROTOCOL } => {
                self.ready();
                (self.on_event)(WorkerEvent::Response(response));
            }
            Response::Event { job, event: Event::Page { .. } } => {
                (self.on_event)(WorkerEvent::Response(response));
                let received = Envelope { message: Request::Received { job }, buffers: Vec::new() };
                self.send(envelope::encode(&received));
            }
            Response::Ready { .. } => {
                self.die("it is of another version than this page; reload the page".to_owned());
            }
            Response::Died { message } => self.die(message),
            _ => (self.on_event)(WorkerEvent::Response(response)),
        }
    }

    fn ready(self: &Rc<Self>) {
        let before = self.state.replace(State::Running);
        if let State::Starting { queue } = before {
            for posting in &queue {
                self.post(posting);
            }
        }
    }

    /// Tells of its death once the caller is done: whoever sends may hold what the listener needs.
    fn die_later(self: &Rc<Self>, cause: String) {
        let shared = Rc::downgrade(self);
        wasm_bindgen_futures::spawn_local(async move {
            with(&shared, |shared| shared.die(cause));
        });
    }

    fn die(&self, cause: String) {
        if self.end() {
            (self.on_event)(WorkerEvent::Died(cause));
        }
    }

    /// True if this call ended it.
    fn end(&self) -> bool {
        if matches!(self.state.replace(State::Ended), State::Ended) {
            return false;
        }
        self.worker.terminate();
        let _ = Url::revoke_object_url(&self.script);
        self.listeners.borrow_mut().clear();
        true
    }
}

/// The address of the start script for `program` in a worker that holds the lock `lifeline`.
fn start_script(program: &Program, lifeline: &str) -> Result<String, JsValue> {
    let absolute =
        |file: &str| address::absolute(file).ok_or_else(|| JsValue::from_str("the page has no address"));
    // A JSON text is a JavaScript text too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let source = format!(
        "const SCRIPT = {}, MODULE = {}, PLACE = {}, LIFELINE = {}, THREADS = {};\n{START}",
        quoted(&absolute(&format!("{}.js", program.stem()))?),
        quoted(&absolute(&format!("{}_bg.wasm", program.stem()))?),
        quoted(&address::place()),
        quoted(lifeline),
        program.threads(),
    );
    let options = BlobPropertyBag::new();
    options.set_type("text/javascript");
    let parts = Array::of1(&JsValue::from_str(&source));
    let blob = Blob::new_with_str_sequence_and_options(&parts, &options)?;
    Url::create_object_url_with_blob(&blob)
}

/// Calls `react` with each event of `kind` while the worker is there.
fn listen(shared: &Rc<Shared>, kind: &str, react: impl Fn(&Rc<Shared>, JsValue) + 'static) {
    let weak = Rc::downgrade(shared);
    let closure = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
        with(&weak, |shared| react(shared, event));
    });
    let _ = shared.worker.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
    shared.listeners.borrow_mut().push(closure);
}

/// Takes a worker for dead that does not start in time.
async fn limit_start(shared: Weak<Shared>) {
    let starting =
        || shared.upgrade().is_some_and(|shared| matches!(*shared.state.borrow(), State::Starting { .. }));
    for _ in 0..START_LIMIT_S {
        clock::sleep(1_000.0).await;
        if !starting() {
            return;
        }
    }
    with(&shared, |shared| shared.die("it did not start within a minute".to_owned()));
}

/// Notices a worker that went without a word (closed by the browser): the lock it holds comes free. It has
/// just said that it holds it.
fn watch(lifeline: &str, shared: Weak<Shared>) {
    let lifeline = lifeline.to_owned();
    wasm_bindgen_futures::spawn_local(async move {
        // After a person has cleared the site's data, locks of new workers are others than those that this page sees,
        // until it is reloaded: it would get this one at once. Then only events and silence tell.
        if !documents::held().await.contains(&lifeline) {
            return;
        }
        let Some(locks) = web_sys::window().and_then(|window| property(&window.navigator(), "locks")) else {
            return;
        };
        let freed = Closure::once_into_js(move || {
            with(&shared, |shared| shared.die("the browser ended it".to_owned()));
        });
        // Refused where a page has no origin of its own (a sandboxed frame): then only events tell.
        if let Ok(request) = call(&locks, "request", &Array::of2(&JsValue::from_str(&lifeline), &freed)) {
            let _ = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::from(request)).await;
        }
    });
}

fn with(shared: &Weak<Shared>, act: impl FnOnce(&Rc<Shared>)) {
    if let Some(shared) = shared.upgrade() {
        act(&shared);
    }
}
