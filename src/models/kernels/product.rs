//! Products of activations with weights: `out[row, column] = bias[column] + sum(input[row, i] * weight[i, column])`.
//!
//! For each panel of eight columns and each block along the inputs, the weights are unpacked once into the
//! first cache, and tiles of four rows or one are multiplied with them. The sums over a part of 32 inputs (16
//! where the weights' scales are for 16) are of integers; each becomes a float, is scaled and added to the
//! panel's sums, part after part.
//! So the result does not depend on the machine or on the number of rows.

use super::blocks::{COLUMNS, GROUPS, Lanes, PART, PARTS, Q4Block, Q6Block, Q8Block};
use super::float::multiply_floats;
use super::input::{ByteTile, Input, NoTile, Span, Tile, Tiles, WordTile};
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
            Self::Q4(_) | Self::Q6(_) | Self::Q8(_) => input.make_words(),
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
            (Panels::Q8(blocks), _) => multiply_panels::<S, _, _, _>(blocks, self.input.words(), sink),
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

/// `start` and the sums over groups of bytes, with activations of two bytes.
///
/// The number of groups is hidden from the compiler: where it knows that there are eight, it takes the loop
/// apart and adds up one sum after the other, with all weights waiting in registers that are not there (twice
/// as slow in wasm).
#[inline(always)]
fn sum_bytes<S: Simd>(start: i32, groups: &[Lanes], highs: &[i32], lows: &[i32]) -> S::Ints {
    let (mut high, mut low) = (S::zero(), S::splat_int(start));
    let groups = groups.get(..black_box(groups.len())).unwrap_or_default();
    for ((weights, highs), lows) in groups.iter().zip(highs).zip(lows) {
        let weights = S::load(weights);
        high = S::dot_bytes(high, weights, S::pattern(*highs));
        low = S::dot_bytes(low, weights, S::pattern(*lows));
    }
    S::add(S::times_256(high), low)
}

/// Sums over pairs of 16-bit integers. Their number is hidden, as in [`sum_bytes`].
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
    /// Parts of 32 inputs in it.
    const PARTS: usize;

    type Unpacked: Unpacked<A> + Unpacked<B>;

    fn unpack_block(&self) -> Self::Unpacked;
}

/// An unpacked block.
trait Unpacked<A> {
    /// Adds to `sums` the products of `rows` with a part of the block.
    fn multiply<S: Simd>(&self, part: usize, rows: &A, sums: &mut [[f32; COLUMNS]]);
}

/// All panels: each row of `tiles` times each column.
#[inline(always)]
fn multiply_panels<S: Simd, A: Tile<4>, B: Tile<1>, W: Block<A, B>>(
    blocks: &[W],
    tiles: &Tiles<A, B>,
    sink: &mut PanelSink<'_>,
) {
    let per_panel = (tiles.parts() / W::PARTS).max(1);
    let panels = blocks.chunks_exact(per_panel).skip(sink.first_panel).take(sink.panels());
    for (panel, blocks) in panels.enumerate() {
        let span = sink.span;
        let sums = sink.start(panel);
        for (index, block) in blocks.iter().enumerate() {
            let unpacked = block.unpack_block();
            for part in 0..W::PARTS {
                let (fours, ones) = tiles.part(index * W::PARTS + part, span);
                let (four_sums, one_sums) = sums.split_at_mut((4 * fours.len()).min(sums.len()));
                for (rows, sums) in fours.iter().zip(four_sums.as_chunks_mut::<4>().0) {
                    unpacked.multiply::<S>(part, rows, sums);
                }
                for (rows, sums) in ones.iter().zip(one_sums.as_chunks_mut::<1>().0) {
                    unpacked.multiply::<S>(part, rows, sums);
                }
            }
        }
        sink.finish(panel);
    }
}

struct Q4Bytes {
    groups: [Lanes; GROUPS],
    scales: [[f32; COLUMNS]; PARTS],
    mins: [[f32; COLUMNS]; PARTS],
}

