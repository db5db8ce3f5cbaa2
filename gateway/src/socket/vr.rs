//! Sessions of voice in real time: how one is set up over this connection, and what is told of it.
//!
//! A new one ends the old; `vr_connect` with the name of the one that is there lets it go on over another
//! network.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use janet_protocol::{
    Base64, ErrorCode, Family, Hands, LastPose, Outgoing, Pose, RequestId, Said, SdpType,
    ServerMessage, Sound, Transport, VrStatus, WireError,
};

use super::carrier::Carrier;
use super::connection::{Connection, Leave};
use super::inbound::{decode, refused};
use super::realtime::{Realtime, media_error, new_id};
use super::requests::{Asked, Manner};
use crate::quic;
use crate::webrtc::{Again, Call, Description, State};

/// A session of this connection.
pub(super) struct Vr {
    session_id: String,
    session_no: u32,
    pub(super) media: Media,
    /// How far it is, as last told.
    status: VrStatus,
    pose: Option<Seen>,
}

/// Where the client's head and hands were at a moment.
struct Seen {
    at: Instant,
    head: Pose,
    hands: Hands,
}

impl Seen {
    fn now(head: Pose, hands: Hands) -> Self {
        let at = Instant::now();
        Self { at, head, hands }
    }
}

/// Over what its voice goes.
pub(super) enum Media {
    WebRtc(Call),
    Quic(quic::Call),
}

impl Media {
    /// The call, where it is one.
    pub(super) fn web_rtc(&self) -> Option<&Call> {
        match self {
            Self::WebRtc(call) => Some(call),
            Self::Quic(_) => None,
        }
    }
}

impl Connection {
    /// `vr_connect`.
    pub(super) async fn vr_connect(
        &mut self,
        session_id: Option<String>,
        transport: Transport,
        sdp: Option<String>,
        head_pose: Option<Pose>,
    ) -> Result<ServerMessage, WireError> {
        let session_id = session_id.unwrap_or_else(new_id);
        let refuse = |error: WireError| of_session(session_id.clone(), error);
        self.engage().await;
        if let Some(Realtime::Voip(_)) = &self.realtime {
            let message = "there is a call; end it first (voip_end)";
            return Err(refuse(WireError::new(ErrorCode::Busy, message)));
        }
        self.ready().map_err(&refuse)?;
        if transport == Transport::Quic {
            let opened = self.vr_open(&session_id, sdp.is_some());
            let opened = opened.map_err(refuse)?;
            self.set_pose(head_pose, Hands::default());
            return Ok(opened);
        }
        // A session that goes on, over another network.
        if let Some(vr) = self.vr().filter(|vr| vr.session_id == session_id)
            && let Media::WebRtc(media) = &vr.media
        {
            let again = media.again(sdp.clone()).await;
            match again.map_err(|error| refuse(media_error(&error, "sdp")))? {
                Again::Agreed(description) => {
                    let session_no = vr.session_no;
                    self.set_pose(head_pose, Hands::default());
                    return Ok(self.described(session_id, session_no, description));
                }
                Again::Stranger => {}
            }
        }
        // What is refused ends nothing.
        let (media, description) = self.begin_media(sdp).await.map_err(&refuse)?;
        self.vr_end();
        self.open_voice().map_err(&refuse)?;
        let session_no = next_number();
        let vr = Vr {
            session_id: session_id.clone(),
            session_no,
            media: Media::WebRtc(media),
            status: VrStatus::Connecting,
            pose: None,
        };
        self.realtime = Some(Realtime::Vr(vr));
        self.set_pose(head_pose, Hands::default());
        Ok(self.described(session_id, session_no, description))
    }

