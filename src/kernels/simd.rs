//! Eight lanes at a time: the few instructions that the kernels are written in, for each machine.
//!
//! This is the only file of the project with `unsafe`. Two kinds of it are here: loads and stores through
//! references to arrays of exactly the size that the instruction reads or writes, without alignment; and
//! intrinsics of AVX2 and AVX-VNNI, which are reached only through [`dispatch`], after the processor was asked for
//! them.
//!
//! Integer results are the same on every machine: no instruction here saturates within the ranges that
//! [`Simd::dot_bytes`] and [`Simd::dot_words`] state. Floats are multiplied and added one by one in a fixed
//! order, never fused, so they are the same too.

#![allow(unsafe_code, reason = "SIMD loads, stores and intrinsics; see the safety argument above")]

/// A machine's instructions. A lane is a column of a matrix product.
pub(super) trait Simd: Copy {
    /// Eight 32-bit integers.
    type Ints: Copy;
    /// Eight floats.
    type Floats: Copy;
    /// Four bytes, the same in each lane.
    type Pattern: Copy;
    /// Sums of eight lanes that [`Simd::fold`] has still to add up.
    type Quads: Copy;
    /// Four 16-bit integers, the same in each lane.
    type QuadPattern: Copy;

    /// There is an instruction for [`Simd::dot_bytes`].
    const HAS_BYTES: bool;
    /// Sums of eight rows and what they are made of fit the registers.
    const HAS_MANY_REGISTERS: bool;
    /// Rows from which on one [`Simd::dot_words`] is quicker than two [`Simd::dot_bytes`] or one
    /// [`Simd::dot_quads`] for the same products.
    const ROWS_FOR_WORDS: usize;

    fn zero() -> Self::Ints;
    fn load(from: &[i32; 8]) -> Self::Ints;
    fn pattern(bytes: i32) -> Self::Pattern;
    fn add(left: Self::Ints, right: Self::Ints) -> Self::Ints;
    fn splat_int(value: i32) -> Self::Ints;
    fn times_256(ints: Self::Ints) -> Self::Ints;
    fn to_floats(ints: Self::Ints) -> Self::Floats;

    /// Adds in each lane the products of four weights, 0 to 127, with four activations, -128 to 127.
    ///
    /// Nothing saturates: two products are at most 2 * 127 * 128 = 32512 in magnitude, within 16 bits, so a
    /// machine may add them in 16 bits (`pmaddubsw`, the relaxed dot without VNNI) or in 32 and give the
    /// same; and a weight has its top bit clear, so it is the same byte signed and unsigned. That is the
    /// range in which the relaxed dot has one result on all machines.
    fn dot_bytes(sum: Self::Ints, weights: Self::Ints, activations: Self::Pattern) -> Self::Ints;

    /// Adds in each lane the products of two 16-bit weights with two 16-bit activations.
    fn dot_words(sum: Self::Ints, weights: Self::Ints, activations: Self::Pattern) -> Self::Ints;

    fn zero_quads() -> Self::Quads;
    fn quad_pattern(quad: i64) -> Self::QuadPattern;

    /// Adds in each lane the products of four weights, -128 to 127, with four 16-bit activations: without
    /// widening the weights in memory, for a row alone.
    fn dot_quads(sums: Self::Quads, weights: Self::Ints, activations: Self::QuadPattern) -> Self::Quads;

    fn fold(sums: Self::Quads) -> Self::Ints;

    fn store(ints: Self::Ints, to: &mut [i32; 8]);
    fn and(left: Self::Ints, right: Self::Ints) -> Self::Ints;
    fn xor(left: Self::Ints, right: Self::Ints) -> Self::Ints;
    /// The floats' bits.
    fn bits(floats: Self::Floats) -> Self::Ints;

