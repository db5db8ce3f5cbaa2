//! Sound on its way in and out: rings, resampling, Opus, jitter buffers, the sample clock, the playout,
//! WAV files.
//!
//! Between the transports, which push and pull on threads of their own, and the pacer, which owns
//! everything else here as plain structs. Decides where the listener's ear is and how a voice is
//! paused, resumed and cut without a click; never decides *when* (that is the conversation's), and
//! never knows a model, a socket or a clock: time is an argument, in microseconds.

#![forbid(unsafe_code)]

pub mod capture;
pub mod clock;
pub mod drift;
pub mod echo;
pub mod jitter;
pub mod level;
pub mod opus;
pub mod playout;
pub mod resample;
pub mod wav;

pub use capture::{Capture, CaptureReader, capture};
pub use clock::SampleClock;
pub use drift::Drift;
pub use echo::EchoMeter;
pub use playout::{Chunk, Cue, Flush, Line, LineOptions, Playout, Pulled, Staged};
pub use resample::{Resampler, resample};
