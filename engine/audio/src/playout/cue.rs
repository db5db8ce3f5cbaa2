//! What goes along with the sound: a few bytes that belong to one sample.
//!
//! The line carries them with the chunk that holds their sample, so that whatever becomes of the sound
//! (a pause, a resume, a flush) becomes of them. It does not know what they mean.

/// Bytes of a cue: a weight for each shape of a mouth.
pub const CUE_BYTES: usize = 10;

/// Something that happens at a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cue {
    /// The number of the sample, modulo 2³².
    pub sample: u32,
    /// What happens.
    pub data: [u8; CUE_BYTES],
}
