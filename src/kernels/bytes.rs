//! Products of activations of a byte with weights of seven bits: what convolutional networks are content with.
//!
//! A weight is a whole number from -63 to 63 times the scale of its output, kept 64 higher, because the quickest
//! instructions take one side without a sign. Each row of activations has a scale and an offset of its own, which
//! spread its range over all 256 values of a byte. So a product is one sum of whole numbers over all inputs,
//! put right at its end:
//!
//! ```text
//! activation = s (q + 128) + min          weight = t (p - 64)
//! sum(activation * weight) = s t (sum(q p) - 64 sum(q)) + (128 s + min) t sum(p - 64)
//! ```
//!
//! A group is four inputs that lie a quarter of the row apart, so that rounding a row and packing it is the same work in
//! each lane. Inputs that fill the last group have weights of zero. Where the machine multiplies no bytes, both sides
//! are widened to 16 bits, and a group is two inputs, half a row apart. The sums are the same.

use super::blocks::{COLUMNS, Lanes};
use super::elementwise::ROUNDING;
use super::simd::{Simd, Task, dispatch};

/// Rows in a tile.
const TILE: usize = 8;
/// Rows whose sums fit the registers of a machine with vectors of 128 bits.
const HALF_TILE: usize = TILE / 2;
/// Floats that are rounded at a time.
const LANES: usize = 8;
/// A weight of zero.
const MIDDLE: i32 = 64;
/// The largest weight, in steps of its scale.
const LIMIT: f32 = 63.0;

/// A matrix `[outputs, inputs]`.
#[derive(Clone, Debug)]
pub(crate) struct ByteMatrix {
    outputs: usize,
    inputs: usize,
    /// Groups along the inputs: of four bytes, or of two 16-bit integers.
    groups: usize,
    /// Panel after panel of eight outputs.
    weights: Vec<Lanes>,
    ends: Vec<PanelEnds>,
}

/// What the sums of a panel are put right with.
#[derive(Clone, Debug, Default)]
struct PanelEnds {
    scales: [f32; COLUMNS],
    /// Sums of the weights.
    sums: [f32; COLUMNS],
    bias: [f32; COLUMNS],
}

/// Rows of rounded activations, in tiles.
#[derive(Debug, Default)]
pub(crate) struct ByteRows {
    /// Tile after tile, in each group after group.
    quants: Vec<[i32; TILE]>,
    ends: Vec<TileEnds>,
    /// A row, filled to whole groups.
    filled: Vec<f32>,
    /// A row, packed.
    packed: Vec<i32>,
}

#[derive(Clone, Debug, Default)]
struct TileEnds {
    scales: [f32; TILE],
    offsets: [f32; TILE],
    /// Sums of the rounded activations, times -64.
    sums: [i32; TILE],
}

/// Inputs in a group: whether the machine multiplies bytes.
#[inline(always)]
fn width_on<S: Simd>() -> usize {
    if S::HAS_BYTES { 4 } else { 2 }
}

/// Inputs in a group on this machine.
fn group_width() -> usize {
    struct GroupWidth;

    impl Task for GroupWidth {
        type Output = usize;

        #[inline(always)]
        fn run<S: Simd>(self) -> usize {
            width_on::<S>()
        }
    }

    dispatch(GroupWidth)
}

impl ByteMatrix {
    /// Of `weights`, `[outputs, inputs]`, and a bias for each output; none if they do not fit together.
    pub(crate) fn new(weights: &[f32], inputs: usize, bias: &[f32]) -> Option<Self> {
        Self::of_groups(group_width(), weights, inputs, bias)
    }

    /// [`ByteMatrix::new`] with so many inputs in a group.
    fn of_groups(width: usize, weights: &[f32], inputs: usize, bias: &[f32]) -> Option<Self> {
        let outputs = weights.len().checked_div(inputs)?;
        if outputs == 0 || outputs * inputs != weights.len() || bias.len() != outputs {
            return None;
        }
        let groups = inputs.div_ceil(width);
        let panels = outputs.div_ceil(COLUMNS);
        let shift = |place: usize| place * (32 / width);
        let middle = (0..width).map(|place| MIDDLE << shift(place)).sum();
        let mut matrix = Self {
            outputs,
            inputs,
            groups,
            weights: vec![[middle; COLUMNS]; panels * groups],
            ends: vec![PanelEnds::default(); panels],
        };
        for (output, (row, bias)) in weights.chunks_exact(inputs).zip(bias).enumerate() {
            let (panel, column) = (output / COLUMNS, output % COLUMNS);
            let largest = row.iter().fold(0f32, |largest, weight| largest.max(weight.abs()));
            let scale = largest / LIMIT;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            let mut sum = 0;
            let panel_groups = matrix.weights.chunks_exact_mut(groups).nth(panel).unwrap_or_default();
            for (place, weights) in row.chunks(groups).enumerate() {
                for (group, weight) in panel_groups.iter_mut().zip(weights) {
                    #[allow(clippy::cast_possible_truncation, reason = "at most 63")]
                    let quant = (weight * inverse).round().clamp(-LIMIT, LIMIT) as i32;
                    sum += quant;
                    group[column] += quant << shift(place);
                }
            }
            let ends = &mut matrix.ends[panel];
            ends.scales[column] = scale;
            #[allow(clippy::cast_precision_loss, reason = "below 2^24 for inputs below 2^18")]
            let sum = sum as f32;
            ends.sums[column] = scale * sum;
            ends.bias[column] = *bias;
        }
        Some(matrix)
    }

