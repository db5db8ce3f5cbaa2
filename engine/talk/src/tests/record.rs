//! What a recorder writes down runs again to the same actions.

use crate::{Action, Config, Input, MicMode, Mono, Turn};

fn speech() -> Vec<(Mono, Input)> {
    let mut inputs = vec![
        (Mono::ZERO, Input::MicOpen(MicMode::HandsFree)),
        (
            Mono(1),
            Input::Text {
                text: "hello".to_owned(),
                speak: true,
                tag: 7,
                taken: false,
            },
        ),
    ];
    inputs.extend((1..80).map(|window| {
        let at = Mono::from_millis(window * 32);
        let speech = if (10..40).contains(&window) { 0.9 } else { 0.0 };
        (
            at,
            Input::Vad {
                at,
                speech,
                level_db: -30.0,
                whose: crate::Whose::Unknown,
            },
        )
    }));
    inputs
}

fn run(config: Config, inputs: Vec<(Mono, Input)>) -> Vec<Action> {
    let mut turn = Turn::new(config, 3);
    let mut out = Vec::new();
    for (now, input) in inputs {
        turn.handle(now, input, &mut out);
    }
    out
}

#[test]
fn a_recorded_session_runs_again_to_the_same_actions() {
    let written = serde_json::to_string(&(Config::default(), speech())).expect("plain values");
    let (config, inputs) = serde_json::from_str(&written).expect("it was just written");
    let actions = run(config, inputs);
    assert_eq!(actions, run(Config::default(), speech()));
    let written = serde_json::to_string(&actions).expect("plain values");
    assert_eq!(
        serde_json::from_str::<Vec<Action>>(&written).expect("just written"),
        actions
    );
}

#[test]
fn a_recording_from_before_a_knob_was_there_has_its_default() {
    let config: Config = serde_json::from_str(r#"{"speech_on": 0.75}"#).expect("it is readable");
    let expected = Config {
        speech_on: 0.75,
        ..Config::default()
    };
    assert_eq!(config, expected);
}
