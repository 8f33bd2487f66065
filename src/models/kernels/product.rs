//! Products of activations with weights: `out[row, column] = bias[column] + sum(input[row, i] * weight[i, column])`.
//!
//! For each panel of eight columns and each block along the inputs, the weights are unpacked once into the
//! first cache, and tiles of four rows or one are multiplied with them. The sums within a block are of
//! integers; each block's sum becomes a float, is scaled and added to the panel's sums, block after block.
//! So the result does not depend on the machine or on the number of rows.

use super::blocks::{COLUMNS, GROUPS, Lanes, Q4Block, Q6Block, Q8Block, SHORT_BLOCK};
use super::float::multiply_floats;
use super::input::{ByteTile, HIGH, Input, NoTile, ShortTile, Tile, Tiles, WordTile};
use super::matrix::{Panels, WeightMatrix};
use super::simd::{Simd, Task, dispatch};
use std::hint::black_box;

/// Reused between products.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// One panel's sums, `[rows]`.
    sums: Vec<[f32; COLUMNS]>,
}

impl WeightMatrix {
    /// Writes `[rows, outputs]` to `out`. Without a bias it is zero. `input` must be as wide as the matrix
    /// has inputs, else nothing is written.
    pub(crate) fn apply(
        &self,
        input: &mut Input,
        bias: Option<&[f32]>,
        out: &mut Vec<f32>,
        scratch: &mut Scratch,
    ) {
        debug_assert_eq!(input.width(), self.inputs(), "input and matrix");
        let rows = input.rows();
        out.resize(rows * self.outputs(), 0.0);
        if rows == 0 || input.width() != self.inputs() {
            return;
        }
        let sink = PanelSink { rows, outputs: self.outputs(), bias, out, sums: &mut scratch.sums };
        dispatch(Product { panels: &self.panels, input, sink });
    }
}

/// The product of one matrix.
struct Product<'a> {
    panels: &'a Panels,
    input: &'a mut Input,
    sink: PanelSink<'a>,
}

impl Task for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        self.run_as::<S>(S::PREFERS_BYTES);
    }
}

impl Product<'_> {
    /// `bytes`: few rows with byte products, where the weights are narrow enough; else with 16-bit products. The
    /// sums are the same.
    #[inline(always)]
    fn run_as<S: Simd>(mut self, bytes: bool) {
        let sink = &mut self.sink;
        match (self.panels, bytes && sink.rows < MANY_ROWS) {
            (Panels::Q4(blocks), true) => multiply_panels::<S, _, _, _>(blocks, self.input.bytes(), sink),
            (Panels::Q4(blocks), false) => multiply_panels::<S, _, _, _>(blocks, self.input.words(), sink),
            (Panels::Q6(blocks), true) => multiply_panels::<S, _, _, _>(blocks, self.input.bytes(), sink),
            (Panels::Q6(blocks), false) => multiply_panels::<S, _, _, _>(blocks, self.input.words(), sink),
            (Panels::Q8(blocks), _) => multiply_panels::<S, _, _, _>(blocks, self.input.shorts(), sink),
            (Panels::Float(panels), _) => multiply_floats::<S>(panels, self.input, sink),
        }
    }
}

/// Rows from which on 16-bit products are quicker than pairs of byte products.
const MANY_ROWS: usize = 4;

/// A product with the instructions of `S`, whatever the machine has.
#[cfg(test)]
pub(super) fn force<S: Simd>(matrix: &WeightMatrix, input: &mut Input, bytes: bool, out: &mut Vec<f32>) {
    let (rows, outputs) = (input.rows(), matrix.outputs());
    out.resize(rows * outputs, 0.0);
    let sink = PanelSink { rows, outputs, bias: None, out, sums: &mut Vec::new() };
    Product { panels: &matrix.panels, input, sink }.run_as::<S>(bytes);
}

/// Where the sums of a panel go.
pub(super) struct PanelSink<'a> {
    rows: usize,
    outputs: usize,
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
    sums: &'a mut Vec<[f32; COLUMNS]>,
}

