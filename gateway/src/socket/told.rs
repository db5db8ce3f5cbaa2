//! What the engine tells: stored first, then passed on in the dialect that was asked in.
//!
//! The order is the promise: a user's words are in the conversation before anything of the answer
//! leaves, and an answer is in it before the client is told that it is complete.

use std::collections::BTreeMap;

use bytes::Bytes;
use janet_audio::wav;
use janet_engine::{Cause, Ending, Event, Ledger, Playback, Session, Voice, Why};
use janet_protocol::{
    AudioFormat, Base64, ContextData, ConversationInfo, ErrorCode, Loading, ModelInfo, Outgoing,
    PastMessage, ServerMessage, Speaker, SpeakingState, Status, WireError, binary,
};
use janet_vault::conversations::Role;
use janet_vault::red::sounds_like_the_safe_word;

use super::choices;
use super::connection::{Connection, Leave};
use super::inbound::Door;
use super::requests::{Asked, Manner};
use super::tone;
use crate::app::Phase;
use crate::face;

/// As what her words are kept.
const fn hers(ending: Ending) -> Role {
    match ending {
        Ending::Complete => Role::Assistant,
        Ending::Interrupted | Ending::Failed | Ending::RedThread => Role::AssistantCut,
    }
}

/// As what an announcement is kept.
const fn said(heard: bool) -> Role {
    if heard {
        Role::Assistant
    } else {
        Role::AssistantCut
    }
}

/// A reply that has ended, as the engine tells it.
struct Ended {
    reply_id: String,
    user_text: String,
    text: String,
    ending: Ending,
    ledger: Ledger,
    sound: Option<Vec<f32>>,
    sound_rate_hz: u32,
    cause: Option<Cause>,
}

impl Connection {
    /// Passes on everything that waits: what is told of a reply goes ahead of its sound.
    pub(super) async fn pump(&mut self) -> Result<(), Leave> {
        while let Some(event) = self
            .session
            .as_mut()
            .and_then(|session| session.poll_event())
        {
            self.tell(event).await?;
        }
        let (mut is_unheard, mut frames) = (false, Vec::new());
        while let Some(playback) = self
            .session
            .as_mut()
            .and_then(|session| session.poll_audio())
        {
            if self.voice_over == Door::Events {
                let realtime = self.realtime.as_ref();
                let is_heard = realtime.is_some_and(|realtime| realtime.play(&playback));
                is_unheard |= !is_heard && matches!(playback, Playback::Chunk(_));
                continue;
            }
            match playback {
                Playback::Chunk(chunk) => {
                    metrics::histogram!("janet_ring_to_wire_seconds")
                        .record(chunk.waited.as_secs_f64());
                    let mut frame = Vec::new();
                    binary::encode_down(chunk.first_sample, chunk.samples, &mut frame);
                    self.outbound.sound(Bytes::from(frame))?;
                    frames.extend(chunk.face.as_ref().map(face::frame));
                }
                Playback::Flush { from_sample } => {
                    self.outbound.face(&mut frames)?;
                    self.outbound
                        .text(ServerMessage::PlayoutFlush { from_sample })?;
                }
                Playback::Face(frame) => frames.push(face::frame(&frame)),
            }
        }
        self.outbound.face(&mut frames)?;
        // On hold, or just over: what nobody hears would count as heard.
        if is_unheard && let Some(session) = &self.session {
            session.interrupt().ok();
        }
        if self.session.as_ref().is_some_and(Session::has_ended) {
            return Err(Leave::Fault);
        }
        Ok(())
    }

