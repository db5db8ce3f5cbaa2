//! For an ear: a frame on every beat, held back as much as the network's jitter asks for.

use super::Options;
use super::order::{Filed, Order, Packet, Stats};

/// All but so few packets shall come before their turn.
const IN_TIME: f32 = 0.97;
/// So many beats in a row are filled with nothing but what the decoder makes up; then it is silent,
/// and sound is gathered anew.
const MOST_CONCEALED: u32 = 5;
/// What one beat tells of the depth: it saws up and down with every packet.
const SMOOTHING: f64 = 1.0 / 32.0;
/// Sound is played so much faster for each second of it that is too much,
const SPEED_PER_SECOND: f64 = 0.2;
/// but no more than an ear does not notice.
const MOST_SPEED: f64 = 0.02;
/// More than the target and this, as after an outage, is not caught up with but left out.
const MOST_BEHIND_US: u64 = 200_000;

/// What an ear gets on a beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played<T> {
    /// A packet.
    Packet(T),
    /// A packet is lost and the next one is here: this is its payload, which may hold the lost
    /// sound once more. It is played as a packet of its own on the next beat.
    Recover(T),
    /// A packet is lost or late: the decoder makes up what it may have been.
    Conceal,
    /// Nothing is played.
    Silence,
}

/// Packets on their way to an ear.
#[derive(Debug)]
pub struct Playing<T> {
    options: Options,
    order: Order<T>,
    state: State,
    /// Beats on which an ear heard what nobody sent.
    concealed: u64,
    /// Smoothed sound that waits, in microseconds.
    depth_us: f64,
    /// What was handed out and is not heard yet, in microseconds, less what an ear takes at once.
    held_us: i64,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Sound is gathered, since the first packet came.
    Filling(Option<u64>),
    /// Sound is played; so many beats in a row found nothing.
    Going(u32),
}

impl<T: Clone> Playing<T> {
    /// An empty one.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            order: Order::new(options),
            state: State::Filling(None),
            concealed: 0,
            depth_us: 0.0,
            held_us: 0,
        }
    }

    /// For an ear that does not play a frame on each beat, but what its device asks for: so much of what
    /// was handed out is not heard yet, less what the device takes at once (so that it may be less than
    /// nothing). It counts as sound that waits.
    pub fn set_held(&mut self, held_us: i64) {
        self.held_us = held_us;
    }

    /// A packet has come.
    pub fn push(&mut self, now_us: u64, packet: Packet<T>) -> Filed {
        let filed = self.order.file(now_us, packet);
        if let (Filed::Kept, State::Filling(since @ None)) = (filed, &mut self.state) {
            *since = Some(now_us);
        }
        filed
    }

    /// What is played for one frame's time from now on. Called on every beat: each
    /// [`Options::frame_us`], divided by [`Playing::speed`].
    pub fn pull(&mut self, now_us: u64) -> Played<T> {
        if !self.is_going(now_us) {
            return Played::Silence;
        }
        let most = self.target_us() + MOST_BEHIND_US;
        while self.waiting_us() > most {
            self.order.drop_next();
            self.depth_us = self.all_us() as f64;
        }
        self.depth_us += (self.all_us() as f64 - self.depth_us) * SMOOTHING;
        if let Some(held) = self.order.take() {
            self.state = State::Going(0);
            return Played::Packet(held.payload);
        }
        self.concealed += 1;
        let behind = self.order.first_behind_gap();
        let behind = behind.map(|(gap, held)| (gap, held.payload.clone()));
        match behind {
            Some((1, payload)) => {
                self.order.miss();
                Played::Recover(payload)
            }
            Some(_) => {
                self.order.miss();
                Played::Conceal
            }
            // It may only be late: its turn comes again, and all is so much later.
            None => self.starve(),
        }
    }

    /// How much faster than the sender's clock the ear should play: more than 1 while more sound
    /// waits than has to, so that delay grows by no crystal and stays after no burst.
    pub fn speed(&self) -> f64 {
        if !matches!(self.state, State::Going(_)) {
            return 1.0;
        }
        let too_much_s = (self.depth_us - self.target_us() as f64) / 1e6;
        1.0 + (too_much_s * SPEED_PER_SECOND).clamp(-MOST_SPEED, MOST_SPEED)
    }

    /// Sound that is held back, so that few packets come after their turn, in microseconds.
    pub fn target_us(&self) -> u64 {
        let jitter = self.order.delay.quantile_us(IN_TIME);
        // A frame is played from its beginning on: it must be here whole.
        jitter.min(self.options.longest_us) + self.options.frame_us
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        self.order.stats
    }

    /// Beats on which an ear heard what nobody sent.
    pub fn concealed(&self) -> u64 {
        self.concealed
    }

    fn is_going(&mut self, now_us: u64) -> bool {
        let State::Filling(since) = self.state else {
            return true;
        };
        let target = self.target_us();
        let is_enough = self.all_us() >= target as i64
            || since.is_some_and(|since| now_us.saturating_sub(since) >= target);
        if is_enough && self.order.depth() > 0 {
            self.state = State::Going(0);
            self.depth_us = target as f64;
        }
        matches!(self.state, State::Going(_))
    }

    fn starve(&mut self) -> Played<T> {
        match &mut self.state {
            State::Going(concealed) if *concealed < MOST_CONCEALED => {
                *concealed += 1;
                Played::Conceal
            }
            _ => {
                self.concealed -= 1;
                self.order.delay.after_outage();
                self.state = State::Filling(None);
                Played::Silence
            }
        }
    }

    fn all_us(&self) -> i64 {
        self.waiting_us() as i64 + self.held_us
    }

    /// Sound that waits, missing packets counted, in microseconds.
    pub fn waiting_us(&self) -> u64 {
        self.order.depth() * self.options.frame_us
    }
}

