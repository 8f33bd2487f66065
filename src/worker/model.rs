//! Runs models: describing, summarising, answering, one request after the other.
//!
//! The last model stays loaded for the next request. While a model computes, this worker hears nothing: it
//! is stopped by ending it, which gives its memory back as well.

mod load;
mod trial;

use super::Unserved;
use super::outbox::{BrowserClock, PageSink, post};
use crate::caption::{Brief, Captioner};
use crate::document::{Document, FigureId, FigureImage};
use crate::models::{Eased, TextModel};
use crate::pipeline::event::{Event, Stage, StageReport};
use crate::pipeline::{self, NamedModel, Sink};
use crate::platform::clock;
use crate::protocol::{Envelope, JobId, Request, Response};
use crate::registry::{ModelEntry, ModelKind};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use wasm_bindgen_futures::spawn_local;

/// Where requests to models wait for each other.
#[derive(Debug, Default)]
pub(super) struct Models {
    /// Ends with the worker only.
    tasks: Option<UnboundedSender<Task>>,
}

impl Models {
    /// Serves what is asked of models, and gives back the rest.
    pub(super) fn take(&mut self, request: Envelope<Request>) -> Option<Unserved> {
        let Envelope { message, buffers } = request;
        let task = match message {
            Request::Describe { job, model, figures, brief } => {
                Task::Describe { job, model, figures, images: buffers, brief }
            }
            Request::Summarise { job, model, document, brief, one_by_one } => {
                Task::Summarise { job, model, document, brief, one_by_one }
            }
            Request::Ask { job, model, document, question, brief } => {
                Task::Ask { job, model, document, question, brief }
            }
            Request::Measure { model } => Task::Measure { model },
            Request::Compare { kind } => Task::Compare { kind, files: buffers },
            message => return Some(Envelope { message, buffers }),
        };
        let tasks = self.tasks.get_or_insert_with(|| {
            let (tasks, queue) = unbounded();
            spawn_local(serve(queue));
            tasks
        });
        // Its receiver is there as long as the worker.
        let _ = tasks.unbounded_send(task);
        None
    }
}

/// What is asked of a model.
enum Task {
    /// Describe figures.
    Describe { job: JobId, model: ModelEntry, figures: Vec<FigureId>, images: Vec<Vec<u8>>, brief: bool },
    /// Summarise a document.
    Summarise {
        job: JobId,
        model: Option<ModelEntry>,
        document: Box<Document>,
        brief: bool,
        one_by_one: bool,
    },
    /// Answer a question about a document.
    Ask { job: JobId, model: Option<ModelEntry>, document: Box<Document>, question: String, brief: bool },
    /// Measure a model.
    Measure { model: String },
    /// Compare a model with its reference.
    Compare { kind: ModelKind, files: Vec<Vec<u8>> },
}

/// A model in memory.
struct Loaded {
    id: String,
    model: Model,
}

enum Model {
    Text(Box<dyn TextModel>),
    Caption(Box<dyn Captioner>),
}

/// Serves the tasks of `queue` as they come.
async fn serve(mut queue: UnboundedReceiver<Task>) {
    let mut loaded = None;
    while let Some(task) = queue.next().await {
        match task {
            Task::Describe { job, model, figures, images, brief } => {
                let figures = figures
                    .into_iter()
                    .zip(images)
                    .map(|(id, bytes)| FigureImage { id, bytes })
                    .collect::<Vec<_>>();
                describe(&mut loaded, job, &model, &figures, brief).await;
            }
            Task::Summarise { job, model, document, brief, one_by_one } => {
                let eased = (brief || one_by_one).then_some(brief);
                summarise(&mut loaded, job, model.as_ref(), &document, eased).await;
            }
            Task::Ask { job, model, document, question, brief } => {
                ask(&mut loaded, job, model.as_ref(), &document, question, brief).await;
            }
            Task::Measure { model } => {
                // Its memory is to be that of the model measured.
                loaded = None;
                post(Response::Measured { found: trial::measure(&model) });
            }
            Task::Compare { kind, files } => post(Response::Compared { found: trial::compare(kind, &files) }),
        }
    }
}

