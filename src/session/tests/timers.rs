//! What takes too long: models that do not load, pictures and texts that they do not get done with.

use super::*;
use crate::pipeline::event::Progress;

fn progress(stage: Stage, activity: &str, done: u32, tokens: u32) -> Progress {
    Progress { tokens, ..Progress::new(stage, activity, done, 9) }
}

fn tell(script: &mut Script, job: JobId, progress: Progress) {
    script.told(Role::Model, job, Told::Progress(progress));
}

/// Time passes as it does while the page is in front, with a token now and then.
fn pass(script: &mut Script, job: JobId, seconds: u32, told: Option<Progress>) -> Vec<Command> {
    let mut commands = Vec::new();
    for second in 0..seconds {
        commands.extend(script.tick_after(1_000.0));
        if let Some(progress) = &told {
            tell(script, job, Progress { tokens: second + 1, ..progress.clone() });
        }
    }
    commands
}

/// A session with these models, the best first, of which all are stored.
fn script_with(ids: &[(&str, ModelKind)]) -> Script {
    let mut script = Script::new();
    let entry = |(at, (id, kind)): (usize, &(&str, ModelKind))| ModelEntry {
        id: (*id).to_owned(),
        name: id.to_uppercase(),
        kind: *kind,
        memory: 1_000 - at as u64,
        ..registry().models.remove(0)
    };
    let models = ids.iter().enumerate().map(entry).collect();
    script.event(Event::RegistryLoaded(Ok(Registry { models, ..registry() })));
    script.ready(Role::Store);
    let stored = |(id, _): &(&str, ModelKind)| StoredModel { id: (*id).to_owned(), bytes: 9, complete: true };
    let models = ids.iter().map(stored).collect();
    script.response(Role::Store, Response::Stored { models, used: 9, quota: 99, persisted: false });
    script
}

/// Requests of stages so far: the model, the pages of the figures, and whether in brief.
fn asked(script: &Script) -> Vec<(String, Vec<u32>, bool)> {
    let page = |figure: &FigureId| figure.0[1..].split('-').next().unwrap().parse().unwrap();
    let asked = requests(&script.commands).into_iter().filter_map(|request| match request {
        Request::Describe { model, figures, brief, .. } => {
            Some((model.id.clone(), figures.iter().map(page).collect(), *brief))
        }
        Request::Summarise { model, brief, .. } => {
            let model = model.as_ref().map_or("", |model| model.id.as_str());
            Some((model.to_owned(), Vec::new(), *brief))
        }
        _ => None,
    });
    asked.collect()
}

fn with_figures(script: &mut Script, pages: u32) -> JobId {
    let job = script.extracted_with_figures(pages);
    script.ready(Role::Model);
    job
}

/// A document without figures whose text is being summarised.
fn with_text(script: &mut Script) -> JobId {
    let job = script.extracted(1);
    script.ready(Role::Model);
    job
}

fn notes(script: &Script, job: JobId) -> String {
    script.job(job).notes.join("\n")
}

#[test]
fn a_model_that_does_not_load_within_two_minutes_gives_way_to_a_smaller_one() {
    let mut script = script_with(&[("large", ModelKind::Caption), ("small", ModelKind::Caption)]);
    let job = with_figures(&mut script, 1);
    for percent in 0..119 {
        script.tick_after(1_000.0);
        tell(&mut script, job, progress(Stage::Vision, "loading large", percent, 0));
    }
    assert_eq!(script.generation(Role::Model), 1);
    pass(&mut script, job, 3, Some(progress(Stage::Vision, "loading large", 99, 0)));
    script.ready(Role::Model);
    let expected = [("large".to_owned(), vec![1], false), ("small".to_owned(), vec![1], false)];
    assert_eq!(asked(&script), expected);
    let notes = notes(&script, job);
    assert!(notes.contains("LARGE did not load within two minutes, so SMALL, which is smaller"), "{notes}");
    script.described(job, 1);
    script.ended(Role::Model, job, Stage::Vision, Outcome::Done);
    assert_eq!(script.job(job).stage(Stage::Vision).phase, Phase::Ended(Outcome::Done));
}

#[test]
fn a_model_that_came_meanwhile_is_not_blamed_for_the_one_at_work() {
    let mut script = script_with(&[("large", ModelKind::Caption), ("small", ModelKind::Caption)]);
    let stored = |ids: &[&str]| {
        let stored = |id: &&str| StoredModel { id: (*id).to_owned(), bytes: 9, complete: true };
        Response::Stored { models: ids.iter().map(stored).collect(), used: 9, quota: 99, persisted: false }
    };
    script.response(Role::Store, stored(&["small"]));
    let job = with_figures(&mut script, 1);
    script.response(Role::Store, stored(&["large", "small"]));
    pass(&mut script, job, 122, Some(progress(Stage::Vision, "loading small", 99, 0)));
    script.ready(Role::Model);
    let expected = [("small".to_owned(), vec![1], false), ("large".to_owned(), vec![1], false)];
    assert_eq!(asked(&script), expected);
    let notes = notes(&script, job);
    assert!(notes.contains("SMALL did not load within two minutes, so LARGE went on"), "{notes}");
}

