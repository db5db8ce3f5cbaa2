//! Voice in real time: how a call is set up over this connection, and how the connection takes part.
//!
//! One call at a time, a new one ends the old; `vr_connect` with the name of the one that is there lets it go
//! on over another network. It has the microphone and her voice for as long as it
//! lasts; text, transcripts and everything else go over the WebSocket as before. What a client can hear
//! twice without harm (transcripts, signs of her voice) is told on the call's `events` channel as well,
//! and whatever a client says there is taken as if it came over the WebSocket, and answered there.

use std::sync::atomic::{AtomicU32, Ordering};

use janet_engine::MicMode;
use janet_protocol::{
    ErrorCode, Family, Outgoing, SdpType, ServerMessage, Transport, VrStatus, WireError,
};

use super::connection::{Connection, Leave};
use super::inbound::{Door, refused};
use crate::media::PLAY_RATE_HZ;
use crate::webrtc::{Again, Call, Description, PeerError, State, Told};

/// Rate of microphones, as the engine wants it.
const MIC_RATE_HZ: u32 = janet_protocol::MIC_RATE_HZ;

/// A call of this connection.
pub(super) struct Vr {
    session_id: String,
    session_no: u32,
    call: Call,
}

impl Vr {
    /// Passes on what the client may also want to hear there.
    pub(super) fn tell(&self, message: &Outgoing) {
        if matches!(
            message.message,
            ServerMessage::Transcript { .. }
                | ServerMessage::Speaking { .. }
                | ServerMessage::SpeechHeard { .. }
        ) {
            self.call.text(message.to_json());
        }
    }

    /// Sends JSON on `events`.
    pub(super) fn text(&self, json: String) {
        self.call.text(json);
    }

    /// Has her be heard.
    pub(super) fn play(&self, playback: &janet_engine::Playback<'_>) {
        self.call.play(playback);
    }
}

/// What the call says next; for ever nothing without one.
pub(super) async fn told(vr: &mut Option<Vr>) -> Told {
    match vr {
        Some(vr) => vr.call.told().await,
        None => std::future::pending().await,
    }
}

impl Connection {
    /// `vr_connect`.
    pub(super) async fn vr_connect(
        &mut self,
        session_id: Option<String>,
        transport: Transport,
        sdp: Option<String>,
    ) -> Result<ServerMessage, WireError> {
        let session_id = session_id.unwrap_or_else(new_id);
        let refuse = |error: WireError| {
            let session_id = Some(session_id.clone());
            error.in_family(Family::Vr { session_id })
        };
        if transport == Transport::Quic {
            let message = "field \"transport\": quic is not offered here, only webrtc";
            let error = WireError::in_field(ErrorCode::OutOfRange, "transport", message);
            return Err(refuse(error));
        }
        self.ready().map_err(&refuse)?;
        // A session that goes on, over another network.
        if let Some(vr) = self.vr.as_ref().filter(|vr| vr.session_id == session_id) {
            let again = vr.call.again(sdp.clone()).await;
            match again.map_err(|error| refuse(wire_error(&error, "sdp")))? {
                Again::Agreed(description) => {
                    return Ok(described(session_id, vr.session_no, description));
                }
                Again::Stranger => {}
            }
        }
        self.vr_end();
        let Some(door) = self.app.rtc.clone() else {
            let error = WireError::new(
                ErrorCode::Unreachable,
                "this server has no UDP port for voice in real time",
            );
            return Err(refuse(error));
        };
        let (call, description) = door
            .call(sdp)
            .await
            .map_err(|error| refuse(wire_error(&error, "sdp")))?;
        self.ready()
            .and_then(|session| {
                session
                    .mic_open(MIC_RATE_HZ, PLAY_RATE_HZ, MicMode::HandsFree)
                    .map_err(refused)
            })
            .map_err(&refuse)?;
        self.play_rate_hz = PLAY_RATE_HZ;
        self.voice_over = Door::Events;
        let session_no = next_number();
        self.vr = Some(Vr {
            session_id: session_id.clone(),
            session_no,
            call,
        });
        Ok(described(session_id, session_no, description))
    }

    /// `vr_audio`.
    pub(super) async fn vr_audio(
        &mut self,
        session_id: String,
        sdp: String,
    ) -> Result<ServerMessage, WireError> {
        let call = self.call(&session_id)?;
        let taken = call.answered(sdp).await;
        let status = VrStatus::Connecting;
        match taken {
            Ok(()) => Ok(ServerMessage::VrResponse { session_id, status }),
            Err(error) => Err(of_session(session_id, wire_error(&error, "sdp"))),
        }
    }

