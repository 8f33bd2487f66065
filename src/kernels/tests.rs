//! Every kernel against a plain loop, and the machines against each other.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use super::product::{Form, plain_product};
use super::*;

/// Nearly random numbers (`SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.float()).collect()
    }

    /// GGUF rows of `format` with any bits but those that make a scale infinite.
    fn rows(&mut self, format: Format, rows: usize, inputs: usize) -> Vec<u8> {
        let (block, bytes, scales): (usize, usize, &[usize]) = match format {
            Format::Q4K => (256, 144, &[0, 2]),
            Format::Q6K => (256, 210, &[208]),
            Format::Q8 => (32, 34, &[0]),
            Format::F32 => {
                return self.floats(rows * inputs).into_iter().flat_map(f32::to_le_bytes).collect();
            }
        };
        let mut data: Vec<u8> = (0..rows * inputs / block * bytes).map(|_| self.next() as u8).collect();
        for block in data.chunks_exact_mut(bytes) {
            for scale in scales {
                // Exponents that make scales of about a hundredth.
                block[scale + 1] = (block[scale + 1] & 0x83) | 0x20;
            }
        }
        data
    }

    fn matrix(&mut self, format: Format, outputs: usize, inputs: usize) -> WeightMatrix {
        let rows = self.rows(format, outputs, inputs);
        let mut matrix = WeightMatrix::new(format, outputs, inputs).unwrap();
        // In two parts, as a loader may.
        let middle = outputs / 2 / 8 * 8 * (rows.len() / outputs);
        matrix.push_blocks(&rows[..middle]);
        matrix.push_blocks(&rows[middle..]);
        assert!(matrix.is_complete());
        matrix
    }
}

fn dense(matrix: &WeightMatrix) -> Vec<Vec<f32>> {
    (0..matrix.outputs())
        .map(|index| {
            let mut row = vec![0.0; matrix.inputs()];
            assert!(matrix.row(index, &mut row));
            row
        })
        .collect()
}

/// Rounds activations as the kernels do: 32 at a time to multiples of a part of the largest.
fn rounded(xs: &[f32]) -> Vec<f64> {
    xs.chunks(32)
        .flat_map(|part| {
            let largest = part.iter().fold(0f32, |largest, x| largest.max(x.abs()));
            let inverse = if largest > 0.0 { 32_639.0 / largest } else { 0.0 };
            let scale = largest / 32_639.0;
            part.iter().map(move |x| f64::from((x * inverse).round_ties_even() * scale)).collect::<Vec<_>>()
        })
        .collect()
}

const SHAPES: [(usize, usize, usize); 10] = [
    (1, 1, 256),
    (1, 8, 256),
    (2, 9, 512),
    (3, 30, 256),
    (4, 16, 768),
    (5, 7, 256),
    (7, 23, 1024),
    (12, 40, 256),
    (99, 17, 256),
    (33, 50, 256),
];

#[test]
fn products_are_those_of_a_plain_loop() {
    let mut random = Random(1);
    for format in [Format::Q4K, Format::Q6K, Format::Q8, Format::F32] {
        let odd: &[(usize, usize, usize)] = match format {
            Format::Q4K | Format::Q6K => &[],
            Format::Q8 => &[(1, 5, 32), (6, 11, 96), (5, 8, 288)],
            Format::F32 => &[(1, 1, 1), (1, 5, 3), (6, 11, 37), (50, 9, 20), (97, 3, 5)],
        };
        for &(rows, outputs, inputs) in SHAPES.iter().chain(odd) {
            let matrix = random.matrix(format, outputs, inputs);
            let weights = dense(&matrix);
            let xs = random.floats(rows * inputs);
            let bias = random.floats(outputs);
            let mut input = Input::default();
            input.copy(&xs, inputs);
            let mut out = vec![f32::NAN; 3];
            matrix.apply(&mut input, Some(&bias), &mut out, &mut Scratch::default());
            assert_eq!(out.len(), rows * outputs);
            for row in 0..rows {
                let xs = &xs[row * inputs..][..inputs];
                let exact = || xs.iter().map(|&x| f64::from(x)).collect();
                let xs: Vec<f64> = if format == Format::F32 { exact() } else { rounded(xs) };
                for (column, weights) in weights.iter().enumerate() {
                    let products = || xs.iter().zip(weights).map(|(x, &w)| x * f64::from(w));
                    let wanted = f64::from(bias[column]) + products().sum::<f64>();
                    let room = 1.0 + products().map(f64::abs).sum::<f64>();
                    let found = f64::from(out[row * outputs + column]);
                    assert!(
                        (found - wanted).abs() < 2e-6 * room,
                        "{format:?} {rows} {outputs} {inputs}: {found} {wanted} at {row} {column}"
                    );
                }
            }
        }
    }
}

