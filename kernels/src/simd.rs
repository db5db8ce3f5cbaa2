//! Vectors of f32, one type per set of instructions, so that each kernel is written once.
//!
//! All methods are `inline(always)` and unsafe: they may run only where the machine has the
//! instructions, which [`crate::isa::for_each_isa`] takes care of, and pointers must be good for
//! as many values as are read or written.
#![allow(
    clippy::missing_safety_doc,
    reason = "the module's documentation holds for each method"
)]

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{Avx2, Avx512};

/// A vector of [`Simd::LANES`] f32 values.
pub(crate) trait Simd: Copy {
    /// Values in a vector.
    const LANES: usize;
    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// Widens f16 bits.
    unsafe fn load_f16(from: *const u16) -> Self;
    /// `self * b + c`.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    unsafe fn add(self, b: Self) -> Self;
    unsafe fn sub(self, b: Self) -> Self;
    unsafe fn mul(self, b: Self) -> Self;
    unsafe fn div(self, b: Self) -> Self;
    /// Where one is NaN, `b`.
    unsafe fn max(self, b: Self) -> Self;
    /// Where one is NaN, `b`.
    unsafe fn min(self, b: Self) -> Self;
    /// The nearest whole number, for values below 2^22.
    unsafe fn round(self) -> Self;
    /// 2 to the power of whole numbers in -126..=127.
    unsafe fn exp2_whole(self) -> Self;
    unsafe fn sum(self) -> f32;
    unsafe fn largest(self) -> f32;
}

/// Eight values in an array: the compiler makes of it what the target has.
#[derive(Clone, Copy)]
pub(crate) struct Portable([f32; 8]);

impl Portable {
    #[inline(always)]
    fn with(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self.0;
        for (a, b) in out.iter_mut().zip(b.0) {
            *a = f(*a, b);
        }
        Self(out)
    }
}

impl Simd for Portable {
    const LANES: usize = 8;
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; 8])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for 8 values; alignment is not asked for.
        Self(unsafe { from.cast::<[f32; 8]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for room for 8 values; alignment is not asked for.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn load_f16(from: *const u16) -> Self {
        // SAFETY: the caller vouches for 8 values; alignment is not asked for.
        let bits = unsafe { from.cast::<[u16; 8]>().read_unaligned() };
        Self(bits.map(|bits| half::f16::from_bits(bits).to_f32()))
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        // Not fused: without the instruction that would be a library call.
        self.with(b, |a, b| a * b).with(c, |a, c| a + c)
    }
    #[inline(always)]
    unsafe fn add(self, b: Self) -> Self {
        self.with(b, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, b: Self) -> Self {
        self.with(b, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, b: Self) -> Self {
        self.with(b, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(self, b: Self) -> Self {
        self.with(b, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn max(self, b: Self) -> Self {
        self.with(b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn min(self, b: Self) -> Self {
        self.with(b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        // Adding 1.5 * 2^23 leaves no room for a fraction.
        const SHIFT: f32 = 12_582_912.0;
        Self(self.0.map(|x| (x + SHIFT) - SHIFT))
    }
    #[inline(always)]
    unsafe fn exp2_whole(self) -> Self {
        Self(
            self.0
                .map(|x| f32::from_bits((((x as i32) + 127) << 23) as u32)),
        )
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        self.0.iter().sum()
    }
    #[inline(always)]
    unsafe fn largest(self) -> f32 {
        self.0
            .iter()
            .fold(f32::NEG_INFINITY, |a, b| if a > *b { a } else { *b })
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Simd;

    /// Eight values in a `ymm` register.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx2(__m256);

    /// Sixteen values in a `zmm` register.
    #[derive(Clone, Copy)]
    pub(crate) struct Avx512(__m512);

    macro_rules! same {
        ($type:ident, $lanes:literal, $($name:ident($($arg:ident),*) = $op:ident;)*) => {
            const LANES: usize = $lanes;
            $(#[inline(always)]
            unsafe fn $name(self, $($arg: Self),*) -> Self {
                // SAFETY: the trait's methods run only where the instructions exist.
                unsafe { Self($op(self.0, $($arg.0),*)) }
            })*
        };
    }

    impl Simd for Avx2 {
        same! { Avx2, 8,
            mul_add(b, c) = _mm256_fmadd_ps;
            add(b) = _mm256_add_ps;
            sub(b) = _mm256_sub_ps;
            mul(b) = _mm256_mul_ps;
            div(b) = _mm256_div_ps;
            max(b) = _mm256_max_ps;
            min(b) = _mm256_min_ps;
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe { Self(_mm256_set1_ps(x)) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe { Self(_mm256_loadu_ps(from)) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: as for all methods of the trait.
            unsafe { _mm256_storeu_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_f16(from: *const u16) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe { Self(_mm256_cvtph_ps(_mm_loadu_si128(from.cast()))) }
        }
        #[inline(always)]
        unsafe fn round(self) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe {
                Self(_mm256_round_ps::<
                    { _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC },
                >(self.0))
            }
        }
        #[inline(always)]
        unsafe fn exp2_whole(self) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe {
                let biased = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
                Self(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased)))
            }
        }
        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            // SAFETY: as for all methods of the trait.
            unsafe {
                let half = _mm_add_ps(
                    _mm256_castps256_ps128(self.0),
                    _mm256_extractf128_ps::<1>(self.0),
                );
                let half = _mm_add_ps(half, _mm_movehl_ps(half, half));
                _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)))
            }
        }
        #[inline(always)]
        unsafe fn largest(self) -> f32 {
            // SAFETY: as for all methods of the trait.
            unsafe {
                let half = _mm_max_ps(
                    _mm256_castps256_ps128(self.0),
                    _mm256_extractf128_ps::<1>(self.0),
                );
                let half = _mm_max_ps(half, _mm_movehl_ps(half, half));
                _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)))
            }
        }
    }

    impl Simd for Avx512 {
        same! { Avx512, 16,
            mul_add(b, c) = _mm512_fmadd_ps;
            add(b) = _mm512_add_ps;
            sub(b) = _mm512_sub_ps;
            mul(b) = _mm512_mul_ps;
            div(b) = _mm512_div_ps;
            max(b) = _mm512_max_ps;
            min(b) = _mm512_min_ps;
        }
        #[inline(always)]
        unsafe fn splat(x: f32) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe { Self(_mm512_set1_ps(x)) }
        }
        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe { Self(_mm512_loadu_ps(from)) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: as for all methods of the trait.
            unsafe { _mm512_storeu_ps(to, self.0) }
        }
        #[inline(always)]
        unsafe fn load_f16(from: *const u16) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe { Self(_mm512_cvtph_ps(_mm256_loadu_si256(from.cast()))) }
        }
        #[inline(always)]
        unsafe fn round(self) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe { Self(_mm512_roundscale_ps::<_MM_FROUND_TO_NEAREST_INT>(self.0)) }
        }
        #[inline(always)]
        unsafe fn exp2_whole(self) -> Self {
            // SAFETY: as for all methods of the trait.
            unsafe { Self(_mm512_scalef_ps(_mm512_set1_ps(1.0), self.0)) }
        }
        #[inline(always)]
        unsafe fn sum(self) -> f32 {
            // SAFETY: as for all methods of the trait.
            unsafe { _mm512_reduce_add_ps(self.0) }
        }
        #[inline(always)]
        unsafe fn largest(self) -> f32 {
            // SAFETY: as for all methods of the trait.
            unsafe { _mm512_reduce_max_ps(self.0) }
        }
    }
}
