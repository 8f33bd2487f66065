//! The benchmark.

use super::*;
use crate::registry::Measured;

fn asked(commands: &[Command]) -> Option<String> {
    commands.iter().find_map(|command| match command {
        Command::Send { request: Request::Measure { model }, .. } => Some(model.clone()),
        _ => None,
    })
}

fn found(model: &str) -> Response {
    Response::Measured { found: Ok(Measured { model: model.to_owned(), ..Measured::default() }) }
}

#[test]
fn models_are_measured_one_after_the_other_and_their_worker_ended() {
    let mut script = Script::new();
    script.event(Event::Benchmark);
    assert_eq!(asked(&script.ready(Role::Model)).as_deref(), Some("t5-small"));
    assert_eq!(asked(&script.response(Role::Model, found("t5-small"))).as_deref(), Some("t5-base"));
    script.response(Role::Model, found("t5-base"));
    let commands = script.response(Role::Model, found("blip-base"));
    assert!(commands.iter().any(|command| matches!(command, Command::EndWorker { role: Role::Model, .. })));
    let benchmark = &script.session.benchmark;
    assert_eq!((benchmark.running, benchmark.found.len(), &benchmark.error), (None, 3, &None));
}

#[test]
fn a_worker_that_dies_ends_the_benchmark() {
    let mut script = Script::new();
    script.event(Event::Benchmark);
    script.ready(Role::Model);
    let generation = script.generation(Role::Model);
    let message = "out of memory".to_owned();
    script.event(Event::WorkerFailed { role: Role::Model, generation, message });
    let benchmark = &script.session.benchmark;
    assert_eq!(benchmark.running, None);
    assert!(benchmark.error.as_ref().is_some_and(|why| why.contains("out of memory")));
}

#[test]
fn none_runs_beside_a_document() {
    let mut script = Script::new();
    script.add("a.pdf");
    let commands = script.event(Event::Benchmark);
    assert_eq!(asked(&commands), None);
    assert!(script.session.benchmark.error.is_some());
}
