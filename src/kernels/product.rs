//! Products of activations with weights: `out[row, column] = bias[column] + sum(input[row, i] * weight[i, column])`.
//!
//! For each panel of eight columns and each block along the inputs, the weights are unpacked once into the
//! first cache, and tiles of four rows or one are multiplied with them. The sums over a part of 32 inputs (16
//! where the weights' scales are for 16) are of integers; each becomes a float, is scaled and added to the
//! panel's sums, part after part.
//! So the result does not depend on the machine or on the number of rows.

use super::blocks::{COLUMNS, Lanes, PART_GROUPS, PARTS, Q4Block, Q6Block, Q8Block, widen, widen_less_32};
use super::float::multiply_floats;
use super::input::{ByteTile, Input, PairTile, QuadTile, Rounding, Span, Sums, Tile, Tiles, WordTile};
use super::matrix::{Panels, WeightMatrix};
use super::simd::{Simd, Task, dispatch};
use super::threads;
use std::hint::black_box;

/// Rows that are worth widening the weights for.
const LEAST_ROWS_OF_WORDS: usize = 16;

/// Rows whose sums of two bytes, or two sums of 16 bits, fit the registers.
const ROWS_OF_PAIRS: usize = 2;

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
        let panels = &self.panels;
        let form = dispatch(ChooseForm { panels, rows, rounding: input.rounding() });
        form.make(panels, input);
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
                Product { panels, input, form, sink }.run(Best);
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
                Product { panels, input, form, sink }.run(Best);
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

/// Forms of the activations. The sums are the same with all forms of one rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Floats,
    /// Bytes, coarse.
    Bytes,
    /// Two bytes each, fine.
    Pairs,
    /// 16 bits each, for weights of bytes.
    Quads,
    /// 16 bits each, for weights that were widened to as many.
    Words,
}

impl Form {
    fn make(self, panels: &Panels, input: &mut Input) {
        match self {
            Self::Floats => {}
            Self::Bytes => input.make_bytes(),
            Self::Pairs => input.make_pairs(),
            Self::Quads => input.make_quads(Self::rounding(panels, input)),
            Self::Words => input.make_words(Self::rounding(panels, input)),
        }
    }

    /// With weights of eight bits, coarse activations would make nothing quicker.
    fn rounding(panels: &Panels, input: &Input) -> Rounding {
        if matches!(panels, Panels::Q8(_)) { Rounding::Fine } else { input.rounding() }
    }
}

/// The quickest form on this machine.
struct ChooseForm<'a> {
    panels: &'a Panels,
    rows: usize,
    rounding: Rounding,
}

impl Task for ChooseForm<'_> {
    type Output = Form;

    #[inline(always)]
    fn run<S: Simd>(self) -> Form {
        let narrow = match self.panels {
            Panels::Float(_) => return Form::Floats,
            Panels::Q4(_) | Panels::Q6(_) => S::HAS_BYTES,
            // Too wide for products of bytes.
            Panels::Q8(_) => false,
        };
        match self.rounding {
            Rounding::Coarse if narrow => Form::Bytes,
            Rounding::Fine if narrow && self.rows < S::ROWS_FOR_WORDS => Form::Pairs,
            _ if self.rows < LEAST_ROWS_OF_WORDS => Form::Quads,
            _ => Form::Words,
        }
    }
}

/// Some columns of the product of some rows with a matrix.
struct Product<'a> {
    panels: &'a Panels,
    input: &'a Input,
    form: Form,
    sink: PanelSink<'a>,
}

impl Product<'_> {
    /// Does it with `machine`. Each kind is a function of its own: one with all loops in it has too many
    /// values for the registers that a browser's compiler gives it.
    fn run(mut self, machine: impl Machine) {
        let Self { panels, input, form, sink } = &mut self;
        match (*panels, *form) {
            (Panels::Float(panels), _) => machine.run(FloatProduct { panels, input, sink }),
            (Panels::Q4(blocks), Form::Bytes) => {
                machine.run(PanelProduct { blocks, tiles: input.bytes(), sink });
            }
            (Panels::Q4(blocks), Form::Pairs) => {
                machine.run(PanelProduct { blocks, tiles: input.pairs(), sink });
            }
            (Panels::Q4(blocks), Form::Quads) => {
                machine.run(PanelProduct { blocks, tiles: input.quads(), sink });
            }
            (Panels::Q4(blocks), _) => machine.run(PanelProduct { blocks, tiles: input.words(), sink }),
            (Panels::Q6(blocks), Form::Bytes) => {
                machine.run(PanelProduct { blocks, tiles: input.bytes(), sink });
            }
            (Panels::Q6(blocks), Form::Pairs) => {
                machine.run(PanelProduct { blocks, tiles: input.pairs(), sink });
            }
            (Panels::Q6(blocks), Form::Quads) => {
                machine.run(PanelProduct { blocks, tiles: input.quads(), sink });
            }
            (Panels::Q6(blocks), _) => machine.run(PanelProduct { blocks, tiles: input.words(), sink }),
            (Panels::Q8(blocks), Form::Quads) => {
                machine.run(PanelProduct { blocks, tiles: input.quads(), sink });
            }
            (Panels::Q8(blocks), _) => machine.run(PanelProduct { blocks, tiles: input.words(), sink }),
        }
    }
}

