//! Stage 3: a document's text in, its synopsis out; and answers to questions about it.

use super::clock::Clock;
use super::event::{Counts, Event, Outcome, Progress, Stage, StageReport};
use super::sink::Sink;
use crate::document::Document;
use crate::enhance::{Answer, Made, Told, answer, make_synopsis};
use crate::models::TextModel;
use std::ops::ControlFlow;

/// A text model and its id in the registry.
pub struct NamedModel<'a> {
    /// Its id.
    pub id: &'a str,
    /// The model.
    pub model: &'a mut dyn TextModel,
}

/// Summarises `document` section by section and then as a whole, finds keywords, and makes a title if it
/// has none. Tells [`Event::Synopsis`] each time there is more of it (first what needs no model), and ends
/// with [`Event::StageEnded`]. Without a model the summary is extractive and says so.
pub fn summarise(
    document: &Document,
    model: Option<NamedModel<'_>>,
    clock: &dyn Clock,
    sink: &mut dyn Sink,
) -> StageReport {
    let began = clock.now_ms();
    let id = model.as_ref().map(|model| model.id.to_owned());
    let mut progress = Progress::new(Stage::Text, "document", 0, 1);
    sink.event(Event::Progress(progress.clone()), Vec::new());
    let made = make_synopsis(document, model.map(|named| (named.id, named.model)), &mut |told| {
        match told {
            Told::Working { activity, done, total, at_once } => {
                progress = Progress { at_once, ..Progress::new(Stage::Text, activity, done, total) };
                sink.event(Event::Progress(progress.clone()), Vec::new());
            }
            Told::Writing { text, tokens } => tell_writing(text, tokens, &mut progress, sink),
            Told::Made(synopsis) => sink.event(Event::Synopsis(synopsis.clone()), Vec::new()),
        }
        if sink.stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let report = StageReport {
        stage: Stage::Text,
        outcome: outcome(&made),
        millis: clock.now_ms() - began,
        counts: Counts {
            characters: made.characters,
            tokens: u32::try_from(made.tokens).unwrap_or(u32::MAX),
            ..Counts::default()
        },
        models: id.filter(|_| made.asked > 0).into_iter().collect(),
        load_millis: None,
    };
    sink.event(Event::StageEnded(report.clone()), Vec::new());
    report
}

fn outcome(made: &Made) -> Outcome {
    if made.stopped {
        return Outcome::Stopped;
    }
    if made.synopsis.is_none() {
        return Outcome::Skipped("the document has no running text".to_owned());
    }
    match &made.reason {
        None => Outcome::Done,
        Some(reason) => Outcome::Partial(format!(
            "{} of {} texts are not the model's but picked from the document: {reason}",
            made.fallbacks, made.asked
        )),
    }
}

/// Answers `question` from the passages of `document` that fit it best. Without a model there are only the
/// passages. Progress and the text so far are told to `sink`.
pub fn ask(
    document: &Document,
    question: &str,
    model: Option<NamedModel<'_>>,
    sink: &mut dyn Sink,
) -> Answer {
    let mut progress = Progress::new(Stage::Text, "answer", 0, 1);
    sink.event(Event::Progress(progress.clone()), Vec::new());
    answer(document, question, model.map(|named| (named.id, named.model)), &mut |so_far| {
        tell_writing(so_far.text, so_far.tokens, &mut progress, sink);
        if sink.stopped() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// Tells the text so far once per token; the models also ask while they read, when there is none.
fn tell_writing(text: &str, tokens: usize, progress: &mut Progress, sink: &mut dyn Sink) {
    let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
    if tokens > progress.tokens {
        progress.tokens = tokens;
        sink.event(Event::Progress(progress.clone()), Vec::new());
        sink.event(Event::Partial { stage: Stage::Text, text: text.to_owned() }, Vec::new());
    } else {
        // The next text of the same unit begins anew.
        progress.tokens = tokens;
    }
}
