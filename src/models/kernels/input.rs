//! The other side of a product: rows of activations, and what each kind of weights wants of them.
//!
//! For quantised weights the activations are rounded to whole numbers, with one scale for the 256 (32 for
//! `Q8_0`) that meet one block of weights. Their largest is as large as 32-bit sums over a block allow, because
//! eight bits are too few: attention scores of a T5, which are not scaled, make a percent of error in them a
//! different answer. A form is made when the first matrix asks for it and kept for the next: query, key and
//! value share it.

use super::blocks::{LONG_BLOCK, SHORT_BLOCK};
use super::simd::{Simd, Task, dispatch};

/// Adding this to a float of at most 2^22 in magnitude leaves it rounded, ties to even, in the low bits.
const ROUNDING: f32 = 12_582_912.0;

/// The largest of 256 rounded activations: `Q6_K` has weights of up to 4096, and 256 * 4096 * 2047 < 2^31.
pub(super) const LONG_LIMIT: i32 = 2_047;
/// The largest of 32 rounded activations: `Q8_0` has weights of up to 128, and 32 * 128 * 32767 < 2^31.
pub(super) const SHORT_LIMIT: i32 = 32_767;
/// What the high bytes of [`ByteTile`] count.
pub(super) const HIGH: i32 = 32;

/// 256 activations of a row as two bytes each, `HIGH * high + low`; four in each 32 bits.
#[derive(Clone, Debug)]
pub(super) struct ByteTile {
    pub(super) high: [i32; LONG_BLOCK / 4],
    pub(super) low: [i32; LONG_BLOCK / 4],
    pub(super) sums: Sums<1>,
}

/// Stands where four rows would: bytes are for few rows.
#[derive(Clone, Debug)]
pub(super) struct NoTile;

/// 256 activations of each of `R` rows as 16-bit integers, two in each 32 bits.
#[derive(Clone, Debug)]
pub(super) struct WordTile<const R: usize> {
    pub(super) quants: [[i32; R]; LONG_BLOCK / 2],
    pub(super) sums: Sums<R>,
}

/// What minima and offsets of weights are multiplied with.
#[derive(Clone, Debug)]
pub(super) struct Sums<const R: usize> {
    /// Sums of 16 activations, in pairs of 16-bit integers.
    pub(super) of_16: [[i32; R]; 8],
    pub(super) scales: [f32; R],
}

/// 32 activations of each of `R` rows as 16-bit integers, two in each 32 bits.
#[derive(Clone, Debug)]
pub(super) struct ShortTile<const R: usize> {
    pub(super) quants: [[i32; R]; SHORT_BLOCK / 2],
    pub(super) scales: [f32; R],
}

/// Rows of activations, `[rows, width]`.
#[derive(Debug, Default)]
pub(crate) struct Input {
    values: Vec<f32>,
    rows: usize,
    width: usize,
    bytes: Tiles<NoTile, ByteTile>,
    words: Tiles<WordTile<4>, WordTile<1>>,
    shorts: Tiles<ShortTile<4>, ShortTile<1>>,
}

/// Some of an input's rows: whole tiles of four, and with the last row those after them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) count: usize,
    /// Rows of the input.
    pub(super) all: usize,
}

/// Blocks of rows, four rows at a time and the rest one by one; those of the same place of all rows together.
#[derive(Debug)]
pub(super) struct Tiles<A, B> {
    fours: Vec<A>,
    ones: Vec<B>,
    blocks: usize,
    made: bool,
}

impl<A, B> Default for Tiles<A, B> {
    fn default() -> Self {
        Self { fours: Vec::new(), ones: Vec::new(), blocks: 0, made: false }
    }
}

/// A tile of `R` rows, made of as many slices of one length.
pub(super) trait Tile<const R: usize> {
    /// How many activations of a row are in it.
    const LENGTH: usize;

    fn new(rows: [&[f32]; R]) -> Self;
}