struct Q4Words {
    pairs: [Lanes; 2 * GROUPS],
    scales: [[f32; COLUMNS]; PARTS],
    mins: [[f32; COLUMNS]; PARTS],
}

impl Unpacked<NoTile> for Q4Bytes {
    fn multiply<S: Simd>(&self, _: usize, _: &NoTile, _: &mut [[f32; COLUMNS]]) {}
}

impl Block<NoTile, ByteTile> for Q4Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q4Bytes;

    #[inline(always)]
    fn unpack_block(&self) -> Q4Bytes {
        let mut groups = [[0; COLUMNS]; GROUPS];
        self.unpack(&mut groups);
        Q4Bytes { groups, scales: self.scales(), mins: self.mins() }
    }
}

impl Block<WordTile<4>, WordTile<1>> for Q4Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q4Words;

    #[inline(always)]
    fn unpack_block(&self) -> Q4Words {
        let mut pairs = [[0; COLUMNS]; 2 * GROUPS];
        self.unpack_pairs(&mut pairs);
        Q4Words { pairs, scales: self.scales(), mins: self.mins() }
    }
}

/// d scale total - dmin min sum, scaled.
#[inline(always)]
fn finish_q4<S: Simd, const R: usize>(
    (scales, mins): (&[f32; COLUMNS], &[f32; COLUMNS]),
    totals: [S::Ints; R],
    (row_sums, row_scales): (&[f32; R], &[f32; R]),
    sums: &mut [[f32; COLUMNS]],
) {
    let (scales, mins) = (S::load_floats(scales), S::load_floats(mins));
    for (((total, row_sum), row_scale), sums) in totals.into_iter().zip(row_sums).zip(row_scales).zip(sums) {
        let weights = S::mul_floats(scales, S::to_floats(total));
        let value = S::sub_floats(weights, S::mul_floats(mins, S::splat(*row_sum)));
        add_scaled::<S>(sums, *row_scale, value);
    }
}

impl Unpacked<ByteTile> for Q4Bytes {
    #[inline(always)]
    fn multiply<S: Simd>(&self, part: usize, row: &ByteTile, sums: &mut [[f32; COLUMNS]]) {
        let groups = self.groups.as_chunks::<{ PART / 4 }>().0;
        if let (Some(groups), Some(scales), Some(mins)) =
            (groups.get(part), self.scales.get(part), self.mins.get(part))
        {
            let total = sum_bytes::<S>(0, groups, &row.high, &row.low);
            finish_q4::<S, 1>((scales, mins), [total], (&row.sums, &row.scales), sums);
        }
    }
}

impl<const R: usize> Unpacked<WordTile<R>> for Q4Words {
    #[inline(always)]
    fn multiply<S: Simd>(&self, part: usize, rows: &WordTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let pairs = self.pairs.as_chunks::<{ PART / 2 }>().0;
        if let (Some(pairs), Some(scales), Some(mins)) =
            (pairs.get(part), self.scales.get(part), self.mins.get(part))
        {
            let totals = sum_words::<S, R>(pairs, &rows.quants);
            finish_q4::<S, R>((scales, mins), totals, (&rows.sums, &rows.scales), sums);
        }
    }
}

struct Q6Bytes {
    groups: [Lanes; GROUPS],
    scales: [[f32; COLUMNS]; 2 * PARTS],
}

struct Q6Words {
    pairs: [Lanes; 2 * GROUPS],
    scales: [[f32; COLUMNS]; 2 * PARTS],
}

impl Unpacked<NoTile> for Q6Bytes {
    fn multiply<S: Simd>(&self, _: usize, _: &NoTile, _: &mut [[f32; COLUMNS]]) {}
}

impl Block<NoTile, ByteTile> for Q6Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q6Bytes;

    #[inline(always)]
    fn unpack_block(&self) -> Q6Bytes {
        let mut groups = [[0; COLUMNS]; GROUPS];
        self.unpack(&mut groups);
        Q6Bytes { groups, scales: self.scales() }
    }
}

