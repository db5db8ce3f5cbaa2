//! Her voice on its way to an ear.

use std::collections::VecDeque;

use bytes::Bytes;
use janet_audio::Drift;
use janet_audio::jitter::{Options, Packet, Played, Playing};
use janet_audio::opus::{Decoder, FRAME_SAMPLES, OpusError, RATE_HZ, has_copy};

use crate::{FRAME_US, Stats};

/// Clocks that are kept: each stretch of her voice has one, and two at a time matter.
const CLOCKS: usize = 16;
/// Quieter than this, nothing of hers is in a frame.
const SILENT: f32 = 1e-4;
/// What was said before a flush and came behind it: two packets.
const STRAGGLERS: u32 = 2 * FRAME_SAMPLES as u32;

/// What is called back fades away over so many samples: 5 ms.
const FADE: usize = 240;

/// A packet's sound, and where it stands.
#[derive(Clone, Debug)]
struct Sound {
    position: u32,
    payload: Bytes,
}

/// From `position` on the sample of this number is heard, and those behind it.
#[derive(Clone, Copy, Debug)]
struct Clock {
    position: u32,
    sample: u32,
}

/// What is not played any more: samples from this number on, at positions before that one.
#[derive(Clone, Copy, Debug)]
struct Cut {
    from_sample: u32,
    until: u32,
    has_begun: bool,
}

/// Packets in, sound out, and which of her samples was heard last.
///
/// An ear whose device has a beat of its own asks by [`Voice::play`] for what that takes: the sound is
/// stretched to it. One that chooses its beats itself asks for a frame on each ([`Voice::beat`]). It is one or
/// the other.
pub struct Voice {
    playing: Playing<Sound>,
    decoder: Decoder,
    clocks: VecDeque<Clock>,
    cut: Option<Cut>,
    /// Position behind the newest packet.
    newest: Option<u32>,
    /// Position of the next frame, as far as it is known.
    next: Option<u32>,
    played: Option<u32>,
    fec_recovered: u64,
    frame: Vec<f32>,
    /// The number of the first sample in it, where that is known.
    first: Option<u32>,
    drift: Drift,
    /// The frames of which something waits to be heard, and the last before them.
    marks: VecDeque<Mark>,
}

/// A frame on its way through the stretcher.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// So many samples were stretched when it is over.
    end: u64,
    /// The number of its first sample, where that is known.
    number: Option<u32>,
    /// So far was heard then.
    played: Option<u32>,
}

impl Voice {
    /// Nothing has come.
    pub fn new() -> Result<Self, OpusError> {
        Ok(Self {
            playing: Playing::new(Options::default()),
            decoder: Decoder::new(RATE_HZ)?,
            clocks: VecDeque::with_capacity(CLOCKS),
            cut: None,
            newest: None,
            next: None,
            played: None,
            fec_recovered: 0,
            frame: Vec::with_capacity(FRAME_SAMPLES),
            first: None,
            drift: Drift::new(),
            marks: VecDeque::new(),
        })
    }

    /// A packet came.
    pub fn push(&mut self, now_us: u64, sequence: u16, position: u32, payload: Bytes) {
        let end = position.wrapping_add(FRAME_SAMPLES as u32);
        if self.newest.is_none_or(|newest| is_before(newest, end)) {
            self.newest = Some(end);
        }
        let sound = Sound { position, payload };
        let packet = Packet {
            sequence,
            timestamp: position,
            payload: sound,
        };
        self.playing.push(now_us, packet);
    }

    /// What `face_clock` says: the sample of this number is at this position, and so on until the next.
    pub fn on_clock(&mut self, position: u32, sample: u32) {
        if self.clocks.len() == CLOCKS {
            self.clocks.pop_front();
        }
        self.clocks.push_back(Clock { position, sample });
    }

    /// What `playout_flush` says: of what is here, the samples from this number on are not played.
    pub fn flush(&mut self, from_sample: u32) {
        let Some(newest) = self.newest else {
            return;
        };
        let until = newest.wrapping_add(STRAGGLERS);
        let has_begun = self.flush_stretched(from_sample);
        self.cut = Some(Cut {
            from_sample,
            until,
            has_begun,
        });
    }