    fn load_floats(from: &[f32; 8]) -> Self::Floats;
    fn store_floats(floats: Self::Floats, to: &mut [f32; 8]);
    fn splat(value: f32) -> Self::Floats;
    fn add_floats(left: Self::Floats, right: Self::Floats) -> Self::Floats;
    fn sub_floats(left: Self::Floats, right: Self::Floats) -> Self::Floats;
    fn mul_floats(left: Self::Floats, right: Self::Floats) -> Self::Floats;
    /// The left ones where they are smaller.
    fn min_floats(left: Self::Floats, right: Self::Floats) -> Self::Floats;
    /// The left ones where they are larger.
    fn max_floats(left: Self::Floats, right: Self::Floats) -> Self::Floats;
}

/// Work that is compiled for each machine. `run` and what it calls must be `#[inline(always)]`, so that it
/// becomes part of a function that has the machine's instructions.
pub(super) trait Task {
    /// What comes of it.
    type Output;

    /// Does it with the instructions of `S`.
    fn run<S: Simd>(self) -> Self::Output;
}

/// Runs `task` with the best instructions that this machine has.
pub(super) fn dispatch<T: Task>(task: T) -> T::Output {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    return wasm::run(task);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        if std::arch::is_x86_feature_detected!("avxvnni") {
            // SAFETY: the processor has both.
            return unsafe { avx2::run_with_dot(task) };
        }
        // SAFETY: the processor has AVX2.
        return unsafe { avx2::run(task) };
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    task.run::<Scalar>()
}

/// No special instructions.
#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar;

#[cfg(any(test, not(all(target_arch = "wasm32", target_feature = "simd128"))))]
impl Simd for Scalar {
    type Ints = [i32; 8];
    type Floats = [f32; 8];
    type Pattern = i32;
    type Quads = [i32; 8];
    type QuadPattern = i64;

    const HAS_BYTES: bool = false;
    const HAS_MANY_REGISTERS: bool = false;
    const ROWS_FOR_WORDS: usize = 4;

    #[inline(always)]
    fn zero() -> [i32; 8] {
        [0; 8]
    }

    #[inline(always)]
    fn load(from: &[i32; 8]) -> [i32; 8] {
        *from
    }

    #[inline(always)]
    fn pattern(bytes: i32) -> i32 {
        bytes
    }

    #[inline(always)]
    fn add(left: [i32; 8], right: [i32; 8]) -> [i32; 8] {
        std::array::from_fn(|lane| left[lane].wrapping_add(right[lane]))
    }

    #[inline(always)]
    fn splat_int(value: i32) -> [i32; 8] {
        [value; 8]
    }

    #[inline(always)]
    fn times_256(ints: [i32; 8]) -> [i32; 8] {
        ints.map(|value| value << 8)
    }

    #[inline(always)]
    fn to_floats(ints: [i32; 8]) -> [f32; 8] {
        ints.map(|value| value as f32)
    }

    #[inline(always)]
    fn dot_bytes(sum: [i32; 8], weights: [i32; 8], activations: i32) -> [i32; 8] {
        let activations = activations.to_le_bytes();
        std::array::from_fn(|lane| {
            let weights = weights[lane].to_le_bytes();
            let product = |place: usize| i32::from(weights[place]) * i32::from(activations[place] as i8);
            sum[lane].wrapping_add(product(0) + product(1) + product(2) + product(3))
        })
    }

    #[inline(always)]
    fn dot_words(sum: [i32; 8], weights: [i32; 8], activations: i32) -> [i32; 8] {
        let (low, high) = (i32::from(activations as i16), activations >> 16);
        std::array::from_fn(|lane| {
            let weight = weights[lane];
            let product = (i32::from(weight as i16) * low).wrapping_add((weight >> 16) * high);
            sum[lane].wrapping_add(product)
        })
    }

    #[inline(always)]
    fn zero_quads() -> [i32; 8] {
        [0; 8]
    }

    #[inline(always)]
    fn quad_pattern(quad: i64) -> i64 {
        quad
    }

