//! The machine as data: `gateway/protocol/schema/call-vectors.json`, against which clients in other languages hold
//! their own.

use std::path::Path;

use serde_json::{Value, json};

use super::tests::{WAYS, went};
use super::*;

/// What to do when this test fails; see README.md.
const UPDATE: &str = "UPDATE_SCHEMA=1 cargo test -p janet-gateway call_vectors";
const CHECKED_IN: &str = include_str!("../../protocol/schema/call-vectors.json");

/// A call told as a story: what happens, and after how many ms.
type Story = (&'static str, &'static [(u64, Option<Event>)]);

/// `None`: nothing but time goes by.
const STORIES: [Story; 13] = {
    use Event::*;
    [
        (
            "the client calls, talks for a minute and hangs up",
            &[
                (0, Some(Call)),
                (400, Some(Answer)),
                (900, Some(MediaUp)),
                (60_900, Some(HangUp)),
            ],
        ),
        (
            "Janet rings, the client answers, and the far end of the media says goodbye",
            &[
                (0, Some(Ring)),
                (8_000, Some(Accept)),
                (8_500, Some(Answer)),
                (9_000, Some(MediaUp)),
                (19_000, Some(MediaLeft)),
            ],
        ),
        (
            "Janet rings, and nobody answers",
            &[
                (0, Some(Ring)),
                (44_999, None),
                (45_000, None),
                (45_001, Some(Accept)),
            ],
        ),
        (
            "Janet rings, and the client declines",
            &[(0, Some(Ring)), (3_000, Some(HangUp))],
        ),
        (
            "Janet rings a phone that cannot be woken up",
            &[
                (0, Some(Ring)),
                (700, Some(MediaLost)),
                (3_000, Some(Accept)),
            ],
        ),
        (
            "nobody agrees to the offer",
            &[(0, Some(Call)), (30_000, None)],
        ),
        (
            "agreed late, and then voice does not flow",
            &[
                (0, Some(Call)),
                (29_000, Some(Answer)),
                (58_999, None),
                (59_000, None),
            ],
        ),
        (
            "there is no way to the client",
            &[
                (0, Some(Call)),
                (500, Some(Answer)),
                (15_000, Some(MediaLost)),
            ],
        ),
        (
            "held twice, and lost on hold",
            &[
                (0, Some(Call)),
                (100, Some(Answer)),
                (200, Some(MediaUp)),
                (10_000, Some(Hold)),
                (11_000, Some(Hold)),
                (20_000, Some(Resume)),
                (21_000, Some(Resume)),
                (30_000, Some(Hold)),
                (31_000, Some(MediaLost)),
            ],
        ),
        (
            "forgotten on hold",
            &[
                (0, Some(Call)),
                (100, Some(Answer)),
                (200, Some(MediaUp)),
                (1_200, Some(Hold)),
                (1_801_200, None),
            ],
        ),
        (
            "a second call is refused, and the first goes on",
            &[
                (0, Some(Call)),
                (10, Some(Call)),
                (20, Some(Ring)),
                (500, Some(Answer)),
                (700, Some(MediaUp)),
                (800, Some(Call)),
                (5_000, Some(ShuttingDown)),
            ],
        ),
        (
            "by recordings, until a way is found after all",
            &[
                (0, Some(Call)),
                (5_000, Some(Speak)),
                (20_000, Some(Speak)),
                (22_000, Some(Answer)),
                (23_000, Some(MediaUp)),
                (24_000, Some(Speak)),
                (75_000, Some(HangUp)),
            ],
        ),
        (
            "by recordings, without a way, until nothing more is said",
            &[
                (0, Some(Call)),
                (1_000, Some(Answer)),
                (2_000, Some(Speak)),
                (16_000, Some(MediaLost)),
                (20_000, Some(Speak)),
                (140_000, None),
                (140_001, Some(HangUp)),
            ],
        ),
    ]
};

/// What the client is told of it, by its names on the wire.
fn told(out: &[Action]) -> Value {
    let mut told = Vec::new();
    for action in out {
        told.push(match action {
            Action::Ring => json!({ "type": "voip_incoming" }),
            Action::Offer => json!({ "type": "voip_offer" }),
            Action::Connected => json!({ "type": "voip_connected", "status": "connected" }),
            Action::State(state) => json!({ "type": "voip_state", "state": state }),
            Action::End(end) if end.reason == EndReason::ClientGone => continue,
            Action::End(end) => json!({
                "type": "voip_ended", "reason": end.reason, "duration_ms": end.duration_ms,
            }),
            Action::Open | Action::Close | Action::Hold | Action::GoOn => continue,
        });
    }
    told.into()
}

