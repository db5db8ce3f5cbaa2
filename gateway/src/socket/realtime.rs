//! Voice in real time, however it was set up: as a session (`vr_*`) or as a call (`voip_*`).
//!
//! One at a time. It has the microphone and her voice for as long as voice flows over it; text,
//! transcripts and everything else go over the WebSocket as before. What a client can hear twice without
//! harm (transcripts, signs of her voice) is told on the media's `events` channel as well, and whatever a
//! client says there is taken as if it came over the WebSocket, and answered there.

use std::time::Instant;

use janet_engine::{MicMode, Playback, Session};
use janet_protocol::{ErrorCode, Outgoing, ServerMessage, WireError};

use super::connection::{Connection, Leave};
use super::inbound::{Door, refused};
use super::voip::Voip;
use super::vr::{Media, Vr};
use crate::media::PLAY_RATE_HZ;
use crate::quic;
use crate::webrtc::{Call, Description, PeerError, State, Told};

/// Rate of microphones, as the engine wants it.
const MIC_RATE_HZ: u32 = janet_protocol::MIC_RATE_HZ;

/// What a connection has of it.
pub(super) enum Realtime {
    /// A session.
    Vr(Vr),
    /// A call.
    Voip(Voip),
}

/// What comes of it next.
pub(super) enum News {
    /// The media has something to say.
    Media(Told),
    /// Media over QUIC has.
    Quic(quic::Told),
    /// A call has waited long enough.
    Due,
}

impl Realtime {
    /// Media with a channel `events` of its own, once there is any.
    pub(super) fn media(&self) -> Option<&Call> {
        match self {
            Self::Vr(vr) => vr.media.web_rtc(),
            Self::Voip(voip) => voip.media(),
        }
    }

    /// Whether voice has flowed over it, and may still.
    pub(super) fn is_connected(&self) -> bool {
        self.media().is_some_and(Call::is_connected)
    }

    /// Whether the microphone and her voice belong to it. A ring alone takes nothing away.
    pub(super) fn has_voice(&self) -> bool {
        match self {
            Self::Vr(_) => true,
            Self::Voip(voip) => voip.has_voice(),
        }
    }

    /// Whether she can be heard over it, and hears.
    fn flows(&self) -> bool {
        match self {
            Self::Vr(_) => true,
            Self::Voip(voip) => voip.flows(),
        }
    }

    /// Passes on what the client may also want to hear there.
    pub(super) fn tell(&self, message: &Outgoing) {
        if let Some(media) = self.media()
            && matches!(
                message.message,
                ServerMessage::Transcript { .. }
                    | ServerMessage::Speaking { .. }
                    | ServerMessage::SpeechHeard { .. }
            )
        {
            media.text(message.to_json());
        }
    }

    /// Has her be heard; whether there is anybody to hear it.
    pub(super) fn play(&self, playback: &Playback<'_>) -> bool {
        if let Self::Vr(Vr {
            media: Media::Quic(media),
            ..
        }) = self
        {
            media.play(playback);
            return true;
        }
        match self.media() {
            // Both are for what was sent before.
            Some(media)
                if self.flows()
                    || matches!(playback, Playback::Flush { .. } | Playback::Face(_)) =>
            {
                media.play(playback);
                true
            }
            _ => false,
        }
    }
}

/// What comes next; for ever nothing without any. May be cancelled.
pub(super) async fn news(realtime: &mut Option<Realtime>) -> News {
    match realtime {
        None => std::future::pending().await,
        Some(Realtime::Vr(vr)) => match &mut vr.media {
            Media::WebRtc(media) => News::Media(media.told().await),
            Media::Quic(media) => News::Quic(media.told().await),
        },
        Some(Realtime::Voip(voip)) => voip.news().await,
    }
}

impl Connection {
    /// Sets media up: to the far end's offer, or so that we offer.
    pub(super) async fn begin_media(
        &mut self,
        offer: Option<String>,
    ) -> Result<(Call, Description), WireError> {
        self.ready()?;
        let Some(door) = self.app.rtc.clone() else {
            return Err(WireError::new(
                ErrorCode::Unreachable,
                "this server has no UDP port for voice in real time",
            ));
        };
        let begun = door.call(offer).await;
        begun.map_err(|error| media_error(&error, "sdp"))
    }