async fn describe(
    loaded: &mut Option<Loaded>,
    job: JobId,
    entry: &ModelEntry,
    figures: &[FigureImage],
    brief: bool,
) {
    let mut sink = PageSink::new(job);
    let began = clock::now();
    let captioner = match ready(loaded, entry, Stage::Vision, &mut sink).await {
        Ok(Model::Caption(captioner)) => captioner,
        Ok(Model::Text(_)) => return not_run(&mut sink, Stage::Vision, wrong_kind(entry), began),
        Err(reason) => return not_run(&mut sink, Stage::Vision, reason, began),
    };
    let mut short;
    let captioner: &mut dyn Captioner = if brief {
        short = Brief(captioner.as_mut());
        &mut short
    } else {
        captioner.as_mut()
    };
    pipeline::describe(figures, captioner, &entry.id, &BrowserClock, &mut sink);
}

/// Summarises; `eased` if one piece of text is to be read at a time, and whether in brief.
async fn summarise(
    loaded: &mut Option<Loaded>,
    job: JobId,
    entry: Option<&ModelEntry>,
    document: &Document,
    eased: Option<bool>,
) {
    let mut sink = PageSink::new(job);
    let began = clock::now();
    let model = match entry {
        None => None,
        Some(entry) => match text_model(loaded, entry, Stage::Text, &mut sink).await {
            Ok(model) => Some(NamedModel { id: &entry.id, model }),
            // The page has a smaller model do it, or none.
            Err(reason) => return not_run(&mut sink, Stage::Text, reason, began),
        },
    };
    let mut easy = None;
    let model = model.map(|model| ease(model, eased, &mut easy));
    pipeline::summarise(document, model, &BrowserClock, &mut sink);
}

/// The model, or the same eased, kept in `easy`.
fn ease<'a>(
    NamedModel { id, model }: NamedModel<'a>,
    eased: Option<bool>,
    easy: &'a mut Option<Eased<'a>>,
) -> NamedModel<'a> {
    match eased {
        Some(brief) => NamedModel { id, model: easy.insert(Eased::new(model, brief)) },
        None => NamedModel { id, model },
    }
}

async fn ask(
    loaded: &mut Option<Loaded>,
    job: JobId,
    entry: Option<&ModelEntry>,
    document: &Document,
    question: String,
    brief: bool,
) {
    let mut sink = PageSink::new(job);
    let (model, fault) = match entry {
        None => (None, None),
        Some(entry) => match text_model(loaded, entry, Stage::Text, &mut sink).await {
            Ok(model) => (Some(NamedModel { id: &entry.id, model }), None),
            Err(reason) => (None, Some(reason)),
        },
    };
    let mut easy = None;
    let model = model.map(|model| ease(model, brief.then_some(true), &mut easy));
    let answer = pipeline::ask(document, &question, model, &mut sink);
    post(Response::Answer {
        job,
        question,
        answer: answer.answer,
        passages: answer.passages,
        error: fault.or(answer.error),
    });
}

async fn text_model<'a>(
    loaded: &'a mut Option<Loaded>,
    entry: &ModelEntry,
    stage: Stage,
    sink: &mut PageSink,
) -> Result<&'a mut dyn TextModel, String> {
    match ready(loaded, entry, stage, sink).await? {
        Model::Text(model) => Ok(model.as_mut()),
        Model::Caption(_) => Err(wrong_kind(entry)),
    }
}

/// The model of `entry`, loaded now if it is not the one in memory.
async fn ready<'a>(
    loaded: &'a mut Option<Loaded>,
    entry: &ModelEntry,
    stage: Stage,
    sink: &mut PageSink,
) -> Result<&'a mut Model, String> {
    if loaded.as_ref().is_none_or(|loaded| loaded.id != entry.id) {
        // The old one goes first: two may not fit.
        *loaded = None;
        let began = clock::now();
        let model =
            load::load(entry, stage, sink).await.map_err(|error| format!("{}: {error}", entry.name))?;
        sink.loaded(clock::now() - began);
        *loaded = Some(Loaded { id: entry.id.clone(), model });
    }
    match loaded {
        Some(loaded) => Ok(&mut loaded.model),
        None => Err(format!("{} is not loaded", entry.name)),
    }
}

fn wrong_kind(entry: &ModelEntry) -> String {
    format!("{} is a model for something else", entry.name)
}

fn not_run(sink: &mut PageSink, stage: Stage, reason: String, began: f64) {
    let report = StageReport::failed(stage, reason, clock::now() - began);
    sink.event(Event::StageEnded(report), Vec::new());
}
