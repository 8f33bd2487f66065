//! BLIP as a [`Captioner`].

use super::{Caption, CaptionError, Captioner, Picture, prepare};
use crate::models::blip::{Blip, Config};
use crate::models::generation::{self, Interrupted};
use crate::models::tokenizer::TextTokenizer;
use crate::models::{GenerationEnd, GenerationOptions, LoadError, SoFar, TokenCallback};
use std::io::{Read, Seek};

/// Longer captions ramble; the hub's default for this model is 20.
const MAX_TOKENS: usize = 30;

/// A BLIP with its tokenizer.
#[derive(Debug)]
pub struct BlipCaptioner {
    model: Blip,
    tokenizer: TextTokenizer,
    prompt: Vec<u32>,
    /// How captions are written: greedily, at most 30 tokens, no three words twice.
    pub options: GenerationOptions,
}

/// Loads a BLIP from GGUF weights, the hub's `config.json` and its `tokenizer.json`.
///
/// # Errors
///
/// When one of the three cannot be read or they do not belong together.
pub fn load_blip(
    weights: impl Read + Seek,
    config_json: &[u8],
    tokenizer_json: &[u8],
) -> Result<BlipCaptioner, LoadError> {
    let config = Config::from_json(config_json)?;
    let tokenizer = TextTokenizer::from_json(tokenizer_json)?;
    let model = Blip::load(weights, &config)?;
    let prompt = vec![config.text_config.bos_token_id];
    let options = GenerationOptions { max_tokens: MAX_TOKENS, no_repeat_ngram: 3, ..Default::default() };
    Ok(BlipCaptioner { model, tokenizer, prompt, options })
}

impl BlipCaptioner {
    /// The model alone.
    #[must_use]
    pub fn model(&self) -> &Blip {
        &self.model
    }

    /// Makes captions begin with `text` (`a diagram of`), which they then contain; empty for none.
    ///
    /// # Errors
    ///
    /// When the tokenizer fails.
    pub fn set_prompt(&mut self, text: &str) -> Result<(), CaptionError> {
        let text_config = &self.model.config().text_config;
        self.prompt = vec![text_config.bos_token_id];
        if !text.trim().is_empty() {
            // The tokenizer's own start and end markers give way to BLIP's start.
            let ids = self.tokenizer.encode(text)?;
            let inner = ids.get(1..ids.len().saturating_sub(1)).unwrap_or_default();
            self.prompt.extend_from_slice(inner);
            self.prompt.truncate(text_config.max_position_embeddings / 2 + 1);
        }
        Ok(())
    }
}

impl Captioner for BlipCaptioner {
    fn caption(&mut self, image: &[u8], on_token: &mut TokenCallback<'_>) -> Result<Caption, CaptionError> {
        let config = self.model.config();
        let text = &config.text_config;
        let pixels = prepare(&Picture::decode(image)?, config.vision_config.image_size as u32)?;
        let states = match self.model.encode(&pixels, &mut || on_token(SoFar { text: "", tokens: 0 })) {
            Ok(states) => states,
            Err(Interrupted::Failed(error)) => return Err(error.into()),
            Err(Interrupted::Stopped) => {
                return Ok(Caption { text: String::new(), tokens: 0, end: GenerationEnd::Stopped });
            }
        };
        let room = text.max_position_embeddings.saturating_sub(self.prompt.len()).max(1);
        let options =
            GenerationOptions { max_tokens: self.options.max_tokens.min(room), ..self.options.clone() };
        let mut decoder = self.model.decoder(&states)?;
        // What the prompt said belongs to the sentence.
        let whole = |ids: &[u32]| self.tokenizer.decode(&[self.prompt.as_slice(), ids].concat());
        let written =
            generation::write(&mut decoder, &self.prompt, text.sep_token_id, &options, &mut |ids| {
                let text = whole(ids).unwrap_or_default();
                on_token(SoFar { text: &text, tokens: ids.len() })
            })?;
        Ok(Caption { text: whole(&written.ids)?, tokens: written.ids.len(), end: written.end })
    }
}
