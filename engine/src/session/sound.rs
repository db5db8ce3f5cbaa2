//! Her voice on its way to the ear: resampled, staged until released, then into the line.

use std::time::Duration;

use janet_audio::Resampler;
use janet_talk::{Input, Mono, ReplyId, Stage};

use super::core::{Core, TALK_HZ};
use super::face;
use super::live::Live;
use super::posted::Piece;
use super::speaking::Speaker;
use crate::{Cause, Event, Mark};

/// Sound of a released reply that is made ahead of the ear; then the voice waits.
const AHEAD: Duration = Duration::from_secs(8);

const fn samples_in(span: Duration, rate_hz: u32) -> u64 {
    (span.as_micros() as u64) * rate_hz as u64 / 1_000_000
}

impl Core {
    fn play_rate_hz(&self) -> u32 {
        self.line
            .as_ref()
            .map_or(TALK_HZ as u32, |line| line.rate_hz())
    }

    /// Takes the voice's samples of one phrase and tells the conversation of them.
    pub(super) fn take_sound(&mut self, now: Mono, reply: ReplyId, piece: Piece) {
        let line_hz = self.play_rate_hz();
        let from = piece.rate_hz;
        let Some(live) = self.live.get_mut(&reply) else {
            return;
        };
        live.mark(Mark::TtsFirst, now);
        if live.made == 0 {
            live.rate_hz = if live.file.is_some() {
                TALK_HZ as u32
            } else {
                line_hz
            };
        }
        let to = live.rate_hz;
        let began = live.face_samples(live.made - live.phrase_made);
        live.course.take(began, &piece);
        let resampler = match &mut live.resampler {
            Some(resampler) if resampler.from_hz() == from => resampler,
            none => match Resampler::new(from, to) {
                // Phrases end with a flush: nothing is left in one of another rate.
                Ok(new) => none.insert(new),
                Err(error) => {
                    tracing::error!(%reply, %error, "the voice cannot be resampled");
                    live.cause.get_or_insert(Cause::Fault);
                    self.feed(
                        now,
                        Input::Failed {
                            reply,
                            stage: Stage::Speak,
                        },
                    );
                    return;
                }
            },
        };
        let mut sound = Vec::with_capacity(piece.samples.len() * to as usize / from as usize + 64);
        resampler.process_into(&piece.samples, &mut sound);
        let Piece {
            phrase,
            upto_byte,
            last,
            ..
        } = piece;
        if last {
            resampler.flush_into(&mut sound);
        }
        let before = live.made * TALK_HZ / u64::from(to);
        let starts = live.face_samples(live.made);
        live.made += sound.len() as u64;
        live.phrase_made += sound.len() as u64;
        let span = (starts, live.face_samples(live.made));
        live.acts.place(phrase, span, upto_byte, last);
        if last {
            live.phrase_made = 0;
            if let Speaker::Server { at, .. } = &mut live.speaker {
                *at = None;
            }
        }
        let made = live.made * TALK_HZ / u64::from(to) - before;
        live.staged.extend(&sound);
        let samples = u32::try_from(made).unwrap_or(u32::MAX);
        self.feed(
            now,
            Input::Voiced {
                reply,
                phrase,
                samples,
                upto_byte,
                last,
            },
        );
    }

    /// Whether more sound may be made for an attempt.
    pub(super) fn has_room(&self, live: &Live) -> bool {
        let rate_hz = self.play_rate_hz();
        let held = live.staged.len() as u64;
        if live.released {
            let queued = self.line.as_ref().map_or(0, |line| line.queued_samples());
            held + queued < samples_in(AHEAD, rate_hz) || live.file.is_some()
        } else {
            held < samples_in(self.parts.config.talk.staging, rate_hz)
        }
    }

