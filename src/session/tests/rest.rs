use super::*;
use crate::pipeline::event::{Progress, READING_FILE};
use crate::session::kept::{Kept, decode, encode};
use crate::session::rest::MOST_AWAKE;

/// A finished document of `pages` pages, whose diary is written.
fn kept(script: &mut Script, name: &str, pages: u32) -> JobId {
    let job = script.finished(name, pages);
    script.event(Event::KeptWhole(script.job(job).file));
    job
}

/// So many of them, the first of which is shown.
fn many(script: &mut Script, count: usize) -> Vec<JobId> {
    (0..count).map(|number| kept(script, &format!("{number}.pdf"), 2)).collect()
}

fn resting(script: &Script) -> Vec<JobId> {
    script.session.jobs.iter().filter(|job| job.is_resting()).map(|job| job.id).collect()
}

/// The diary of a document, as bytes and back.
fn diary(script: &Script, job: JobId) -> Vec<Kept> {
    let file = script.job(job).file;
    let kept = script.commands.iter().filter_map(|command| match command {
        Command::Keep { file: of, kept } if *of == file => Some(kept.clone()),
        _ => None,
    });
    decode(&encode(&kept.collect::<Vec<_>>())).unwrap()
}

/// The edge has read the diary of `job`.
fn bring_back(script: &mut Script, job: JobId) -> Vec<Command> {
    let (file, entries) = (script.job(job).file, diary(script, job));
    script.event(Event::BroughtBack { file, entries, whole: true })
}

#[test]
fn documents_nobody_looks_at_leave_memory_and_come_back_as_they_were() {
    let mut script = Script::new();
    let jobs = many(&mut script, MOST_AWAKE + 4);
    assert_eq!(script.session.view.job, Some(jobs[0]), "the first is shown");
    assert_eq!(resting(&script), jobs[1..4]);
    let gone = jobs[2];
    assert!(script.commands.contains(&Command::ForgetFigures(gone)));
    let job = script.job(gone);
    assert_eq!((job.state.clone(), job.page_count(), job.has_pages()), (JobState::Done, 2, false));
    assert!(job.document().pages.is_empty() && job.revisions.pages.is_empty());

    let mut other = Script::new();
    let same = many(&mut other, 3)[2];
    let commands = script.event(Event::Select(gone));
    let file = script.job(gone).file;
    assert_eq!(commands.iter().filter(|command| **command == Command::BringBack(file)).count(), 1);
    assert!(script.tick_after(10.0).iter().all(|command| *command != Command::BringBack(file)), "asked once");
    bring_back(&mut script, gone);
    let job = script.job(gone);
    assert!(!job.is_resting() && job.has_pages());
    assert_eq!(job.document(), other.job(same).document());
    assert_eq!(job.result.report(), other.job(same).result.report());
    assert_eq!(job.state, JobState::Done);
    assert!(resting(&script).len() >= 3, "another has left instead");
    assert!(!resting(&script).contains(&jobs[0]), "the one looked at before stays");
}

#[test]
fn those_looked_at_last_stay() {
    let mut script = Script::new();
    let jobs = many(&mut script, MOST_AWAKE + 1);
    assert!(resting(&script).is_empty());
    script.event(Event::Select(jobs[1]));
    kept(&mut script, "more.pdf", 1);
    // The oldest of all is `jobs[0]`, which was shown until a moment ago.
    assert_eq!(resting(&script), [jobs[2]]);
}

#[test]
fn only_what_is_kept_whole_leaves() {
    let mut script = Script::new();
    for number in 0..MOST_AWAKE + 3 {
        script.finished(&format!("{number}.pdf"), 1);
    }
    assert!(resting(&script).is_empty(), "nobody said that the diaries are written");
    let job = script.session.jobs[1].id;
    script.event(Event::KeptWhole(script.job(job).file));
    assert_eq!(resting(&script), [job]);

    let mut script = Script::new();
    script.event(Event::SettingsChanged(Settings { keep: false, ..Settings::default() }));
    many(&mut script, MOST_AWAKE + 3);
    assert!(resting(&script).is_empty(), "nothing is kept");

    // What is changed has to be written first.
    let mut script = Script::new();
    let jobs = many(&mut script, 2);
    let figure = FigureId::new(1, 1);
    script.event(Event::DescriptionEdited { job: jobs[1], figure, text: "a lighthouse".to_owned() });
    let mut out = Vec::new();
    script.session.rest_documents(0, &mut out);
    assert!(resting(&script).is_empty() && out.is_empty());
    script.event(Event::KeptWhole(script.job(jobs[1]).file));
    script.session.rest_documents(0, &mut out);
    assert_eq!(resting(&script), [jobs[1]]);
    assert!(out.contains(&Command::ForgetFigures(jobs[1])));
}