    /// Stores what waits and tells nobody: the client has left. Whether the session has said all.
    pub(super) async fn store_only(&mut self) -> bool {
        let mut detached = false;
        while let Some(event) = self
            .session
            .as_mut()
            .and_then(|session| session.poll_event())
        {
            match event {
                Event::Released {
                    reply,
                    user_text,
                    tag,
                    ..
                } => {
                    self.requests.released(reply, tag);
                    let at_ms = self.store(Role::User, &user_text).await;
                    self.trusted.turn += 1;
                    self.trusted.last_said = Some((user_text, at_ms));
                    self.turn_began(reply, at_ms);
                }
                Event::Finished {
                    reply,
                    tag,
                    text,
                    ending,
                    ..
                } => {
                    let asked = self.requests.finished(reply, tag);
                    let at_ms = self.store(hers(ending), &text).await;
                    // Nobody is there to be asked.
                    self.turn_ended(reply, asked.remember, at_ms, None);
                }
                Event::Disregarded { tag, .. } => drop(self.requests.disregarded(tag)),
                Event::Command { user_text, tag, .. } => {
                    drop(self.requests.disregarded(tag));
                    self.last_command(&user_text).await;
                }
                Event::RedThread { .. } => drop(self.pull_red_thread()),
                Event::AnnouncementOver {
                    id, text, heard, ..
                } => {
                    drop(self.on_announced(id, heard));
                    self.store(said(heard), &text).await;
                }
                Event::Detached => detached = true,
                _ => {}
            }
        }
        detached
    }

    async fn tell(&mut self, event: Event) -> Result<(), Leave> {
        if let Event::Speaking { voice, .. } = &event {
            self.sounds(*voice);
        }
        match event {
            Event::Released {
                reply,
                user_text,
                tag,
                ..
            } => {
                self.requests.released(reply, tag);
                let at_ms = self.store(Role::User, &user_text).await;
                self.trusted.turn += 1;
                self.trusted.last_said = Some((user_text, at_ms));
                self.turn_began(reply, at_ms);
                Ok(())
            }
            Event::Transcript {
                text,
                last,
                start_ms,
                end_ms,
            } => {
                self.trusted.words_began_ms = self.trusted.session_began_ms + start_ms;
                let text = text.into();
                self.send(
                    None,
                    ServerMessage::Transcript {
                        text,
                        last,
                        start_ms,
                        end_ms,
                    },
                )
            }
            // Some are told whole answers only.
            Event::Delta { reply, .. }
            | Event::Speaking { reply, .. }
            | Event::Heard { reply, .. }
                if self.requests.of(reply).manner.is_whole() =>
            {
                Ok(())
            }
            Event::Delta { reply, text } => {
                let request_id = self.requests.of(reply).request_id.clone();
                let (reply_id, text) = (reply.to_string(), text.into());
                self.send(request_id, ServerMessage::AssistantDelta { reply_id, text })
            }
            Event::Acts { at_sample, act } => self.send(None, tone::message(at_sample, act)),
            Event::Speaking { reply, voice } => {
                let state = match voice {
                    Voice::Started => SpeakingState::Started,
                    Voice::Paused => SpeakingState::Paused,
                    Voice::Resumed => SpeakingState::Resumed,
                    Voice::Finished => SpeakingState::Finished,
                    Voice::Stopped => SpeakingState::Stopped,
                };
                let (reply_id, rate_hz) = (reply.to_string(), self.play_rate_hz);
                self.send(
                    None,
                    ServerMessage::Speaking {
                        reply_id,
                        state,
                        rate_hz,
                    },
                )
            }
            Event::Heard { reply, chars } => {
                let reply_id = reply.to_string();
                self.send(None, ServerMessage::SpeechHeard { reply_id, chars })
            }
            Event::Finished {
                reply,
                tag,
                user_text,
                text,
                ending,
                ledger,
                sound,
                sound_rate_hz,
                cause,
                ..
            } => {
                let asked = self.requests.finished(reply, tag);
                let at_ms = self.store(hers(ending), &text).await;
                let reply_id = reply.to_string();
                let (remember, request_id) = (asked.remember, asked.request_id.clone());
                let said = remember.map(|_| user_text.clone());
                self.finished(
                    asked,
                    tag.is_some(),
                    Ended {
                        reply_id,
                        user_text,
                        text,
                        ending,
                        ledger,
                        sound,
                        sound_rate_hz,
                        cause,
                    },
                )?;
                let request = said.as_deref().map(|said| (said, request_id));
                self.turn_ended(reply, remember, at_ms, request);
                Ok(())
            }
            Event::Disregarded { tag, why } => match self.requests.disregarded(tag) {
                Some(asked) => {
                    let error = asked.manner.error(unanswered(why));
                    Ok(self.outbound.text(error.with_request(asked.request_id))?)
                }
                None => Ok(()),
            },
            Event::RedThread { .. } => {
                // Everybody is told by it.
                drop(self.pull_red_thread());
                Ok(())
            }
            Event::Command {
                user_text,
                tag,
                spoken,
            } => {
                // What sounds like a safe word is kept nowhere.
                if !sounds_like_the_safe_word(&user_text) {
                    self.store(Role::User, &user_text).await;
                }
                let asked = self.requests.disregarded(tag).unwrap_or_default();
                self.on_command(user_text, spoken, asked)
            }
            Event::Announced { reply, text, .. } => {
                let (reply_id, text) = (reply.to_string(), text.into());
                self.send(None, ServerMessage::AssistantDelta { reply_id, text })
            }
            Event::AnnouncementOver {
                reply,
                id,
                text,
                heard,
            } => {
                let waits = self.on_announced(id, heard);
                self.store(said(heard), &text).await;
                let Some(reply) = reply else { return Ok(()) };
                let (asked, user_text) = waits.unwrap_or_default();
                let ended = Ended {
                    reply_id: reply.to_string(),
                    user_text,
                    text,
                    ending: Ending::Complete,
                    ledger: Ledger::default(),
                    sound: None,
                    sound_rate_hz: 0,
                    cause: None,
                };
                let has_tag = asked.request_id.is_some();
                self.finished(asked, has_tag, ended)
            }
            Event::Detached | Event::Idle => Ok(()),
        }
    }

