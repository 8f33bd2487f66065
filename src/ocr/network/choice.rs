//! The last layer of a recogniser: for each time step how likely each character is.

use crate::kernels::{ByteMatrix, ByteRows, softmax_rows};

/// Rows that are multiplied at a time.
const ROWS: usize = 128;

/// A matrix with as many outputs as there are characters, and softmax.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) weights: ByteMatrix,
}

impl Choice {
    /// `[rows, characters]` of `states`, `[rows, inputs]`.
    pub(super) fn apply(&self, states: &[f32]) -> Vec<f32> {
        let (inputs, outputs) = (self.weights.inputs(), self.weights.outputs());
        let mut out = vec![0.0; states.len() / inputs * outputs];
        let mut bytes = ByteRows::default();
        for (states, out) in states.chunks(ROWS * inputs).zip(out.chunks_mut(ROWS * outputs)) {
            bytes.fill(&self.weights, states);
            self.weights.multiply(&bytes, out);
            softmax_rows(out, outputs);
        }
        out
    }
}
