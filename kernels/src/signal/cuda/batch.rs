//! Face frames through CUDA.

use std::sync::Arc;

use cudarc::driver::{CudaFunction, CudaSlice, PinnedHostSlice, PushKernelArg};

use super::device::{self, Device, MOST_VALUES};
use crate::signal::packed::PackedFace;
use crate::signal::slots::{Job, Slots};
use crate::signal::spectrum::FACE_WINDOW;
use crate::signal::{FaceBatch, FaceModel, Frames, Input, SignalError};

/// A batch of faces on a card.
#[derive(Debug)]
pub(super) struct CudaBatch {
    device: Arc<Device>,
    model: FaceModel,
    packed: PackedFace,
    slots: Slots,
    jobs: Vec<Job>,
    /// Sessions that a block of threads works on.
    group: usize,
    face: CudaFunction,
    shape: CudaSlice<u32>,
    table: CudaSlice<f32>,
    params: CudaSlice<f32>,
    input: CudaSlice<u32>,
    state: CudaSlice<f32>,
    out: CudaSlice<f32>,
    /// Memory that the card reads and writes by itself, several times as fast as any other.
    upload: PinnedHostSlice<u32>,
    download: PinnedHostSlice<f32>,
}

impl CudaBatch {
    pub(super) fn new(
        device: &Arc<Device>,
        model: &FaceModel,
        slots: usize,
    ) -> Result<Self, SignalError> {
        let packed = PackedFace::new(model, slots);
        let (input, out) = (packed.upload_len(slots), packed.download_len(slots).max(1));
        SignalError::within(
            "values of all slots",
            packed.state.max(input),
            0..=MOST_VALUES,
        )?;
        let group = group(slots, device.processors);
        // SAFETY: both are written below before they are read.
        let pinned = unsafe {
            // No flags: the processor's caches hold it, so that it can be read as well.
            let upload = device.context.alloc_pinned_with_flags::<u32>(input, 0);
            upload.and_then(|upload| {
                Ok((
                    upload,
                    device.context.alloc_pinned_with_flags::<f32>(out, 0)?,
                ))
            })
        };
        let (mut upload, mut download) = pinned.map_err(|error| device.lost(error))?;
        upload
            .as_mut_slice()
            .map_err(|error| device.lost(error))?
            .fill(0);
        download
            .as_mut_slice()
            .map_err(|error| device.lost(error))?
            .fill(0.0);
        let batch = Self {
            group,
            face: device.face(group, FACE_WINDOW / 2)?,
            shape: device.filled(&packed.shape)?,
            table: device.filled(&packed.table)?,
            params: device.filled(&packed.params)?,
            input: device.zeroed(input)?,
            state: device.zeroed(packed.state)?,
            out: device.zeroed(out)?,
            upload,
            download,
            model: model.clone(),
            packed,
            slots: Slots::new(model, slots),
            jobs: Vec::with_capacity(slots),
            device: Arc::clone(device),
        };
        batch.device.wait()?;
        Ok(batch)
    }
}

/// Sessions per block: two share each load of a table, which pays once every processor has several blocks.
/// An H200 takes 0.31 ms for 1000 sessions in blocks of one, 0.25 ms in blocks of two, and more in larger ones,
/// which leave too few threads to hide the loads; 100 sessions take 0.13 ms in blocks of one, 0.22 ms of two.
fn group(slots: usize, processors: usize) -> usize {
    if slots > 4 * processors { 2 } else { 1 }
}

impl FaceBatch for CudaBatch {
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
        let device = &*self.device;
        let lost = |error| device.lost(error);
        let length = self.packed.upload_len(inputs.len());
        let upload = &mut self.upload.as_mut_slice().map_err(lost)?[..length];
        self.packed.upload(&self.jobs, inputs, upload);
        let mut to = self.input.slice_mut(..length);
        device.stream.memcpy_htod(&*upload, &mut to).map_err(lost)?;
        let blocks = inputs.len().div_ceil(self.group);
        let config = device::launch(blocks, self.group, FACE_WINDOW / 2);
        let mut launch = device.stream.launch_builder(&self.face);
        launch.arg(&self.shape).arg(&self.table).arg(&self.params);
        launch
            .arg(&self.input)
            .arg(&mut self.state)
            .arg(&mut self.out);
        // SAFETY: the arguments are those of `face` in kernels.cu. It reads and writes where `PackedFace` says,
        // for slots that exist and are named once each (`Slots::plan`), in buffers made for all slots.
        unsafe { launch.launch(config) }.map_err(lost)?;
        let download = &mut self.download.as_mut_slice().map_err(lost)?[..values.len()];
        device.read(&self.out, download)?;
        values.copy_from_slice(download);
        Ok(())
    }
}