#[test]
fn machines_threads_and_numbers_of_rows_change_no_bit() {
    let mut random = Random(2);
    for format in [Format::Q4K, Format::Q6K, Format::Q8, Format::F32] {
        for (rows, outputs, inputs) in SHAPES {
            let matrix = random.matrix(format, outputs, inputs);
            let xs = random.floats(rows * inputs);
            let apply = |xs: &[f32]| {
                let mut input = Input::default();
                input.copy(xs, inputs);
                let mut out = Vec::new();
                matrix.apply(&mut input, None, &mut out, &mut Scratch::default());
                out
            };
            let all = apply(&xs);
            for (row, xs) in xs.chunks(inputs).enumerate() {
                assert_eq!(
                    apply(xs),
                    all[row * outputs..][..outputs],
                    "{format:?} {rows} {outputs} {inputs}"
                );
            }
            for parts in [2, 3, 5] {
                let (mut input, mut out) = (Input::default(), Vec::new());
                input.copy(&xs, inputs);
                matrix.apply_in(parts, &mut input, None, &mut out, &mut Scratch::default());
                assert_eq!(out, all, "{format:?} {rows} {outputs} {inputs}, in {parts} parts");
            }
            let forms: &[Form] = match format {
                Format::Q4K | Format::Q6K => &[Form::Pairs, Form::Quads, Form::Words],
                Format::Q8 => &[Form::Quads, Form::Words],
                Format::F32 => &[Form::Floats],
            };
            for form in forms {
                let mut input = Input::default();
                input.copy(&xs, inputs);
                let mut out = Vec::new();
                plain_product(&matrix, &mut input, *form, &mut out);
                assert_eq!(out, all, "{format:?} {rows} {outputs} {inputs}, {form:?}");
            }
        }
    }
}

/// Coarsely rounded activations give the same bits on all machines too, near those of fine ones.
#[test]
fn coarse_products_are_near_and_the_same_everywhere() {
    let mut random = Random(5);
    for format in [Format::Q4K, Format::Q6K] {
        for (rows, outputs, inputs) in SHAPES {
            let matrix = random.matrix(format, outputs, inputs);
            let xs = random.floats(rows * inputs);
            let apply = |rounding: Rounding, form: Option<Form>| {
                let mut input = Input::rounded(rounding);
                input.copy(&xs, inputs);
                let mut out = Vec::new();
                match form {
                    None => matrix.apply(&mut input, None, &mut out, &mut Scratch::default()),
                    Some(form) => plain_product(&matrix, &mut input, form, &mut out),
                }
                out
            };
            let coarse = apply(Rounding::Coarse, None);
            for form in [Form::Bytes, Form::Quads, Form::Words] {
                assert_eq!(coarse, apply(Rounding::Coarse, Some(form)), "{format:?}, {form:?}");
            }
            let fine = apply(Rounding::Fine, None);
            let length = fine.iter().map(|x| x * x).sum::<f32>();
            let error = coarse.iter().zip(&fine).map(|(x, y)| (x - y) * (x - y)).sum::<f32>();
            assert!(error > 0.0 && error < 1e-3 * length, "{format:?}: {error} of {length}");
        }
    }
}