/// What runs a task.
trait Machine {
    fn run<T: Task>(&self, task: T) -> T::Output;
}

/// This machine, with the best that it has.
struct Best;

impl Machine for Best {
    fn run<T: Task>(&self, task: T) -> T::Output {
        dispatch(task)
    }
}

/// A product with weights of float32.
struct FloatProduct<'a, 'b> {
    panels: &'a [[f32; COLUMNS]],
    input: &'a Input,
    sink: &'a mut PanelSink<'b>,
}

impl Task for FloatProduct<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        multiply_floats::<S>(self.panels, self.input, self.sink);
    }
}

/// A product without special instructions, with activations in `form`.
#[cfg(test)]
pub(super) fn plain_product(matrix: &WeightMatrix, input: &mut Input, form: Form, out: &mut Vec<f32>) {
    struct Plain;

    impl Machine for Plain {
        fn run<T: Task>(&self, task: T) -> T::Output {
            task.run::<super::simd::Scalar>()
        }
    }

    let (rows, outputs) = (input.rows(), matrix.outputs());
    out.resize(rows * outputs, 0.0);
    form.make(&matrix.panels, input);
    let span = Span { first: 0, count: rows, all: rows };
    let sink = PanelSink { span, first_panel: 0, columns: outputs, bias: None, out, sums: &mut Vec::new() };
    Product { panels: &matrix.panels, input, form, sink }.run(Plain);
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

/// `starts` and the sums over groups of bytes, with activations of one byte.
///
/// The number of groups is hidden from the compiler: where it knows that there are eight, it takes the loop
/// apart and adds up one sum after the other, with all weights waiting in registers that are not there (twice
/// as slow in wasm).
#[inline(always)]
fn sum_bytes<S: Simd, const R: usize>(starts: [i32; R], groups: &[Lanes], rows: &[[i32; R]]) -> [S::Ints; R] {
    let mut sums = starts.map(S::splat_int);
    let groups = groups.get(..black_box(groups.len())).unwrap_or_default();
    for (weights, rows) in groups.iter().zip(rows) {
        let weights = S::load(weights);
        for (sum, activations) in sums.iter_mut().zip(rows) {
            *sum = S::dot_bytes(*sum, weights, S::pattern(*activations));
        }
    }
    sums
}

/// `starts` and the sums over groups of bytes, with activations of two bytes. The number of groups is hidden, as
/// in [`sum_bytes`].
#[inline(always)]
fn sum_pairs<S: Simd, const R: usize>(
    starts: [i32; R],
    groups: &[Lanes],
    highs: &[[i32; R]],
    lows: &[[i32; R]],
) -> [S::Ints; R] {
    let mut sums = [S::zero(); R];
    let groups = groups.get(..black_box(groups.len())).unwrap_or_default();
    for first in (0..R).step_by(ROWS_OF_PAIRS) {
        let (mut high, mut low) = ([S::zero(); ROWS_OF_PAIRS], [S::zero(); ROWS_OF_PAIRS]);
        for ((weights, highs), lows) in groups.iter().zip(highs).zip(lows) {
            let weights = S::load(weights);
            for row in 0..ROWS_OF_PAIRS.min(R) {
                high[row] = S::dot_bytes(high[row], weights, S::pattern(highs[first + row]));
                low[row] = S::dot_bytes(low[row], weights, S::pattern(lows[first + row]));
            }
        }
        for row in 0..ROWS_OF_PAIRS.min(R) {
            let start = S::splat_int(starts[first + row]);
            sums[first + row] = S::add(S::add(S::times_256(high[row]), low[row]), start);
        }
    }
    sums
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

/// Sums over groups of bytes with signs, with activations of 16 bits, before those in `starts` are added. The
/// number of groups is hidden, as in [`sum_bytes`].
#[inline(always)]
fn sum_quads<S: Simd, const R: usize>(starts: [i32; R], groups: &[Lanes], rows: &[[i64; R]]) -> [S::Ints; R] {
    let mut totals = [S::zero(); R];
    let groups = groups.get(..black_box(groups.len())).unwrap_or_default();
    for first in (0..R).step_by(ROWS_OF_PAIRS) {
        let mut sums = [S::zero_quads(); ROWS_OF_PAIRS];
        for (weights, rows) in groups.iter().zip(rows) {
            let weights = S::load(weights);
            for row in 0..ROWS_OF_PAIRS.min(R) {
                sums[row] = S::dot_quads(sums[row], weights, S::quad_pattern(rows[first + row]));
            }
        }
        for row in 0..ROWS_OF_PAIRS.min(R) {
            totals[first + row] = S::add(S::fold(sums[row]), S::splat_int(starts[first + row]));
        }
    }
    totals
}

/// `sums += scale * floats` in each lane.
#[inline(always)]
fn add_scaled<S: Simd>(sums: &mut [f32; COLUMNS], scale: f32, floats: S::Floats) {
    let scaled = S::mul_floats(S::splat(scale), floats);
    S::store_floats(S::add_floats(S::load_floats(sums), scaled), sums);
}

/// A block of weights, unpacked a part of 32 inputs at a time for tiles of the forms `A` and `B`.
trait Block<A, B> {
    /// Parts in it.
    const PARTS: usize;

    type Unpacked: Unpacked<A> + Unpacked<B>;

    fn unpack_part(&self, part: usize) -> Self::Unpacked;
}

/// An unpacked part.
trait Unpacked<A> {
    /// Adds to `sums` the products of `rows` with it.
    fn multiply<S: Simd>(&self, rows: &A, sums: &mut [[f32; COLUMNS]]);
}

/// All panels: each row of `tiles` times each column.
struct PanelProduct<'a, 'b, A, B, W> {
    blocks: &'a [W],
    tiles: &'a Tiles<A, B>,
    sink: &'a mut PanelSink<'b>,
}

impl<A: Tile<4>, B: Tile<1>, W: Block<A, B>> Task for PanelProduct<'_, '_, A, B, W> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { blocks, tiles, sink } = self;
        let per_panel = (tiles.parts() / W::PARTS).max(1);
        let panels = blocks.chunks_exact(per_panel).skip(sink.first_panel).take(sink.panels());
        for (panel, blocks) in panels.enumerate() {
            let span = sink.span;
            let sums = sink.start(panel);
            for (index, block) in blocks.iter().enumerate() {
                for part in 0..W::PARTS {
                    let unpacked = block.unpack_part(part);
                    let (fours, ones) = tiles.part(index * W::PARTS + part, span);
                    let (four_sums, one_sums) = sums.split_at_mut((4 * fours.len()).min(sums.len()));
                    for (rows, sums) in fours.iter().zip(four_sums.as_chunks_mut::<4>().0) {
                        unpacked.multiply::<S>(rows, sums);
                    }
                    for (rows, sums) in ones.iter().zip(one_sums.as_chunks_mut::<1>().0) {
                        unpacked.multiply::<S>(rows, sums);
                    }
                }
            }
            sink.finish(panel);
        }
    }
}

