//! What is done number by number: activations, norms, softmax.
//!
//! Plain loops over arrays, which the compiler turns into vector instructions. The exponential is the
//! project's own, of multiplications and additions only, so that it vectorises and is the same everywhere;
//! sums have eight lanes, added up in a fixed order.

use super::simd::{Simd, Task, dispatch};
use super::threads;

/// Adding this to a float of at most 2^22 in magnitude leaves it rounded, ties to even, in the low bits.
pub(super) const ROUNDING: f32 = 12_582_912.0;

/// e^x, within 2 units of the last place from -87 to 88; 0 below, and no more than e^88 above.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, and e^r by its series (Cephes, `expf`).
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x > -87.3 { x } else { -87.3 };
    let clamped = if clamped < 88.0 { clamped } else { 88.0 };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUNDING;
    let whole = shifted - ROUNDING;
    let r = clamped - whole * LN_2_HIGH - whole * LN_2_LOW;
    let mut series = 1.987_569_1e-4;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1] {
        series = series * r + coefficient;
    }
    let fraction = series * (r * r) + r + 1.0;
    // The low bits of `shifted` are the whole number, from -126 to 127.
    let power = f32::from_bits((shifted.to_bits().wrapping_sub(ROUNDING.to_bits()).wrapping_add(127)) << 23);
    let value = fraction * power;
    if x < -87.3 { 0.0 } else { value }
}

/// GELU with the error function, `x / 2 (1 + erf(x / sqrt 2))`, by formula 7.1.26 of Abramowitz and Stegun
/// (error at most 1.5e-7).
#[inline(always)]
fn gelu_exact(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut series = 1.061_405_4;
    for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_72, 0.254_829_6] {
        series = series * t + coefficient;
    }
    // erfc of |x| / sqrt 2.
    let tail = series * t * exp(-z * z);
    let half = 0.5 * x;
    if x < 0.0 { half * tail } else { half * (2.0 - tail) }
}

/// GELU with the error function within 2.1e-4, for activations that are rounded to a byte afterwards: x (1/2 + x P(x^2))
/// with P fitted to the least error from -4 to 4 (least squares in Chebyshev polynomials).
#[inline(always)]
fn gelu_coarse(x: f32) -> f32 {
    let near = if x > -4.0 { x } else { -4.0 };
    let near = if near < 4.0 { near } else { 4.0 };
    let square = near * near;
    let mut series = 2.191_948e-8;
    for coefficient in
        [-1.551_590_2e-6, 4.695_731_3e-5, -8.036_608_5e-4, 8.718_724e-3, -6.444_818_3e-2, 3.977_919e-1]
    {
        series = series * square + coefficient;
    }
    x * (0.5 + near * series)
}

/// GELU approximated by tanh (arXiv:1606.08415), `x / (1 + exp(-2 u))`.
#[inline(always)]
fn gelu_tanh(x: f32) -> f32 {
    // 2 sqrt(2 / pi)
    const TWICE: f32 = 1.595_769;
    x / (1.0 + exp(-TWICE * (x + 0.044_715 * x * x * x)))
}

#[inline(always)]
fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// A line between 0 and 1.
#[inline(always)]
fn hard_sigmoid(x: f32, slope: f32, middle: f32) -> f32 {
    let y = slope * x + middle;
    let y = if y > 0.0 { y } else { 0.0 };
    if y < 1.0 { y } else { 1.0 }
}

#[inline(always)]
fn relu(x: f32) -> f32 {
    if x > 0.0 { x } else { 0.0 }
}

/// The functions between two layers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Activation {
    /// GELU with the error function.
    GeluExact,
    /// GELU with the error function, for activations that become bytes.
    GeluCoarse,
    /// GELU approximated by tanh.
    GeluTanh,
    /// `SiLU`.
    Silu,
    /// `ReLU`.
    Relu,
    /// The logistic function.
    Sigmoid,
    /// `slope * x + middle`, from 0 to 1.
    HardSigmoid {
        /// Of the line.
        slope: f32,
        /// Its value at 0.
        middle: f32,
    },
}

