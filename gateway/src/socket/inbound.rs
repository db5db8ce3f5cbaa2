//! What a client says: checked, then asked of the engine.
//!
//! Every refusal is an `error` that names the field and echoes the request, and the connection
//! stays. Only what cannot be meant well (a flood without end) ends it.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use janet_audio::wav;
use janet_engine::{EngineError, MicMode};
use janet_protocol::{
    ClientMessage, ErrorCode, Family, Incoming, Outgoing, Role, ServerMessage, Sound, TrustRequest,
    VoiceMode, WireError, binary, parse,
};

use super::carrier::Carrier;
use super::connection::{Connection, Leave};
use super::realtime::Realtime;
use super::requests::Asked;
use super::settings::Change;
use super::{choices, devices, over_quic};
use crate::calls::Event;

/// Requests refused in a row, after which the client is let go.
const FLOOD: u32 = 1000;
/// At most one error for binary frames in this time: they come fifty a second.
const REFUSE_BINARY_EVERY: Duration = Duration::from_secs(1);

/// The way by which a client says something, and is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// The WebSocket itself.
    Socket,
    /// The channel `events` of its media.
    Events,
}

impl Connection {
    /// A text frame.
    pub(super) async fn on_text(&mut self, frame: &str, door: Door) -> Result<(), Leave> {
        let began = Instant::now();
        if !self.rate.admits(began) {
            return self.on_flood();
        }
        self.refused = 0;
        let answer = match parse(frame, &self.limits) {
            Ok(incoming) => {
                let request_id = incoming.request_id.clone();
                self.ask(incoming)
                    .await
                    .map_err(|error| error.with_request(request_id))
            }
            Err(error) => Err(error),
        };
        metrics::histogram!("janet_socket_message_seconds").record(began.elapsed().as_secs_f64());
        match answer {
            Ok(None) => Ok(()),
            Ok(Some(answer)) => self.answer(answer, door),
            // Two servers at the ends of one call would answer each other for ever.
            Err(error) if error.code == ErrorCode::UnknownType && is_error(frame) => Ok(()),
            Err(error) => {
                metrics::counter!("janet_socket_errors_total").increment(1);
                tracing::debug!(code = ?error.code, field = ?error.field, "a frame was refused");
                self.answer(error.into(), door)
            }
        }
    }

    fn answer(&self, answer: Outgoing, door: Door) -> Result<(), Leave> {
        let media = self.realtime.as_ref().and_then(Realtime::media);
        match (door, media) {
            (Door::Events, Some(media)) => media.text(answer.to_json()),
            _ => self.outbound.text(answer)?,
        }
        Ok(())
    }

    /// Sound from the microphone.
    pub(super) fn on_binary(&mut self, frame: &Bytes) -> Result<(), Leave> {
        let Err(error) = self.take_mic(frame) else {
            return Ok(());
        };
        let now = Instant::now();
        if self
            .binary_refused
            .is_some_and(|last| now.duration_since(last) < REFUSE_BINARY_EVERY)
        {
            return Ok(());
        }
        self.binary_refused = Some(now);
        Ok(self.outbound.text(error)?)
    }

    fn take_mic(&mut self, frame: &Bytes) -> Result<(), WireError> {
        let is_open = |session: &janet_engine::Session| session.mic_is_open();
        if self.gave_voice_away() || !self.session.as_ref().is_some_and(is_open) {
            let message = "a binary frame came before audio_start";
            return Err(WireError::new(ErrorCode::AudioNotStarted, message));
        }
        self.samples.clear();
        self.samples
            .extend(binary::up_samples(frame, &self.limits)?);
        let dropped = self.push_mic();
        if dropped == 0 {
            return Ok(());
        }
        let message = format!(
            "microphone sound comes faster than it is spoken: {} ms of it were dropped",
            (dropped as u64 * 1000).div_ceil(u64::from(janet_protocol::MIC_RATE_HZ))
        );
        Err(WireError::new(ErrorCode::Overloaded, message))
    }

    /// Hands the microphone's samples over; for how many there was no room.
    pub(super) fn push_mic(&mut self) -> usize {
        let Some(session) = &mut self.session else {
            return 0;
        };
        let dropped = self.samples.len() - session.push_mic(&self.samples);
        if dropped > 0 {
            metrics::counter!("janet_mic_dropped_samples_total").increment(dropped as u64);
        }
        dropped
    }

