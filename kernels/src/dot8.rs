//! Sums of products of 8-bit integers, one type per set of instructions.
//!
//! Weights are stored with 128 added (unsigned), inputs are signed: what the dot-product
//! instructions of x86 take. As for [`crate::simd`]: all methods are unsafe, may run only where
//! the machine has the instructions, and pointers must be good for what is read or written.
#![allow(
    clippy::missing_safety_doc,
    reason = "the module's documentation holds for each method"
)]

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512Vnni, AvxVnni};

/// Sixteen sums at once.
pub(crate) trait Dot8 {
    /// Sixteen i32.
    type Sums: Copy;
    /// Sixteen f32.
    type Floats: Copy;
    /// What is left over in every sum for each 1 of the input: 128, or 0 if the path takes the
    /// offset off the weights itself.
    const OFFSET: i32;
    unsafe fn splat(x: i32) -> Self::Sums;
    /// Adds to each sum the products of its 4 weights (of 64 at `weights`) with the 4 inputs.
    unsafe fn dot(sums: Self::Sums, weights: *const u8, inputs: *const i8) -> Self::Sums;
    /// Sixteen f16 widened.
    unsafe fn scales(from: *const u16) -> Self::Floats;
    unsafe fn zero() -> Self::Floats;
    /// `total + sums * scales * scale`.
    unsafe fn add(
        total: Self::Floats,
        sums: Self::Sums,
        scales: Self::Floats,
        scale: f32,
    ) -> Self::Floats;
    unsafe fn store(total: Self::Floats, to: *mut f32);
}

/// Plain loops.
pub(crate) struct Portable;