    /// The same for what waits to be stretched; whether it fades away there, because there is enough of it to.
    fn flush_stretched(&mut self, from_sample: u32) -> bool {
        let (heard, frame) = (self.drift.heard(), FRAME_SAMPLES as u64);
        let mut waiting = self.marks.iter().filter(|mark| mark.end > heard);
        // Where the first sample lies that is called back, and its number.
        let first = waiting.find_map(|mark| {
            let number = mark.number?;
            let kept = from_sample.wrapping_sub(number).cast_signed();
            let kept = u64::try_from(kept).unwrap_or(0);
            (kept < frame).then(|| (mark.end - frame + kept, number.wrapping_add(kept as u32)))
        });
        let Some((at, number)) = first else {
            return false;
        };
        let end = at.max(heard + FADE as u64);
        if end > self.drift.pushed() {
            return false;
        }
        self.drift.cut((end - heard) as usize, FADE);
        // Nobody hears what lies behind.
        let last = number.wrapping_add((end - at) as u32);
        let waiting = self.marks.iter_mut().filter(|mark| mark.end > heard);
        let played = waiting.map(|mark| &mut mark.played);
        for played in played.chain([&mut self.played]).flatten() {
            if is_before(last, *played) {
                *played = last;
            }
        }
        true
    }

    /// Her sound for the next samples of the ear's device, at its own pace: however its clock differs from
    /// hers, nothing is dropped or doubled. The smaller its pieces, the less sound has to wait.
    pub fn play(&mut self, now_us: u64, out: &mut [f32]) {
        self.drift.set_speed(self.speed());
        while self.drift.needs(out.len()) > 0 {
            let ahead = self.drift.held() as i64 - out.len() as i64;
            let ahead_us = ahead * 1_000_000 / i64::from(RATE_HZ);
            self.playing.set_held(ahead_us);
            self.beat(now_us);
            self.drift.push(&self.frame);
            self.marks.push_back(Mark {
                end: self.drift.pushed(),
                number: self.first,
                played: self.played,
            });
        }
        self.drift.pull_into(out);
        let heard = self.drift.heard();
        // What was heard stays at the front.
        while self.marks.get(1).is_some_and(|mark| mark.end <= heard) {
            self.marks.pop_front();
        }
    }

    /// Her sound for the next 20 ms. Called on every beat: each [`FRAME_US`], divided by
    /// [`Voice::speed`].
    pub fn beat(&mut self, now_us: u64) -> &[f32] {
        let step = FRAME_SAMPLES as u32;
        let mut is_hers = true;
        let (decoded, position) = match self.playing.pull(now_us) {
            Played::Packet(sound) => (self.decoder.decode(&sound.payload), Some(sound.position)),
            Played::Recover(behind) => {
                if has_copy(&behind.payload) {
                    self.fec_recovered += 1;
                }
                let position = behind.position.wrapping_sub(step);
                (self.decoder.recover(&behind.payload), Some(position))
            }
            Played::Conceal => {
                is_hers = false;
                (self.decoder.conceal(), self.next)
            }
            Played::Silence => (Ok(&[][..]), None),
        };
        self.frame.clear();
        // What is no Opus is silent, and takes as long.
        self.frame.extend(decoded.unwrap_or_default());
        self.frame.resize(FRAME_SAMPLES, 0.0);
        self.next = position.map(|position| position.wrapping_add(step));
        self.first = position.and_then(|position| self.number(position));
        if let Some(position) = position {
            self.note(position, is_hers);
        }
        &self.frame
    }

    /// How much faster than the sender's clock the ear should play; see [`Playing::speed`].
    pub fn speed(&self) -> f64 {
        self.playing.speed()
    }

    /// Number of the sample behind the last one that was heard; `None`: nothing of her yet.
    pub fn played(&self) -> Option<u32> {
        let Some(mark) = self.marks.front() else {
            return self.played;
        };
        let is_heard = mark.end <= self.drift.heard();
        mark.played.filter(|_| is_heard)
    }

    /// Sound that waits, in microseconds, to be stretched as well: what the jitter buffer adds to the way.
    pub fn waiting_us(&self) -> u64 {
        let stretched = self.drift.pushed() - self.drift.heard();
        let stretched_us = stretched * 1_000_000 / u64::from(RATE_HZ);
        (self.playing.waiting_us() + stretched_us).min(FRAME_US * 50)
    }

    /// Adds what became of her packets.
    pub(crate) fn count(&self, stats: &mut Stats) {
        let packets = self.playing.stats();
        stats.received = packets.received;
        stats.lost = packets.missing;
        stats.late = packets.late;
        stats.duplicates = packets.duplicates;
        stats.fec_recovered = self.fec_recovered;
        stats.concealed = self.playing.concealed().saturating_sub(self.fec_recovered);
    }

