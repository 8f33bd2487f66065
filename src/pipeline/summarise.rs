//! Stage 3: a document's text in, its synopsis out; and answers to questions about it.

use super::clock::Clock;
use super::event::{Event, Stage, StageReport};
use super::sink::Sink;
use crate::document::Document;
use crate::enhance::Answer;
use crate::models::TextModel;

/// A text model and its id in the registry.
pub struct NamedModel<'a> {
    /// Its id.
    pub id: &'a str,
    /// The model.
    pub model: &'a mut dyn TextModel,
}

/// Summarises `document` section by section and then as a whole, finds keywords, and makes a title if it
/// has none. Tells [`Event::Synopsis`] each time there is more of it, and ends with [`Event::StageEnded`].
/// Without a model the summary is extractive and says so.
pub fn summarise(
    document: &Document,
    model: Option<NamedModel<'_>>,
    clock: &dyn Clock,
    sink: &mut dyn Sink,
) -> StageReport {
    let (_, _, _) = (document, model, clock);
    let report = StageReport::skipped(Stage::Text, "not there yet");
    sink.event(Event::StageEnded(report.clone()), Vec::new());
    report
}

/// Answers `question` from the passages of `document` that fit it best. Without a model there are only the
/// passages. Progress and the text so far are told to `sink`.
pub fn ask(
    document: &Document,
    question: &str,
    model: Option<NamedModel<'_>>,
    sink: &mut dyn Sink,
) -> Answer {
    let (_, _, _, _) = (document, question, model, sink);
    Answer::default()
}