    #[inline(always)]
    fn dot_quads(sums: [i32; 8], weights: [i32; 8], activations: i64) -> [i32; 8] {
        std::array::from_fn(|lane| {
            let weights = weights[lane].to_le_bytes();
            let products = weights.iter().enumerate().map(|(place, weight)| {
                i32::from(*weight as i8) * i32::from((activations >> (16 * place)) as i16)
            });
            sums[lane].wrapping_add(products.sum())
        })
    }

    #[inline(always)]
    fn fold(sums: [i32; 8]) -> [i32; 8] {
        sums
    }

    #[inline(always)]
    fn store(ints: [i32; 8], to: &mut [i32; 8]) {
        *to = ints;
    }

    #[inline(always)]
    fn and(left: [i32; 8], right: [i32; 8]) -> [i32; 8] {
        std::array::from_fn(|lane| left[lane] & right[lane])
    }

    #[inline(always)]
    fn xor(left: [i32; 8], right: [i32; 8]) -> [i32; 8] {
        std::array::from_fn(|lane| left[lane] ^ right[lane])
    }

    #[inline(always)]
    fn bits(floats: [f32; 8]) -> [i32; 8] {
        floats.map(|value| value.to_bits().cast_signed())
    }

    #[inline(always)]
    fn load_floats(from: &[f32; 8]) -> [f32; 8] {
        *from
    }

    #[inline(always)]
    fn store_floats(floats: [f32; 8], to: &mut [f32; 8]) {
        *to = floats;
    }

    #[inline(always)]
    fn splat(value: f32) -> [f32; 8] {
        [value; 8]
    }

    #[inline(always)]
    fn add_floats(left: [f32; 8], right: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|lane| left[lane] + right[lane])
    }

    #[inline(always)]
    fn sub_floats(left: [f32; 8], right: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|lane| left[lane] - right[lane])
    }

    #[inline(always)]
    fn mul_floats(left: [f32; 8], right: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|lane| left[lane] * right[lane])
    }

    #[inline(always)]
    fn min_floats(left: [f32; 8], right: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|lane| if left[lane] < right[lane] { left[lane] } else { right[lane] })
    }

    #[inline(always)]
    fn max_floats(left: [f32; 8], right: [f32; 8]) -> [f32; 8] {
        std::array::from_fn(|lane| if left[lane] > right[lane] { left[lane] } else { right[lane] })
    }
}

