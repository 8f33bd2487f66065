//! What is told of a document from order to end, with scripted workers.

use super::{ErrorCode, Format, Order, StageName, Told, Watch};
use crate::document::{Block, BlockId, Content, Metadata, Page, Provenance, Rect, Source, Span, TextQuality};
use crate::pipeline::event::{Counts, Event as Piped, Outcome, Stage, StageReport};
use crate::protocol::{JobId, PROTOCOL, Response};
use crate::session::{Event, FileId, NewFile, Role, Session, Settings};

struct Script {
    session: Session,
    watch: Watch,
    now: f64,
}

impl Script {
    fn new() -> Self {
        let settings = Settings { keep: false, ..Settings::default() };
        Self { session: Session::new(settings, None), watch: Watch::default(), now: 0.0 }
    }

    fn event(&mut self, event: Event) -> Vec<(JobId, Told, Vec<Vec<u8>>)> {
        self.now += 1.0;
        self.session.apply(self.now, event);
        self.watch.look(&self.session)
    }

    /// Orders a document; what is told at once is the last of the result.
    fn order(&mut self, json: &str) -> (JobId, Vec<Told>) {
        let order = Order::parse(json).unwrap();
        let number = u32::try_from(self.session.jobs.len()).unwrap();
        let file = NewFile { file: FileId(number), name: "a.pdf".to_owned(), bytes: 9 };
        self.now += 1.0;
        self.session.apply(
            self.now,
            Event::Submitted { file, password: order.password.clone(), wants: order.wants() },
        );
        let id = self.session.jobs.last().unwrap().id;
        self.watch.follow(id, order);
        let told = self.watch.look(&self.session);
        (id, told.into_iter().filter(|(of, ..)| *of == id).map(|(_, told, _)| told).collect())
    }

    fn reader(&mut self, response: Response) -> Vec<(JobId, Told, Vec<Vec<u8>>)> {
        self.worker(Role::Document, response)
    }

    fn worker(&mut self, role: Role, response: Response) -> Vec<(JobId, Told, Vec<Vec<u8>>)> {
        self.event(Event::Worker { role, generation: 1, response, images: Vec::new() })
    }

    fn piped(&mut self, role: Role, job: JobId, event: Piped) -> Vec<(JobId, Told, Vec<Vec<u8>>)> {
        self.worker(role, Response::Event { job, event })
    }

    /// Opens the document and tells its only page.
    fn one_page(&mut self, job: JobId) {
        self.reader(Response::Ready { protocol: PROTOCOL });
        let source = Source { name: "a.pdf".to_owned(), bytes: 9, sha256: "0".to_owned() };
        let metadata = Metadata { page_count: 1, title: Some("On tests".to_owned()), ..Metadata::default() };
        let opened = Piped::Opened {
            source,
            metadata,
            outline: Vec::new(),
            attachments: Vec::new(),
            page_sizes: vec![[600.0, 800.0]],
            warnings: Vec::new(),
        };
        self.piped(Role::Document, job, opened);
        let event = Piped::Page { page: page(), figures: Vec::new(), warnings: Vec::new() };
        self.piped(Role::Document, job, event);
    }

    fn ended(&mut self, role: Role, job: JobId, stage: Stage) -> Vec<(JobId, Told, Vec<Vec<u8>>)> {
        let report = StageReport {
            outcome: Outcome::Done,
            counts: Counts::default(),
            ..StageReport::skipped(stage, "")
        };
        self.piped(role, job, Piped::StageEnded(report))
    }
}

fn page() -> Page {
    let span = Span { text: "Hello <b>there".to_owned(), ..Span::default() };
    let block = Block {
        id: BlockId::new(1, 1),
        page: 1,
        bbox: Rect::new(0.0, 0.0, 100.0, 20.0),
        content: Content::Paragraph { spans: vec![span] },
        continues: false,
        confidence: 1.0,
        provenance: Provenance { stage: "extraction".to_owned(), model: None },
    };
    Page { text: TextQuality::Digital, blocks: vec![block], ..Page::blank(1, 600.0, 800.0) }
}

