//! What her face does beside speaking: blinks, breath, where she looks, how she holds her head, and
//! the expressions of her tone.
//!
//! [`Animator`] is given what happens, each with its time, and asked for a [`Pose`] whenever a frame is
//! drawn. A pose follows from the seed, from what happened and from its moment alone, never from the
//! poses that were asked for before: 30 frames a second and 120 see the same face. Chance comes from a
//! generator that is the same in the page (`gateway/web/src/face/animator.ts`), which is held to
//! `engine/face/data/animator-vectors.json`; all constants are in [`TABLE`], exported as
//! `animator.json`.
//!
//! Angles are radians about the axes of glTF, with the face looking along +z and +x to her left:
//! a positive pitch looks down, a positive yaw to her left, a positive roll lowers her right ear.
//! Times are microseconds.

mod blink;
mod breath;
mod core;
mod cue;
mod curve;
mod expression;
mod gaze;
mod gesture;
mod head;
mod input;
mod mouth;
mod noise;
mod pose;
mod random;
mod table;
mod target;
mod voice_clock;

pub use self::core::Animator;
pub use cue::Cue;
pub use gesture::Gesture;
pub use input::{Activity, Input};
pub use pose::Pose;
pub use table::{TABLE, Table};

/// A moment on the caller's clock, in microseconds.
pub type Micros = u64;

#[cfg(test)]
mod behaviour_test;
#[cfg(test)]
mod export_test;
#[cfg(test)]
mod literature_test;
#[cfg(test)]
mod properties_test;
#[cfg(test)]
mod vectors_test;