/// WebAssembly's 128-bit vectors, two of them; with the relaxed dot in builds with the feature `relaxed`.
///
/// Only [`run`] is compiled for relaxed SIMD, so builds with and without it share all other code: crates, the
/// standard library and the compiler's flags.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm {
    use super::{Simd, Task};
    use std::arch::wasm32::{
        f32x4_add, f32x4_convert_i32x4, f32x4_mul, f32x4_pmax, f32x4_pmin, f32x4_splat, f32x4_sub,
        i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add, i32x4_dot_i16x8, i32x4_shl,
        i32x4_shuffle, i32x4_splat, i64x2_splat, v128, v128_and, v128_load, v128_store, v128_xor,
    };

    /// With the relaxed dot its methods may only run inside [`run`], which has the instruction.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Wasm(());

    /// Compiles `task` for the machine that the build is for.
    #[cfg_attr(feature = "relaxed", target_feature(enable = "relaxed-simd"))]
    pub(super) fn run<T: Task>(task: T) -> T::Output {
        task.run::<Wasm>()
    }

    type Pair = (v128, v128);

    #[inline(always)]
    fn each(left: Pair, right: Pair, operation: impl Fn(v128, v128) -> v128) -> Pair {
        (operation(left.0, right.0), operation(left.1, right.1))
    }

    impl Simd for Wasm {
        type Ints = Pair;
        type Floats = Pair;
        type Pattern = v128;
        /// Two columns each, two sums a column.
        type Quads = (Pair, Pair);
        type QuadPattern = v128;

        const HAS_BYTES: bool = cfg!(feature = "relaxed");
        const HAS_MANY_REGISTERS: bool = false;
        const ROWS_FOR_WORDS: usize = if cfg!(feature = "relaxed") { usize::MAX } else { 4 };

        #[inline(always)]
        fn zero() -> Pair {
            (i32x4_splat(0), i32x4_splat(0))
        }

        #[inline(always)]
        fn load(from: &[i32; 8]) -> Pair {
            let from: *const v128 = from.as_ptr().cast();
            // SAFETY: the array is 32 bytes long; wasm loads need no alignment.
            unsafe { (v128_load(from), v128_load(from.add(1))) }
        }

        #[inline(always)]
        fn pattern(bytes: i32) -> v128 {
            i32x4_splat(bytes)
        }

        #[inline(always)]
        fn add(left: Pair, right: Pair) -> Pair {
            each(left, right, |left, right| i32x4_add(left, right))
        }

        #[inline(always)]
        fn splat_int(value: i32) -> Pair {
            (i32x4_splat(value), i32x4_splat(value))
        }

        #[inline(always)]
        fn times_256(ints: Pair) -> Pair {
            (i32x4_shl(ints.0, 8), i32x4_shl(ints.1, 8))
        }

        #[inline(always)]
        fn to_floats(ints: Pair) -> Pair {
            (f32x4_convert_i32x4(ints.0), f32x4_convert_i32x4(ints.1))
        }

        #[cfg(feature = "relaxed")]
        #[inline(always)]
        fn dot_bytes(sum: Pair, weights: Pair, activations: v128) -> Pair {
            use std::arch::wasm32::i32x4_relaxed_dot_i8x16_i7x16_add as dot;
            (dot(activations, weights.0, sum.0), dot(activations, weights.1, sum.1))
        }

        #[cfg(not(feature = "relaxed"))]
        #[inline(always)]
        fn dot_bytes(sum: Pair, weights: Pair, activations: v128) -> Pair {
            let products = Self::dot_quads(Self::zero_quads(), weights, i16x8_extend_low_i8x16(activations));
            Self::add(sum, Self::fold(products))
        }

        #[inline(always)]
        fn dot_words(sum: Pair, weights: Pair, activations: v128) -> Pair {
            (
                i32x4_add(sum.0, i32x4_dot_i16x8(weights.0, activations)),
                i32x4_add(sum.1, i32x4_dot_i16x8(weights.1, activations)),
            )
        }

        #[inline(always)]
        fn zero_quads() -> (Pair, Pair) {
            (Self::zero(), Self::zero())
        }

        #[inline(always)]
        fn quad_pattern(quad: i64) -> v128 {
            i64x2_splat(quad)
        }

        #[inline(always)]
        fn dot_quads(sums: (Pair, Pair), weights: Pair, activations: v128) -> (Pair, Pair) {
            let dot = |sums: Pair, weights: v128| {
                let low = i32x4_dot_i16x8(i16x8_extend_low_i8x16(weights), activations);
                let high = i32x4_dot_i16x8(i16x8_extend_high_i8x16(weights), activations);
                (i32x4_add(sums.0, low), i32x4_add(sums.1, high))
            };
            (dot(sums.0, weights.0), dot(sums.1, weights.1))
        }

        #[inline(always)]
        fn fold(sums: (Pair, Pair)) -> Pair {
            let fold = |(low, high): Pair| {
                i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(low, high), i32x4_shuffle::<1, 3, 5, 7>(low, high))
            };
            (fold(sums.0), fold(sums.1))
        }

        #[inline(always)]
        fn store(ints: Pair, to: &mut [i32; 8]) {
            let to: *mut v128 = to.as_mut_ptr().cast();
            // SAFETY: the array is 32 bytes long; wasm stores need no alignment.
            unsafe {
                v128_store(to, ints.0);
                v128_store(to.add(1), ints.1);
            }
        }

        #[inline(always)]
        fn and(left: Pair, right: Pair) -> Pair {
            each(left, right, |left, right| v128_and(left, right))
        }

        #[inline(always)]
        fn xor(left: Pair, right: Pair) -> Pair {
            each(left, right, |left, right| v128_xor(left, right))
        }

        #[inline(always)]
        fn bits(floats: Pair) -> Pair {
            floats
        }

        #[inline(always)]
        fn load_floats(from: &[f32; 8]) -> Pair {
            let from: *const v128 = from.as_ptr().cast();
            // SAFETY: the array is 32 bytes long; wasm loads need no alignment.
            unsafe { (v128_load(from), v128_load(from.add(1))) }
        }

        #[inline(always)]
        fn store_floats(floats: Pair, to: &mut [f32; 8]) {
            let to: *mut v128 = to.as_mut_ptr().cast();
            // SAFETY: the array is 32 bytes long; wasm stores need no alignment.
            unsafe {
                v128_store(to, floats.0);
                v128_store(to.add(1), floats.1);
            }
        }

        #[inline(always)]
        fn splat(value: f32) -> Pair {
            (f32x4_splat(value), f32x4_splat(value))
        }

        #[inline(always)]
        fn add_floats(left: Pair, right: Pair) -> Pair {
            each(left, right, |left, right| f32x4_add(left, right))
        }

        #[inline(always)]
        fn sub_floats(left: Pair, right: Pair) -> Pair {
            each(left, right, |left, right| f32x4_sub(left, right))
        }

        #[inline(always)]
        fn mul_floats(left: Pair, right: Pair) -> Pair {
            each(left, right, |left, right| f32x4_mul(left, right))
        }

        #[inline(always)]
        fn min_floats(left: Pair, right: Pair) -> Pair {
            each(left, right, |left, right| f32x4_pmin(right, left))
        }

        #[inline(always)]
        fn max_floats(left: Pair, right: Pair) -> Pair {
            each(left, right, |left, right| f32x4_pmax(right, left))
        }
    }
}

