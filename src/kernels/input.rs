//! The other side of a product: rows of activations, and what each kind of weights wants of them.
//!
//! For quantised weights the activations are rounded to whole numbers, with one scale for each 32: to 16 bits,
//! or, where their owner says that it may be, to 8. Eight bits, even twelve, are too few for a T5: its attention
//! scores are not scaled, and a thousandth of error in them is a different answer. A form is made when the first
//! matrix asks for it and kept for the next: query, key and value share it.

use super::blocks::PART;
use super::elementwise::ROUNDING;
use super::simd::{Simd, Task, dispatch};

/// The largest of rounded activations: 127 * 256 + 127, so that its bytes are both within 8 bits with a sign.
/// `Q8_0` has weights of up to 128, and 32 * 128 * 32639 < 2^31.
pub(super) const LIMIT: i32 = 32_639;
/// The largest of activations that are rounded to one byte.
const COARSE_LIMIT: i32 = 127;

/// How finely activations are rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// To 16 bits.
    #[default]
    Fine,
    /// To 8 bits, for `Q4_K` and `Q6_K`.
    Coarse,
}

impl Rounding {
    /// The largest of the rounded activations.
    fn limit(self) -> i32 {
        match self {
            Self::Fine => LIMIT,
            Self::Coarse => COARSE_LIMIT,
        }
    }
}

/// 32 activations of each of `R` rows as bytes; four in each 32 bits.
#[derive(Clone, Debug)]
pub(super) struct ByteTile<const R: usize> {
    pub(super) quants: [[i32; R]; PART / 4],
    pub(super) sums: Sums<R>,
}

/// 32 activations of each of `R` rows as two bytes each, `256 * high + low`; four in each 32 bits.
#[derive(Clone, Debug)]
pub(super) struct PairTile<const R: usize> {
    pub(super) high: [[i32; R]; PART / 4],
    pub(super) low: [[i32; R]; PART / 4],
    pub(super) sums: Sums<R>,
}

/// 32 activations of each of `R` rows as 16-bit integers, four in each 64 bits.
#[derive(Clone, Debug)]
pub(super) struct QuadTile<const R: usize> {
    pub(super) quants: [[i64; R]; PART / 4],
    pub(super) sums: Sums<R>,
}

/// 32 activations of each of `R` rows as 16-bit integers, two in each 32 bits.
#[derive(Clone, Debug)]
pub(super) struct WordTile<const R: usize> {
    pub(super) quants: [[i32; R]; PART / 2],
    pub(super) sums: Sums<R>,
}

/// What minima and offsets of weights are multiplied with, and the scales.
#[derive(Clone, Debug)]
pub(super) struct Sums<const R: usize> {
    /// Sums of the first 16 and of the last 16.
    pub(super) of_16: [[i32; R]; 2],
    /// Whole numbers.
    pub(super) of_32: [f32; R],
    pub(super) scales: [f32; R],
}

/// Rows of activations, `[rows, width]`.
#[derive(Debug, Default)]
pub(crate) struct Input {
    values: Vec<f32>,
    rows: usize,
    width: usize,
    rounding: Rounding,
    bytes: Tiles<ByteTile<4>, ByteTile<1>>,
    pairs: Tiles<PairTile<4>, PairTile<1>>,
    quads: Tiles<QuadTile<4>, QuadTile<1>>,
    words: Tiles<WordTile<4>, WordTile<1>>,
}

/// Some of an input's rows: whole tiles of four, and with the last row those after them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) count: usize,
    /// Rows of the input.
    pub(super) all: usize,
}

/// Parts of rows, four rows at a time and the rest one by one; those of the same place of all rows together.
#[derive(Debug)]
pub(super) struct Tiles<A, B> {
    fours: Vec<A>,
    ones: Vec<B>,
    parts: usize,
    made: Option<Rounding>,
}

impl<A, B> Default for Tiles<A, B> {
    fn default() -> Self {
        Self { fours: Vec::new(), ones: Vec::new(), parts: 0, made: None }
    }
}