fn outcome(machine: &mut Machine, at: Mono, event: Option<Event>) -> Value {
    let mut out = Vec::new();
    let refused = match event {
        Some(event) => machine.handle(at, event, &mut out).err(),
        None => {
            machine.handle_timeout(at, &mut out);
            None
        }
    };
    let timer = machine
        .poll_timeout()
        .map(|(due, timer)| json!({ "name": timer, "in_ms": due.since(at).as_millis() as u64 }));
    json!({
        "refused": refused,
        "state": machine.state(),
        "told": told(&out),
        "voice_flows": machine.state() == CallState::Connected,
        "timer": timer,
    })
}

fn text() -> String {
    let mut transitions = Vec::new();
    for (name, way) in WAYS {
        for event in Event::ALL {
            let mut machine = went(way);
            let from = machine.state();
            let outcome = outcome(&mut machine, Mono::from_millis(1000), Some(event));
            transitions.push(json!({
                "way": name, "after": way, "from": from, "event": event, "outcome": outcome,
            }));
        }
    }
    let mut stories = Vec::new();
    for (name, steps) in STORIES {
        let mut machine = Machine::new();
        let steps: Vec<Value> = steps
            .iter()
            .map(|(at_ms, event)| {
                let outcome = outcome(&mut machine, Mono::from_millis(*at_ms), *event);
                json!({ "at_ms": at_ms, "event": event, "outcome": outcome })
            })
            .collect();
        stories.push(json!({ "name": name, "steps": steps }));
    }
    let timers = [Timer::Ring, Timer::Connect, Timer::Speak, Timer::Hold]
        .map(|timer| json!({ "name": timer, "after_ms": timer.span().as_millis() as u64 }));
    let mut vectors = json!({
        "description": "One call as a state machine: every event in every state. `transitions`: from an idle call the \
            events of `after` happen at 0 ms, then `event` at 1000 ms, and `outcome` is what comes of it. `stories`: whole \
            calls with their times; an `event` that is null stands for time alone. An outcome: by which code it is \
            `refused` (then nothing has changed), the `state`, what the client is `told` (names and fields of \
            `janet-protocol.schema.json`, without the call's id and what is in an offer), whether `voice_flows`, and the \
            `timer` that runs. A timer that is due ends the call; an event that comes behind that moment finds it \
            ended. `ring`, `superseded`, `shutting_down` and `failed` are Janet's; `media_up`, `media_left` and `media_lost` are \
            what becomes of the connection for voice (connected; closed by the far end; no way, or lost, and of a ring, \
            that the phone cannot be woken up); all others \
            are the client's: call and accept (voip_call), answer (voip_answer), speak (voip_audio), hold and resume \
            (voip_hold), hang_up (voip_end), client_gone (its WebSocket ended). `duration_ms` counts from when voice flowed, \
            or the first recording came.",
        "protocol": janet_protocol::PROTOCOL,
        "states": CallState::ALL,
        "events": Event::ALL,
        "reasons": EndReason::ALL,
        "timers": timers,
        "transitions": transitions,
        "stories": stories,
    });
    vectors.sort_all_objects();
    format!("{vectors:#}\n")
}

#[test]
fn the_checked_in_call_vectors_are_what_the_machine_does() {
    let made = text();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol/schema/call-vectors.json");
        std::fs::write(file, made).expect("the file can be written");
        return;
    }
    if made != CHECKED_IN {
        let line = made
            .lines()
            .zip(CHECKED_IN.lines())
            .position(|(made, checked_in)| made != checked_in)
            .map_or_else(|| "its end".to_owned(), |line| format!("line {}", line + 1));
        panic!(
            "protocol/schema/call-vectors.json differs from the machine at {line}; run `{UPDATE}`, and look at what changed"
        );
    }
}

#[test]
fn the_call_vectors_have_each_event_in_each_state_and_each_reason() {
    let vectors: Value = serde_json::from_str(CHECKED_IN).expect("JSON");
    let list = |name: &str| vectors[name].as_array().expect("a list").clone();
    let transitions = list("transitions");
    for state in list("states") {
        for event in list("events") {
            let is_it = |row: &Value| row["from"] == state && row["event"] == event;
            assert!(transitions.iter().any(is_it), "{event} in {state}");
        }
    }
    let stories = list("stories");
    let steps = stories
        .iter()
        .flat_map(|story| story["steps"].as_array().expect("steps"));
    let told: Vec<&Value> = transitions
        .iter()
        .chain(steps)
        .flat_map(|row| row["outcome"]["told"].as_array().expect("a list"))
        .collect();
    for reason in list("reasons") {
        // Whose connection is gone is not told so.
        let is_it = |message: &&&Value| message["reason"] == reason;
        let seen = told.iter().filter(is_it).count();
        assert_eq!(seen == 0, reason == json!("client_gone"), "{reason}");
    }
}
