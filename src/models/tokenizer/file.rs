//! What a `tokenizer.json` of T5's or BERT's kind says. Field and kind names are the file's own.

use serde::Deserialize;
use std::collections::BTreeMap;
use tokenizers::normalizers::Precompiled;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};

#[derive(Deserialize)]
pub(super) struct TokenizerFile {
    #[serde(default)]
    pub(super) added_tokens: Vec<AddedTokenForm>,
    pub(super) normalizer: Option<NormalizerForm>,
    pub(super) pre_tokenizer: PreTokenizerForm,
    pub(super) post_processor: Option<TemplateForm>,
    pub(super) decoder: DecoderForm,
    pub(super) model: ModelForm,
}

#[derive(Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the file's own fields")]
pub(super) struct AddedTokenForm {
    pub(super) id: u32,
    pub(super) content: String,
    #[serde(default)]
    pub(super) single_word: bool,
    #[serde(default)]
    pub(super) lstrip: bool,
    #[serde(default)]
    pub(super) rstrip: bool,
    #[serde(default)]
    pub(super) normalized: bool,
    #[serde(default)]
    pub(super) special: bool,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum NormalizerForm {
    Sequence {
        normalizers: Vec<Self>,
    },
    Precompiled(CharacterMap),
    Strip {
        strip_left: bool,
        strip_right: bool,
    },
    Replace {
        pattern: PatternForm,
        content: String,
    },
    BertNormalizer {
        clean_text: bool,
        handle_chinese_chars: bool,
        strip_accents: Option<bool>,
        lowercase: bool,
    },
}

/// The crate's map of characters reads the tag of its kind too, which the enumeration has taken by then.
#[derive(Deserialize)]
pub(super) struct CharacterMap {
    precompiled_charsmap: String,
}

impl CharacterMap {
    pub(super) fn into_map(self) -> Result<Precompiled, String> {
        #[derive(serde::Serialize)]
        #[serde(tag = "type", rename = "Precompiled")]
        struct Tagged {
            precompiled_charsmap: String,
        }
        let tagged = Tagged { precompiled_charsmap: self.precompiled_charsmap };
        let json = serde_json::to_string(&tagged).map_err(|error| error.to_string())?;
        serde_json::from_str(&json).map_err(|error| error.to_string())
    }
}

#[derive(Deserialize)]
pub(super) enum PatternForm {
    String(String),
    Regex(String),
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum PreTokenizerForm {
    Metaspace(MetaspaceForm),
    BertPreTokenizer,
    WhitespaceSplit,
    Sequence { pretokenizers: Vec<Self> },
}

#[derive(Deserialize)]
pub(super) struct MetaspaceForm {
    replacement: char,
    /// Older files say this instead of the scheme.
    add_prefix_space: Option<bool>,
    prepend_scheme: Option<PrependScheme>,
    split: Option<bool>,
}

impl MetaspaceForm {
    pub(super) fn into_metaspace(self) -> Result<Metaspace, String> {
        let scheme = match (self.prepend_scheme, self.add_prefix_space) {
            (Some(PrependScheme::First), _) => {
                return Err("it puts a space before the first word only, which is not known here".to_owned());
            }
            (Some(scheme), _) => scheme,
            (None, Some(false)) => PrependScheme::Never,
            (None, _) => PrependScheme::Always,
        };
        Ok(Metaspace::new(self.replacement, scheme, self.split.unwrap_or(true)))
    }
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum DecoderForm {
    Metaspace(MetaspaceForm),
    WordPiece { prefix: String, cleanup: bool },
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum TemplateForm {
    TemplateProcessing { single: Vec<TemplateItem>, special_tokens: BTreeMap<String, TemplateToken> },
}

#[derive(Deserialize)]
pub(super) enum TemplateItem {
    Sequence {},
    SpecialToken { id: String },
}

#[derive(Deserialize)]
pub(super) struct TemplateToken {
    ids: Vec<u32>,
}

impl TemplateForm {
    /// The ids before and after the ids of one text.
    pub(super) fn around(&self) -> (Vec<u32>, Vec<u32>) {
        let Self::TemplateProcessing { single, special_tokens } = self;
        let ids = |items: &[TemplateItem]| -> Vec<u32> {
            let named = items.iter().filter_map(|item| match item {
                TemplateItem::SpecialToken { id } => special_tokens.get(id),
                TemplateItem::Sequence {} => None,
            });
            named.flat_map(|token| token.ids.iter().copied()).collect()
        };
        let text = single.iter().position(|item| matches!(item, TemplateItem::Sequence {}));
        let (before, after) = single.split_at(text.unwrap_or(0));
        (ids(before), ids(after))
    }
}

#[derive(Deserialize)]
#[serde(tag = "type")]
pub(super) enum ModelForm {
    Unigram {
        unk_id: Option<usize>,
        vocab: Vec<(String, f64)>,
        #[serde(default)]
        byte_fallback: bool,
    },
    WordPiece {
        unk_token: String,
        continuing_subword_prefix: String,
        max_input_chars_per_word: usize,
        vocab: BTreeMap<String, u32>,
    },
}
