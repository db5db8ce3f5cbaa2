//! Calls over this connection: what the client says of one, what Janet does to one, and what is told.
//!
//! What each of it means is decided by [`Machine`]; here is what it takes: media, the microphone, the
//! words on the wire, and the history.

use std::time::Instant;

use janet_protocol::{
    Base64, CallDirection, CallState, DeviceInfo, EndReason, ErrorCode, Family, Outgoing, Private,
    RequestId, SdpType, ServerMessage, Sound, WireError,
};
use janet_talk::Mono;

use super::connection::{Connection, Leave, ice_servers};
use super::inbound::{decode, refused};
use super::realtime::{News, Realtime, media_error, new_id};
use super::requests::{Asked, Manner};
use crate::calls::{Action, Event, Machine, Refusal};
use crate::conversations::Ring;
use crate::push::Ringing;
use crate::webrtc::{Call as Media, Description, State};

mod end;

/// Who calls, unless somebody says otherwise.
pub(super) const CALLER: &str = "Janet";

/// A call of this connection.
pub(super) struct Voip {
    call_id: String,
    machine: Machine,
    /// Its moment zero.
    began: Instant,
    /// Who calls, where Janet rings.
    caller: String,
    /// Who asked for the push that rang, and hears how it ends unless somebody talks.
    asker: Option<String>,
    media: Option<Media>,
    /// What the media offers, until it was sent.
    offer: Option<String>,
    /// Of the client's answer, which is answered once voice flows.
    agreed: Option<RequestId>,
    /// Whether a new way was offered for it, and not answered yet.
    pub(super) renews: bool,
    /// When the client called, or answered the ring.
    called: Instant,
    /// Why the client ends it, in its own words.
    words: Option<Private<String>>,
}

impl Voip {
    /// A call that is about to begin.
    pub(super) fn new(ring: Ring) -> Self {
        let (machine, began) = (Machine::new(), Instant::now());
        Self::rung(Ringing {
            ring,
            machine,
            began,
            asker: None,
        })
    }

    /// One that may have begun elsewhere.
    pub(super) fn rung(ringing: Ringing) -> Self {
        Self {
            call_id: ringing.ring.call_id,
            machine: ringing.machine,
            began: ringing.began,
            caller: ringing.ring.caller,
            asker: ringing.asker,
            media: None,
            offer: None,
            agreed: None,
            renews: false,
            called: Instant::now(),
            words: None,
        }
    }

    /// What it is called.
    pub(super) fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Its media, once it was offered.
    pub(super) fn media(&self) -> Option<&Media> {
        self.media.as_ref()
    }

    /// Whether the microphone and her voice belong to it.
    pub(super) fn has_voice(&self) -> bool {
        self.machine.state() != CallState::Ringing
    }

    /// Whether voice flows, or is held.
    pub(super) fn goes_on(&self) -> bool {
        matches!(
            self.machine.state(),
            CallState::Connected | CallState::OnHold
        )
    }

    /// How far it is.
    pub(super) fn state(&self) -> CallState {
        self.machine.state()
    }

    /// Whether voice flows.
    pub(super) fn flows(&self) -> bool {
        self.machine.state() == CallState::Connected
    }