/// A tile of `R` rows, made of as many slices of [`PART`] activations.
pub(super) trait Tile<const R: usize> {
    fn new(rows: [&[f32]; R], limit: i32) -> Self;
}

impl Input {
    /// For activations that may be rounded in this way.
    pub(crate) fn rounded(rounding: Rounding) -> Self {
        Self { rounding, ..Self::default() }
    }

    /// Room for new activations, to be overwritten in whole.
    pub(crate) fn begin(&mut self, rows: usize, width: usize) -> &mut [f32] {
        self.bytes.made = None;
        self.pairs.made = None;
        self.quads.made = None;
        self.words.made = None;
        (self.rows, self.width) = (rows, width);
        self.values.resize(rows * width, 0.0);
        &mut self.values
    }

    /// Makes the activations a copy of `values`, `[rows, width]`.
    pub(crate) fn copy(&mut self, values: &[f32], width: usize) {
        self.begin(values.len() / width.max(1), width).copy_from_slice(values);
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn values(&self) -> &[f32] {
        &self.values
    }

    pub(super) fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// Makes the form: bytes.
    pub(super) fn make_bytes(&mut self) {
        self.bytes.make(&self.values, self.width, Rounding::Coarse);
    }

    /// Makes the form: pairs of bytes.
    pub(super) fn make_pairs(&mut self) {
        self.pairs.make(&self.values, self.width, Rounding::Fine);
    }

    /// Makes the form: fours of 16-bit integers.
    pub(super) fn make_quads(&mut self, rounding: Rounding) {
        self.quads.make(&self.values, self.width, rounding);
    }

    /// Makes the form: 16-bit integers.
    pub(super) fn make_words(&mut self, rounding: Rounding) {
        self.words.make(&self.values, self.width, rounding);
    }

    /// As they were made for the values that there are now.
    pub(super) fn bytes(&self) -> &Tiles<ByteTile<4>, ByteTile<1>> {
        &self.bytes
    }

    /// As they were made for the values that there are now.
    pub(super) fn pairs(&self) -> &Tiles<PairTile<4>, PairTile<1>> {
        &self.pairs
    }

    /// As they were made for the values that there are now.
    pub(super) fn quads(&self) -> &Tiles<QuadTile<4>, QuadTile<1>> {
        &self.quads
    }

    /// As they were made for the values that there are now.
    pub(super) fn words(&self) -> &Tiles<WordTile<4>, WordTile<1>> {
        &self.words
    }
}

impl<A: Tile<4>, B: Tile<1>> Tiles<A, B> {
    fn make(&mut self, values: &[f32], width: usize, rounding: Rounding) {
        if self.made != Some(rounding) {
            self.fours.clear();
            self.ones.clear();
            dispatch(MakeTiles { tiles: &mut *self, values, width, limit: rounding.limit() });
            self.parts = width / PART;
            self.made = Some(rounding);
        }
    }

    /// Parts along a row.
    #[inline(always)]
    pub(super) fn parts(&self) -> usize {
        self.parts
    }

    /// The tiles of part `index` of the rows in `span`.
    #[inline(always)]
    pub(super) fn part(&self, index: usize, span: Span) -> (&[A], &[B]) {
        let (fours, ones) = (span.all / 4, span.all % 4);
        let end = span.first + span.count;
        let ones = if end == span.all { index * ones..(index + 1) * ones } else { 0..0 };
        (
            self.fours.get(index * fours + span.first / 4..index * fours + end / 4).unwrap_or_default(),
            self.ones.get(ones).unwrap_or_default(),
        )
    }
}

struct MakeTiles<'a, A, B> {
    tiles: &'a mut Tiles<A, B>,
    values: &'a [f32],
    width: usize,
    limit: i32,
}