#[cfg(test)]
mod tests {
    use super::super::packet;
    use super::*;

    const FRAME_US: u64 = 20_000;

    /// A buffer that has played the first packets of a steady network, up to this one.
    fn going(to: u16) -> (Playing<u16>, u64) {
        let mut playing = Playing::new(Options::default());
        let mut now_us = 0;
        for sequence in 0..=to {
            now_us = u64::from(sequence) * FRAME_US;
            playing.push(now_us, packet(sequence));
            playing.pull(now_us);
        }
        (playing, now_us)
    }

    #[test]
    fn a_steady_network_costs_one_frame_and_the_least_class() {
        let mut playing = Playing::new(Options::default());
        let mut played = Vec::new();
        for sequence in 0..100 {
            let now_us = u64::from(sequence) * FRAME_US;
            playing.push(now_us, packet(sequence));
            played.push(playing.pull(now_us));
        }
        let first = played
            .iter()
            .position(|played| *played == Played::Packet(0));
        let first = first.expect("it begins");
        assert!(first <= 2, "{first}");
        let rest: Vec<_> = (0..100 - first as u16).map(Played::Packet).collect();
        assert_eq!(played[first..], rest);
        assert_eq!(playing.concealed(), 0);
    }

    #[test]
    fn a_lost_packet_is_recovered_from_the_next_and_a_row_of_them_is_concealed() {
        let (mut playing, mut now_us) = going(50);
        let mut played = Vec::new();
        for sequence in 51..80 {
            now_us += FRAME_US;
            if ![55, 60, 61].contains(&sequence) {
                playing.push(now_us, packet(sequence));
            }
            played.push(playing.pull(now_us));
        }
        let recovered = played.iter().filter_map(|played| match played {
            Played::Recover(payload) => Some(*payload),
            _ => None,
        });
        assert_eq!(recovered.collect::<Vec<_>>(), [56, 62]);
        assert_eq!(playing.stats().missing, 3);
        let sent = (51..80)
            .filter(|n| ![55, 60, 61].contains(n))
            .map(Played::Packet);
        let missed: Vec<_> = sent.filter(|sent| !played.contains(sent)).collect();
        // Only the last few have not had their turn.
        assert!(missed.len() <= 4, "{missed:?}");
    }

    #[test]
    fn a_network_that_falls_silent_is_followed_by_silence_and_found_again() {
        let (mut playing, mut now_us) = going(50);
        let mut kinds = Vec::new();
        for _ in 0..20 {
            now_us += FRAME_US;
            kinds.push(playing.pull(now_us));
        }
        let concealed = kinds
            .iter()
            .filter(|kind| **kind == Played::Conceal)
            .count();
        assert_eq!(concealed, MOST_CONCEALED as usize);
        assert_eq!(kinds.last(), Some(&Played::Silence));
        assert_eq!(playing.concealed(), u64::from(MOST_CONCEALED));
        for sequence in 51..60 {
            now_us += FRAME_US;
            playing.push(now_us, packet(sequence));
            kinds.push(playing.pull(now_us));
        }
        assert!(kinds.contains(&Played::Packet(51)));
    }
}
