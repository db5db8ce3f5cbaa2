//! Data-parallel signal work for the models: matrix products, convolutions and element-wise
//! functions, on a small thread pool that the caller owns.
//!
//! On a CPU device these are own kernels behind candle's custom operations; on any other device
//! they are plain candle operations, so that model code is written once. Nothing here knows a
//! model, reads a file or starts a thread beyond [`Pool::new`].

mod aligned;
mod attention;
mod conv;
mod conv_cpu;
mod conv_transpose;
mod dot8;
mod elementwise;
mod exec;
mod gemm;
mod isa;
mod kv_cache;
mod linear;
mod math;
mod norm;
mod pool;
mod q8;
mod rope;
mod shared_out;
pub mod signal;
mod simd;
mod view;

pub use conv::Conv1d;
pub use conv_transpose::ConvTranspose1d;
pub use elementwise::{gated_tanh, geglu_tanh, gelu_erf, silu_mul, swiglu};
pub use exec::{Exec, Precision};
pub use kv_cache::{HeadNorms, KvCache, KvShape, Look};
pub use linear::Linear;
pub use norm::{layer_norm, rms_norm, softmax_last_dim};
pub use pool::Pool;
pub use rope::{Rope, RopePairs};