#[test]
fn time_before_the_worker_listens_is_not_the_models() {
    let mut script = script_with(&[("large", ModelKind::Text)]);
    let job = script.extracted(1);
    pass(&mut script, job, 80, None);
    script.ready(Role::Model);
    for percent in 0..110 {
        script.tick_after(1_000.0);
        tell(&mut script, job, progress(Stage::Text, "loading large", percent, 0));
    }
    assert_eq!(script.generation(Role::Model), 1);
}

#[test]
fn a_model_whose_memory_is_refused_gives_way_at_once() {
    for (told, message) in
        [(true, "unreachable"), (false, "out of memory"), (true, "memory allocation failed")]
    {
        let mut script = script_with(&[("large", ModelKind::Text), ("small", ModelKind::Text)]);
        let job = with_text(&mut script);
        if told {
            tell(&mut script, job, progress(Stage::Text, "loading large", 40, 0));
        }
        let generation = script.generation(Role::Model);
        let message = message.to_owned();
        script.event(Event::WorkerFailed { role: Role::Model, generation, message });
        script.ready(Role::Model);
        assert_eq!(asked(&script).last().unwrap().0, "small", "{told}");
        assert!(notes(&script, job).contains("LARGE was refused the memory that it needs"));
        // So does the small one: the summary is made without a model.
        tell(&mut script, job, progress(Stage::Text, "loading small", 40, 0));
        script.dies(Role::Model);
        script.ready(Role::Model);
        assert_eq!(asked(&script).last().unwrap().0, "");
        script.ended(Role::Model, job, Stage::Text, Outcome::Done);
        assert_eq!(script.job(job).state, JobState::Done);
    }
}

#[test]
fn a_figure_that_takes_too_long_is_tried_once_more_in_brief_and_then_left_out() {
    let mut script = script_with(&[("blip", ModelKind::Caption)]);
    let job = with_figures(&mut script, 3);
    tell(&mut script, job, progress(Stage::Vision, "image", 0, 0));
    pass(&mut script, job, 50, Some(progress(Stage::Vision, "image", 0, 0)));
    script.described(job, 1);
    tell(&mut script, job, progress(Stage::Vision, "image", 1, 0));
    assert_eq!(script.generation(Role::Model), 1, "each has a minute of its own");
    // Tokens are no excuse.
    let commands = pass(&mut script, job, 62, Some(progress(Stage::Vision, "image", 1, 0)));
    assert!(commands.contains(&Command::EndWorker { role: Role::Model, generation: 1 }));
    script.ready(Role::Model);
    assert_eq!(asked(&script).last().unwrap(), &("blip".to_owned(), vec![2], true), "alone and in brief");
    tell(&mut script, job, progress(Stage::Vision, "image", 0, 0));
    pass(&mut script, job, 62, None);
    script.ready(Role::Model);
    assert_eq!(asked(&script).last().unwrap(), &("blip".to_owned(), vec![3], false), "the next one");
    tell(&mut script, job, progress(Stage::Vision, "image", 0, 0));
    script.described(job, 3);
    script.ended(Role::Model, job, Stage::Vision, Outcome::Done);
    let report = script.job(job).result.report();
    let vision = report.stage(Stage::Vision).unwrap();
    let Outcome::Partial(why) = &vision.outcome else { panic!("{:?}", vision.outcome) };
    assert!(why.contains("1 of 3") && why.contains("p2-f1 took longer than a minute"), "{why}");
    assert_eq!((vision.counts.images, vision.models.len()), (2, 1));
    assert!(vision.counts.tokens >= 50 + 60, "those of requests that were cut short too");
    assert!(vision.millis > 170_000.0);
    let notes = notes(&script, job);
    assert!(notes.contains("p2-f1 was not described") && notes.contains("in fewer words"), "{notes}");
}

#[test]
fn a_brief_caption_that_comes_in_time_is_as_good_as_any() {
    let mut script = script_with(&[("blip", ModelKind::Caption)]);
    let job = with_figures(&mut script, 1);
    tell(&mut script, job, progress(Stage::Vision, "image", 0, 0));
    pass(&mut script, job, 62, None);
    script.ready(Role::Model);
    tell(&mut script, job, progress(Stage::Vision, "image", 0, 0));
    script.described(job, 1);
    script.ended(Role::Model, job, Stage::Vision, Outcome::Done);
    assert_eq!(script.job(job).stage(Stage::Vision).phase, Phase::Ended(Outcome::Done));
}

