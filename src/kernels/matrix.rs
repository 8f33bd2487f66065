//! A weight matrix in panels, made from the bytes of a GGUF tensor a few rows at a time.

use super::blocks::{
    COLUMNS, LONG_BLOCK, Q4Block, Q4K_BYTES, Q6Block, Q6K_BYTES, Q8_0_BYTES, Q8Block, SHORT_BLOCK,
};

/// How a matrix is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// As it is in the file: `Q4_K`.
    Q4K,
    /// As it is in the file: `Q6_K`.
    Q6K,
    /// As it is in the file, or rounded to it: `Q8_0`.
    Q8,
    /// Float32.
    F32,
}

/// A matrix `[outputs, inputs]`.
#[derive(Clone, Debug)]
pub(crate) struct WeightMatrix {
    outputs: usize,
    inputs: usize,
    pub(super) panels: Panels,
}

/// Panel after panel, each from the first input to the last.
#[derive(Clone, Debug)]
pub(super) enum Panels {
    Q4(Vec<Q4Block>),
    Q6(Vec<Q6Block>),
    Q8(Vec<Q8Block>),
    Float(Vec<[f32; COLUMNS]>),
}

impl WeightMatrix {
    /// A matrix to be filled with [`WeightMatrix::push_blocks`] or [`WeightMatrix::push_floats`]; none if
    /// `inputs` are no whole blocks of `format`.
    pub(crate) fn new(format: Format, outputs: usize, inputs: usize) -> Option<Self> {
        let count = outputs.div_ceil(COLUMNS);
        let blocks = |length: usize| inputs.is_multiple_of(length).then_some(count * (inputs / length));
        let panels = match format {
            Format::Q4K => Panels::Q4(Vec::with_capacity(blocks(LONG_BLOCK)?)),
            Format::Q6K => Panels::Q6(Vec::with_capacity(blocks(LONG_BLOCK)?)),
            Format::Q8 => Panels::Q8(Vec::with_capacity(blocks(SHORT_BLOCK)?)),
            Format::F32 => Panels::Float(Vec::with_capacity(count * inputs)),
        };
        Some(Self { outputs, inputs, panels })
    }

    /// Rows of the stored matrix: features that come out.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Features that go in.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Adds whole rows as GGUF stores them in the matrix's own format. All but the last addition must be of a
    /// multiple of eight rows.
    pub(crate) fn push_blocks(&mut self, rows: &[u8]) {
        match &mut self.panels {
            Panels::Q4(blocks) => {
                let (bytes, _) = rows.as_chunks::<Q4K_BYTES>();
                interleave(blocks, bytes, self.inputs / LONG_BLOCK, Q4Block::empty, Q4Block::put);
            }
            Panels::Q6(blocks) => {
                let (bytes, _) = rows.as_chunks::<Q6K_BYTES>();
                interleave(blocks, bytes, self.inputs / LONG_BLOCK, Q6Block::empty, Q6Block::put);
            }
            Panels::Q8(blocks) => {
                let (bytes, _) = rows.as_chunks::<Q8_0_BYTES>();
                interleave(blocks, bytes, self.inputs / SHORT_BLOCK, Q8Block::empty, Q8Block::put);
            }
            Panels::Float(_) => {
                let (floats, _) = rows.as_chunks::<4>();
                let floats: Vec<f32> = floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
                self.push_floats(&floats);
            }
        }
    }

    /// Adds whole rows of float32, rounded to the matrix's format if it is `Q8`; the K formats take none.
    /// All but the last addition must be of a multiple of eight rows.
    pub(crate) fn push_floats(&mut self, rows: &[f32]) {
        match &mut self.panels {
            Panels::Float(panels) => {
                for eight in rows.chunks(COLUMNS * self.inputs) {
                    let start = panels.len();
                    panels.resize(start + self.inputs, [0.0; COLUMNS]);
                    for (column, row) in eight.chunks_exact(self.inputs).enumerate() {
                        for (place, value) in panels.iter_mut().skip(start).zip(row) {
                            place[column] = *value;
                        }
                    }
                }
            }
            Panels::Q8(blocks) => {
                let (values, _) = rows.as_chunks::<SHORT_BLOCK>();
                interleave(blocks, values, self.inputs / SHORT_BLOCK, Q8Block::empty, Q8Block::put_floats);
            }
            Panels::Q4(_) | Panels::Q6(_) => {}
        }
    }

    /// All rows have been added.
    pub(crate) fn is_complete(&self) -> bool {
        let count = self.outputs.div_ceil(COLUMNS);
        match &self.panels {
            Panels::Q4(blocks) => blocks.len() == count * (self.inputs / LONG_BLOCK),
            Panels::Q6(blocks) => blocks.len() == count * (self.inputs / LONG_BLOCK),
            Panels::Q8(blocks) => blocks.len() == count * (self.inputs / SHORT_BLOCK),
            Panels::Float(panels) => panels.len() == count * self.inputs,
        }
    }

    /// Writes row `index` as float32 to `out`: an embedding. False if there is no such row.
    pub(crate) fn row(&self, index: usize, out: &mut [f32]) -> bool {
        if index >= self.outputs || out.len() != self.inputs {
            return false;
        }
        let (panel, column) = (index / COLUMNS, index % COLUMNS);
        match &self.panels {
            Panels::Q4(blocks) => {
                read(blocks, panel, out, LONG_BLOCK, |block, out| block.column(column, out));
            }
            Panels::Q6(blocks) => {
                read(blocks, panel, out, LONG_BLOCK, |block, out| block.column(column, out));
            }
            Panels::Q8(blocks) => {
                read(blocks, panel, out, SHORT_BLOCK, |block, out| block.column(column, out));
            }
            Panels::Float(panels) => {
                for (value, lanes) in out.iter_mut().zip(panels.iter().skip(panel * self.inputs)) {
                    *value = lanes[column];
                }
            }
        }
        true
    }
}

/// Turns `parts`, row after row of `per_row` blocks, into panels.
fn interleave<B: Clone, P>(
    blocks: &mut Vec<B>,
    parts: &[P],
    per_row: usize,
    empty: impl Fn() -> B,
    put: impl Fn(&mut B, usize, &P),
) {
    for eight in parts.chunks(COLUMNS * per_row.max(1)) {
        let start = blocks.len();
        blocks.resize(start + per_row, empty());
        for (column, row) in eight.chunks_exact(per_row.max(1)).enumerate() {
            for (block, part) in blocks.iter_mut().skip(start).zip(row) {
                put(block, column, part);
            }
        }
    }
}

/// Reads one column of the blocks of `panel`, each `length` weights long.
fn read<B>(blocks: &[B], panel: usize, out: &mut [f32], length: usize, column: impl Fn(&B, &mut [f32])) {
    let per_row = out.len() / length;
    for (block, out) in blocks.iter().skip(panel * per_row).zip(out.chunks_exact_mut(length)) {
        column(block, out);
    }
}
