//! Weights as the kernels want them: in panels of eight columns of the product (eight rows of the stored
//! matrix), so that one load brings the same places of eight columns.
//!
//! A GGUF block holds 32 or 256 weights of one row; here the blocks of eight rows are interleaved. A *group*
//! is four neighbouring weights of each column: eight 32-bit lanes of four bytes. The block types are those
//! of GGML (<https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h>); no weight is rounded.

use super::half::f16_to_f32;

/// Columns in a panel.
pub(super) const COLUMNS: usize = 8;
/// Weights of a row in a block of the K types.
pub(super) const LONG_BLOCK: usize = 256;
/// Weights of a row in a `Q8_0` block.
pub(super) const SHORT_BLOCK: usize = 32;
/// Weights of a row that meet activations of one scale.
pub(super) const PART: usize = SHORT_BLOCK;
/// Parts of a long block.
pub(super) const PARTS: usize = LONG_BLOCK / PART;
/// Groups in a long block.
pub(super) const GROUPS: usize = LONG_BLOCK / 4;

/// Bytes of a row's block of each type in GGUF.
pub(super) const Q4K_BYTES: usize = 144;
pub(super) const Q6K_BYTES: usize = 210;
pub(super) const Q8_0_BYTES: usize = 34;

/// Eight columns of 32-bit lanes.
pub(super) type Lanes = [i32; COLUMNS];

/// `Q4_K`: weight = d * scale * q - dmin * min, with q in 0..16, scale and min in 0..64 for each 32 weights.
#[derive(Clone, Debug)]
pub(super) struct Q4Block {
    /// Groups `2 i` in the low halves of the bytes, groups `2 i + 1` in the high ones.
    quants: [Lanes; GROUPS / 2],
    scales: [[u8; COLUMNS]; 8],
    mins: [[u8; COLUMNS]; 8],
    pub(super) d: [f32; COLUMNS],
    pub(super) dmin: [f32; COLUMNS],
}

/// `Q6_K`: weight = d * scale * (q - 32), with q in 0..64, scale in -128..128 for each 16 weights.
#[derive(Clone, Debug)]
pub(super) struct Q6Block {
    /// The low four bits of q, as in [`Q4Block`].
    low: [Lanes; GROUPS / 2],
    /// The high two bits of q: groups `4 i` to `4 i + 3` in the four quarters of the bytes.
    high: [Lanes; GROUPS / 4],
    scales: [[i8; COLUMNS]; 16],
    pub(super) d: [f32; COLUMNS],
}

/// `Q8_0`: weight = d * q, with q in -128..128.
#[derive(Clone, Debug)]
pub(super) struct Q8Block {
    quants: [Lanes; SHORT_BLOCK / 4],
    pub(super) d: [f32; COLUMNS],
}

/// Puts the four bytes of group `group` of `column` in place.
fn put(lanes: &mut Lanes, column: usize, shift: u32, bytes: [u8; 4]) {
    if let Some(lane) = lanes.get_mut(column) {
        *lane |= i32::from_le_bytes(bytes) << shift;
    }
}

fn f16_at(bytes: &[u8], place: usize) -> f32 {
    let byte = |place: usize| bytes.get(place).copied().unwrap_or_default();
    f16_to_f32(u16::from_le_bytes([byte(place), byte(place + 1)]))
}

fn set<T>(row: &mut [T; COLUMNS], column: usize, value: T) {
    if let Some(place) = row.get_mut(column) {
        *place = value;
    }
}

/// Each row of `small` times `factors`.
#[inline(always)]
fn times<T: Copy + Into<f32>, const N: usize>(
    factors: &[f32; COLUMNS],
    small: &[[T; COLUMNS]; N],
) -> [[f32; COLUMNS]; N] {
    let mut products = [[0.0; COLUMNS]; N];
    for (products, small) in products.iter_mut().zip(small) {
        for column in 0..COLUMNS {
            products[column] = factors[column] * small[column].into();
        }
    }
    products
}

impl Q4Block {
    pub(super) fn empty() -> Self {
        Self {
            quants: [[0; COLUMNS]; GROUPS / 2],
            scales: [[0; COLUMNS]; 8],
            mins: [[0; COLUMNS]; 8],
            d: [0.0; COLUMNS],
            dmin: [0.0; COLUMNS],
        }
    }

