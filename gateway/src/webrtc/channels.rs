//! The data channels of a connection: `events` for JSON, `face` for what her mouth does.
//!
//! Whoever offers opens both; of those that the far end opens these two are known, and all others are
//! closed. `events` is ordered and loses nothing; `face` is neither: a frame that is late is of no use.
//!
//! Source: RFC 8831 (data channels).

use std::time::Instant;

use bytes::BytesMut;
use janet_protocol::LARGEST_FRAME_BYTES;
use rtc::data_channel::{RTCDataChannelId, RTCDataChannelInit};
use rtc::peer_connection::RTCPeerConnection;

use super::description::PeerError;
use super::peer::{Happened, setup};

/// The channel for JSON.
const EVENTS: &str = "events";
/// The channel for face frames.
const FACE: &str = "face";
/// The longest JSON from the far end, in bytes.
pub(super) const LONGEST_TEXT: u32 = 64 << 10;
/// Bytes of face frames that may be on their way, until the far end has acknowledged them: more than two
/// seconds of them, for ways that are long.
const FACE_BYTES: usize = 4096;

/// The channels that are open, or that we have offered.
#[derive(Default)]
pub(super) struct Channels {
    events: Option<RTCDataChannelId>,
    face: Option<RTCDataChannelId>,
}

impl Channels {
    /// Opens both.
    pub(super) fn open(connection: &mut RTCPeerConnection) -> Result<Self, PeerError> {
        let events = connection.create_data_channel(EVENTS, None);
        let events = events.map_err(setup)?.id();
        let unreliable = RTCDataChannelInit {
            ordered: false,
            max_retransmits: Some(0),
            ..RTCDataChannelInit::default()
        };
        // It counts when it is open: until then nothing can be sent on it.
        connection
            .create_data_channel(FACE, Some(unreliable))
            .map_err(setup)?;
        Ok(Self {
            events: Some(events),
            face: None,
        })
    }

    /// One is open, whoever opened it.
    pub(super) fn opened(
        &mut self,
        connection: &mut RTCPeerConnection,
        id: RTCDataChannelId,
    ) -> Option<Happened> {
        let mut channel = connection.data_channel(id)?;
        match channel.label() {
            EVENTS if self.events.is_none_or(|ours| ours == id) => {
                self.events = Some(id);
                return Some(Happened::EventsOpen);
            }
            FACE if self.face.is_none_or(|ours| ours == id) => self.face = Some(id),
            _ => {
                if channel.close().is_err() {
                    tracing::trace!("a data channel was closed already");
                }
            }
        }
        None
    }

    /// One is closed.
    pub(super) fn closed(&mut self, id: RTCDataChannelId) {
        for known in [&mut self.events, &mut self.face] {
            known.take_if(|known| *known == id);
        }
    }

    /// Sends JSON on `events`; false when it is not open, or its buffer full.
    pub(super) fn text(
        &self,
        connection: &mut RTCPeerConnection,
        now: Instant,
        json: &str,
    ) -> bool {
        let channel = self.events.and_then(|id| connection.data_channel(id));
        let Some(mut channel) = channel else {
            return false;
        };
        // Who does not read what is reliable is behind for good.
        let is_full = channel.outstanding_bytes() > 4 * LONGEST_TEXT as usize;
        !is_full && channel.send_text(now, json).is_ok()
    }

    /// Whether frames on `face` would only wait.
    pub(super) fn face_is_full(&self, connection: &mut RTCPeerConnection) -> bool {
        let channel = self.face.and_then(|id| connection.data_channel(id));
        channel.is_some_and(|channel| channel.outstanding_bytes() > FACE_BYTES)
    }

    /// Sends a frame on `face`; false when it is not open.
    pub(super) fn face(
        &self,
        connection: &mut RTCPeerConnection,
        now: Instant,
        frame: &[u8],
    ) -> bool {
        let channel = self.face.and_then(|id| connection.data_channel(id));
        channel.is_some_and(|mut channel| channel.send(now, BytesMut::from(frame)).is_ok())
    }

    /// What a message is; one that is no text, too long for a frame, or on no known channel, is nothing.
    pub(super) fn read(&self, id: RTCDataChannelId, message: &[u8]) -> Option<Happened> {
        if self.face == Some(id) && message.len() <= LARGEST_FRAME_BYTES {
            return Some(Happened::Face(message.to_vec()));
        }
        if self.events != Some(id) {
            return None;
        }
        if message.len() > LONGEST_TEXT as usize {
            return Some(Happened::TooLong);
        }
        let text = String::from_utf8(message.to_vec()).ok()?;
        Some(Happened::Text(text))
    }
}
