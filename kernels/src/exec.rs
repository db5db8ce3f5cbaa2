//! Where model code runs: a device and the threads that may help on it.

use candle_core::Device;

use crate::Pool;

/// The place where a model runs, handed to every layer when it is built.
#[derive(Clone, Debug)]
pub struct Exec {
    /// The device that holds weights and activations.
    pub device: Device,
    /// The threads that share the work when `device` is the CPU.
    pub pool: Pool,
}

impl Exec {
    /// Runs on the CPU with `threads` threads, the calling one included.
    pub fn cpu(threads: usize) -> Self {
        Self {
            device: Device::Cpu,
            pool: Pool::new(threads),
        }
    }
}

/// How a layer keeps its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// As 32-bit floats: exact.
    F32,
    /// As 8-bit integers with one scale per 32 values; activations are quantised likewise.
    Q8,
}
