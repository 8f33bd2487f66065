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
const GROUPS: usize = LONG_BLOCK / 4;
/// Groups in a part.
pub(super) const PART_GROUPS: usize = PART / 4;

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

/// Bytes as pairs of 16-bit integers.
#[inline(always)]
pub(super) fn widen(groups: &[Lanes; PART_GROUPS]) -> [Lanes; 2 * PART_GROUPS] {
    let mut pairs = [[0; COLUMNS]; 2 * PART_GROUPS];
    for (two, bytes) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(groups) {
        for column in 0..COLUMNS {
            let bytes = bytes[column];
            two[0][column] = (bytes & 0xff) | ((bytes & 0xff00) << 8);
            two[1][column] = ((bytes >> 16) & 0xff) | ((bytes >> 8) & 0xff_0000);
        }
    }
    pairs
}

/// Bytes less 32 as pairs of 16-bit integers. Each of a pair is made at least 0x7fe0, so that nothing is carried
/// from one to the other, and then loses 0x8000.
#[inline(always)]
pub(super) fn widen_less_32(groups: &[Lanes; PART_GROUPS]) -> [Lanes; 2 * PART_GROUPS] {
    widen(groups)
        .map(|pairs| pairs.map(|pair| pair.wrapping_add(0x7fe0_7fe0) ^ 0x8000_8000_u32.cast_signed()))
}

/// `factors` times `small`.
#[inline(always)]
fn times<T: Copy + Into<f32>>(factors: &[f32; COLUMNS], small: &[T; COLUMNS]) -> [f32; COLUMNS] {
    std::array::from_fn(|column| factors[column] * small[column].into())
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

    /// q of the groups of `part`, as bytes.
    #[inline(always)]
    pub(super) fn unpack(&self, part: usize) -> [Lanes; PART_GROUPS] {
        let mut groups = [[0; COLUMNS]; PART_GROUPS];
        let packed = self.quants.as_chunks::<{ PART_GROUPS / 2 }>().0.get(part);
        for (pair, packed) in groups.as_chunks_mut::<2>().0.iter_mut().zip(packed.into_iter().flatten()) {
            for column in 0..COLUMNS {
                pair[0][column] = packed[column] & 0x0f0f_0f0f;
                pair[1][column] = (packed[column] >> 4) & 0x0f0f_0f0f;
            }
        }
        groups
    }

    /// d * scale of `part`.
    #[inline(always)]
    pub(super) fn scales(&self, part: usize) -> [f32; COLUMNS] {
        times(&self.d, &self.scales[part % PARTS])
    }

    /// dmin * min of `part`.
    #[inline(always)]
    pub(super) fn mins(&self, part: usize) -> [f32; COLUMNS] {
        times(&self.dmin, &self.mins[part % PARTS])
    }

    /// The weights of `column`.
    pub(super) fn column(&self, column: usize, weights: &mut [f32]) {
        let groups: Vec<_> = (0..PARTS).flat_map(|part| self.unpack(part)).collect();
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

    /// q of the groups of `part`, as bytes.
    #[inline(always)]
    pub(super) fn unpack(&self, part: usize) -> [Lanes; PART_GROUPS] {
        let mut groups = [[0; COLUMNS]; PART_GROUPS];
        let low = self.low.as_chunks::<2>().0.iter().skip(part * PART_GROUPS / 4);
        let packed = low.zip(self.high.iter().skip(part * PART_GROUPS / 4));
        for (four, (low, high)) in groups.as_chunks_mut::<4>().0.iter_mut().zip(packed) {
            for column in 0..COLUMNS {
                let high = high[column];
                four[0][column] = (low[0][column] & 0x0f0f_0f0f) | ((high & 0x0303_0303) << 4);
                four[1][column] = ((low[0][column] >> 4) & 0x0f0f_0f0f) | ((high << 2) & 0x3030_3030);
                four[2][column] = (low[1][column] & 0x0f0f_0f0f) | (high & 0x3030_3030);
                four[3][column] = ((low[1][column] >> 4) & 0x0f0f_0f0f) | ((high >> 2) & 0x3030_3030);
            }
        }
        groups
    }

    /// d * scale of each half of `part`.
    #[inline(always)]
    pub(super) fn scales(&self, part: usize) -> [[f32; COLUMNS]; 2] {
        [2 * part, 2 * part + 1].map(|half| times(&self.d, &self.scales[half % (2 * PARTS)]))
    }

    /// The weights of `column`.
    pub(super) fn column(&self, column: usize, weights: &mut [f32]) {
        let groups: Vec<_> = (0..PARTS).flat_map(|part| self.unpack(part)).collect();
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

    /// q of all groups, as bytes.
    #[inline(always)]
    pub(super) fn groups(&self) -> &[Lanes; PART_GROUPS] {
        &self.quants
    }

    /// q as pairs of 16-bit integers.
    #[inline(always)]
    pub(super) fn unpack(&self) -> [Lanes; 2 * PART_GROUPS] {
        let mut pairs = [[0; COLUMNS]; 2 * PART_GROUPS];
        for (two, bytes) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(&self.quants) {
            for column in 0..COLUMNS {
                let bytes = bytes[column];
                two[0][column] = (((bytes << 24) >> 24) & 0xffff) | (((bytes << 16) >> 24) << 16);
                two[1][column] = (((bytes << 8) >> 24) & 0xffff) | ((bytes >> 24) << 16);
            }
        }
        pairs
    }

    /// The weights of `column`.
    pub(super) fn column(&self, column: usize, weights: &mut [f32]) {
        for (place, weight) in weights.iter_mut().enumerate().take(SHORT_BLOCK) {
            let q = self.quants[place / 4][column].to_le_bytes()[place % 4] as i8;
            *weight = self.d[column] * f32::from(q);
        }
    }
}
