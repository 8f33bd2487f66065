//! A tab behind others, a frozen one, a laptop that sleeps: nothing is taken for dead because of that.

use super::*;
use crate::pipeline::event::Progress;
use crate::protocol::DownloadState;

/// Long enough for every limit.
const NIGHT_MS: f64 = 8.0 * 3_600_000.0;

/// Hidden for ten minutes, in which a browser wakes a page once a second, later once a minute.
fn behind_others(script: &mut Script) {
    script.event(Event::InFront(false));
    (0..300).for_each(|_| drop(script.tick_after(1_000.0)));
    (0..5).for_each(|_| drop(script.tick_after(60_000.0)));
    script.event(Event::InFront(true));
    script.tick_after(250.0);
}

/// Frozen, or asleep: no tick for hours, then one.
fn asleep(script: &mut Script) {
    script.tick_after(250.0);
    script.tick_after(NIGHT_MS);
    script.tick_after(250.0);
}

/// Asleep, and a worker speaks before the clock does.
fn spoken_to_first(script: &mut Script) {
    script.tick_after(250.0);
    script.now += NIGHT_MS;
    script.event(Event::InFront(true));
    script.tick_after(250.0);
}

const ABSENCES: [fn(&mut Script); 3] = [behind_others, asleep, spoken_to_first];

/// Whether any worker was ended, or started more than once.
fn is_any_dead(script: &Script) -> bool {
    script.commands.iter().any(|command| {
        matches!(command, Command::EndWorker { .. })
            || matches!(command, Command::StartWorker { generation, .. } if *generation > 1)
    })
}

fn progress(activity: &str) -> Told {
    let stage = Stage::Text;
    let activity = activity.to_owned();
    Told::Progress(Progress::new(stage, activity, 0, 1))
}

#[test]
fn a_worker_that_starts_is_waited_for() {
    for absence in ABSENCES {
        let mut script = Script::new();
        script.add("a.pdf");
        absence(&mut script);
        assert!(!is_any_dead(&script));
        script.ready(Role::Document);
        assert!(convert(&script.commands).is_some());
    }
}

#[test]
fn a_document_worker_at_work_is_waited_for() {
    for absence in ABSENCES {
        let mut script = Script::new();
        let job = script.add("a.pdf");
        script.ready(Role::Document);
        script.opened(job, 2);
        absence(&mut script);
        assert!(!is_any_dead(&script));
        assert!(script.job(job).notes.is_empty());
    }
}

#[test]
fn models_that_load_and_models_at_work_are_waited_for() {
    for absence in ABSENCES {
        for activity in [None, Some("loading t5"), Some("section")] {
            let mut script = Script::with_models(&["t5"]);
            let job = script.extracted(1);
            script.ready(Role::Model);
            if let Some(activity) = activity {
                script.told(Role::Model, job, progress(activity));
            }
            // Half its time is up.
            (0..30).for_each(|_| drop(script.tick_after(1_000.0)));
            absence(&mut script);
            absence(&mut script);
            assert!(!is_any_dead(&script), "{activity:?}");
            // The clock goes on where it stood.
            (0..95).for_each(|_| drop(script.tick_after(1_000.0)));
            assert!(is_any_dead(&script), "{activity:?}");
        }
    }
}

#[test]
fn a_question_is_waited_for() {
    for absence in ABSENCES {
        let mut script = Script::with_models(&["t5"]);
        let job = script.finished("a.pdf", 1);
        script.event(Event::Asked { job, question: "Why?".to_owned() });
        absence(&mut script);
        assert!(!is_any_dead(&script));
        assert_eq!(script.job(job).exchanges[0].reply, Reply::Waiting);
    }
}

#[test]
fn a_scan_that_is_read_is_waited_for() {
    for absence in ABSENCES {
        let mut script = Script::new();
        let scan = ModelEntry { kind: ModelKind::Scan, ..registry().models.remove(0) };
        script.event(Event::RegistryLoaded(Ok(Registry { models: vec![scan], ..registry() })));
        script.ready(Role::Store);
        let job = script.add("scan.pdf");
        script.ready(Role::Document);
        script.opened(job, 1);
        script.response(Role::Document, Response::Pixels { job, page: 1, width_px: 4, height_px: 4 });
        script.ready(Role::Scan);
        absence(&mut script);
        assert!(!is_any_dead(&script));
    }
}

#[test]
fn a_download_is_waited_for() {
    for absence in ABSENCES {
        let mut script = Script::with_models(&[]);
        script.event(Event::SettingsChanged(Settings { always_download: true, ..Settings::default() }));
        let job = script.extracted_with_figures(1);
        absence(&mut script);
        assert!(!is_any_dead(&script));
        assert_eq!(script.job(job).stage(Stage::Vision).phase, Phase::Downloading("blip".to_owned()));
        // What broke meanwhile is tried again by the worker, which tells so.
        let reason = "the connection failed".to_owned();
        let state = DownloadState::Waiting { attempt: 1, seconds: 1.0, reason };
        script.response(Role::Store, Response::Download { id: "blip".to_owned(), state });
        script
            .response(Role::Store, Response::Download { id: "blip".to_owned(), state: DownloadState::Done });
        assert_eq!(script.job(job).stage(Stage::Vision).phase, Phase::Running);
    }
}
