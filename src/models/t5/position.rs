//! The relative position bias: each head adds a number that depends on how far apart two positions are.

use super::Config;
use crate::kernels::DistanceBias;

/// Logarithms of powers of two must not fall short of their bucket on any platform; buckets are a hundredth
/// apart at least.
const LOG_TOLERANCE: f64 = 1e-6;

/// A table of biases and the rule that finds a row for a distance.
#[derive(Clone, Debug)]
pub(super) struct PositionBias {
    /// `[buckets, heads]`, flat.
    table: Vec<f32>,
    heads: usize,
    buckets: usize,
    max_distance: usize,
    bidirectional: bool,
}

impl PositionBias {
    /// `table` is `[buckets, heads]`.
    pub(super) fn new(table: Vec<f32>, config: &Config, bidirectional: bool) -> Self {
        Self {
            table,
            heads: config.num_heads,
            buckets: config.relative_attention_num_buckets,
            max_distance: config.relative_attention_max_distance,
            bidirectional,
        }
    }

    /// What is added between any two of `positions` positions. Without bidirectional buckets what lies ahead
    /// is hidden with minus infinity.
    pub(super) fn table(&self, positions: usize) -> DistanceTable {
        let origin = positions.saturating_sub(1);
        let distances = origin + if self.bidirectional { positions } else { 1 };
        let mut values = Vec::with_capacity(self.heads * distances);
        let buckets: Vec<Option<usize>> = (0..distances).map(|place| self.bucket(origin, place)).collect();
        for head in 0..self.heads {
            values.extend(buckets.iter().map(|bucket| match bucket {
                Some(bucket) => self.table.get(bucket * self.heads + head).copied().unwrap_or_default(),
                None => f32::NEG_INFINITY,
            }));
        }
        DistanceTable { values, distances, origin }
    }

    /// The row for a key seen from a query (`_relative_position_bucket` in Hugging Face transformers): half
    /// of the rows for the distances from 0 on, the other half for ranges that widen logarithmically.
    fn bucket(&self, query: usize, key: usize) -> Option<usize> {
        let (side, rows, distance) = match (self.bidirectional, key > query) {
            (true, true) => (self.buckets / 2, self.buckets / 2, key - query),
            (true, false) => (0, self.buckets / 2, query - key),
            (false, true) => return None,
            (false, false) => (0, self.buckets, query - key),
        };
        let exact = rows / 2;
        if distance < exact {
            return Some(side + distance);
        }
        let ratio = (distance as f64 / exact as f64).ln() / (self.max_distance as f64 / exact as f64).ln();
        let beyond = (ratio * (rows - exact) as f64 + LOG_TOLERANCE) as usize;
        Some(side + (exact + beyond).min(rows - 1))
    }
}

/// The bias by head and distance: it depends on nothing else, so a row of it serves every query.
#[derive(Clone, Debug)]
pub(super) struct DistanceTable {
    /// `[heads, distances]`
    values: Vec<f32>,
    distances: usize,
    origin: usize,
}

impl DistanceTable {
    pub(super) fn bias(&self) -> DistanceBias<'_> {
        DistanceBias { table: &self.values, distances: self.distances, origin: self.origin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bias(bidirectional: bool) -> PositionBias {
        PositionBias { table: vec![0.0; 32], heads: 1, buckets: 32, max_distance: 128, bidirectional }
    }

    #[test]
    fn buckets_are_those_of_the_reference() {
        // relative_position_bucket(j - i) of Hugging Face transformers for these distances.
        let both = bias(true);
        let behind =
            [(0, 0), (7, 7), (8, 8), (11, 8), (12, 9), (16, 10), (32, 12), (64, 14), (127, 15), (500, 15)];
        for (distance, bucket) in behind {
            assert_eq!(both.bucket(1000, 1000 - distance), Some(bucket), "{distance} behind");
        }
        assert_eq!(both.bucket(0, 1), Some(17));
        assert_eq!(both.bucket(0, 64), Some(30));
        let back = bias(false);
        for (distance, bucket) in [(0, 0), (15, 15), (16, 16), (31, 21), (32, 21), (64, 26), (128, 31)] {
            assert_eq!(back.bucket(1000, 1000 - distance), Some(bucket), "{distance} back");
        }
        assert_eq!(back.bucket(0, 1), None);
    }

    #[test]
    fn a_distance_has_one_place_in_the_table() {
        let mut both = bias(true);
        both.table = (0..32).map(|bucket| bucket as f32).collect();
        let table = both.table(5);
        assert_eq!((table.distances, table.origin), (9, 4));
        // Key 3 seen from query 1, and query 3 from key 1.
        assert_eq!(table.values[4 + 3 - 1], 18.0);
        assert_eq!(table.values[4 + 1 - 3], 2.0);
        let mut back = bias(false);
        back.table = both.table;
        assert_eq!(back.table(4).values, [3.0, 2.0, 1.0, 0.0]);
    }
}