    /// `vr_connect` over QUIC: there is nothing to agree on, voice flows at once.
    fn vr_open(&mut self, session_id: &str, has_sdp: bool) -> Result<ServerMessage, WireError> {
        let Carrier::Quic(link, _) = &self.carrier else {
            let message = match self.app.quic {
                Some(port) => format!(
                    "field \"transport\": a quic session is opened over QUIC, on UDP port {port}"
                ),
                None => "field \"transport\": quic is not offered here, only webrtc".to_owned(),
            };
            let code = ErrorCode::OutOfRange;
            return Err(WireError::in_field(code, "transport", message));
        };
        if has_sdp {
            let message = "field \"sdp\": a quic session has no description";
            return Err(WireError::in_field(ErrorCode::Unexpected, "sdp", message));
        }
        if !link.has_datagrams() {
            let message = "this client's QUIC takes no datagrams";
            return Err(WireError::new(ErrorCode::Unreachable, message));
        }
        let link = link.clone();
        self.vr_end();
        let session_no = next_number();
        let media = quic::Call::begin(link, session_no)
            .map_err(|error| WireError::new(ErrorCode::Internal, error.to_string()))?;
        self.open_voice()?;
        self.realtime = Some(Realtime::Vr(Vr {
            session_id: session_id.to_owned(),
            session_no,
            media: Media::Quic(media),
            status: VrStatus::Connected,
            pose: None,
        }));
        Ok(ServerMessage::VrOpened {
            session_id: session_id.to_owned(),
            session_no,
        })
    }

    /// `vr_audio`.
    pub(super) async fn vr_audio(
        &mut self,
        session_id: String,
        said: Said,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        match said {
            Said::Recording(audio) => {
                let asked = self.vr_utterance(&session_id, audio, request_id).await;
                asked.map_err(|error| of_session(session_id, error))?;
                Ok(None)
            }
            Said::Description(sdp) => {
                let media = self.vr_media(&session_id)?;
                match media.answered(sdp.into_exposed()).await {
                    Ok(()) => {
                        let message = response(session_id, VrStatus::Connecting);
                        Ok(Some(Outgoing {
                            request_id,
                            message,
                        }))
                    }
                    Err(error) => Err(of_session(session_id, media_error(&error, "sdp"))),
                }
            }
        }
    }

    /// One whole utterance. Where no media is up the answer is whole, too; else it is heard there.
    async fn vr_utterance(
        &mut self,
        session_id: &str,
        audio: Sound,
        request_id: Option<RequestId>,
    ) -> Result<(), WireError> {
        let flows = match &self.session_of(session_id)?.media {
            Media::WebRtc(media) => media.is_connected(),
            Media::Quic(_) => true,
        };
        self.ready()?;
        let pcm = decode(audio, self.app.config.talk.longest_turn).await?;
        if !flows {
            // It is opened again by the first packet that comes.
            self.close_voice();
        }
        let tag = self.ready()?.utterance(pcm, true).map_err(refused)?;
        let manner = Manner::Session(session_id.to_owned());
        let asked = Asked {
            request_id,
            manner,
            remember: None,
        };
        self.requests.asked(tag, asked);
        Ok(())
    }

    /// What is told of an answer to a recording.
    pub(super) fn spoken_in_session(
        &self,
        session_id: String,
        text: String,
        audio: Option<Base64>,
    ) -> ServerMessage {
        let vr = self.vr().filter(|vr| vr.session_id == session_id);
        ServerMessage::VrResponse {
            session_id,
            status: vr.map_or(VrStatus::Ended, |vr| vr.status),
            text: Some(text.into()),
            audio,
        }
    }

    /// `vr_pose`.
    pub(super) fn vr_pose(
        &mut self,
        session_id: &str,
        head: Pose,
        hands: Hands,
    ) -> Result<(), WireError> {
        self.session_of(session_id)?;
        self.set_pose(Some(head), hands);
        Ok(())
    }

    fn set_pose(&mut self, head: Option<Pose>, hands: Hands) {
        if let Some(Realtime::Vr(vr)) = &mut self.realtime
            && let Some(head) = head
        {
            vr.pose = Some(Seen::now(head, hands));
        }
    }

    /// Where the client's head and hands are, as far as it told.
    pub(super) fn last_pose(&self) -> Option<LastPose> {
        let vr = self.vr()?;
        let Seen { at, head, hands } = vr.pose.as_ref()?;
        Some(LastPose {
            session_id: vr.session_id.clone(),
            age_ms: at.elapsed().as_millis() as u64,
            head: *head,
            hands: *hands,
        })
    }

