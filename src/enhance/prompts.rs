//! What is said to a text model.
//!
//! FLAN-T5 was tuned on instructions (Chung et al., "Scaling Instruction-Finetuned Language Models", 2022);
//! the wordings here follow the templates of its tasks (FLAN's `templates.py`). The first T5 knows only the
//! prefixes of its own tasks (Raffel et al., 2020, appendix D).

/// The wordings one family of models understands. `{text}` and `{question}` are filled in.
#[derive(Debug)]
pub(super) struct Prompts {
    /// A text to its summary (FLAN: the news summarisation tasks).
    pub(super) summary: &'static str,
    /// A text to a title; none for a model that never learned to.
    pub(super) title: Option<&'static str>,
    /// Passages and a question to an answer (FLAN: `SQuAD` 2.0, which taught it to say `unanswerable`).
    pub(super) answer: &'static str,
}

const FLAN: Prompts = Prompts {
    summary: "Summarize this article:\n\n{text}",
    title: Some("{text}\n\nWrite a short title for this text."),
    answer: "Read this and answer the question. If the question is unanswerable, say \"unanswerable\".\n\n\
        {text}\n\n{question}",
};

const FIRST_T5: Prompts =
    Prompts { summary: "summarize: {text}", title: None, answer: "question: {question} context: {text}" };

/// What FLAN-T5 says when the passages hold no answer.
pub(super) const UNANSWERABLE: &str = "unanswerable";

/// The wordings for the model called `id` in the registry: the first T5 (`t5-small`) has its own.
pub(super) fn prompts(id: &str) -> &'static Prompts {
    if id.starts_with("t5-") && !id.contains("flan") { &FIRST_T5 } else { &FLAN }
}

/// `template` with its places filled. The question goes in first: a text that holds `{question}` must not be
/// filled in again.
pub(super) fn fill(template: &str, text: &str, question: &str) -> String {
    let mut filled = String::with_capacity(template.len() + text.len() + question.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (head, tail) = rest.split_at(at);
        filled.push_str(head);
        let (value, place) =
            if tail.starts_with("{text}") { (text, "{text}") } else { (question, "{question}") };
        filled.push_str(value);
        rest = tail.strip_prefix(place).unwrap_or_default();
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let filled = fill(FLAN.answer, "a {question} {text}", "Why {text}?");
        assert!(filled.ends_with("\n\na {question} {text}\n\nWhy {text}?"), "{filled}");
        assert_eq!(fill(FIRST_T5.summary, "x", ""), "summarize: x");
    }

    #[test]
    fn families_are_told_apart() {
        assert!(prompts("t5-small").title.is_none());
        assert!(prompts("flan-t5-base").title.is_some());
        assert!(prompts("t5-flan-tiny").title.is_some());
    }
}
