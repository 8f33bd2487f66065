use super::*;

#[test]
fn a_first_file_starts_the_worker_and_is_sent_once_it_listens() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    assert!(script.commands.contains(&Command::StartWorker { role: Role::Document, generation: 1 }));
    assert_eq!(convert(&script.commands), None, "nothing may be sent to a worker that does not listen");
    let commands = script.ready(Role::Document);
    assert_eq!(convert(&commands), Some((job, 1, Vec::new())));
    let attached = commands
        .iter()
        .any(|command| matches!(command, Command::Send { attachment: Attachment::File(FileId(10)), .. }));
    assert!(attached);
}

#[test]
fn pages_arrive_one_by_one() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    assert_eq!(script.job(job).page_count(), 3);
    script.page(job, 1);
    assert_eq!(script.job(job).document().pages.len(), 1);
    assert_eq!(script.job(job).revisions.pages.get(&1), Some(&1));
    script.page(job, 2);
    assert_eq!(script.job(job).document().pages.len(), 2);
}

#[test]
fn documents_are_worked_on_one_at_a_time_in_order() {
    let mut script = Script::new();
    let first = script.add("a.pdf");
    let second = script.add("b.pdf");
    script.ready(Role::Document);
    assert_eq!(script.job(second).state, JobState::Waiting);
    script.opened(first, 1);
    script.page(first, 1);
    script.ended(Role::Document, first, Stage::Extraction, Outcome::Done);
    script.ready(Role::Model);
    let commands = script.ended(Role::Model, first, Stage::Text, Outcome::Done);
    assert_eq!(script.job(first).state, JobState::Done);
    assert_eq!(convert(&commands).unwrap().0, second);
    assert_eq!(script.job(second).state, JobState::Working);
    assert_eq!(script.session.view.job, Some(first), "the person keeps looking at the first");
}

#[test]
fn without_models_figures_are_left_and_the_summary_is_extractive() {
    let mut script = Script::with_models(&[]);
    let job = script.extracted_with_figures(1);
    let vision = &script.job(job).stage(Stage::Vision).phase;
    assert!(
        matches!(vision, Phase::Ended(Outcome::Skipped(reason)) if reason.contains("BLIP")),
        "{vision:?}"
    );
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: None, .. }]));
    assert!(script.job(job).notes.iter().any(|note| note.contains("T5 is not on this machine")));
}

#[test]
fn markdown_only_runs_no_model() {
    let mut script = Script::with_models(&["blip", "t5"]);
    let settings = Settings { captions: false, summary: false, ..Settings::default() };
    let commands = script.event(Event::SettingsChanged(settings.clone()));
    assert!(commands.contains(&Command::Persist(settings)));
    let job = script.extracted_with_figures(1);
    assert_eq!(script.job(job).state, JobState::Done);
    assert!(
        !script
            .commands
            .iter()
            .any(|command| { matches!(command, Command::StartWorker { role: Role::Model, .. }) })
    );
}

#[test]
fn figures_are_described_with_their_files_then_the_text_is_summarised() {
    let mut script = Script::with_models(&["blip", "t5"]);
    let job = script.extracted_with_figures(2);
    let commands = script.ready(Role::Model);
    let described = commands.iter().find_map(|command| match command {
        Command::Send {
            request: Request::Describe { model, figures, .. },
            attachment: Attachment::Buffers(buffers),
            ..
        } => Some((model.id.clone(), figures.len(), buffers.clone())),
        _ => None,
    });
    assert_eq!(described, Some(("blip".to_owned(), 2, vec![vec![1; 4], vec![2; 4]])));
    script.described(job, 1);
    assert_eq!(script.job(job).document().figures[0].description.as_ref().unwrap().text, "a picture 1");
    script.described(job, 2);
    let commands = script.ended(Role::Model, job, Stage::Vision, Outcome::Done);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: Some(_), .. }]));
}

#[test]
fn a_password_is_asked_for_and_the_queue_goes_on_meanwhile() {
    let mut script = Script::new();
    let locked = script.add("locked.pdf");
    let open = script.add("open.pdf");
    script.ready(Role::Document);
    let commands = script.response(Role::Document, Response::PasswordNeeded { job: locked, wrong: false });
    assert_eq!(script.job(locked).state, JobState::NeedsPassword { wrong: false });
    assert_eq!(script.session.view.password, Some(locked));
    assert_eq!(convert(&commands).unwrap().0, open);

    script.event(Event::PasswordGiven { job: locked, password: "wrong".to_owned() });
    script.opened(open, 1);
    script.page(open, 1);
    script.ended(Role::Document, open, Stage::Extraction, Outcome::Done);
    script.ready(Role::Model);
    let commands = script.ended(Role::Model, open, Stage::Text, Outcome::Done);
    let password = requests(&commands).into_iter().find_map(|request| match request {
        Request::Convert { password, .. } => password.clone(),
        _ => None,
    });
    assert_eq!(password.as_deref(), Some("wrong"));
    script.response(Role::Document, Response::PasswordNeeded { job: locked, wrong: true });
    assert_eq!(script.job(locked).state, JobState::NeedsPassword { wrong: true });
    assert_eq!(script.session.view.password, Some(locked), "it is asked for again");
}