impl Activation {
    /// Applies the function to each of `values`.
    pub(crate) fn apply(self, values: &mut [f32]) {
        // About a dozen multiplications each.
        let parts = threads::parts(12 * values.len());
        let length = values.len().div_ceil(parts).next_multiple_of(8).max(8);
        threads::for_each(values.chunks_mut(length), |values| {
            self.apply_here(values);
        });
    }

    /// [`Activation::apply`] on this thread.
    pub(super) fn apply_here(self, values: &mut [f32]) {
        dispatch(Activate { activation: self, values });
    }
}

struct Activate<'a> {
    activation: Activation,
    values: &'a mut [f32],
}

impl Task for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self) {
        match self.activation {
            Activation::GeluExact => map(self.values, gelu_exact),
            Activation::GeluCoarse => map(self.values, gelu_coarse),
            Activation::GeluTanh => map(self.values, gelu_tanh),
            Activation::Silu => map(self.values, silu),
            Activation::Relu => map(self.values, relu),
            Activation::Sigmoid => map(self.values, sigmoid),
            Activation::HardSigmoid { slope, middle } => {
                map(self.values, |value| hard_sigmoid(value, slope, middle));
            }
        }
    }
}

#[inline(always)]
fn map(values: &mut [f32], function: impl Fn(f32) -> f32) {
    let (eights, rest) = values.as_chunks_mut::<8>();
    for eight in eights {
        for value in eight {
            *value = function(*value);
        }
    }
    for value in rest {
        *value = function(*value);
    }
}

/// `values += added`.
pub(crate) fn add(values: &mut [f32], added: &[f32]) {
    for (value, added) in values.iter_mut().zip(added) {
        *value += added;
    }
}

/// `values *= factors`.
pub(crate) fn multiply(values: &mut [f32], factors: &[f32]) {
    for (value, factor) in values.iter_mut().zip(factors) {
        *value *= factor;
    }
}

/// The sum of `term` of each value, in eight lanes.
#[inline(always)]
fn sum(values: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0f32; 8];
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        for (lane, value) in lanes.iter_mut().zip(eight) {
            *lane += term(*value);
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += term(*value);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// The sum of the products of two rows, in eight lanes, as long as the first.
#[inline(always)]
pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    let ((lefts, left), (rights, right)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    for (left, right) in lefts.iter().zip(rights) {
        for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
            *lane += left * right;
        }
    }
    // What is left of the longer row stands in its next chunk.
    let right = rights.get(lefts.len()).map_or(right, |chunk| chunk.as_slice());
    for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
        *lane += left * right;
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Layer normalisation with mean (arXiv:1607.06450) of each row of `values`, as many features as `weight`.
pub(crate) fn layer_norm(values: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
    let width = weight.len().max(1);
    for (row, out) in values.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let mean = sum(row, |value| value) / width as f32;
        let variance = sum(row, |value| (value - mean) * (value - mean)) / width as f32;
        let scale = 1.0 / (variance + eps).sqrt();
        for (((out, value), weight), bias) in out.iter_mut().zip(row).zip(weight).zip(bias) {
            *out = (value - mean) * scale * weight + bias;
        }
    }
}

/// Normalisation by the root mean square (arXiv:1910.07467) of each row of `values`.
pub(crate) fn rms_norm(values: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let width = weight.len().max(1);
    for (row, out) in values.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
        let square = sum(row, |value| value * value) / width as f32;
        let scale = 1.0 / (square + eps).sqrt();
        for ((out, value), weight) in out.iter_mut().zip(row).zip(weight) {
            *out = value * scale * weight;
        }
    }
}

/// Softmax of each row of `values`.
pub(crate) fn softmax_rows(values: &mut [f32], width: usize) {
    struct Rows<'a>(&'a mut [f32], usize);

    impl Task for Rows<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Simd>(self) {
            for row in self.0.chunks_exact_mut(self.1.max(1)) {
                let inverse = softmax(row);
                row.iter_mut().for_each(|value| *value *= inverse);
            }
        }
    }

    let parts = threads::parts(12 * values.len());
    let rows = (values.len() / width.max(1)).div_ceil(parts).max(1);
    threads::for_each(values.chunks_mut(rows * width.max(1)), |values| dispatch(Rows(values, width)));
}

