//! Memory: what is counted, and what is let go of when it runs short.

use super::*;

/// A budget for tests, in bytes.
const BUDGET: u64 = 1_000_000_000;

fn with_budget(stored: &[&str]) -> Script {
    let mut script = Script::with_models(stored);
    let settings = Settings { memory_limit: Some(BUDGET), ..Settings::default() };
    script.event(Event::SettingsChanged(settings));
    script
}

/// Has the page's own program take so many hundredths of the budget.
fn fill(script: &mut Script, hundredths: u64) -> Vec<Command> {
    script.event(Event::PageMemory(BUDGET / 100 * hundredths))
}

/// The figures of each request, by their pages, with as many files.
fn described(commands: &[Command]) -> Vec<usize> {
    let figures = commands.iter().filter_map(|command| match command {
        Command::Send {
            request: Request::Describe { figures, .. },
            attachment: Attachment::Buffers(files),
            ..
        } => {
            assert_eq!(figures.len(), files.len());
            Some(figures.len())
        }
        _ => None,
    });
    figures.collect()
}

fn ends(commands: &[Command], role: Role) -> bool {
    commands.iter().any(|command| matches!(command, Command::EndWorker { role: of, .. } if *of == role))
}

#[test]
fn the_budget_is_a_tabs_share_or_the_persons() {
    let budget = |memory| Session::new(Settings::default(), memory).memory_budget();
    assert_eq!((budget(Some(8 << 30)), budget(None)), (4 << 30, 2 << 30));
    assert_eq!(with_budget(&[]).session.memory_budget(), BUDGET);
}

#[test]
fn programs_pages_and_pictures_are_counted_and_an_ended_worker_is_not() {
    let mut script = Script::new();
    script.event(Event::PageMemory(1_000));
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.response(Role::Document, Response::Memory { bytes: 5_000 });
    script.opened(job, 1);
    script.page_with_figure(job, 1);
    let now = |script: &Script| script.session.memory_use().now;
    assert_eq!(now(&script), 6_004, "the browser has a copy of the figure's file");
    script.event(Event::PageShown { job, page: 1, width_px: 10 });
    let drawn = Response::Rendered { job, page: 1, width_px: 10, height_px: 20, overlay: false };
    script.response(Role::Document, drawn);
    assert_eq!(now(&script), 6_804);
    script.dies(Role::Document);
    assert_eq!(now(&script), 1_804);
    assert_eq!(script.session.memory_use().peak, 6_804);
    assert_eq!(script.job(job).peak_memory, 6_804);
    // The browser may know of more, but is not believed without end.
    script.event(Event::MemoryMeasured(2_000));
    assert_eq!(now(&script), 2_000);
    script.event(Event::MemoryMeasured(1_000_000));
    assert_eq!(now(&script), 3_608);
    script.event(Event::MemoryMeasured(500));
    assert_eq!(now(&script), 1_804);
}

#[test]
fn the_browser_is_asked_now_and_then_while_something_is_done() {
    let mut script = Script::new();
    let asked = |commands: &[Command]| commands.contains(&Command::MeasureMemory);
    assert!(!asked(&script.tick_after(250.0)));
    script.add("a.pdf");
    assert!(asked(&script.tick_after(250.0)));
    assert!(!asked(&script.tick_after(19_000.0)));
    assert!(asked(&script.tick_after(1_000.0)));
}

#[test]
fn short_memory_lets_go_of_what_is_not_looked_at() {
    let mut script = with_budget(&[]);
    let first = script.finished("a.pdf", 2);
    let second = script.finished("b.pdf", 2);
    for page in [1, 2] {
        script.event(Event::PageShown { job: first, page, width_px: 10 });
        let drawn = Response::Rendered { job: first, page, width_px: 10, height_px: 10, overlay: false };
        script.response(Role::Document, drawn);
    }
    script.event(Event::PageHidden { job: first, page: 2 });
    script.event(Event::Select(second));
    assert_eq!(fill(&mut script, 79), []);
    let commands = fill(&mut script, 81);
    assert!(commands.contains(&Command::ClearPage { job: first, page: 2 }));
    assert!(!commands.contains(&Command::ClearPage { job: first, page: 1 }), "it is in view");
    assert!(commands.contains(&Command::ForgetFigures(first)));
    assert!(!commands.contains(&Command::ForgetFigures(second)));
    assert_eq!(script.session.page_image(first, 2), PageImage::Absent);
    assert_eq!(script.session.memory_use().level, Level::Tight);
    assert_eq!(fill(&mut script, 75), [], "nothing is left to let go of");
    assert_eq!(script.session.memory_use().level, Level::Tight, "no flapping");
    fill(&mut script, 60);
    assert_eq!(script.session.memory_use().level, Level::Fine);
}

