//! Downloads that fail for good: the next smaller model, then none.

use super::*;
use crate::protocol::DownloadState;

/// A session that may download, with three text models, of which those in `stored` are stored.
fn script(stored: &[&str]) -> Script {
    let mut script = Script::new();
    script.event(Event::SettingsChanged(Settings { always_download: true, ..Settings::default() }));
    let model = |id: &str, memory| ModelEntry {
        id: id.to_owned(),
        name: id.to_uppercase(),
        kind: ModelKind::Text,
        memory,
        ..registry().models.remove(0)
    };
    let unserved = ModelEntry { unavailable: Some("nobody has it".to_owned()), ..model("unserved", 3) };
    let models = vec![model("large", 4), unserved, model("middle", 2), model("small", 1)];
    script.event(Event::RegistryLoaded(Ok(Registry { models, ..registry() })));
    script.ready(Role::Store);
    let models =
        stored.iter().map(|id| StoredModel { id: (*id).to_owned(), bytes: 9, complete: true }).collect();
    script.response(Role::Store, Response::Stored { models, used: 9, quota: 99, persisted: false });
    script
}

fn fails(script: &mut Script, id: &str) -> Vec<Command> {
    let state = DownloadState::Failed { reason: "the host does not answer".to_owned() };
    script.response(Role::Store, Response::Download { id: id.to_owned(), state })
}

#[test]
fn the_next_smaller_model_is_downloaded_and_in_the_end_none() {
    let mut script = script(&[]);
    let job = script.extracted(1);
    let phase = |script: &Script| script.job(job).stage(Stage::Text).phase.clone();
    assert_eq!(phase(&script), Phase::Downloading("large".to_owned()));
    fails(&mut script, "large");
    assert_eq!(phase(&script), Phase::Downloading("middle".to_owned()), "what nobody serves is passed over");
    fails(&mut script, "middle");
    assert_eq!(phase(&script), Phase::Downloading("small".to_owned()));
    fails(&mut script, "small");
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: None, .. }]));
    let notes = script.job(job).notes.join("\n");
    for words in [
        "LARGE could not be downloaded (the host does not answer), so MIDDLE, which is smaller, is downloaded",
        "MIDDLE could not be downloaded (the host does not answer), so SMALL, which is smaller, is downloaded",
        "SMALL could not be downloaded (the host does not answer), so the summary is made of sentences",
    ] {
        assert!(notes.contains(words), "{notes}");
    }
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    assert_eq!(script.job(job).state, JobState::Done);
}

#[test]
fn a_smaller_model_that_is_here_needs_no_download() {
    let mut script = script(&["small"]);
    let text_model = ModelChoice::Model("large".to_owned());
    let settings = Settings { always_download: true, text_model, ..Settings::default() };
    script.event(Event::SettingsChanged(settings));
    let job = script.extracted(1);
    fails(&mut script, "large");
    let commands = script.ready(Role::Model);
    let model = requests(&commands).into_iter().find_map(|request| match request {
        Request::Summarise { model, .. } => model.clone(),
        _ => None,
    });
    assert_eq!(model.unwrap().id, "small");
    assert!(
        script.job(job).notes.iter().any(|note| note.contains("SMALL, which is smaller and here already"))
    );
}

#[test]
fn a_download_that_the_person_stops_is_followed_by_no_other() {
    let mut script = script(&[]);
    let job = script.extracted(1);
    script.event(Event::StopDownload("large".to_owned()));
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: None, .. }]));
    let asked = |id: &str| {
        requests(&script.commands)
            .iter()
            .any(|request| matches!(request, Request::Download { model, .. } if model.id == id))
    };
    assert!(asked("large") && !asked("middle"));
    assert_eq!(script.job(job).stage(Stage::Text).phase, Phase::Running);
}

#[test]
fn a_storage_that_does_not_start_keeps_no_document_waiting() {
    let mut script = script(&[]);
    let job = script.extracted(1);
    for _ in 0..40 {
        if script.job(job).stage(Stage::Text).phase == Phase::Running {
            break;
        }
        script.dies(Role::Store);
    }
    let commands = script.ready(Role::Model);
    assert!(matches!(requests(&commands)[..], [Request::Summarise { model: None, .. }]));
}
