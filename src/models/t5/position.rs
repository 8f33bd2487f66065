//! The relative position bias: each head adds a number that depends on how far apart two positions are.

use super::Config;
use candle_core::{Device, Result, Tensor};

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
    pub(super) fn new(table: &Tensor, config: &Config, bidirectional: bool) -> Result<Self> {
        Ok(Self {
            table: table.flatten_all()?.to_vec1()?,
            heads: config.num_heads,
            buckets: config.relative_attention_num_buckets,
            max_distance: config.relative_attention_max_distance,
            bidirectional,
        })
    }

    /// The bias from positions `past..past + new` to positions `0..past + new`: `[heads, new, past + new]`.
    /// Without bidirectional buckets what lies ahead is hidden with minus infinity.
    pub(super) fn tensor(&self, past: usize, new: usize) -> Result<Tensor> {
        let all = past + new;
        let mut bias = Vec::with_capacity(self.heads * new * all);
        for head in 0..self.heads {
            for query in past..all {
                for key in 0..all {
                    bias.push(match self.bucket(query, key) {
                        Some(bucket) => {
                            self.table.get(bucket * self.heads + head).copied().unwrap_or_default()
                        }
                        None => f32::NEG_INFINITY,
                    });
                }
            }
        }
        Tensor::from_vec(bias, (self.heads, new, all), &Device::Cpu)
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
}
