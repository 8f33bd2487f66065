//! The text decoder: a BERT that looks at the picture's states.

use super::config::Config;
use crate::models::generation::{self, Decoder};
use crate::models::layers::{CrossCache, DecoderShape, LayerNorm, Linear, Matrix, SelfCache, causal_mask};
use crate::models::weights::{LoadError, Weights};
use candle_core::{Device, Result, Tensor};
use std::io::{Read, Seek};

#[derive(Clone, Debug)]
pub(super) struct TextDecoder {
    words: Matrix,
    positions: Matrix,
    norm: LayerNorm,
    layers: Vec<TextLayer>,
    transform: Linear,
    transform_norm: LayerNorm,
    output: Linear,
}

impl TextDecoder {
    pub(super) fn load(
        weights: &mut Weights<impl Read + Seek>,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let text = &config.text_config;
        let (hidden, vocabulary, eps) = (text.hidden_size, text.vocab_size, text.layer_norm_eps);
        let bert = "text_decoder.bert";
        let words_name = format!("{bert}.embeddings.word_embeddings.weight");
        let words = weights.matrix(&words_name, vocabulary, hidden)?;
        let positions = weights.matrix(
            &format!("{bert}.embeddings.position_embeddings.weight"),
            text.max_position_embeddings,
            hidden,
        )?;
        let norm = weights.layer_norm(&format!("{bert}.embeddings.LayerNorm"), hidden, eps)?;
        let mut layers = Vec::new();
        for index in 0..text.num_hidden_layers {
            layers.push(TextLayer::load(weights, &format!("{bert}.encoder.layer.{index}"), config)?);
        }
        let head = "text_decoder.cls.predictions";
        let transform = weights.linear(&format!("{head}.transform.dense"), hidden, hidden)?;
        let transform_norm = weights.layer_norm(&format!("{head}.transform.LayerNorm"), hidden, eps)?;
        // A checkpoint may leave out what it shares: the matrix with the embedding, the bias with its other
        // name.
        let matrix_name = format!("{head}.decoder.weight");
        let matrix = match weights.contains(&matrix_name) {
            true => weights.matrix(&matrix_name, vocabulary, hidden)?,
            false => words.clone(),
        };
        let bias_names = [format!("{head}.bias"), format!("{head}.decoder.bias")];
        let bias_name = bias_names.iter().find(|name| weights.contains(name)).unwrap_or(&bias_names[0]);
        let bias = weights.tensor(bias_name, &[vocabulary])?;
        let output = Linear::new(matrix, bias);
        Ok(Self { words, positions, norm, layers, transform, transform_norm, output })
    }

    /// Turns the picture's `states` into keys and values, once per picture.
    pub(super) fn start(&self, states: &Tensor) -> Result<BlipDecoder<'_>> {
        let caches =
            self.layers.iter().map(|layer| Ok((SelfCache::default(), layer.cross.read_input(states)?)));
        Ok(BlipDecoder { model: self, caches: caches.collect::<Result<_>>()?, past: 0 })
    }
}

/// A BLIP in the middle of writing.
#[derive(Debug)]
pub struct BlipDecoder<'a> {
    model: &'a TextDecoder,
    caches: Vec<(SelfCache, CrossCache)>,
    past: usize,
}

impl BlipDecoder<'_> {
    fn hidden(&mut self, tokens: &[u32], hypotheses: usize) -> Result<Tensor> {
        let new = tokens.len() / hypotheses.max(1);
        let first = self.past as u32;
        let places: Vec<u32> = (0..hypotheses).flat_map(|_| (first..).take(new)).collect();
        let embedded = (self.model.words.rows(tokens)? + self.model.positions.rows(&places)?)?;
        let mut xs = self.model.norm.forward(&embedded)?;
        let mask = causal_mask(self.past, new)?;
        for (layer, (own, cross)) in self.model.layers.iter().zip(&mut self.caches) {
            xs = layer.forward(&xs, hypotheses, own, cross, mask.as_ref())?;
        }
        self.past += new;
        Ok(xs)
    }

    fn project(&self, hidden: &Tensor) -> Result<Tensor> {
        let transformed = self.model.transform.forward(hidden)?.gelu_erf()?;
        self.model.output.forward(&self.model.transform_norm.forward(&transformed)?)
    }
}

