//! Products of activations with weights: `out[row, column] = bias[column] + sum(input[row, i] * weight[i, column])`.
//!
//! For each panel of eight columns and each block along the inputs, the weights are unpacked once into the
//! first cache, and tiles of four rows or one are multiplied with them. The sums within a block are of
//! integers; each block's sum becomes a float, is scaled and added to the panel's sums, block after block.
//! So the result does not depend on the machine or on the number of rows.

use super::blocks::{COLUMNS, GROUPS, Lanes, Q4Block, Q6Block, Q8Block, SHORT_BLOCK};
use super::float::multiply_floats;
use super::input::{ByteTile, HIGH, Input, NoTile, ShortTile, Span, Tile, Tiles, WordTile};
use super::matrix::{Panels, WeightMatrix};
use super::simd::{Simd, Task, dispatch};
use super::threads;
use std::hint::black_box;

/// Rows from which on 16-bit products are quicker than pairs of byte products.
const MANY_ROWS: usize = 4;

/// Rows from which on each thread takes some of them; fewer rows are divided by columns, because each part
/// unpacks the weights of its columns anew.
const ROWS_TO_DIVIDE: usize = 32;

/// Reused between products, one part's each.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    parts: Vec<PartScratch>,
}

#[derive(Debug, Default)]
struct PartScratch {
    /// One panel's sums, `[rows]`.
    sums: Vec<[f32; COLUMNS]>,
    /// What comes out, where a part's columns are not next to each other: `[rows, columns]`.
    out: Vec<f32>,
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
        let parts = threads::parts(input.rows() * self.inputs() * self.outputs());
        self.apply_in(parts, input, bias, out, scratch);
    }

    /// [`WeightMatrix::apply`] in `parts` parts or fewer.
    pub(super) fn apply_in(
        &self,
        parts: usize,
        input: &mut Input,
        bias: Option<&[f32]>,
        out: &mut Vec<f32>,
        scratch: &mut Scratch,
    ) {
        debug_assert_eq!(input.width(), self.inputs(), "input and matrix");
        let (rows, outputs) = (input.rows(), self.outputs());
        out.resize(rows * outputs, 0.0);
        if rows == 0 || outputs == 0 || input.width() != self.inputs() {
            return;
        }
        let bytes = dispatch(PrefersBytes) && rows < MANY_ROWS;
        let panels = &self.panels;
        panels.prepare(input, bytes);
        let input = &*input;
        scratch.parts.resize_with(parts.max(scratch.parts.len()), PartScratch::default);
        let whole = Span { first: 0, count: rows, all: rows };
        if rows >= ROWS_TO_DIVIDE || parts == 1 {
            let height = rows.div_ceil(parts).next_multiple_of(4);
            let tasks = out.chunks_mut(height * outputs).zip(&mut scratch.parts).enumerate();
            threads::for_each(tasks, |(part, (out, scratch))| {
                let span = Span { first: part * height, count: out.len() / outputs, all: rows };
                let sums = &mut scratch.sums;
                let sink = PanelSink { span, first_panel: 0, columns: outputs, bias, out, sums };
                dispatch(Product { panels, input, bytes, sink });
            });
        } else {
            let columns = outputs.div_ceil(parts).next_multiple_of(COLUMNS);
            let count = outputs.div_ceil(columns);
            let tasks = scratch.parts.iter_mut().take(count).enumerate();
            threads::for_each(tasks, |(part, scratch)| {
                let width = columns.min(outputs - part * columns);
                let PartScratch { sums, out } = scratch;
                out.resize(rows * width, 0.0);
                let first_panel = part * columns / COLUMNS;
                let sink = PanelSink { span: whole, first_panel, columns: width, bias, out, sums };
                dispatch(Product { panels, input, bytes, sink });
            });
            for (part, PartScratch { out: found, .. }) in scratch.parts.iter().take(count).enumerate() {
                let width = columns.min(outputs - part * columns);
                for (row, found) in out.chunks_exact_mut(outputs).zip(found.chunks_exact(width)) {
                    if let Some(place) = row.get_mut(part * columns..part * columns + width) {
                        place.copy_from_slice(found);
                    }
                }
            }
        }
    }
}

/// Whether byte products are quicker on this machine.
struct PrefersBytes;

impl Task for PrefersBytes {
    type Output = bool;

    #[inline(always)]
    fn run<S: Simd>(self) -> bool {
        S::PREFERS_BYTES
    }
}

