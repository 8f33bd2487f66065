use super::*;
use crate::protocol::DownloadState;

#[test]
fn nothing_is_downloaded_before_the_person_says_so() {
    let mut script = Script::with_models(&[]);
    let job = script.extracted_with_figures(1);
    script.ready(Role::Model);
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    let downloads = requests(&script.commands);
    assert!(!downloads.iter().any(|request| matches!(request, Request::Download { .. })));
}

#[test]
fn asking_for_descriptions_afterwards_downloads_the_model_and_runs_that_stage_only() {
    let mut script = Script::with_models(&[]);
    let job = script.extracted_with_figures(1);
    script.ready(Role::Model);
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);

    let commands = script.event(Event::RunStage { job, stage: Stage::Vision });
    assert!(matches!(requests(&commands)[..], [Request::Download { model, .. }] if model.id == "blip"));
    let running = DownloadState::Running { received: 5, total: 10, speed: 1.0, seconds_left: 5.0 };
    script.response(Role::Store, Response::Download { id: "blip".to_owned(), state: running.clone() });
    assert_eq!(script.session.models.status("blip"), ModelStatus::Downloading(running));
    let done = Response::Download { id: "blip".to_owned(), state: DownloadState::Done };
    let commands = script.response(Role::Store, done);
    assert!(requests(&commands).iter().any(|request| matches!(request, Request::Describe { .. })));
    script.described(job, 1);
    script.ended(Role::Model, job, Stage::Vision, Outcome::Done);
    assert_eq!(script.job(job).state, JobState::Done);
}

#[test]
fn a_failed_download_lets_the_document_go_on_without_the_model() {
    let mut script = Script::with_models(&[]);
    script.event(Event::SettingsChanged(Settings { always_download: true, ..Settings::default() }));
    let job = script.extracted_with_figures(1);
    let state = DownloadState::Failed { reason: "the disk is full".to_owned() };
    script.response(Role::Store, Response::Download { id: "blip".to_owned(), state: state.clone() });
    let phase = script.job(job).stage(Stage::Vision).phase.clone();
    assert!(
        matches!(&phase, Phase::Ended(Outcome::Skipped(why)) if why.contains("disk is full")),
        "{phase:?}"
    );
    assert_eq!(script.job(job).stage(Stage::Text).phase, Phase::Downloading("t5".to_owned()));
    script.response(Role::Store, Response::Download { id: "t5".to_owned(), state });
    assert!(matches!(requests(&script.ready(Role::Model))[..], [Request::Summarise { model: None, .. }]));
}

#[test]
fn a_download_outlives_the_store_worker() {
    let mut script = Script::with_models(&[]);
    script.event(Event::Download("t5".to_owned()));
    script.dies(Role::Store);
    let commands = script.ready(Role::Store);
    assert!(requests(&commands).iter().any(|request| matches!(request, Request::Download { .. })));
}

#[test]
fn a_store_worker_that_keeps_dying_ends_the_download() {
    let mut script = Script::with_models(&[]);
    script.event(Event::Download("t5".to_owned()));
    for _ in 0..10 {
        if !matches!(script.session.models.status("t5"), ModelStatus::Downloading(_)) {
            break;
        }
        script.dies(Role::Store);
        if matches!(script.session.models.status("t5"), ModelStatus::Downloading(_)) {
            script.ready(Role::Store);
        }
    }
    assert!(matches!(script.session.models.status("t5"), ModelStatus::Failed(_)));
}

#[test]
fn the_suggested_model_fits_the_device() {
    let mut small = Models::new(Some(2 << 30));
    small.registry = Some(registry());
    assert_eq!(small.suggested(ModelKind::Caption).unwrap().id, "blip");
    let mut large = Models::new(Some(16 << 30));
    large.registry = Some(registry());
    assert_eq!(large.suggested(ModelKind::Caption).unwrap().id, "blip-large");
}

#[test]
fn a_stored_model_is_preferred_to_a_better_one_that_is_not() {
    let script = Script::with_models(&["blip"]);
    assert!(matches!(script.session.resolve(Stage::Vision), Resolved::Stored(model) if model.id == "blip"));
    assert!(matches!(script.session.resolve(Stage::Text), Resolved::Missing(model) if model.id == "t5"));
}

#[test]
fn deleting_a_model_forgets_it_at_once() {
    let mut script = Script::with_models(&["blip"]);
    let commands = script.event(Event::DeleteModel("blip".to_owned()));
    assert!(matches!(requests(&commands)[..], [Request::DeleteModel { .. }]));
    assert_eq!(script.session.models.status("blip"), ModelStatus::Absent);
}

#[test]
fn the_base_address_of_the_settings_goes_with_a_download() {
    let mut script = Script::with_models(&[]);
    let base_url = "http://localhost:8000".to_owned();
    script.event(Event::SettingsChanged(Settings { base_url: base_url.clone(), ..Settings::default() }));
    let commands = script.event(Event::Download("t5".to_owned()));
    assert!(
        matches!(requests(&commands)[..], [Request::Download { base_url: Some(base), .. }] if *base == base_url)
    );
}
