//! Runs tokens through the network in pieces of bounded time.
//!
//! A pass takes a block of tokens layer by layer, so that a block can be large enough to make good
//! use of the weights while a step stays short: a step runs layers until the next one would not
//! fit its budget.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use candle_core::Tensor;
use janet_kernels::KvCache;

use super::net::Net;
use crate::ModelError;

/// What a step may take; under the 20 ms that the engine allows, because a layer is not divided.
const BUDGET: Duration = Duration::from_millis(14);
/// Largest part of the budget that one layer may take.
const LAYER: Duration = Duration::from_millis(5);
/// Blocks stay within these sizes: below, weights are read too often; above, nothing is gained.
const BLOCK: std::ops::RangeInclusive<usize> = 8..=128;

/// How fast the machine is, measured as it goes: nanoseconds per token and layer.
#[derive(Debug, Default)]
pub(super) struct Pace(AtomicU64);

impl Pace {
    /// Tokens for the next block, so that one layer of it takes about [`LAYER`].
    pub(super) fn block(&self) -> usize {
        match self.0.load(Ordering::Relaxed) {
            0 => *BLOCK.start(),
            nanos => {
                let tokens = LAYER.as_nanos() as u64 / nanos;
                (tokens as usize).clamp(*BLOCK.start(), *BLOCK.end()) / 8 * 8
            }
        }
    }

    /// Learns from one layer of a block. Short blocks say nothing: there the weights dominate.
    fn learn(&self, tokens: usize, took: Duration) {
        if tokens < *BLOCK.start() {
            return;
        }
        let nanos = (took.as_nanos() as u64 / tokens as u64).max(1);
        let before = self.0.load(Ordering::Relaxed);
        let mixed = if before == 0 {
            nanos
        } else {
            (7 * before + nanos) / 8
        };
        self.0.store(mixed, Ordering::Relaxed);
    }
}

/// A block of tokens on its way through the layers.
#[derive(Debug)]
pub(super) struct Pass {
    hidden: Tensor,
    start: usize,
    tokens: usize,
    layer: usize,
}

impl Pass {
    /// Begins with `ids` at position `start`.
    pub(super) fn begin(net: &Net, ids: &[u32], start: usize) -> Result<Self, ModelError> {
        Ok(Self {
            hidden: net.embed(ids)?,
            start,
            tokens: ids.len(),
            layer: 0,
        })
    }

    /// Runs layers for one step's time; whether all are done.
    pub(super) fn step(
        &mut self,
        net: &Net,
        cache: &mut KvCache,
        pace: &Pace,
    ) -> Result<bool, ModelError> {
        let begun = Instant::now();
        let mut before = Duration::ZERO;
        while self.layer < net.shape.layers {
            self.hidden = net.layer(self.layer, &self.hidden, self.start, cache)?;
            self.layer += 1;
            let spent = begun.elapsed();
            let took = spent - before;
            pace.learn(self.tokens, took);
            before = spent;
            if spent + took > BUDGET {
                break;
            }
        }
        Ok(self.layer == net.shape.layers)
    }

    /// How many tokens the block has.
    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    /// The logits behind the block's last token, once all layers are done.
    pub(super) fn logits(&self, net: &Net) -> Result<Vec<f32>, ModelError> {
        net.logits(&self.hidden)
    }
}
