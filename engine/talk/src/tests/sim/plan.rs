//! What happens to Janet in one random session, drawn from one seed.

use std::time::Duration;

use fastrand::Rng;

use crate::{MicMode, Mono};

/// A word or a sound at the microphone.
#[derive(Clone, Debug)]
pub(super) struct Sound {
    pub(super) from: Mono,
    pub(super) to: Mono,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word that nobody says twice.
    Word(u32),
    /// "Yeah", alone.
    Nod,
    /// No word at all.
    Click,
    /// The words that stop everything.
    RedThread,
}

/// Something that is done to her from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Open(MicMode),
    Close,
    Commit,
    Text { speak: bool },
    Upload { speak: bool },
    Announce(u32),
    Retract(u32),
    Interrupt,
    Hold,
    GoOn,
    RedThread,
    Clear,
    Gone,
}

/// One session.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) sounds: Vec<Sound>,
    pub(super) deeds: Vec<(Mono, Deed)>,
    /// From here on nothing fails and nobody says anything.
    pub(super) calm_from: Mono,
    pub(super) mode: MicMode,
}

impl Plan {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let calm = rng.u64(3000..14_000);
        let mode = if rng.u8(0..8) == 0 {
            MicMode::PushToTalk
        } else {
            MicMode::HandsFree
        };
        let mut plan = Self {
            sounds: Vec::new(),
            deeds: Vec::new(),
            calm_from: Mono::from_millis(calm),
            mode,
        };
        if rng.u8(0..10) > 0 {
            plan.deeds
                .push((Mono(rng.u64(0..300_000)), Deed::Open(mode)));
            plan.speak(rng, calm);
        }
        for _ in 0..rng.usize(0..4) {
            let speak = rng.u8(0..3) > 0;
            let deed = if rng.u8(0..3) == 0 {
                Deed::Upload { speak }
            } else {
                Deed::Text { speak }
            };
            let at = Mono::from_millis(rng.u64(0..calm));
            // Somebody types a great many, all at once.
            let times = if rng.u8(0..20) == 0 { 12 } else { 1 };
            plan.deeds.extend(std::iter::repeat_n((at, deed), times));
        }
        for _ in 0..rng.usize(0..2) {
            let at = Mono::from_millis(rng.u64(500..calm));
            plan.disturb(rng, at);
        }
        plan.deeds.sort_by_key(|(at, _)| *at);
        plan
    }

    /// Puts the conversation on hold once or twice, whatever else happens then.
    pub(super) fn hold(&mut self, rng: &mut Rng) {
        let mut from = 300;
        for _ in 0..rng.u32(1..3) {
            let at = rng.u64(from..from + 8000);
            let until = at + rng.u64(50..6000);
            self.deeds.extend([
                (Mono::from_millis(at), Deed::Hold),
                (Mono::from_millis(until), Deed::GoOn),
            ]);
            from = until;
        }
        self.calm_from = self.calm_from.max(Mono::from_millis(from));
        self.deeds.sort_by_key(|(at, _)| *at);
    }

    fn speak(&mut self, rng: &mut Rng, until: u64) {
        let mut at = rng.u64(400..2500);
        let mut word = 0;
        while at + 3000 < until + 2500 {
            match rng.u8(0..12) {
                0 => {
                    self.sound(at, 40, Kind::Click);
                    at += 40;
                }
                1..4 => {
                    let long = rng.u64(280..420);
                    self.sound(at, long, Kind::Nod);
                    at += long;
                    // "Yeah, but …"
                    if rng.u8(0..3) == 0 {
                        self.words(rng, &mut at, &mut word);
                    }
                }
                _ => self.words(rng, &mut at, &mut word),
            }
            if self.mode == MicMode::PushToTalk {
                self.deeds
                    .push((Mono::from_millis(at + rng.u64(50..600)), Deed::Commit));
                at += 700;
            }
            at += rng.u64(200..4000);
        }
        self.calm_from = self.calm_from.max(Mono::from_millis(at));
    }

    fn words(&mut self, rng: &mut Rng, at: &mut u64, word: &mut u32) {
        for _ in 0..rng.u32(1..7) {
            let long = rng.u64(250..450);
            self.sound(*at, long, Kind::Word(*word));
            *word += 1;
            *at += long;
            *at += if rng.u8(0..4) == 0 {
                rng.u64(40..1200)
            } else {
                rng.u64(0..12)
            };
        }
    }

    fn sound(&mut self, at: u64, long: u64, kind: Kind) {
        let from = Mono::from_millis(at);
        self.sounds.push(Sound {
            from,
            to: from + Duration::from_millis(long),
            kind,
        });
    }

    fn disturb(&mut self, rng: &mut Rng, at: Mono) {
        let later = at + Duration::from_millis(rng.u64(100..3000));
        match rng.u8(0..5) {
            0 => self
                .deeds
                .extend([(at, Deed::RedThread), (later, Deed::Clear)]),
            1 => self
                .deeds
                .extend([(at, Deed::Gone), (later, Deed::Open(self.mode))]),
            2 => self
                .deeds
                .extend([(at, Deed::Close), (later, Deed::Open(self.mode))]),
            _ => self.deeds.push((at, Deed::Interrupt)),
        }
    }
}