    /// Features that come out.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Features that go in.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Writes the products of `rows` to `out`, `[rows, outputs]`, which decides how many there are.
    pub(crate) fn multiply(&self, rows: &ByteRows, out: &mut [f32]) {
        dispatch(Multiply { matrix: self, rows, out });
    }
}

impl ByteRows {
    /// Makes the rows those of `values`, `[rows, inputs of the matrix]`.
    pub(crate) fn fill(&mut self, matrix: &ByteMatrix, values: &[f32]) {
        let tiles = (values.len() / matrix.inputs).div_ceil(TILE);
        self.quants.clear();
        self.quants.resize(tiles * matrix.groups, [0; TILE]);
        self.ends.clear();
        self.ends.resize(tiles, TileEnds::default());
        self.packed.resize(matrix.groups, 0);
        dispatch(Fill { rows: self, groups: matrix.groups, inputs: matrix.inputs, values });
    }
}

struct Fill<'a> {
    rows: &'a mut ByteRows,
    groups: usize,
    inputs: usize,
    values: &'a [f32],
}

impl Task for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { rows, groups, inputs, values } = self;
        let ByteRows { quants, ends, filled, packed } = rows;
        let packed = packed.as_mut_slice();
        let whole = groups * width_on::<S>();
        for ((quants, ends), rows) in
            quants.chunks_exact_mut(groups).zip(ends).zip(values.chunks(TILE * inputs))
        {
            for (row, values) in rows.chunks_exact(inputs).enumerate() {
                let (least, largest) = range::<S>(values);
                let scale = (largest - least) / 255.0;
                let rounding = Rounded { least, inverse: if scale > 0.0 { 1.0 / scale } else { 0.0 } };
                let values = if inputs == whole {
                    values
                } else {
                    filled.clear();
                    filled.extend_from_slice(values);
                    filled.resize(whole, least);
                    &filled[..]
                };
                let sum = rounding.pack::<S>(values, packed);
                ends.scales[row] = scale;
                ends.offsets[row] = 128.0 * scale + least;
                ends.sums[row] = -MIDDLE * sum;
                for (group, packed) in quants.iter_mut().zip(&*packed) {
                    group[row] = *packed;
                }
            }
        }
    }
}

/// The least and the largest of `values`; zeros of none.
#[inline(always)]
fn range<S: Simd>(values: &[f32]) -> (f32, f32) {
    let first = values.first().copied().unwrap_or_default();
    let (mut least, mut largest) = (S::splat(first), S::splat(first));
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        let eight = S::load_floats(eight);
        least = S::min_floats(eight, least);
        largest = S::max_floats(eight, largest);
    }
    let (mut leasts, mut largests) = ([0.0; 8], [0.0; 8]);
    S::store_floats(least, &mut leasts);
    S::store_floats(largest, &mut largests);
    let (mut least, mut largest) = (first, first);
    for value in leasts.iter().chain(rest) {
        least = if *value < least { *value } else { least };
    }
    for value in largests.iter().chain(rest) {
        largest = if *value > largest { *value } else { largest };
    }
    (least, largest)
}

/// How a row is rounded.
#[derive(Clone, Copy, Debug)]
struct Rounded {
    least: f32,
    inverse: f32,
}

impl Rounded {
    /// Those of part `part`, from `first` on: 0 to 255 each. Whatever is not a number becomes one of them, too.
    #[inline(always)]
    fn quants<S: Simd>(self, values: &[f32], first: usize, part: usize, groups: usize) -> S::Ints {
        let values = values.get(part * groups..(part + 1) * groups).unwrap_or_default();
        let values = match values.get(first..).and_then(<[f32]>::first_chunk) {
            Some(values) => S::load_floats(values),
            // The last few, and whatever in the lanes behind them.
            None => {
                let mut last = [self.least; LANES];
                for (lane, value) in last.iter_mut().zip(values.get(first..).unwrap_or_default()) {
                    *lane = *value;
                }
                S::load_floats(&last)
            }
        };
        let steps = S::mul_floats(S::sub_floats(values, S::splat(self.least)), S::splat(self.inverse));
        S::and(S::bits(S::add_floats(steps, S::splat(ROUNDING))), S::splat_int(0xff))
    }

