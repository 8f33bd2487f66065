//! Recto within another page: the session without the app's face, behind a class that `public/recto.js` drives.
//!
//! One [`Engine`] serves all readers of a page: documents are worked on one at a time, by the same workers and with
//! one copy of a model. It keeps nothing in the browser but models. Workers that have had nothing to do for
//! [`REST_AFTER_MS`] are ended.

#![allow(unreachable_pub, reason = "what goes to JavaScript must be public")]

use crate::api::{API_VERSION, Order, Watch};
use crate::platform::address::{self, Place};
use crate::platform::clock::{self, Timer};
use crate::platform::{Crew, Tell, abilities, device_memory, fetch, presence};
use crate::protocol::JobId;
use crate::session::{Browser, Command, Event, Session, Settings};
use js_sys::{Array, Function, Uint8Array};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::File;

/// Workers without work are ended after so many milliseconds.
const REST_AFTER_MS: f64 = 30_000.0;

/// The list of models is asked for so many times more,
const REGISTRY_TRIES: usize = 2;
/// after a pause of so many milliseconds.
const REGISTRY_PAUSE_MS: f64 = 1_000.0;

/// Does nothing: the program waits for the [`Engine`] to be made.
pub fn start() {}

/// What the engine is told when it is made.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    /// Where Recto's files are.
    place: Place,
    /// Prefix that replaces the hub's address for models; empty for the hub.
    models: String,
}

/// A message to JavaScript: JSON and buffers.
#[derive(Serialize)]
struct News<'a, T> {
    job: u32,
    #[serde(flatten)]
    told: &'a T,
}

/// What a browser can do, for [`Engine::abilities`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ability {
    name: &'static str,
    there: bool,
    text: String,
}

/// Everything that readers of a page share.
#[wasm_bindgen]
pub struct Engine {
    inner: Rc<Inner>,
}

struct Inner {
    session: RefCell<Session>,
    watch: RefCell<Watch>,
    crew: Crew,
    tell: Function,
    rest: RefCell<Option<Timer>>,
    /// Events that came while another was applied.
    busy: Cell<bool>,
    pending: RefCell<Vec<Event>>,
}

#[wasm_bindgen]
impl Engine {
    /// An engine with `config` (JSON: `place`, `models`), whose `tell(json, buffers)` hears of documents.
    ///
    /// # Errors
    /// If `config` is not what it should be.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, tell: Function) -> Result<Self, JsError> {
        let Config { place, models } = serde_json::from_str(config)?;
        address::settle(place);
        // What a site was built with serves those who name nothing else.
        let built = option_env!("RECTO_MODELS_BASE").unwrap_or_default();
        let base_url = if models.is_empty() { built.to_owned() } else { models };
        let settings = Settings { keep: false, base_url, ..Settings::default() };
        let abilities = abilities();
        let mut session = Session::new(settings, device_memory()).with_processors(abilities.processors);
        session.program = abilities.choose().variant.stem();
        session.models.awaited = true;
        let inner = Rc::new(Inner {
            session: RefCell::new(session),
            watch: RefCell::default(),
            crew: Crew::default(),
            tell,
            rest: RefCell::default(),
            busy: Cell::new(false),
            pending: RefCell::default(),
        });
        let weak = Rc::downgrade(&inner);
        presence::listen(move |in_front| with(&weak, |inner| inner.send(Event::InFront(in_front))));
        let weak = Rc::downgrade(&inner);
        spawn_local(async move {
            let mut loaded = fetch::registry().await;
            for _ in 0..REGISTRY_TRIES {
                if loaded.is_ok() {
                    break;
                }
                clock::sleep(REGISTRY_PAUSE_MS).await;
                loaded = fetch::registry().await;
            }
            with(&weak, |inner| {
                inner.send(Event::RegistryLoaded(loaded));
                inner.rest_later();
            });
        });
        Ok(Self { inner })
    }

    /// Version of the interface for other pages.
    #[wasm_bindgen(js_name = apiVersion)]
    pub fn api_version() -> u32 {
        API_VERSION
    }

    /// Puts a document into the queue, as `order` (JSON, see [`crate::api::Order`]) says; gives its number.
    ///
    /// # Errors
    /// If `order` cannot be read; in words for whoever wrote it.
    pub fn submit(&self, file: File, order: &str) -> Result<u32, JsError> {
        let order = Order::parse(order)?;
        let inner = &self.inner;
        inner.rest.replace(None);
        let new = inner.crew.hold(file, order.name.clone());
        let handle = new.file;
        let submitted =
            Event::Submitted { file: new, password: order.password.clone(), wants: order.wants() };
        inner.apply(submitted);
        let job = {
            let session = inner.session.borrow();
            session.jobs.iter().find(|job| job.file == handle).map(|job| job.id)
        };
        let job = job.ok_or_else(|| JsError::new("the document could not be put into the queue"))?;
        inner.watch.borrow_mut().follow(job, order);
        // Whoever asks is told its number first.
        let weak = Rc::downgrade(inner);
        spawn_local(async move { with(&weak, |inner| inner.look()) });
        Ok(job.0)
    }

    /// Stops a document; what is finished of it is told with the error that ends it.
    pub fn stop(&self, job: u32) {
        self.inner.send(Event::Stop(JobId(job)));
    }

    /// Ends workers that have no work, now and not after a while.
    pub fn rest(&self) {
        if self.inner.watch.borrow().is_empty() {
            self.inner.rest.replace(None);
            self.inner.send(Event::EndIdle);
        }
    }

    /// What this browser can do and what to do about each lack: JSON, a list of `{name, there, text}`.
    pub fn abilities(&self) -> String {
        let session = self.inner.session.borrow();
        let (storage, offline, webgpu) = crate::platform::offers();
        let browser = Browser {
            abilities: abilities(),
            memory: session.memory(),
            storage,
            quota: session.models.quota,
            offline,
            webgpu,
        };
        let list: Vec<Ability> = browser
            .in_words()
            .into_iter()
            .map(|ability| Ability { name: ability.name, there: ability.there, text: ability.text })
            .collect();
        serde_json::to_string(&list).unwrap_or_default()
    }
}