/// The largest numbers that the types allow: nothing overflows or saturates.
#[test]
fn extremes_stay_exact() {
    for format in [Format::Q4K, Format::Q6K, Format::Q8] {
        let (block, bytes) = match format {
            Format::Q4K => (256, 144),
            Format::Q6K => (256, 210),
            _ => (32, 34),
        };
        for byte in [0xff, 0x80, 0x7f] {
            let mut row = vec![byte; 512 / block * bytes];
            for block in row.chunks_exact_mut(bytes) {
                // Scales of one.
                match format {
                    Format::Q4K => block[..4].copy_from_slice(&[0, 0x3c, 0, 0x3c]),
                    Format::Q6K => block[208..].copy_from_slice(&[0, 0x3c]),
                    _ => block[..2].copy_from_slice(&[0, 0x3c]),
                }
            }
            let mut matrix = WeightMatrix::new(format, 8, 512).unwrap();
            matrix.push_blocks(&row.repeat(8));
            for sign in [1.0f32, -1.0] {
                for rounding in [Rounding::Fine, Rounding::Coarse] {
                    let xs = vec![sign; 4 * 512];
                    let mut input = Input::rounded(rounding);
                    input.copy(&xs, 512);
                    let mut out = Vec::new();
                    matrix.apply(&mut input, None, &mut out, &mut Scratch::default());
                    for (column, weights) in dense(&matrix).iter().enumerate() {
                        let wanted: f64 = weights.iter().map(|&w| f64::from(w * sign)).sum();
                        let found = f64::from(out[column]);
                        assert!(
                            (found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0),
                            "{format:?} {byte}: {found} {wanted}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn attention_is_that_of_a_plain_loop() {
    let mut random = Random(3);
    for (queries, positions, heads, width) in
        [(1, 1, 1, 1), (1, 9, 2, 8), (3, 8, 3, 5), (6, 17, 2, 12), (50, 33, 1, 64), (97, 97, 2, 16)]
    {
        let (features, stride) = (heads * width, heads * width + 3);
        let (query, key, value) = (
            random.floats(queries * stride),
            random.floats(positions * stride),
            random.floats(positions * stride),
        );
        let distances = queries + positions;
        let table = random.floats(heads * distances);
        for biased in [false, true] {
            let bias = DistanceBias { table: &table, distances, origin: queries };
            let mut cache = KeyValues::default();
            cache.fill(&key, &value, stride, heads, width);
            let mut out = vec![f32::NAN; queries * features];
            let bias_given = biased.then_some(bias);
            cache.attend(&query, stride, 0.5, bias_given, &mut out, &mut AttentionScratch::default());
            for row in 0..queries {
                for head in 0..heads {
                    let at = |xs: &[f32], row: usize, place: usize| {
                        f64::from(xs[row * stride + head * width + place])
                    };
                    let scores: Vec<f64> = (0..positions)
                        .map(|position| {
                            let dot: f64 = (0..width)
                                .map(|place| at(&query, row, place) * at(&key, position, place))
                                .sum();
                            let added = table[head * distances + queries + position - row];
                            (0.5 * dot + if biased { f64::from(added) } else { 0.0 }).exp()
                        })
                        .collect();
                    let sum: f64 = scores.iter().sum();
                    for place in 0..width {
                        let mean: f64 = scores
                            .iter()
                            .enumerate()
                            .map(|(position, score)| score * at(&value, position, place))
                            .sum();
                        let found = f64::from(out[row * features + head * width + place]);
                        assert!((found - mean / sum).abs() < 1e-5, "{queries} {positions} {heads} {width}");
                    }
                }
            }
        }
    }
}

#[test]
fn rows_that_are_not_there_are_not_read() {
    let matrix = Random(4).matrix(Format::Q8, 5, 64);
    let mut row = [0.0; 64];
    assert!(matrix.row(4, &mut row));
    assert!(!matrix.row(5, &mut row));
    assert!(!matrix.row(0, &mut row[..63]));
    assert!(WeightMatrix::new(Format::Q4K, 5, 64).is_none());
}
