//! The session's behaviour, with scripted events in place of a browser and workers.

mod asleep;
mod benchmark;
mod downloads;
mod kept;
mod memory;
mod models;
mod pages;
mod queue;
mod record;
mod recovery;
mod rest;
mod scans;
mod self_check;
mod stop;
mod timers;
mod update;
mod words;

use super::*;
use crate::document::{
    Block, Content, Description, Figure, FigureId, FigureImage, FigureSource, Metadata, Page, Provenance,
    Source, Span, TextQuality,
};
use crate::pipeline::event::{Event as Told, Outcome, Stage, StageReport, Trouble};
use crate::protocol::{JobId, PROTOCOL, Request, Response};
use crate::registry::{FileRole, ModelEntry, ModelFile, ModelKind, Registry, StoredModel};

/// A session with a script: each step is an event, and what it asked for is kept.
struct Script {
    session: Session,
    now: f64,
    /// All commands so far.
    commands: Vec<Command>,
}

impl Script {
    fn new() -> Self {
        Self { session: Session::new(Settings::default(), None), now: 1_000.0, commands: Vec::new() }
    }

    /// A session that knows two models, of which those in `stored` are stored.
    fn with_models(stored: &[&str]) -> Self {
        let mut script = Self::new();
        script.event(Event::RegistryLoaded(Ok(registry())));
        script.ready(Role::Store);
        let models =
            stored.iter().map(|id| StoredModel { id: (*id).to_owned(), bytes: 9, complete: true }).collect();
        script.response(Role::Store, Response::Stored { models, used: 9, quota: 99, persisted: false });
        script
    }

    /// Applies one event and gives the commands it led to.
    fn event(&mut self, event: Event) -> Vec<Command> {
        let commands = self.session.apply(self.now, event);
        self.commands.extend(commands.iter().cloned());
        commands
    }

    fn tick_after(&mut self, millis: f64) -> Vec<Command> {
        self.now += millis;
        self.event(Event::Tick)
    }

    fn add(&mut self, name: &str) -> JobId {
        let file = FileId(u32::try_from(self.session.jobs.len()).unwrap() + 10);
        self.event(Event::FilesAdded(vec![NewFile { file, name: name.to_owned(), bytes: 100 }]));
        self.session.jobs.last().unwrap().id
    }

    /// The life of `role` that is current.
    fn generation(&self, role: Role) -> u32 {
        let started = self.commands.iter().rev().find_map(|command| match command {
            Command::StartWorker { role: of, generation } if *of == role => Some(*generation),
            _ => None,
        });
        started.unwrap_or_else(|| panic!("no {role:?} worker was started"))
    }

    fn ready(&mut self, role: Role) -> Vec<Command> {
        self.response(role, Response::Ready { protocol: PROTOCOL })
    }

    fn response(&mut self, role: Role, response: Response) -> Vec<Command> {
        let generation = self.generation(role);
        self.event(Event::Worker { role, generation, response, images: Vec::new() })
    }

    fn dies(&mut self, role: Role) -> Vec<Command> {
        let generation = self.generation(role);
        self.event(Event::WorkerFailed { role, generation, message: "unreachable".to_owned() })
    }

    fn told(&mut self, role: Role, job: JobId, event: Told) -> Vec<Command> {
        self.response(role, Response::Event { job, event })
    }

    fn opened(&mut self, job: JobId, pages: usize) -> Vec<Command> {
        let source = Source { name: "a.pdf".to_owned(), bytes: 100, sha256: format!("{}", job.0) };
        let metadata = Metadata { page_count: u32::try_from(pages).unwrap(), ..Metadata::default() };
        self.told(
            Role::Document,
            job,
            Told::Opened {
                source,
                metadata,
                outline: Vec::new(),
                attachments: Vec::new(),
                page_sizes: vec![[600.0, 800.0]; pages],
                warnings: Vec::new(),
            },
        )
    }

    fn page(&mut self, job: JobId, number: u32) -> Vec<Command> {
        self.told(
            Role::Document,
            job,
            Told::Page { page: page(number), figures: Vec::new(), warnings: Vec::new() },
        )
    }

    /// A page with one figure.
    fn page_with_figure(&mut self, job: JobId, number: u32) -> Vec<Command> {
        let id = FigureId::new(number, 1);
        let figure = figure(&id, number);
        let mut page = page(number);
        page.blocks.push(block(
            number,
            3,
            Rect::new(0.0, 300.0, 100.0, 400.0),
            Content::Figure { figure: id.clone() },
        ));
        let images = vec![FigureImage { id, bytes: vec![u8::try_from(number).unwrap(); 4] }];
        let event = Told::Page { page, figures: vec![figure], warnings: Vec::new() };
        let generation = self.generation(Role::Document);
        self.event(Event::Worker {
            role: Role::Document,
            generation,
            response: Response::Event { job, event },
            images,
        })
    }

