//! A question in; passages and, with a model, an answer out.

use super::passages::find;
use super::plausible;
use super::prompts::{UNANSWERABLE, fill, prompts};
use crate::document::{Description, Document, Passage};
use crate::models::{GenerationEnd, GenerationOptions, TextModel, TokenCallback};
use serde::{Deserialize, Serialize};

/// Tokens of an answer at most: a sentence or two.
const MAX_ANSWER_TOKENS: usize = 64;
/// Of a question no more than this many characters are read, so that passages keep their room.
const MAX_QUESTION_CHARS: usize = 400;

/// What came of a question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer by the model, the pages named; none without a model.
    pub answer: Option<Description>,
    /// The passages it rests on, best first; empty when the document has none of the question's words.
    pub passages: Vec<Passage>,
    /// What went wrong with the model, if anything: the passages stand all the same.
    pub error: Option<String>,
}

/// Answers `question` from the best passages of `document`. `on_token` is as in [`TextModel::generate`].
#[must_use]
pub fn answer(
    document: &Document,
    question: &str,
    model: Option<(&str, &mut dyn TextModel)>,
    on_token: &mut TokenCallback<'_>,
) -> Answer {
    let question: String = question.trim().chars().take(MAX_QUESTION_CHARS).collect();
    let passages = find(document, &question);
    let Some((id, model)) = model else { return Answer { passages, ..Answer::default() } };
    if passages.is_empty() {
        return Answer::default();
    }

    let template = prompts(id).answer;
    let (context, used) = context(model, template, &question, &passages);
    let options = GenerationOptions {
        max_tokens: MAX_ANSWER_TOKENS,
        no_repeat_ngram: 4,
        ..GenerationOptions::default()
    };
    let result = model.generate(&fill(template, &context, &question), &options, on_token);
    let (answer, error) = match result {
        Err(error) => (None, Some(error.to_string())),
        Ok(generation) if generation.end == GenerationEnd::Stopped => (None, Some("stopped".to_owned())),
        Ok(generation) => {
            let text = generation.text.split_whitespace().collect::<Vec<_>>().join(" ");
            if text.to_lowercase().trim_end_matches('.') == UNANSWERABLE {
                (None, Some("the model finds no answer in these passages".to_owned()))
            } else if let Err(reason) = plausible::check_answer(&text) {
                (None, Some(reason.to_string()))
            } else {
                let text = format!("{text} ({})", pages(&text, used));
                (Some(Description { text, model: Some(id.to_owned()), edited: false }), None)
            }
        }
    };
    Answer { answer, passages, error }
}

/// As many of the best passages as fit into the model's window beside the question; the first in any case.
fn context<'a>(
    model: &dyn TextModel,
    template: &str,
    question: &str,
    passages: &'a [Passage],
) -> (String, &'a [Passage]) {
    let mut context = String::new();
    let mut count = 0;
    for passage in passages {
        let longer =
            if context.is_empty() { passage.text.clone() } else { format!("{context}\n\n{}", passage.text) };
        let prompt = fill(template, &longer, question);
        // The end marker takes one token.
        if count > 0 && model.count_tokens(&prompt) + 1 > model.max_prompt_tokens() {
            break;
        }
        context = longer;
        count += 1;
    }
    (context, passages.get(..count).unwrap_or_default())
}

/// The pages of the passages that hold the answer's words as they are, or else of all that were read.
fn pages(answer: &str, passages: &[Passage]) -> String {
    let needle = answer.trim_end_matches('.').to_lowercase();
    let holding: Vec<&Passage> =
        passages.iter().filter(|passage| passage.text.to_lowercase().contains(&needle)).take(1).collect();
    let resting: Vec<&Passage> = if holding.is_empty() { passages.iter().collect() } else { holding };
    let mut pages: Vec<(u32, u32)> =
        resting.iter().map(|passage| (passage.first_page, passage.last_page)).collect();
    pages.sort_unstable();
    pages.dedup();
    let names =
        pages.iter().map(
            |(first, last)| {
                if first == last { first.to_string() } else { format!("{first}\u{2013}{last}") }
            },
        );
    let several = pages.len() > 1 || pages.iter().any(|(first, last)| first != last);
    let word = if several { "pages" } else { "page" };
    format!("{word} {}", names.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhance::fake::Fake;
    use crate::enhance::sections::tests::document;
    use std::ops::ControlFlow;

    const TEXT: &str =
        "Penguins breed on the ice shelf in winter.\n---\nWhales visit the bay in summer, far from penguins.";

    fn ask(model: Option<&mut Fake>) -> Answer {
        let model = model.map(|model| ("flan-t5-base", model as &mut dyn TextModel));
        answer(&document(TEXT), "When do penguins breed?", model, &mut |_| ControlFlow::Continue(()))
    }

    #[test]
    fn without_a_model_the_passages_stand() {
        let found = ask(None);
        assert_eq!(found.answer, None);
        assert_eq!(found.error, None);
        assert!(found.passages[0].text.contains("winter"));
    }

    #[test]
    fn the_answer_names_the_page_that_holds_it() {
        let mut model = Fake::saying(&["in winter"]);
        let found = ask(Some(&mut model));
        let answer = found.answer.unwrap();
        assert!(answer.text.starts_with("in winter (page"), "{}", answer.text);
        assert_eq!(answer.model.as_deref(), Some("flan-t5-base"));
        assert!(
            model.prompts[0].contains("Penguins breed")
                && model.prompts[0].ends_with("When do penguins breed?")
        );
    }

    #[test]
    fn what_the_model_cannot_say_is_said_so() {
        let found = ask(Some(&mut Fake::saying(&["Unanswerable."])));
        assert!(found.answer.is_none() && found.error.unwrap().contains("no answer"));
        let found = ask(Some(&mut Fake::saying(&[""])));
        assert!(found.answer.is_none() && found.error.is_some() && !found.passages.is_empty());
        let found = ask(Some(&mut Fake::failing()));
        assert!(found.error.unwrap().contains("broken"));
        let mut stop = |_: crate::models::SoFar<'_>| ControlFlow::Break(());
        let mut model = Fake::saying(&["in winter"]);
        let model: (&str, &mut dyn TextModel) = ("flan-t5-base", &mut model);
        let found = answer(&document(TEXT), "penguins", Some(model), &mut stop);
        assert!(found.answer.is_none());
    }

    #[test]
    fn a_small_window_takes_fewer_passages() {
        let filler = "Penguins are mentioned in this long and winding sentence about nothing. ".repeat(60);
        let mut model = Fake::saying(&["nothing"]);
        model.window = 300;
        let model_ref: (&str, &mut dyn TextModel) = ("flan-t5-base", &mut model);
        let found =
            answer(&document(&filler), "penguins?", Some(model_ref), &mut |_| ControlFlow::Continue(()));
        assert!(found.passages.len() > 2);
        assert!(crate::enhance::words::count_words(&model.prompts[0]) <= 300);
    }
}
