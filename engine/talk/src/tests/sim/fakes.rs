//! The fake engine: speech recognition, language model, voice and loudspeaker.
//!
//! Knows every word that is said, so its transcripts are right; only their time is random, and some
//! fail, hang or come late.

use std::time::Duration;

use fastrand::Rng;

use super::plan::Sound;
use super::schedule::Event;
use super::words::word_of;
use super::world::World;
use crate::{Action, Finish, Input, Mono, Pass, ReplyId, Span, Stage};

const SAMPLES_PER_WORD: u64 = 6000;

impl World {
    /// What speech recognition makes of her own voice.
    pub(super) fn echoed(&self, to: Mono) -> String {
        let lately = self.sounded_to + Duration::from_millis(600) >= to;
        let last = self.played_last.filter(|_| self.late_echo && lately);
        let reply = self.playing.or(last);
        let sound = reply.and_then(|reply| self.sounds.get(&reply));
        let Some(sound) = sound.filter(|_| self.echo_db.is_some()) else {
            return String::new();
        };
        let ago = self.now.since(to).as_millis() as u64 * 24;
        let here = sound.played.saturating_sub(ago);
        let mut near: Vec<_> = sound
            .ends
            .iter()
            .filter(|(_, end)| **end <= here && **end + 16_000 > here)
            .collect();
        near.sort_by_key(|(_, end)| **end);
        near.iter()
            .map(|(word, _)| word.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::ScoreTurn { reply, to, .. } => self.score(reply, to),
            Action::Transcribe { reply, span, pass } => self.transcribe(reply, span, pass),
            Action::Prepare { reply, .. } => self.generate(reply),
            Action::Speak {
                reply,
                phrase,
                text,
            } => {
                if self.trouble_strikes() {
                    let input = Input::Failed {
                        reply,
                        stage: Stage::Speak,
                    };
                    self.after(10..300, input);
                    return;
                }
                let sound = self.sounds.entry(reply).or_default();
                let words: Vec<&str> = text.split(' ').collect();
                let before = sound.ends.values().max().copied().unwrap_or(0);
                for (place, word) in words.iter().enumerate() {
                    let end = before + SAMPLES_PER_WORD * (place as u64 + 1);
                    sound.ends.insert((*word).to_owned(), end);
                }
                let half = words.len() / 2;
                let upto: usize = words[..half].iter().map(|word| word.len() + 1).sum();
                let first =
                    sound.busy_to.max(self.now) + Duration::from_millis(self.rng.u64(20..200));
                let breaks_off = half > 0 && self.trouble > 0 && reply.0 % 7 == 3;
                // Late enough that she was heard. Not drawn from the session's numbers: what the
                // known seeds without it do stays as it is.
                let pause = if breaks_off {
                    Rng::with_seed(self.now.0).u64(300..1500)
                } else {
                    30
                };
                let second = first + Duration::from_millis(pause);
                sound.busy_to = second;
                let voiced = |words: usize, upto_byte: usize, last: bool| {
                    let samples = (SAMPLES_PER_WORD * words as u64) as u32;
                    Event::Answer(Input::Voiced {
                        reply,
                        phrase,
                        samples,
                        upto_byte,
                        last,
                    })
                };
                if half > 0 {
                    self.at(first, voiced(half, upto.saturating_sub(1), false));
                }
                if breaks_off {
                    // It broke off and another voice says it again, from its first word.
                    let samples = (SAMPLES_PER_WORD * half as u64) as u32;
                    let again = Input::TakenBack {
                        reply,
                        phrase,
                        samples,
                    };
                    self.at(second, Event::Answer(again));
                    self.at(second, voiced(half, upto.saturating_sub(1), false));
                }
                self.at(second, voiced(words.len() - half, text.len(), true));
            }
            Action::Release { reply, tag, .. } => {
                self.playing = Some(reply);
                self.held = false;
                let spoken = tag.is_none_or(|tag| self.speak_tags.contains(&tag));
                let sound = self.sounds.entry(reply).or_default();
                (sound.spoken, sound.released) = (spoken, self.now);
                self.listen();
            }
            Action::Announce { reply, spoken, .. } => {
                self.playing = Some(reply);
                self.held = false;
                let sound = self.sounds.entry(reply).or_default();
                (sound.spoken, sound.released) = (spoken, self.now);
                self.listen();
            }
            Action::AnnouncementOver { reply, .. } if reply.is_some() && self.playing == reply => {
                self.played_last = self.playing.take();
            }
            Action::Pause => self.held = true,
            Action::Resume => self.held = false,
            Action::Flush => {
                self.held = false;
                if let Some(sound) = self.playing.and_then(|reply| self.sounds.get_mut(&reply)) {
                    sound.made = sound.played;
                }
            }
            Action::Finish { reply, .. } if self.playing == Some(reply) => {
                self.played_last = self.playing.take();
            }
            _ => {}
        }
    }