impl<A: Tile<4>, B: Tile<1>> Task for MakeTiles<'_, A, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for start in (0..self.width).step_by(PART) {
            let range = start..start + PART;
            let fours = self.values.chunks_exact(4 * self.width);
            let rest = fours.remainder();
            for rows in fours {
                let part = |row: usize| {
                    let row = rows.get(row * self.width..).unwrap_or_default();
                    row.get(range.clone()).unwrap_or_default()
                };
                self.tiles.fours.push(A::new(std::array::from_fn(part), self.limit));
            }
            for row in rest.chunks_exact(self.width) {
                let part = row.get(range.clone()).unwrap_or_default();
                self.tiles.ones.push(B::new([part], self.limit));
            }
        }
    }
}

/// Four bytes in 32 bits, from numbers that fit them.
#[inline(always)]
fn pack([a, b, c, d]: [i32; 4]) -> i32 {
    (a & 0xff) | ((b & 0xff) << 8) | ((c & 0xff) << 16) | (d << 24)
}

impl<const R: usize> Tile<R> for ByteTile<R> {
    #[inline(always)]
    fn new(rows: [&[f32]; R], limit: i32) -> Self {
        let mut tile = Self { quants: [[0; R]; PART / 4], sums: Sums::empty() };
        for (row, values) in rows.into_iter().enumerate() {
            let (quants, scale) = quantise(values, limit);
            tile.sums.put(row, &quants, scale);
            for (place, quad) in tile.quants.iter_mut().zip(quants.as_chunks::<4>().0) {
                place[row] = pack(*quad);
            }
        }
        tile
    }
}

impl<const R: usize> Tile<R> for PairTile<R> {
    #[inline(always)]
    fn new(rows: [&[f32]; R], limit: i32) -> Self {
        let mut tile = Self { high: [[0; R]; PART / 4], low: [[0; R]; PART / 4], sums: Sums::empty() };
        // Rounded down to multiples of 256 after half of it is added: high is -127 to 127, low -128 to 127.
        let high = |quant: i32| (quant + 128) >> 8;
        for (row, values) in rows.into_iter().enumerate() {
            let (quants, scale) = quantise(values, limit);
            tile.sums.put(row, &quants, scale);
            let places = tile.high.iter_mut().zip(&mut tile.low);
            for ((place, low), quad) in places.zip(quants.as_chunks::<4>().0) {
                place[row] = pack(quad.map(high));
                low[row] = pack(quad.map(|quant| quant - 256 * high(quant)));
            }
        }
        tile
    }
}

impl<const R: usize> Tile<R> for QuadTile<R> {
    #[inline(always)]
    fn new(rows: [&[f32]; R], limit: i32) -> Self {
        let mut tile = Self { quants: [[0; R]; PART / 4], sums: Sums::empty() };
        for (row, values) in rows.into_iter().enumerate() {
            let (quants, scale) = quantise(values, limit);
            tile.sums.put(row, &quants, scale);
            for (place, quad) in tile.quants.iter_mut().zip(quants.as_chunks::<4>().0) {
                let [a, b, c, d] = quad.map(|quant| i64::from(quant) & 0xffff);
                place[row] = a | (b << 16) | (c << 32) | (d << 48);
            }
        }
        tile
    }
}

impl<const R: usize> Tile<R> for WordTile<R> {
    #[inline(always)]
    fn new(rows: [&[f32]; R], limit: i32) -> Self {
        let mut tile = Self { quants: [[0; R]; PART / 2], sums: Sums::empty() };
        for (row, values) in rows.into_iter().enumerate() {
            let (quants, scale) = quantise(values, limit);
            tile.sums.put(row, &quants, scale);
            put_pairs(&mut tile.quants, row, &quants);
        }
        tile
    }
}

impl<const R: usize> Sums<R> {
    fn empty() -> Self {
        Self { of_16: [[0; R]; 2], of_32: [0.0; R], scales: [0.0; R] }
    }

    /// Sets those of `row`.
    #[inline(always)]
    fn put(&mut self, row: usize, quants: &[i32; PART], scale: f32) {
        let mut whole = 0;
        for (sum, half) in self.of_16.iter_mut().zip(quants.as_chunks::<{ PART / 2 }>().0) {
            sum[row] = half.iter().sum();
            whole += sum[row];
        }
        self.of_32[row] = whole as f32;
        self.scales[row] = scale;
    }
}

