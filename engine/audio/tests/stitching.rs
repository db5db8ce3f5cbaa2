//! What a listener hears across random pauses, resumes and flushes over a delayed network.
//!
//! The line, its transport and a client that behaves as the playout's page says, on virtual time in
//! steps of 1 ms. Every seed must hold every property; a failure prints its seed.

use std::collections::VecDeque;

use janet_audio::playout::ClientModel;
use janet_audio::{Line, LineOptions, Pulled};

const SEEDS: u64 = 250;
const MS_US: u64 = 1000;

/// Delivers in order, each thing after its own delay.
struct Wire<T> {
    under_way: VecDeque<(u64, T)>,
}

impl<T> Wire<T> {
    fn send(&mut self, at_ms: u64, what: T) {
        let last = self.under_way.back().map_or(0, |(at, _)| *at);
        self.under_way.push_back((at_ms.max(last), what));
    }

    fn deliver(&mut self, now_ms: u64) -> Option<T> {
        if self.under_way.front()?.0 > now_ms {
            return None;
        }
        self.under_way.pop_front().map(|(_, what)| what)
    }
}

/// One reply as it was staged.
struct Reply {
    first: u64,
    end: u64,
}

struct World {
    rate_hz: u32,
    line: Line,
    playout: janet_audio::Playout,
    client: ClientModel,
    down: Wire<Pulled>,
    up: Wire<u32>,
    rng: fastrand::Rng,
    delay_ms: u64,
    /// Part of the clients never report.
    reports: bool,
    was_playing: bool,
    heard: Vec<f32>,
    now_ms: u64,
    /// Phase of the tone that is staged, in samples.
    phase: u64,
    replies: Vec<Reply>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let rate_hz = if rng.bool() { 24_000 } else { 48_000 };
        let (line, playout) = Line::new(rate_hz, LineOptions::default()).expect("a fine rate");
        let client = ClientModel::new(rate_hz, rng.usize(0..rate_hz as usize / 10));
        let wire = || VecDeque::new();
        Self {
            rate_hz,
            line,
            playout,
            client,
            down: Wire { under_way: wire() },
            up: Wire {
                under_way: VecDeque::new(),
            },
            delay_ms: rng.u64(0..80),
            reports: rng.u8(0..5) > 0,
            was_playing: false,
            heard: Vec::new(),
            now_ms: 0,
            phase: 0,
            replies: Vec::new(),
            rng,
        }
    }

    /// Stages up to `ms` of the tone, and counts it to the last reply.
    fn speak(&mut self, ms: u64) {
        let len = ms * u64::from(self.rate_hz) / 1000;
        let step = std::f64::consts::TAU * 311.0 / f64::from(self.rate_hz);
        let sound: Vec<f32> = (self.phase..self.phase + len)
            .map(|i| (0.8 * (i as f64 * step).sin()) as f32)
            .collect();
        let staged = self.line.stage(&sound);
        self.phase += staged.taken as u64;
        let reply = self.replies.last_mut().expect("a reply was begun");
        reply.end = staged.first + staged.taken as u64;
    }

    fn begin_reply(&mut self) {
        self.phase = 0;
        let first = self.line.end();
        self.replies.push(Reply { first, end: first });
    }

    fn step(&mut self) {
        let now_us = self.now_ms * MS_US;
        while let Some(report) = self.up.deliver(self.now_ms) {
            self.line.played(report, now_us);
        }
        if self.now_ms.is_multiple_of(10) {
            self.line.tick(now_us);
        }
        if self.rng.u8(0..4) > 0 {
            while let Some(pulled) = self.playout.pull() {
                let at = self.now_ms + self.delay_ms + self.rng.u64(0..15);
                self.down.send(at, pulled);
            }
        }
        let mut flushed = false;
        while let Some(pulled) = self.down.deliver(self.now_ms) {
            flushed |= matches!(pulled, Pulled::Flush { .. });
            self.client.receive(&pulled);
        }
        let before = self.heard.len();
        self.client
            .play_into(self.rate_hz as usize / 1000, &mut self.heard);
        assert_eq!(self.heard.len() - before, self.rate_hz as usize / 1000);
        let stopped = self.was_playing && !self.client.is_playing();
        self.was_playing = self.client.is_playing();
        let due = self.was_playing && self.now_ms.is_multiple_of(100);
        if self.reports && (due || stopped || flushed) {
            self.up
                .send(self.now_ms + self.delay_ms, self.client.played_sample());
        }
        self.now_ms += 1;
    }

    fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.step();
        }
    }

    fn largest_step(&self) -> f32 {
        self.heard
            .windows(2)
            .fold(0.0, |most, w| most.max((w[1] - w[0]).abs()))
    }

    /// The most that neighbouring samples of the tone, faded twice, can differ.
    fn step_bound(&self) -> f32 {
        let rate = self.rate_hz as f32;
        let tone = 0.8 * std::f32::consts::TAU * 311.0 / rate;
        let fades = 3.0 * 0.8 * 100.0 / rate;
        tone + fades + 2.0 / 32767.0
    }
}

