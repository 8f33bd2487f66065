//! The tensors of the models that are in use, by their names in the hub's checkpoints.

use crate::models::gguf::{ElementType, TensorSpec};
use crate::models::{LoadError, blip, t5};

/// A model of a real size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BenchmarkModel {
    /// FLAN-T5 small.
    T5Small,
    /// FLAN-T5 base.
    T5Base,
    /// BLIP base for captioning.
    BlipBase,
    /// BLIP large for captioning.
    BlipLarge,
}

impl BenchmarkModel {
    /// All, smallest first.
    pub const ALL: [Self; 4] = [Self::T5Small, Self::T5Base, Self::BlipBase, Self::BlipLarge];

    /// As it is called in tables and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::T5Small => "t5-small",
            Self::T5Base => "t5-base",
            Self::BlipBase => "blip-base",
            Self::BlipLarge => "blip-large",
        }
    }

    /// The configuration of a T5 (that of the small one for what is none).
    pub(super) fn t5_config(self) -> Result<t5::Config, LoadError> {
        let sizes = match self {
            Self::T5Base => r#""d_model": 768, "d_ff": 2048, "num_layers": 12, "num_heads": 12"#,
            _ => r#""d_model": 512, "d_ff": 1024, "num_layers": 8, "num_heads": 6"#,
        };
        let json = format!(
            r#"{{ {sizes}, "d_kv": 64, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false }}"#
        );
        t5::Config::from_json(json.as_bytes())
    }

    /// The configuration of a BLIP (that of the base one for what is none).
    pub(super) fn blip_config(self) -> Result<blip::Config, LoadError> {
        let vision = match self {
            Self::BlipLarge => {
                r#""hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16"#
            }
            _ => r#""hidden_size": 768"#,
        };
        let json = format!(
            r#"{{ "vision_config": {{ {vision} }}, "text_config": {{ "num_attention_heads": 12 }} }}"#
        );
        blip::Config::from_json(json.as_bytes())
    }

    /// The tensors, matrices as `element`.
    ///
    /// # Errors
    ///
    /// Never: the configurations are right.
    pub fn tensors(self, element: ElementType) -> Result<Vec<TensorSpec>, LoadError> {
        let mut list = List { element, specs: Vec::new() };
        match self {
            Self::T5Small | Self::T5Base => list.t5(&self.t5_config()?),
            Self::BlipBase | Self::BlipLarge => list.blip(&self.blip_config()?),
        }
        Ok(list.specs)
    }

    /// Multiplications and additions for one input (512 tokens or a picture) and for one token after it.
    pub(super) fn operations(self) -> Result<(f64, f64), LoadError> {
        let of = |sizes: &[usize]| sizes.iter().map(|&size| size as f64).product::<f64>() * 2.0;
        Ok(match self {
            Self::T5Small | Self::T5Base => {
                let config = self.t5_config()?;
                let (d, inner, ff, layers) =
                    (config.d_model, config.d_kv * config.num_heads, config.d_ff, config.num_layers);
                let (n, vocabulary) = (512, config.vocab_size);
                let feed_forward = of(&[3, d, ff]);
                let encode = of(&[n, 4, d, inner]) + n as f64 * feed_forward + of(&[2, n, n, inner]);
                let token = of(&[6, d, inner]) + feed_forward + of(&[2, n, inner]);
                (layers as f64 * encode, layers as f64 * token + of(&[d, vocabulary]))
            }
            Self::BlipBase | Self::BlipLarge => {
                let config = self.blip_config()?;
                let (vision, text) = (&config.vision_config, &config.text_config);
                let (h, wide) = (vision.hidden_size, vision.intermediate_size);
                let patches = (vision.image_size / vision.patch_size).pow(2);
                let n = patches + 1;
                let layer = of(&[n, 4, h, h]) + of(&[n, 2, h, wide]) + of(&[2, n, n, h]);
                let pixels = 3 * vision.patch_size * vision.patch_size;
                let encode = vision.num_hidden_layers as f64 * layer + of(&[patches, pixels, h]);
                let (h, wide) = (text.hidden_size, text.intermediate_size);
                let token = of(&[6, h, h]) + of(&[2, h, wide]) + of(&[2, n, h]);
                let head = of(&[h, h]) + of(&[h, text.vocab_size]);
                (encode, text.num_hidden_layers as f64 * token + head)
            }
        })
    }
}

struct List {
    element: ElementType,
    specs: Vec<TensorSpec>,
}

impl List {
    fn add(&mut self, name: String, shape: &[usize]) {
        // The rule of `models::quantize`.
        let inner = shape.last().copied().unwrap_or_default();
        let whole = shape.len() == 2 && inner.is_multiple_of(self.element.block_size());
        let element = if whole { self.element } else { ElementType::F32 };
        self.specs.push(TensorSpec { name, shape: shape.to_vec(), element });
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.add(format!("{name}.weight"), &[outputs, inputs]);
        self.add(format!("{name}.bias"), &[outputs]);
    }

