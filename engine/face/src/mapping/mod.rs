//! What other people's faces call the shapes that ours has.
//!
//! Three vocabularies: the fifteen visemes of Oculus Lipsync ([`Ovr`]), the 52 blend shapes of ARKit
//! ([`Arkit`]) and the expressions of VRM ([`Vrm`], with the names of VRM 0.x beside them). The tables
//! are constants; `engine/face/data/mapping.json` holds the same for the page, and a test keeps both
//! equal. Everything here is linear: a mix of our shapes becomes the same mix of theirs.

mod arkit;
mod gaze;
mod mix;
mod ovr;
mod vrm;

pub use arkit::Arkit;
pub use gaze::{Looking, looking};
pub use mix::Row;
pub use ovr::Ovr;
pub use vrm::Vrm;

#[cfg(test)]
mod export_test;
#[cfg(test)]
mod published_test;