    /// While her voice is on its way, nothing heavy begins beside it.
    fn sounds(&mut self, voice: Voice) {
        self.audible = match voice {
            Voice::Started | Voice::Resumed => Some(self.app.trust.vaults().sounding().begins()),
            Voice::Paused | Voice::Finished | Voice::Stopped => None,
        };
    }

    fn finished(&self, asked: Asked, is_request: bool, ended: Ended) -> Result<(), Leave> {
        let Asked {
            request_id, manner, ..
        } = asked;
        if ended.text.is_empty() {
            let error = match (ended.ending, ended.cause) {
                (Ending::Failed, Some(Cause::TooLong { tokens, limit })) => {
                    Some(does_not_fit(tokens, limit))
                }
                (Ending::Failed, Some(Cause::Late)) => Some(WireError::new(
                    ErrorCode::Overloaded,
                    "no answer could be made in time, there is too much to do; please ask again later",
                )),
                (Ending::Failed, Some(Cause::Fault) | None) => Some(WireError::new(
                    ErrorCode::Internal,
                    "no answer could be made; please ask again",
                )),
                (Ending::Interrupted, _) if is_request || manner.is_whole() => {
                    Some(WireError::new(
                        ErrorCode::Interrupted,
                        "the answer was interrupted before it began",
                    ))
                }
                _ => None,
            };
            if let Some(error) = error {
                let error = manner.error(error);
                return Ok(self.outbound.text(error.with_request(request_id))?);
            }
        }
        let audio = ended
            .sound
            // What cannot be pronounced makes none.
            .filter(|samples| !samples.is_empty())
            .map(|samples| Base64(wav::write(&samples, ended.sound_rate_hz)));
        let client_id = self.seat.client_id().to_owned();
        let user_text = ended.user_text.into();
        let tone = tone::of(&ended.text);
        let message = match manner {
            Manner::Canonical => ServerMessage::AssistantMessage {
                reply_id: ended.reply_id,
                text: ended.text.into(),
                user_text,
                audio_format: audio.is_some().then_some(AudioFormat::Wav),
                audio,
                client_id,
                tone,
                images: Vec::new(),
                actions: Vec::new(),
                latency: latency(&ended.ledger),
            },
            Manner::Older => ServerMessage::Response {
                text: ended.text.into(),
                user_text,
                audio,
                audio_format: AudioFormat::Wav,
                client_id,
            },
            Manner::Session(id) => self.spoken_in_session(id, ended.text, audio),
            Manner::Call(call_id) => {
                let (words, voice) = self.spoken_answer(call_id, ended.text, audio);
                self.send(request_id.clone(), words)?;
                return match voice {
                    Some(voice) => self.send(request_id, voice),
                    None => Ok(()),
                };
            }
        };
        self.send(request_id, message)
    }

