//! Attention in float32: scores, softmax and the mean of the values, for one block of queries after the other.

use super::blocks::COLUMNS;
use super::elementwise::{dot, softmax};
use super::float::PackedRows;
use super::simd::{Simd, Task, dispatch};
use super::threads;

/// Queries whose scores are kept at once.
const QUERIES_AT_ONCE: usize = 48;

/// The keys and values of one input in panels of eight: keys by position, values by feature.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyValues {
    heads: usize,
    width: usize,
    positions: usize,
    /// `[heads, panels of positions, width]`
    keys: Vec<[f32; COLUMNS]>,
    /// `[heads, panels of features, positions]`
    values: Vec<[f32; COLUMNS]>,
}

/// What is added to the scores: a number for each head and distance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DistanceBias<'a> {
    /// `[heads, distances]`.
    pub(crate) table: &'a [f32],
    /// Distances kept for each head.
    pub(crate) distances: usize,
    /// The place in a head's row of key 0 for query 0; key `k` and query `q` are `k - q` further.
    pub(crate) origin: usize,
}

/// Reused between calls, one part's each.
#[derive(Debug, Default)]
pub(crate) struct AttentionScratch {
    parts: Vec<PartScratch>,
}

#[derive(Debug, Default)]
struct PartScratch {
    queries: PackedRows,
    /// `[queries, positions in whole panels]`
    scores: Vec<f32>,
    /// `[queries]`
    weights: PackedRows,
    inverses: Vec<f32>,
}

impl KeyValues {
    /// Takes `keys` and `values` of `heads` heads: `positions` rows, each a slice of `stride` numbers, of which
    /// the first `heads * width` are meant.
    pub(crate) fn fill(&mut self, keys: &[f32], values: &[f32], stride: usize, heads: usize, width: usize) {
        let positions = keys.len().div_ceil(stride.max(1));
        (self.heads, self.width, self.positions) = (heads, width, positions);
        let (key_panels, value_panels) = (positions.div_ceil(COLUMNS), width.div_ceil(COLUMNS));
        self.keys.clear();
        self.keys.resize(heads * key_panels * width, [0.0; COLUMNS]);
        self.values.clear();
        self.values.resize(heads * value_panels * positions, [0.0; COLUMNS]);
        for (position, row) in keys.chunks(stride.max(1)).enumerate() {
            for (head, row) in row.chunks_exact(width).take(heads).enumerate() {
                let start = (head * key_panels + position / COLUMNS) * width;
                for (lanes, value) in self.keys.iter_mut().skip(start).zip(row) {
                    lanes[position % COLUMNS] = *value;
                }
            }
        }
        for (position, row) in values.chunks(stride.max(1)).enumerate() {
            for (head, row) in row.chunks_exact(width).take(heads).enumerate() {
                for (panel, features) in row.chunks(COLUMNS).enumerate() {
                    let place = (head * value_panels + panel) * positions + position;
                    for (lane, value) in self.values.iter_mut().skip(place).take(1).flatten().zip(features) {
                        *lane = *value;
                    }
                }
            }
        }
    }

    /// Attends from each row of `queries` (each a slice of `stride` numbers, of which the first `heads * width`
    /// are meant) to all positions and writes `[rows, heads * width]` to `out`. Scores are multiplied with
    /// `scale` before `bias` is added.
    pub(crate) fn attend(
        &self,
        queries: &[f32],
        stride: usize,
        scale: f32,
        bias: Option<DistanceBias<'_>>,
        out: &mut [f32],
        scratch: &mut AttentionScratch,
    ) {
        let stride = stride.max(1);
        let features = self.heads * self.width;
        if features == 0 || self.positions == 0 {
            return;
        }
        let rows = queries.len().div_ceil(stride);
        // Scores and means.
        let parts = threads::parts(2 * rows * self.positions * features);
        let height = rows.div_ceil(parts).next_multiple_of(4).max(4);
        scratch.parts.resize_with(parts.max(scratch.parts.len()), PartScratch::default);
        let tasks = queries.chunks(height * stride).zip(out.chunks_mut(height * features));
        let tasks = tasks.zip(&mut scratch.parts).enumerate();
        threads::for_each(tasks, |(part, ((queries, out), scratch))| {
            dispatch(Attend {
                cache: self,
                queries,
                first: part * height,
                stride,
                scale,
                bias,
                out,
                scratch,
            });
        });
    }
}

struct Attend<'a> {
    cache: &'a KeyValues,
    queries: &'a [f32],
    /// Queries before these.
    first: usize,
    stride: usize,
    scale: f32,
    bias: Option<DistanceBias<'a>>,
    out: &'a mut [f32],
    scratch: &'a mut PartScratch,
}

