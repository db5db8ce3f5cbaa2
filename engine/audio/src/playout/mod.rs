//! Janet's voice on its way to one listener: paced, and paused, resumed and cut without a click.
//!
//! The pacer owns the [`Line`], a plain struct: sound is staged into it, and every tick moves whole
//! 10 ms chunks into a ring, so that the transport is never more than 200 ms ahead of the ear. The
//! transport owns the [`Playout`], the ring's other end. Neither decides when to pause or to cut.
//!
//! ```text
//!   models --stage--> [ retained | sent, unheard | staged ] --tick--> ring --pull--> transport --> client
//!                     Line, one number for each sample                                 ^ playout reports
//! ```
//!
//! **Numbers.** Every sample gets the number at which it was staged, from 0 per connection, and
//! keeps it: a sample that is sent again after a pause carries the number it had. On the wire the
//! number is its low 32 bits. A flush leaves the numbers of what it dropped unused.
//!
//! **Cues.** A chunk may carry a cue, which is what happens at one of its samples (a shape of her mouth);
//! one can also be sent by itself, behind everything that was sent before.
//!
//! **What the client does** (`ClientModel`, under the feature `_sim`, is the model of it):
//! 1. It plays samples in the order in which they come. `played_sample` is the number of the next
//!    sample it will play; it reports it every 100 ms while it plays and once when it has stopped.
//! 2. Samples with numbers below the end of what it has are duplicates and are dropped; a gap in the
//!    numbers is nothing to hear: what follows it plays at once.
//! 3. On `playout_flush {from_sample}` it drops all samples from there on and fades out over the last
//!    10 ms before; where it is already nearer than that (or past), it fades out over the next 10 ms.
//!    Its count goes on to where it fell silent.
//! 4. Whenever it starts from silence it fades in over 10 ms; when it runs dry it lets the last
//!    sample decay over 10 ms.

mod chunk;
mod cue;
mod ear;
mod line;
#[cfg(any(test, feature = "_sim"))]
mod sim;

pub use chunk::{CHUNK_SAMPLES_MAX, Chunk, Playout, Pulled};
pub use cue::{CUE_BYTES, Cue};
pub use line::{Flush, Line, LineError, LineOptions, Staged};
#[cfg(any(test, feature = "_sim"))]
pub use sim::ClientModel;
