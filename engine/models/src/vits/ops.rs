//! Element-wise work on `[1, channels, time]` tensors, in one pass each on the CPU.
//!
//! On other devices the same is said in candle operations.

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

/// `max(x, slope · x)`, the leaky rectifier, for `slope` in 0..1.
pub(super) fn leaky(x: &Tensor, slope: f32) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return x.maximum(&(x * f64::from(slope))?);
    }
    let values = with_slice(x, |values| {
        values
            .iter()
            .map(|&value| value.max(slope * value))
            .collect::<Vec<f32>>()
    })?;
    Tensor::from_vec(values, x.shape(), x.device())
}

/// `y + x[:, :, from..from + t]` for `y` `[1, c, t]` and a longer `x` `[1, c, _]`.
pub(super) fn add_from(y: &Tensor, x: &Tensor, from: usize) -> Result<Tensor> {
    let (_, channels, time) = y.dims3()?;
    let width = x.dim(2)?;
    if !y.device().is_cpu() {
        return y + x.narrow(2, from, time)?;
    }
    let sum = with_slice(y, |y| {
        with_slice(x, |x| {
            let mut sum = Vec::with_capacity(y.len());
            for channel in 0..channels {
                let held = &x[channel * width + from..][..time];
                let fresh = &y[channel * time..][..time];
                sum.extend(fresh.iter().zip(held).map(|(a, b)| a + b));
            }
            sum
        })
    })??;
    Tensor::from_vec(sum, (1, channels, time), y.device())
}