impl PanelSink<'_> {
    /// The sums of `panel` as they begin: the bias in each of all rows.
    #[inline(always)]
    fn start(&mut self, panel: usize) -> &mut [[f32; COLUMNS]] {
        self.start_rows(panel, self.rows)
    }

    /// The sums of `panel` as they begin: the bias in each of `rows` rows.
    #[inline(always)]
    pub(super) fn start_rows(&mut self, panel: usize, rows: usize) -> &mut [[f32; COLUMNS]] {
        let mut first = [0.0; COLUMNS];
        let bias = self.bias.and_then(|bias| bias.get(panel * COLUMNS..)).unwrap_or_default();
        for (sum, bias) in first.iter_mut().zip(bias) {
            *sum = *bias;
        }
        self.sums.clear();
        self.sums.resize(rows, first);
        self.sums
    }

    /// Writes the sums of `panel` to their columns, from the first row on.
    #[inline(always)]
    fn finish(&mut self, panel: usize) {
        self.finish_rows(panel, 0);
    }

    /// Writes the sums of `panel` to their columns, from row `first` on.
    #[inline(always)]
    pub(super) fn finish_rows(&mut self, panel: usize, first: usize) {
        let column = panel * COLUMNS;
        let rows = self.out.chunks_exact_mut(self.outputs).skip(first).zip(self.sums.iter());
        if column + COLUMNS <= self.outputs {
            for (row, sums) in rows {
                if let Some(place) = row.get_mut(column..column + COLUMNS) {
                    place.copy_from_slice(sums);
                }
            }
        } else {
            for (row, sums) in rows {
                for (place, sum) in row.iter_mut().skip(column).zip(sums) {
                    *place = *sum;
                }
            }
        }
    }
}

/// Sums over the groups of a block, those of a part with one scale multiplied with it.
///
/// The number of groups in a part is hidden from the compiler: where it knows that there are eight, it takes
/// the loop apart and adds up one sum after the other, with all weights waiting in registers that are not
/// there (twice as slow in wasm).
#[inline(always)]
fn sum_bytes<S: Simd>(groups: &[Lanes; GROUPS], scales: &[Lanes], row: &ByteTile) -> S::Ints {
    let mut total = S::zero();
    let per_scale = black_box(GROUPS / scales.len());
    let parts = groups
        .chunks_exact(per_scale)
        .zip(row.high.chunks_exact(per_scale))
        .zip(row.low.chunks_exact(per_scale));
    for (((groups, highs), lows), scales) in parts.zip(scales) {
        let (mut high, mut low) = (S::zero(), S::zero());
        for ((weights, highs), lows) in groups.iter().zip(highs).zip(lows) {
            let weights = S::load(weights);
            high = S::dot_bytes(high, weights, S::pattern(*highs));
            low = S::dot_bytes(low, weights, S::pattern(*lows));
        }
        let sum = S::add(S::mul(high, S::load(&[HIGH; COLUMNS])), low);
        total = S::add(total, S::mul(sum, S::load(scales)));
    }
    total
}

/// Sums over pairs of 16-bit integers.
#[inline(always)]
fn sum_words<S: Simd, const R: usize>(weights: &[Lanes], rows: &[[i32; R]]) -> [S::Ints; R] {
    let mut sum = [S::zero(); R];
    let weights = weights.get(..black_box(weights.len())).unwrap_or_default();
    for (weights, rows) in weights.iter().zip(rows) {
        let weights = S::load(weights);
        for (sum, activations) in sum.iter_mut().zip(rows) {
            *sum = S::dot_words(*sum, weights, S::pattern(*activations));
        }
    }
    sum
}

/// `sums += scale * floats` in each lane.
#[inline(always)]
fn add_scaled<S: Simd>(sums: &mut [f32; COLUMNS], scale: f32, floats: S::Floats) {
    let scaled = S::mul_floats(S::splat(scale), floats);
    S::store_floats(S::add_floats(S::load_floats(sums), scaled), sums);
}

