//! Layers as they are read: weights are floats as long as what follows may still change them.

use super::layers::{Layer, Step};
use crate::kernels::{Activation, ByteMatrix, Convolution, Depthwise, Window};

/// A layer whose weights are still floats.
pub(super) enum Draft {
    /// Weights `[outputs, rows of the window, columns of it, channels]`; the window of its inverse, if it is one.
    Convolution {
        weights: Vec<f32>,
        inputs: usize,
        spread: Option<[usize; 2]>,
    },
    /// Weights `[rows of the window, columns of it, channels]`.
    Depthwise {
        weights: Vec<f32>,
        channels: usize,
    },
    Done(Layer),
}

pub(super) struct DraftStep {
    pub(super) draft: Draft,
    pub(super) window: Window,
    pub(super) bias: Vec<f32>,
    pub(super) activation: Option<Activation>,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
}

impl Draft {
    /// Channels that come out.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Convolution { weights, inputs, spread } => {
                let places = spread.map_or(1, |[rows, columns]| rows * columns);
                weights.len().checked_div(inputs * places).unwrap_or(0)
            }
            Self::Depthwise { channels, .. } => *channels,
            Self::Done(_) => 0,
        }
    }
}

impl DraftStep {
    /// Adds to the bias, if there is one number for each channel.
    pub(super) fn add_bias(&mut self, added: &[f32]) {
        for (bias, added) in self.bias.iter_mut().zip(added) {
            *bias += added;
        }
    }

    /// Scales and moves each channel, which makes scale, shift, mean and variance of a batch part of the layer.
    pub(super) fn normalise(&mut self, parts: &[Vec<f32>], epsilon: f32) -> Option<()> {
        let [scales, shifts, means, variances] = parts else { return None };
        let channels = self.bias.len();
        let fits = parts.iter().all(|part| part.len() == channels);
        (fits && channels > 0 && self.activation.is_none()).then_some(())?;
        let scales: Vec<f32> = scales
            .iter()
            .zip(variances)
            .map(|(scale, variance)| scale / (variance + epsilon).sqrt())
            .collect();
        match &mut self.draft {
            Draft::Convolution { weights, inputs, spread: None } => {
                for (row, scale) in weights.chunks_mut((*inputs).max(1)).zip(&scales) {
                    row.iter_mut().for_each(|weight| *weight *= scale);
                }
            }
            Draft::Depthwise { weights, .. } => {
                for place in weights.chunks_mut(channels) {
                    place.iter_mut().zip(&scales).for_each(|(weight, scale)| *weight *= scale);
                }
            }
            _ => return None,
        }
        for (((bias, scale), shift), mean) in self.bias.iter_mut().zip(&scales).zip(shifts).zip(means) {
            *bias = (*bias - mean) * scale + shift;
        }
        Some(())
    }

    pub(super) fn finish(self) -> Option<Step> {
        let Self { draft, window, bias, activation, inputs, output } = self;
        let layer = match draft {
            Draft::Convolution { weights, inputs, spread } => {
                let times = spread.map_or(1, |[rows, columns]| rows * columns);
                let weights = ByteMatrix::new(&weights, inputs, &bias.repeat(times))?;
                let convolution = Convolution { weights, window, activation };
                match spread {
                    Some(size) => Layer::Spread(convolution, size),
                    None => Layer::Convolution(convolution),
                }
            }
            Draft::Depthwise { weights, .. } => {
                Layer::Depthwise(Depthwise { weights, bias, window, activation })
            }
            Draft::Done(layer) => layer,
        };
        Some(Step { layer, inputs, output })
    }
}