impl Input {
    /// Room for new activations, to be overwritten in whole.
    pub(crate) fn begin(&mut self, rows: usize, width: usize) -> &mut [f32] {
        self.bytes.made = false;
        self.words.made = false;
        self.shorts.made = false;
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

    /// Makes the form: bytes in blocks of 256.
    pub(super) fn make_bytes(&mut self) {
        self.bytes.make(&self.values, self.width);
    }

    /// Makes the form: 16-bit integers in blocks of 256.
    pub(super) fn make_words(&mut self) {
        self.words.make(&self.values, self.width);
    }

    /// Makes the form: 16-bit integers in blocks of 32.
    pub(super) fn make_shorts(&mut self) {
        self.shorts.make(&self.values, self.width);
    }

    /// As they were made for the values that there are now.
    pub(super) fn bytes(&self) -> &Tiles<NoTile, ByteTile> {
        &self.bytes
    }

    /// As they were made for the values that there are now.
    pub(super) fn words(&self) -> &Tiles<WordTile<4>, WordTile<1>> {
        &self.words
    }

    /// As they were made for the values that there are now.
    pub(super) fn shorts(&self) -> &Tiles<ShortTile<4>, ShortTile<1>> {
        &self.shorts
    }
}

impl<A: Tile<4>, B: Tile<1>> Tiles<A, B> {
    fn make(&mut self, values: &[f32], width: usize) {
        if !self.made {
            self.fours.clear();
            self.ones.clear();
            dispatch(MakeTiles { tiles: &mut *self, values, width });
            self.blocks = width / A::LENGTH;
            self.made = true;
        }
    }

    /// Blocks along a row.
    #[inline(always)]
    pub(super) fn blocks(&self) -> usize {
        self.blocks.max(1)
    }

    /// The tiles of block `index` of the rows in `span`.
    #[inline(always)]
    pub(super) fn block(&self, index: usize, span: Span) -> (&[A], &[B]) {
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
}

impl<A: Tile<4>, B: Tile<1>> Task for MakeTiles<'_, A, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        for start in (0..self.width).step_by(A::LENGTH) {
            let range = start..start + A::LENGTH;
            let fours = self.values.chunks_exact(4 * self.width);
            let rest = fours.remainder();
            for rows in fours {
                self.tiles.fours.push(A::new(std::array::from_fn(|row| {
                    let row = rows.get(row * self.width..).unwrap_or_default();
                    row.get(range.clone()).unwrap_or_default()
                })));
            }
            for row in rest.chunks_exact(self.width) {
                self.tiles.ones.push(B::new([row.get(range.clone()).unwrap_or_default()]));
            }
        }
    }
}

impl Tile<4> for NoTile {
    const LENGTH: usize = LONG_BLOCK;

    fn new(_: [&[f32]; 4]) -> Self {
        Self
    }
}

impl Tile<1> for ByteTile {
    const LENGTH: usize = LONG_BLOCK;

    #[inline(always)]
    fn new([values]: [&[f32]; 1]) -> Self {
        let (quants, scale) = quantise::<LONG_BLOCK>(values, LONG_LIMIT);
        let mut tile = Self { high: [0; LONG_BLOCK / 4], low: [0; LONG_BLOCK / 4], sums: Sums::empty() };
        tile.sums.put(0, &quants, scale);
        let pack = |[a, b, c, d]: [i32; 4]| (a & 0xff) | ((b & 0xff) << 8) | ((c & 0xff) << 16) | (d << 24);
        // Rounded down to multiples of HIGH after half of it is added: high is -64 to 64, low -16 to 15.
        let high = |quant: i32| (quant + HIGH / 2) >> HIGH.trailing_zeros();
        for ((place, low), quad) in tile.high.iter_mut().zip(&mut tile.low).zip(quants.as_chunks::<4>().0) {
            *place = pack(quad.map(high));
            *low = pack(quad.map(|quant| quant - HIGH * high(quant)));
        }
        tile
    }
}

impl<const R: usize> Tile<R> for WordTile<R> {
    const LENGTH: usize = LONG_BLOCK;

    #[inline(always)]
    fn new(rows: [&[f32]; R]) -> Self {
        let mut tile = Self { quants: [[0; R]; LONG_BLOCK / 2], sums: Sums::empty() };
        for (row, values) in rows.into_iter().enumerate() {
            let (quants, scale) = quantise::<LONG_BLOCK>(values, LONG_LIMIT);
            tile.sums.put(row, &quants, scale);
            put_pairs(&mut tile.quants, row, &quants);
        }
        tile
    }
}

