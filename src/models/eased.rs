//! A text model that is given less at a time: for a device that is short of memory, or too slow.

use super::{Generation, GenerationOptions, TextModel, TextModelError, TokenCallback};

/// Tokens of a prompt that a brief model reads at most: the attention of a shorter text is cheaper still, and
/// with less than this a chunk says too little.
const BRIEF_PROMPT_TOKENS: usize = 192;
/// A brief model writes so many times fewer tokens.
const BRIEF_SHARE: usize = 2;

/// A model that answers one prompt at a time and, if it is to be brief, reads shorter prompts and writes less.
pub struct Eased<'a> {
    model: &'a mut dyn TextModel,
    brief: bool,
}

impl<'a> Eased<'a> {
    /// `model`, eased.
    #[must_use]
    pub fn new(model: &'a mut dyn TextModel, brief: bool) -> Self {
        Self { model, brief }
    }
}

impl TextModel for Eased<'_> {
    fn generate(
        &mut self,
        prompt: &str,
        options: &GenerationOptions,
        on_token: &mut TokenCallback<'_>,
    ) -> Result<Generation, TextModelError> {
        if !self.brief {
            return self.model.generate(prompt, options, on_token);
        }
        let max_tokens = (options.max_tokens / BRIEF_SHARE).max(1);
        self.model.generate(prompt, &GenerationOptions { max_tokens, ..options.clone() }, on_token)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.model.count_tokens(text)
    }

    fn max_prompt_tokens(&self) -> usize {
        let window = self.model.max_prompt_tokens();
        if self.brief { window.min(BRIEF_PROMPT_TOKENS) } else { window }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{GenerationEnd, SoFar};
    use std::ops::ControlFlow;

    /// Writes as many tokens as it may, several prompts at once.
    struct Eager;

    impl TextModel for Eager {
        fn generate(
            &mut self,
            _prompt: &str,
            options: &GenerationOptions,
            on_token: &mut TokenCallback<'_>,
        ) -> Result<Generation, TextModelError> {
            let _ = on_token(SoFar { text: "", tokens: options.max_tokens });
            let tokens = options.max_tokens;
            Ok(Generation { text: String::new(), prompt_tokens: 1, tokens, end: GenerationEnd::MaxTokens })
        }

        fn prompts_at_once(&self) -> usize {
            4
        }

        fn count_tokens(&self, text: &str) -> usize {
            text.len()
        }

        fn max_prompt_tokens(&self) -> usize {
            512
        }
    }

    #[test]
    fn one_prompt_at_a_time_and_less_of_it_if_brief() {
        let mut go_on = |_: SoFar<'_>| ControlFlow::Continue(());
        let options = GenerationOptions { max_tokens: 96, ..GenerationOptions::default() };
        for (brief, window, tokens) in [(false, 512, 96), (true, BRIEF_PROMPT_TOKENS, 48)] {
            let mut model = Eager;
            let mut eased = Eased::new(&mut model, brief);
            assert_eq!((eased.prompts_at_once(), eased.max_prompt_tokens()), (1, window));
            assert_eq!(eased.generate("", &options, &mut go_on).unwrap().tokens, tokens);
        }
    }
}
