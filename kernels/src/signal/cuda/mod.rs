//! The backend for NVIDIA's GPUs: programs that NVRTC compiles when it is opened, so that no toolkit is needed
//! to build. The driver and NVRTC's library are looked for at run time.

mod batch;
mod device;

use std::sync::Arc;

use cudarc::driver::PushKernelArg;

use super::packed::{PackedClips, fourier_table};
use super::spectrum::{MOST_BANDS, WHISPER_WINDOW, hann};
use super::{Backend, Clip, FaceBatch, FaceModel, LogMel, SignalError};
use device::Device;

/// Rows that a block of threads works on.
const ROWS: usize = 8;

/// Signal work on an NVIDIA GPU.
#[derive(Debug)]
pub struct Cuda {
    device: Arc<Device>,
}

impl Cuda {
    /// Opens card `ordinal` and compiles the programs.
    ///
    /// # Errors
    /// [`SignalError::Unavailable`] without a driver, such a card or NVRTC, with what is missing.
    pub fn open(ordinal: usize) -> Result<Self, SignalError> {
        Ok(Self {
            device: Arc::new(Device::open(ordinal)?),
        })
    }
}

impl Backend for Cuda {
    fn name(&self) -> &str {
        &self.device.name
    }

    fn log_mel(&self, clips: &[Clip<'_>], bands: usize) -> Result<Vec<LogMel>, SignalError> {
        SignalError::within("bands", bands, 1..=MOST_BANDS)?;
        let device = &*self.device;
        let packed = PackedClips::new(clips, bands);
        let length = packed.result_len(bands);
        if length == 0 {
            return Ok(Vec::new());
        }
        SignalError::within(
            "samples",
            packed.samples.len().max(length),
            0..=device::MOST_VALUES,
        )?;
        let shape = device.filled(&packed.shape)?;
        let table = device.filled(&fourier_table(WHISPER_WINDOW))?;
        let params = device.filled(&hann(WHISPER_WINDOW))?;
        let starts = device.filled(&packed.starts)?;
        let samples = device.filled(&packed.samples)?;
        let mut out = device.zeroed::<f32>(length)?;
        if packed.rows > 0 {
            let config = device::launch(packed.rows.div_ceil(ROWS), ROWS, WHISPER_WINDOW / 2);
            let mut launch = device.stream.launch_builder(&device.log_power);
            launch
                .arg(&shape)
                .arg(&table)
                .arg(&params)
                .arg(&starts)
                .arg(&samples)
                .arg(&mut out);
            // SAFETY: the arguments are those of `log_power` in kernels.cu; it reads what `PackedClips` lays
            // down and writes rows of `out`, which has room for all.
            unsafe { launch.launch(config) }.map_err(|error| device.lost(error))?;
        }
        let config = device::launch(clips.len(), 0, 0);
        let mut launch = device.stream.launch_builder(&device.normalise);
        launch.arg(&shape).arg(&mut out);
        // SAFETY: as above, for `normalise`; a block for each clip.
        unsafe { launch.launch(config) }.map_err(|error| device.lost(error))?;
        let mut result = vec![0.0; length];
        device.read(&out, &mut result)?;
        Ok(packed.unpack(clips, bands, &result))
    }

    fn batch(&self, model: &FaceModel, slots: usize) -> Result<Box<dyn FaceBatch>, SignalError> {
        Ok(Box::new(batch::CudaBatch::new(&self.device, model, slots)?))
    }
}
