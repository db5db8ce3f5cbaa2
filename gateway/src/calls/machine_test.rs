use std::time::Duration;

use super::*;

/// The ways to each state that are told apart.
pub(super) const WAYS: [(&str, &[Event]); 13] = {
    use Event::*;
    [
        ("idle", &[]),
        ("ringing", &[Ring]),
        ("called", &[Call]),
        ("accepted", &[Ring, Accept]),
        ("agreed", &[Call, Answer]),
        ("spoken", &[Call, Speak]),
        ("spoken and agreed", &[Call, Speak, Answer]),
        ("spoken, no way", &[Call, Speak, MediaLost]),
        ("connected", &[Call, Answer, MediaUp]),
        ("held", &[Call, Answer, MediaUp, Hold]),
        ("resumed", &[Ring, Accept, Answer, MediaUp, Hold, Resume]),
        ("hung up", &[Call, HangUp]),
        ("declined", &[Ring, HangUp]),
    ]
};

/// A call that went that way, all of it at the moment zero.
pub(super) fn went(way: &[Event]) -> Machine {
    let (mut machine, mut out) = (Machine::new(), Vec::new());
    for event in way {
        let taken = machine.handle(Mono::ZERO, *event, &mut out);
        assert_eq!(taken, Ok(()), "{event:?} of {way:?}");
    }
    machine
}

/// What an event a second later does, in words.
fn told(machine: &Machine, event: Event) -> String {
    let (mut machine, mut out) = (machine.clone(), Vec::new());
    let before = format!("{machine:?}");
    let now = Mono::from_millis(1000);
    if let Err(refusal) = machine.handle(now, event, &mut out) {
        assert_eq!((before, out), (format!("{machine:?}"), vec![]), "{event:?}");
        return match refusal {
            Refusal::Busy => "busy",
            Refusal::UnknownCall => "none",
            Refusal::Unexpected => "no",
        }
        .to_owned();
    }
    if format!("{machine:?}") == before && out.is_empty() {
        return "-".to_owned();
    }
    let mut words = vec![format!("{:?}", machine.state())];
    for action in out {
        words.push(match action {
            Action::State(state) => format!("tell {state:?}"),
            Action::End(end) => {
                let missed = if end.missed { ", missed" } else { "" };
                format!("{:?} {}{missed}", end.reason, end.duration_ms)
            }
            other => format!("{other:?}"),
        });
    }
    if let Some((due, timer)) = machine.poll_timeout() {
        words.push(format!("{timer:?} {}", due.since(now).as_secs()));
    }
    words.join(" | ")
}

/// A way, what is usual in it, and what is different.
type Row = (&'static str, &'static str, Vec<(Event, String)>);

