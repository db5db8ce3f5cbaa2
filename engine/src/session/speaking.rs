//! Who speaks a phrase: a speech server while it is well, else her own voice.
//!
//! Phrases are made one at a time and in order, whoever makes them. What a server began and did
//! not end is taken back as far as it has not left for the ear, and her own voice speaks that phrase
//! from its first word, and the rest of the reply: nobody hears two voices in turns.

use std::time::Duration;

use janet_models::vits;
use janet_talk::{Input, Mono, PhraseId, ReplyId, Stage};

use super::core::{Core, TALK_HZ};
use super::jobs::{Outbox, Run2, VoiceJob};
use super::voicing::{Speech, Voicing};
use crate::arbiter::Class;
use crate::ports::Phrase;
use crate::voice::VoiceChoice;

/// Within what a job of the voice should be done; orders jobs of one class among sessions.
const SOUND_WITHIN: Duration = Duration::from_millis(100);

/// Who speaks a reply; settled with its first phrase.
#[derive(Default)]
pub(super) enum Speaker {
    /// Nobody has spoken yet.
    #[default]
    Unsettled,
    /// The server.
    Server {
        /// Which of its voices; `None`: the configured one.
        voice: Option<String>,
        /// The phrase that it is at.
        at: Option<(PhraseId, String)>,
    },
    /// Her own voice, to the end.
    Own,
}

impl Core {
    pub(super) fn pump_voice(&mut self) {
        if !self.is_voice_free() {
            return;
        }
        self.voice_lane = None;
        let Some(reply) = self.next_to_voice() else {
            return;
        };
        let live = self.live.get_mut(&reply).expect("just found");
        let Some((phrase, text)) = live.phrases.pop_front() else {
            return;
        };
        live.acts.begin(phrase, &text);
        match self.ask_speech_server(reply, phrase, text) {
            None => {}
            Some(text) => self.speak_myself(reply, phrase, text),
        }
    }

    /// Whether the phrase before is through.
    fn is_voice_free(&self) -> bool {
        let Some((reply, ticket)) = &self.voice_lane else {
            return true;
        };
        if !ticket.has_ended() || ticket.is_cancelled() {
            return ticket.has_ended();
        }
        // How a server's phrase ended may still be on its way here.
        let speaker = self.live.get(reply).map(|live| &live.speaker);
        !matches!(speaker, Some(Speaker::Server { at: Some(_), .. }))
    }

    /// Hands a phrase to the speech server; gives it back where that is nothing for it.
    fn ask_speech_server(
        &mut self,
        reply: ReplyId,
        phrase: PhraseId,
        text: String,
    ) -> Option<String> {
        let live = self.live.get_mut(&reply)?;
        // A reply is spoken as it began, whatever is chosen meanwhile.
        let voice = match (&live.speaker, &self.voice) {
            (Speaker::Server { voice, .. }, _) => voice.clone(),
            (Speaker::Unsettled, VoiceChoice::Configured) => None,
            (Speaker::Unsettled, VoiceChoice::Server(voice)) => Some(voice.clone()),
            (Speaker::Own, _) | (Speaker::Unsettled, VoiceChoice::Own) => {
                live.speaker = Speaker::Own;
                return Some(text);
            }
        };
        let server = self.parts.speech.as_ref();
        let Some(server) = server.filter(|server| server.is_up(voice.as_deref())) else {
            live.speaker = Speaker::Own;
            return Some(text);
        };
        // Nothing to say: not every server takes that for an answer.
        if !text.contains(char::is_alphanumeric) {
            return Some(text);
        }
        // A file has no face.
        let visemes = self.parts.visemes.clone().filter(|_| live.file.is_none());
        let speech = Speech::new(phrase, text.len(), visemes);
        let (voicing, ticket) = Voicing::new(&self.shared, reply, speech);
        live.tickets.retain(|ticket| !ticket.has_ended());
        live.tickets.push(ticket.clone());
        live.speaker = Speaker::Server {
            voice: voice.clone(),
            at: Some((phrase, text.clone())),
        };
        self.voice_lane = Some((reply, ticket));
        let speed = self.voice_speed;
        server.speak(Phrase { text, speed, voice }, voicing);
        None
    }

    fn speak_myself(&mut self, reply: ReplyId, phrase: PhraseId, text: String) {
        let is_first = self.live.get(&reply).is_some_and(|live| live.made == 0);
        let class = if is_first {
            Class::FirstSound
        } else {
            Class::MoreSound
        };
        let config = &self.parts.config;
        let options = vits::SpeakOptions {
            seed: config.seed ^ u64::from(phrase.0),
            length_scale: 1.0 / self.voice_speed,
            ..vits::SpeakOptions::default()
        };
        let job = VoiceJob {
            out: Outbox::new(&self.shared, reply),
            voice: self.parts.models.voice.clone(),
            phrase,
            text,
            options,
            run: Run2::Begin,
            class,
        };
        self.voice_lane = self
            .start(reply, Box::new(job), SOUND_WITHIN, Stage::Speak)
            .map(|ticket| (reply, ticket));
    }

    /// The oldest attempt with a phrase to speak and room for its sound.
    fn next_to_voice(&self) -> Option<ReplyId> {
        let candidates = self
            .live
            .iter()
            .filter(|(_, live)| !live.phrases.is_empty() && self.has_room(live));
        candidates.map(|(reply, _)| *reply).min()
    }

    /// The server has not spoken its phrase, or not to the end.
    pub(super) fn speak_own_instead(&mut self, now: Mono, reply: ReplyId) {
        let Some(live) = self.live.get_mut(&reply) else {
            return;
        };
        let Speaker::Server {
            at: Some((phrase, text)),
            ..
        } = std::mem::replace(&mut live.speaker, Speaker::Own)
        else {
            return;
        };
        live.phrases.push_front((phrase, text));
        metrics::counter!("janet_tts_fallbacks_total").increment(1);
        let samples = self.take_back(reply);
        if samples > 0 {
            self.feed(
                now,
                Input::TakenBack {
                    reply,
                    phrase,
                    samples,
                },
            );
        }
    }

    /// Takes the sound of the phrase under way back, as far as it has not left for the ear; how
    /// much that is, as the conversation counts.
    fn take_back(&mut self, reply: ReplyId) -> u32 {
        let Some(live) = self.live.get_mut(&reply) else {
            return 0;
        };
        live.resampler = None;
        let before = live.made;
        let mut left = std::mem::take(&mut live.phrase_made);
        // What was made last is staged, what was made before lies in the file or in the line.
        let staged = left.min(live.staged.len() as u64);
        live.staged.truncate(live.staged.len() - staged as usize);
        live.made -= staged;
        left -= staged;
        if let Some(file) = &mut live.file {
            let taken = left.min(file.len() as u64);
            file.truncate(file.len() - taken as usize);
            live.made -= taken;
        } else if let (Some(line), Some(base)) = (&mut self.line, live.base) {
            let is_last = live.staged.is_empty() && base + live.made == line.end();
            live.made -= if is_last { line.take_back(left) } else { 0 };
        }
        let rate = u64::from(live.rate_hz);
        let made = live.face_samples(live.made);
        live.course.truncate(made);
        live.acts.truncate(made);
        let taken = before * TALK_HZ / rate - live.made * TALK_HZ / rate;
        u32::try_from(taken).unwrap_or(u32::MAX)
    }
}