    /// Makes `column` that of the GGUF block `bytes`.
    pub(super) fn put(&mut self, column: usize, bytes: &[u8; Q4K_BYTES]) {
        set(&mut self.d, column, f16_at(bytes, 0));
        set(&mut self.dmin, column, f16_at(bytes, 2));
        let packed: [u8; 12] = std::array::from_fn(|place| bytes[4 + place]);
        for part in 0..8 {
            let (scale, min) = if part < 4 {
                (packed[part] & 63, packed[part + 4] & 63)
            } else {
                (
                    (packed[part + 4] & 15) | ((packed[part - 4] >> 6) << 4),
                    (packed[part + 4] >> 4) | ((packed[part] >> 6) << 4),
                )
            };
            set(&mut self.scales[part], column, scale);
            set(&mut self.mins[part], column, min);
        }
        // Bytes 32 i to 32 i + 31 hold weights 64 i to 64 i + 31 in their low halves, the next 32 in the high.
        let (quads, _) = bytes[16..].as_chunks::<4>();
        for (place, quad) in quads.iter().enumerate() {
            let (run, within) = (place / 8, place % 8);
            for (half, values) in [quad.map(|byte| byte & 15), quad.map(|byte| byte >> 4)].iter().enumerate()
            {
                let group = run * 16 + half * 8 + within;
                put(&mut self.quants[group / 2], column, 4 * (group % 2) as u32, *values);
            }
        }
    }

    /// q of all groups, as bytes.
    #[inline(always)]
    pub(super) fn unpack(&self, groups: &mut [Lanes; GROUPS]) {
        for (pair, packed) in groups.as_chunks_mut::<2>().0.iter_mut().zip(&self.quants) {
            for column in 0..COLUMNS {
                pair[0][column] = packed[column] & 0x0f0f_0f0f;
                pair[1][column] = (packed[column] >> 4) & 0x0f0f_0f0f;
            }
        }
    }

    /// q as pairs of 16-bit integers.
    #[inline(always)]
    pub(super) fn unpack_pairs(&self, pairs: &mut [Lanes; 2 * GROUPS]) {
        for (four, packed) in pairs.as_chunks_mut::<4>().0.iter_mut().zip(&self.quants) {
            for column in 0..COLUMNS {
                let (low, high) = (packed[column] & 0x0f0f_0f0f, (packed[column] >> 4) & 0x0f0f_0f0f);
                four[0][column] = (low & 0xff) | ((low & 0xff00) << 8);
                four[1][column] = ((low >> 16) & 0xff) | ((low >> 8) & 0xff_0000);
                four[2][column] = (high & 0xff) | ((high & 0xff00) << 8);
                four[3][column] = ((high >> 16) & 0xff) | ((high >> 8) & 0xff_0000);
            }
        }
    }

    /// d * scale of each part.
    #[inline(always)]
    pub(super) fn scales(&self) -> [[f32; COLUMNS]; PARTS] {
        times(&self.d, &self.scales)
    }

    /// dmin * min of each part.
    #[inline(always)]
    pub(super) fn mins(&self) -> [[f32; COLUMNS]; PARTS] {
        times(&self.dmin, &self.mins)
    }

    /// The weights of `column`.
    pub(super) fn column(&self, column: usize, weights: &mut [f32]) {
        let mut groups = [[0; COLUMNS]; GROUPS];
        self.unpack(&mut groups);
        let (d, dmin) = (self.d[column], self.dmin[column]);
        for (place, weight) in weights.iter_mut().enumerate().take(LONG_BLOCK) {
            let part = place / 32;
            let q = groups[place / 4][column].to_le_bytes()[place % 4];
            let min = self.mins[part][column];
            *weight = d * f32::from(self.scales[part][column]) * f32::from(q) - dmin * f32::from(min);
        }
    }
}

impl Q6Block {
    pub(super) fn empty() -> Self {
        Self {
            low: [[0; COLUMNS]; GROUPS / 2],
            high: [[0; COLUMNS]; GROUPS / 4],
            scales: [[0; COLUMNS]; 16],
            d: [0.0; COLUMNS],
        }
    }

    /// Makes `column` that of the GGUF block `bytes`.
    pub(super) fn put(&mut self, column: usize, bytes: &[u8; Q6K_BYTES]) {
        set(&mut self.d, column, f16_at(bytes, 208));
        for (scales, byte) in self.scales.iter_mut().zip(&bytes[192..208]) {
            set(scales, column, *byte as i8);
        }
        for group in 0..GROUPS {
            let values = std::array::from_fn(|within| {
                let place = 4 * group + within;
                // 128 weights a half: quarter `quarter` of it has its low bits in the low or high halves of 32
                // of 64 bytes, its high bits in one quarter of each of 32 bytes.
                let (half, quarter, lane) = (place / 128, place % 128 / 32, place % 32);
                let low = bytes[64 * half + 32 * (quarter % 2) + lane] >> (4 * (quarter / 2));
                let high = bytes[128 + 32 * half + lane] >> (2 * quarter);
                (low & 15) | ((high & 3) << 4)
            });
            put(&mut self.low[group / 2], column, 4 * (group % 2) as u32, values.map(|q: u8| q & 15));
            put(&mut self.high[group / 4], column, 2 * (group % 4) as u32, values.map(|q| q >> 4));
        }
    }