    pub(super) fn on_flood(&mut self) -> Result<(), Leave> {
        self.refused += 1;
        if self.refused > FLOOD {
            return Err(Leave::Flooding);
        }
        if self.refused > 1 {
            // One error for each burst: answering a flood doubles it.
            return Ok(());
        }
        let limit = self.app.config.server.messages_per_second;
        let message = format!(
            "more than {limit} messages a second; this one and those behind it were dropped"
        );
        Ok(self
            .outbound
            .text(WireError::new(ErrorCode::Overloaded, message))?)
    }

    async fn ask(&mut self, incoming: Incoming) -> Result<Option<Outgoing>, WireError> {
        let Incoming {
            request_id,
            dialect,
            message,
        } = incoming;
        self.may(message.type_name(dialect))?;
        if is_stopped(&message) {
            let acts = self.app.trust.may_act();
            acts.map_err(|error| error.in_family(family(&message)))?;
        }
        if adds_words(&message) {
            self.lives_here().await?;
        }
        let asked = Asked {
            request_id: request_id.clone(),
            manner: dialect.into(),
            remember: None,
        };
        let answer = |message| {
            Ok(Some(Outgoing {
                request_id: request_id.clone(),
                message,
            }))
        };
        match message {
            ClientMessage::Ping { timestamp } => answer(ServerMessage::Pong { timestamp }),
            ClientMessage::GetContext => {
                let data = self.context().await?;
                answer(ServerMessage::Context {
                    data: Box::new(data),
                })
            }
            ClientMessage::SettingsSet {
                voice_speed,
                sensitivity,
                voice,
                model,
            } => {
                if let Some(id) = &voice {
                    choices::check("voice", id, &choices::voices(&self.app))?;
                }
                if let Some(id) = &model {
                    choices::check("model", id, &choices::models(&self.app))?;
                }
                let settings = self.settings.with(Change {
                    voice_speed,
                    sensitivity,
                    voice,
                    model,
                });
                if let Some(session) = &self.session {
                    settings.apply(session).map_err(refused)?;
                }
                self.settings = settings.clone();
                answer(settings.into())
            }
            ClientMessage::Message {
                text,
                speak,
                remember,
            } => {
                if remember == Some(true) && self.role == Role::Guest {
                    let message = "field \"remember\": nothing of a guest's is remembered";
                    return Err(WireError::in_field(
                        ErrorCode::NotPermitted,
                        "remember",
                        message,
                    ));
                }
                let tag = self.ready()?.text(text.expose(), speak).map_err(refused)?;
                self.requests.asked(tag, Asked { remember, ..asked });
                Ok(None)
            }
            ClientMessage::Audio { audio } => {
                self.ready()?;
                let pcm = decode(audio, self.app.config.talk.longest_turn).await?;
                let tag = self.ready()?.utterance(pcm, true).map_err(refused)?;
                self.requests.asked(tag, asked);
                Ok(None)
            }
            ClientMessage::AudioStart {
                rate_hz,
                play_rate_hz,
                mode,
            } => {
                self.start_audio(rate_hz, play_rate_hz, mode)?;
                answer(ServerMessage::AudioReady { play_rate_hz })
            }
            ClientMessage::AudioEnd => {
                self.streaming("audio_end")?.mic_commit().map_err(refused)?;
                self.requests.committed(asked);
                Ok(None)
            }
            ClientMessage::AudioStop => {
                let hangs_up = self.gave_voice_away();
                let session = self.streaming("audio_stop")?;
                session.interrupt().map_err(refused)?;
                session.mic_close().map_err(refused)?;
                self.vr_end();
                match hangs_up {
                    true => self.happens(Event::HangUp, request_id).await,
                    false => Ok(None),
                }
            }
            ClientMessage::AudioLoop { on } => {
                let session = self.streaming("audio_loop")?;
                if session.is_on_hold() {
                    let message = "the call is on hold; resume it first (voip_hold)";
                    return Err(WireError::new(ErrorCode::Unexpected, message));
                }
                session.mic_loop(on).map_err(refused)?;
                answer(ServerMessage::AudioLooping { on })
            }
            ClientMessage::Playout { played_sample } => {
                self.ready()?.played(played_sample).map_err(refused)?;
                Ok(None)
            }
            ClientMessage::ClientConnect { .. } => Err(over_quic::said_already()),
            ClientMessage::VrConnect {
                session_id,
                transport,
                sdp,
                head_pose,
            } => {
                let sdp = sdp.map(janet_protocol::Private::into_exposed);
                let connect = self.vr_connect(session_id, transport, sdp, head_pose);
                answer(connect.await?)
            }
            ClientMessage::VrAudio { session_id, said } => {
                self.vr_audio(session_id, said, request_id).await
            }
            ClientMessage::VrPose {
                session_id,
                head,
                hands,
            } => {
                self.vr_pose(&session_id, head, hands)?;
                Ok(None)
            }
            ClientMessage::VrIce {
                session_id,
                candidate,
                ..
            } => {
                let candidate = candidate.into_exposed();
                self.vr_ice(session_id, candidate).await?;
                Ok(None)
            }
            ClientMessage::VoipCall {
                call_id,
                direction,
                device_info,
            } => {
                self.voip_call(call_id, direction, device_info, request_id)
                    .await
            }
            ClientMessage::VoipAnswer { call_id, sdp } => {
                let sdp = sdp.into_exposed();
                self.voip_answer(call_id, sdp, request_id).await
            }
            ClientMessage::VoipIce {
                call_id, candidate, ..
            } => {
                let candidate = candidate.into_exposed();
                self.voip_ice(call_id, candidate).await?;
                Ok(None)
            }
            ClientMessage::VoipAudio { call_id, audio } => {
                self.voip_audio(call_id, audio, request_id).await
            }
            ClientMessage::VoipHold { call_id, on } => {
                self.voip_hold(call_id, on, request_id).await
            }
            ClientMessage::VoipEnd { call_id, reason } => {
                self.voip_end(call_id, reason, request_id).await
            }
            ClientMessage::VoipRing { client_id, caller } => {
                answer(self.voip_ring(client_id, caller).await?)
            }
            ClientMessage::Interrupt => {
                self.ready()?.interrupt().map_err(refused)?;
                Ok(None)
            }
            ClientMessage::PairOpen { role } => answer(self.open_pairing(role)?),
            ClientMessage::PairStart { .. } | ClientMessage::PairFinish { .. } => {
                Err(devices::nothing_to_pair())
            }
            ClientMessage::Trust(request) => self.trust(request, request_id).await,
            ClientMessage::DeviceList => answer(self.list_devices()),
            ClientMessage::DeviceRevoke { device_id } => {
                answer(devices::revoke(&self.app, device_id, self.operator()).await?)
            }
        }
    }