#[test]
fn a_document_with_a_password_stays() {
    let mut script = Script::new();
    many(&mut script, 1);
    let job = script.add("secret.pdf");
    script.response(Role::Document, Response::PasswordNeeded { job, wrong: false });
    script.event(Event::PasswordGiven { job, password: "sesame".to_owned() });
    script.opened(job, 1);
    script.page(job, 1);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    // Even if the edge took it for kept.
    script.event(Event::KeptWhole(script.job(job).file));
    script.session.rest_documents(0, &mut Vec::new());
    assert_eq!(script.job(job).state, JobState::Done);
    assert!(resting(&script).is_empty());
}

#[test]
fn what_is_asked_of_a_resting_document_waits_for_it() {
    let mut script = Script::new();
    let jobs = many(&mut script, 3);
    script.session.rest_documents(0, &mut Vec::new());
    let (saved, again) = (jobs[1], jobs[2]);
    assert_eq!(resting(&script), [saved, again]);
    let kind = ExportKind::Markdown;
    let commands = script.event(Event::Export { job: saved, kind });
    assert_eq!(commands, [Command::BringBack(script.job(saved).file)]);
    assert!(bring_back(&mut script, saved).contains(&Command::Export { job: saved, kind }));
    script.event(Event::Asked { job: again, question: "Why?".to_owned() });
    script.event(Event::RunStage { job: again, stage: Stage::Text });
    assert_eq!(script.job(again).state, JobState::Done);
    let commands = bring_back(&mut script, again);
    let sent = requests(&commands);
    assert!(
        sent.iter()
            .any(|request| matches!(request, Request::Ask { document, .. } if document.pages.len() == 2))
    );
    assert!(sent.iter().any(|request| matches!(request, Request::Summarise { .. })), "{sent:?}");
    assert_eq!(script.job(again).state, JobState::Working);
}

#[test]
fn what_cannot_be_read_any_more_is_converted_anew() {
    let mut script = Script::new();
    let jobs = many(&mut script, 2);
    script.session.rest_documents(0, &mut Vec::new());
    let gone = jobs[1];
    script.event(Event::Select(gone));
    let file = script.job(gone).file;
    let commands = script.event(Event::BroughtBack { file, entries: Vec::new(), whole: false });
    assert_eq!(convert(&commands), Some((gone, 1, Vec::new())));
    let said = &script.session.announcement;
    assert!(
        said.visible && said.text.contains("1.pdf") && said.text.contains("converted anew"),
        "{}",
        said.text
    );
    assert!(script.job(gone).notes[0].contains("converted anew"));
    script.opened(gone, 2);
    script.page(gone, 1);
    script.page(gone, 2);
    script.ended(Role::Document, gone, Stage::Extraction, Outcome::Done);
    script.ended(Role::Model, gone, Stage::Text, Outcome::Done);
    assert_eq!(script.job(gone).state, JobState::Done);
    assert!(!script.job(gone).is_resting());

    // Half a diary: the rest is made again.
    let mut script = Script::new();
    let jobs = many(&mut script, 2);
    script.session.rest_documents(0, &mut Vec::new());
    script.event(Event::Select(jobs[1]));
    let (file, mut entries) = (script.job(jobs[1]).file, diary(&script, jobs[1]));
    entries.truncate(2);
    let commands = script.event(Event::BroughtBack { file, entries, whole: false });
    assert_eq!(convert(&commands), Some((jobs[1], 2, Vec::new())));
}

#[test]
fn resting_documents_come_back_before_they_are_forgotten() {
    for event in [Event::ForgetAll, Event::SettingsChanged(Settings { keep: false, ..Settings::default() })] {
        let mut script = Script::new();
        let jobs = many(&mut script, 3);
        script.session.rest_documents(0, &mut Vec::new());
        let file = script.job(jobs[2]).file;
        let commands = script.event(event);
        let place = |wanted: &Command| commands.iter().position(|command| command == wanted).unwrap();
        assert!(place(&Command::BringBack(file)) < place(&Command::Unkeep(file)));
        bring_back(&mut script, jobs[2]);
        script.session.rest_documents(0, &mut Vec::new());
        assert_eq!(resting(&script), [jobs[1]], "what is not kept any more stays");
    }
}

#[test]
fn a_resting_document_can_be_removed_and_closes_its_file() {
    let mut script = Script::new();
    let jobs = many(&mut script, 2);
    let mut out = Vec::new();
    script.session.rest_documents(0, &mut out);
    assert!(requests(&out).contains(&&Request::Close { job: jobs[1] }), "its file is open no more");
    script.event(Event::Select(jobs[1]));
    let (file, entries) = (script.job(jobs[1]).file, diary(&script, jobs[1]));
    assert!(script.event(Event::Remove(jobs[1])).contains(&Command::Unkeep(file)));
    script.event(Event::BroughtBack { file, entries, whole: true });
    assert_eq!(script.session.jobs.len(), 1);
}

