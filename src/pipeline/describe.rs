//! Stage 2: figures' image files in, their descriptions out.

use super::clock::Clock;
use super::event::{Counts, Event, Outcome, Progress, Stage, StageReport};
use super::sink::Sink;
use crate::caption::Captioner;
use crate::document::{Description, FigureImage};
use crate::models::GenerationEnd;
use std::ops::ControlFlow;

/// Describes `figures` one by one, telling [`Event::Described`] for each, and ends with
/// [`Event::StageEnded`]. `model` is the captioner's id in the registry. A figure that fails is left
/// without a description and told as an [`Event::Warning`]; the others go on.
pub fn describe(
    figures: &[FigureImage],
    captioner: &mut dyn Captioner,
    model: &str,
    clock: &dyn Clock,
    sink: &mut dyn Sink,
) -> StageReport {
    let began = clock.now_ms();
    let total = u32::try_from(figures.len()).unwrap_or(u32::MAX);
    let mut counts = Counts::default();
    let mut failures: Vec<String> = Vec::new();
    let mut stopped = false;

    for (done, figure) in (0_u32..).zip(figures) {
        let mut progress = Progress::new(Stage::Vision, "image", done, total);
        sink.event(Event::Progress(progress.clone()), Vec::new());
        let result = captioner.caption(&figure.bytes, &mut |so_far| {
            if sink.stopped() {
                return ControlFlow::Break(());
            }
            let tokens = u32::try_from(so_far.tokens).unwrap_or(u32::MAX);
            if tokens > progress.tokens {
                progress.tokens = tokens;
                sink.event(Event::Progress(progress.clone()), Vec::new());
                let text = so_far.text.to_owned();
                sink.event(Event::Partial { stage: Stage::Vision, text }, Vec::new());
            }
            ControlFlow::Continue(())
        });
        match result {
            // Half a description would look like a whole one.
            Ok(caption) if caption.end == GenerationEnd::Stopped => stopped = true,
            Ok(caption) => {
                counts.tokens =
                    counts.tokens.saturating_add(u32::try_from(caption.tokens).unwrap_or(u32::MAX));
                match as_sentence(&caption.text) {
                    Some(text) => {
                        counts.images += 1;
                        let description = Description { text, model: Some(model.to_owned()), edited: false };
                        let described = Event::Described { figure: figure.id.clone(), description };
                        sink.event(described, Vec::new());
                    }
                    None => failures.push(format!("{}: the model said nothing", figure.id.0)),
                }
            }
            Err(error) => failures.push(format!("{}: {error}", figure.id.0)),
        }
        if stopped || sink.stopped() {
            stopped = stopped || done + 1 < total;
            break;
        }
    }

    let outcome = match failures.first() {
        _ if stopped => Outcome::Stopped,
        _ if figures.is_empty() => Outcome::Skipped("no figure needs a description".to_owned()),
        None => Outcome::Done,
        Some(first) if counts.images == 0 => Outcome::Failed(first.clone()),
        Some(first) if failures.len() == 1 => Outcome::Partial(first.clone()),
        Some(first) => Outcome::Partial(format!("{} of {total} figures failed; {first}", failures.len())),
    };
    for message in failures {
        let message = format!("a figure has no description: {message}");
        sink.event(Event::Warning(crate::document::Warning { page: None, message }), Vec::new());
    }
    let models = if figures.is_empty() { Vec::new() } else { vec![model.to_owned()] };
    let report = StageReport {
        stage: Stage::Vision,
        outcome,
        millis: clock.now_ms() - began,
        counts,
        models,
        load_millis: None,
    };
    sink.event(Event::StageEnded(report.clone()), Vec::new());
    report
}

/// A caption as the models write it (`a cat on a mat`) as a sentence; none if nothing is left of it.
fn as_sentence(caption: &str) -> Option<String> {
    let mut text: String = caption.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = text.chars().next()?;
    if !text.chars().any(char::is_alphanumeric) {
        return None;
    }
    let upper: String = first.to_uppercase().collect();
    text.replace_range(..first.len_utf8(), &upper);
    if !text.ends_with(['.', '!', '?', '…']) {
        text.push('.');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caption::{Caption, CaptionError};
    use crate::document::FigureId;
    use crate::models::{SoFar, TokenCallback};
    use crate::pipeline::{Recording, TickingClock};

    /// Says the image's bytes as text; fails on `broken`.
    struct Reading;

    impl Captioner for Reading {
        fn caption(
            &mut self,
            image: &[u8],
            on_token: &mut TokenCallback<'_>,
        ) -> Result<Caption, CaptionError> {
            if image == b"broken" {
                return Err(CaptionError::Tokenizer("no such token".to_owned()));
            }
            let text = String::from_utf8_lossy(image).into_owned();
            let end = match on_token(SoFar { text: &text, tokens: 1 }) {
                ControlFlow::Break(()) => GenerationEnd::Stopped,
                ControlFlow::Continue(()) => GenerationEnd::EndOfText,
            };
            Ok(Caption { text, tokens: 2, end })
        }
    }

    fn run(images: &[&str], stop_after: Option<usize>) -> (StageReport, Vec<(String, String)>, Recording) {
        let figures: Vec<FigureImage> = (1..)
            .zip(images)
            .map(|(index, text)| FigureImage { id: FigureId::new(1, index), bytes: text.as_bytes().to_vec() })
            .collect();
        let mut sink = Recording { stop_after, ..Recording::default() };
        let report = describe(&figures, &mut Reading, "blip", &TickingClock::default(), &mut sink);
        let described = sink.events.iter().filter_map(|(event, _)| match event {
            Event::Described { figure, description } => Some((figure.0.clone(), description.text.clone())),
            _ => None,
        });
        let described = described.collect();
        (report, described, sink)
    }

    #[test]
    fn captions_become_sentences() {
        let (report, described, sink) = run(&["a cat  on a mat", "Übung!"], None);
        assert_eq!(report.outcome, Outcome::Done);
        assert_eq!((report.counts.images, report.counts.tokens), (2, 4));
        let expected = [("p1-f1", "A cat on a mat."), ("p1-f2", "Übung!")];
        assert_eq!(described, expected.map(|(id, text)| (id.to_owned(), text.to_owned())));
        assert!(matches!(sink.events.last(), Some((Event::StageEnded(_), _))));
    }

    #[test]
    fn one_failure_leaves_the_others() {
        let (report, described, sink) = run(&["broken", "a cat", " . "], None);
        assert_eq!(described.len(), 1);
        let Outcome::Partial(reason) = &report.outcome else { panic!("{:?}", report.outcome) };
        assert!(reason.contains("2 of 3") && reason.contains("no such token"), "{reason}");
        let warnings = sink.events.iter().filter(|(event, _)| matches!(event, Event::Warning(_)));
        assert_eq!(warnings.count(), 2);
        let (report, _, _) = run(&["broken"], None);
        assert!(matches!(report.outcome, Outcome::Failed(_)));
    }

    #[test]
    fn stop_leaves_out_the_half_finished_one() {
        // Progress 1, then partial text's progress and text, then `Described`: stop while the second is read.
        let (report, described, _) = run(&["a cat", "a dog", "a cow"], Some(5));
        assert_eq!(report.outcome, Outcome::Stopped);
        assert_eq!(described.len(), 1);
    }

    #[test]
    fn nothing_to_describe_is_said() {
        let (report, _, _) = run(&[], None);
        assert!(matches!(report.outcome, Outcome::Skipped(_)));
        assert!(report.models.is_empty());
    }
}
