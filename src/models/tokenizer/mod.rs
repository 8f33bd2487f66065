//! The hub's `tokenizer.json` files: text to ids and back.
//!
//! ```text
//! text ── added tokens cut out ──▶ pieces ── normalise ── split ── Unigram or WordPiece ──▶ ids ── template
//! ```
//!
//! The parts are the `tokenizers` crate's own. Only how they are strung together is written here, for the
//! two kinds that are needed: the crate's own [`tokenizers::Tokenizer`] reads every kind there is, and with
//! them comes a regular expression engine larger than all of this crate.

mod added;
mod file;
mod normalise;

use super::{LoadError, TextModelError};
use added::AddedTokens;
use file::{DecoderForm, ModelForm, PreTokenizerForm, TokenizerFile};
use normalise::Normaliser;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::unigram::Unigram;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::metaspace::Metaspace;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::{Decoder, Model, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

/// What is told of a bad file at most.
const MAX_MESSAGE_CHARS: usize = 200;

/// A tokenizer as the hub ships it: T5's unigram model, or BERT's `WordPiece`.
#[derive(Clone, Debug)]
pub struct TextTokenizer {
    added: AddedTokens,
    normaliser: Normaliser,
    splitters: Vec<Splitter>,
    vocabulary: Vocabulary,
    joiner: Joiner,
    /// Ids put before the text's own (`[CLS]`).
    before: Vec<u32>,
    /// Ids put after them (`</s>`, `[SEP]`).
    after: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Splitter {
    Metaspace(Metaspace),
    Bert,
    Whitespace,
}

#[derive(Clone, Debug)]
enum Vocabulary {
    Unigram(Unigram),
    WordPiece(WordPiece),
}

#[derive(Clone, Debug)]
enum Joiner {
    Metaspace(Metaspace),
    WordPiece(tokenizers::decoders::wordpiece::WordPiece),
}

impl TextTokenizer {
    /// Reads a `tokenizer.json`. Padding and cutting stated there are left out: the models do their own.
    ///
    /// # Errors
    ///
    /// When it is not such a file, or one of another kind than T5's and BERT's.
    pub fn from_json(json: &[u8]) -> Result<Self, LoadError> {
        // What is wrong may be quoted with the whole vocabulary.
        let bad = |error: String| LoadError::Tokenizer(error.chars().take(MAX_MESSAGE_CHARS).collect());
        let file: TokenizerFile = serde_json::from_slice(json).map_err(|error| bad(error.to_string()))?;
        let mut splitters = Vec::new();
        add_splitters(file.pre_tokenizer, &mut splitters).map_err(bad)?;
        let joiner = match file.decoder {
            DecoderForm::Metaspace(form) => Joiner::Metaspace(form.into_metaspace().map_err(bad)?),
            DecoderForm::WordPiece { prefix, cleanup } => {
                Joiner::WordPiece(tokenizers::decoders::wordpiece::WordPiece::new(prefix, cleanup))
            }
        };
        let (before, after) = file.post_processor.map(|form| form.around()).unwrap_or_default();
        let vocabulary = match file.model {
            ModelForm::Unigram { unk_id, vocab, byte_fallback } => {
                let model = Unigram::from(vocab, unk_id, byte_fallback);
                Vocabulary::Unigram(model.map_err(|error| bad(error.to_string()))?)
            }
            ModelForm::WordPiece {
                unk_token,
                continuing_subword_prefix,
                max_input_chars_per_word,
                vocab,
            } => {
                let model = WordPiece::builder()
                    .vocab(vocab.into_iter().collect::<Vocab>())
                    .unk_token(unk_token)
                    .continuing_subword_prefix(continuing_subword_prefix)
                    .max_input_chars_per_word(max_input_chars_per_word);
                Vocabulary::WordPiece(model.build().map_err(|error| bad(error.to_string()))?)
            }
        };
        Ok(Self {
            added: AddedTokens::new(file.added_tokens).map_err(bad)?,
            normaliser: Normaliser::new(file.normalizer).map_err(bad)?,
            splitters,
            vocabulary,
            joiner,
            before,
            after,
        })
    }

    /// The ids of `text` with the special tokens of its kind: T5 ends with `</s>`, BERT stands between
    /// `[CLS]` and `[SEP]`.
    ///
    /// # Errors
    ///
    /// When the tokenizer fails.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let mut ids = self.before.clone();
        for (piece, added) in self.added.cut(text) {
            match added {
                Some(id) => ids.push(id),
                None => self.encode_piece(piece, &mut ids)?,
            }
        }
        ids.extend_from_slice(&self.after);
        Ok(ids)
    }

    fn encode_piece(&self, piece: &str, ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        let mut words = PreTokenizedString::from(self.normaliser.normalise(piece).map_err(failed)?);
        for splitter in &self.splitters {
            match splitter {
                Splitter::Metaspace(splitter) => splitter.pre_tokenize(&mut words),
                Splitter::Bert => BertPreTokenizer.pre_tokenize(&mut words),
                Splitter::Whitespace => WhitespaceSplit.pre_tokenize(&mut words),
            }
            .map_err(failed)?;
        }
        for (word, _, _) in words.get_splits(OffsetReferential::Normalized, OffsetType::None) {
            let tokens = match &self.vocabulary {
                Vocabulary::Unigram(model) => model.tokenize(word),
                Vocabulary::WordPiece(model) => model.tokenize(word),
            };
            ids.extend(tokens.map_err(failed)?.into_iter().map(|token| token.id));
        }
        Ok(())
    }

    /// The text of `ids` without special tokens and ids it does not know (BLIP's `[DEC]`), and without the
    /// spaces that tokens put before punctuation.
    ///
    /// # Errors
    ///
    /// When the tokenizer fails.
    pub fn decode(&self, ids: &[u32]) -> Result<String, TokenizerError> {
        let tokens = ids.iter().filter(|id| !self.added.is_special(**id));
        let tokens = tokens.filter_map(|id| {
            self.added.content(*id).or_else(|| match &self.vocabulary {
                Vocabulary::Unigram(model) => model.id_to_token(*id),
                Vocabulary::WordPiece(model) => model.id_to_token(*id),
            })
        });
        let tokens = tokens.collect();
        let text = match &self.joiner {
            Joiner::Metaspace(joiner) => joiner.decode(tokens),
            Joiner::WordPiece(joiner) => joiner.decode(tokens),
        };
        Ok(tidy_spaces(text.map_err(failed)?))
    }
}

fn add_splitters(form: PreTokenizerForm, splitters: &mut Vec<Splitter>) -> Result<(), String> {
    match form {
        PreTokenizerForm::Metaspace(form) => splitters.push(Splitter::Metaspace(form.into_metaspace()?)),
        PreTokenizerForm::BertPreTokenizer => splitters.push(Splitter::Bert),
        PreTokenizerForm::WhitespaceSplit => splitters.push(Splitter::Whitespace),
        PreTokenizerForm::Sequence { pretokenizers } => {
            for form in pretokenizers {
                add_splitters(form, splitters)?;
            }
        }
    }
    Ok(())
}

/// A tokenizer failed; its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenizerError(pub String);

fn failed(error: tokenizers::Error) -> TokenizerError {
    TokenizerError(error.to_string())
}

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
mod tests;