    fn start_audio(
        &mut self,
        rate_hz: u32,
        play_rate_hz: u32,
        mode: VoiceMode,
    ) -> Result<(), WireError> {
        if matches!(self.carrier, Carrier::Quic(..)) {
            let message = "over QUIC voice goes in datagrams: vr_connect with the transport quic";
            return Err(WireError::in_field(ErrorCode::Unexpected, "type", message));
        }
        let is_given_away = self.gave_voice_away();
        let session = self.ready()?;
        if is_given_away || session.mic_is_open() {
            let message = "streaming voice is already on; send audio_stop first";
            return Err(WireError::new(ErrorCode::AudioAlreadyStarted, message));
        }
        let mode = match mode {
            VoiceMode::HandsFree => MicMode::HandsFree,
            VoiceMode::PushToTalk => MicMode::PushToTalk,
        };
        session
            .mic_open(rate_hz, play_rate_hz, mode)
            .map_err(refused)?;
        self.play_rate_hz = play_rate_hz;
        self.voice_over = Door::Socket;
        self.binary_refused = None;
        Ok(())
    }

    /// Whether the microphone belongs to voice in real time.
    fn gave_voice_away(&self) -> bool {
        self.realtime.as_ref().is_some_and(Realtime::has_voice)
    }

    pub(super) fn ready(&mut self) -> Result<&mut janet_engine::Session, WireError> {
        self.session.as_mut().ok_or_else(|| {
            WireError::new(
                ErrorCode::NotReady,
                "the models are still loading; try again soon",
            )
        })
    }