#[test]
fn a_file_that_cannot_be_opened_says_why_and_what_to_do() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.response(Role::Document, Response::OpenFailed { job, message: "a.pdf is no PDF".to_owned() });
    let JobState::Failed { message, advice } = &script.job(job).state else {
        panic!("{:?}", script.job(job).state)
    };
    assert_eq!(message, "a.pdf is no PDF");
    assert!(!advice.is_empty());
    let commands = script.event(Event::Start(job));
    assert_eq!(convert(&commands), Some((job, 1, Vec::new())));
}

#[test]
fn removing_the_document_being_worked_on_ends_its_worker_and_starts_the_next() {
    let mut script = Script::new();
    let first = script.add("a.pdf");
    let second = script.add("b.pdf");
    script.ready(Role::Document);
    let commands = script.event(Event::Remove(first));
    assert!(commands.contains(&Command::EndWorker { role: Role::Document, generation: 1 }));
    assert!(commands.contains(&Command::ForgetFile(FileId(10))));
    assert!(commands.contains(&Command::StartWorker { role: Role::Document, generation: 2 }));
    assert_eq!(script.session.view.job, Some(second));
    assert_eq!(convert(&script.ready(Role::Document)).unwrap().0, second);
}

#[test]
fn what_the_person_wrote_is_not_overwritten_by_the_model() {
    let mut script = Script::with_models(&["blip"]);
    let job = script.extracted_with_figures(1);
    script.ready(Role::Model);
    let figure = FigureId::new(1, 1);
    script.event(Event::DescriptionEdited { job, figure, text: "my words".to_owned() });
    script.described(job, 1);
    let description = script.job(job).document().figures[0].description.clone().unwrap();
    assert_eq!((description.text.as_str(), description.edited), ("my words", true));
}

#[test]
fn questions_are_answered_with_passages() {
    let mut script = Script::new();
    let job = script.finished("a.pdf", 1);
    let commands = script.event(Event::Asked { job, question: "  What? ".to_owned() });
    assert!(matches!(requests(&commands)[..], [Request::Ask { model: None, .. }]));
    assert_eq!(script.job(job).exchanges[0].reply, Reply::Waiting);
    script.response(
        Role::Model,
        Response::Answer {
            job,
            question: "What?".to_owned(),
            answer: None,
            passages: Vec::new(),
            error: None,
        },
    );
    assert!(matches!(script.job(job).exchanges[0].reply, Reply::Given { .. }));
}

#[test]
fn elapsed_time_runs_only_while_working() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.tick_after(1_500.0);
    assert!((script.job(job).elapsed(script.now) - 1_500.0).abs() < 1e-9);
    script.response(Role::Document, Response::PasswordNeeded { job, wrong: false });
    script.tick_after(5_000.0);
    assert!((script.job(job).elapsed(script.now) - 1_500.0).abs() < 1e-9);
}

#[test]
fn results_leave_under_the_files_name() {
    let mut script = Script::new();
    let job = script.finished("Annual report.PDF", 2);
    let file = export::file(script.job(job), ExportKind::Markdown, &script.session.settings).unwrap();
    assert_eq!(file.name, "Annual report.md");
    assert!(String::from_utf8(file.bytes).unwrap().contains("Text of page 2."));
    let file = export::file(script.job(job), ExportKind::Json, &script.session.settings).unwrap();
    assert_eq!(file.name, "Annual report.json");
    assert_eq!(file.bytes, crate::export::json(script.job(job).document()).unwrap().into_bytes());
    let file = export::file(script.job(job), ExportKind::Zip, &script.session.settings).unwrap();
    assert_eq!((file.name.as_str(), file.bytes.get(..2)), ("Annual report.zip", Some(&b"PK"[..])));
}

#[test]
fn each_ended_document_is_remembered_once_and_without_its_name() {
    let runs = |commands: &[Command]| -> Vec<Run> {
        let run = |command: &Command| match command {
            Command::RememberRun(run) => Some(run.clone()),
            _ => None,
        };
        commands.iter().filter_map(run).collect()
    };
    let mut script = Script::new();
    let job = script.add("secret.pdf");
    script.ready(Role::Document);
    script.opened(job, 2);
    script.page(job, 1);
    script.page(job, 2);
    let commands = script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    assert!(runs(&commands).is_empty(), "its summary is still to come");
    script.ready(Role::Model);
    let commands = script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    let [run] = &runs(&commands)[..] else { panic!("{commands:?}") };
    assert_eq!((run.pages, run.ending), (2, Ending::Done));
    assert!(run.millis[0].is_some() && run.millis[1].is_none(), "figures were not asked for: {run:?}");
    assert!(!serde_json::to_string(run).unwrap().contains("secret"));
    let commands = script.event(Event::RunStage { job, stage: Stage::Text });
    assert!(runs(&commands).is_empty());
    assert_eq!(script.session.history.runs.len(), 1);
    let stopped = script.add("b.pdf");
    let commands = script.event(Event::Stop(stopped));
    assert!(runs(&commands).iter().all(|run| run.ending == Ending::Stopped));
    let commands = script.event(Event::ForgetHistory);
    assert!(commands.contains(&Command::ForgetRuns) && script.session.history.runs.is_empty());
}