impl<const R: usize> Tile<R> for ShortTile<R> {
    const LENGTH: usize = SHORT_BLOCK;

    #[inline(always)]
    fn new(rows: [&[f32]; R]) -> Self {
        let mut tile = Self { quants: [[0; R]; SHORT_BLOCK / 2], scales: [0.0; R] };
        for (row, values) in rows.into_iter().enumerate() {
            let (quants, scale) = quantise::<SHORT_BLOCK>(values, SHORT_LIMIT);
            tile.scales[row] = scale;
            put_pairs(&mut tile.quants, row, &quants);
        }
        tile
    }
}

impl<const R: usize> Sums<R> {
    fn empty() -> Self {
        Self { of_16: [[0; R]; 8], scales: [0.0; R] }
    }

    /// Sets those of `row`. A sum is at most 16 * 2047, which fits 16 bits.
    #[inline(always)]
    fn put(&mut self, row: usize, quants: &[i32; LONG_BLOCK], scale: f32) {
        let mut of_16 = [0i32; 16];
        for (sum, values) in of_16.iter_mut().zip(quants.as_chunks::<16>().0) {
            *sum = values.iter().sum();
        }
        for (place, [low, high]) in self.of_16.iter_mut().zip(of_16.as_chunks::<2>().0) {
            place[row] = (low & 0xffff) | (high << 16);
        }
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
fn quantise<const N: usize>(values: &[f32], limit: i32) -> ([i32; N], f32) {
    let mut largest = [0f32; 8];
    for eight in values.as_chunks::<8>().0 {
        for (largest, value) in largest.iter_mut().zip(eight) {
            let value = value.abs();
            *largest = if value > *largest { value } else { *largest };
        }
    }
    let largest = largest.iter().fold(0f32, |largest, &value| if value > largest { value } else { largest });
    let inverse = if largest > 0.0 { limit as f32 / largest } else { 0.0 };
    let mut quants = [0; N];
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
        let values: Vec<f32> = (0..256).map(|place| (place as f32 - 100.0) * 0.25).collect();
        let (quants, scale) = quantise::<256>(&values, 127);
        assert_eq!(quants[255], 127);
        for (quant, value) in quants.iter().zip(&values) {
            assert!((*quant as f32 * scale - value).abs() <= scale * 0.5001);
        }
        assert_eq!(quantise::<32>(&[0.0; 32], 127), ([0; 32], 0.0));
    }

    #[test]
    fn what_is_not_a_number_stays_in_range() {
        let mut values = [1.0f32; 32];
        (values[3], values[5], values[7]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
        let (quants, _) = quantise::<32>(&values, 127);
        assert!(quants.iter().all(|quant| (-127..=127).contains(quant)));
    }

    #[test]
    fn a_form_is_made_anew_after_new_values() {
        let mut input = Input::default();
        input.copy(&[1.0; 512], 256);
        let whole = |all| Span { first: 0, count: all, all };
        input.make_bytes();
        let [first, second] = input.bytes().block(0, whole(2)).1 else { panic!("two rows") };
        // 2047 = 32 * 64 - 1.
        assert_eq!((first.high[0], second.low[63]), (0x4040_4040, -1));
        assert_eq!(first.sums.of_16[7], [16 * 2047 * 0x1_0001]);
        input.begin(5, 256).fill(-2.0);
        input.make_words();
        let (fours, ones) = input.words().block(0, whole(5));
        assert_eq!((fours.len(), ones.len()), (1, 1));
        let (fours_of_the_first, none) = input.words().block(0, Span { first: 0, count: 4, all: 5 });
        assert_eq!((fours_of_the_first.len(), none.len()), (1, 0));
        assert_eq!(fours[0].quants[127], [(-2047 & 0xffff) | (-2047 << 16); 4]);
        input.make_shorts();
        assert_eq!(input.shorts().block(7, whole(5)).0.len(), 1);
    }
}