impl Panels {
    /// Makes the form of `input` that the product needs.
    fn prepare(&self, input: &mut Input, bytes: bool) {
        match self {
            Self::Q4(_) | Self::Q6(_) if bytes => input.make_bytes(),
            Self::Q4(_) | Self::Q6(_) => input.make_words(),
            Self::Q8(_) => input.make_shorts(),
            Self::Float(_) => {}
        }
    }
}

/// Some columns of the product of some rows with a matrix.
struct Product<'a> {
    panels: &'a Panels,
    input: &'a Input,
    /// With byte products, where the weights are narrow enough; else with 16-bit products. The sums are the same.
    bytes: bool,
    sink: PanelSink<'a>,
}

impl Task for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self) {
        let sink = &mut self.sink;
        match (self.panels, self.bytes) {
            (Panels::Q4(blocks), true) => multiply_panels::<S, _, _, _>(blocks, self.input.bytes(), sink),
            (Panels::Q4(blocks), false) => multiply_panels::<S, _, _, _>(blocks, self.input.words(), sink),
            (Panels::Q6(blocks), true) => multiply_panels::<S, _, _, _>(blocks, self.input.bytes(), sink),
            (Panels::Q6(blocks), false) => multiply_panels::<S, _, _, _>(blocks, self.input.words(), sink),
            (Panels::Q8(blocks), _) => multiply_panels::<S, _, _, _>(blocks, self.input.shorts(), sink),
            (Panels::Float(panels), _) => multiply_floats::<S>(panels, self.input, sink),
        }
    }
}

/// A product with the instructions of `S`, whatever the machine has.
#[cfg(test)]
pub(super) fn force<S: Simd>(matrix: &WeightMatrix, input: &mut Input, bytes: bool, out: &mut Vec<f32>) {
    let (rows, outputs) = (input.rows(), matrix.outputs());
    out.resize(rows * outputs, 0.0);
    let bytes = bytes && rows < MANY_ROWS;
    matrix.panels.prepare(input, bytes);
    let span = Span { first: 0, count: rows, all: rows };
    let sink = PanelSink { span, first_panel: 0, columns: outputs, bias: None, out, sums: &mut Vec::new() };
    Product { panels: &matrix.panels, input, bytes, sink }.run::<S>();
}

/// Where the sums of a panel go.
pub(super) struct PanelSink<'a> {
    /// Rows of this part.
    pub(super) span: Span,
    /// Panels before those of this part.
    pub(super) first_panel: usize,
    /// Columns of this part.
    pub(super) columns: usize,
    /// Of all columns of the matrix.
    bias: Option<&'a [f32]>,
    /// `[rows, columns]` of this part.
    out: &'a mut [f32],
    sums: &'a mut Vec<[f32; COLUMNS]>,
}

impl PanelSink<'_> {
    /// Panels of this part.
    #[inline(always)]
    pub(super) fn panels(&self) -> usize {
        self.columns.div_ceil(COLUMNS)
    }

    /// The sums of `panel` of this part as they begin: the bias in each of all rows.
    #[inline(always)]
    fn start(&mut self, panel: usize) -> &mut [[f32; COLUMNS]] {
        self.start_rows(panel, self.span.count)
    }

    /// The sums of `panel` of this part as they begin: the bias in each of `rows` rows.
    #[inline(always)]
    pub(super) fn start_rows(&mut self, panel: usize, rows: usize) -> &mut [[f32; COLUMNS]] {
        let mut first = [0.0; COLUMNS];
        let column = (self.first_panel + panel) * COLUMNS;
        let bias = self.bias.and_then(|bias| bias.get(column..)).unwrap_or_default();
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

    /// Writes the sums of `panel` to their columns, from row `first` of this part on.
    #[inline(always)]
    pub(super) fn finish_rows(&mut self, panel: usize, first: usize) {
        let column = panel * COLUMNS;
        let rows = self.out.chunks_exact_mut(self.columns).skip(first).zip(self.sums.iter());
        if column + COLUMNS <= self.columns {
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
    let panels = blocks.chunks_exact(tiles.blocks()).skip(sink.first_panel).take(sink.panels());
    for (panel, blocks) in panels.enumerate() {
        let span = sink.span;
        let sums = sink.start(panel);
        for (index, block) in blocks.iter().enumerate() {
            let unpacked = block.unpack_block();
            let (fours, ones) = tiles.block(index, span);
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