/// A part of `Q4_K` weights.
struct Q4Part<G> {
    /// Groups of bytes, or pairs.
    weights: G,
    scales: [f32; COLUMNS],
    mins: [f32; COLUMNS],
}

type Bytes = [Lanes; PART_GROUPS];
type Words = [Lanes; 2 * PART_GROUPS];

impl Q4Block {
    #[inline(always)]
    fn bytes(&self, part: usize) -> Q4Part<Bytes> {
        Q4Part { weights: self.unpack(part), scales: self.scales(part), mins: self.mins(part) }
    }
}

impl Block<ByteTile<4>, ByteTile<1>> for Q4Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q4Part<Bytes>;

    #[inline(always)]
    fn unpack_part(&self, part: usize) -> Q4Part<Bytes> {
        self.bytes(part)
    }
}

impl Block<PairTile<4>, PairTile<1>> for Q4Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q4Part<Bytes>;

    #[inline(always)]
    fn unpack_part(&self, part: usize) -> Q4Part<Bytes> {
        self.bytes(part)
    }
}

impl Block<QuadTile<4>, QuadTile<1>> for Q4Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q4Part<Bytes>;

    #[inline(always)]
    fn unpack_part(&self, part: usize) -> Q4Part<Bytes> {
        self.bytes(part)
    }
}

