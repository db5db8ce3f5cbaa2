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
use crate::ports::Phrase;
use crate::voice::VoiceChoice;

/// Within what a job of the voice should be done; orders jobs of one class among sessions.
const SOUND_WITHIN: Duration = Duration::from_millis(100);

/// Who speaks a reply; settled with its first phrase.
#[derive(Debug, Default)]
pub(super) enum Speaker {
    /// Nobody has spoken yet.
    #[default]
    Unsettled,
    /// The server, with the phrase that it is at.
    Server(Option<(PhraseId, String)>),
    /// Her own voice, to the end.
    Own,
}

impl Core {
    pub(super) fn pump_voice(&mut self) {
        if let Some((reply, ticket)) = &self.voice_lane {
            // How a server's phrase ended may still be on its way here.
            let is_settled = || {
                let live = self.live.get(reply);
                !live.is_some_and(|live| matches!(live.speaker, Speaker::Server(Some(_))))
            };
            if !ticket.has_ended() || !ticket.is_cancelled() && !is_settled() {
                return;
            }
        }
        self.voice_lane = None;
        let Some(reply) = self.next_to_voice() else {
            return;
        };
        let live = self.live.get_mut(&reply).expect("just found");
        let Some((phrase, text)) = live.phrases.pop_front() else {
            return;
        };
        match self.ask_speech_server(reply, phrase, text) {
            None => {}
            Some(text) => self.speak_myself(reply, phrase, text),
        }
    }

    /// Hands a phrase to the speech server; gives it back where that is nothing for it.
    fn ask_speech_server(
        &mut self,
        reply: ReplyId,
        phrase: PhraseId,
        text: String,
    ) -> Option<String> {
        let voice = match &self.voice {
            VoiceChoice::Configured => None,
            VoiceChoice::Server(voice) => Some(voice.clone()),
            VoiceChoice::Own(_) => return Some(text),
        };
        let live = self.live.get_mut(&reply)?;
        let server = self.parts.speech.as_ref().filter(|server| server.is_up());
        let Some(server) = server.filter(|_| !matches!(live.speaker, Speaker::Own)) else {
            live.speaker = Speaker::Own;
            return Some(text);
        };
        // Nothing to say: not every server takes that for an answer.
        if !text.contains(char::is_alphanumeric) {
            return Some(text);
        }
        let (voicing, ticket) = Voicing::new(&self.shared, reply, Speech::new(phrase, text.len()));
        live.tickets.retain(|ticket| !ticket.has_ended());
        live.tickets.push(ticket.clone());
        live.speaker = Speaker::Server(Some((phrase, text.clone())));
        self.voice_lane = Some((reply, ticket));
        let speed = self.voice_speed;
        server.speak(Phrase { text, speed, voice }, voicing);
        None
    }

    fn speak_myself(&mut self, reply: ReplyId, phrase: PhraseId, text: String) {
        let urgent = self.live.get(&reply).is_some_and(|live| live.made == 0);
        let config = &self.parts.config;
        let options = vits::SpeakOptions {
            seed: config.seed ^ u64::from(phrase.0),
            length_scale: 1.0 / self.voice_speed,
            ..vits::SpeakOptions::default()
        };
        let voice = match &self.voice {
            VoiceChoice::Own(Some(voice)) => voice.0.clone(),
            _ => self.parts.models.voice.clone(),
        };
        let job = VoiceJob {
            out: Outbox::new(&self.shared, reply),
            voice,
            phrase,
            text,
            options,
            run: Run2::Begin,
            urgent,
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
        let Speaker::Server(Some((phrase, text))) =
            std::mem::replace(&mut live.speaker, Speaker::Own)
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
        let mut left = std::mem::take(&mut live.phrase_made);
        let before = live.made;
        let staged = left.min(live.staged.len() as u64);
        live.staged.truncate(live.staged.len() - staged as usize);
        (left, live.made) = (left - staged, live.made - staged);
        if let Some(file) = &mut live.file {
            let kept = file.len().saturating_sub(left as usize);
            live.made -= (file.len() - kept) as u64;
            file.truncate(kept);
        } else if let (Some(line), Some(base)) = (&mut self.line, live.base)
            // Only what is its own: nothing was staged behind it.
            && live.staged.is_empty()
            && base + live.made == line.end()
        {
            live.made -= line.take_back(left);
        }
        let rate = u64::from(live.rate_hz);
        let taken = before * TALK_HZ / rate - live.made * TALK_HZ / rate;
        u32::try_from(taken).unwrap_or(u32::MAX)
    }
}
