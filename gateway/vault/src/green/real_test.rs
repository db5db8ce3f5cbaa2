//! Real questions with the real model's vectors: each finds its memory, and small talk finds none.

use std::time::Duration;

use super::world::{NOW, World, note};
use super::*;
use crate::desk::Action;
use crate::soul::Soul;

#[derive(serde::Deserialize)]
struct Fixture {
    memories: Vec<Row>,
    questions: Vec<Row>,
}

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    vector: Vec<f32>,
    answer: Option<usize>,
}

#[test]
fn each_question_recalls_its_memory_and_small_talk_recalls_none() {
    let fixture: Fixture =
        serde_json::from_str(include_str!("../../fixtures/real.json")).expect("JSON");
    let world = World::new();
    let config = Config {
        soul: Soul::Constitutional,
        space: Space {
            name: "all-minilm-l6-v2".into(),
            dimensions: 384,
        },
        wait_for_lock: Duration::ZERO,
    };
    let green = Green::open(&world.files(), config, NOW).expect("a store");
    let pass = world.pass();
    for memory in &fixture.memories {
        let subject = subject::remember(&[&memory.text]);
        let consent = world.consent(Action::Remember, subject);
        let vector = Some(memory.vector.clone());
        green
            .remember(&pass, consent, note(&memory.text), vector)
            .expect("remembered");
    }
    let room = recall::Room {
        tokens: 300,
        notes: 3,
        offset_minutes: 0,
    };
    let tokens = |text: &str| text.len().div_ceil(4);
    for question in &fixture.questions {
        let text = &question.text;
        let hits = green
            .search(&pass, text, Some(&question.vector), 10, NOW)
            .expect("a search");
        let recalled = recall::block(recall::relevant(&hits), room, NOW, &tokens);
        match question.answer {
            None => assert_eq!(recalled, None, "{text}: {:?}", hits[0].parts),
            Some(answer) => {
                let answer = &fixture.memories[answer].text;
                assert_eq!(hits[0].entry.text.expose(), answer, "{text}");
                let recalled = recalled.expect("a note");
                assert!(recalled.text.expose().contains(answer), "{text}");
            }
        }
    }
}