    /// `vr_ice`.
    pub(super) async fn vr_ice(
        &mut self,
        session_id: String,
        candidate: String,
    ) -> Result<(), WireError> {
        let media = self.vr_media(&session_id)?;
        let taken = media.candidate(candidate).await;
        taken.map_err(|error| of_session(session_id, media_error(&error, "candidate")))
    }

    /// The media of the session is at this point.
    pub(super) fn on_vr(&mut self, state: State) -> Result<(), Leave> {
        match state {
            State::Connecting => Ok(()),
            State::Connected => self.tell_vr(VrStatus::Connected),
            State::Left | State::Lost | State::Broken => {
                self.tell_vr(VrStatus::Ended)?;
                self.vr_end();
                Ok(())
            }
            State::Failed => {
                let session_id = self.vr().map(|vr| vr.session_id.clone());
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

    /// Ends the session, if there is one.
    pub(super) fn vr_end(&mut self) {
        if self.vr().is_some() {
            self.realtime = None;
            self.close_voice();
        }
    }

    fn vr(&self) -> Option<&Vr> {
        match &self.realtime {
            Some(Realtime::Vr(vr)) => Some(vr),
            _ => None,
        }
    }

    fn vr_media(&self, session_id: &str) -> Result<&Call, WireError> {
        self.session_of(session_id)?
            .media
            .web_rtc()
            .ok_or_else(|| no_session(session_id))
    }

    fn session_of(&self, session_id: &str) -> Result<&Vr, WireError> {
        self.vr()
            .filter(|vr| vr.session_id == session_id)
            .ok_or_else(|| no_session(session_id))
    }

    /// Tells where the server can be reached, too.
    pub(super) fn tell_candidate(&self, candidate: String) -> Result<(), Leave> {
        let (candidate, sdp_mid) = (candidate.into(), MID.to_owned());
        let message = match &self.realtime {
            None => return Ok(()),
            Some(Realtime::Vr(vr)) => ServerMessage::VrIce {
                session_id: vr.session_id.clone(),
                candidate,
                sdp_mid,
                sdp_mline_index: 0,
            },
            Some(Realtime::Voip(voip)) => ServerMessage::VoipIce {
                call_id: voip.call_id().to_owned(),
                candidate,
                sdp_mid,
                sdp_mline_index: 0,
            },
        };
        Ok(self.outbound.text(message)?)
    }

    fn tell_vr(&mut self, status: VrStatus) -> Result<(), Leave> {
        let Some(Realtime::Vr(vr)) = &mut self.realtime else {
            return Ok(());
        };
        vr.status = status;
        let session_id = vr.session_id.clone();
        Ok(self.outbound.text(response(session_id, status))?)
    }

    fn described(
        &self,
        session_id: String,
        session_no: u32,
        description: Description,
    ) -> ServerMessage {
        match description {
            Description::Offer(sdp) => ServerMessage::VrOffer {
                session_id,
                session_no,
                sdp: sdp.into(),
                sdp_type: SdpType::Offer,
                ice_servers: self.ice_servers(),
            },
            Description::Answer(sdp) => ServerMessage::VrAnswer {
                session_id,
                session_no,
                sdp: sdp.into(),
                sdp_type: SdpType::Answer,
            },
        }
    }
}

fn no_session(session_id: &str) -> WireError {
    let message = "field \"session_id\": this connection has no session of this name";
    let error = WireError::in_field(ErrorCode::UnknownSession, "session_id", message);
    of_session(session_id.to_owned(), error)
}

/// The first section of every description (RFC 8843): all others share its transport.
const MID: &str = "0";

fn response(session_id: String, status: VrStatus) -> ServerMessage {
    ServerMessage::VrResponse {
        session_id,
        status,
        text: None,
        audio: None,
    }
}

pub(super) fn of_session(session_id: String, error: WireError) -> WireError {
    let session_id = Some(session_id);
    error.in_family(Family::Vr { session_id })
}

/// Numbers of sessions, for what has no room for a name.
fn next_number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Two bytes on the wire of QUIC: after the last comes the first again.
    NEXT.fetch_add(1, Ordering::Relaxed) & 0xFFFF
}