/// One row for each way and each event: what is not named here is refused or of no consequence, as the
/// first column of the way says.
#[test]
fn each_event_in_each_state_has_its_answer() {
    use Event::*;
    let lost = |reason: &str| format!("Ended | {reason}");
    // For every way: what the client's and Janet's requests are answered by unless something else stands in
    // the row, then what is different.
    let rows: [Row; 13] = [
        (
            "idle",
            "none",
            vec![
                (Call, "Connecting | Offer | Connect 30".into()),
                (Ring, "Ringing | Ring | Ring 45".into()),
            ],
        ),
        (
            "ringing",
            "no",
            vec![
                (Call, "busy".into()),
                (Ring, "busy".into()),
                (Accept, "Connecting | Offer | Connect 30".into()),
                (HangUp, lost("Declined 0")),
                (MediaLost, lost("Unreachable 0, missed")),
                (ClientGone, lost("ClientGone 0, missed")),
                (Superseded, lost("Superseded 0, missed")),
                (ShuttingDown, lost("ShuttingDown 0, missed")),
                (Failed, lost("Failed 0, missed")),
            ],
        ),
        ("called", "no", connecting("Connecting | Connect 30")),
        ("accepted", "no", connecting("Connecting | Connect 30")),
        (
            "agreed",
            "no",
            [
                connecting("no"),
                vec![(MediaUp, "Connected | Connected | Open".into())],
            ]
            .concat(),
        ),
        ("spoken", "no", spoken("Connecting | Speak 119", "-")),
        (
            "spoken and agreed",
            "no",
            spoken("no", "Connected | Connected | Open"),
        ),
        (
            "spoken, no way",
            "no",
            [
                spoken("no", "-"),
                vec![(MediaLeft, "-".into()), (MediaLost, "-".into())],
            ]
            .concat(),
        ),
        (
            "connected",
            "no",
            talking(
                "OnHold | Hold | tell OnHold | Hold 1800",
                "Connected | tell Connected",
                "Close | ",
            ),
        ),
        (
            "held",
            "no",
            talking(
                "OnHold | tell OnHold | Hold 1799",
                "Connected | GoOn | tell Connected",
                "",
            ),
        ),
        (
            "resumed",
            "no",
            talking(
                "OnHold | Hold | tell OnHold | Hold 1800",
                "Connected | tell Connected",
                "Close | ",
            ),
        ),
        ("hung up", "none", vec![]),
        ("declined", "none", vec![]),
    ];
    let news = [
        MediaUp,
        MediaLeft,
        MediaLost,
        ClientGone,
        Superseded,
        ShuttingDown,
        Failed,
    ];
    for ((name, way), (row, refused, different)) in WAYS.into_iter().zip(rows) {
        assert_eq!(name, row);
        let machine = went(way);
        for event in Event::ALL {
            let usual = if news.contains(&event) { "-" } else { refused };
            let named = different.iter().rev().find(|(other, _)| *other == event);
            let expected = named.map_or(usual, |(_, words)| words);
            assert_eq!(told(&machine, event), expected, "{event:?} when {name}");
        }
    }
}

fn connecting(answered: &str) -> Vec<(Event, String)> {
    use Event::*;
    let mut row = vec![
        (Call, "busy".to_owned()),
        (Ring, "busy".to_owned()),
        (Answer, answered.to_owned()),
        (Speak, "Connecting | Speak 120".to_owned()),
        (HangUp, "Ended | HungUp 0".to_owned()),
        (MediaLeft, "Ended | HungUp 0".to_owned()),
        (MediaLost, "Ended | Unreachable 0".to_owned()),
    ];
    row.extend(ends("", 0));
    row
}

fn spoken(answered: &str, up: &str) -> Vec<(Event, String)> {
    use Event::*;
    let lost = if answered == "no" && up == "-" {
        "-"
    } else {
        "Connecting | Speak 119"
    };
    let mut row = vec![
        (Call, "busy".to_owned()),
        (Ring, "busy".to_owned()),
        (Answer, answered.to_owned()),
        (Speak, "Connecting | Speak 120".to_owned()),
        (HangUp, "Ended | HungUp 1000".to_owned()),
        (MediaUp, up.to_owned()),
        (MediaLeft, lost.to_owned()),
        (MediaLost, lost.to_owned()),
    ];
    row.extend(ends("", 1000));
    row
}

fn talking(hold: &str, resume: &str, close: &str) -> Vec<(Event, String)> {
    use Event::*;
    let mut row = vec![
        (Call, "busy".to_owned()),
        (Ring, "busy".to_owned()),
        (Hold, hold.to_owned()),
        (Resume, resume.to_owned()),
        (HangUp, format!("Ended | {close}HungUp 1000")),
        (MediaLeft, format!("Ended | {close}HungUp 1000")),
        (MediaLost, format!("Ended | {close}NetworkLost 1000")),
    ];
    row.extend(ends(close, 1000));
    row
}

fn ends(close: &str, ms: u64) -> Vec<(Event, String)> {
    use Event::*;
    [ClientGone, Superseded, ShuttingDown, Failed]
        .map(|event| (event, format!("Ended | {close}{event:?} {ms}")))
        .to_vec()
}