    fn streaming(&mut self, what: &str) -> Result<&mut janet_engine::Session, WireError> {
        let session = self.ready()?;
        if session.mic_is_open() {
            return Ok(session);
        }
        Err(WireError::new(
            ErrorCode::AudioNotStarted,
            format!("{what} came before audio_start or vr_connect"),
        ))
    }
}

/// Whether it has to wait while the red thread is pulled: what would make her speak, remember, hand out or
/// decide. To listen, to lock and to look stays possible.
fn is_stopped(message: &ClientMessage) -> bool {
    use TrustRequest as Trust;
    match message {
        ClientMessage::Message { .. }
        | ClientMessage::Audio { .. }
        | ClientMessage::VoipAudio { .. }
        | ClientMessage::VrAudio {
            said: janet_protocol::Said::Recording(_),
            ..
        } => true,
        ClientMessage::Trust(request) => !matches!(
            request,
            Trust::RedThread { .. }
                | Trust::RedThreadClear { .. }
                | Trust::VaultLock { .. }
                | Trust::GrantList {}
                | Trust::GrantRevoke { .. }
                | Trust::AuditRead { .. }
                | Trust::PersonaList {}
                | Trust::PrivacyRead {}
                | Trust::SoulList {}
        ),
        _ => false,
    }
}

/// Whether it adds to the conversation.
fn adds_words(message: &ClientMessage) -> bool {
    matches!(
        message,
        ClientMessage::Message { .. }
            | ClientMessage::Audio { .. }
            | ClientMessage::AudioStart { .. }
    )
}

/// In whose type it is told that this comes to nothing.
fn family(message: &ClientMessage) -> Family {
    match message {
        ClientMessage::Trust(TrustRequest::TransferContext {
            conversation_uuid, ..
        }) => Family::Transfer {
            conversation_uuid: conversation_uuid.clone(),
        },
        _ => Family::General,
    }
}

/// Whether a frame is somebody's complaint, which is nothing to complain of.
fn is_error(frame: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: std::borrow::Cow<'a, str>,
    }
    let typed: Result<Typed<'_>, _> = serde_json::from_str(frame);
    typed.is_ok_and(|typed| matches!(&*typed.kind, "error" | "vr_error" | "voip_error"))
}

/// What the engine would not take.
pub(super) fn refused(error: EngineError) -> WireError {
    let code = match &error {
        EngineError::QueueFull | EngineError::Busy { .. } | EngineError::Overloaded { .. } => {
            ErrorCode::Overloaded
        }
        EngineError::Rate { .. } => ErrorCode::OutOfRange,
        EngineError::Ended => ErrorCode::ShuttingDown,
        EngineError::Audio(_) => ErrorCode::BadAudio,
        _ => ErrorCode::Internal,
    };
    match &error {
        EngineError::Rate { field, .. } => WireError::in_field(code, field, error.to_string()),
        _ => WireError::new(code, error.to_string()),
    }
}

/// The sound of an upload as the ears want it. Off the socket threads: a resampler takes its
/// milliseconds.
pub(super) async fn decode(sound: Sound, limit: Duration) -> Result<Vec<f32>, WireError> {
    const FIELD: &str = "audio";
    let decoded = tokio::task::spawn_blocking(move || match &sound {
        Sound::Wav(bytes) => wav::read(&bytes.0, limit),
        Sound::S16le(bytes) => wav::read_s16le(&bytes.0),
    });
    let pcm = decoded
        .await
        .map_err(|_| {
            WireError::in_field(ErrorCode::Internal, FIELD, "the sound could not be read")
        })?
        .map_err(|error| {
            WireError::in_field(
                ErrorCode::BadAudio,
                FIELD,
                format!("field \"{FIELD}\": {error}"),
            )
        })?;
    if pcm.is_empty() {
        let message = "field \"audio\": there is not one sample in it";
        return Err(WireError::in_field(ErrorCode::EmptyField, FIELD, message));
    }
    let seconds = pcm.len() as f64 / f64::from(janet_protocol::MIC_RATE_HZ);
    if seconds > limit.as_secs_f64() {
        let message = format!(
            "field \"audio\": {seconds:.1} s of sound; at most {:.0} s are taken at once",
            limit.as_secs_f64()
        );
        return Err(WireError::in_field(
            ErrorCode::FieldTooLarge,
            FIELD,
            message,
        ));
    }
    Ok(pcm)
}