    /// q of all groups, as bytes.
    #[inline(always)]
    pub(super) fn unpack(&self, groups: &mut [Lanes; GROUPS]) {
        let packed = self.low.as_chunks::<2>().0.iter().zip(&self.high);
        for (four, (low, high)) in groups.as_chunks_mut::<4>().0.iter_mut().zip(packed) {
            for column in 0..COLUMNS {
                let high = high[column];
                four[0][column] = (low[0][column] & 0x0f0f_0f0f) | ((high & 0x0303_0303) << 4);
                four[1][column] = ((low[0][column] >> 4) & 0x0f0f_0f0f) | ((high << 2) & 0x3030_3030);
                four[2][column] = (low[1][column] & 0x0f0f_0f0f) | (high & 0x3030_3030);
                four[3][column] = ((low[1][column] >> 4) & 0x0f0f_0f0f) | ((high >> 2) & 0x3030_3030);
            }
        }
    }

    /// d * scale of each half of a part.
    #[inline(always)]
    pub(super) fn scales(&self) -> [[f32; COLUMNS]; 2 * PARTS] {
        times(&self.d, &self.scales)
    }

    /// q - 32 as pairs of 16-bit integers.
    #[inline(always)]
    pub(super) fn unpack_pairs(&self, pairs: &mut [Lanes; 2 * GROUPS]) {
        let mut groups = [[0; COLUMNS]; GROUPS];
        self.unpack(&mut groups);
        for (two, bytes) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(&groups) {
            for column in 0..COLUMNS {
                let bytes = bytes[column];
                let at = |shift: i32| ((bytes >> shift) & 0xff) - 32;
                two[0][column] = (at(0) & 0xffff) | (at(8) << 16);
                two[1][column] = (at(16) & 0xffff) | (at(24) << 16);
            }
        }
    }

    /// The weights of `column`.
    pub(super) fn column(&self, column: usize, weights: &mut [f32]) {
        let mut groups = [[0; COLUMNS]; GROUPS];
        self.unpack(&mut groups);
        for (place, weight) in weights.iter_mut().enumerate().take(LONG_BLOCK) {
            let q = i16::from(groups[place / 4][column].to_le_bytes()[place % 4]) - 32;
            *weight = self.d[column] * f32::from(self.scales[place / 16][column]) * f32::from(q);
        }
    }
}

impl Q8Block {
    pub(super) fn empty() -> Self {
        Self { quants: [[0; COLUMNS]; SHORT_BLOCK / 4], d: [0.0; COLUMNS] }
    }

    /// Makes `column` that of the GGUF block `bytes`.
    pub(super) fn put(&mut self, column: usize, bytes: &[u8; Q8_0_BYTES]) {
        let quants: [i8; SHORT_BLOCK] = std::array::from_fn(|place| bytes[2 + place] as i8);
        self.put_quants(column, f16_at(bytes, 0), &quants);
    }

    /// Makes `column` the weights `d * quants`.
    fn put_quants(&mut self, column: usize, d: f32, quants: &[i8; SHORT_BLOCK]) {
        set(&mut self.d, column, d);
        for (lanes, quad) in self.quants.iter_mut().zip(quants.as_chunks::<4>().0) {
            put(lanes, column, 0, quad.map(|q| q as u8));
        }
    }

    /// Makes `column` the nearest to `weights`.
    pub(super) fn put_floats(&mut self, column: usize, weights: &[f32; SHORT_BLOCK]) {
        let largest = weights.iter().fold(0f32, |largest, weight| largest.max(weight.abs()));
        let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
        // Numbers that are none become zero in the cast.
        let quants = weights.map(|weight| (weight * inverse).round_ties_even().clamp(-127.0, 127.0) as i8);
        self.put_quants(column, largest / 127.0, &quants);
    }

    /// q as pairs of 16-bit integers.
    #[inline(always)]
    pub(super) fn unpack(&self, pairs: &mut [Lanes; SHORT_BLOCK / 2]) {
        for (two, bytes) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(&self.quants) {
            for column in 0..COLUMNS {
                let bytes = bytes[column];
                two[0][column] = (((bytes << 24) >> 24) & 0xffff) | (((bytes << 16) >> 24) << 16);
                two[1][column] = (((bytes << 8) >> 24) & 0xffff) | ((bytes >> 24) << 16);
            }
        }
    }

    /// The weights of `column`.
    pub(super) fn column(&self, column: usize, weights: &mut [f32]) {
        for (place, weight) in weights.iter_mut().enumerate().take(SHORT_BLOCK) {
            let q = self.quants[place / 4][column].to_le_bytes()[place % 4] as i8;
            *weight = self.d[column] * f32::from(q);
        }
    }
}