impl Task for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        let KeyValues { heads, width, positions, keys, values } = self.cache;
        let (heads, width, positions) = (*heads, *width, *positions);
        let PartScratch { queries: packed, scores, weights, inverses } = self.scratch;
        let padded = positions.next_multiple_of(COLUMNS);
        let features = heads * width;
        let blocks = self.queries.chunks(QUERIES_AT_ONCE * self.stride);
        for (block, (queries, out)) in blocks.zip(self.out.chunks_mut(QUERIES_AT_ONCE * features)).enumerate()
        {
            let rows = queries.len().div_ceil(self.stride);
            scores.resize(rows * padded, 0.0);
            for head in 0..heads {
                let query = |row: usize| queries.get(row * self.stride + head * width..).unwrap_or_default();
                packed.pack(
                    (0..rows).map(|row| query(row).get(..width).unwrap_or_default()),
                    width,
                    self.scale,
                );
                let keys = keys.chunks_exact(width).skip(head * (padded / COLUMNS)).take(padded / COLUMNS);
                for (panel, keys) in keys.enumerate() {
                    packed.multiply::<S>(keys, |row, products| {
                        let place = row * padded + panel * COLUMNS;
                        let (place, _) =
                            scores.get_mut(place..).unwrap_or_default().as_chunks_mut::<COLUMNS>();
                        if let Some(place) = place.first_mut() {
                            S::store_floats(products, place);
                        }
                    });
                }
                inverses.clear();
                for (row, scores) in scores.chunks_exact_mut(padded).enumerate() {
                    let scores = scores.get_mut(..positions).unwrap_or_default();
                    if let Some(bias) = self.bias {
                        let query = self.first + block * QUERIES_AT_ONCE + row;
                        let first = (head * bias.distances + bias.origin).saturating_sub(query);
                        let added = bias.table.get(first..first + positions).unwrap_or_default();
                        for (score, added) in scores.iter_mut().zip(added) {
                            *score += added;
                        }
                    }
                    inverses.push(softmax(scores));
                }
                let rows = scores.chunks_exact(padded).map(|row| row.get(..positions).unwrap_or_default());
                weights.pack(rows, positions, 1.0);
                let panels = width.div_ceil(COLUMNS);
                let values = values.chunks_exact(positions).skip(head * panels).take(panels);
                for (panel, values) in values.enumerate() {
                    let first = panel * COLUMNS;
                    weights.multiply::<S>(values, |row, products| {
                        let inverse = inverses.get(row).copied().unwrap_or_default();
                        let mut mean = [0.0; COLUMNS];
                        S::store_floats(S::mul_floats(S::splat(inverse), products), &mut mean);
                        let place = row * features + head * width + first;
                        let place =
                            out.get_mut(place..place + COLUMNS.min(width - first)).unwrap_or_default();
                        for (place, mean) in place.iter_mut().zip(mean) {
                            *place = mean;
                        }
                    });
                }
            }
        }
    }
}

/// Attends from the last rows of `keys` and `values` (`[positions, heads * width]`), whose queries are given,
/// each to its own position and those before, and writes as many rows to `out`. `bias` counts queries by their
/// positions.
pub(crate) fn attend_rows(
    queries: &[f32],
    (keys, values): (&[f32], &[f32]),
    (heads, width): (usize, usize),
    scale: f32,
    bias: Option<DistanceBias<'_>>,
    out: &mut [f32],
) {
    let features = (heads * width).max(1);
    let first = (keys.len() / features).saturating_sub(queries.len() / features);
    let mut scores = Vec::new();
    for (new, (query, out)) in queries.chunks_exact(features).zip(out.chunks_exact_mut(features)).enumerate()
    {
        let position = first + new;
        let parts = query.chunks_exact(width.max(1)).zip(out.chunks_exact_mut(width.max(1)));
        for (head, (query, out)) in parts.enumerate() {
            let place = head * width;
            scores.clear();
            for key in keys.chunks_exact(features).take(position + 1) {
                scores.push(dot(query, key.get(place..).unwrap_or_default()) * scale);
            }
            if let Some(bias) = bias {
                let start = (head * bias.distances + bias.origin).saturating_sub(position);
                let added = bias.table.get(start..start + scores.len()).unwrap_or_default();
                for (score, added) in scores.iter_mut().zip(added) {
                    *score += added;
                }
            }
            let inverse = softmax(&mut scores);
            out.fill(0.0);
            for (value, weight) in values.chunks_exact(features).zip(&scores) {
                let value = value.get(place..).unwrap_or_default();
                let weight = weight * inverse;
                for (out, value) in out.iter_mut().zip(value) {
                    *out += weight * value;
                }
            }
        }
    }
}
