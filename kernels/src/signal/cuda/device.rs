//! An opened card: its stream, its programs, its errors.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cudarc::driver::{
    CudaContext, CudaFunction, CudaModule, CudaSlice, CudaStream, DeviceRepr, DriverError,
    LaunchConfig, ValidAsZeroBits, sys,
};
use cudarc::nvrtc::{CompileError, CompileOptions, compile_ptx_with_opts};

use super::ROWS;
use crate::signal::SignalError;
use crate::signal::packed::THREADS;
use crate::signal::spectrum::{BINS, WHISPER_WINDOW};

/// The name in errors.
const BACKEND: &str = "cuda";
/// A card that has not answered for so long is taken for lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// For so long the thread watches the card; then it lets others run between two looks.
const WATCH: Duration = Duration::from_millis(1);
/// Values that a buffer may hold: the programs count in 32 bits.
pub(super) const MOST_VALUES: usize = 1 << 30;
/// Targets that a block has room for, per session.
const TARGETS: usize = crate::signal::smoothing::MOST_VISEMES;

pub(super) struct Device {
    pub(super) name: String,
    pub(super) context: Arc<CudaContext>,
    /// All work goes through this one stream, in order.
    pub(super) stream: Arc<CudaStream>,
    pub(super) log_power: CudaFunction,
    pub(super) normalise: CudaFunction,
    /// Processors that run blocks side by side.
    pub(super) processors: usize,
}

fn unavailable(reason: String) -> SignalError {
    SignalError::Unavailable {
        backend: BACKEND,
        reason,
    }
}

impl Device {
    pub(super) fn open(ordinal: usize) -> Result<Self, SignalError> {
        libraries()?;
        let driver = |error: DriverError| unavailable(format!("the driver says {error}"));
        let context = CudaContext::new(ordinal).map_err(driver)?;
        // SAFETY: everything made from this context by us is used on `stream` alone, which keeps its order;
        // no other stream can see it.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(driver)?;
        let processors = context
            .attribute(sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
            .map_err(driver)?;
        let module = compile(&context, ROWS, WHISPER_WINDOW / 2)?;
        Ok(Self {
            name: format!("cuda: {}", context.name().map_err(driver)?),
            log_power: module.load_function("log_power").map_err(driver)?,
            normalise: module.load_function("normalise").map_err(driver)?,
            processors: processors.max(1) as usize,
            context,
            stream,
        })
    }

    /// The program for face frames, `group` sessions a block.
    pub(super) fn face(&self, group: usize, half: usize) -> Result<CudaFunction, SignalError> {
        let module = compile(&self.context, group, half)?;
        module
            .load_function("face")
            .map_err(|error| self.lost(error))
    }

    pub(super) fn lost(&self, error: DriverError) -> SignalError {
        SignalError::Lost {
            backend: BACKEND,
            reason: error.to_string(),
        }
    }

    /// A buffer with these values; at least one, so that it has an address.
    pub(super) fn filled<T: DeviceRepr + ValidAsZeroBits>(
        &self,
        values: &[T],
    ) -> Result<CudaSlice<T>, SignalError> {
        if values.is_empty() {
            return self.zeroed(1);
        }
        self.stream
            .clone_htod(values)
            .map_err(|error| self.lost(error))
    }

    pub(super) fn zeroed<T: DeviceRepr + ValidAsZeroBits>(
        &self,
        length: usize,
    ) -> Result<CudaSlice<T>, SignalError> {
        let length = length.max(1);
        self.stream
            .alloc_zeros(length)
            .map_err(|error| self.lost(error))
    }

    /// Reads the first values of a buffer, when all work before is done.
    pub(super) fn read(&self, from: &CudaSlice<f32>, to: &mut [f32]) -> Result<(), SignalError> {
        let from = from.slice(..to.len());
        let copied = self.stream.memcpy_dtoh(&from, to);
        copied.map_err(|error| self.lost(error))?;
        self.wait()
    }

    /// Waits until the stream has done its work.
    pub(super) fn wait(&self) -> Result<(), SignalError> {
        let event = self
            .stream
            .record_event(None)
            .map_err(|error| self.lost(error))?;
        let start = Instant::now();
        while !event.try_is_complete().map_err(|error| self.lost(error))? {
            let waited = start.elapsed();
            if waited > PATIENCE {
                return Err(SignalError::Lost {
                    backend: BACKEND,
                    reason: format!("no answer within {PATIENCE:?}"),
                });
            }
            if waited > WATCH {
                std::thread::yield_now();
            } else {
                std::hint::spin_loop();
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({})", self.name)
    }
}

/// Blocks of threads for one launch, with the shared memory that `group` members and half a window of `half`
/// samples need.
pub(super) fn launch(blocks: usize, group: usize, half: usize) -> LaunchConfig {
    let shared = 4 * group * (2 * (half + 1) + BINS + TARGETS);
    LaunchConfig {
        grid_dim: (blocks as u32, 1, 1),
        block_dim: (THREADS as u32, 1, 1),
        shared_mem_bytes: shared as u32,
    }
}

fn compile(
    context: &Arc<CudaContext>,
    group: usize,
    half: usize,
) -> Result<Arc<CudaModule>, SignalError> {
    // No architecture is named: the compiler's least one is what every card that its driver knows can run.
    let options = CompileOptions {
        options: vec![format!("-DGROUP={group}"), format!("-DHALF={half}")],
        name: Some("kernels.cu".to_owned()),
        ..Default::default()
    };
    let program = compile_ptx_with_opts(include_str!("kernels.cu"), options);
    let refused = |reason: String| SignalError::Program {
        backend: BACKEND,
        reason,
    };
    let program = program.map_err(|error| match error {
        CompileError::CompileError { log, .. } => refused(log.to_string_lossy().into_owned()),
        error => refused(error.to_string()),
    })?;
    // A driver older than NVRTC refuses here: CUDA_ERROR_UNSUPPORTED_PTX_VERSION.
    context
        .load_module(program)
        .map_err(|error| refused(error.to_string()))
}

/// Whether the driver and NVRTC can be loaded; cudarc panics where they cannot.
#[cfg(not(feature = "cuda"))]
fn libraries() -> Result<(), SignalError> {
    // SAFETY: loading these libraries runs their initialisers, which is what they are made for.
    if !unsafe { sys::is_culib_present() } {
        return Err(unavailable("no NVIDIA driver (libcuda)".to_owned()));
    }
    // SAFETY: as above.
    if !unsafe { cudarc::nvrtc::sys::is_culib_present() } {
        return Err(unavailable(
            "no NVRTC (libnvrtc, from CUDA's toolkit)".to_owned(),
        ));
    }
    Ok(())
}

/// With candle's CUDA the libraries are linked: without them nothing of this program would run.
#[cfg(feature = "cuda")]
fn libraries() -> Result<(), SignalError> {
    Ok(())
}