#[test]
fn two_hundred_documents_are_done_and_few_are_held() {
    let mut script = Script::new();
    let jobs = many(&mut script, 200);
    assert_eq!(resting(&script).len(), 200 - 1 - MOST_AWAKE);
    assert!(script.session.jobs.iter().all(|job| job.state == JobState::Done && job.page_count() == 2));
    let entries = script.commands.iter().filter(|command| matches!(command, Command::Keep { .. }));
    assert!(entries.count() > 200);
    script.event(Event::Select(jobs[100]));
    bring_back(&mut script, jobs[100]);
    assert_eq!(script.job(jobs[100]).document().pages.len(), 2);
    assert_eq!(script.session.jobs.iter().filter(|job| !job.is_resting()).count(), 1 + MOST_AWAKE);
}

#[test]
fn the_place_in_the_queue_is_known() {
    let mut script = Script::new();
    let jobs: Vec<JobId> = (0..12).map(|number| script.add(&format!("{number}.pdf"))).collect();
    let before: Vec<usize> = jobs.iter().map(|job| script.session.waiting_before(*job)).collect();
    assert_eq!(before, (0..12).collect::<Vec<_>>());
}

#[test]
fn large_files_are_not_open_side_by_side() {
    let mut script = Script::new();
    let add = |script: &mut Script, number: u32, bytes: u64| {
        let file = NewFile { file: FileId(number), name: format!("{number}.pdf"), bytes };
        script.event(Event::FilesAdded(vec![file]));
        script.session.jobs.last().unwrap().id
    };
    let shown = add(&mut script, 1, 100);
    let large = add(&mut script, 2, 290_000_000);
    let next = add(&mut script, 3, 20_000_000);
    script.ready(Role::Document);
    for job in [shown, large] {
        script.opened(job, 1);
        script.page(job, 1);
        script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
        if job == shown {
            script.ready(Role::Model);
        }
        let commands = script.ended(Role::Model, job, Stage::Text, Outcome::Done);
        let sent = requests(&commands);
        let closes = sent.iter().position(|request| **request == Request::Close { job: large });
        assert_eq!(closes.is_some(), job == large, "{sent:?}");
        if job == large {
            let opens = sent
                .iter()
                .position(|request| matches!(request, Request::Convert { job, .. } if *job == next));
            assert!(closes < opens, "its memory serves the next");
        }
    }
}

#[test]
fn a_file_whose_reading_was_stopped_is_read_again() {
    let mut script = Script::new();
    let job = script.add("large.pdf");
    script.ready(Role::Document);
    let progress = |done| Progress::new(Stage::Extraction, READING_FILE, done, 500);
    script.told(Role::Document, job, Told::Progress(progress(40)));
    script.event(Event::Stop(job));
    script.response(Role::Document, Response::Stopped { job });
    assert_eq!(script.job(job).state, JobState::Stopped);
    assert!(!script.session.pages.is_open(job));
    let commands = script.event(Event::Start(job));
    assert_eq!(convert(&commands), Some((job, 1, Vec::new())));
}

#[test]
fn the_next_document_waits_while_diaries_are_slow_to_be_written() {
    let mut script = Script::new();
    many(&mut script, 1);
    let unwritten: Vec<JobId> =
        (0..4).map(|number| script.finished(&format!("slow {number}.pdf"), 1)).collect();
    let next = script.add("next.pdf");
    assert_eq!(script.job(next).state, JobState::Waiting);
    assert!(
        script.tick_after(1_000.0).iter().any(|command| matches!(command, Command::Wake { .. })),
        "it looks again"
    );
    script.event(Event::KeptWhole(script.job(unwritten[0]).file));
    assert_eq!(script.job(next).state, JobState::Working);
    script.event(Event::Remove(next));

    // One that cannot be kept is not waited for.
    script.finished("slow 5.pdf", 1);
    let next = script.add("next.pdf");
    assert_eq!(script.job(next).state, JobState::Waiting);
    script.event(Event::NotKept(script.job(unwritten[1]).file));
    assert_eq!(script.job(next).state, JobState::Working);
    script.event(Event::Remove(next));

    // Nor is any for ever.
    script.finished("slow 6.pdf", 1);
    let next = script.add("next.pdf");
    for _ in 0..9 {
        script.tick_after(500.0);
        assert_eq!(script.job(next).state, JobState::Waiting);
    }
    script.tick_after(1_000.0);
    assert_eq!(script.job(next).state, JobState::Working);
}
