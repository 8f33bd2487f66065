//! `config.json` of a BLIP, with the hub's defaults for what it leaves out (the reference checkpoints leave
//! out most).

use crate::models::LoadError;
use serde::Deserialize;

/// No BLIP has a dimension or a number of layers beyond this.
const MAX_SIZE: usize = 1 << 17;
/// Patches along a side that positions are kept for: 1024 pixels in patches of 8.
const MAX_GRID: usize = 128;

/// The sizes of a BLIP.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The text decoder.
    pub text_config: TextConfig,
    /// The vision encoder.
    pub vision_config: VisionConfig,
}

/// The text decoder.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct TextConfig {
    /// Rows of the embedding.
    pub vocab_size: usize,
    /// Features of a hidden state.
    pub hidden_size: usize,
    /// Features inside the feed-forward layer.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Heads.
    pub num_attention_heads: usize,
    /// Tokens of prompt and caption.
    pub max_position_embeddings: usize,
    /// Added to the variance.
    pub layer_norm_eps: f64,
    /// `[DEC]`, which a caption starts from.
    pub bos_token_id: u32,
    /// `[SEP]`, which ends a caption.
    pub sep_token_id: u32,
    /// Must be GELU.
    pub hidden_act: Activation,
}

/// The vision encoder.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct VisionConfig {
    /// Features of a hidden state.
    pub hidden_size: usize,
    /// Features inside the feed-forward layer.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Heads.
    pub num_attention_heads: usize,
    /// Width and height of the picture in pixels.
    pub image_size: usize,
    /// Width and height of a patch in pixels.
    pub patch_size: usize,
    /// Added to the variance.
    pub layer_norm_eps: f64,
    /// Must be GELU.
    pub hidden_act: Activation,
}

/// The feed-forward layers' function: all BLIPs have the exact GELU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Activation {
    /// With the error function.
    #[default]
    #[serde(rename = "gelu")]
    Gelu,
}

impl Default for TextConfig {
    /// Those of `BlipTextConfig` in Hugging Face transformers.
    fn default() -> Self {
        Self {
            vocab_size: 30_524,
            hidden_size: 768,
            intermediate_size: 3_072,
            num_hidden_layers: 12,
            num_attention_heads: 8,
            max_position_embeddings: 512,
            layer_norm_eps: 1e-12,
            bos_token_id: 30_522,
            sep_token_id: 102,
            hidden_act: Activation::Gelu,
        }
    }
}

impl Default for VisionConfig {
    /// Those of `BlipVisionConfig` in Hugging Face transformers.
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3_072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            image_size: 384,
            patch_size: 16,
            layer_norm_eps: 1e-5,
            hidden_act: Activation::Gelu,
        }
    }
}

impl Config {
    /// Reads the hub's `config.json`.
    ///
    /// # Errors
    ///
    /// When it is not JSON, or a size is zero, absurd or does not divide.
    pub fn from_json(json: &[u8]) -> Result<Self, LoadError> {
        let config: Self = serde_json::from_slice(json)?;
        let (text, vision) = (&config.text_config, &config.vision_config);
        let sizes = [
            ("text_config.vocab_size", text.vocab_size),
            ("text_config.hidden_size", text.hidden_size),
            ("text_config.intermediate_size", text.intermediate_size),
            ("text_config.num_hidden_layers", text.num_hidden_layers),
            ("text_config.num_attention_heads", text.num_attention_heads),
            ("text_config.max_position_embeddings", text.max_position_embeddings),
            ("vision_config.hidden_size", vision.hidden_size),
            ("vision_config.intermediate_size", vision.intermediate_size),
            ("vision_config.num_hidden_layers", vision.num_hidden_layers),
            ("vision_config.num_attention_heads", vision.num_attention_heads),
            ("vision_config.image_size", vision.image_size),
            ("vision_config.patch_size", vision.patch_size),
        ];
        for (field, size) in sizes {
            if size == 0 || size > MAX_SIZE {
                return Err(LoadError::ConfigValue { field, reason: "is zero or beyond any BLIP" });
            }
        }
        if !text.hidden_size.is_multiple_of(text.num_attention_heads) {
            return Err(LoadError::ConfigValue { field: "text_config.num_attention_heads", reason: DIVIDES });
        }
        if !vision.hidden_size.is_multiple_of(vision.num_attention_heads) {
            return Err(LoadError::ConfigValue {
                field: "vision_config.num_attention_heads",
                reason: DIVIDES,
            });
        }
        let grid = vision.image_size / vision.patch_size;
        if !vision.image_size.is_multiple_of(vision.patch_size) || grid > MAX_GRID {
            let reason = "does not divide the picture into at most 128 patches a side";
            return Err(LoadError::ConfigValue { field: "vision_config.patch_size", reason });
        }
        Ok(config)
    }
}

const DIVIDES: &str = "does not divide the hidden size";