#[test]
fn pauses_lose_nothing_repeat_nothing_and_never_click() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed);
        world.begin_reply();
        let mut spoken_ms = 0;
        for _ in 0..world.rng.usize(2..9) {
            let ms = world.rng.u64(50..1200);
            world.speak(ms);
            spoken_ms += ms;
            let ms = world.rng.u64(1..900);
            world.run(ms);
            world.line.pause(world.now_ms * MS_US);
            // Long enough for the client to have fallen silent, or far too short for that.
            let ms = if world.rng.bool() {
                world.rng.u64(0..60)
            } else {
                world.rng.u64(300..900)
            };
            world.run(ms);
            assert!(world.line.resume(), "seed {seed}");
        }
        world.run(spoken_ms + 2000);
        assert!(world.line.is_dry(world.now_ms * MS_US), "seed {seed}");
        let end = world.replies[0].end as u32;
        let expected: Vec<u32> = (0..end).collect();
        let heard = world.client.heard();
        if let Some(at) = heard.iter().zip(&expected).position(|(h, e)| h != e) {
            panic!(
                "seed {seed}: after {at} samples comes {} (of {end})",
                heard[at]
            );
        }
        assert_eq!(heard.len(), expected.len(), "seed {seed}");
        assert!(
            world.largest_step() <= world.step_bound(),
            "seed {seed}: {}",
            world.largest_step()
        );
    }
}

#[test]
fn a_flush_drops_the_rest_and_the_next_reply_is_heard_whole() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed ^ 0xf1u64);
        let replies = world.rng.usize(2..7);
        for i in 0..replies {
            world.begin_reply();
            let ms = world.rng.u64(30..2500);
            world.speak(ms);
            if i + 1 == replies {
                break;
            }
            let ms = world.rng.u64(1..1500);
            world.run(ms);
            if world.rng.bool() {
                world.line.pause(world.now_ms * MS_US);
                let ms = world.rng.u64(0..700);
                world.run(ms);
            }
            world.line.flush(world.now_ms * MS_US);
            let ms = world.rng.u64(0..300);
            world.run(ms);
        }
        world.run(6000);
        let heard = world.client.heard();
        assert!(
            heard.windows(2).all(|w| w[0] < w[1]),
            "seed {seed}: a sample is heard twice"
        );
        for (i, reply) in world.replies.iter().enumerate() {
            let of: Vec<u64> = heard
                .iter()
                .map(|&n| u64::from(n))
                .filter(|n| (reply.first..reply.end).contains(n))
                .collect();
            let whole = (reply.first..reply.first + of.len() as u64).collect::<Vec<_>>();
            assert_eq!(of, whole, "seed {seed}: reply {i} has a hole");
            if i + 1 == world.replies.len() {
                assert_eq!(of.len() as u64, reply.end - reply.first, "seed {seed}");
            }
        }
        assert!(
            world.largest_step() <= world.step_bound(),
            "seed {seed}: {}",
            world.largest_step()
        );
    }
}

#[test]
fn the_voice_is_silent_soon_after_a_pause() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed ^ 0x51u64);
        world.begin_reply();
        world.speak(4000);
        let ms = world.rng.u64(400..1500);
        world.run(ms);
        world.line.pause(world.now_ms * MS_US);
        let per_ms = world.rate_hz as usize / 1000;
        let at = world.heard.len();
        world.run(500);
        let last = world.heard[at..]
            .iter()
            .rposition(|s| s.abs() > 0.003)
            .unwrap_or(0);
        let silent_ms = (last / per_ms) as u64;
        // The way there, the transport's turn, the fade and its margin; and what the report is
        // behind: the ear may be guessed late by one report's way.
        let bound_ms = world.delay_ms + 15 + 5 + 20 + 25;
        assert!(
            silent_ms <= bound_ms,
            "seed {seed}: {silent_ms} > {bound_ms} ms"
        );
    }
}

#[test]
fn heard_is_never_far_from_the_ear() {
    for seed in 0..SEEDS {
        let mut world = World::new(seed ^ 0xeau64);
        let mut cut = None;
        world.begin_reply();
        for _ in 0..3000 {
            if world.now_ms.is_multiple_of(50) {
                world.speak(60);
            }
            match world.rng.u16(0..1500) {
                0 => drop(world.line.pause(world.now_ms * MS_US)),
                1..5 => drop(world.line.resume()),
                5 => {
                    cut = Some(world.now_ms);
                    world.line.flush(world.now_ms * MS_US);
                    world.begin_reply();
                }
                _ => {}
            }
            world.step();
            let reply = world.replies.last().expect("there is one");
            let of = |n: u64| n.clamp(reply.first, reply.end) - reply.first;
            let claimed = of(world.line.heard(world.now_ms * MS_US));
            let truth = of(u64::from(world.client.played_sample()));
            let per_ms = u64::from(world.rate_hz) / 1000;
            // Too much: the pause's margin, or what a starved or not reporting client is behind.
            let over = claimed.saturating_sub(truth) / per_ms;
            let allowed = if world.reports {
                130 + 2 * world.delay_ms
            } else {
                200
            };
            assert!(
                over <= allowed,
                "seed {seed}: {over} ms too much at {} ({cut:?})",
                world.now_ms
            );
        }
    }
}

#[test]
fn the_client_never_holds_more_than_the_line_may_be_ahead() {
    for seed in 0..SEEDS / 4 {
        let mut world = World::new(seed ^ 0xa4u64);
        world.begin_reply();
        for _ in 0..2000 {
            world.speak(5);
            world.step();
            let held_ms = world.client.buffered_samples() as u64 * 1000 / u64::from(world.rate_hz);
            // Its own delay comes on top of what the line is ahead: the line's clock runs while
            // the client still waits.
            assert!(
                held_ms <= 200 + 100 + 15,
                "seed {seed}: {held_ms} ms at {}",
                world.now_ms
            );
        }
    }
}