impl Decoder for BlipDecoder<'_> {
    fn advance(&mut self, tokens: &[u32], hypotheses: usize) -> Result<Tensor> {
        let hidden = self.hidden(tokens, hypotheses)?;
        self.project(&generation::last_rows(&hidden, hypotheses)?)
    }

    fn advance_all(&mut self, tokens: &[u32]) -> Result<Tensor> {
        let hidden = self.hidden(tokens, 1)?;
        self.project(&hidden)
    }

    fn reorder(&mut self, parents: &[u32]) -> Result<()> {
        let parents = Tensor::new(parents, &Device::Cpu)?;
        self.caches.iter_mut().try_for_each(|(own, _)| own.reorder(&parents))
    }
}

/// One layer: each output is added to its input and the sum normalised.
#[derive(Clone, Debug)]
struct TextLayer {
    own: TextAttention,
    cross: TextAttention,
    wide: Linear,
    narrow: Linear,
    norm: LayerNorm,
}

impl TextLayer {
    fn load(
        weights: &mut Weights<impl Read + Seek>,
        name: &str,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let text = &config.text_config;
        let (hidden, wide) = (text.hidden_size, text.intermediate_size);
        // As `BlipConfig` does: the picture's states have the vision encoder's size, whatever the text
        // configuration says.
        let states = config.vision_config.hidden_size;
        Ok(Self {
            own: TextAttention::load(weights, &format!("{name}.attention"), hidden, config)?,
            cross: TextAttention::load(weights, &format!("{name}.crossattention"), states, config)?,
            wide: weights.linear(&format!("{name}.intermediate.dense"), hidden, wide)?,
            narrow: weights.linear(&format!("{name}.output.dense"), wide, hidden)?,
            norm: weights.layer_norm(&format!("{name}.output.LayerNorm"), hidden, text.layer_norm_eps)?,
        })
    }

    fn forward(
        &self,
        xs: &Tensor,
        hypotheses: usize,
        own: &mut SelfCache,
        cross: &CrossCache,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let xs = self.own.forward_own(xs, hypotheses, own, mask)?;
        let xs = self.cross.forward_cross(&xs, cross)?;
        let wide = self.wide.forward(&xs)?.gelu_erf()?;
        self.norm.forward(&(self.narrow.forward(&wide)? + xs)?)
    }
}

#[derive(Clone, Debug)]
struct TextAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    norm: LayerNorm,
    heads: usize,
    scale: f64,
}

impl TextAttention {
    /// `inputs`: features of what keys and values are made of.
    fn load(
        weights: &mut Weights<impl Read + Seek>,
        name: &str,
        inputs: usize,
        config: &Config,
    ) -> std::result::Result<Self, LoadError> {
        let text = &config.text_config;
        let (hidden, heads) = (text.hidden_size, text.num_attention_heads);
        Ok(Self {
            query: weights.linear(&format!("{name}.self.query"), hidden, hidden)?,
            key: weights.linear(&format!("{name}.self.key"), inputs, hidden)?,
            value: weights.linear(&format!("{name}.self.value"), inputs, hidden)?,
            output: weights.linear(&format!("{name}.output.dense"), hidden, hidden)?,
            norm: weights.layer_norm(&format!("{name}.output.LayerNorm"), hidden, text.layer_norm_eps)?,
            heads,
            scale: ((hidden / heads) as f64).powf(-0.5),
        })
    }

    fn read_input(&self, states: &Tensor) -> Result<CrossCache> {
        CrossCache::new(&self.key.forward(states)?, &self.value.forward(states)?, self.heads)
    }

    fn forward_own(
        &self,
        xs: &Tensor,
        hypotheses: usize,
        cache: &mut SelfCache,
        mask: Option<&Tensor>,
    ) -> Result<Tensor> {
        let (query, key, value) = (self.query.forward(xs)?, self.key.forward(xs)?, self.value.forward(xs)?);
        let shape = DecoderShape { hypotheses, new: xs.dim(0)? / hypotheses.max(1), heads: self.heads };
        let context = cache.attend([&query, &key, &value], shape, Some(self.scale), mask)?;
        self.norm.forward(&(self.output.forward(&context)? + xs)?)
    }

    fn forward_cross(&self, xs: &Tensor, cache: &CrossCache) -> Result<Tensor> {
        let context = cache.attend(&self.query.forward(xs)?, Some(self.scale))?;
        self.norm.forward(&(self.output.forward(&context)? + xs)?)
    }
}
