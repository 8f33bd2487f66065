//! The hub's `tokenizer.json` files: text to ids and back.

use super::{LoadError, TextModelError};
use tokenizers::Tokenizer;

/// A tokenizer as the hub ships it: T5's unigram model, or BERT's `WordPiece`.
#[derive(Clone, Debug)]
pub struct TextTokenizer(Tokenizer);

impl TextTokenizer {
    /// Reads a `tokenizer.json`. Padding and cutting stated there are left out: the models do their own.
    ///
    /// # Errors
    ///
    /// When it is not such a file.
    pub fn from_json(json: &[u8]) -> Result<Self, LoadError> {
        let mut tokenizer =
            Tokenizer::from_bytes(json).map_err(|error| LoadError::Tokenizer(error.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(|error| LoadError::Tokenizer(error.to_string()))?;
        Ok(Self(tokenizer))
    }

    /// The ids of `text` with the special tokens of its kind: T5 ends with `</s>`, BERT stands between
    /// `[CLS]` and `[SEP]`.
    ///
    /// # Errors
    ///
    /// When the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self.0.encode_fast(text, true).map_err(|error| TokenizerError(error.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of `ids` without special tokens and ids it does not know (BLIP's `[DEC]`), and without the
    /// spaces that tokens put before punctuation.
    ///
    /// # Errors
    ///
    /// When the tokenizer fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        let text = self.0.decode(ids, true).map_err(|error| TokenizerError(error.to_string()))?;
        Ok(tidy_spaces(text))
    }
}

/// A tokenizer failed; its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenizerError(pub String);

impl From<TokenizerError> for TextModelError {
    fn from(error: TokenizerError) -> Self {
        Self::Tokenizer(error.0)
    }
}

/// `clean_up_tokenization` of Hugging Face transformers, which decodes so unless told otherwise.
fn tidy_spaces(text: String) -> String {
    const RULES: [(&str, &str); 10] = [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];
    RULES.iter().fold(text, |text, (from, to)| match text.contains(from) {
        true => text.replace(from, to),
        false => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_before_punctuation_go() {
        assert_eq!(tidy_spaces("it 's a cat , is n't it ?".to_owned()), "it's a cat, isn't it?");
    }

    #[test]
    fn nonsense_is_no_tokenizer() {
        assert!(matches!(TextTokenizer::from_json(b"{}"), Err(LoadError::Tokenizer(_))));
        assert!(matches!(TextTokenizer::from_json(b"\xff"), Err(LoadError::Tokenizer(_))));
    }
}