/// x86 with AVX2.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Simd, Task};
    use std::arch::x86_64::{
        __m256, __m256i, _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256, _mm256_castps_si256,
        _mm256_castsi256_si128, _mm256_cvtepi8_epi16, _mm256_cvtepi32_ps, _mm256_dpbusd_avx_epi32,
        _mm256_extracti128_si256, _mm256_hadd_epi32, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_madd_epi16,
        _mm256_maddubs_epi16, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_permute4x64_epi64,
        _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_set1_ps, _mm256_setzero_si256,
        _mm256_slli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_ps, _mm256_xor_si256,
    };

    /// Its methods may only run inside [`run`], or with `DOT` inside [`run_with_dot`], which make sure of the
    /// instructions.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Avx2<const DOT: bool>(());

    /// Compiles `task` with AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) fn run<T: Task>(task: T) -> T::Output {
        task.run::<Avx2<false>>()
    }

    /// Compiles `task` with AVX2 and the dot product of bytes that newer processors have.
    #[target_feature(enable = "avx2,avxvnni")]
    pub(super) fn run_with_dot<T: Task>(task: T) -> T::Output {
        task.run::<Avx2<true>>()
    }

    // SAFETY of every block below: the type cannot be named outside this file but through `Task::run`, which
    // only `run` and `run_with_dot` call, and these are called only where the processor has AVX2 and, for `DOT`,
    // AVX-VNNI. Loads and stores go through
    // references to arrays of 32 bytes and need no alignment.
    impl<const DOT: bool> Simd for Avx2<DOT> {
        type Ints = __m256i;
        type Floats = __m256;
        type Pattern = __m256i;
        /// Four columns each, two sums a column.
        type Quads = (__m256i, __m256i);
        type QuadPattern = __m256i;

        const HAS_BYTES: bool = true;
        const HAS_MANY_REGISTERS: bool = true;
        const ROWS_FOR_WORDS: usize = 4;

        #[inline(always)]
        fn zero() -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_setzero_si256() }
        }

        #[inline(always)]
        fn load(from: &[i32; 8]) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
        }

        #[inline(always)]
        fn pattern(bytes: i32) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_set1_epi32(bytes) }
        }

        #[inline(always)]
        fn add(left: __m256i, right: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_add_epi32(left, right) }
        }

        #[inline(always)]
        fn splat_int(value: i32) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_set1_epi32(value) }
        }

        #[inline(always)]
        fn times_256(ints: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_slli_epi32::<8>(ints) }
        }

        #[inline(always)]
        fn to_floats(ints: __m256i) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_cvtepi32_ps(ints) }
        }

        #[inline(always)]
        fn dot_bytes(sum: __m256i, weights: __m256i, activations: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe {
                if DOT {
                    return _mm256_dpbusd_avx_epi32(sum, weights, activations);
                }
                let pairs = _mm256_maddubs_epi16(weights, activations);
                _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
            }
        }

        #[inline(always)]
        fn dot_words(sum: __m256i, weights: __m256i, activations: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_add_epi32(sum, _mm256_madd_epi16(weights, activations)) }
        }

        #[inline(always)]
        fn zero_quads() -> (__m256i, __m256i) {
            (Self::zero(), Self::zero())
        }

        #[inline(always)]
        fn quad_pattern(quad: i64) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_set1_epi64x(quad) }
        }

        #[inline(always)]
        fn dot_quads(sums: (__m256i, __m256i), weights: __m256i, activations: __m256i) -> (__m256i, __m256i) {
            // SAFETY: as above.
            unsafe {
                let low = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(weights));
                let high = _mm256_cvtepi8_epi16(_mm256_extracti128_si256::<1>(weights));
                (
                    _mm256_add_epi32(sums.0, _mm256_madd_epi16(low, activations)),
                    _mm256_add_epi32(sums.1, _mm256_madd_epi16(high, activations)),
                )
            }
        }

        #[inline(always)]
        fn fold(sums: (__m256i, __m256i)) -> __m256i {
            // Within each half of the vector two columns of the first come before two of the second.
            // SAFETY: as above.
            unsafe { _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(sums.0, sums.1)) }
        }

        #[inline(always)]
        fn store(ints: __m256i, to: &mut [i32; 8]) {
            // SAFETY: as above.
            unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), ints) }
        }

        #[inline(always)]
        fn and(left: __m256i, right: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_and_si256(left, right) }
        }

        #[inline(always)]
        fn xor(left: __m256i, right: __m256i) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_xor_si256(left, right) }
        }

        #[inline(always)]
        fn bits(floats: __m256) -> __m256i {
            // SAFETY: as above.
            unsafe { _mm256_castps_si256(floats) }
        }

        #[inline(always)]
        fn load_floats(from: &[f32; 8]) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_loadu_ps(from.as_ptr()) }
        }

        #[inline(always)]
        fn store_floats(floats: __m256, to: &mut [f32; 8]) {
            // SAFETY: as above.
            unsafe { _mm256_storeu_ps(to.as_mut_ptr(), floats) }
        }

        #[inline(always)]
        fn splat(value: f32) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_set1_ps(value) }
        }

        #[inline(always)]
        fn add_floats(left: __m256, right: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_add_ps(left, right) }
        }

        #[inline(always)]
        fn sub_floats(left: __m256, right: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_sub_ps(left, right) }
        }

        #[inline(always)]
        fn mul_floats(left: __m256, right: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_mul_ps(left, right) }
        }

        #[inline(always)]
        fn min_floats(left: __m256, right: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_min_ps(left, right) }
        }

        #[inline(always)]
        fn max_floats(left: __m256, right: __m256) -> __m256 {
            // SAFETY: as above.
            unsafe { _mm256_max_ps(left, right) }
        }
    }
}
