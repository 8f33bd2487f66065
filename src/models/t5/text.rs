//! T5 as a [`TextModel`].

use super::T5;
use crate::models::generation::{self, Interrupted, Written};
use crate::models::tokenizer::TextTokenizer;
use crate::models::{
    Generation, GenerationEnd, GenerationOptions, SoFar, TextModel, TextModelError, TokenCallback,
};

/// A T5 and its tokenizer.
#[derive(Debug)]
pub struct T5TextModel {
    model: T5,
    tokenizer: TextTokenizer,
}

impl T5TextModel {
    /// Puts the two together.
    #[must_use]
    pub fn new(model: T5, tokenizer: TextTokenizer) -> Self {
        Self { model, tokenizer }
    }

    /// The model alone.
    #[must_use]
    pub fn model(&self) -> &T5 {
        &self.model
    }

    /// The tokens of `prompt`, cut to the window, ended by the end marker.
    fn prompt_ids(&self, prompt: &str) -> Result<Vec<u32>, TextModelError> {
        let eos = self.model.config().eos_token_id;
        let mut ids = self.tokenizer.encode(prompt)?;
        if ids.last() == Some(&eos) {
            ids.pop();
        }
        ids.truncate(self.max_prompt_tokens() - 1);
        ids.push(eos);
        Ok(ids)
    }
}

impl TextModel for T5TextModel {
    fn generate(
        &mut self,
        prompt: &str,
        options: &GenerationOptions,
        on_token: &mut TokenCallback<'_>,
    ) -> Result<Generation, TextModelError> {
        let ids = self.prompt_ids(prompt)?;
        let nothing = SoFar { text: "", tokens: 0 };
        let states = match self.model.encode(&ids, &mut || on_token(nothing)) {
            Ok(states) => states,
            Err(Interrupted::Failed(error)) => return Err(error.into()),
            Err(Interrupted::Stopped) => {
                let text = String::new();
                return Ok(Generation {
                    text,
                    prompt_tokens: ids.len(),
                    tokens: 0,
                    end: GenerationEnd::Stopped,
                });
            }
        };
        let config = self.model.config();
        let mut decoder = self.model.decoder(&states)?;
        let start = [config.start_token()];
        let written = generation::write(&mut decoder, &start, config.eos_token_id, options, &mut |ids| {
            // A text that cannot be decoded yet is shown when it can be.
            let text = self.tokenizer.decode(ids).unwrap_or_default();
            on_token(SoFar { text: &text, tokens: ids.len() })
        })?;
        Ok(Generation {
            text: self.tokenizer.decode(&written.ids)?,
            prompt_tokens: ids.len(),
            tokens: written.ids.len(),
            end: written.end,
        })
    }

    fn generate_several(
        &mut self,
        prompts: &[String],
        options: &GenerationOptions,
        on_token: &mut TokenCallback<'_>,
    ) -> Result<Vec<Generation>, TextModelError> {
        if prompts.len() < 2 || options.beams > 1 {
            return prompts.iter().map(|prompt| self.generate(prompt, options, on_token)).collect();
        }
        let mut states = Vec::new();
        let mut lengths = Vec::new();
        for prompt in prompts {
            let ids = self.prompt_ids(prompt)?;
            lengths.push(ids.len());
            match self.model.encode(&ids, &mut || on_token(SoFar { text: "", tokens: 0 })) {
                Ok(read) => states.push(read),
                Err(Interrupted::Failed(error)) => return Err(error.into()),
                Err(Interrupted::Stopped) => break,
            }
        }
        let config = self.model.config();
        let written = if states.len() == prompts.len() {
            let mut decoder = self.model.decoder_of(&states)?;
            drop(states);
            let (start, eos) = (config.start_token(), config.eos_token_id);
            generation::write_several(&mut decoder, prompts.len(), start, eos, options, &mut |written| {
                let first = written.iter().find(|one| one.end == GenerationEnd::Stopped);
                let ids = first.or(written.last()).map(|one| one.ids.as_slice()).unwrap_or_default();
                let text = self.tokenizer.decode(ids).unwrap_or_default();
                on_token(SoFar { text: &text, tokens: written.iter().map(|one| one.ids.len()).sum() })
            })?
        } else {
            vec![Written { ids: Vec::new(), end: GenerationEnd::Stopped }; prompts.len()]
        };
        let lengths = lengths.into_iter().chain(std::iter::repeat(0));
        let generation = |(written, prompt_tokens): (Written, usize)| {
            let (text, tokens) = (self.tokenizer.decode(&written.ids)?, written.ids.len());
            Ok(Generation { text, prompt_tokens, tokens, end: written.end })
        };
        written.into_iter().zip(lengths).map(generation).collect()
    }

    /// A product of four rows takes twice as long as one of one row; more take memory, for the keys and values of
    /// each input.
    fn prompts_at_once(&self) -> usize {
        4
    }

    fn count_tokens(&self, text: &str) -> usize {
        let ids = self.tokenizer.encode(text).unwrap_or_default();
        ids.len() - usize::from(ids.last() == Some(&self.model.config().eos_token_id))
    }

    fn max_prompt_tokens(&self) -> usize {
        self.model.config().n_positions.max(1)
    }
}