    /// The microphone and her voice belong to the media from here on.
    pub(super) fn open_voice(&mut self) -> Result<(), WireError> {
        self.ready()?
            .mic_open(MIC_RATE_HZ, PLAY_RATE_HZ, MicMode::HandsFree)
            .map_err(refused)?;
        self.play_rate_hz = PLAY_RATE_HZ;
        self.voice_over = Door::Events;
        Ok(())
    }

    /// She falls silent, and the microphone is closed.
    pub(super) fn close_voice(&mut self) {
        if let Some(session) = &mut self.session
            && session.mic_is_open()
        {
            // A session whose queue is full has enough to do without this; it ends with the connection.
            session.interrupt().ok();
            session.mic_close().ok();
        }
    }

    /// She stays where she is, and the microphone is not heard.
    pub(super) fn hold_voice(&mut self) {
        let hold = |session: &mut Session| session.mic_is_open() && session.hold().is_ok();
        if !self.session.as_mut().is_some_and(hold) {
            // A session whose queue is full: what she says is lost, and nothing else.
            self.close_voice();
        }
    }

    /// She goes on from where she was held. A queue that is full for a moment: with the next packet.
    pub(super) fn resume_voice(&mut self) {
        match &mut self.session {
            Some(session) if session.is_on_hold() => session.go_on().unwrap_or(()),
            _ => self.open_voice().unwrap_or(()),
        }
    }

    /// Something comes of it.
    pub(super) async fn on_realtime(&mut self, news: News) -> Result<(), Leave> {
        match news {
            News::Due => self.on_call_due().await,
            News::Quic(told) => self.on_quic(told),
            News::Media(Told::Mic { samples, came }) => {
                self.hear(samples, came);
                Ok(())
            }
            News::Media(Told::Candidate(candidate)) => self.tell_candidate(candidate),
            News::Media(Told::Text(text)) => self.on_text(&text, Door::Events).await,
            News::Media(Told::Heard(sample)) => {
                // A full queue is emptied within 10 ms, and the client says the same soon.
                if let Some(session) = &self.session {
                    session.played(sample).ok();
                }
                Ok(())
            }
            News::Media(Told::State(state)) => match &self.realtime {
                Some(Realtime::Vr(_)) => self.on_vr(state),
                Some(Realtime::Voip(_)) => self.on_call_media(state).await,
                None => Ok(()),
            },
        }
    }

    /// Something comes of a session over QUIC.
    fn on_quic(&mut self, told: quic::Told) -> Result<(), Leave> {
        match told {
            quic::Told::Mic { samples, came } => self.hear(samples, came),
            // The client answers by what it has played.
            quic::Told::Flush { from_sample } => {
                self.outbound
                    .text(ServerMessage::PlayoutFlush { from_sample })?;
            }
            quic::Told::Clock(clock) => self.outbound.text(ServerMessage::FaceClock {
                rtp_timestamp: clock.rtp_timestamp,
                sample: clock.sample,
            })?,
            quic::Told::Over => return self.on_vr(State::Broken),
        }
        Ok(())
    }

    /// Samples of its microphone, of which the last came then.
    fn hear(&mut self, samples: Vec<i16>, came: Instant) {
        if self.realtime.as_ref().is_some_and(Realtime::flows) {
            let hears = |session: &Session| session.mic_is_open() && !session.is_on_hold();
            if !self.session.as_ref().is_some_and(hears) {
                self.resume_voice();
            }
            self.samples = samples;
            self.push_mic();
        }
        metrics::histogram!("janet_mic_to_ring_seconds").record(came.elapsed().as_secs_f64());
    }
}

/// What a far end is told of a description or a candidate that is no good.
pub(super) fn media_error(error: &PeerError, field: &'static str) -> WireError {
    let code = match error {
        PeerError::Description(_) | PeerError::NoOpus => ErrorCode::BadDescription,
        PeerError::Candidate(_) => ErrorCode::BadCandidate,
        PeerError::NothingOffered | PeerError::NotAgreed | PeerError::TooEarly => {
            ErrorCode::Unexpected
        }
        PeerError::TooSoon => ErrorCode::Overloaded,
        PeerError::Setup(_) => return WireError::new(ErrorCode::Internal, error.to_string()),
    };
    WireError::in_field(code, field, format!("field \"{field}\": {error}"))
}

/// Sixteen random bytes, as the ids of conversations are.
pub(super) fn new_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}