/// Turns scores into the exponentials of their distances from the largest, and gives one over their sum.
/// Scores of minus infinity become zero.
#[inline(always)]
pub(super) fn softmax(scores: &mut [f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 8];
    let (eights, rest) = scores.as_chunks::<8>();
    for eight in eights {
        for (lane, score) in lanes.iter_mut().zip(eight) {
            *lane = if *score > *lane { *score } else { *lane };
        }
    }
    let all = lanes.iter().chain(rest);
    let largest =
        all.fold(f32::NEG_INFINITY, |largest, &score| if score > largest { score } else { largest });
    // Where all is hidden, nothing is: the reference divides zero by zero there.
    let largest = if largest > f32::NEG_INFINITY { largest } else { 0.0 };
    map(scores, |score| exp(score - largest));
    1.0 / sum(scores, |value| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_library() {
        for step in -8800..=8800 {
            let x = step as f32 * 0.01;
            let wanted = f64::from(x).exp();
            let error = (f64::from(exp(x)) - wanted).abs();
            assert!(error <= 3e-7 * wanted || x < -87.3 && error < 1e-37, "{x}: {} {wanted}", exp(x));
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert!(exp(1e9).is_finite());
    }

    /// The error function by its series (Abramowitz and Stegun 7.1.5), good up to 5.
    fn erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn activations_are_what_they_are_called() {
        let xs: Vec<f32> = (-601..=601).map(|step| step as f32 * 0.01).collect();
        let apply = |activation: Activation| {
            let mut values = xs.clone();
            activation.apply(&mut values);
            values
        };
        let check = |activation: Activation, wanted: &dyn Fn(f64) -> f64| {
            for (x, found) in xs.iter().zip(apply(activation)) {
                let wanted = wanted(f64::from(*x));
                assert!((f64::from(found) - wanted).abs() < 2e-6, "{activation:?} {x}: {found} {wanted}");
            }
        };
        check(Activation::GeluExact, &|x| 0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)));
        let root = (2.0 / std::f64::consts::PI).sqrt();
        check(Activation::GeluTanh, &|x| 0.5 * x * (1.0 + (root * (x + 0.044_715 * x * x * x)).tanh()));
        check(Activation::Silu, &|x| x / (1.0 + (-x).exp()));
        check(Activation::Relu, &|x| x.max(0.0));
    }

    #[test]
    fn norms_do_what_they_say() {
        for width in [1, 3, 8, 13, 64] {
            let values: Vec<f32> = (0..2 * width).map(|place| (place * place % 17) as f32 - 5.0).collect();
            let weight: Vec<f32> = (0..width).map(|place| 1.0 + place as f32 * 0.1).collect();
            let bias: Vec<f32> = (0..width).map(|place| place as f32).collect();
            let (mut layer, mut root) = (vec![0.0; 2 * width], vec![0.0; 2 * width]);
            layer_norm(&values, &weight, &bias, 1e-5, &mut layer);
            rms_norm(&values, &weight, 1e-5, &mut root);
            for (index, row) in values.chunks(width).enumerate() {
                let mean: f64 = row.iter().map(|&x| f64::from(x)).sum::<f64>() / width as f64;
                let square = |shift: f64| {
                    row.iter().map(|&x| (f64::from(x) - shift).powi(2)).sum::<f64>() / width as f64
                };
                for place in 0..width {
                    let (x, w) = (f64::from(row[place]), f64::from(weight[place]));
                    let wanted = (x - mean) / (square(mean) + 1e-5).sqrt() * w + f64::from(bias[place]);
                    assert!((f64::from(layer[index * width + place]) - wanted).abs() < 1e-4);
                    let wanted = x / (square(0.0) + 1e-5).sqrt() * w;
                    assert!((f64::from(root[index * width + place]) - wanted).abs() < 1e-5);
                }
            }
        }
    }

    #[test]
    fn softmax_hides_what_is_hidden() {
        let mut scores = vec![1.0, f32::NEG_INFINITY, 3.0, 2.0, 0.0, 1.0, 1.0, 1.0, 1.0, 3.0];
        let scale = softmax(&mut scores);
        let sum: f32 = scores.iter().map(|value| value * scale).sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert_eq!((scores[1], scores[2], scores[9]), (0.0, 1.0, 1.0));
    }
}
