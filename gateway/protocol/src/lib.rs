//! What clients and Janet say to each other.
//!
//! Decides the names, the shapes and the limits of every WebSocket message, in both dialects, and
//! turns a frame into a checked value or into an error that names the offending field. Never does
//! I/O, never keeps state, never lets the content of a user's text into an error or a log. Sits
//! below the gateway, the VR SDK and the tests, which all speak through these types.
//!
//! [`parse()`] reads a text frame from a client, [`Outgoing`] is a text frame to one, [`binary`] is
//! the sound beside them, and [`catalogue`] lists all names for people and for the schema, and
//! [`SCHEMA`] is all of it for clients in other languages.

#![forbid(unsafe_code)]

pub mod binary;
mod calls;
pub mod catalogue;
mod client;
mod context;
mod door;
mod error;
mod face;
mod fields;
mod hex;
mod limits;
mod parse;
mod parse_voip;
mod parse_vr;
mod pose;
mod private;
mod push;
pub mod quic;
mod request;
mod schema;
mod server;
mod sound;
mod trust;

pub use calls::{CallDirection, CallState, DeviceInfo, EndReason, PastCall};
pub use client::{ClientMessage, Dialect, Incoming, Said, Sensitivity, Transport, VoiceMode};
pub use context::{
    Choice, ContextData, ConversationInfo, LastPose, Loading, ModelInfo, PastMessage, Speaker,
    Trouble,
};
pub use door::{PairEnd, PairedDevice};
pub use error::{ErrorCode, Family, WireError};
pub use face::{BadFace, FRAME_SAMPLES, FaceFrame, LARGEST_FRAME_BYTES, VISEMES, VisemeFrame};
pub use limits::Limits;
pub use parse::parse;
pub use pose::{Hands, Pose};
pub use private::Private;
pub use push::{Aps, PushKind, PushPayload};
pub use request::{RequestId, Timestamp};
pub use schema::{PUSH_SCHEMA, SCHEMA};
pub use server::{
    AudioFormat, IceServer, Outgoing, Role, SdpType, ServerMessage, SpeakingState, Status, Tone,
    VrStatus,
};
pub use sound::{Base64, Sound};
pub use trust::{
    AuditEntry, ConsentOutcome, Grant, LeftMachine, MemoryEntry, MemoryVerb, OpenMicrophone,
    Persona, Proof, Receipt, SoulInfo, SoulKept, SoulName, TransferMetadata, TransferStage,
    TrustEvent, TrustRequest, VaultItem, VaultName, VaultStatus, VaultVerb,
};

/// Version of this protocol, sent in `connected`. Grows by one when a released name changes its
/// meaning; new names and new optional fields do not count.
pub const PROTOCOL: u32 = 1;

/// The WebSocket subprotocol that the server chooses where a client offers it.
pub const SUBPROTOCOL: &str = "janet.1";

/// Begins the subprotocol in which a page shows its device key, which is offered and never chosen.
pub const KEY_SUBPROTOCOL: &str = "janet.key.";

/// The only microphone rate over WebSocket, in Hz.
pub const MIC_RATE_HZ: u32 = 16_000;

/// The rates in which Janet's voice can be asked for over WebSocket, in Hz.
pub const PLAY_RATES_HZ: [u32; 2] = [24_000, 48_000];

/// Bytes of each side's message of SPAKE2: its letter, and a compressed point of Ed25519.
pub const PAIR_MESSAGE_BYTES: usize = 33;

/// Bytes of what shows that a side has the key of a pairing: an HMAC-SHA-256.
pub const PAIR_PROOF_BYTES: usize = 32;

/// How fast Janet's voice can be asked to speak; 1 is its own pace.
pub const VOICE_SPEEDS: std::ops::RangeInclusive<f64> = 0.5..=2.0;