#[test]
fn three_figures_in_a_row_are_the_models_fault() {
    let mut script = script_with(&[("large", ModelKind::Caption), ("small", ModelKind::Caption)]);
    let job = with_figures(&mut script, 5);
    let late = |script: &mut Script| {
        tell(script, job, progress(Stage::Vision, "image", 0, 0));
        pass(script, job, 62, None);
        script.ready(Role::Model);
    };
    (0..6).for_each(|_| late(&mut script));
    assert_eq!(asked(&script).last().unwrap(), &("small".to_owned(), vec![1, 2, 3, 4, 5], false));
    // The small one is no quicker: what there is has to do.
    (0..6).for_each(|_| late(&mut script));
    let phase = &script.job(job).stage(Stage::Vision).phase;
    assert!(matches!(phase, Phase::Ended(Outcome::Failed(why)) if why.contains("minute")), "{phase:?}");
    assert_eq!(asked(&script).last().unwrap().0, "", "and the summary follows");
}

#[test]
fn a_text_that_takes_too_long_is_tried_in_brief_then_with_a_smaller_model_then_without() {
    let mut script = script_with(&[("large", ModelKind::Text), ("small", ModelKind::Text)]);
    let job = with_text(&mut script);
    for _ in 0..4 {
        tell(&mut script, job, progress(Stage::Text, "section", 1, 0));
        pass(&mut script, job, 62, Some(progress(Stage::Text, "section", 1, 0)));
        script.ready(Role::Model);
    }
    let models: Vec<(String, bool)> =
        asked(&script).into_iter().map(|(model, _, brief)| (model, brief)).collect();
    let expected = [("large", false), ("large", true), ("small", false), ("small", true), ("", false)];
    assert_eq!(models, expected.map(|(model, brief)| (model.to_owned(), brief)));
    // Without a model nothing is hurried.
    tell(&mut script, job, progress(Stage::Text, "document", 0, 0));
    pass(&mut script, job, 59, None);
    assert_eq!(script.generation(Role::Model), 5);
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    assert_eq!(script.job(job).state, JobState::Done);
    let notes = notes(&script, job);
    assert!(notes.contains("in smaller pieces") && notes.contains("sentences from the document"), "{notes}");
}

#[test]
fn several_texts_at_once_have_a_minute_each() {
    let mut script = script_with(&[("large", ModelKind::Text)]);
    let job = with_text(&mut script);
    let four = Progress { at_once: 4, ..progress(Stage::Text, "section", 0, 0) };
    tell(&mut script, job, four.clone());
    pass(&mut script, job, 230, None);
    assert_eq!(script.generation(Role::Model), 1, "its silence is no sign of death either");
    pass(&mut script, job, 12, None);
    assert_eq!(script.generation(Role::Model), 2);
}

#[test]
fn a_question_that_takes_too_long_is_asked_in_brief_and_then_the_passages_have_to_do() {
    let mut script = script_with(&[("t5", ModelKind::Text)]);
    let job = with_text(&mut script);
    script.ended(Role::Model, job, Stage::Text, Outcome::Done);
    script.event(Event::Asked { job, question: "Why?".to_owned() });
    let late = |script: &mut Script| {
        tell(script, job, progress(Stage::Text, "answer", 0, 0));
        let commands = pass(script, job, 62, None);
        assert!(ends_model(&commands));
        script.ready(Role::Model)
    };
    let commands = late(&mut script);
    assert!(matches!(requests(&commands)[..], [Request::Ask { model: Some(_), brief: true, .. }]));
    assert_eq!(script.job(job).exchanges[0].reply, Reply::Waiting);
    let commands = late(&mut script);
    assert!(matches!(requests(&commands)[..], [Request::Ask { model: None, .. }]));
    let question = "Why?".to_owned();
    let answer = Response::Answer { job, question, answer: None, passages: Vec::new(), error: None };
    script.response(Role::Model, answer);
    let Reply::Given { error, .. } = &script.job(job).exchanges[0].reply else { panic!() };
    assert!(error.as_ref().unwrap().contains("T5 took longer than a minute"), "{error:?}");
    // Nothing is left to be woken for.
    script.tick_after(250.0);
    assert!(script.tick_after(250.0).is_empty());
}

fn ends_model(commands: &[Command]) -> bool {
    commands.iter().any(|command| matches!(command, Command::EndWorker { role: Role::Model, .. }))
}

#[test]
fn a_question_that_waits_behind_a_late_summary_is_asked_again() {
    let mut script = script_with(&[("t5", ModelKind::Text)]);
    let job = with_text(&mut script);
    script.event(Event::Asked { job, question: "Why?".to_owned() });
    tell(&mut script, job, progress(Stage::Text, "section", 0, 0));
    pass(&mut script, job, 62, None);
    let commands = script.ready(Role::Model);
    assert!(matches!(
        requests(&commands)[..],
        [Request::Summarise { brief: true, .. }, Request::Ask { brief: false, .. }]
    ));
    assert_eq!(script.job(job).exchanges[0].reply, Reply::Waiting);
}

#[test]
fn stop_calls_the_clock_off() {
    let mut script = script_with(&[("t5", ModelKind::Text)]);
    let job = with_text(&mut script);
    tell(&mut script, job, progress(Stage::Text, "section", 0, 0));
    script.event(Event::Stop(job));
    pass(&mut script, job, 90, None);
    assert_eq!(script.job(job).state, JobState::Stopped);
    assert_eq!(asked(&script).len(), 1);
}
