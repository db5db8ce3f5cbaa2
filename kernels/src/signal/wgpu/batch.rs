//! Face frames through wgpu.

use std::sync::Arc;

use super::SESSIONS;
use super::device::{Buffers, Gpu};
use crate::signal::packed::PackedFace;
use crate::signal::slots::{Job, Slots};
use crate::signal::{FaceBatch, FaceModel, Frames, Input, SignalError};

/// A batch of faces on a GPU.
#[derive(Debug)]
pub(super) struct WgpuBatch {
    gpu: Arc<Gpu>,
    model: FaceModel,
    packed: PackedFace,
    slots: Slots,
    jobs: Vec<Job>,
    upload: Vec<u32>,
    buffers: Buffers,
}

impl WgpuBatch {
    pub(super) fn new(
        gpu: &Arc<Gpu>,
        model: &FaceModel,
        slots: usize,
    ) -> Result<Self, SignalError> {
        let packed = PackedFace::new(model, slots);
        let [input, out] = [packed.upload_len(slots), packed.download_len(slots)];
        gpu.fits("slots", slots.div_ceil(SESSIONS), gpu.most_groups())?;
        gpu.fits(
            "values of all slots",
            packed.state.max(input),
            gpu.most_values(),
        )?;
        let buffers = gpu.buffers(
            bytemuck::cast_slice(&packed.shape),
            bytemuck::cast_slice(&packed.table),
            bytemuck::cast_slice(&packed.params),
            [input, packed.state, out],
        );
        Ok(Self {
            gpu: Arc::clone(gpu),
            model: model.clone(),
            upload: vec![0; input],
            packed,
            slots: Slots::new(model, slots),
            jobs: Vec::with_capacity(slots),
            buffers,
        })
    }
}

impl FaceBatch for WgpuBatch {
    fn model(&self) -> &FaceModel {
        &self.model
    }

    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn reset(&mut self, slot: usize) -> Result<(), SignalError> {
        self.slots.reset(slot)
    }

    fn frame(
        &mut self,
        inputs: &[(usize, Input<'_>)],
        out: &mut Frames,
    ) -> Result<(), SignalError> {
        self.slots.plan(&self.model, inputs, &mut self.jobs)?;
        let values = out.prepare(&self.model, inputs.len());
        if inputs.is_empty() {
            return Ok(());
        }
        let upload = &mut self.upload[..self.packed.upload_len(inputs.len())];
        self.packed.upload(&self.jobs, inputs, upload);
        let queue = &self.gpu.queue;
        queue.write_buffer(&self.buffers.input, 0, bytemuck::cast_slice(upload));
        let steps = [(&self.gpu.face, inputs.len().div_ceil(SESSIONS))];
        self.gpu.run(&self.buffers, &steps, values)
    }
}