    /// Packs the four quarters of `values`, or the two halves, into one group after another, and gives the sum of
    /// what they are rounded to, -128 to 127 each.
    #[inline(always)]
    fn pack<S: Simd>(self, values: &[f32], packed: &mut [i32]) -> i32 {
        let groups = packed.len();
        let mut total = 0;
        for first in (0..groups).step_by(LANES) {
            let a = self.quants::<S>(values, first, 0, groups);
            let b = self.quants::<S>(values, first, 1, groups);
            let (sum, word, middle) = if S::HAS_BYTES {
                let c = self.quants::<S>(values, first, 2, groups);
                let d = self.quants::<S>(values, first, 3, groups);
                let sum = S::add(S::add(a, b), S::add(c, d));
                let high = S::add(S::times_256(d), c);
                let word = S::add(S::times_256(S::add(S::times_256(high), b)), a);
                // Turning the top bit round takes 128 away.
                (sum, S::xor(word, S::splat_int(0x8080_8080_u32.cast_signed())), 4 * 128)
            } else {
                let less_128 = S::splat_int(0xff80);
                let high = S::times_256(S::times_256(S::add(b, less_128)));
                let low = S::and(S::add(a, less_128), S::splat_int(0xffff));
                (S::add(a, b), S::add(high, low), 2 * 128)
            };
            let (mut sums, mut words) = ([0; LANES], [0; LANES]);
            S::store(sum, &mut sums);
            S::store(word, &mut words);
            let places = packed.get_mut(first..).unwrap_or_default();
            if let Some(places) = places.first_chunk_mut() {
                *places = words;
                let [a, b, c, d, e, f, g, h] = sums;
                total += ((a + e) + (c + g)) + ((b + f) + (d + h)) - 8 * middle;
            } else {
                for ((place, word), sum) in places.iter_mut().zip(words).zip(sums) {
                    *place = word;
                    total += sum - middle;
                }
            }
        }
        total
    }
}

struct Multiply<'a> {
    matrix: &'a ByteMatrix,
    rows: &'a ByteRows,
    out: &'a mut [f32],
}

impl Task for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let Self { matrix, rows, out } = self;
        let panels = matrix.weights.chunks_exact(matrix.groups).zip(&matrix.ends);
        for (panel, (weights, panel_ends)) in panels.enumerate() {
            let tiles = rows.quants.chunks_exact(matrix.groups).zip(&rows.ends);
            let out = out.chunks_mut(TILE * matrix.outputs);
            for ((quants, ends), out) in tiles.zip(out) {
                let mut sink = TileSink { panel, panel_ends, ends, outputs: matrix.outputs, out };
                if S::HAS_MANY_REGISTERS {
                    sink.put::<S, TILE>(0, sum::<S, TILE>(weights, quants, 0));
                } else {
                    sink.put::<S, HALF_TILE>(0, sum::<S, HALF_TILE>(weights, quants, 0));
                    sink.put::<S, HALF_TILE>(HALF_TILE, sum::<S, HALF_TILE>(weights, quants, HALF_TILE));
                }
            }
        }
    }
}

/// Sums over all groups for the `R` rows of a tile from `first` on.
#[inline(always)]
fn sum<S: Simd, const R: usize>(weights: &[Lanes], quants: &[[i32; TILE]], first: usize) -> [S::Ints; R] {
    let mut sums = [S::zero(); R];
    for (weights, quants) in weights.iter().zip(quants) {
        let weights = S::load(weights);
        for row in 0..R {
            let quants = S::pattern(quants[first + row]);
            sums[row] = if S::HAS_BYTES {
                S::dot_bytes(sums[row], weights, quants)
            } else {
                S::dot_words(sums[row], weights, quants)
            };
        }
    }
    sums
}

/// Where the sums of a tile and a panel go.
struct TileSink<'a> {
    panel: usize,
    panel_ends: &'a PanelEnds,
    ends: &'a TileEnds,
    outputs: usize,
    /// The tile's rows, or as many as there are.
    out: &'a mut [f32],
}