#[test]
fn short_memory_has_figures_described_two_at_a_time_and_texts_one_by_one() {
    let mut script = with_budget(&["blip", "t5"]);
    fill(&mut script, 82);
    let job = script.extracted_with_figures(5);
    assert_eq!(described(&script.ready(Role::Model)), [2]);
    let mut sent = vec![2];
    for pages in [&[1, 2][..], &[3, 4], &[5]] {
        for page in pages {
            script.described(job, *page);
        }
        let mut report = StageReport::skipped(Stage::Vision, "");
        report.outcome = Outcome::Done;
        report.counts.tokens = 10;
        report.models = vec!["blip".to_owned()];
        report.load_millis = (pages.len() == 1).then_some(700.0);
        script.now += 100.0;
        let commands = script.told(Role::Model, job, Told::StageEnded(report));
        sent.extend(described(&commands));
        if pages.len() == 1 {
            let one_by_one = requests(&commands).into_iter().any(|request| {
                matches!(request, Request::Summarise { one_by_one: true, brief: false, model: Some(_), .. })
            });
            assert!(one_by_one, "{commands:?}");
        }
    }
    assert_eq!(sent, [2, 2, 1]);
    let report = script.job(job).result.report();
    let vision = report.stage(Stage::Vision).unwrap();
    assert_eq!(vision.outcome, Outcome::Done);
    assert_eq!((vision.counts.images, vision.counts.tokens, vision.load_millis), (5, 30, Some(700.0)));
    assert!((vision.millis - 300.0).abs() < 1.0, "all requests together: {}", vision.millis);
    let notes = &script.job(job).notes;
    assert_eq!(notes.iter().filter(|note| note.contains("Memory ran short")).count(), 1, "{notes:?}");
}

#[test]
fn nearly_no_memory_ends_the_model_worker_between_stages() {
    let mut script = with_budget(&["blip", "t5"]);
    let job = script.extracted_with_figures(1);
    script.ready(Role::Model);
    let commands = script.response(Role::Model, Response::Memory { bytes: BUDGET / 100 * 91 });
    assert!(!ends(&commands, Role::Model), "it is at work");
    assert!(ends(&commands, Role::Document), "it is not");
    script.described(job, 1);
    let commands = script.ended(Role::Model, job, Stage::Vision, Outcome::Done);
    assert!(ends(&commands, Role::Model));
    assert!(commands.contains(&Command::StartWorker { role: Role::Model, generation: 2 }));
    assert!(script.session.memory_use().now < BUDGET / 2);
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: Some(_), .. }]));
    // With what the first model took, memory is there again.
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    assert_eq!(script.generation(Role::Model), 2);
    assert_eq!(script.job(job).state, JobState::Done);
}

#[test]
fn nearly_no_memory_closes_documents_that_nobody_looks_at() {
    let mut script = with_budget(&[]);
    let first = script.finished("a.pdf", 1);
    let second = script.finished("b.pdf", 1);
    script.event(Event::Select(second));
    let third = script.add("c.pdf");
    script.opened(third, 2);
    let commands = fill(&mut script, 91);
    assert!(requests(&commands).contains(&&Request::Close { job: first }));
    let closed = |job| requests(&commands).contains(&&Request::Close { job });
    assert!(!closed(second) && !closed(third));
    assert!(!ends(&commands, Role::Document), "it is at work");
    assert!(ends(&commands, Role::Model));
}

#[test]
fn short_memory_leaves_one_worker_to_read_scans() {
    let mut script = Script::new();
    script.session = Session::new(Settings::default(), None).with_processors(2);
    let settings = Settings { memory_limit: Some(BUDGET), ..Settings::default() };
    script.event(Event::SettingsChanged(settings));
    let scan = ModelEntry { kind: ModelKind::Scan, ..registry().models.remove(0) };
    script.event(Event::RegistryLoaded(Ok(Registry { models: vec![scan], ..registry() })));
    let job = script.add("scan.pdf");
    script.ready(Role::Document);
    script.opened(job, 4);
    let pixels = |script: &mut Script, page| {
        script.response(Role::Document, Response::Pixels { job, page, width_px: 4, height_px: 4 })
    };
    pixels(&mut script, 1);
    script.ready(Role::Scan);
    pixels(&mut script, 2);
    script.ready(Role::SecondScan);
    assert!(!ends(&fill(&mut script, 91), Role::SecondScan), "it is at a page");
    let read = Response::PixelsRead { job, page: 2, error: None };
    assert!(ends(&script.response(Role::SecondScan, read), Role::SecondScan));
    let commands = pixels(&mut script, 3);
    assert!(commands.iter().all(|command| !matches!(command, Command::StartWorker { .. })));
    let read = Response::PixelsRead { job, page: 1, error: None };
    let commands = script.response(Role::Scan, read);
    assert!(requests(&commands).iter().any(|request| matches!(request, Request::ReadPixels { page: 3, .. })));
}
