use janet_audio::{LineOptions, Playout, Pulled};
use janet_models::visemes::{NAMES, VisemeFrame};
use janet_models::vits::PhonemeTime;
use janet_talk::PhraseId;

use super::*;

const TICK_US: u64 = 10_000;
const REPLY: ReplyId = ReplyId(1);

/// A reply whose sound lies in a line, and its client.
struct Scene {
    line: Line,
    playout: Playout,
    live: HashMap<ReplyId, Live>,
    now: Mono,
    /// Frames as they came; a closing one by itself is marked.
    frames: Vec<(FaceFrame, bool)>,
    sounded: Vec<u32>,
}

fn phonemes(mouth: &[(char, u64)]) -> Mouth {
    let mut at = 0;
    let times = mouth.iter().map(|(symbol, samples)| {
        at += samples;
        PhonemeTime {
            symbol: *symbol,
            start_sample: at - samples,
            end_sample: at,
        }
    });
    Mouth::Phonemes(times.collect())
}

fn piece(rate_hz: u32, mouth: Mouth) -> Piece {
    Piece {
        phrase: PhraseId(0),
        samples: Vec::new(),
        rate_hz,
        upto_byte: 0,
        last: false,
        mouth,
    }
}

impl Scene {
    /// Two seconds of her voice at a play rate, behind others' sound of so many samples.
    fn new(line_hz: u32, behind: usize, mouth: Mouth) -> Self {
        let (mut line, playout) =
            Line::new(line_hz, LineOptions::default()).expect("an allowed rate");
        line.stage(&vec![0.1; behind]);
        let staged = line.stage(&vec![0.1; 2 * line_hz as usize]);
        let mut live = Live::new();
        live.rate_hz = line_hz;
        live.base = Some(staged.first);
        live.made = staged.taken as u64;
        live.course.take(0, &piece(22_050, mouth));
        Self {
            line,
            playout,
            live: HashMap::from([(REPLY, live)]),
            now: Mono::from_millis(1000),
            frames: Vec::new(),
            sounded: Vec::new(),
        }
    }

    fn run(&mut self, ticks: usize) {
        for _ in 0..ticks {
            tick(&mut self.line, self.now, &self.live);
            self.listen();
            self.now = Mono(self.now.0 + TICK_US);
        }
    }

    fn listen(&mut self) {
        let rate_hz = self.playout.rate_hz();
        while let Some(pulled) = self.playout.pull() {
            match pulled {
                Pulled::Sound(chunk) => {
                    self.sounded.push(chunk.first_sample);
                    let frame = chunk.cue.map(|cue| (FaceFrame::of(cue, rate_hz), false));
                    self.frames.extend(frame);
                }
                Pulled::Cue(cue) => self.frames.push((FaceFrame::of(cue, rate_hz), true)),
                Pulled::Flush { .. } => {}
            }
        }
    }

    fn positions(&self) -> Vec<u32> {
        self.frames
            .iter()
            .map(|(frame, _)| frame.at_sample)
            .collect()
    }
}