fn progress(told: &Told) -> (Option<StageName>, &str, f64, f64) {
    match told {
        Told::Progress(progress) => {
            (progress.stage, progress.activity.as_str(), progress.done, progress.total)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn progress_then_the_result_in_the_forms_that_were_asked_for() {
    let mut script = Script::new();
    let (job, told) = script.order(r#"{"formats":["markdown","html","zip"]}"#);
    assert_eq!(progress(&told[0]), (Some(StageName::Markdown), "opening", 0.0, 0.0));
    script.one_page(job);
    let news = script.ended(Role::Document, job, Stage::Extraction);
    // Neither figures nor summary were asked for, so that is the end of it.
    let (of, told, buffers) = &news[0];
    assert_eq!(*of, job);
    let Told::Result { result } = told else { panic!("{told:?}") };
    assert_eq!(result.title.as_deref(), Some("On tests"));
    assert!(result.markdown.as_ref().unwrap().contains("Hello"));
    assert!(!result.html.as_ref().unwrap().contains("<b>there"), "it is escaped");
    assert_eq!((result.text.as_ref(), result.summary.as_ref()), (None, None));
    assert!(result.zip && buffers.len() == 1 && buffers[0].starts_with(b"PK"));
    let outcomes: Vec<&str> = result.stages.iter().map(|stage| stage.outcome).collect();
    assert_eq!(outcomes, ["done", "skipped", "skipped"]);
    assert!(script.watch.is_empty());
    assert!(script.event(Event::Remove(job)).is_empty());
}

#[test]
fn what_waits_is_told_how_many_are_before_it() {
    let mut script = Script::new();
    let (first, _) = script.order("{}");
    let (_, told) = script.order("{}");
    assert_eq!(progress(&told[0]), (None, "waiting", 0.0, 1.0));
    script.one_page(first);
    let news = script.ended(Role::Document, first, Stage::Extraction);
    assert_eq!(news.len(), 2, "the end of one and the start of the other: {news:?}");
}

#[test]
fn a_stop_leaves_what_is_finished() {
    let mut script = Script::new();
    let (job, _) = script.order("{}");
    script.one_page(job);
    script.event(Event::Stop(job));
    let news = script.reader(Response::Stopped { job });
    let Some((_, Told::Error { code, partial, .. }, _)) = news.first() else { panic!("{news:?}") };
    assert_eq!(*code, ErrorCode::Stopped);
    let partial = partial.as_ref().unwrap();
    assert!(partial.pages == 1 && partial.markdown.as_ref().unwrap().contains("Hello"));
}

#[test]
fn passwords_and_broken_files_are_told_apart() {
    for (response, expected) in [
        (Response::PasswordNeeded { job: JobId(1), wrong: false }, ErrorCode::Password),
        (Response::PasswordNeeded { job: JobId(1), wrong: true }, ErrorCode::WrongPassword),
        (Response::OpenFailed { job: JobId(1), message: "no PDF".to_owned() }, ErrorCode::Unreadable),
    ] {
        let mut script = Script::new();
        script.order("{}");
        script.reader(Response::Ready { protocol: PROTOCOL });
        let news = script.reader(response);
        let Some((_, Told::Error { code, message, advice, partial }, _)) = news.first() else {
            panic!("{news:?}")
        };
        assert_eq!(*code, expected);
        assert!(!message.is_empty() && !advice.is_empty() && partial.is_none());
    }
}

#[test]
fn one_that_cannot_be_started_fails_with_a_code_of_its_own() {
    let mut script = Script::new();
    script.order("{}");
    let mut news = Vec::new();
    for generation in 1..=3 {
        news = script.event(Event::WorkerFailed {
            role: Role::Document,
            generation,
            message: "refused by the page's policy".to_owned(),
        });
    }
    let Some((_, Told::Error { code, message, .. }, _)) = news.first() else { panic!("{news:?}") };
    assert_eq!(*code, ErrorCode::NotStarted);
    assert!(message.contains("policy"), "{message}");
}

#[test]
fn the_summary_is_there_when_it_was_asked_for() {
    let mut script = Script::new();
    let (job, _) = script.order(r#"{"stages":["markdown","summary"],"models":{"summary":"none"}}"#);
    script.one_page(job);
    script.ended(Role::Document, job, Stage::Extraction);
    script.worker(Role::Model, Response::Ready { protocol: PROTOCOL });
    let made = |text: &str| crate::document::Generated {
        text: text.to_owned(),
        method: crate::document::Method::Extractive("TextRank".to_owned()),
    };
    let synopsis = crate::document::Synopsis {
        summary: Some(made("Hello there.")),
        keywords: vec!["hello".to_owned()],
        ..Default::default()
    };
    script.piped(Role::Model, job, Piped::Synopsis(synopsis));
    let news = script.ended(Role::Model, job, Stage::Text);
    let Some((_, Told::Result { result }, _)) = news.first() else { panic!("{news:?}") };
    let summary = result.summary.as_ref().unwrap();
    assert_eq!((summary.text.as_str(), summary.model.as_ref()), ("Hello there.", None));
    assert_eq!(result.keywords, ["hello"]);
    // The names are the public ones.
    let json = serde_json::to_string(result).unwrap();
    assert!(json.contains("\"pageCount\":1") && json.contains("\"stage\":\"summary\""), "{json}");
    assert_eq!(Order::default().formats, [Format::Markdown]);
}