impl Dot8 for Portable {
    type Sums = [i32; 16];
    type Floats = [f32; 16];
    const OFFSET: i32 = 128;
    #[inline(always)]
    unsafe fn splat(x: i32) -> [i32; 16] {
        [x; 16]
    }
    #[inline(always)]
    unsafe fn dot(mut sums: [i32; 16], weights: *const u8, inputs: *const i8) -> [i32; 16] {
        // SAFETY: the caller vouches for 64 weights and 4 inputs.
        let (weights, inputs) = unsafe {
            (
                weights.cast::<[u8; 64]>().read_unaligned(),
                inputs.cast::<[i8; 4]>().read_unaligned(),
            )
        };
        for (n, sum) in sums.iter_mut().enumerate() {
            for (i, input) in inputs.iter().enumerate() {
                *sum += i32::from(weights[4 * n + i]) * i32::from(*input);
            }
        }
        sums
    }
    #[inline(always)]
    unsafe fn scales(from: *const u16) -> [f32; 16] {
        // SAFETY: the caller vouches for 16 values.
        let bits = unsafe { from.cast::<[u16; 16]>().read_unaligned() };
        bits.map(|bits| half::f16::from_bits(bits).to_f32())
    }
    #[inline(always)]
    unsafe fn zero() -> [f32; 16] {
        [0.0; 16]
    }
    #[inline(always)]
    unsafe fn add(
        mut total: [f32; 16],
        sums: [i32; 16],
        scales: [f32; 16],
        scale: f32,
    ) -> [f32; 16] {
        for ((total, sum), weight) in total.iter_mut().zip(sums).zip(scales) {
            *total += sum as f32 * (weight * scale);
        }
        total
    }
    #[inline(always)]
    unsafe fn store(total: [f32; 16], to: *mut f32) {
        // SAFETY: the caller vouches for room for 16 values.
        unsafe { to.cast::<[f32; 16]>().write_unaligned(total) }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Dot8;

    /// `vpdpbusd` on 512 bits.
    pub(crate) struct Avx512Vnni;

    impl Dot8 for Avx512Vnni {
        type Sums = __m512i;
        type Floats = __m512;
        const OFFSET: i32 = 128;
        #[inline(always)]
        unsafe fn splat(x: i32) -> __m512i {
            // SAFETY: as for all methods of the trait.
            unsafe { _mm512_set1_epi32(x) }
        }
        #[inline(always)]
        unsafe fn dot(sums: __m512i, weights: *const u8, inputs: *const i8) -> __m512i {
            // SAFETY: as for all methods of the trait.
            unsafe {
                let inputs = _mm512_set1_epi32(inputs.cast::<i32>().read_unaligned());
                _mm512_dpbusd_epi32(sums, _mm512_loadu_si512(weights.cast()), inputs)
            }
        }
        #[inline(always)]
        unsafe fn scales(from: *const u16) -> __m512 {
            // SAFETY: as for all methods of the trait.
            unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.cast())) }
        }
        #[inline(always)]
        unsafe fn zero() -> __m512 {
            // SAFETY: as for all methods of the trait.
            unsafe { _mm512_setzero_ps() }
        }
        #[inline(always)]
        unsafe fn add(total: __m512, sums: __m512i, scales: __m512, scale: f32) -> __m512 {
            // SAFETY: as for all methods of the trait.
            unsafe {
                let scales = _mm512_mul_ps(scales, _mm512_set1_ps(scale));
                _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums), scales, total)
            }
        }
        #[inline(always)]
        unsafe fn store(total: __m512, to: *mut f32) {
            // SAFETY: as for all methods of the trait.
            unsafe { _mm512_storeu_ps(to, total) }
        }
    }

    /// Everything but the dot product, which AVX2 and AVX-VNNI share.
    macro_rules! on_256_bits {
        () => {
            type Sums = [__m256i; 2];
            type Floats = [__m256; 2];
            #[inline(always)]
            unsafe fn splat(x: i32) -> [__m256i; 2] {
                // SAFETY: as for all methods of the trait.
                unsafe { [_mm256_set1_epi32(x); 2] }
            }
            #[inline(always)]
            unsafe fn scales(from: *const u16) -> [__m256; 2] {
                // SAFETY: as for all methods of the trait.
                unsafe {
                    [
                        _mm256_cvtph_ps(_mm_loadu_si128(from.cast())),
                        _mm256_cvtph_ps(_mm_loadu_si128(from.add(8).cast())),
                    ]
                }
            }
            #[inline(always)]
            unsafe fn zero() -> [__m256; 2] {
                // SAFETY: as for all methods of the trait.
                unsafe { [_mm256_setzero_ps(); 2] }
            }
            #[inline(always)]
            unsafe fn add(
                total: [__m256; 2],
                sums: [__m256i; 2],
                scales: [__m256; 2],
                scale: f32,
            ) -> [__m256; 2] {
                // SAFETY: as for all methods of the trait.
                unsafe {
                    let scale = _mm256_set1_ps(scale);
                    let half = |total, sums, scales| {
                        let scales = _mm256_mul_ps(scales, scale);
                        _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums), scales, total)
                    };
                    [
                        half(total[0], sums[0], scales[0]),
                        half(total[1], sums[1], scales[1]),
                    ]
                }
            }
            #[inline(always)]
            unsafe fn store(total: [__m256; 2], to: *mut f32) {
                // SAFETY: as for all methods of the trait.
                unsafe {
                    _mm256_storeu_ps(to, total[0]);
                    _mm256_storeu_ps(to.add(8), total[1]);
                }
            }
        };
    }

    /// `vpdpbusd` on 256 bits.
    pub(crate) struct AvxVnni;

    impl Dot8 for AvxVnni {
        on_256_bits! {}
        const OFFSET: i32 = 128;
        #[inline(always)]
        unsafe fn dot(sums: [__m256i; 2], weights: *const u8, inputs: *const i8) -> [__m256i; 2] {
            // SAFETY: as for all methods of the trait.
            unsafe {
                let inputs = _mm256_set1_epi32(inputs.cast::<i32>().read_unaligned());
                let low = _mm256_loadu_si256(weights.cast());
                let high = _mm256_loadu_si256(weights.add(32).cast());
                [
                    _mm256_dpbusd_avx_epi32(sums[0], low, inputs),
                    _mm256_dpbusd_avx_epi32(sums[1], high, inputs),
                ]
            }
        }
    }

    /// `vpmaddubsw`, whose pairs of products must fit 16 bits: so magnitudes of weights (at most
    /// 127) by inputs that carry the weight's sign.
    pub(crate) struct Avx2;

    impl Dot8 for Avx2 {
        on_256_bits! {}
        const OFFSET: i32 = 0;
        #[inline(always)]
        unsafe fn dot(sums: [__m256i; 2], weights: *const u8, inputs: *const i8) -> [__m256i; 2] {
            // SAFETY: as for all methods of the trait.
            unsafe {
                let inputs = _mm256_set1_epi32(inputs.cast::<i32>().read_unaligned());
                let half = |sum, at: usize| {
                    let stored = _mm256_loadu_si256(weights.add(at).cast());
                    let weights = _mm256_xor_si256(stored, _mm256_set1_epi8(-128));
                    let signed = _mm256_sign_epi8(inputs, weights);
                    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), signed);
                    _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
                };
                [half(sums[0], 0), half(sums[1], 32)]
            }
        }
    }
}
