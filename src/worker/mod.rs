//! The worker's end of [`crate::protocol`]: requests in, responses out.
//!
//! Each open document is a task of its own (`document`), which gives way to other events between two
//! pages. Models are run by one task, one request after the other (`model`). Downloads and the rest of the
//! storage are tasks beside them (`store`). A page starts this program once for each role, so that a long
//! computation in one holds up none of the others.

mod document;
mod failure;
mod model;
mod outbox;
mod store;

use crate::pipeline::Pages;
use crate::platform::envelope;
use crate::protocol::{Envelope, JobId, PROTOCOL, Request, Response};
use document::Wish;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use std::cell::RefCell;
use std::collections::BTreeMap;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// Begins to listen, and says so.
pub fn start() {
    failure::report_panics();
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

/// Where requests are handed on to the task that serves them.
#[derive(Default)]
struct Desk {
    documents: BTreeMap<JobId, UnboundedSender<Wish>>,
    models: Option<UnboundedSender<model::Task>>,
    downloads: store::Downloads,
}

fn receive(desk: &mut Desk, data: &JsValue) {
    match envelope::decode::<Request>(data) {
        Ok(request) => desk.hand_on(request),
        // Page and worker are of one build; what cannot be read cannot be answered either.
        Err(error) => outbox::post(Response::Died { message: error.to_string() }),
    }
}

impl Desk {
    fn hand_on(&mut self, Envelope { message, buffers }: Envelope<Request>) {
        match message {
            Request::Convert { job, name, options: _, password, first_page, skip_pages } => {
                let (wishes, served) = unbounded();
                // The task of an earlier try at the same document ends when its sender goes.
                self.documents.insert(job, wishes);
                let order = document::Order {
                    job,
                    name,
                    bytes: buffers.into_iter().next(),
                    password,
                    pages: Pages { first: first_page, skip: skip_pages },
                };
                spawn_local(document::serve(order, served));
            }
            Request::Render { job, page, width_px, overlay } => match self.documents.get(&job) {
                Some(wishes) if wishes.unbounded_send(Wish::Render { page, width_px, overlay }).is_ok() => {}
                _ => {
                    let message = "the document is not open".to_owned();
                    outbox::post(Response::RenderFailed { job, page, message });
                }
            },
            Request::Received { job } => {
                if let Some(wishes) = self.documents.get(&job) {
                    // A document that is closed waits for nothing.
                    let _ = wishes.unbounded_send(Wish::Received);
                }
            }
            Request::Stop { job } => {
                let told = self.documents.get(&job).map(|wishes| wishes.unbounded_send(Wish::Stop));
                if !matches!(told, Some(Ok(()))) {
                    outbox::post(Response::Stopped { job });
                }
            }
            Request::Close { job } => drop(self.documents.remove(&job)),
            Request::Describe { job, model, figures } => {
                self.run(model::Task::Describe { job, model, figures, images: buffers });
            }
            Request::Summarise { job, model, document } => {
                self.run(model::Task::Summarise { job, model, document });
            }
            Request::Ask { job, model, document, question } => {
                self.run(model::Task::Ask { job, model, document, question });
            }
            Request::ListModels => spawn_local(store::list()),
            Request::Download { model, base_url } => self.downloads.start(model, base_url),
            Request::StopDownload { id } => self.downloads.stop(&id),
            Request::DeleteModel { id } => {
                self.downloads.stop(&id);
                spawn_local(store::delete(id));
            }
        }
    }

    /// Queues `task` for the models' task, which is started when first needed.
    fn run(&mut self, task: model::Task) {
        let tasks = self.models.get_or_insert_with(|| {
            let (tasks, queue) = unbounded();
            spawn_local(model::serve(queue));
            tasks
        });
        // The models' task ends with the worker only.
        let _ = tasks.unbounded_send(task);
    }
}
