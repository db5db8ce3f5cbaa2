//! Access to a tensor's numbers, for the small loops that are no tensor operation.

use candle_core::{CpuStorage, Storage, Tensor};

/// Inside the voice an error is the tensor library's, unless weights are being read.
pub(super) type Result<T, E = candle_core::Error> = std::result::Result<T, E>;

/// Lets `f` see the elements of `x` in row order.
pub(super) fn with_slice<T>(x: &Tensor, f: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let x = x.contiguous()?;
    let (storage, layout) = x.storage_and_layout();
    if let (Storage::Cpu(CpuStorage::F32(values)), Some((start, end))) =
        (&*storage, layout.contiguous_offsets())
        && let Some(values) = values.get(start..end)
    {
        return Ok(f(values));
    }
    drop(storage);
    Ok(f(&x.flatten_all()?.to_vec1::<f32>()?))
}
