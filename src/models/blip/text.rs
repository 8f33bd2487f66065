//! The text decoder: a BERT that looks at the picture's states.

use super::config::Config;
use crate::kernels::{Activation, WeightMatrix, add, wide_awake};
use crate::models::generation::Decoder;
use crate::models::layers::{
    CrossCache, Heads, LayerNorm, Linear, SelfCache, Workspace, add_embeddings, from_tensor, last_rows,
    to_tensor,
};
use crate::models::weights::{LoadError, Weights};
use candle_core::{Result, Tensor};
use std::io::{Read, Seek};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct TextDecoder {
    words: Arc<WeightMatrix>,
    positions: Arc<WeightMatrix>,
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
            false => Arc::clone(&words),
        };
        let bias_names = [format!("{head}.bias"), format!("{head}.decoder.bias")];
        let bias_name = bias_names.iter().find(|name| weights.contains(name)).unwrap_or(&bias_names[0]);
        let bias = weights.floats(bias_name, &[vocabulary])?;
        let output = Linear::new(matrix, Some(bias));
        Ok(Self { words, positions, norm, layers, transform, transform_norm, output })
    }

    /// Turns the picture's `states` into keys and values, once per picture.
    pub(super) fn start(&self, states: &Tensor) -> Result<BlipDecoder<'_>> {
        let mut work = Workspace::default();
        let width = self.layers.first().map_or(0, |layer| layer.cross.key.weight().inputs());
        work.input.copy(&from_tensor(states, width)?, width);
        let caches =
            self.layers.iter().map(|layer| (SelfCache::default(), layer.cross.read_input(&mut work)));
        let caches = caches.collect();
        Ok(BlipDecoder { model: self, caches, work: Workspace::default(), past: 0 })
    }
}

/// A BLIP in the middle of writing.
#[derive(Debug)]
pub struct BlipDecoder<'a> {
    model: &'a TextDecoder,
    caches: Vec<(SelfCache, CrossCache)>,
    work: Workspace,
    past: usize,
}

impl BlipDecoder<'_> {
    /// The last hidden states for `tokens`: `[tokens, hidden]`.
    fn hidden(&mut self, tokens: &[u32], hypotheses: usize) -> Result<Vec<f32>> {
        let new = tokens.len() / hypotheses.max(1);
        let first = self.past as u32;
        let places: Vec<u32> = (0..hypotheses).flat_map(|_| (first..).take(new)).collect();
        let mut embedded = vec![0.0; tokens.len() * self.model.words.inputs()];
        add_embeddings(&self.model.words, tokens, &mut embedded)?;
        add_embeddings(&self.model.positions, &places, &mut embedded)?;
        let mut xs = vec![0.0; embedded.len()];
        self.model.norm.forward(&embedded, &mut xs);
        for (layer, (own, cross)) in self.model.layers.iter().zip(&mut self.caches) {
            layer.forward(&mut xs, hypotheses, own, cross, &mut self.work);
        }
        self.past += new;
        Ok(xs)
    }

    fn project(&mut self, hidden: &[f32]) -> Result<Tensor> {
        let TextDecoder { transform, transform_norm, output, .. } = self.model;
        let work = &mut self.work;
        work.input.copy(hidden, transform.weight().inputs());
        transform.forward(&mut work.input, &mut work.out, &mut work.scratch);
        Activation::GeluExact.apply(&mut work.out);
        transform_norm.forward_to(&work.out, &mut work.input);
        let mut logits = Vec::new();
        output.forward(&mut work.input, &mut logits, &mut work.scratch);
        to_tensor(logits, output.weight().outputs())
    }
}

impl Decoder for BlipDecoder<'_> {
    fn advance(&mut self, tokens: &[u32], hypotheses: usize) -> Result<Tensor> {
        wide_awake(|| {
            let hidden = self.hidden(tokens, hypotheses)?;
            self.project(&last_rows(&hidden, hypotheses, self.model.words.inputs()))
        })
    }

    fn advance_all(&mut self, tokens: &[u32]) -> Result<Tensor> {
        let hidden = self.hidden(tokens, 1)?;
        self.project(&hidden)
    }

    fn reorder(&mut self, parents: &[u32]) -> Result<()> {
        self.caches.iter_mut().for_each(|(own, _)| own.reorder(parents));
        Ok(())
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
        xs: &mut [f32],
        hypotheses: usize,
        own: &mut SelfCache,
        cross: &CrossCache,
        work: &mut Workspace,
    ) {
        self.own.forward_own(xs, hypotheses, own, work);
        self.cross.forward_cross(xs, cross, work);
        work.input.copy(xs, self.wide.weight().inputs());
        self.wide.forward(&mut work.input, &mut work.wide, &mut work.scratch);
        Activation::GeluExact.apply(&mut work.wide);
        work.input.copy(&work.wide, self.narrow.weight().inputs());
        self.narrow.forward(&mut work.input, &mut work.out, &mut work.scratch);
        add(&mut work.out, xs);
        self.norm.forward(&work.out, xs);
    }
}

#[derive(Clone, Debug)]
struct TextAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    norm: LayerNorm,
    heads: Heads,
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
            heads: Heads {
                count: heads,
                width: hidden / heads,
                scale: ((hidden / heads) as f64).powf(-0.5) as f32,
            },
        })
    }

    /// Keys and values of the picture's states in `work.input`.
    fn read_input(&self, work: &mut Workspace) -> CrossCache {
        self.key.forward(&mut work.input, &mut work.key, &mut work.scratch);
        self.value.forward(&mut work.input, &mut work.value, &mut work.scratch);
        CrossCache::new(&work.key, &work.value, self.heads)
    }

    fn forward_own(&self, xs: &mut [f32], hypotheses: usize, cache: &mut SelfCache, work: &mut Workspace) {
        work.input.copy(xs, self.query.weight().inputs());
        self.query.forward(&mut work.input, &mut work.query, &mut work.scratch);
        self.key.forward(&mut work.input, &mut work.key, &mut work.scratch);
        self.value.forward(&mut work.input, &mut work.value, &mut work.scratch);
        cache.attend(hypotheses, self.heads, None, work);
        self.finish(xs, work);
    }

    fn forward_cross(&self, xs: &mut [f32], cache: &CrossCache, work: &mut Workspace) {
        work.input.copy(xs, self.query.weight().inputs());
        self.query.forward(&mut work.input, &mut work.query, &mut work.scratch);
        CrossCache::attend(std::slice::from_ref(cache), self.heads, work);
        self.finish(xs, work);
    }

    /// Adds what `work.input` becomes to `xs`, and normalises.
    fn finish(&self, xs: &mut [f32], work: &mut Workspace) {
        self.output.forward(&mut work.input, &mut work.out, &mut work.scratch);
        add(&mut work.out, xs);
        self.norm.forward(&work.out, xs);
    }
}
