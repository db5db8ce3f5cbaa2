use super::super::Pulled;
use super::*;

const RATE: u32 = 24_000;
const TICK_US: u64 = 10_000;
const MS: u64 = RATE as u64 / 1000;

fn line() -> (Line, Playout) {
    Line::new(RATE, LineOptions::default()).expect("24 kHz is fine")
}

/// A sound whose samples tell where they are.
fn ramp(from: usize, len: usize) -> Vec<f32> {
    (from..from + len)
        .map(|i| (i % 30_000) as f32 / 32767.0)
        .collect()
}

fn pull_all(playout: &mut Playout) -> Vec<Chunk> {
    std::iter::from_fn(|| playout.pull())
        .map(|pulled| match pulled {
            Pulled::Sound(chunk) => chunk,
            Pulled::Flush { from_sample } => panic!("no flush is due, but one from {from_sample}"),
            Pulled::Cue(cue) => panic!("no cue is due, but {cue:?}"),
        })
        .collect()
}

/// Ticks and pulls until `until_us`, and returns the samples pulled.
fn run(line: &mut Line, playout: &mut Playout, now_us: &mut u64, until_us: u64) -> Vec<i16> {
    let mut out = Vec::new();
    while *now_us < until_us {
        line.tick(*now_us);
        out.extend(pull_all(playout).iter().flat_map(|c| c.samples().to_vec()));
        *now_us += TICK_US;
    }
    out
}

#[test]
fn the_transport_is_never_more_than_200_ms_ahead_and_gets_every_sample() {
    let (mut line, mut playout) = line();
    let sound = ramp(0, 48_123);
    assert_eq!(
        line.stage(&sound),
        Staged {
            first: 0,
            taken: 48_123
        }
    );
    let (mut now_us, mut out) = (5_000_000, Vec::new());
    let begin_us = now_us;
    while !line.is_dry(now_us) {
        line.tick(now_us);
        for chunk in pull_all(&mut playout) {
            assert_eq!(chunk.first_sample as usize, out.len());
            out.extend_from_slice(chunk.samples());
        }
        let due = (now_us - begin_us) * u64::from(RATE) / 1_000_000;
        assert!(out.len() as u64 <= due + 200 * MS, "{} at {due}", out.len());
        assert!(
            out.len() as u64 >= (due + 170 * MS).min(48_000),
            "{} at {due}",
            out.len()
        );
        now_us += TICK_US;
        assert!(now_us < begin_us + 3_000_000, "it must come to an end");
    }
    assert_eq!(out.len(), 48_123);
    assert!(
        out.iter()
            .enumerate()
            .all(|(i, &s)| usize::from(s as u16) == i % 30_000)
    );
}

#[test]
fn what_was_not_sent_can_be_taken_back_and_its_numbers_are_given_out_again() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 24_000));
    let mut now_us = 1_000_000;
    let mut out = run(&mut line, &mut playout, &mut now_us, 1_100_000);
    let sent = out.len();
    assert!(sent < 24_000);
    // More than is left: what is on its way to the ear stays, and 10 ms in which it fades out.
    let kept = sent + 10 * MS as usize;
    assert_eq!(line.take_back(u64::MAX), (24_000 - kept) as u64);
    assert_eq!(line.take_back(u64::MAX), 0);
    let other = line.stage(&ramp(100, 12_000));
    assert_eq!(other.first, kept as u64);
    out.extend(run(&mut line, &mut playout, &mut now_us, 3_000_000));
    assert_eq!(out.len(), kept + 12_000);
    assert!(out[sent..kept].windows(2).all(|pair| pair[1] <= pair[0]));
    assert_eq!((out[kept - 1], out[kept]), (0, 100));
    assert_eq!(line.take_back(u64::MAX), 0);
}

#[test]
fn a_phrase_of_which_nothing_was_sent_is_taken_back_whole() {
    let (mut line, _playout) = line();
    line.stage(&ramp(0, 2400));
    line.stage(&ramp(100, 2400));
    assert_eq!(line.take_back(2400), 2400);
    assert_eq!(line.end(), 2400);
}

#[test]
fn what_is_taken_back_while_held_is_gone_for_a_client_that_has_heard_more() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 24_000));
    let mut now_us = 0;
    run(&mut line, &mut playout, &mut now_us, 400_000);
    line.played(200 * MS as u32, now_us);
    line.pause(now_us).expect("the client holds sound");
    assert!(matches!(playout.pull(), Some(Pulled::Flush { .. })));
    assert_eq!(line.take_back(u64::MAX), 24_000 - 210 * MS);
    // It says only now where it stopped: behind what there is.
    line.played(217 * MS as u32, now_us);
    assert_eq!(line.queued_samples(), 0);
    assert_eq!(line.heard(now_us), 210 * MS);
    assert_eq!(line.stage(&ramp(100, 2400)).first, 210 * MS);
    assert!(line.resume());
    assert_eq!(
        run(&mut line, &mut playout, &mut now_us, 900_000).len(),
        2400
    );
}