/// A block of weights that is unpacked for tiles of the forms `A` and `B`.
trait Block<A, B> {
    type Unpacked<'a>: Unpacked<A> + Unpacked<B>
    where
        Self: 'a;

    fn unpack_block(&self) -> Self::Unpacked<'_>;
}

/// An unpacked block.
trait Unpacked<A> {
    /// Adds to `sums` the products of `rows` with the block.
    fn multiply<S: Simd>(&self, rows: &A, sums: &mut [[f32; COLUMNS]]);
}

/// All panels: each row of `tiles` times each column.
#[inline(always)]
fn multiply_panels<S: Simd, A: Tile<4>, B: Tile<1>, W: Block<A, B>>(
    blocks: &[W],
    tiles: &Tiles<A, B>,
    sink: &mut PanelSink<'_>,
) {
    for (panel, blocks) in blocks.chunks_exact(tiles.blocks()).enumerate() {
        let rows = sink.rows;
        let sums = sink.start(panel);
        for (index, block) in blocks.iter().enumerate() {
            let unpacked = block.unpack_block();
            let (fours, ones) = tiles.block(index, rows);
            let (four_sums, one_sums) = sums.split_at_mut((4 * fours.len()).min(sums.len()));
            for (rows, sums) in fours.iter().zip(four_sums.as_chunks_mut::<4>().0) {
                unpacked.multiply::<S>(rows, sums);
            }
            for (rows, sums) in ones.iter().zip(one_sums.as_chunks_mut::<1>().0) {
                unpacked.multiply::<S>(rows, sums);
            }
        }
        sink.finish(panel);
    }
}

struct Q4Bytes<'a> {
    block: &'a Q4Block,
    groups: [Lanes; GROUPS],
    scales: [Lanes; 8],
    mins: [Lanes; 8],
}

struct Q4Words<'a> {
    block: &'a Q4Block,
    pairs: [Lanes; 2 * GROUPS],
    mins: [Lanes; 8],
}

impl Unpacked<NoTile> for Q4Bytes<'_> {
    fn multiply<S: Simd>(&self, _: &NoTile, _: &mut [[f32; COLUMNS]]) {}
}

impl Block<NoTile, ByteTile> for Q4Block {
    type Unpacked<'a> = Q4Bytes<'a>;

    #[inline(always)]
    fn unpack_block(&self) -> Q4Bytes<'_> {
        let mut groups = [[0; COLUMNS]; GROUPS];
        self.unpack(&mut groups);
        Q4Bytes { block: self, groups, scales: self.scales(), mins: self.mins() }
    }
}

impl Block<WordTile<4>, WordTile<1>> for Q4Block {
    type Unpacked<'a> = Q4Words<'a>;

    #[inline(always)]
    fn unpack_block(&self) -> Q4Words<'_> {
        let mut pairs = [[0; COLUMNS]; 2 * GROUPS];
        self.unpack_scaled(&mut pairs);
        Q4Words { block: self, pairs, mins: self.mins() }
    }
}

/// d * total - dmin * minima, scaled.
#[inline(always)]
fn finish_q4<S: Simd, const R: usize>(
    block: &Q4Block,
    total: [S::Ints; R],
    minima: [S::Ints; R],
    scales: &[f32; R],
    sums: &mut [[f32; COLUMNS]],
) {
    let (d, dmin) = (S::load_floats(&block.d), S::load_floats(&block.dmin));
    for (((total, minima), scale), sums) in total.into_iter().zip(minima).zip(scales).zip(sums) {
        let weights = S::mul_floats(d, S::to_floats(total));
        let value = S::sub_floats(weights, S::mul_floats(dmin, S::to_floats(minima)));
        add_scaled::<S>(sums, *scale, value);
    }
}

impl Unpacked<ByteTile> for Q4Bytes<'_> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, row: &ByteTile, sums: &mut [[f32; COLUMNS]]) {
        let total = sum_bytes::<S>(&self.groups, &self.scales, row);
        let minima = sum_words::<S, 1>(&self.mins, &row.sums.of_16);
        finish_q4::<S, 1>(self.block, [total], minima, &row.sums.scales, sums);
    }
}

