//! All parts of the animation under one clock.

use super::Micros;
use super::blink::Blink;
use super::breath::Breath;
use super::cue::{Cue, Cues};
use super::expression::{Expression, strongest};
use super::gaze::{Angles, Gaze};
use super::gesture::Gestures;
use super::head::Head;
use super::input::{Activity, Input};
use super::mouth::Mouth;
use super::pose::Pose;
use super::random::{Random, micros};
use super::table::TABLE;
use super::target::Target;
use super::voice_clock::VoiceClock;

/// Later moments are taken for this one: the page's numbers are exact up to it. 285 years.
const LAST: Micros = (1 << 53) - 1;

/// Her face beside speaking.
#[derive(Clone, Debug)]
pub struct Animator {
    /// The latest moment that was named.
    now: Option<Micros>,
    activity: Activity,
    blink: Blink,
    breath: Breath,
    gaze: Gaze,
    target: Target,
    head: Head,
    gestures: Gestures,
    cues: Cues,
    clock: VoiceClock,
    expression: Expression,
    mouth: Mouth,
}

impl Animator {
    /// One whose chances follow from `seed`. Its time begins with the first call.
    pub fn new(seed: u32) -> Self {
        Self {
            now: None,
            activity: Activity::Idle,
            blink: Blink::new(Random::new(seed, 1)),
            breath: Breath::new(Random::new(seed, 2)),
            gaze: Gaze::new(Random::new(seed, 3), Random::new(seed, 4)),
            target: Target::new(),
            head: Head::new(seed),
            gestures: Gestures::new(Random::new(seed, 5)),
            cues: Cues::default(),
            clock: VoiceClock::new(),
            expression: Expression::new(),
            mouth: Mouth::new(),
        }
    }

    /// Takes in what happened at `now`. A time that has been is taken for the latest one.
    pub fn handle(&mut self, now: Micros, input: Input) {
        let now = self.advance(now);
        match input {
            Input::Activity(activity) => self.change(now, activity),
            Input::Tone(tone, intensity) => self.expression.set(now, tone, intensity),
            Input::LookAt(place) => {
                self.target.aim(now, place);
                self.turn_head(now);
            }
            Input::Playout { sample, playing } => self.clock.tell(now, sample, playing),
            Input::At(sample, cue) => self.cues.put(now, sample, cue),
            Input::Mouth(weights) => self.mouth.set(now, &weights),
            Input::Flush => self.cues.flush(),
        }
        self.do_cues(now);
    }

    /// Her face at `now`. A time that has been is taken for the latest one.
    pub fn pose(&mut self, now: Micros) -> Pose {
        let now = self.advance(now);
        let moved = self.gestures.moved(now);
        let (target, look) = (self.target.value(now), self.gaze.value(now));
        let gaze = Angles {
            pitch: target.pitch + look.pitch,
            yaw: target.yaw + look.yaw + moved.gaze_yaw,
        };
        let held = self.head.value(now, gaze, &moved);
        let (pitch, yaw) = (held.pitch + held.eyes.pitch, held.yaw + held.eyes.yaw);
        let tones = self.expression.tones(now);
        let (tone, tone_intensity) = strongest(&tones);
        Pose {
            weights: self.mouth.value(now),
            tone,
            tone_intensity,
            tones,
            blink: self.blink.value(now),
            eye_pitch: held.eyes.pitch,
            eye_yaw: held.eyes.yaw,
            gaze: [
                yaw.sin() * pitch.cos(),
                -pitch.sin(),
                yaw.cos() * pitch.cos(),
            ],
            head_pitch: held.pitch,
            head_yaw: held.yaw,
            head_roll: held.roll,
            breath: self.breath.value(now),
            smile: moved.smile,
            brow: (self.expression.brow(now) + moved.brow).min(1.0),
            gesture: self.gestures.current(now),
        }
    }

    /// Does all that is due until `now`, and gives the moment that is now.
    fn advance(&mut self, now: Micros) -> Micros {
        let now = now.min(LAST);
        let last = self.now.unwrap_or(now);
        if self.now.is_some() && now <= last {
            return last;
        }
        if self.now.is_none() || now - last > micros(TABLE.gap_s) {
            self.blink.restart(now, self.activity);
            self.breath.restart(now, self.activity);
            self.gaze.restart(now, self.activity);
            self.turn_head(now);
        } else {
            self.blink.advance(now, self.activity);
            self.breath.advance(now, self.activity);
            while let Some(at) = self.gaze.step(now, self.activity) {
                self.turn_head(at);
            }
        }
        self.now = Some(now);
        self.do_cues(now);
        now
    }

    fn turn_head(&mut self, at: Micros) {
        self.head.aim(at, self.target.to(), self.gaze.away_to());
    }

    fn do_cues(&mut self, now: Micros) {
        while let Some((at, cue)) = self.cues.take(now, &self.clock) {
            match cue {
                Cue::Gesture(gesture) => self.gestures.begin(at, gesture),
                Cue::Tone(tone, intensity) => self.expression.set(at, tone, intensity),
            }
        }
    }

    fn change(&mut self, now: Micros, new: Activity) {
        let old = std::mem::replace(&mut self.activity, new);
        if old == new {
            return;
        }
        self.blink.change(now, old, new);
        self.gaze.change(now, old, new);
        self.head.change(now, new);
        self.expression.change(now, new);
    }
}