    /// `vr_ice`.
    pub(super) async fn vr_ice(
        &mut self,
        session_id: String,
        candidate: String,
    ) -> Result<(), WireError> {
        let call = self.call(&session_id)?;
        let taken = call.candidate(candidate).await;
        taken.map_err(|error| of_session(session_id, wire_error(&error, "candidate")))
    }

    /// The call has something to say.
    pub(super) async fn on_vr(&mut self, told: Told) -> Result<(), Leave> {
        match told {
            Told::Mic(samples) => {
                self.samples = samples;
                self.push_mic();
                Ok(())
            }
            Told::Text(text) => self.on_text(&text, Door::Events).await,
            Told::Heard(sample) => {
                // A full queue is emptied within 10 ms, and the client says the same soon.
                if let Some(session) = &self.session {
                    session.played(sample).ok();
                }
                Ok(())
            }
            Told::State(State::Connecting) => Ok(()),
            Told::State(State::Connected) => self.tell_vr(VrStatus::Connected),
            Told::State(State::Ended) => {
                self.tell_vr(VrStatus::Ended)?;
                self.vr_end();
                Ok(())
            }
            Told::State(State::Failed) => {
                let session_id = self.vr.as_ref().map(|vr| vr.session_id.clone());
                self.vr_end();
                let error = WireError::new(
                    ErrorCode::Unreachable,
                    "the other side did not answer, or could not be reached",
                );
                let error = error.in_family(Family::Vr { session_id });
                Ok(self.outbound.text(error)?)
            }
        }
    }

    /// Ends the call, if there is one: she falls silent, and the microphone is closed.
    pub(super) fn vr_end(&mut self) {
        if self.vr.take().is_none() {
            return;
        }
        if let Some(session) = &mut self.session
            && session.mic_is_open()
        {
            // A session whose queue is full has enough to do without this; it ends with the connection.
            session.interrupt().ok();
            session.mic_close().ok();
        }
    }

    fn call(&self, session_id: &str) -> Result<&Call, WireError> {
        match &self.vr {
            Some(vr) if vr.session_id == session_id => Ok(&vr.call),
            _ => {
                let message = "field \"session_id\": this connection has no session of this name";
                let error = WireError::in_field(ErrorCode::UnknownSession, "session_id", message);
                Err(of_session(session_id.to_owned(), error))
            }
        }
    }

    fn tell_vr(&self, status: VrStatus) -> Result<(), Leave> {
        let Some(vr) = &self.vr else {
            return Ok(());
        };
        let session_id = vr.session_id.clone();
        let response = ServerMessage::VrResponse { session_id, status };
        Ok(self.outbound.text(response)?)
    }
}

fn described(session_id: String, session_no: u32, description: Description) -> ServerMessage {
    match description {
        Description::Offer(sdp) => ServerMessage::VrOffer {
            session_id,
            session_no,
            sdp: sdp.into(),
            sdp_type: SdpType::Offer,
        },
        Description::Answer(sdp) => ServerMessage::VrAnswer {
            session_id,
            session_no,
            sdp: sdp.into(),
            sdp_type: SdpType::Answer,
        },
    }
}

fn of_session(session_id: String, error: WireError) -> WireError {
    let session_id = Some(session_id);
    error.in_family(Family::Vr { session_id })
}

fn wire_error(error: &PeerError, field: &'static str) -> WireError {
    let code = match error {
        PeerError::Description(_) | PeerError::NoOpus => ErrorCode::BadDescription,
        PeerError::Candidate(_) => ErrorCode::BadCandidate,
        PeerError::NothingOffered | PeerError::NotAgreed | PeerError::TooEarly => {
            ErrorCode::Unexpected
        }
        PeerError::Setup(_) => return WireError::new(ErrorCode::Internal, error.to_string()),
    };
    WireError::in_field(code, field, format!("field \"{field}\": {error}"))
}

/// Sixteen random bytes, as the ids of conversations are.
fn new_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// Numbers of sessions, for what has no room for a name.
fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Two bytes on the wire of QUIC: after the last comes the first again.
    NEXT.fetch_add(1, Ordering::Relaxed) & 0xFFFF
}