    /// The frame at this position is about to be heard, as far as it was not called back. What the decoder
    /// made up holds nothing of hers.
    fn note(&mut self, position: u32, is_hers: bool) {
        if self.cut.is_some_and(|cut| !is_before(position, cut.until)) {
            self.cut = None;
        }
        let Some(number) = self.number(position) else {
            return;
        };
        let mut heard = FRAME_SAMPLES;
        if let Some(cut) = &mut self.cut {
            let kept = cut.from_sample.wrapping_sub(number).cast_signed();
            let kept = usize::try_from(kept).unwrap_or(0);
            if kept < FRAME_SAMPLES {
                // Once it fades away, and then it is silent.
                let fade = if cut.has_begun { 0 } else { FADE };
                cut.has_begun = true;
                heard = kept.max(fade);
                let (sound, dropped) = self.frame.split_at_mut(heard);
                dropped.fill(0.0);
                for (left, sample) in (0..fade).zip(sound.iter_mut().rev()) {
                    *sample *= left as f32 / FADE as f32;
                }
            }
        }
        // In silence the positions go on and her numbers do not.
        if is_hers && self.frame.iter().any(|sample| sample.abs() > SILENT) {
            self.played = Some(number.wrapping_add(heard as u32));
        }
    }

    fn number(&self, position: u32) -> Option<u32> {
        let clocks = self.clocks.iter().rev();
        let mut before = clocks.filter(|clock| !is_before(position, clock.position));
        let clock = before.next()?;
        Some(
            clock
                .sample
                .wrapping_add(position.wrapping_sub(clock.position)),
        )
    }
}

/// Whether one position lies before another, of which both wrap.
fn is_before(one: u32, other: u32) -> bool {
    one.wrapping_sub(other).cast_signed() < 0
}

#[cfg(test)]
mod tests {
    use janet_audio::opus::Encoder;
    use janet_audio::wav::to_s16;

    use super::*;

    /// Packets of a tone that goes on, as the server sends them.
    fn packets(count: u16) -> Vec<Bytes> {
        let mut encoder = Encoder::new().expect("an encoder");
        let tone = |n: usize| (n as f32 * 0.05).sin() * 0.3;
        let frame = |packet: usize| {
            let mut frame = [0; FRAME_SAMPLES];
            for (n, sample) in frame.iter_mut().enumerate() {
                *sample = to_s16(tone(packet * FRAME_SAMPLES + n));
            }
            frame
        };
        let all = 0..usize::from(count);
        all.map(|n| Bytes::copy_from_slice(encoder.encode(&frame(n)).expect("encoded")))
            .collect()
    }

    fn loud(frame: &[f32]) -> bool {
        frame.iter().any(|sample| sample.abs() > 0.1)
    }

    /// Plays a steady network without the packets for which `lost` holds; how many beats were loud.
    fn play(voice: &mut Voice, packets: &[Bytes], lost: impl Fn(usize) -> bool) -> usize {
        let mut beats = 0;
        for (n, packet) in packets.iter().enumerate() {
            let now_us = n as u64 * FRAME_US;
            if !lost(n) {
                voice.push(now_us, n as u16, n as u32 * 960, packet.clone());
            }
            beats += usize::from(loud(voice.beat(now_us)));
        }
        beats
    }

    #[test]
    fn her_voice_is_heard_and_her_samples_are_counted_by_the_clock() {
        let mut voice = Voice::new().expect("a decoder");
        voice.on_clock(312, 48_000);
        let beats = play(&mut voice, &packets(50), |_| false);
        assert!(beats >= 45, "{beats}");
        let played = voice.played().expect("she was heard");
        // The beats follow the packets within the jitter buffer's depth.
        let least = 48_000 + 960 * 45 - 312;
        assert!((least..=48_000 + 960 * 50).contains(&played), "{played}");
    }

    #[test]
    fn a_lost_packet_is_recovered_from_the_copy_in_the_next() {
        let mut voice = Voice::new().expect("a decoder");
        let beats = play(&mut voice, &packets(50), |n| n % 10 == 5);
        assert!(beats >= 45, "{beats}");
        let mut stats = Stats::default();
        voice.count(&mut stats);
        assert_eq!(stats.lost, 5);
        // One whose next packet is not here yet when its turn comes is made up.
        assert!((3..=5).contains(&stats.fec_recovered), "{stats:?}");
    }

    #[test]
    fn what_is_called_back_is_not_heard_and_what_follows_is() {
        let mut voice = Voice::new().expect("a decoder");
        voice.on_clock(0, 0);
        let packets = packets(60);
        play(&mut voice, &packets[..20], |_| false);
        // All that is here and not played.
        let played = voice.played().expect("she was heard");
        voice.flush(played);
        for n in 20..24u64 {
            let frame = voice.beat(n * FRAME_US);
            // It fades away within the first beat.
            assert!(!loud(&frame[FADE..]), "beat {n}");
            assert!(
                n == 20 || frame.iter().all(|sample| sample.abs() < 0.1),
                "beat {n}"
            );
        }
        let heard = voice.played().expect("as before");
        assert!(heard - played <= FADE as u32, "{heard} after {played}");
        // She goes on with the same numbers at other positions.
        voice.on_clock(960 * 30, played);
        let mut beats = 0;
        for n in 30..60u64 {
            let packet = packets[n as usize].clone();
            voice.push(n * FRAME_US, n as u16 - 10, n as u32 * 960, packet);
            beats += usize::from(loud(voice.beat(n * FRAME_US)));
        }
        assert!(beats >= 24, "{beats}");
        assert!(voice.played().is_some_and(|now| now > played));
    }