#[test]
fn staging_is_bounded() {
    let options = LineOptions {
        staged: Duration::from_millis(100),
        ..LineOptions::default()
    };
    let (mut line, _playout) = Line::new(RATE, options).expect("24 kHz is fine");
    assert_eq!(line.stage(&ramp(0, 2000)).taken, 2000);
    assert_eq!(
        line.stage(&ramp(0, 2000)),
        Staged {
            first: 2000,
            taken: 400
        }
    );
    assert_eq!(
        line.stage(&ramp(0, 2000)),
        Staged {
            first: 2400,
            taken: 0
        }
    );
    line.tick(0);
    assert_eq!(line.room_samples(), 2400);
}

#[test]
fn with_reports_heard_is_the_report_carried_on() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 48_000));
    let mut now_us = 0;
    run(&mut line, &mut playout, &mut now_us, 300_000);
    line.played(2400, 300_000);
    assert_eq!(line.heard(300_000), 2400);
    assert_eq!(line.heard(350_000), 3600);
    // A report that lies or goes back changes nothing for the worse.
    line.played(2000, 310_000);
    assert_eq!(line.heard(350_000), 3600);
    line.played(4_000_000_000, 320_000);
    assert!(line.heard(350_000) <= 500 * MS);
}

#[test]
fn without_reports_heard_is_the_pacers_position_less_200_ms() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 24_000));
    let mut now_us = 0;
    run(&mut line, &mut playout, &mut now_us, 210_000);
    assert_eq!(line.heard(now_us), 0);
    run(&mut line, &mut playout, &mut now_us, 510_000);
    assert_eq!(line.heard(now_us), 300 * MS);
    run(&mut line, &mut playout, &mut now_us, 1_000_000);
    line.played(770 * MS as u32, 1_000_000);
    assert_eq!(line.heard(1_000_000), 770 * MS);
    // 500 ms later the report is stale, and all but 200 ms of the whole has been played for long.
    assert_eq!(line.heard(1_499_000), 1000 * MS);
    assert!(!line.is_dry(1_100_000) && line.is_dry(1_300_000));
}

#[test]
fn nobody_hears_what_nobody_pulled() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 24_000));
    for i in 0..300 {
        line.tick(i * TICK_US);
    }
    assert_eq!(line.heard(3_000_000), 0);
    let mut now_us = 3_000_000;
    // Time starts when it is pulled.
    run(&mut line, &mut playout, &mut now_us, 3_110_000);
    assert!(line.heard(now_us) <= 100 * MS);
}

#[test]
fn a_pause_stops_at_the_ear_and_a_resume_goes_on_there() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 24_000));
    let mut now_us = 0;
    let first = run(&mut line, &mut playout, &mut now_us, 400_000);
    line.played(300 * MS as u32, now_us);
    let flush = line.pause(now_us).expect("the client holds sound");
    assert_eq!(flush.from, 310 * MS);
    assert!(line.is_held() && line.pause(now_us).is_none());
    let Some(Pulled::Flush { from_sample }) = playout.pull() else {
        panic!("a flush is due")
    };
    assert_eq!(from_sample, flush.from_sample);
    // The client stopped a little later than it was told.
    line.played(333 * MS as u32, now_us + 50_000);
    assert!(run(&mut line, &mut playout, &mut now_us, 900_000).is_empty());
    assert_eq!(line.heard(now_us), 333 * MS);
    assert!(line.resume());
    let second = run(&mut line, &mut playout, &mut now_us, 2_000_000);
    assert_eq!(first.len() as u64, (380 + 200) * MS);
    assert_eq!(second.len() as u64, (1000 - 333) * MS);
    let fade = 10 * MS as usize;
    assert_eq!(second[0], 0);
    assert!(
        second[..fade].windows(2).all(|w| w[1] >= w[0]),
        "it fades in"
    );
    assert!((fade..second.len()).all(|i| second[i] as usize == i + 333 * MS as usize));
}

#[test]
fn a_flush_drops_all_and_gives_fresh_numbers() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 24_000));
    let mut now_us = 0;
    run(&mut line, &mut playout, &mut now_us, 400_000);
    line.played(300 * MS as u32, now_us);
    let flush = line.flush(now_us);
    assert_eq!(flush.from, 310 * MS);
    assert!(line.is_dry(now_us));
    assert_eq!(line.heard(now_us), 310 * MS);
    line.played(325 * MS as u32, now_us + 40_000);
    assert_eq!(line.heard(now_us + 40_000), 325 * MS);
    let staged = line.stage(&[0.0; 480]);
    assert_eq!(
        staged.first, 24_000,
        "a number is never used twice for different sound"
    );
    line.tick(now_us);
    assert!(matches!(
        playout.pull(),
        Some(Pulled::Flush { from_sample: 7440 })
    ));
    let Some(Pulled::Sound(chunk)) = playout.pull() else {
        panic!("the new sound is due")
    };
    assert_eq!((chunk.first_sample, chunk.epoch), (24_000, flush.epoch));
}

