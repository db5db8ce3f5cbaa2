//! The backend for any GPU that wgpu reaches.

mod batch;
mod device;

use std::sync::Arc;

use super::packed::{PackedClips, fourier_table};
use super::spectrum::{MOST_BANDS, WHISPER_WINDOW, hann};
use super::{Backend, Clip, FaceBatch, FaceModel, LogMel, SignalError};
pub use device::Adapters;
use device::Gpu;

/// Rows that a group of threads works on; as `device` puts before the programs.
const ROWS: usize = 4;
/// Sessions that a group of threads works on: their windows have to fit into 16 KiB, which every GPU has.
const SESSIONS: usize = 2;

/// Signal work on a GPU through Vulkan, Metal or DX12.
#[derive(Debug)]
pub struct Wgpu {
    gpu: Arc<Gpu>,
}

impl Wgpu {
    /// Opens the first adapter that `adapters` allows and compiles the programs.
    ///
    /// # Errors
    /// [`SignalError::Unavailable`] without such an adapter, or with one that does less than WebGPU asks for.
    pub fn open(adapters: Adapters) -> Result<Self, SignalError> {
        Ok(Self {
            gpu: Arc::new(Gpu::open(adapters)?),
        })
    }

    /// Gives the device back at once: whatever is asked of it from now on is [`SignalError::Lost`].
    pub fn close(&self) {
        self.gpu.device.destroy();
    }
}

impl Backend for Wgpu {
    fn name(&self) -> &str {
        &self.gpu.name
    }

    fn log_mel(&self, clips: &[Clip<'_>], bands: usize) -> Result<Vec<LogMel>, SignalError> {
        SignalError::within("bands", bands, 1..=MOST_BANDS)?;
        let gpu = &*self.gpu;
        let packed = PackedClips::new(clips, bands);
        let length = packed.result_len(bands);
        if length == 0 {
            return Ok(Vec::new());
        }
        let groups = packed.rows.div_ceil(ROWS);
        gpu.fits("rows", groups.max(clips.len()), gpu.most_groups())?;
        gpu.fits(
            "samples",
            packed.samples.len().max(length),
            gpu.most_values(),
        )?;
        let buffers = gpu.buffers(
            bytemuck::cast_slice(&packed.shape),
            bytemuck::cast_slice(&fourier_table(WHISPER_WINDOW)),
            bytemuck::cast_slice(&hann(WHISPER_WINDOW)),
            [packed.starts.len(), packed.samples.len(), length],
        );
        gpu.queue
            .write_buffer(&buffers.input, 0, bytemuck::cast_slice(&packed.starts));
        gpu.queue
            .write_buffer(&buffers.state, 0, bytemuck::cast_slice(&packed.samples));
        let mut result = vec![0.0; length];
        let steps = [(&gpu.log_power, groups), (&gpu.normalise, clips.len())];
        gpu.run(&buffers, &steps, &mut result)?;
        Ok(packed.unpack(clips, bands, &result))
    }

    fn batch(&self, model: &FaceModel, slots: usize) -> Result<Box<dyn FaceBatch>, SignalError> {
        Ok(Box::new(batch::WgpuBatch::new(&self.gpu, model, slots)?))
    }
}