    fn trouble_strikes(&mut self) -> bool {
        self.rng.u32(0..1000) < self.trouble
    }

    fn score(&mut self, reply: ReplyId, to: Mono) {
        let goes_on = self
            .plan
            .sounds
            .iter()
            .any(|sound| sound.from > to && sound.from < to + Duration::from_millis(900));
        let complete = match (goes_on, self.rng.u8(0..5)) {
            (_, 0) => self.rng.f32(),
            (true, _) => 0.02,
            (false, _) => 0.9,
        };
        let input = match self.trouble_strikes() {
            true if self.rng.bool() => return,
            true => Input::Failed {
                reply,
                stage: Stage::Turn,
            },
            false => Input::TurnScore { reply, complete },
        };
        self.after(15..90, input);
        let core = Duration::from_millis(self.rng.u64(10..400));
        self.after(
            90..120,
            Input::Spent {
                reply,
                partial: false,
                core,
            },
        );
    }

    fn transcribe(&mut self, reply: ReplyId, span: Span, pass: Pass) {
        let text = match span {
            Span::Upload(id) => self.uploads.get(&id).cloned().unwrap_or_default(),
            Span::Mic { from, to } => {
                let within = |sound: &&Sound| sound.to > from && sound.from < to;
                let heard = self.plan.sounds.iter().filter(within);
                let words = heard.filter_map(|sound| word_of(sound, from, to));
                let words = words.collect::<Vec<_>>().join(" ");
                if words.is_empty() {
                    self.echoed(to)
                } else {
                    words
                }
            }
        };
        let trouble = self.trouble_strikes();
        let mut takes = 20..220;
        let mut input = match pass {
            Pass::Partial | Pass::Overheard => Input::Partial {
                reply,
                text,
                doubtful: false,
            },
            Pass::Final => Input::Transcript {
                reply,
                taken: self.takes(&text),
                text,
            },
        };
        if trouble {
            if let Span::Mic { from, to } = span {
                // Late words are not excused: they must be answered when they come.
                if pass != Pass::Final {
                    self.excuse(from, to);
                }
            }
            match self.rng.u8(0..3) {
                0 => takes = 600..2500,
                1 => {
                    self.excuse_span(span);
                    input = Input::Failed {
                        reply,
                        stage: Stage::Transcribe,
                    };
                }
                _ => {
                    self.excuse_span(span);
                    return;
                }
            }
        }
        self.after(takes, input);
    }

    fn excuse_span(&mut self, span: Span) {
        if let Span::Mic { from, to } = span {
            self.excuse(from - Duration::from_secs(1), to + Duration::from_secs(1));
        }
    }

    fn generate(&mut self, reply: ReplyId) {
        let trouble = self.trouble_strikes();
        let words = self.rng.u64(1..30);
        let mut at = self.rng.u64(20..120);
        for word in 0..words {
            let stop = ["", "", "", "", ",", "."][self.rng.usize(0..6)];
            let text = format!("a{word}b{}{stop} ", reply.0);
            let when = self.now + Duration::from_millis(at);
            self.at(when, Event::Answer(Input::Token { reply, text }));
            at += self.rng.u64(1..40);
        }
        let when = self.now + Duration::from_millis(at);
        let end = match trouble {
            // It hangs.
            true if self.rng.bool() => return,
            true => Input::Failed {
                reply,
                stage: Stage::Generate,
            },
            false => Input::Generated {
                reply,
                finish: Finish::Complete,
            },
        };
        self.at(when, Event::Answer(end));
    }
}