impl Inner {
    /// Applies an event and tells what is new.
    fn send(self: &Rc<Self>, event: Event) {
        self.apply(event);
        self.look();
    }

    /// Applies an event and has its commands carried out. One that comes out of those waits for its turn.
    fn apply(self: &Rc<Self>, event: Event) {
        self.pending.borrow_mut().push(event);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = {
                let mut pending = self.pending.borrow_mut();
                if pending.is_empty() { None } else { Some(pending.remove(0)) }
            };
            let Some(event) = next else { break };
            let commands = self.session.borrow_mut().apply(clock::now(), event);
            for command in commands {
                self.run(command);
            }
        }
        self.busy.set(false);
    }

    fn run(self: &Rc<Self>, command: Command) {
        let weak = Rc::downgrade(self);
        let tell: Tell = Rc::new(move |event, _| with(&weak, |inner| inner.send(event)));
        // What the crew gives back is for a page of its own: pictures of pages, notices, what is kept.
        let _ = self.crew.run(command, &tell);
    }

    /// Tells what is new, and lets go of documents that have ended.
    fn look(self: &Rc<Self>) {
        let news = self.watch.borrow_mut().look(&self.session.borrow());
        let mut ended = Vec::new();
        for (job, told, buffers) in news {
            if !matches!(told, crate::api::Told::Progress(_)) {
                ended.push(job);
            }
            let list = Array::new();
            for bytes in &buffers {
                list.push(&Uint8Array::from(bytes.as_slice()));
            }
            match serde_json::to_string(&News { job: job.0, told: &told }) {
                Ok(json) => {
                    // What a listener throws is its own affair, and reported by it.
                    let _ = self.tell.call2(&JsValue::NULL, &JsValue::from_str(&json), &list);
                }
                Err(error) => web_sys::console::error_1(&JsValue::from_str(&error.to_string())),
            }
        }
        for job in &ended {
            self.apply(Event::Remove(*job));
        }
        if !ended.is_empty() {
            self.rest_later();
        }
    }

    /// Workers are ended after a while in which nobody asks for anything.
    fn rest_later(self: &Rc<Self>) {
        if self.watch.borrow().is_empty() {
            let weak = Rc::downgrade(self);
            let timer = Timer::after(REST_AFTER_MS, move || with(&weak, |inner| inner.send(Event::EndIdle)));
            self.rest.replace(Some(timer));
        }
    }
}

fn with(inner: &Weak<Inner>, act: impl FnOnce(&Rc<Inner>)) {
    if let Some(inner) = inner.upgrade() {
        act(&inner);
    }
}