impl Block<WordTile<4>, WordTile<1>> for Q6Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q6Words;

    #[inline(always)]
    fn unpack_block(&self) -> Q6Words {
        let mut pairs = [[0; COLUMNS]; 2 * GROUPS];
        self.unpack_pairs(&mut pairs);
        Q6Words { pairs, scales: self.scales() }
    }
}

/// d (first scale * first total + last scale * last total), scaled.
#[inline(always)]
fn finish_q6<S: Simd, const R: usize>(
    [first_scales, last_scales]: &[[f32; COLUMNS]; 2],
    first: [S::Ints; R],
    last: [S::Ints; R],
    row_scales: &[f32; R],
    sums: &mut [[f32; COLUMNS]],
) {
    let (first_scales, last_scales) = (S::load_floats(first_scales), S::load_floats(last_scales));
    for (((first, last), row_scale), sums) in first.into_iter().zip(last).zip(row_scales).zip(sums) {
        let first = S::mul_floats(first_scales, S::to_floats(first));
        let last = S::mul_floats(last_scales, S::to_floats(last));
        add_scaled::<S>(sums, *row_scale, S::add_floats(first, last));
    }
}

impl Unpacked<ByteTile> for Q6Bytes {
    #[inline(always)]
    fn multiply<S: Simd>(&self, part: usize, row: &ByteTile, sums: &mut [[f32; COLUMNS]]) {
        let groups = self.groups.as_chunks::<{ PART / 4 }>().0;
        if let (Some(groups), Some(scales)) = (groups.get(part), self.scales.as_chunks().0.get(part)) {
            // All weights have an offset of 32.
            let [first, last] = row.sums_of_16.map(|sum| -32 * sum);
            let ((first_groups, last_groups), (high, low)) =
                (groups.split_at(PART / 8), (row.high.split_at(PART / 8), row.low.split_at(PART / 8)));
            let first = sum_bytes::<S>(first, first_groups, high.0, low.0);
            let last = sum_bytes::<S>(last, last_groups, high.1, low.1);
            finish_q6::<S, 1>(scales, [first], [last], &row.scales, sums);
        }
    }
}

impl<const R: usize> Unpacked<WordTile<R>> for Q6Words {
    #[inline(always)]
    fn multiply<S: Simd>(&self, part: usize, rows: &WordTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let pairs = self.pairs.as_chunks::<{ PART / 2 }>().0;
        if let (Some(pairs), Some(scales)) = (pairs.get(part), self.scales.as_chunks().0.get(part)) {
            let (first_pairs, last_pairs) = pairs.split_at(PART / 4);
            let (first_rows, last_rows) = rows.quants.split_at(PART / 4);
            let first = sum_words::<S, R>(first_pairs, first_rows);
            let last = sum_words::<S, R>(last_pairs, last_rows);
            finish_q6::<S, R>(scales, first, last, &rows.scales, sums);
        }
    }
}

struct Q8Words {
    d: [f32; COLUMNS],
    pairs: [Lanes; PART / 2],
}

impl Block<WordTile<4>, WordTile<1>> for Q8Block {
    const PARTS: usize = 1;

    type Unpacked = Q8Words;

    #[inline(always)]
    fn unpack_block(&self) -> Q8Words {
        let mut pairs = [[0; COLUMNS]; PART / 2];
        self.unpack(&mut pairs);
        Q8Words { d: self.d, pairs }
    }
}

impl<const R: usize> Unpacked<WordTile<R>> for Q8Words {
    #[inline(always)]
    fn multiply<S: Simd>(&self, _: usize, rows: &WordTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let totals = sum_words::<S, R>(&self.pairs, &rows.quants);
        let d = S::load_floats(&self.d);
        for ((total, scale), sums) in totals.into_iter().zip(&rows.scales).zip(sums) {
            add_scaled::<S>(sums, *scale, S::mul_floats(d, S::to_floats(total)));
        }
    }
}
