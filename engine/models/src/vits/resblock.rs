//! The decoder's residual blocks, of both kinds that HiFi-GAN has.

use candle_core::Tensor;

use super::ops::Result;
use super::stream::{ConvTail, Line, More, StreamConv};
use super::weights::{Weights, wrong};
use crate::ModelError;

/// Which kind a decoder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Two convolutions in each residual: high voices.
    One,
    /// One convolution in each: low and medium voices.
    Two,
}

impl Kind {
    pub(super) fn find(weights: &Weights<'_>) -> Result<Self, ModelError> {
        let kinds = [Self::One, Self::Two];
        let found = kinds
            .into_iter()
            .find(|kind| weights.has(&format!("dec.resblocks.0.{}.0.weight", kind.convs())));
        found.ok_or_else(|| {
            let reason = "neither convs nor convs1: the decoder is not HiFi-GAN";
            wrong("dec.resblocks.0", reason)
        })
    }

    const fn convs(self) -> &'static str {
        match self {
            Self::One => "convs1",
            Self::Two => "convs",
        }
    }

    /// How many blocks there are.
    pub(super) fn blocks(self, weights: &Weights<'_>) -> usize {
        weights.count("dec.resblocks.", &format!(".{}.0.weight", self.convs()))
    }

    /// The residuals of the block of this name.
    pub(super) fn load(
        self,
        weights: &Weights<'_>,
        name: &str,
        channels: usize,
    ) -> Result<Vec<Residual>, ModelError> {
        let conv = |convs: &str, index: usize| {
            weights.stream(&format!("{name}.{convs}.{index}"), channels, channels)
        };
        (0..weights.count(&format!("{name}.{}.", self.convs()), ".weight"))
            .map(|index| match self {
                Self::One => Ok(Residual::Two(
                    conv("convs1", index)?,
                    conv("convs2", index)?,
                )),
                Self::Two => Ok(Residual::One(conv("convs", index)?)),
            })
            .collect()
    }
}

/// Convolutions with a residual around them.
pub(super) enum Residual {
    One(StreamConv),
    Two(StreamConv, StreamConv),
}

/// What one job keeps for a [`Residual`].
#[derive(Default)]
pub(super) struct ResidualState {
    first: ConvTail,
    second: ConvTail,
    /// What is to be added behind the second convolution.
    waiting: Line,
}

impl Residual {
    /// Frames that the output lags behind the input.
    pub(super) fn lag(&self) -> usize {
        match self {
            Self::One(conv) => conv.lag(),
            Self::Two(first, second) => first.lag() + second.lag(),
        }
    }

    /// `convs(x) + x` for as many frames as can be known by now, a rectifier before each
    /// convolution.
    pub(super) fn push(
        &self,
        state: &mut ResidualState,
        x: Option<&Tensor>,
        slope: f32,
        more: More,
    ) -> Result<Option<Tensor>> {
        let (first, second) = match self {
            Self::One(conv) => return conv.push_residual(&mut state.first, x, slope, more),
            Self::Two(first, second) => (first, second),
        };
        if let Some(x) = x {
            state.waiting.push(x)?;
        }
        let y = first.push_leaky(&mut state.first, x, slope, more)?;
        let Some(y) = second.push_leaky(&mut state.second, y.as_ref(), slope, more)? else {
            return Ok(None);
        };
        let residual = state.waiting.take(y.dim(2)?)?;
        residual.map(|x| x + y).transpose()
    }
}