    /// Moves released sound into the line and the line's sound towards the ear; tells what was
    /// heard.
    pub(super) fn pump_sound(&mut self, now: Mono) {
        let mut replies: Vec<ReplyId> = self
            .live
            .iter()
            .filter(|(_, live)| live.released)
            .map(|(reply, _)| *reply)
            .collect();
        replies.sort_unstable();
        for reply in &replies {
            self.stage(*reply);
        }
        if let Some(line) = &mut self.line {
            let (moved, is_hers) = face::tick(line, now, &self.live);
            self.told |= moved > 0;
            self.mouth_moves |= is_hers;
            self.ear.echo.follow(line, now);
        }
        for reply in &replies {
            self.tell_acts(*reply);
        }
        self.close_mouth(now);
        for reply in replies {
            self.tell_heard(now, reply);
        }
    }

    fn stage(&mut self, reply: ReplyId) {
        let Some(live) = self.live.get_mut(&reply) else {
            return;
        };
        if live.staged.is_empty() {
            return;
        }
        if let Some(file) = &mut live.file {
            file.extend(live.staged.drain(..));
            return;
        }
        let line = self.line.as_mut().filter(|_| self.looped.is_none());
        let Some(line) = line else {
            // Nobody can hear it any more; it counts as not heard.
            live.staged.clear();
            return;
        };
        let staged = line.stage(live.staged.make_contiguous());
        if staged.taken > 0 {
            live.base.get_or_insert(staged.first);
            live.staged.drain(..staged.taken);
        }
    }

    fn tell_heard(&mut self, now: Mono, reply: ReplyId) {
        let Some(live) = self.live.get_mut(&reply) else {
            return;
        };
        let rate_hz = u64::from(live.rate_hz);
        let heard = if live.file.is_some() {
            // A file is handed over whole: what is in it counts as heard.
            live.mark(Mark::FirstAudio, now);
            match live.speaker {
                // It may be taken back.
                Speaker::Server { at: Some(_), .. } => live.made - live.phrase_made,
                _ => live.made,
            }
        } else {
            let (Some(line), Some(base)) = (&self.line, live.base) else {
                return;
            };
            if line.end() - line.queued_samples() > base {
                live.mark(Mark::FirstAudio, now);
            }
            line.heard(now.0).saturating_sub(base).min(live.made)
        };
        if heard <= live.heard {
            return;
        }
        live.heard = heard;
        live.mark(Mark::FirstHeard, now);
        // Everything of it heard: round up, so that the conversation sees the very last sample.
        let sample = if heard == live.made {
            live.made * TALK_HZ / rate_hz
        } else {
            heard * TALK_HZ / rate_hz
        };
        let is_file = live.file.is_some();
        self.feed(now, Input::Heard { reply, sample });
        if !is_file {
            self.tell_words_heard(reply);
        }
    }

    /// Tells when another word is through, so that what is said can be shown as it is said.
    fn tell_words_heard(&mut self, reply: ReplyId) {
        let Some(chars) = self.turn.heard_chars(reply) else {
            return;
        };
        let Some(live) = self.live.get_mut(&reply) else {
            return;
        };
        if chars > live.chars_heard {
            live.chars_heard = chars;
            self.tell(Event::Heard { reply, chars });
        }
    }

    pub(super) fn pause(&mut self, now: Mono) {
        if let Some(line) = &mut self.line {
            line.pause(now.0);
            let at = line.next_sample();
            self.told = true;
            self.stop_mouth(at);
            self.untell_acts(at, true);
        }
    }

    pub(super) fn resume(&mut self) {
        if let Some(line) = &mut self.line {
            line.resume();
        }
    }

    pub(super) fn flush(&mut self, now: Mono) {
        for live in self.live.values_mut().filter(|live| live.released) {
            live.staged.clear();
            live.course.truncate(0);
            live.acts.truncate(0);
        }
        if let Some(line) = &mut self.line {
            let at = line.flush(now.0).from;
            self.told = true;
            self.stop_mouth(at);
            self.untell_acts(at, false);
            self.be_neutral(at);
        }
    }
}
