use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// So long after what was before, this happens.
type Step = (u64, Event);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let pause = prop_oneof![
        4 => 0..2_000_u64,
        2 => 0..60_000_u64,
        1 => 0..3_000_000_u64,
    ];
    // What leads somewhere comes more often than chance would have it.
    let event = prop_oneof![
        3 => proptest::sample::select(Event::ALL.to_vec()),
        1 => Just(Event::Answer),
        1 => Just(Event::MediaUp),
        1 => Just(Event::Accept),
    ];
    let first = prop_oneof![Just(Event::Call), Just(Event::Ring)];
    (first, proptest::collection::vec((pause, event), 0..24)).prop_map(|(first, mut steps)| {
        steps.insert(0, (0, first));
        steps
    })
}

/// What somebody who watches a call from outside knows of it.
#[derive(Default)]
struct Watcher {
    /// The client agreed, and no way was lost since.
    agreed: bool,
    /// Media is up.
    up: bool,
    /// Voice flows, by what was ordered.
    flows: bool,
    /// It waits, by what was ordered.
    held: bool,
    ends: Vec<(Mono, End)>,
}

impl Watcher {
    fn see(&mut self, now: Mono, machine: &Machine, out: &[Action]) -> Result<(), TestCaseError> {
        for action in out {
            prop_assert!(self.ends.is_empty(), "{action:?} after the end");
            match action {
                Action::Open | Action::GoOn => {
                    prop_assert!(!self.flows && self.up, "opened without media, or twice");
                    prop_assert_eq!(self.held, *action == Action::GoOn, "what is held goes on");
                    (self.flows, self.held) = (true, false);
                }
                Action::Close | Action::Hold => {
                    prop_assert!(self.flows, "closed twice");
                    (self.flows, self.held) = (false, *action == Action::Hold);
                }
                Action::Connected => prop_assert!(self.up),
                Action::End(end) => self.ends.push((now, *end)),
                Action::Ring | Action::Offer | Action::State(_) => {}
            }
        }
        let state = machine.state();
        prop_assert_eq!(state == CallState::Ended, self.ends.len() == 1);
        prop_assert_eq!(self.flows, state == CallState::Connected);
        if matches!(state, CallState::Connected | CallState::OnHold) {
            prop_assert!(self.up, "{state:?} without media");
        }
        if let Some((due, _)) = machine.poll_timeout() {
            prop_assert!(due > now, "a timer that is over");
        }
        Ok(())
    }
}

/// Plays the steps; with `eager`, the owner calls at each timer's moment as well.
fn play(steps: &[Step], eager: bool) -> Result<(Machine, Watcher, Mono), TestCaseError> {
    let (mut machine, mut watcher) = (Machine::new(), Watcher::default());
    let (mut now, mut out) = (Mono::ZERO, Vec::new());
    for (pause, event) in steps {
        now = now + Duration::from_millis(*pause);
        if eager {
            while let Some((due, _)) = machine.poll_timeout().filter(|(due, _)| *due <= now) {
                machine.handle_timeout(due, &mut out);
                watcher.see(due, &machine, &out)?;
                out.clear();
            }
        }
        let before = machine.clone();
        let foreseen = machine.check(now, *event);
        let taken = machine.handle(now, *event, &mut out);
        prop_assert_eq!(foreseen, taken);
        if taken.is_err() {
            let (mut idle, mut due) = (before, Vec::new());
            idle.handle_timeout(now, &mut due);
            prop_assert_eq!(idle.state, machine.state, "a refusal changed the call");
            prop_assert_eq!(&due, &out);
        }
        // Nothing is up before the client has agreed: what the media says sooner is not true.
        match event {
            Event::Answer if taken.is_ok() => watcher.agreed = true,
            Event::MediaUp if watcher.agreed => watcher.up = true,
            Event::MediaLost | Event::MediaLeft => {
                (watcher.agreed, watcher.up) = (false, false);
            }
            _ => {}
        }
        watcher.see(now, &machine, &out)?;
        out.clear();
    }
    Ok((machine, watcher, now))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn voice_flows_only_over_media_and_nothing_comes_behind_the_end(steps in steps(), eager: bool) {
        play(&steps, eager)?;
    }

    #[test]
    fn a_call_ends_once_and_at_the_latest_with_its_last_timer(steps in steps()) {
        let (mut machine, mut watcher, now) = play(&steps, true)?;
        let mut out = Vec::new();
        let mut now = now;
        // One timer at a time, and it is the last.
        if let Some((due, _)) = machine.poll_timeout() {
            now = due;
            machine.handle_timeout(due, &mut out);
            watcher.see(due, &machine, &out)?;
            prop_assert_eq!(machine.state(), CallState::Ended);
            out.clear();
        }
        // What has no timer is over, or ends with its media.
        if machine.state() != CallState::Ended {
            prop_assert_eq!(machine.state(), CallState::Connected);
            machine.handle(now, Event::MediaLost, &mut out).expect("news are never refused");
            watcher.up = false;
            watcher.see(now, &machine, &out)?;
        }
        prop_assert_eq!(watcher.ends.len(), 1);
        let (at, end) = watcher.ends[0];
        let whole = at.since(end.began).as_millis() as u64;
        prop_assert!(end.duration_ms <= whole, "{end:?} of {whole} ms");
        prop_assert!(!end.missed || (end.direction == CallDirection::Incoming && end.duration_ms == 0));
    }

    #[test]
    fn how_late_the_timers_are_looked_at_changes_nothing(steps in steps()) {
        let (eager, watched, _) = play(&steps, true)?;
        let (lazy, seen, _) = play(&steps, false)?;
        prop_assert_eq!(eager.state, lazy.state);
        let ends = |watcher: &Watcher| watcher.ends.iter().map(|(_, end)| *end).collect::<Vec<_>>();
        prop_assert_eq!(ends(&watched), ends(&seen));
    }
}