fn ended(out: &[Action]) -> End {
    match out {
        [.., Action::End(end)] => *end,
        other => panic!("no end: {other:?}"),
    }
}

#[test]
fn what_is_waited_for_comes_or_the_call_ends() {
    let rows: [(&[Event], Timer, EndReason, u64, bool); 7] = {
        use Event::*;
        [
            (&[Ring], Timer::Ring, EndReason::Missed, 0, true),
            (&[Call], Timer::Connect, EndReason::TimedOut, 0, false),
            (
                &[Ring, Accept],
                Timer::Connect,
                EndReason::TimedOut,
                0,
                false,
            ),
            (
                &[Call, Answer],
                Timer::Connect,
                EndReason::TimedOut,
                0,
                false,
            ),
            (
                &[Call, Speak],
                Timer::Speak,
                EndReason::TimedOut,
                120_000,
                false,
            ),
            (
                &[Call, Speak, MediaLost],
                Timer::Speak,
                EndReason::TimedOut,
                120_000,
                false,
            ),
            (
                &[Call, Answer, MediaUp, Hold],
                Timer::Hold,
                EndReason::TimedOut,
                1_800_000,
                false,
            ),
        ]
    };
    for (way, timer, reason, duration_ms, missed) in rows {
        let mut machine = went(way);
        let due = Mono::ZERO + timer.span();
        assert_eq!(machine.poll_timeout(), Some((due, timer)), "{way:?}");
        let mut out = Vec::new();
        machine.handle_timeout(due - Duration::from_micros(1), &mut out);
        assert_eq!(out, [], "{way:?}");
        machine.handle_timeout(due, &mut out);
        let end = ended(&out);
        assert_eq!(
            (end.reason, end.duration_ms, end.missed),
            (reason, duration_ms, missed),
            "{way:?}"
        );
        assert_eq!(machine.poll_timeout(), None);
        out.clear();
        machine.handle_timeout(due, &mut out);
        assert_eq!(out, []);
    }
}

#[test]
fn each_step_of_setting_up_has_its_own_time() {
    let (mut machine, mut out) = (went(&[Event::Ring]), Vec::new());
    for (second, event, due) in [(44, Event::Accept, 74), (70, Event::Answer, 100)] {
        machine
            .handle(Mono::from_millis(second * 1000), event, &mut out)
            .expect("in time");
        let at = machine.poll_timeout().map(|(due, _)| due);
        assert_eq!(at, Some(Mono::from_millis(due * 1000)));
    }
    machine
        .handle(Mono::from_millis(99_000), Event::MediaUp, &mut out)
        .expect("in time");
    machine
        .handle(Mono::from_millis(200_000), Event::HangUp, &mut out)
        .expect("connected");
    let end = ended(&out);
    assert_eq!((end.began, end.duration_ms), (Mono::ZERO, 101_000));
    assert_eq!(end.direction, CallDirection::Incoming);
}

#[test]
fn who_answers_too_late_finds_the_call_missed() {
    let (mut machine, mut out) = (went(&[Event::Ring]), Vec::new());
    let late = Mono::from_millis(46_000);
    assert_eq!(
        machine.check(late, Event::Accept),
        Err(Refusal::UnknownCall)
    );
    assert_eq!(
        machine.handle(late, Event::Accept, &mut out),
        Err(Refusal::UnknownCall)
    );
    assert!(ended(&out).missed);
    assert_eq!(out.len(), 1);
}

#[test]
fn each_recording_gives_the_next_one_its_time_and_the_talk_began_with_the_first() {
    let (mut machine, mut out) = (went(&[Event::Call]), Vec::new());
    for second in [10, 100, 200] {
        machine
            .handle(Mono::from_millis(second * 1000), Event::Speak, &mut out)
            .expect("in time");
    }
    machine
        .handle(Mono::from_millis(300_000), Event::HangUp, &mut out)
        .expect("in time");
    assert_eq!(ended(&out).duration_ms, 290_000);
}