/// Sets `row` of a tile.
#[inline(always)]
fn put_pairs<const R: usize>(tile: &mut [[i32; R]], row: usize, quants: &[i32]) {
    for (place, [low, high]) in tile.iter_mut().zip(quants.as_chunks::<2>().0) {
        place[row] = (low & 0xffff) | (high << 16);
    }
}

/// `values` as multiples, `-limit` to `limit`, of a scale that makes the largest `limit`.
#[inline(always)]
fn quantise(values: &[f32], limit: i32) -> ([i32; PART], f32) {
    let mut largest = [0f32; 8];
    for eight in values.as_chunks::<8>().0 {
        for (largest, value) in largest.iter_mut().zip(eight) {
            let value = value.abs();
            *largest = if value > *largest { value } else { *largest };
        }
    }
    let largest = largest.iter().fold(0f32, |largest, &value| if value > largest { value } else { largest });
    let inverse = if largest > 0.0 { limit as f32 / largest } else { 0.0 };
    let mut quants = [0; PART];
    for (quant, value) in quants.iter_mut().zip(values) {
        let rounded = (value * inverse + ROUNDING).to_bits() as i32 - ROUNDING.to_bits() as i32;
        *quant = rounded.clamp(-limit, limit);
    }
    (quants, largest / limit as f32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests may fail loudly")]

    use super::*;

    #[test]
    fn activations_are_rounded_to_the_nearest() {
        let values: Vec<f32> = (0..32).map(|place| (place as f32 - 10.0) * 0.25).collect();
        let (quants, scale) = quantise(&values, LIMIT);
        assert_eq!(quants[31], LIMIT);
        for (quant, value) in quants.iter().zip(&values) {
            assert!((*quant as f32 * scale - value).abs() <= scale * 0.5001);
        }
        assert_eq!(quantise(&[0.0; 32], LIMIT), ([0; 32], 0.0));
    }

    #[test]
    fn what_is_not_a_number_stays_in_range() {
        let mut values = [1.0f32; 32];
        (values[3], values[5], values[7]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
        let (quants, _) = quantise(&values, LIMIT);
        assert!(quants.iter().all(|quant| (-LIMIT..=LIMIT).contains(quant)));
    }

    #[test]
    fn a_form_is_made_anew_after_new_values() {
        let mut input = Input::default();
        input.copy(&[1.0; 512], 256);
        let whole = |all| Span { first: 0, count: all, all };
        input.make_pairs();
        assert_eq!(input.pairs().parts(), 8);
        let [first, second] = input.pairs().part(0, whole(2)).1 else { panic!("two rows") };
        // 32639 = 256 * 127 + 127.
        assert_eq!((first.high[0], second.low[7]), ([0x7f7f_7f7f], [0x7f7f_7f7f]));
        assert_eq!((first.sums.of_16, first.sums.of_32), ([[16 * LIMIT]; 2], [32.0 * LIMIT as f32]));
        input.make_bytes();
        let [first, _] = input.bytes().part(3, whole(2)).1 else { panic!("two rows") };
        assert_eq!((first.quants[5], first.sums.of_32), ([0x7f7f_7f7f], [32.0 * 127.0]));
        input.begin(5, 256).fill(-2.0);
        input.make_words(Rounding::Fine);
        let (fours, ones) = input.words().part(7, whole(5));
        assert_eq!((fours.len(), ones.len()), (1, 1));
        let (fours_of_the_first, none) = input.words().part(0, Span { first: 0, count: 4, all: 5 });
        assert_eq!((fours_of_the_first.len(), none.len()), (1, 0));
        assert_eq!(fours[0].quants[15], [(-LIMIT & 0xffff) | (-LIMIT << 16); 4]);
        input.make_words(Rounding::Coarse);
        assert_eq!(input.words().part(0, whole(5)).0[0].quants[0], [(-127 & 0xffff) | (-127 << 16); 4]);
    }
}
