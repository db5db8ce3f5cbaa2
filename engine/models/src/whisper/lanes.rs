//! A register of floats, for the two vector extensions that matter on x86 and for none.
//!
//! Arrays of plain floats would do if the compiler kept them in registers; in a tile of 256
//! accumulators it does not, which costs a factor of six.

/// Several floats that one instruction works on.
pub(super) trait Lanes: Copy {
    /// How many.
    const WIDTH: usize;

    /// All the same.
    ///
    /// # Safety
    /// The machine has the vector extension of the type.
    unsafe fn splat(value: f32) -> Self;

    /// The `WIDTH` floats from `from` on.
    ///
    /// # Safety
    /// The machine has the vector extension of the type, and `from` points to `WIDTH` floats.
    unsafe fn load(from: *const f32) -> Self;

    /// Writes them to `to`.
    ///
    /// # Safety
    /// The machine has the vector extension of the type, and `to` points to `WIDTH` floats.
    unsafe fn store(self, to: *mut f32);

    /// self · by + plus.
    ///
    /// # Safety
    /// The machine has the vector extension of the type.
    unsafe fn madd(self, by: Self, plus: Self) -> Self;
}

/// One float: for machines without the extensions.
#[derive(Clone, Copy)]
pub(super) struct Scalar(f32);

impl Lanes for Scalar {
    const WIDTH: usize = 1;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(value)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's pointer points to one float.
        Self(unsafe { *from })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's pointer points to one float.
        unsafe { *to = self.0 }
    }

    #[inline(always)]
    unsafe fn madd(self, by: Self, plus: Self) -> Self {
        Self(self.0 * by.0 + plus.0)
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{
        __m256, __m512, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_set1_ps, _mm256_storeu_ps,
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_storeu_ps,
    };

    use super::Lanes;

    /// Eight floats: AVX2 with FMA.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(__m256);

    impl Lanes for Avx2 {
        const WIDTH: usize = 8;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: the caller has made sure of the extension.
            Self(unsafe { _mm256_set1_ps(value) })
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller has made sure of the extension and of the pointer.
            Self(unsafe { _mm256_loadu_ps(from) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the caller has made sure of the extension and of the pointer.
            unsafe { _mm256_storeu_ps(to, self.0) }
        }

        #[inline(always)]
        unsafe fn madd(self, by: Self, plus: Self) -> Self {
            // SAFETY: the caller has made sure of the extension.
            Self(unsafe { _mm256_fmadd_ps(self.0, by.0, plus.0) })
        }
    }

    /// Sixteen floats: AVX-512.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx512(__m512);

    impl Lanes for Avx512 {
        const WIDTH: usize = 16;

        #[inline(always)]
        unsafe fn splat(value: f32) -> Self {
            // SAFETY: the caller has made sure of the extension.
            Self(unsafe { _mm512_set1_ps(value) })
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> Self {
            // SAFETY: the caller has made sure of the extension and of the pointer.
            Self(unsafe { _mm512_loadu_ps(from) })
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut f32) {
            // SAFETY: the caller has made sure of the extension and of the pointer.
            unsafe { _mm512_storeu_ps(to, self.0) }
        }

        #[inline(always)]
        unsafe fn madd(self, by: Self, plus: Self) -> Self {
            // SAFETY: the caller has made sure of the extension.
            Self(unsafe { _mm512_fmadd_ps(self.0, by.0, plus.0) })
        }
    }
}
