//! The other side of a product: rows of activations, and what each kind of weights wants of them.
//!
//! For quantised weights the activations are rounded to whole numbers of -127 to 127, with one scale for the
//! 256 (32 for `Q8_0`) that meet one block of weights. A form is made when the first matrix asks for it and
//! kept for the next: query, key and value share it.

use super::blocks::{LONG_BLOCK, SHORT_BLOCK};
use super::simd::{Simd, Task, dispatch};

/// Adding this to a float of at most 2^22 in magnitude leaves it rounded, ties to even, in the low bits.
const ROUNDING: f32 = 12_582_912.0;

/// 256 activations of each of `R` rows as bytes, four in each 32 bits.
#[derive(Clone, Debug)]
pub(super) struct ByteTile<const R: usize> {
    pub(super) quants: [[i32; R]; LONG_BLOCK / 4],
    pub(super) sums: Sums<R>,
}

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
    /// Sums of 32 activations, in pairs of 16-bit integers.
    pub(super) of_32: [[i32; R]; 4],
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
    bytes: Tiles<ByteTile<4>, ByteTile<1>>,
    words: Tiles<WordTile<4>, WordTile<1>>,
    shorts: Tiles<ShortTile<4>, ShortTile<1>>,
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

    /// As bytes, in blocks of 256.
    pub(super) fn bytes(&mut self) -> &Tiles<ByteTile<4>, ByteTile<1>> {
        self.bytes.make(&self.values, self.width)
    }

    /// As 16-bit integers, in blocks of 256.
    pub(super) fn words(&mut self) -> &Tiles<WordTile<4>, WordTile<1>> {
        self.words.make(&self.values, self.width)
    }

    /// As 16-bit integers, in blocks of 32.
    pub(super) fn shorts(&mut self) -> &Tiles<ShortTile<4>, ShortTile<1>> {
        self.shorts.make(&self.values, self.width)
    }
}

impl<A: Tile<4>, B: Tile<1>> Tiles<A, B> {
    fn make(&mut self, values: &[f32], width: usize) -> &Self {
        if !self.made {
            self.fours.clear();
            self.ones.clear();
            dispatch(MakeTiles { tiles: &mut *self, values, width });
            self.blocks = width / A::LENGTH;
            self.made = true;
        }
        self
    }

    /// Blocks along a row.
    #[inline(always)]
    pub(super) fn blocks(&self) -> usize {
        self.blocks.max(1)
    }

    /// The tiles of block `index` of `rows` rows.
    #[inline(always)]
    pub(super) fn block(&self, index: usize, rows: usize) -> (&[A], &[B]) {
        let (fours, ones) = (rows / 4, rows % 4);
        (
            self.fours.get(index * fours..(index + 1) * fours).unwrap_or_default(),
            self.ones.get(index * ones..(index + 1) * ones).unwrap_or_default(),
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

impl<const R: usize> Tile<R> for ByteTile<R> {
    const LENGTH: usize = LONG_BLOCK;

    #[inline(always)]
    fn new(rows: [&[f32]; R]) -> Self {
        let mut tile = Self { quants: [[0; R]; LONG_BLOCK / 4], sums: Sums::empty() };
        for (row, values) in rows.into_iter().enumerate() {
            let (quants, scale) = quantise::<LONG_BLOCK>(values);
            tile.sums.put(row, &quants, scale);
            for (place, quad) in tile.quants.iter_mut().zip(quants.as_chunks::<4>().0) {
                let [a, b, c, d] = quad.map(|q| q & 0xff);
                place[row] = a | (b << 8) | (c << 16) | (d << 24);
            }
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
            let (quants, scale) = quantise::<LONG_BLOCK>(values);
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
            let (quants, scale) = quantise::<SHORT_BLOCK>(values);
            tile.scales[row] = scale;
            put_pairs(&mut tile.quants, row, &quants);
        }
        tile
    }
}

impl<const R: usize> Sums<R> {
    fn empty() -> Self {
        Self { of_16: [[0; R]; 8], of_32: [[0; R]; 4], scales: [0.0; R] }
    }

    /// Sets those of `row`. A sum is at most 32 * 127, which fits 16 bits.
    #[inline(always)]
    fn put(&mut self, row: usize, quants: &[i32; LONG_BLOCK], scale: f32) {
        let mut of_16 = [0i32; 16];
        for (sum, values) in of_16.iter_mut().zip(quants.as_chunks::<16>().0) {
            *sum = values.iter().sum();
        }
        for (place, [low, high]) in self.of_16.iter_mut().zip(of_16.as_chunks::<2>().0) {
            place[row] = (low & 0xffff) | (high << 16);
        }
        for (place, [a, b, c, d]) in self.of_32.iter_mut().zip(of_16.as_chunks::<4>().0) {
            place[row] = ((a + b) & 0xffff) | ((c + d) << 16);
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

/// `values` as multiples, -127 to 127, of a scale that makes the largest 127.
#[inline(always)]
fn quantise<const N: usize>(values: &[f32]) -> ([i32; N], f32) {
    let mut largest = [0f32; 8];
    for eight in values.as_chunks::<8>().0 {
        for (largest, value) in largest.iter_mut().zip(eight) {
            let value = value.abs();
            *largest = if value > *largest { value } else { *largest };
        }
    }
    let largest = largest.iter().fold(0f32, |largest, &value| if value > largest { value } else { largest });
    let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    let mut quants = [0; N];
    for (quant, value) in quants.iter_mut().zip(values) {
        let rounded = (value * inverse + ROUNDING).to_bits() as i32 - ROUNDING.to_bits() as i32;
        *quant = rounded.clamp(-127, 127);
    }
    (quants, largest / 127.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "tests may fail loudly")]

    use super::*;

    #[test]
    fn activations_are_rounded_to_the_nearest() {
        let values: Vec<f32> = (0..256).map(|place| (place as f32 - 100.0) * 0.25).collect();
        let (quants, scale) = quantise::<256>(&values);
        assert_eq!(quants[255], 127);
        for (quant, value) in quants.iter().zip(&values) {
            assert!((*quant as f32 * scale - value).abs() <= scale * 0.5001);
        }
        assert_eq!(quantise::<32>(&[0.0; 32]), ([0; 32], 0.0));
    }

    #[test]
    fn what_is_not_a_number_stays_in_range() {
        let mut values = [1.0f32; 32];
        (values[3], values[5], values[7]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
        let (quants, _) = quantise::<32>(&values);
        assert!(quants.iter().all(|quant| (-127..=127).contains(quant)));
    }

    #[test]
    fn a_form_is_made_anew_after_new_values() {
        let mut input = Input::default();
        input.copy(&[1.0; 512], 256);
        let [first, second] = input.bytes().block(0, 2).1 else { panic!("two rows") };
        assert_eq!((first.quants[0], second.quants[63]), ([0x7f7f_7f7f], [0x7f7f_7f7f]));
        assert_eq!(first.sums.of_32[0], [32 * 127 * 0x1_0001]);
        assert_eq!(first.sums.of_16[7], [16 * 127 * 0x1_0001]);
        input.begin(5, 256).fill(-2.0);
        let (fours, ones) = input.words().block(0, 5);
        assert_eq!((fours.len(), ones.len()), (1, 1));
        assert_eq!(fours[0].quants[127], [i32::from_le_bytes([0x81, 0xff, 0x81, 0xff]); 4]);
        assert_eq!(input.shorts().block(7, 5).0.len(), 1);
    }
}