    #[test]
    fn a_device_with_a_clock_of_its_own_hears_everything_once() {
        for slow_ppm in [-300.0, 300.0] {
            let mut voice = Voice::new().expect("a decoder");
            voice.on_clock(0, 0);
            let packets = packets(1500);
            let mut coming = packets.iter().enumerate().peekable();
            let (mut out, mut loud, mut quiet, mut last) = ([0.0; 240], 0, 0, 0);
            // 5 ms of the device's, thirty seconds long.
            for tick in 0..5990_u64 {
                let now_us = tick * 5000;
                let sent_us = |n: usize| n as f64 * FRAME_US as f64 * (1.0 + slow_ppm / 1e6);
                while let Some((n, packet)) = coming.next_if(|(n, _)| sent_us(*n) <= now_us as f64)
                {
                    voice.push(now_us, n as u16, n as u32 * 960, packet.clone());
                }
                voice.play(now_us, &mut out);
                match loud_at_all(&out) {
                    true => loud += 1,
                    false => quiet += 1,
                }
                let played = voice.played().unwrap_or_default();
                let step = played.wrapping_sub(last);
                assert!(step <= 960, "{step} samples at once");
                last = played;
            }
            let mut stats = Stats::default();
            voice.count(&mut stats);
            assert_eq!((stats.lost, stats.late, stats.concealed), (0, 0, 0));
            assert!(quiet < 12 && loud > 5900, "{quiet} of {loud} were silent");
            // What is behind: the jitter buffer's depth, and a frame.
            assert!((960 * 1490..=960 * 1500).contains(&last), "{last}");
        }
    }

    #[test]
    fn what_waits_to_be_stretched_is_counted_and_called_back_as_well() {
        let mut voice = Voice::new().expect("a decoder");
        voice.on_clock(0, 0);
        let packets = packets(60);
        let mut tick = 0_u64;
        // 5 ms of the device's.
        let mut next = |voice: &mut Voice| {
            let (now_us, mut out) = (tick * 5000, [0.0; 240]);
            if tick.is_multiple_of(4) {
                let n = tick / 4;
                voice.push(
                    now_us,
                    n as u16,
                    n as u32 * 960,
                    packets[n as usize].clone(),
                );
            }
            let waited_us = voice.waiting_us();
            voice.play(now_us, &mut out);
            tick += 1;
            (out, waited_us.saturating_sub(voice.waiting_us()))
        };
        for n in 0..120 {
            let (_, less_us) = next(&mut voice);
            let is_steady = (4800..5200).contains(&less_us);
            assert!(n < 40 || is_steady, "5 ms were heard: {less_us} µs");
        }
        while voice.drift.held() < 700 {
            next(&mut voice);
        }
        let played = voice.played().expect("she was heard");
        let since = voice.drift.heard() - voice.marks[0].end;
        voice.flush(played);
        let sound: Vec<f32> = (0..10).flat_map(|_| next(&mut voice).0).collect();
        let loud = sound.iter().filter(|sample| sample.abs() > 0.01).count();
        assert!(loud < FADE + 24 && loud > FADE / 2, "{loud} samples");
        let steps = sound.windows(2).map(|two| (two[1] - two[0]).abs());
        assert!(steps.fold(0.0, f32::max) < 0.03, "it fades away");
        // What had been heard behind the last whole frame, and what faded away.
        let heard = voice.played().expect("as before") - played;
        assert_eq!(u64::from(heard), since + FADE as u64);
    }

    fn loud_at_all(sound: &[f32]) -> bool {
        sound.iter().any(|sample| sample.abs() > 0.01)
    }

    #[test]
    fn garbage_is_silent_and_changes_nothing() {
        let mut voice = Voice::new().expect("a decoder");
        voice.on_clock(0, 0);
        for n in 0..20u16 {
            let garbage = Bytes::from_static(&[0xFF; 7]);
            voice.push(u64::from(n) * FRAME_US, n, u32::from(n) * 960, garbage);
            assert_eq!(voice.beat(u64::from(n) * FRAME_US).len(), FRAME_SAMPLES);
        }
    }
}
