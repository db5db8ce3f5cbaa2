//! Reading a CPU tensor's values in place.

use candle_core::{CpuStorage, Error, Result, Storage, Tensor};

/// Calls `f` with the values of `x`, which must be f32, contiguous and on the CPU.
pub(crate) fn with_f32<T>(
    x: &Tensor,
    op: &'static str,
    f: impl FnOnce(&[f32]) -> Result<T>,
) -> Result<T> {
    let (storage, layout) = x.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        return Err(Error::Msg(format!("{op}: the input is not on the cpu")));
    };
    let CpuStorage::F32(values) = storage else {
        return Err(Error::Msg(format!(
            "{op}: the input is {:?}, not f32",
            x.dtype()
        )));
    };
    let Some((from, to)) = layout.contiguous_offsets() else {
        return Err(Error::RequiresContiguous { op });
    };
    f(&values[from..to])
}

/// A copy of the values of `x`, f32, on any device.
pub(crate) fn to_values(x: &Tensor) -> Result<Vec<f32>> {
    x.flatten_all()?
        .to_device(&candle_core::Device::Cpu)?
        .to_vec1()
}