    /// `get_context`.
    pub(super) async fn context(&mut self) -> Result<ContextData, WireError> {
        let stored = self.seat.messages().await.map_err(|error| {
            tracing::error!(%error, "a conversation cannot be read");
            WireError::new(ErrorCode::Internal, "the conversation cannot be read")
        })?;
        let messages = stored
            .into_iter()
            .map(|message| PastMessage {
                role: match message.role {
                    Role::User => Speaker::User,
                    Role::Assistant | Role::AssistantCut => Speaker::Assistant,
                },
                text: message.text,
                interrupted: message.role == Role::AssistantCut,
            })
            .collect();
        let calls = self.seat.calls().await.map_err(|error| {
            tracing::error!(%error, "the history of calls cannot be read");
            WireError::new(ErrorCode::Internal, "the history of calls cannot be read")
        })?;
        let (model, voice) = (self.settings.model(), self.settings.voice());
        let models = self
            .app
            .models(&model, &voice)
            .into_iter()
            .map(|model| {
                let info = ModelInfo {
                    name: model.name,
                    note: model.note,
                };
                (model.role.to_owned(), info)
            })
            .collect();
        let loading = match &*self.app.phase.borrow() {
            Phase::Ready => None,
            Phase::Loading { stage, done } => Some(Loading {
                stage: stage.clone(),
                done: *done,
            }),
        };
        Ok(ContextData {
            messages,
            calls,
            models,
            profile: self.app.profile.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            status: match loading {
                None => Status::Ready,
                Some(_) => Status::ModelsLoading,
            },
            loading,
            busy: self.app.is_busy(),
            trouble: self.app.trouble(&model, &voice),
            voices: choices::voices(&self.app),
            language_models: choices::models(&self.app),
            conversation: ConversationInfo {
                id: self.seat.client_id().to_owned(),
                uuid: self.uuid(),
                expires_after_s: self.app.config.conversation.keep.as_secs(),
            },
            pose: self.last_pose(),
        })
    }

    /// Keeps a message, and says when that was, in ms since 1970. What cannot be kept is still said: losing
    /// the memory of a sentence is the smaller harm.
    pub(super) async fn store(&mut self, role: Role, text: &str) -> u64 {
        if text.is_empty() {
            return self.seat.now_ms();
        }
        match self.seat.append(role, text).await {
            Ok(at_ms) => at_ms,
            Err(error) => {
                metrics::counter!("janet_conversation_lost_messages_total").increment(1);
                tracing::error!(%error, "a message was not stored");
                self.seat.now_ms()
            }
        }
    }

    fn send(
        &self,
        request_id: Option<janet_protocol::RequestId>,
        message: ServerMessage,
    ) -> Result<(), Leave> {
        let message = Outgoing {
            request_id,
            message,
        };
        if let Some(realtime) = &self.realtime {
            realtime.tell(&message);
        }
        Ok(self.outbound.text(message)?)
    }
}

/// What is told of a question that the language model cannot take in.
fn does_not_fit(tokens: usize, limit: usize) -> WireError {
    const FIELD: &str = "text";
    let message = format!(
        "field \"{FIELD}\": too long for the language model: with her instructions it takes {tokens} \
         tokens or more, {limit} fit; say it in fewer words, or give the model more room \
         (engine.context_tokens)"
    );
    WireError::in_field(ErrorCode::FieldTooLarge, FIELD, message)
}

/// What is told of a request that stays without an answer.
fn unanswered(why: Why) -> WireError {
    let (code, message) = match why {
        Why::NoWords => (
            ErrorCode::NoSpeech,
            "nothing was said, or no words were understood",
        ),
        Why::TooMany => (
            ErrorCode::Overloaded,
            "there is too much to do for an answer in time; please ask again later",
        ),
        Why::Failed => (
            ErrorCode::Internal,
            "the recording could not be transcribed; please say it again",
        ),
        Why::RedThread => (
            ErrorCode::RedThread,
            "the red thread is pulled: nothing is answered until the operator clears it",
        ),
        Why::Ended => (
            ErrorCode::Interrupted,
            "everything was stopped before this could be answered",
        ),
    };
    WireError::new(code, message)
}

fn latency(ledger: &Ledger) -> BTreeMap<String, i64> {
    ledger
        .marks
        .iter()
        .map(|(mark, at)| (mark.name().to_owned(), *at))
        .collect()
}
