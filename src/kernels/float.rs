//! Products of float32 with float32, for attention and for weights that are kept as float32.

use super::blocks::COLUMNS;
use super::input::Input;
use super::product::PanelSink;
use super::simd::Simd;

/// Rows whose activations stay in the second cache while all panels pass.
const ROWS_AT_ONCE: usize = 48;

/// `input` times panels of as many weights as it is wide.
#[inline(always)]
pub(super) fn multiply_floats<S: Simd>(panels: &[[f32; COLUMNS]], input: &Input, sink: &mut PanelSink<'_>) {
    let width = input.width();
    let mut packed = PackedRows::default();
    let span = sink.span;
    let values = input.values().get(span.first * width..(span.first + span.count) * width);
    for (block, values) in values.unwrap_or_default().chunks(ROWS_AT_ONCE * width).enumerate() {
        packed.pack(values.chunks_exact(width), width, 1.0);
        let panels = panels.chunks_exact(width).skip(sink.first_panel).take(sink.panels());
        for (panel, weights) in panels.enumerate() {
            let sums = sink.start_rows(panel, values.len() / width);
            packed.multiply::<S>(weights, |row, products| {
                if let Some(sum) = sums.get_mut(row) {
                    let whole = S::add_floats(S::load_floats(sum), products);
                    S::store_floats(whole, sum);
                }
            });
            sink.finish_rows(panel, block * ROWS_AT_ONCE);
        }
    }
}

/// Rows in tiles of four, interleaved, and the rest one by one.
#[derive(Debug, Default)]
pub(super) struct PackedRows {
    fours: Vec<[f32; 4]>,
    ones: Vec<[f32; 1]>,
    width: usize,
}

impl PackedRows {
    /// Packs `rows`, each `width` long, times `scale`.
    #[inline(always)]
    pub(super) fn pack<'a>(
        &mut self,
        rows: impl ExactSizeIterator<Item = &'a [f32]>,
        width: usize,
        scale: f32,
    ) {
        let in_fours = rows.len() / 4 * 4;
        self.width = width;
        self.fours.resize(in_fours / 4 * width, [0.0; 4]);
        self.ones.resize(rows.len() % 4 * width, [0.0; 1]);
        for (index, row) in rows.enumerate() {
            if index < in_fours {
                spread(&mut self.fours, index, row, scale);
            } else {
                spread(&mut self.ones, index - in_fours, row, scale);
            }
        }
    }

    /// Gives `sink` each row's products with `panel`.
    #[inline(always)]
    pub(super) fn multiply<S: Simd>(&self, panel: &[[f32; COLUMNS]], mut sink: impl FnMut(usize, S::Floats)) {
        let mut row = 0;
        let width = self.width.max(1);
        for tile in self.fours.chunks_exact(width) {
            for products in multiply_tile::<S, 4>(tile, panel) {
                sink(row, products);
                row += 1;
            }
        }
        for tile in self.ones.chunks_exact(width) {
            for products in multiply_tile::<S, 1>(tile, panel) {
                sink(row, products);
                row += 1;
            }
        }
    }
}

/// Puts `row` into its place of its tile.
#[inline(always)]
fn spread<const R: usize>(tiles: &mut [[f32; R]], index: usize, row: &[f32], scale: f32) {
    let start = index / R * row.len();
    for (place, value) in tiles.iter_mut().skip(start).zip(row) {
        place[index % R] = *value * scale;
    }
}

/// Each row of a tile times the panel.
#[inline(always)]
fn multiply_tile<S: Simd, const R: usize>(tile: &[[f32; R]], panel: &[[f32; COLUMNS]]) -> [S::Floats; R] {
    let mut sums = [S::splat(0.0); R];
    for (values, weights) in tile.iter().zip(panel) {
        let weights = S::load_floats(weights);
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = S::add_floats(*sum, S::mul_floats(S::splat(*value), weights));
        }
    }
    sums
}
