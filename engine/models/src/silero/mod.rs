//! Voice activity: how likely is it that somebody speaks in these 32 ms.
//!
//! Silero VAD 6.2 at 16 kHz, as plain loops over slices: the model is so small that tensor
//! operations would cost more than their work. Runs inline in the pacer for every session, so a
//! window allocates nothing, locks nothing and takes about 0.05 ms. Decides nothing about turns.

mod dense;
mod speech;
mod stream;
mod weights;

pub use speech::{Finder, speech};
pub use stream::{VadStream, WINDOW_SAMPLES};
pub use weights::Vad;
