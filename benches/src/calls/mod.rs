//! Voice in real time against a real `janet serve`, over loopback: the far end is Janet's own code at the
//! other side, so that what is measured is the server and not somebody's client.

mod far;
mod idle;
mod lossy;
mod round;

#[allow(
    dead_code,
    reason = "the gateway's own, of which a far end needs a part"
)]
#[path = "../../../gateway/src/webrtc/candidates.rs"]
mod candidates;
#[allow(
    dead_code,
    reason = "the gateway's own, of which a far end needs a part"
)]
#[path = "../../../gateway/src/webrtc/channels.rs"]
mod channels;
#[allow(
    dead_code,
    reason = "the gateway's own, of which a far end needs a part"
)]
#[path = "../../../gateway/src/webrtc/description.rs"]
mod description;
#[path = "../../../gateway/src/webrtc/early.rs"]
mod early;
#[path = "../../../gateway/src/webrtc/nack.rs"]
mod nack;
#[allow(
    dead_code,
    reason = "the gateway's own, of which a far end needs a part"
)]
#[path = "../../../gateway/src/webrtc/peer.rs"]
mod peer;
#[path = "../../../gateway/src/webrtc/reports.rs"]
mod reports;

pub(crate) use idle::measure as idle;
pub(crate) use lossy::measure as lossy;
pub(crate) use round::measure as round;