impl Block<WordTile<4>, WordTile<1>> for Q4Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q4Part<Words>;

    #[inline(always)]
    fn unpack_part(&self, part: usize) -> Q4Part<Words> {
        Q4Part { weights: widen(&self.unpack(part)), scales: self.scales(part), mins: self.mins(part) }
    }
}

impl<G> Q4Part<G> {
    /// d scale total - dmin min sum, scaled.
    #[inline(always)]
    fn finish<S: Simd, const R: usize>(
        &self,
        totals: [S::Ints; R],
        rows: &Sums<R>,
        sums: &mut [[f32; COLUMNS]],
    ) {
        let (scales, mins) = (S::load_floats(&self.scales), S::load_floats(&self.mins));
        let rows = rows.of_32.iter().zip(&rows.scales);
        for ((total, (row_sum, row_scale)), sums) in totals.into_iter().zip(rows).zip(sums) {
            let weights = S::mul_floats(scales, S::to_floats(total));
            let value = S::sub_floats(weights, S::mul_floats(mins, S::splat(*row_sum)));
            add_scaled::<S>(sums, *row_scale, value);
        }
    }
}

impl<const R: usize> Unpacked<ByteTile<R>> for Q4Part<Bytes> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &ByteTile<R>, sums: &mut [[f32; COLUMNS]]) {
        self.finish::<S, R>(sum_bytes::<S, R>([0; R], &self.weights, &rows.quants), &rows.sums, sums);
    }
}

impl<const R: usize> Unpacked<PairTile<R>> for Q4Part<Bytes> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &PairTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let totals = sum_pairs::<S, R>([0; R], &self.weights, &rows.high, &rows.low);
        self.finish::<S, R>(totals, &rows.sums, sums);
    }
}

impl<const R: usize> Unpacked<QuadTile<R>> for Q4Part<Bytes> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &QuadTile<R>, sums: &mut [[f32; COLUMNS]]) {
        self.finish::<S, R>(sum_quads::<S, R>([0; R], &self.weights, &rows.quants), &rows.sums, sums);
    }
}

impl<const R: usize> Unpacked<WordTile<R>> for Q4Part<Words> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &WordTile<R>, sums: &mut [[f32; COLUMNS]]) {
        self.finish::<S, R>(sum_words::<S, R>(&self.weights, &rows.quants), &rows.sums, sums);
    }
}

/// A part of `Q6_K` weights; its halves have scales of their own.
struct Q6Part<G> {
    /// Groups of bytes, or pairs, less the offset of 32.
    weights: G,
    scales: [[f32; COLUMNS]; 2],
}

impl Q6Block {
    #[inline(always)]
    fn bytes(&self, part: usize) -> Q6Part<Bytes> {
        Q6Part { weights: self.unpack(part), scales: self.scales(part) }
    }
}

impl Block<ByteTile<4>, ByteTile<1>> for Q6Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q6Part<Bytes>;

    #[inline(always)]
    fn unpack_part(&self, part: usize) -> Q6Part<Bytes> {
        self.bytes(part)
    }
}

impl Block<PairTile<4>, PairTile<1>> for Q6Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q6Part<Bytes>;

    #[inline(always)]
    fn unpack_part(&self, part: usize) -> Q6Part<Bytes> {
        self.bytes(part)
    }
}

impl Block<QuadTile<4>, QuadTile<1>> for Q6Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q6Part<Bytes>;

    #[inline(always)]
    fn unpack_part(&self, part: usize) -> Q6Part<Bytes> {
        self.bytes(part)
    }
}

impl Block<WordTile<4>, WordTile<1>> for Q6Block {
    const PARTS: usize = PARTS;

    type Unpacked = Q6Part<Words>;

    #[inline(always)]
    fn unpack_part(&self, part: usize) -> Q6Part<Words> {
        Q6Part { weights: widen_less_32(&self.unpack(part)), scales: self.scales(part) }
    }
}

impl<G> Q6Part<G> {
    /// d (first scale * first total + last scale * last total), scaled.
    #[inline(always)]
    fn finish<S: Simd, const R: usize>(
        &self,
        first: [S::Ints; R],
        last: [S::Ints; R],
        rows: &Sums<R>,
        sums: &mut [[f32; COLUMNS]],
    ) {
        let (first_scales, last_scales) = (S::load_floats(&self.scales[0]), S::load_floats(&self.scales[1]));
        for (((first, last), row_scale), sums) in first.into_iter().zip(last).zip(&rows.scales).zip(sums) {
            let first = S::mul_floats(first_scales, S::to_floats(first));
            let last = S::mul_floats(last_scales, S::to_floats(last));
            add_scaled::<S>(sums, *row_scale, S::add_floats(first, last));
        }
    }
}