    /// What comes next. May be cancelled.
    pub(super) async fn news(&mut self) -> News {
        let due = self.machine.poll_timeout();
        let due = due.map(|(due, _)| self.began + due.since(Mono::ZERO));
        let time = async {
            match due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let media = async {
            match &mut self.media {
                Some(media) => media.told().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = media => News::Media(told),
            () = time => News::Due,
        }
    }

    fn at(&self, now: Instant) -> Mono {
        Mono::ZERO + now.saturating_duration_since(self.began)
    }

    fn check(&self, now: Instant, event: Event) -> Result<(), WireError> {
        let checked = self.machine.check(self.at(now), event);
        checked.map_err(|refusal| self.refuse(refusal))
    }

    pub(super) fn refuse(&self, refusal: Refusal) -> WireError {
        let call_id = &self.call_id;
        let error = match (refusal, self.machine.state()) {
            (Refusal::Busy, CallState::Ringing) => WireError::new(
                ErrorCode::Busy,
                "Janet rings: answer it (direction incoming), or decline it (voip_end)",
            ),
            (Refusal::Busy, _) => WireError::new(
                ErrorCode::Busy,
                "there is a call already; end it first (voip_end)",
            ),
            (Refusal::UnknownCall, _) => return unknown(Some(call_id.clone())),
            (Refusal::Unexpected, state) => {
                let state = match state {
                    CallState::Ringing => "rings, and was not answered yet",
                    CallState::Connecting => "is being set up",
                    CallState::OnHold => "is on hold",
                    _ => "is connected",
                };
                let message = format!("this does not fit: the call {state}");
                WireError::new(ErrorCode::Unexpected, message)
            }
        };
        of_call(Some(call_id.clone()), error)
    }
}

impl Connection {
    /// `voip_call`.
    pub(super) async fn voip_call(
        &mut self,
        call_id: Option<String>,
        direction: CallDirection,
        device: DeviceInfo,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        let now = Instant::now();
        if direction == CallDirection::Outgoing
            && let Some(call_id) = &call_id
            && self.voip(Some(call_id)).is_some_and(Voip::goes_on)
        {
            return self.take_up(call_id.clone(), request_id).await;
        }
        self.keep_push_token(device.push_token).await;
        self.engage().await;
        let (call_id, event) = match direction {
            CallDirection::Outgoing => {
                let free = self.is_free(now);
                free.map_err(|error| of_call(call_id.clone(), error))?;
                (call_id.unwrap_or_else(new_id), Event::Call)
            }
            CallDirection::Incoming => {
                self.adopt(call_id.as_deref());
                let voip = self.voip(call_id.as_deref());
                let voip = voip.ok_or_else(|| unknown(call_id))?;
                voip.check(now, Event::Accept)?;
                (voip.call_id.clone(), Event::Accept)
            }
        };
        let prepared = self.prepare().await;
        let (media, offer) = prepared.map_err(|error| of_call(Some(call_id.clone()), error))?;
        if event == Event::Call {
            let voip = Voip::new(Ring {
                call_id,
                caller: CALLER.to_owned(),
            });
            self.realtime = Some(Realtime::Voip(voip));
        }
        if let Some(Realtime::Voip(voip)) = &mut self.realtime {
            (voip.media, voip.offer) = (Some(media), Some(offer));
            voip.called = now;
        }
        self.happens_at(now, event, request_id).await
    }

    /// What a call needs before it can be offered: a place, and media.
    async fn prepare(&mut self) -> Result<(Media, String), WireError> {
        self.ready()?.admit().map_err(refused)?;
        let (media, description) = self.begin_media(None).await?;
        let (Description::Offer(sdp) | Description::Answer(sdp)) = description;
        // Voice over the WebSocket gives way.
        self.close_voice();
        Ok((media, sdp))
    }

    fn is_free(&self, now: Instant) -> Result<(), WireError> {
        match &self.realtime {
            None => Ok(()),
            Some(Realtime::Voip(voip)) => voip.check(now, Event::Call),
            Some(Realtime::Vr(_)) => {
                let message = "voice in real time is on already (vr_connect); end it first";
                Err(WireError::new(ErrorCode::Busy, message))
            }
        }
    }

    /// `voip_answer`.
    pub(super) async fn voip_answer(
        &mut self,
        call_id: String,
        sdp: String,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        let now = Instant::now();
        let voip = self.call(&call_id)?;
        if voip.renews {
            return self.renewed(call_id, sdp, request_id).await;
        }
        voip.check(now, Event::Answer)?;
        if let Some(media) = &voip.media {
            let taken = media.answered(sdp).await;
            taken.map_err(|error| of_call(Some(call_id), media_error(&error, "sdp")))?;
        }
        if let Some(Realtime::Voip(voip)) = &mut self.realtime {
            voip.agreed = request_id;
        }
        self.happens_at(now, Event::Answer, None).await
    }

    /// `voip_ice`.
    pub(super) async fn voip_ice(
        &mut self,
        call_id: String,
        candidate: String,
    ) -> Result<(), WireError> {
        let voip = self.call(&call_id)?;
        let Some(media) = &voip.media else {
            return Err(voip.refuse(Refusal::Unexpected));
        };
        let taken = media.candidate(candidate).await;
        taken.map_err(|error| of_call(Some(call_id), media_error(&error, "candidate")))
    }

    /// `voip_audio`.
    pub(super) async fn voip_audio(
        &mut self,
        call_id: String,
        audio: Sound,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        let now = Instant::now();
        self.call(&call_id)?.check(now, Event::Speak)?;
        let refuse = |error: WireError| of_call(Some(call_id.clone()), error);
        self.ready().map_err(&refuse)?;
        let pcm = decode(audio, self.app.config.talk.longest_turn)
            .await
            .map_err(&refuse)?;
        let session = self.ready().map_err(&refuse)?;
        let tag = session
            .utterance(pcm, true)
            .map_err(|error| refuse(refused(error)))?;
        let manner = Manner::Call(call_id);
        let asked = Asked {
            request_id,
            manner,
            remember: None,
        };
        self.requests.asked(tag, asked);
        self.happens_at(now, Event::Speak, None).await
    }

    /// `voip_hold`.
    pub(super) async fn voip_hold(
        &mut self,
        call_id: String,
        on: bool,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        self.call(&call_id)?;
        let event = if on { Event::Hold } else { Event::Resume };
        self.happens(event, request_id).await
    }

    /// `voip_end`.
    pub(super) async fn voip_end(
        &mut self,
        call_id: String,
        words: Option<Private<String>>,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        self.adopt(Some(&call_id));
        self.call(&call_id)?;
        if let Some(Realtime::Voip(voip)) = &mut self.realtime {
            voip.words = words.filter(|words| !words.expose().trim().is_empty());
        }
        self.happens(Event::HangUp, request_id).await
    }

    /// The media of the call is at this point.
    pub(super) async fn on_call_media(&mut self, state: State) -> Result<(), Leave> {
        if state.is_over()
            && let Some(Realtime::Voip(voip)) = &mut self.realtime
        {
            voip.media = None;
        }
        let event = match state {
            State::Connecting => return Ok(()),
            State::Connected => Event::MediaUp,
            State::Left => Event::MediaLeft,
            State::Failed | State::Lost => Event::MediaLost,
            State::Broken => Event::Failed,
        };
        self.tell_of_call(event).await
    }

    /// The call may have waited long enough.
    pub(super) async fn on_call_due(&mut self) -> Result<(), Leave> {
        let Some(Realtime::Voip(voip)) = &mut self.realtime else {
            return Ok(());
        };
        let (now, mut out) = (voip.at(Instant::now()), Vec::new());
        voip.machine.handle_timeout(now, &mut out);
        match self.carry_out(&out, None).await {
            Some(message) => Ok(self.outbound.text(message)?),
            None => Ok(()),
        }
    }

    /// The connection ends, and the call with it.
    pub(super) async fn leave_call(&mut self, leave: Leave) {
        let event = match leave {
            Leave::Superseded => Event::Superseded,
            Leave::Away => Event::ShuttingDown,
            Leave::Fault => Event::Failed,
            _ => Event::ClientGone,
        };
        // Who does not read any more is not told.
        self.tell_of_call(event).await.ok();
    }

    /// Something happens to the call that nobody asked for.
    pub(super) async fn tell_of_call(&mut self, event: Event) -> Result<(), Leave> {
        // Nothing that is refused matters here: the call has gone on without it.
        match self.happens(event, None).await {
            Ok(Some(message)) => Ok(self.outbound.text(message)?),
            Ok(None) | Err(_) => Ok(()),
        }
    }

    /// Something happens to the call: the answer, if there is one.
    pub(super) async fn happens(
        &mut self,
        event: Event,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        self.happens_at(Instant::now(), event, request_id).await
    }

    async fn happens_at(
        &mut self,
        now: Instant,
        event: Event,
        request_id: Option<RequestId>,
    ) -> Result<Option<Outgoing>, WireError> {
        let Some(Realtime::Voip(voip)) = &mut self.realtime else {
            return Ok(None);
        };
        let (at, mut out) = (voip.at(now), Vec::new());
        let taken = voip.machine.handle(at, event, &mut out);
        let taken = taken.map_err(|refusal| voip.refuse(refusal));
        let answer = self.carry_out(&out, request_id).await;
        match taken {
            Ok(()) => Ok(answer),
            Err(error) => {
                if let Some(ended) = answer {
                    // A queue that is full shows at the answer behind it.
                    self.outbound.text(ended).ok();
                }
                Err(error)
            }
        }
    }

    /// Does what the machine has decided. No decision has more than one thing to tell.
    async fn carry_out(
        &mut self,
        actions: &[Action],
        request_id: Option<RequestId>,
    ) -> Option<Outgoing> {
        let node = self.app.node.clone();
        let mut answer = None;
        for action in actions {
            let Some(Realtime::Voip(voip)) = &mut self.realtime else {
                break;
            };
            let call_id = voip.call_id.clone();
            let (request_id, message) = match action {
                Action::Ring => (
                    None,
                    ServerMessage::VoipIncoming {
                        call_id,
                        node_id: node.as_str().to_owned(),
                        caller: voip.caller.clone(),
                    },
                ),
                Action::Offer => (
                    request_id.clone(),
                    ServerMessage::VoipOffer {
                        call_id,
                        sdp: voip.offer.take().unwrap_or_default().into(),
                        sdp_type: SdpType::Offer,
                        node_id: node.as_str().to_owned(),
                        ice_servers: ice_servers(&self.app, &self.access),
                    },
                ),
                Action::Connected => {
                    let setup = voip.called.elapsed().as_secs_f64();
                    metrics::histogram!("janet_call_setup_seconds").record(setup);
                    let status = CallState::Connected;
                    (
                        voip.agreed.take(),
                        ServerMessage::VoipConnected { call_id, status },
                    )
                }
                Action::State(state) => {
                    let state = *state;
                    (
                        request_id.clone(),
                        ServerMessage::VoipState { call_id, state },
                    )
                }
                Action::Open => {
                    // A queue that is full for a moment: it is opened with the next packet.
                    self.open_voice().ok();
                    continue;
                }
                Action::Close => {
                    self.close_voice();
                    continue;
                }
                Action::Hold => {
                    self.hold_voice();
                    continue;
                }
                Action::GoOn => {
                    self.resume_voice();
                    continue;
                }
                Action::End(end) => {
                    let request_id = request_id.clone().or_else(|| voip.agreed.take());
                    let words = voip.words.clone();
                    self.ended(end).await;
                    if end.reason == EndReason::ClientGone {
                        continue;
                    }
                    (
                        request_id,
                        ServerMessage::VoipEnded {
                            call_id,
                            reason: end.reason,
                            duration_ms: end.duration_ms,
                            words,
                        },
                    )
                }
            };
            answer = Some(Outgoing {
                request_id,
                message,
            });
        }
        answer
    }

    /// What is told of an answer to a recording.
    pub(super) fn spoken_answer(
        &self,
        call_id: String,
        text: String,
        audio: Option<Base64>,
    ) -> (ServerMessage, Option<ServerMessage>) {
        let status = match self.voip(Some(&call_id)) {
            Some(voip) => voip.machine.state(),
            None => CallState::Ended,
        };
        // Who has hung up does not hear it.
        let audio = audio.filter(|_| status != CallState::Ended);
        let voice = audio.map(|audio| ServerMessage::VoipAudio {
            call_id: call_id.clone(),
            audio,
        });
        let text = text.into();
        let words = ServerMessage::VoipResponse {
            call_id,
            text,
            status,
        };
        (words, voice)
    }

    /// The call of this name; without a name, the one that there is.
    fn voip(&self, call_id: Option<&str>) -> Option<&Voip> {
        match &self.realtime {
            Some(Realtime::Voip(voip)) if call_id.is_none_or(|id| id == voip.call_id) => Some(voip),
            _ => None,
        }
    }

    pub(super) fn call(&self, call_id: &str) -> Result<&Voip, WireError> {
        let voip = self.voip(Some(call_id));
        voip.ok_or_else(|| unknown(Some(call_id.to_owned())))
    }
}

/// The same error as one about a call.
pub(super) fn of_call(call_id: Option<String>, error: WireError) -> WireError {
    error.in_family(Family::Voip { call_id })
}

fn unknown(call_id: Option<String>) -> WireError {
    let message = "field \"call_id\": this connection has no call of this name";
    let error = WireError::in_field(ErrorCode::UnknownCall, "call_id", message);
    of_call(call_id, error)
}