impl TileSink<'_> {
    #[inline(always)]
    fn put<S: Simd, const R: usize>(&mut self, first: usize, sums: [S::Ints; R]) {
        let column = self.panel * COLUMNS;
        let whole = column + COLUMNS <= self.outputs;
        let PanelEnds { scales, sums: weights, bias } = self.panel_ends;
        let (scales, weights, bias) = (S::load_floats(scales), S::load_floats(weights), S::load_floats(bias));
        for (part, sum) in sums.iter().enumerate() {
            let row = first + part;
            let sum = S::to_floats(S::add(*sum, S::splat_int(self.ends.sums[row])));
            let scaled = S::mul_floats(S::mul_floats(sum, S::splat(self.ends.scales[row])), scales);
            let offset = S::mul_floats(S::splat(self.ends.offsets[row]), weights);
            let product = S::add_floats(S::add_floats(scaled, offset), bias);
            let start = row * self.outputs;
            let end = start + self.outputs;
            let Some(place) = self.out.get_mut(start + column..end) else { return };
            if whole && let Some(place) = place.first_chunk_mut() {
                S::store_floats(product, place);
            } else {
                let mut eight = [0.0; COLUMNS];
                S::store_floats(product, &mut eight);
                for (place, value) in place.iter_mut().zip(eight) {
                    *place = value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::Scalar;
    use super::*;

    /// Numbers without a pattern, -1 to 1.
    fn noise(count: usize, seed: u32) -> Vec<f32> {
        let step = |state: &mut u32| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some((*state >> 8) as f32 / 8_388_608.0 - 1.0)
        };
        std::iter::repeat_n((), count).scan(seed, |state, ()| step(state)).collect()
    }

    fn product(matrix: &ByteMatrix, values: &[f32]) -> Vec<f32> {
        let mut rows = ByteRows::default();
        rows.fill(matrix, values);
        let mut out = vec![f32::NAN; values.len() / matrix.inputs * matrix.outputs];
        matrix.multiply(&rows, &mut out);
        out
    }

    /// The same in plain integers, two inputs to a group.
    fn plain(weights: &[f32], inputs: usize, bias: &[f32], values: &[f32]) -> Vec<f32> {
        let matrix = ByteMatrix::of_groups(2, weights, inputs, bias).unwrap();
        let mut rows = ByteRows::default();
        let tiles = (values.len() / inputs).div_ceil(TILE);
        rows.quants.resize(tiles * matrix.groups, [0; TILE]);
        rows.ends.resize(tiles, TileEnds::default());
        rows.packed.resize(matrix.groups, 0);
        Fill { rows: &mut rows, groups: matrix.groups, inputs, values }.run::<Scalar>();
        let mut out = vec![f32::NAN; values.len() / inputs * matrix.outputs];
        Multiply { matrix: &matrix, rows: &rows, out: &mut out }.run::<Scalar>();
        out
    }

    #[test]
    fn products_are_near_those_of_floats_and_the_same_on_every_machine() {
        for (rows, inputs, outputs) in
            [(1, 4, 8), (9, 27, 48), (17, 96, 20), (8, 120, 1), (3, 5, 3), (64, 384, 96)]
        {
            let (weights, bias) = (noise(outputs * inputs, 1), noise(outputs, 2));
            // Of the kind that comes from a function that is never far below zero.
            let values: Vec<f32> =
                noise(rows * inputs, 3).iter().map(|value| value.max(-0.1) * 7.0).collect();
            let matrix = ByteMatrix::new(&weights, inputs, &bias).unwrap();
            let found = product(&matrix, &values);
            assert_eq!(found, plain(&weights, inputs, &bias, &values), "{rows} {inputs} {outputs}");
            for (row, found) in values.chunks(inputs).zip(found.chunks(outputs)) {
                for (column, found) in found.iter().enumerate() {
                    let weights = &weights[column * inputs..(column + 1) * inputs];
                    let exact: f32 = row.iter().zip(weights).map(|(a, b)| a * b).sum::<f32>() + bias[column];
                    // Half a step of each, as random walks add up.
                    let bound = 7.0 * (inputs as f32).sqrt() * (0.5 / 63.0 + 0.5 / 255.0);
                    assert!((found - exact).abs() < bound, "{found} for {exact}, {rows} {inputs} {outputs}");
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_change_with_its_neighbours() {
        let (weights, bias) = (noise(24 * 48, 4), vec![0.0; 24]);
        let matrix = ByteMatrix::new(&weights, 48, &bias).unwrap();
        let values = noise(11 * 48, 5);
        let together = product(&matrix, &values);
        for (row, together) in values.chunks(48).zip(together.chunks(24)) {
            assert_eq!(product(&matrix, row), together);
        }
    }

    #[test]
    fn what_is_constant_or_no_number_does_no_harm() {
        let matrix = ByteMatrix::new(&[0.0, 0.0, 1.0, -1.0], 2, &[3.0, 4.0]).unwrap();
        assert_eq!(product(&matrix, &[5.0, 5.0]), [3.0, 4.0]);
        assert_eq!(product(&matrix, &[f32::NAN, f32::INFINITY]).len(), 2);
        assert!(ByteMatrix::new(&[], 0, &[]).is_none());
        assert!(ByteMatrix::new(&[1.0; 5], 2, &[0.0; 2]).is_none());
        assert!(ByteMatrix::new(&[1.0; 4], 2, &[0.0; 3]).is_none());
    }
}