/// What the offset of 32 takes from each half's sums.
#[inline(always)]
fn offsets<const R: usize>(sums: &Sums<R>) -> [[i32; R]; 2] {
    sums.of_16.map(|sums| sums.map(|sum| -32 * sum))
}

impl<const R: usize> Unpacked<ByteTile<R>> for Q6Part<Bytes> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &ByteTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let [first, last] = offsets(&rows.sums);
        let (first_groups, last_groups) = self.weights.split_at(PART_GROUPS / 2);
        let (first_rows, last_rows) = rows.quants.split_at(PART_GROUPS / 2);
        let first = sum_bytes::<S, R>(first, first_groups, first_rows);
        let last = sum_bytes::<S, R>(last, last_groups, last_rows);
        self.finish::<S, R>(first, last, &rows.sums, sums);
    }
}

impl<const R: usize> Unpacked<PairTile<R>> for Q6Part<Bytes> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &PairTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let [first, last] = offsets(&rows.sums);
        let (first_groups, last_groups) = self.weights.split_at(PART_GROUPS / 2);
        let (high, low) = (rows.high.split_at(PART_GROUPS / 2), rows.low.split_at(PART_GROUPS / 2));
        let first = sum_pairs::<S, R>(first, first_groups, high.0, low.0);
        let last = sum_pairs::<S, R>(last, last_groups, high.1, low.1);
        self.finish::<S, R>(first, last, &rows.sums, sums);
    }
}

impl<const R: usize> Unpacked<QuadTile<R>> for Q6Part<Bytes> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &QuadTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let [first, last] = offsets(&rows.sums);
        let (first_groups, last_groups) = self.weights.split_at(PART_GROUPS / 2);
        let (first_rows, last_rows) = rows.quants.split_at(PART_GROUPS / 2);
        let first = sum_quads::<S, R>(first, first_groups, first_rows);
        let last = sum_quads::<S, R>(last, last_groups, last_rows);
        self.finish::<S, R>(first, last, &rows.sums, sums);
    }
}

impl<const R: usize> Unpacked<WordTile<R>> for Q6Part<Words> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &WordTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let (first_pairs, last_pairs) = self.weights.split_at(PART_GROUPS);
        let (first_rows, last_rows) = rows.quants.split_at(PART_GROUPS);
        let first = sum_words::<S, R>(first_pairs, first_rows);
        let last = sum_words::<S, R>(last_pairs, last_rows);
        self.finish::<S, R>(first, last, &rows.sums, sums);
    }
}

/// A block of `Q8_0` weights.
struct Q8Part<G> {
    /// Groups of bytes, or pairs.
    weights: G,
    d: [f32; COLUMNS],
}

impl Block<QuadTile<4>, QuadTile<1>> for Q8Block {
    const PARTS: usize = 1;

    type Unpacked = Q8Part<Bytes>;

    #[inline(always)]
    fn unpack_part(&self, _: usize) -> Q8Part<Bytes> {
        Q8Part { weights: *self.groups(), d: self.d }
    }
}

impl Block<WordTile<4>, WordTile<1>> for Q8Block {
    const PARTS: usize = 1;

    type Unpacked = Q8Part<Words>;

    #[inline(always)]
    fn unpack_part(&self, _: usize) -> Q8Part<Words> {
        Q8Part { weights: self.unpack(), d: self.d }
    }
}

impl<G> Q8Part<G> {
    /// d total, scaled.
    #[inline(always)]
    fn finish<S: Simd, const R: usize>(
        &self,
        totals: [S::Ints; R],
        scales: &[f32; R],
        sums: &mut [[f32; COLUMNS]],
    ) {
        let d = S::load_floats(&self.d);
        for ((total, scale), sums) in totals.into_iter().zip(scales).zip(sums) {
            add_scaled::<S>(sums, *scale, S::mul_floats(d, S::to_floats(total)));
        }
    }
}

impl<const R: usize> Unpacked<QuadTile<R>> for Q8Part<Bytes> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &QuadTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let totals = sum_quads::<S, R>([0; R], &self.weights, &rows.quants);
        self.finish::<S, R>(totals, &rows.sums.scales, sums);
    }
}

impl<const R: usize> Unpacked<WordTile<R>> for Q8Part<Words> {
    #[inline(always)]
    fn multiply<S: Simd>(&self, rows: &WordTile<R>, sums: &mut [[f32; COLUMNS]]) {
        let totals = sum_words::<S, R>(&self.weights, &rows.quants);
        self.finish::<S, R>(totals, &rows.sums.scales, sums);
    }
}
