//! Convolutions that go on where they stopped, so that a sentence in pieces equals it in one.
//!
//! A layer keeps the inputs that later outputs still need. It therefore gives out less than it
//! takes in at first (its look-ahead) and the rest when the end is announced; nothing is computed
//! twice but one column per upsampling. Weights are shared, the kept inputs belong to one job.

use candle_core::Tensor;
use janet_kernels::{Conv1d, ConvTranspose1d};

use super::ops::Result;

/// Whether more input follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    /// There will be another call.
    Follows,
    /// This was the end: pad and give out what is left.
    Ended,
}

/// Frames `[1, c, t]` waiting for their partner or their turn.
#[derive(Default)]
pub(super) struct Line {
    held: Option<Tensor>,
}

impl Line {
    /// How many frames wait.
    pub(super) fn frames(&self) -> Result<usize> {
        self.held.as_ref().map_or(Ok(0), |held| held.dim(2))
    }

    /// Appends frames.
    pub(super) fn push(&mut self, x: &Tensor) -> Result<()> {
        self.held = Some(match &self.held {
            Some(held) => Tensor::cat(&[held, x], 2)?,
            None => x.clone(),
        });
        Ok(())
    }

    /// Takes the first `count` frames, which must be there.
    pub(super) fn take(&mut self, count: usize) -> Result<Option<Tensor>> {
        let Some(held) = self.held.take() else {
            return Ok(None);
        };
        let frames = held.dim(2)?;
        if count >= frames {
            return Ok(Some(held));
        }
        // A copy, or a few frames would keep the whole of what they were cut from.
        self.held = Some(held.narrow(2, count, frames - count)?.force_contiguous()?);
        if count == 0 {
            return Ok(None);
        }
        Ok(Some(held.narrow(2, 0, count)?.contiguous()?))
    }
}

/// A convolution whose output is as long as its input (odd width, half of it on each side).
pub(super) struct StreamConv {
    conv: Conv1d,
    channels: usize,
    span: usize,
}

/// What one job keeps for a [`StreamConv`]: the last `span` inputs, before any rectifier.
#[derive(Default)]
pub(super) struct ConvTail {
    held: Option<Tensor>,
}

impl StreamConv {
    /// Takes a convolution built without padding; `span` is `(k - 1) · dilation`.
    pub(super) fn new(conv: Conv1d, channels: usize, span: usize) -> Self {
        Self {
            conv,
            channels,
            span,
        }
    }

    /// Frames that the output lags behind the input.
    pub(super) fn lag(&self) -> usize {
        self.span / 2
    }

    /// `conv(x)` for as many frames as can be known by now.
    pub(super) fn push(
        &self,
        tail: &mut ConvTail,
        x: Option<&Tensor>,
        more: More,
    ) -> Result<Option<Tensor>> {
        match self.window(tail, x, more)? {
            Some(window) => Ok(Some(self.conv.forward(&window)?)),
            None => Ok(None),
        }
    }

    /// `conv(leaky(x, slope)) + x`.
    pub(super) fn push_residual(
        &self,
        tail: &mut ConvTail,
        x: Option<&Tensor>,
        slope: f32,
        more: More,
    ) -> Result<Option<Tensor>> {
        let Some(window) = self.window(tail, x, more)? else {
            return Ok(None);
        };
        let frames = window.dim(2)? - self.span;
        let middle = window.narrow(2, self.lag(), frames)?;
        Ok(Some(self.conv.forward_add(&window, slope, &middle)?))
    }

    /// `conv(leaky(x, slope))`.
    pub(super) fn push_leaky(
        &self,
        tail: &mut ConvTail,
        x: Option<&Tensor>,
        slope: f32,
        more: More,
    ) -> Result<Option<Tensor>> {
        let Some(window) = self.window(tail, x, more)? else {
            return Ok(None);
        };
        Ok(Some(self.conv.forward_leaky(&window, slope)?))
    }

    /// The inputs of all outputs that can be known by now.
    fn window(
        &self,
        tail: &mut ConvTail,
        x: Option<&Tensor>,
        more: More,
    ) -> Result<Option<Tensor>> {
        let like = match (x, &tail.held) {
            (Some(x), _) => x,
            (None, Some(held)) => held,
            (None, None) => return Ok(None),
        };
        let pad = Tensor::zeros((1, self.channels, self.lag()), like.dtype(), like.device())?;
        let mut parts: Vec<&Tensor> = vec![tail.held.as_ref().unwrap_or(&pad)];
        parts.extend(x);
        if more == More::Ended {
            parts.push(&pad);
        }
        parts.retain(|part| part.dims().last() != Some(&0));
        let window = match parts.as_slice() {
            [] => return Ok(None),
            [only] => (*only).clone(),
            parts => Tensor::cat(parts, 2)?,
        };
        let frames = window.dim(2)?;
        let keep = frames.min(self.span);
        // A copy, or a few frames would keep the whole of what they were cut from.
        tail.held = match keep {
            0 => None,
            keep => Some(window.narrow(2, frames - keep, keep)?.force_contiguous()?),
        };
        Ok((frames > self.span).then_some(window))
    }
}

/// An upsampling by `stride` whose kernel is twice as wide as the stride.
pub(super) struct StreamUpsample {
    conv: ConvTranspose1d,
    channels: usize,
    stride: usize,
    padding: usize,
}

/// What one job keeps for a [`StreamUpsample`]: the last input.
#[derive(Default)]
pub(super) struct UpsampleTail {
    held: Option<Tensor>,
}

impl StreamUpsample {
    /// Takes a transposed convolution `[channels, _, 2 · stride]` built with `padding = stride`,
    /// so that of n + 1 inputs it gives the n · stride outputs that are fully known. `padding` is
    /// the model's own: outputs dropped at the very beginning.
    pub(super) fn new(
        conv: ConvTranspose1d,
        channels: usize,
        stride: usize,
        padding: usize,
    ) -> Self {
        Self {
            conv,
            channels,
            stride,
            padding,
        }
    }

    /// Frames out per frame in.
    pub(super) fn stride(&self) -> usize {
        self.stride
    }

    /// `upsample(leaky(x, slope))` for as many frames as can be known by now.
    pub(super) fn push_leaky(
        &self,
        tail: &mut UpsampleTail,
        x: Option<&Tensor>,
        slope: f32,
        more: More,
    ) -> Result<Option<Tensor>> {
        let like = match (x, &tail.held) {
            (Some(x), _) => x,
            (None, Some(held)) => held,
            (None, None) => return Ok(None),
        };
        let zero = Tensor::zeros((1, self.channels, 1), like.dtype(), like.device())?;
        let first = tail.held.is_none();
        let mut parts: Vec<&Tensor> = vec![tail.held.as_ref().unwrap_or(&zero)];
        parts.extend(x);
        if more == More::Ended {
            parts.push(&zero);
        }
        let window = Tensor::cat(&parts, 2)?;
        let frames = window.dim(2)?;
        tail.held = Some(window.narrow(2, frames - 1, 1)?.force_contiguous()?);
        let y = self.conv.forward_leaky(&window, slope)?;
        let from = if first { self.padding } else { 0 };
        // The zero behind the end stands for `stride` outputs, of which the model wants `padding`.
        let cut = if more == More::Ended {
            self.stride - self.padding
        } else {
            0
        };
        let length = y.dim(2)?.saturating_sub(from + cut);
        if length == 0 {
            return Ok(None);
        }
        Ok(Some(y.narrow(2, from, length)?.contiguous()?))
    }
}
