//! `config.json` of a T5, with the hub's defaults for what it leaves out.

use crate::models::LoadError;
use serde::Deserialize;

/// No T5 has a dimension or a number of layers beyond this (T5-11B's feed-forward layer has 65536).
const MAX_SIZE: usize = 1 << 20;

/// The sizes of a T5.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Features of a hidden state.
    pub d_model: usize,
    /// Features of a head.
    pub d_kv: usize,
    /// Features inside the feed-forward layer.
    pub d_ff: usize,
    /// Layers of the encoder.
    pub num_layers: usize,
    /// Layers of the decoder; none: as many as the encoder.
    pub num_decoder_layers: Option<usize>,
    /// Heads.
    pub num_heads: usize,
    /// Rows of the relative position bias.
    pub relative_attention_num_buckets: usize,
    /// Distance from which all positions share a row.
    pub relative_attention_max_distance: usize,
    /// Added to the variance.
    pub layer_norm_epsilon: f64,
    /// The feed-forward layer.
    pub feed_forward_proj: FeedForward,
    /// The output shares the embedding (version 1.0).
    pub tie_word_embeddings: bool,
    /// Ends a text.
    pub eos_token_id: u32,
    /// Fills up; also what the decoder starts from where nothing else is said.
    pub pad_token_id: u32,
    /// What the decoder starts from.
    pub decoder_start_token_id: Option<u32>,
    /// Tokens that version 1.0 was trained on; a window for the others too.
    pub n_positions: usize,
}

/// The feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum FeedForward {
    /// `ReLU` (version 1.0).
    #[serde(rename = "relu")]
    Relu,
    /// GELU, approximated by tanh, gated (version 1.1).
    #[serde(rename = "gated-gelu")]
    GatedGelu,
    /// `SiLU`, gated.
    #[serde(rename = "gated-silu")]
    GatedSilu,
}

impl Default for Config {
    /// Those of `T5Config` in Hugging Face transformers.
    fn default() -> Self {
        Self {
            vocab_size: 32_128,
            d_model: 512,
            d_kv: 64,
            d_ff: 2_048,
            num_layers: 6,
            num_decoder_layers: None,
            num_heads: 8,
            relative_attention_num_buckets: 32,
            relative_attention_max_distance: 128,
            layer_norm_epsilon: 1e-6,
            feed_forward_proj: FeedForward::Relu,
            tie_word_embeddings: true,
            eos_token_id: 1,
            pad_token_id: 0,
            decoder_start_token_id: None,
            n_positions: 512,
        }
    }
}

impl Config {
    /// Reads the hub's `config.json`.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or a size is zero or absurd.
    pub fn from_json(json: &[u8]) -> Result<Self, LoadError> {
        let config: Self = serde_json::from_slice(json)?;
        let sizes = [
            ("vocab_size", config.vocab_size),
            ("d_model", config.d_model),
            ("d_kv", config.d_kv),
            ("d_ff", config.d_ff),
            ("num_layers", config.num_layers),
            ("num_decoder_layers", config.decoder_layers()),
            ("num_heads", config.num_heads),
            ("relative_attention_max_distance", config.relative_attention_max_distance),
            ("n_positions", config.n_positions),
        ];
        for (field, size) in sizes {
            if size == 0 || size > MAX_SIZE {
                return Err(LoadError::ConfigValue { field, reason: "is zero or beyond any T5" });
            }
        }
        if !(4..=MAX_SIZE).contains(&config.relative_attention_num_buckets)
            || config.relative_attention_num_buckets / 2 >= config.relative_attention_max_distance
        {
            let field = "relative_attention_num_buckets";
            return Err(LoadError::ConfigValue { field, reason: "does not go with the maximal distance" });
        }
        if config.d_kv.saturating_mul(config.num_heads) > MAX_SIZE {
            return Err(LoadError::ConfigValue { field: "num_heads", reason: "times d_kv is beyond any T5" });
        }
        Ok(config)
    }

    /// Layers of the decoder.
    #[must_use]
    pub fn decoder_layers(&self) -> usize {
        self.num_decoder_layers.unwrap_or(self.num_layers)
    }

    /// Features of all heads.
    pub(super) fn inner(&self) -> usize {
        self.d_kv * self.num_heads
    }

    /// What the decoder starts from.
    #[must_use]
    pub fn start_token(&self) -> u32 {
        self.decoder_start_token_id.unwrap_or(self.pad_token_id)
    }
}