    /// A document of `pages` pages, extracted.
    fn extracted(&mut self, pages: u32) -> JobId {
        self.extracted_by("a.pdf", pages, Self::page)
    }

    /// The same with a figure on each page.
    fn extracted_with_figures(&mut self, pages: u32) -> JobId {
        self.extracted_by("a.pdf", pages, Self::page_with_figure)
    }

    /// The document called `name`, whose pages `tell` tells one by one.
    fn extracted_by(
        &mut self,
        name: &str,
        pages: u32,
        tell: impl Fn(&mut Self, JobId, u32) -> Vec<Command>,
    ) -> JobId {
        let job = self.add(name);
        if self.session.workers.get(Role::Document).life != workers::Life::Ready {
            self.ready(Role::Document);
        }
        self.opened(job, pages as usize);
        for number in 1..=pages {
            tell(self, job, number);
        }
        self.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
        job
    }

    fn described(&mut self, job: JobId, page: u32) -> Vec<Command> {
        let description =
            Description { text: format!("a picture {page}"), model: Some("blip".to_owned()), edited: false };
        self.told(Role::Model, job, Told::Described { figure: FigureId::new(page, 1), description })
    }

    fn ended(&mut self, role: Role, job: JobId, stage: Stage, outcome: Outcome) -> Vec<Command> {
        let report = StageReport { outcome, millis: 5.0, ..StageReport::skipped(stage, "") };
        self.told(role, job, Told::StageEnded(report))
    }

    /// A document of `pages` pages, extracted and summarised without models.
    fn finished(&mut self, name: &str, pages: u32) -> JobId {
        let job = self.extracted_by(name, pages, Self::page);
        if self.session.workers.get(Role::Model).life != workers::Life::Ready {
            self.ready(Role::Model);
        }
        self.ended(Role::Model, job, Stage::Text, Outcome::Done);
        assert_eq!(self.job(job).state, JobState::Done);
        job
    }

    fn job(&self, id: JobId) -> &Job {
        self.session.job(id).unwrap()
    }
}

/// The requests among `commands`.
fn requests(commands: &[Command]) -> Vec<&Request> {
    let sent = commands.iter().filter_map(|command| match command {
        Command::Send { request, .. } => Some(request),
        _ => None,
    });
    sent.collect()
}

/// The first `Convert` among `commands`: its first page and the pages that take a detour.
fn convert(commands: &[Command]) -> Option<(JobId, u32, Vec<Trouble>)> {
    requests(commands).into_iter().find_map(|request| match request {
        Request::Convert { job, first_page, troubled, .. } => Some((*job, *first_page, troubled.clone())),
        _ => None,
    })
}

fn block(page: u32, index: usize, bbox: Rect, content: Content) -> Block {
    Block {
        id: BlockId::new(page, index),
        page,
        bbox,
        content,
        continues: false,
        confidence: 1.0,
        provenance: Provenance { stage: "extraction".to_owned(), model: None },
    }
}

fn page(number: u32) -> Page {
    let spans = vec![Span { text: format!("Text of page {number}."), ..Span::default() }];
    Page {
        text: TextQuality::Digital,
        blocks: vec![
            block(number, 1, Rect::new(0.0, 0.0, 600.0, 200.0), Content::Paragraph { spans: spans.clone() }),
            block(number, 2, Rect::new(10.0, 10.0, 100.0, 40.0), Content::Heading { level: 1, spans }),
        ],
        ..Page::blank(number, 600.0, 800.0)
    }
}

fn figure(id: &FigureId, page: u32) -> Figure {
    Figure {
        id: id.clone(),
        page,
        bbox: Rect::new(0.0, 300.0, 100.0, 400.0),
        source: FigureSource::Embedded,
        file: format!("images/{}.png", id.0),
        media_type: "image/png".to_owned(),
        width_px: 100,
        height_px: 100,
        label: None,
        caption: None,
        text: String::new(),
        description: None,
        duplicate_of: None,
        not_described: None,
    }
}

fn registry() -> Registry {
    let model = |id: &str, kind, memory| ModelEntry {
        id: id.to_owned(),
        kind,
        name: id.to_uppercase(),
        licence: "MIT".to_owned(),
        homepage: String::new(),
        memory,
        verified: true,
        unavailable: None,
        files: vec![ModelFile {
            role: FileRole::Weights,
            url: format!("x/{id}.gguf"),
            size: Some(1_000),
            approximate_size: None,
            sha256: None,
        }],
    };
    Registry {
        version: 1,
        base_url: "https://hub.example/".to_owned(),
        models: vec![
            model("blip-large", ModelKind::Caption, 3 << 30),
            model("blip", ModelKind::Caption, 500 << 20),
            model("t5", ModelKind::Text, 300 << 20),
        ],
    }
}
