//! What is told of the work on a document.

use super::*;
use crate::session::kept::{decode, encode};

fn ended_with(script: &mut Script, job: JobId, stage: Stage, load_millis: Option<f64>) {
    let mut report = StageReport::skipped(stage, "");
    report.outcome = Outcome::Done;
    report.millis = 2_000.0;
    report.counts.tokens = 40;
    report.models = vec!["t5".to_owned()];
    report.load_millis = load_millis;
    script.told(Role::Model, job, Told::StageEnded(report));
}

fn worked_on() -> (Script, JobId) {
    let mut script = Script::with_models(&["t5"]);
    script.session.program = "models-threads";
    script.event(Event::PageMemory(7_000_000));
    let job = script.add("Annual report.pdf");
    script.ready(Role::Document);
    script.opened(job, 2);
    script.page(job, 1);
    script.page(job, 2);
    script.ended(Role::Document, job, Stage::Extraction, Outcome::Done);
    script.ready(Role::Model);
    script.response(Role::Model, Response::Memory { bytes: 90_000_000 });
    ended_with(&mut script, job, Stage::Text, Some(61_000.0));
    (script, job)
}

#[test]
fn a_record_tells_everything_but_the_document() {
    let (script, job) = worked_on();
    let file = export::file(script.job(job), ExportKind::Report, &script.session.settings).unwrap();
    assert_eq!((file.name.as_str(), file.media_type), ("Annual report.report.json", "application/json"));
    let text = String::from_utf8(file.bytes).unwrap();
    assert!(!text.contains("Text of page"), "{text}");
    let told: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(told["name"], "Annual report.pdf");
    assert_eq!(told["run"]["peak_memory"], 97_000_000);
    assert_eq!(told["memory_budget"], 2_u64 << 30);
    assert_eq!(told["run"]["program"], "models-threads");
    assert_eq!(told["run"]["load_millis"], 61_000.0);
    assert_eq!(told["tokens_per_second"], 20.0);
    let stages: Vec<&str> =
        told["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["extraction", "vision", "text"]);
    assert_eq!(told["stages"][2]["load_millis"], 61_000.0);
    let aims: Vec<(&str, bool)> = told["aims"]
        .as_array()
        .unwrap()
        .iter()
        .map(|aim| (aim["aim"].as_str().unwrap(), aim["met"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        aims,
        [
            ("1 to 5 pages within 90 seconds", true),
            ("models load within a minute", false),
            ("fewer than one document in 200 fails", true)
        ]
    );
}

#[test]
fn the_history_has_memory_and_loading_times() {
    let (script, _) = worked_on();
    let [run] = &script.session.history.runs[..] else { panic!() };
    assert_eq!((run.peak_memory, run.load_millis), (Some(97_000_000), Some(61_000.0)));
    // Those that were remembered before there were any.
    let before: Run = serde_json::from_str(r#"{"pages":3,"ending":"done"}"#).unwrap();
    assert_eq!((before.pages, before.peak_memory, before.load_millis), (3, None, None));
}

#[test]
fn a_diary_of_a_time_before_loading_times_can_be_read() {
    let json = br#"[[{"told":{"event":"stage_ended","stage":"text","outcome":{"kind":"done"},"millis":5.0,
        "counts":{"pages":0,"characters":9,"images":0,"tokens":4},"models":["t5"]}},[]]]"#;
    let mut bytes = u32::try_from(json.len()).unwrap().to_le_bytes().to_vec();
    bytes.extend_from_slice(json);
    let entries = decode(&bytes).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(decode(&encode(&entries)).unwrap(), entries);
}