const CLOSED: [u8; VISEMES] = [255, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn of(frame: &FaceFrame, viseme: Viseme) -> u8 {
    frame.weights[usize::from(viseme.as_u8())]
}

#[test]
fn there_is_a_frame_for_every_800_samples_at_48_khz_and_no_other() {
    for (line_hz, behind) in [(24_000, 0), (24_000, 1001), (48_000, 0), (48_000, 799)] {
        let mut scene = Scene::new(line_hz, behind, phonemes(&[('a', 44_100)]));
        scene.run(300);
        let times = RATE_HZ / line_hz;
        let (begin, end) = (behind as u32 * times, behind as u32 * times + 96_000);
        let first = begin.next_multiple_of(FRAME_SAMPLES);
        let expected: Vec<u32> = (first..end).step_by(800).collect();
        assert_eq!(scene.positions(), expected, "{line_hz} Hz behind {behind}");
        assert_eq!(expected.len(), 120, "60 in a second");
    }
}

#[test]
fn each_phoneme_shows_at_its_own_samples() {
    // 22,050 Hz: 100 ms are 2205 samples, and 4800 on the wire.
    let table = [
        (' ', 2205),
        ('m', 2205),
        ('ɑ', 4410),
        ('f', 2205),
        ('u', 4410),
    ];
    let mut scene = Scene::new(24_000, 500, phonemes(&table));
    scene.run(300);
    for (viseme, from, to) in [
        (Viseme::M, 100, 200),
        (Viseme::A, 200, 400),
        (Viseme::F, 400, 500),
        (Viseme::U, 500, 700),
    ] {
        let middle = 1000 + 48 * (from + to) / 2;
        let nearest = scene
            .frames
            .iter()
            .min_by_key(|(frame, _)| frame.at_sample.abs_diff(middle))
            .expect("120");
        assert!(of(&nearest.0, viseme) > 200, "{viseme:?}: {nearest:?}");
        let shown = scene.frames.iter().filter(|(f, _)| of(f, viseme) > 127);
        for (frame, _) in shown {
            let at = frame.at_sample;
            assert!(
                (1000 + 48 * from - 480..=1000 + 48 * to + 480).contains(&at),
                "{at}"
            );
        }
    }
}

#[test]
fn held_she_closes_her_mouth_and_goes_on_at_the_same_frames() {
    let mut scene = Scene::new(48_000, 0, phonemes(&[('a', 44_100)]));
    scene.run(60);
    let known = scene.frames.clone();
    scene.line.pause(scene.now.0).expect("it holds sound");
    let held = scene.line.next_sample();
    scene.line.cue(closed(held));
    scene.frames.clear();
    scene.run(20);
    let closing = FaceFrame {
        at_sample: held as u32,
        weights: CLOSED,
    };
    assert_eq!(
        scene.frames,
        [(closing, true)],
        "and nothing while she is held"
    );
    scene.frames.clear();
    scene.line.resume();
    scene.run(300);
    let first = (held as u32).next_multiple_of(FRAME_SAMPLES);
    assert_eq!(scene.frames[0].0.at_sample, first);
    let again = known.iter().filter(|(frame, _)| frame.at_sample >= first);
    for (before, after) in again.zip(&scene.frames) {
        assert_eq!(before, after, "the same shapes at the same samples");
    }
    assert_eq!(scene.positions().last(), Some(&(96_000 - 800)));
}

#[test]
fn what_is_flushed_shows_no_frame_and_the_next_reply_has_its_own() {
    let mut scene = Scene::new(24_000, 0, phonemes(&[('a', 44_100)]));
    scene.run(30);
    let at = scene.line.flush(scene.now.0).from;
    scene.line.cue(closed(at));
    let old = scene.live.get_mut(&REPLY).expect("it is there");
    old.course.truncate(0);
    scene.frames.clear();
    // Of the next one nobody knows anything yet.
    let staged = scene.line.stage(&vec![0.1; 12_000]);
    let mut next = Live::new();
    next.rate_hz = 24_000;
    next.base = Some(staged.first);
    next.made = 12_000;
    next.course
        .take(0, &piece(24_000, Mouth::Audio(Vec::new())));
    // Then her own voice speaks.
    let own = phonemes(&[('u', 22_050)]);
    next.course.take(12_000, &piece(22_050, own));
    scene.live.insert(ReplyId(2), next);
    scene.run(100);
    let first = staged.first as u32 * 2;
    let expected: Vec<u32> = std::iter::once(at as u32 * 2)
        .chain((first.next_multiple_of(800)..first + 24_000).step_by(800))
        .collect();
    assert_eq!(scene.positions(), expected);
    let begins = scene
        .frames
        .iter()
        .position(|(frame, _)| frame.at_sample >= first + 12_000);
    let (shut, shapes) = scene.frames.split_at(begins.expect("her own voice's"));
    assert!(shut.iter().all(|(frame, _)| frame.weights == CLOSED));
    let shapes = &shapes[3..9];
    assert!(shapes.iter().all(|(frame, _)| of(frame, Viseme::U) > 200));
    assert!(shapes.iter().all(|(frame, _)| of(frame, Viseme::A) == 0));
}

#[test]
fn positions_wrap_as_the_numbers_do() {
    let cue = closed(u64::from(u32::MAX) + 1 + 400);
    assert_eq!(FaceFrame::of(cue, 24_000).at_sample, 800);
    let cue = closed(1 << 31);
    assert_eq!(FaceFrame::of(cue, 24_000).at_sample, 0);
    assert_eq!(FaceFrame::of(cue, 48_000).at_sample, 1 << 31);
}

#[test]
fn the_network_and_the_face_name_the_shapes_alike() {
    assert_eq!(Viseme::ALL.map(Viseme::name), NAMES);
}

/// Frames as a network gives them: wholly this shape each.
fn read(shapes: &[Viseme]) -> Mouth {
    let frames = shapes.iter().enumerate().map(|(at, shape)| {
        let mut weights = Weights::default();
        weights[usize::from(shape.as_u8())] = 1.0;
        VisemeFrame {
            at_sample: at as u64 * u64::from(FRAME_SAMPLES),
            weights,
        }
    });
    Mouth::Audio(frames.collect())
}

#[test]
fn where_phonemes_are_not_told_each_frame_shows_what_was_read_from_its_sound() {
    let mut shapes = vec![Viseme::A; 60];
    shapes.extend([Viseme::M; 60]);
    for (line_hz, behind) in [(24_000, 0), (24_000, 100), (48_000, 399)] {
        let mut scene = Scene::new(line_hz, behind, read(&shapes));
        scene.run(300);
        assert_eq!(scene.frames.len(), 120, "60 in a second");
        for (frame, _) in &scene.frames {
            // So far the position is from where the first shape's last frame ends.
            let at = frame.at_sample as i64 - behind as i64 * i64::from(RATE_HZ / line_hz);
            let is_first = of(frame, Viseme::A) > 127;
            assert!(at == 48_000 || (at < 48_000) == is_first, "{at}: {frame:?}");
            assert!(
                frame
                    .weights
                    .iter()
                    .map(|w| u32::from(*w))
                    .sum::<u32>()
                    .abs_diff(255)
                    <= 1,
                "{frame:?}"
            );
        }
    }
}

#[test]
fn the_last_frame_that_is_known_is_shown_a_moment_longer_and_no_more() {
    let mut scene = Scene::new(48_000, 0, read(&[Viseme::O; 60]));
    scene.run(300);
    let last = *scene.positions().last().expect("frames");
    let middle = 59 * 800 + 400;
    assert_eq!(last, (middle + HELD as u32) / 800 * 800, "100 ms later");
    let kept = scene.live.get_mut(&REPLY).expect("it is there");
    kept.course.truncate(24_000);
    assert!(kept.course.weights(23_999).is_some());
    assert!(kept.course.weights(24_000 + HELD).is_none(), "taken back");
}
