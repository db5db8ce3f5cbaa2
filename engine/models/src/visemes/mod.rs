//! Visemes from any sound: the network that the project trains itself, and streams of sound that go through it.
//!
//! Knows how weights are kept, in which order the visemes are, and which weights belong to which sample. Never
//! knows who speaks, and never touches the sound. What the network is trained on is in `tools/train-visemes`.

mod shared;
mod stream;
mod weights;

pub use shared::Visemes;
pub use stream::{AudioVisemes, VisemeFrame};
pub use weights::{NAMES, built_in, read, write};