#[test]
fn a_pause_with_nothing_sent_still_holds() {
    let (mut line, mut playout) = line();
    assert_eq!(line.pause(0), None);
    line.stage(&ramp(0, 480));
    let mut now_us = 0;
    assert!(run(&mut line, &mut playout, &mut now_us, 50_000).is_empty());
    assert!(line.resume() && !line.resume());
    assert_eq!(
        run(&mut line, &mut playout, &mut now_us, 100_000).len(),
        480
    );
}

#[test]
fn a_transport_that_pulls_nothing_gets_the_flush_once_it_does() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 96_000));
    let mut now_us = 0;
    run(&mut line, &mut playout, &mut now_us, 100_000);
    let mut lowest = u32::MAX;
    for _ in 0..100 {
        lowest = lowest.min(
            line.pause(now_us)
                .map_or(u32::MAX, |flush| flush.from_sample),
        );
        line.resume();
        line.tick(now_us);
        now_us += TICK_US;
    }
    let mut told = Vec::new();
    while let Some(pulled) = playout.pull() {
        if let Pulled::Flush { from_sample } = pulled {
            told.push(from_sample);
        }
    }
    assert_eq!(told.iter().min(), Some(&lowest));
}

#[test]
fn sound_that_a_pause_made_stale_is_not_pulled() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 24_000));
    assert_eq!(line.tick(0), 20);
    assert!(matches!(playout.pull(), Some(Pulled::Sound(chunk)) if chunk.samples().len() == 240));
    line.pause(5_000);
    assert!(matches!(
        playout.pull(),
        Some(Pulled::Flush { from_sample: 240 })
    ));
    assert!(playout.pull().is_none());
    line.resume();
    line.tick(10_000);
    assert!(matches!(playout.pull(), Some(Pulled::Sound(chunk)) if chunk.first_sample == 240));
}

#[test]
fn a_dry_spell_does_not_count_as_heard() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 4800));
    let mut now_us = 0;
    run(&mut line, &mut playout, &mut now_us, 250_000);
    line.played(4800, now_us);
    assert!(line.is_dry(now_us));
    // Nothing for 150 ms, then more: the client has played none of it, however old its report.
    run(&mut line, &mut playout, &mut now_us, 400_000);
    line.stage(&ramp(4800, 4800));
    run(&mut line, &mut playout, &mut now_us, 500_000);
    assert_eq!(line.heard(now_us), 4800);
    line.played(4900, now_us);
    assert_eq!(line.heard(now_us + 10_000), 5140);
}

#[test]
fn numbers_go_on_past_32_bits() {
    let (mut line, mut playout) = line();
    let near_wrap = u64::from(u32::MAX) - 1000;
    line.base = near_wrap;
    line.hold_at(near_wrap);
    line.sent = near_wrap;
    line.stage(&ramp(0, 24_000));
    let mut now_us = 0;
    let out = run(&mut line, &mut playout, &mut now_us, 300_000);
    assert_eq!(out.len() as u64, 480 * MS);
    line.played((near_wrap + 2400) as u32, now_us);
    assert_eq!(line.heard(now_us), near_wrap + 2400);
    let flush = line.pause(now_us).expect("the client holds sound");
    assert_eq!(flush.from_sample, (near_wrap + 2640) as u32);
}

#[test]
fn an_impossible_line_is_refused_by_name() {
    let refuse = |rate, ms| {
        let options = LineOptions {
            ahead: Duration::from_millis(ms),
            ..LineOptions::default()
        };
        Line::new(rate, options)
            .err()
            .expect("it is refused")
            .to_string()
    };
    assert_eq!(
        refuse(96_000, 200),
        "play rate 96000 Hz is outside 8000 to 48000 Hz"
    );
    assert_eq!(refuse(24_000, 5), "playout ahead of 5ms is less than 20 ms");
}

