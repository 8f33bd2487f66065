//! The self-check: through all stages like a document, and gone without a trace.

use super::*;
use crate::pipeline::event::ReadScans;
use crate::selfcheck::CheckOutcome;

const FILE: FileId = FileId(99);

fn own() -> Event {
    let bytes = crate::selfcheck::pdf().len() as u64;
    Event::SelfCheck(NewFile { file: FILE, name: crate::selfcheck::FILE_NAME.to_owned(), bytes })
}

/// A session whose self-check has begun.
fn begun(mut script: Script) -> (Script, JobId) {
    script.event(own());
    let job = script.session.self_check.job.unwrap();
    let commands = script.ready(Role::Document);
    assert_eq!(convert(&commands).map(|(of, ..)| of), Some(job));
    (script, job)
}

/// The document as the reader tells it, with no text for the scan.
#[cfg(feature = "read")]
fn extracted(script: &mut Script, job: JobId) {
    use crate::pipeline::{Extraction, Pages, Recording, TickingClock, describe_source};
    let bytes = crate::selfcheck::pdf();
    let source = describe_source(crate::selfcheck::FILE_NAME, &bytes);
    let document = crate::pdf::open(bytes, None).unwrap();
    let mut told = Recording::default();
    let mut extraction = Extraction::new(&document, source, Pages::default()).reading(ReadScans::Auto);
    extraction.run_reading(&TickingClock::default(), &mut told, &mut |_| Err("nobody reads here".to_owned()));
    let generation = script.generation(Role::Document);
    for (event, images) in told.events {
        let response = Response::Event { job, event };
        script.event(Event::Worker { role: Role::Document, generation, response, images });
    }
}

fn outcome(script: &Script, name: &str) -> CheckOutcome {
    let checks = &script.session.self_check.checks;
    checks.iter().find(|check| check.name == name).unwrap_or_else(|| panic!("{checks:?}")).outcome
}

fn forgets(commands: &[Command]) -> bool {
    commands.contains(&Command::ForgetFile(FILE))
}

#[cfg(feature = "read")]
#[test]
fn it_goes_through_all_stages_and_leaves_nothing_but_its_result() {
    let mut script = Script::with_models(&[]);
    // Whatever the person chose for documents: every stage is looked at, and nothing is downloaded for that.
    let settings = Settings {
        captions: false,
        summary: false,
        always_download: true,
        scans: ReadScans::Never,
        ..Settings::default()
    };
    script.event(Event::SettingsChanged(settings));
    let (mut script, job) = begun(script);
    assert!(requests(&script.commands).iter().any(|request| matches!(
        request,
        Request::Convert { options, .. } if options.scans == ReadScans::Auto
    )));
    assert_eq!((script.session.documents().count(), script.session.view.job), (0, None));
    extracted(&mut script, job);
    assert_eq!(script.session.self_check_stage(), Some(Stage::Text));
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: None, .. }]));
    let commands = script.ended(Role::Model, job, Stage::Text, Outcome::Done);

    let check = &script.session.self_check;
    assert_eq!((check.job, check.checks.len(), &check.error), (None, 13, &None));
    for name in ["File", "Text and terms", "Headings", "Table", "Rectangle", "Picture", "Zip archive"] {
        assert_eq!(outcome(&script, name), CheckOutcome::Passed, "{name}");
    }
    assert_eq!(outcome(&script, "Descriptions"), CheckOutcome::Skipped);
    // No pixels were read, and no summary came.
    assert_eq!(outcome(&script, "Scanned page"), CheckOutcome::Failed);
    assert_eq!(outcome(&script, "Summary"), CheckOutcome::Failed);
    assert!(script.session.announcement.text.contains("2 of 13 checks failed: Scanned page, Summary."));

    assert!(forgets(&commands) && commands.contains(&Command::ForgetFigures(job)));
    assert!(script.session.jobs.is_empty() && script.session.history.runs.is_empty());
    assert!(!script.commands.iter().any(|command| matches!(
        command,
        Command::Keep { .. } | Command::KeepFile(_) | Command::RememberRun(_)
    )));
    assert!(!requests(&script.commands).iter().any(|request| matches!(request, Request::Download { .. })));
    assert!(requests(&commands).iter().any(|request| matches!(request, Request::Close { .. })));
}

#[test]
fn it_waits_for_no_document_and_none_for_another_self_check() {
    let mut script = Script::new();
    script.add("a.pdf");
    let commands = script.event(own());
    assert!(forgets(&commands) && script.session.self_check.job.is_none());
    assert!(script.session.self_check.error.as_ref().unwrap().contains("A document is being worked on"));

    let (mut script, job) = begun(Script::new());
    assert!(forgets(&script.event(own())), "the second file is not needed");
    assert_eq!(script.session.self_check.job, Some(job), "the first goes on");
    script.event(Event::Benchmark);
    assert!(script.session.benchmark.error.is_some());

    let mut script = Script::new();
    script.event(Event::Benchmark);
    assert!(forgets(&script.event(own())));
    assert!(script.session.self_check.error.as_ref().unwrap().contains("being measured"));
}

#[test]
fn a_document_that_comes_meanwhile_is_next() {
    let (mut script, job) = begun(Script::with_models(&[]));
    script.opened(job, 1);
    let own = script.add("a.pdf");
    assert_eq!((script.session.view.job, script.job(own).state.clone()), (Some(own), JobState::Waiting));
    script.page(job, 1);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    script.ready(Role::Model);
    let commands = script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    assert_eq!(convert(&commands).map(|(of, ..)| of), Some(own));
    assert_eq!(script.session.jobs.len(), 1);
    assert_eq!(outcome(&script, "File"), CheckOutcome::Failed);
}

#[test]
fn a_removed_document_does_not_bring_it_into_view() {
    let (mut script, job) = begun(Script::new());
    script.opened(job, 1);
    let own = script.add("a.pdf");
    script.event(Event::Remove(own));
    assert_eq!((script.session.view.job, script.session.self_check.job), (None, Some(job)));
}

#[test]
fn it_can_be_stopped() {
    let (mut script, job) = begun(Script::new());
    script.opened(job, 1);
    script.event(Event::Stop(job));
    let commands = script.response(Role::Document, Response::Stopped { job });
    assert!(forgets(&commands) && script.session.jobs.is_empty());
    let check = &script.session.self_check;
    assert_eq!((check.job, check.checks.len()), (None, 0));
    assert_eq!(check.error.as_deref(), Some("The self-check was stopped."));
    assert_eq!(script.session.history.runs.len(), 0);
}

#[test]
fn what_cannot_go_on_ends_with_a_reason() {
    let (mut script, job) = begun(Script::new());
    let message = "no PDF".to_owned();
    script.response(Role::Document, Response::OpenFailed { job, message });
    assert_eq!(script.session.self_check.error.as_deref(), Some("The self-check failed: no PDF"));

    let mut script = Script::new();
    script.event(own());
    script.response(Role::Document, Response::Ready { protocol: PROTOCOL + 1 });
    let check = &script.session.self_check;
    assert!(check.job.is_none() && check.error.as_ref().unwrap().contains("Reload"), "{check:?}");
    assert!(script.session.jobs.is_empty());
    assert!(forgets(&script.event(own())), "nothing can begin on a broken page");
}

#[test]
fn stored_models_are_used() {
    let (mut script, job) = begun(Script::with_models(&["blip", "t5"]));
    script.opened(job, 1);
    script.page_with_figure(job, 1);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Describe { .. }]));
    script.described(job, 1);
    let commands = script.ended(Role::Model, job, Stage::Vision, Outcome::Done);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: Some(_), .. }]));
}
