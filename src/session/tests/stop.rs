use super::*;

#[test]
fn extraction_stops_when_the_worker_says_so_and_keeps_finished_pages() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    let commands = script.event(Event::Stop(job));
    assert!(requests(&commands).contains(&&Request::Stop { job }));
    assert!(script.session.is_stopping(job));
    script.response(Role::Document, Response::Stopped { job });
    assert_eq!(script.job(job).state, JobState::Stopped);
    assert_eq!(script.job(job).document().pages.len(), 1);
    assert_eq!(script.job(job).stage(Stage::Extraction).phase, Phase::Ended(Outcome::Stopped));
    script.page(job, 2);
    assert_eq!(script.job(job).document().pages.len(), 1, "late pages are ignored");
}

#[test]
fn a_worker_that_does_not_answer_is_ended_within_a_second() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    script.event(Event::Stop(job));
    let mut waited = 0.0;
    while script.job(job).state == JobState::Working {
        assert!(waited < 1_000.0, "still working after {waited} ms");
        let wake = script.commands.iter().rev().find_map(|command| match command {
            Command::Wake { after_ms } => Some(*after_ms),
            _ => None,
        });
        let wake = wake.unwrap().max(1.0);
        waited += wake;
        script.tick_after(wake);
    }
    assert_eq!(script.job(job).state, JobState::Stopped);
    assert!(script.commands.contains(&Command::EndWorker { role: Role::Document, generation: 1 }));
    assert_eq!(script.job(job).document().pages.len(), 1);
}

#[test]
fn a_stopped_document_goes_on_from_the_last_finished_page() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    script.ready(Role::Document);
    script.opened(job, 3);
    script.page(job, 1);
    script.event(Event::Stop(job));
    script.response(Role::Document, Response::Stopped { job });
    let commands = script.event(Event::Start(job));
    assert_eq!(convert(&commands), Some((job, 2, Vec::new())));
    script.opened(job, 3);
    script.page(job, 2);
    script.page(job, 3);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    let report = script.job(job).result.report();
    assert_eq!(
        report.stage(Stage::Extraction).unwrap().counts.pages,
        3,
        "all pages count, not the last run's"
    );
}

#[test]
fn describing_stops_at_once_by_ending_the_model_worker() {
    let mut script = Script::with_models(&["blip"]);
    let job = script.extracted_with_figures(2);
    script.ready(Role::Model);
    script.described(job, 1);
    let commands = script.event(Event::Stop(job));
    assert!(commands.contains(&Command::EndWorker { role: Role::Model, generation: 1 }));
    assert_eq!(script.job(job).state, JobState::Stopped);
    assert!(script.job(job).document().figures[0].description.is_some());

    script.event(Event::Start(job));
    let commands = script.ready(Role::Model);
    let figures = requests(&commands).into_iter().find_map(|request| match request {
        Request::Describe { figures, .. } => Some(figures.clone()),
        _ => None,
    });
    assert_eq!(figures, Some(vec![FigureId::new(2, 1)]), "only what is missing is described");
}

#[test]
fn stop_before_the_worker_listens_ends_it() {
    let mut script = Script::new();
    let job = script.add("a.pdf");
    let commands = script.event(Event::Stop(job));
    assert!(commands.contains(&Command::EndWorker { role: Role::Document, generation: 1 }));
    assert_eq!(script.job(job).state, JobState::Stopped);
}

#[test]
fn stopping_one_lets_the_next_begin_and_stopping_all_does_not() {
    let mut script = Script::new();
    let first = script.add("a.pdf");
    let second = script.add("b.pdf");
    let third = script.add("c.pdf");
    script.ready(Role::Document);
    script.event(Event::Stop(first));
    let commands = script.response(Role::Document, Response::Stopped { job: first });
    assert_eq!(convert(&commands).unwrap().0, second);
    script.event(Event::StopAll);
    script.response(Role::Document, Response::Stopped { job: second });
    assert_eq!(script.job(third).state, JobState::Stopped);
    assert!(script.session.active().is_none());
}

#[test]
fn stop_while_a_model_is_being_downloaded_stops_the_download() {
    let mut script = Script::with_models(&[]);
    script.event(Event::SettingsChanged(Settings { always_download: true, ..Settings::default() }));
    let job = script.extracted_with_figures(1);
    assert_eq!(script.job(job).stage(Stage::Vision).phase, Phase::Downloading("blip".to_owned()));
    let commands = script.event(Event::Stop(job));
    assert!(requests(&commands).contains(&&Request::StopDownload { id: "blip".to_owned() }));
    assert_eq!(script.job(job).state, JobState::Stopped);
    assert!(script.session.active().is_none());
}
