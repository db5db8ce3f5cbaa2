//! Which backend signal work is done on.

use super::{Backend, Cpu, SignalError};
use crate::Pool;

/// What is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The first that is there of CUDA, a GPU through wgpu, the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU through wgpu.
    Wgpu,
    /// An NVIDIA GPU through CUDA.
    Cuda,
}

/// The backend that was chosen.
#[derive(Debug)]
pub struct Chosen {
    /// It.
    pub backend: Box<dyn Backend>,
    /// Why those that would have come before it are not there.
    pub passed_over: Vec<SignalError>,
}

impl Choice {
    /// Opens what is wanted; where it is not there, the next, and in the end the CPU on `pool`.
    ///
    /// May take a second: drivers are loaded and programs compiled.
    pub fn open(self, pool: Pool) -> Chosen {
        let mut passed_over = Vec::new();
        for (choice, open) in [(Self::Cuda, cuda as Open), (Self::Wgpu, wgpu as Open)] {
            if self != Self::Auto && self != choice {
                continue;
            }
            match open() {
                Ok(backend) => {
                    return Chosen {
                        backend,
                        passed_over,
                    };
                }
                Err(error) => passed_over.push(error),
            }
        }
        Chosen {
            backend: Box::new(Cpu::new(pool)),
            passed_over,
        }
    }
}

type Open = fn() -> Result<Box<dyn Backend>, SignalError>;

#[cfg(feature = "nvrtc")]
fn cuda() -> Result<Box<dyn Backend>, SignalError> {
    Ok(Box::new(super::Cuda::open(0)?))
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Result<Box<dyn Backend>, SignalError> {
    Ok(Box::new(super::Wgpu::open(super::Adapters::Hardware)?))
}

#[cfg(not(feature = "nvrtc"))]
fn cuda() -> Result<Box<dyn Backend>, SignalError> {
    Err(left_out("cuda", "nvrtc"))
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Result<Box<dyn Backend>, SignalError> {
    Err(left_out("wgpu", "wgpu"))
}

#[cfg(not(all(feature = "nvrtc", feature = "wgpu")))]
fn left_out(backend: &'static str, feature: &str) -> SignalError {
    SignalError::Unavailable {
        backend,
        reason: format!("this program was built without the feature `{feature}`"),
    }
}
