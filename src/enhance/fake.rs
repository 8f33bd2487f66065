//! A text model for tests: says what it was told to say.

use crate::models::{
    Generation, GenerationEnd, GenerationOptions, SoFar, TextModel, TextModelError, TokenCallback,
};
use std::ops::ControlFlow;

/// Says its texts in turn, then the last one for ever; a token is a word.
pub(crate) struct Fake {
    says: Vec<String>,
    fails: bool,
    pub(crate) window: usize,
    pub(crate) at_once: usize,
    pub(crate) prompts: Vec<String>,
}

impl Fake {
    pub(crate) fn saying(says: &[&str]) -> Self {
        let says = says.iter().map(|text| (*text).to_owned()).collect();
        Self { says, fails: false, window: 512, at_once: 1, prompts: Vec::new() }
    }

    pub(crate) fn failing() -> Self {
        Self { fails: true, ..Self::saying(&[""]) }
    }
}

impl TextModel for Fake {
    fn generate(
        &mut self,
        prompt: &str,
        _options: &GenerationOptions,
        on_token: &mut TokenCallback<'_>,
    ) -> Result<Generation, TextModelError> {
        if self.fails {
            return Err(TextModelError::Tokenizer("broken".to_owned()));
        }
        let text = self.says.get(self.prompts.len().min(self.says.len() - 1)).cloned().unwrap_or_default();
        self.prompts.push(prompt.to_owned());
        let end = match on_token(SoFar { text: &text, tokens: 1 }) {
            ControlFlow::Break(()) => GenerationEnd::Stopped,
            ControlFlow::Continue(()) => GenerationEnd::EndOfText,
        };
        Ok(Generation { text, prompt_tokens: self.count_tokens(prompt) + 1, tokens: 3, end })
    }

    fn count_tokens(&self, text: &str) -> usize {
        super::words::count_words(text)
    }

    fn prompts_at_once(&self) -> usize {
        self.at_once
    }

    fn max_prompt_tokens(&self) -> usize {
        self.window
    }
}