impl<const R: usize> Unpacked<WordTile<R>> for Q4Words<'_> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &WordTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let total = sum_words::<S, R>(&self.pairs, &rows.quants);
        let minima = sum_words::<S, R>(&self.mins, &rows.sums.of_16);
        finish_q4::<S, R>(self.block, total, minima, &rows.sums.scales, sums);
    }
}

struct Q6Bytes<'a> {
    block: &'a Q6Block,
    groups: [Lanes; GROUPS],
    scales: [Lanes; 16],
    /// For the offset of 32, which all weights have.
    scale_pairs: [Lanes; 8],
}

struct Q6Words<'a> {
    block: &'a Q6Block,
    pairs: [Lanes; 2 * GROUPS],
}

impl Unpacked<NoTile> for Q6Bytes<'_> {
    fn multiply<S: Simd>(&self, _: &NoTile, _: &mut [[f32; COLUMNS]]) {}
}

impl Block<NoTile, ByteTile> for Q6Block {
    type Unpacked<'a> = Q6Bytes<'a>;

    #[inline(always)]
    fn unpack_block(&self) -> Q6Bytes<'_> {
        let mut groups = [[0; COLUMNS]; GROUPS];
        self.unpack(&mut groups);
        Q6Bytes { block: self, groups, scales: self.scales(), scale_pairs: self.scale_pairs() }
    }
}

impl Block<WordTile<4>, WordTile<1>> for Q6Block {
    type Unpacked<'a> = Q6Words<'a>;

    #[inline(always)]
    fn unpack_block(&self) -> Q6Words<'_> {
        let mut pairs = [[0; COLUMNS]; 2 * GROUPS];
        self.unpack_scaled(&mut pairs);
        Q6Words { block: self, pairs }
    }
}

/// d * total, scaled.
#[inline(always)]
fn finish_q6<S: Simd, const R: usize>(
    block: &Q6Block,
    total: [S::Ints; R],
    scales: &[f32; R],
    sums: &mut [[f32; COLUMNS]],
) {
    let d = S::load_floats(&block.d);
    for ((total, scale), sums) in total.into_iter().zip(scales).zip(sums) {
        add_scaled::<S>(sums, *scale, S::mul_floats(d, S::to_floats(total)));
    }
}

impl Unpacked<ByteTile> for Q6Bytes<'_> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, row: &ByteTile, sums: &mut [[f32; COLUMNS]]) {
        let total = sum_bytes::<S>(&self.groups, &self.scales, row);
        let [offsets] = sum_words::<S, 1>(&self.scale_pairs, &row.sums.of_16);
        let total = S::add(total, S::mul(S::load(&[-32; COLUMNS]), offsets));
        finish_q6::<S, 1>(self.block, [total], &row.sums.scales, sums);
    }
}

impl<const R: usize> Unpacked<WordTile<R>> for Q6Words<'_> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &WordTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let total = sum_words::<S, R>(&self.pairs, &rows.quants);
        finish_q6::<S, R>(self.block, total, &rows.sums.scales, sums);
    }
}

struct Q8Words<'a> {
    block: &'a Q8Block,
    pairs: [Lanes; SHORT_BLOCK / 2],
}

impl Block<ShortTile<4>, ShortTile<1>> for Q8Block {
    type Unpacked<'a> = Q8Words<'a>;

    #[inline(always)]
    fn unpack_block(&self) -> Q8Words<'_> {
        let mut pairs = [[0; COLUMNS]; SHORT_BLOCK / 2];
        self.unpack(&mut pairs);
        Q8Words { block: self, pairs }
    }
}

impl<const R: usize> Unpacked<ShortTile<R>> for Q8Words<'_> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &ShortTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let total = sum_words::<S, R>(&self.pairs, &rows.quants);
        let d = S::load_floats(&self.block.d);
        for ((total, scale), sums) in total.into_iter().zip(&rows.scales).zip(sums) {
            add_scaled::<S>(sums, *scale, S::mul_floats(d, S::to_floats(total)));
        }
    }
}