    fn norm(&mut self, name: &str, size: usize) {
        self.add(format!("{name}.weight"), &[size]);
        self.add(format!("{name}.bias"), &[size]);
    }

    fn t5(&mut self, config: &t5::Config) {
        let (d, inner, ff) = (config.d_model, config.d_kv * config.num_heads, config.d_ff);
        self.add("shared.weight".to_owned(), &[config.vocab_size, d]);
        for (stack, layers) in [("encoder", config.num_layers), ("decoder", config.decoder_layers())] {
            let bias = format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
            self.add(bias, &[config.relative_attention_num_buckets, config.num_heads]);
            for block in 0..layers {
                let kinds: &[&str] = if stack == "encoder" {
                    &["SelfAttention"]
                } else {
                    &["SelfAttention", "EncDecAttention"]
                };
                for (index, kind) in kinds.iter().enumerate() {
                    let layer = format!("{stack}.block.{block}.layer.{index}");
                    for part in ["q", "k", "v"] {
                        self.add(format!("{layer}.{kind}.{part}.weight"), &[inner, d]);
                    }
                    self.add(format!("{layer}.{kind}.o.weight"), &[d, inner]);
                    self.add(format!("{layer}.layer_norm.weight"), &[d]);
                }
                let layer = format!("{stack}.block.{block}.layer.{}", kinds.len());
                self.add(format!("{layer}.DenseReluDense.wi_0.weight"), &[ff, d]);
                self.add(format!("{layer}.DenseReluDense.wi_1.weight"), &[ff, d]);
                self.add(format!("{layer}.DenseReluDense.wo.weight"), &[d, ff]);
                self.add(format!("{layer}.layer_norm.weight"), &[d]);
            }
            self.add(format!("{stack}.final_layer_norm.weight"), &[d]);
        }
        self.add("lm_head.weight".to_owned(), &[config.vocab_size, d]);
    }

    fn blip(&mut self, config: &blip::Config) {
        let vision = &config.vision_config;
        let (states, wide, patch) = (vision.hidden_size, vision.intermediate_size, vision.patch_size);
        let patches = (vision.image_size / patch).pow(2);
        let embeddings = "vision_model.embeddings";
        self.add(format!("{embeddings}.class_embedding"), &[1, 1, states]);
        self.add(format!("{embeddings}.position_embedding"), &[1, 1 + patches, states]);
        self.add(format!("{embeddings}.patch_embedding.weight"), &[states, 3, patch, patch]);
        self.add(format!("{embeddings}.patch_embedding.bias"), &[states]);
        for layer in 0..vision.num_hidden_layers {
            let layer = format!("vision_model.encoder.layers.{layer}");
            self.norm(&format!("{layer}.layer_norm1"), states);
            self.norm(&format!("{layer}.layer_norm2"), states);
            self.linear(&format!("{layer}.self_attn.qkv"), states, 3 * states);
            self.linear(&format!("{layer}.self_attn.projection"), states, states);
            self.linear(&format!("{layer}.mlp.fc1"), states, wide);
            self.linear(&format!("{layer}.mlp.fc2"), wide, states);
        }
        self.norm("vision_model.post_layernorm", states);
        let text = &config.text_config;
        let (hidden, wide) = (text.hidden_size, text.intermediate_size);
        let embeddings = "text_decoder.bert.embeddings";
        self.add(format!("{embeddings}.word_embeddings.weight"), &[text.vocab_size, hidden]);
        self.add(format!("{embeddings}.position_embeddings.weight"), &[text.max_position_embeddings, hidden]);
        self.norm(&format!("{embeddings}.LayerNorm"), hidden);
        for layer in 0..text.num_hidden_layers {
            let layer = format!("text_decoder.bert.encoder.layer.{layer}");
            for (kind, inputs) in [("attention", hidden), ("crossattention", states)] {
                self.linear(&format!("{layer}.{kind}.self.query"), hidden, hidden);
                self.linear(&format!("{layer}.{kind}.self.key"), inputs, hidden);
                self.linear(&format!("{layer}.{kind}.self.value"), inputs, hidden);
                self.linear(&format!("{layer}.{kind}.output.dense"), hidden, hidden);
                self.norm(&format!("{layer}.{kind}.output.LayerNorm"), hidden);
            }
            self.linear(&format!("{layer}.intermediate.dense"), hidden, wide);
            self.linear(&format!("{layer}.output.dense"), wide, hidden);
            self.norm(&format!("{layer}.output.LayerNorm"), hidden);
        }
        let head = "text_decoder.cls.predictions";
        self.linear(&format!("{head}.transform.dense"), hidden, hidden);
        self.norm(&format!("{head}.transform.LayerNorm"), hidden);
        self.add(format!("{head}.decoder.weight"), &[text.vocab_size, hidden]);
        self.add(format!("{head}.bias"), &[text.vocab_size]);
    }
}
