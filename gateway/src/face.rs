//! Her face from the engine to the wire.

use janet_engine::FaceFrame as Shown;
use janet_protocol::FaceFrame;

/// A frame as the protocol has it.
pub(crate) const fn frame(shown: &Shown) -> FaceFrame {
    FaceFrame {
        timestamp: shown.at_sample,
        weights: shown.weights,
    }
}

/// Counts frames that went out over something.
pub(crate) fn sent(over: &'static str, frames: u64) {
    metrics::counter!("janet_face_frames_total", "what" => over).increment(frames);
}

/// Counts frames that nobody will see: the newer ones count.
pub(crate) fn dropped(frames: u64) {
    if frames > 0 {
        metrics::counter!("janet_face_frames_total", "what" => "dropped").increment(frames);
    }
}