#[test]
fn what_sounds_around_the_ear_is_told_with_silence_where_nothing_was_played() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(1, 24_000));
    let mut now_us = 1_000_000;
    run(&mut line, &mut playout, &mut now_us, 1_500_000);
    let (before, after) = (Duration::from_millis(400), Duration::from_millis(300));
    let around = line.around_ear(now_us, before, after);
    assert_eq!(around.len() as u64, 700 * MS);
    let ear = line.heard(now_us);
    for (n, &sample) in around.iter().enumerate() {
        let number = ear as i64 - 400 * MS as i64 + n as i64;
        let sent = (0..line.next as i64).contains(&number);
        assert_eq!(
            i64::from(sample),
            if sent { number + 1 } else { 0 },
            "sample {number}"
        );
    }
    line.pause(now_us);
    let around = line.around_ear(now_us, before, after);
    assert!(
        around[400 * MS as usize + 240..].iter().all(|&s| s == 0),
        "dropped sound is not heard"
    );
}

#[test]
fn a_line_that_follows_another_goes_on_counting_and_tells_of_what_was_cut() {
    let (mut line, mut playout) = line();
    line.begin_at(5000, 4200);
    assert_eq!(line.stage(&ramp(0, 2400)).first, 5000);
    line.tick(1_000_000);
    assert!(matches!(
        playout.pull(),
        Some(Pulled::Flush { from_sample: 4200 })
    ));
    match playout.pull() {
        Some(Pulled::Sound(chunk)) => assert_eq!(chunk.first_sample, 5000),
        other => panic!("{other:?} instead of sound"),
    }
    let (mut whole, mut playout) = self::line();
    whole.begin_at(5000, 5000);
    whole.stage(&ramp(0, 2400));
    whole.tick(1_000_000);
    assert!(
        matches!(playout.pull(), Some(Pulled::Sound(_))),
        "nothing was cut"
    );
}

/// Cues every 400 samples, as a face has them; with the sample that each belongs to in its bytes.
fn every_400(range: std::ops::Range<u64>) -> Option<Cue> {
    let at = range.start.next_multiple_of(400);
    range.contains(&at).then(|| Cue {
        sample: at as u32,
        data: [(at / 400) as u8; 10],
    })
}

/// What was pulled: numbers of cues in their chunks, `None` for one by itself.
fn pull_cues(playout: &mut Playout) -> (Vec<u32>, Vec<Cue>) {
    let (mut along, mut alone) = (Vec::new(), Vec::new());
    while let Some(pulled) = playout.pull() {
        match pulled {
            Pulled::Sound(chunk) => {
                if let Some(cue) = chunk.cue {
                    let end = chunk.first_sample + chunk.samples().len() as u32;
                    assert!((chunk.first_sample..end).contains(&cue.sample));
                    along.push(cue.sample);
                }
            }
            Pulled::Cue(cue) => alone.push(cue),
            Pulled::Flush { .. } => assert!(alone.is_empty(), "a cue comes behind a flush"),
        }
    }
    (along, alone)
}

#[test]
fn cues_travel_with_their_chunks_across_a_pause_and_a_flush() {
    let (mut line, mut playout) = line();
    line.stage(&ramp(0, 24_000));
    let mut now_us = 0;
    let mut cues = Vec::new();
    while now_us < 500_000 {
        line.tick_with(now_us, &mut every_400);
        cues.extend(pull_cues(&mut playout).0);
        now_us += TICK_US;
    }
    let sent = line.next_sample();
    assert_eq!(
        cues,
        (0..sent as u32).step_by(400).collect::<Vec<_>>(),
        "each once"
    );
    // Held: what was in the ring is stale with its cues, and one by itself comes behind the flush.
    line.tick_with(now_us, &mut every_400);
    line.pause(now_us).expect("the client holds sound");
    let closed = Cue {
        sample: line.next_sample() as u32,
        data: [255; 10],
    };
    line.cue(closed);
    assert_eq!(pull_cues(&mut playout), (vec![], vec![closed]));
    let held = line.next_sample();
    assert!(held < sent);
    line.resume();
    line.tick_with(now_us, &mut every_400);
    let (again, _) = pull_cues(&mut playout);
    let first = held.next_multiple_of(400) as u32;
    assert_eq!(again[0], first, "from where it was held");
    line.flush(now_us);
    line.cue(closed);
    line.stage(&ramp(0, 4800));
    line.tick_with(now_us, &mut every_400);
    let (fresh, alone) = pull_cues(&mut playout);
    assert_eq!((fresh[0], alone), (24_000, vec![closed]));
}

#[test]
fn a_cue_without_room_waits_behind_its_flush() {
    let (mut line, mut playout) = line();
    let cue = |sample| Cue {
        sample,
        data: [0; 10],
    };
    line.stage(&ramp(0, 24_000));
    line.tick(0);
    for _ in 0..40 {
        line.cue(cue(1));
    }
    line.cue(cue(2));
    line.cue(cue(3));
    let (_, alone) = pull_cues(&mut playout);
    assert!(alone.iter().all(|known| known.sample == 1), "{alone:?}");
    assert_eq!(line.tick(0), 1);
    assert_eq!(pull_cues(&mut playout).1, [cue(3)], "of two the newer one");
}
