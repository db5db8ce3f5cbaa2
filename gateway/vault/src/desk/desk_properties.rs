//! Any course of events, against a model that knows nothing but the rules.

use std::collections::HashSet;

use janet_protocol::Private;
use proptest::prelude::*;

use super::tests::{Setup, conversation, request, setup};
use super::*;
use crate::red_thread::SafeWordProof;

const DEVICES: [&str; 3] = ["phone", "headset", "guest"];
const WORDS: [&str; 8] = [
    "yes",
    "yes please",
    "no",
    "okay",
    "yes but not now",
    "red thread",
    "hello there",
    "\"yes\"",
];

#[derive(Clone, Debug)]
enum Event {
    Ask {
        device: usize,
        action: usize,
        place: u8,
        suspended: bool,
    },
    Command {
        device: usize,
        action: usize,
    },
    Played {
        question: usize,
    },
    Answer {
        question: usize,
        device: usize,
        granted: bool,
        by: u8,
    },
    Say {
        device: usize,
        place: u8,
        words: usize,
        ago_ms: u64,
    },
    Write {
        device: usize,
        place: u8,
        words: usize,
    },
    Wait {
        ms: u64,
    },
    Pull,
    Clear,
}

fn event() -> impl Strategy<Value = Event> {
    let device = 0..DEVICES.len();
    let action = 0..Action::examples().len();
    prop_oneof![
        4 => (device.clone(), action.clone(), 0..3_u8, any::<bool>()).prop_map(
            |(device, action, place, suspended)| Event::Ask { device, action, place, suspended }),
        1 => (device.clone(), action).prop_map(|(device, action)| Event::Command { device, action }),
        3 => (0..40_usize).prop_map(|question| Event::Played { question }),
        4 => (0..40_usize, device.clone(), any::<bool>(), 0..4_u8).prop_map(
            |(question, device, granted, by)| Event::Answer { question, device, granted, by }),
        5 => (device.clone(), 1..3_u8, 0..WORDS.len(), 0..3000_u64).prop_map(
            |(device, place, words, ago_ms)| Event::Say { device, place, words, ago_ms }),
        2 => (device, 1..3_u8, 0..WORDS.len()).prop_map(
            |(device, place, words)| Event::Write { device, place, words }),
        3 => (0..20_000_u64).prop_map(|ms| Event::Wait { ms }),
        1 => Just(Event::Pull),
        2 => Just(Event::Clear),
    ]
}

/// What was asked, as the model keeps it.
struct Asked {
    id: ConsentId,
    device: usize,
    action: Action,
    place: u8,
    at_ms: u64,
    played_ms: Option<u64>,
    open: bool,
}

struct World {
    it: Setup,
    now: u64,
    pulled: bool,
    asked: Vec<Asked>,
    receipts: HashSet<[u8; 16]>,
}

impl World {
    /// Takes what came out of one event. `may` says of a question whether this event may have granted it.
    fn settle(&mut self, may: impl Fn(&Asked, How) -> bool) -> Result<(), TestCaseError> {
        let out = std::mem::take(&mut self.it.out);
        let mut granted = None;
        for out in out {
            match out {
                Out::Closed {
                    id,
                    outcome,
                    operator,
                    action,
                    ..
                } => {
                    let asked = self
                        .asked
                        .iter_mut()
                        .find(|asked| asked.id == id)
                        .expect("was asked");
                    prop_assert!(asked.open, "closed once");
                    prop_assert_eq!(&operator, DEVICES[asked.device]);
                    prop_assert_eq!(&action, &asked.action);
                    asked.open = false;
                    if let Outcome::Granted(how) = outcome {
                        prop_assert!(!self.pulled, "nothing passes");
                        let asked = self
                            .asked
                            .iter()
                            .find(|asked| asked.id == id)
                            .expect("was asked");
                        prop_assert!(may(asked, how), "{:?} by {:?}", asked.action, how);
                        prop_assert_eq!(granted, None, "one at a time");
                        granted = Some(id);
                    }
                    if outcome == Outcome::Expired {
                        let asked = self
                            .asked
                            .iter()
                            .find(|asked| asked.id == id)
                            .expect("was asked");
                        prop_assert!(self.now >= asked.at_ms + SILENCE_MS);
                    }
                }
                Out::Granted { id, consent } => {
                    prop_assert_eq!(granted.take(), Some(id), "closed as granted just before");
                    self.spend(id, consent)?;
                }
                Out::Show { .. } | Out::Speak { .. } => prop_assert!(!self.pulled),
            }
        }
        prop_assert_eq!(granted, None, "a yes without a consent");
        Ok(())
    }

    /// The consent is for its action and subject and for no other, and its receipt is new and hers.
    fn spend(&mut self, id: ConsentId, consent: Consent) -> Result<(), TestCaseError> {
        let asked = self
            .asked
            .iter()
            .find(|asked| asked.id == id)
            .expect("was asked");
        let subject = request(asked.action.clone()).subject;
        prop_assert_eq!(consent.receipt().subject, subject);
        prop_assert_eq!(&consent.receipt().operator, DEVICES[asked.device]);
        prop_assert!(consent.receipt().is_of(&self.it.janet.public()));
        prop_assert!(self.receipts.insert(consent.receipt().id), "never twice");
        let pass = self.it.thread.pass().expect("not pulled");
        // One in three is tried on something else, and is gone then.
        let other = Action::examples()
            .into_iter()
            .find(|other| *other != asked.action)
            .expect("another");
        match consent.receipt().id[0] % 3 {
            0 => prop_assert!(consent.spend(&pass, &other, &subject).is_err()),
            1 => prop_assert!(consent.spend(&pass, &asked.action, &[0; 32]).is_err()),
            _ => prop_assert!(consent.spend(&pass, &asked.action, &subject).is_ok()),
        }
        Ok(())
    }

    fn step(&mut self, event: Event) -> Result<(), TestCaseError> {
        let now = self.now;
        match event {
            Event::Ask {
                device,
                action,
                place,
                suspended,
            } => {
                let action = Action::examples()[action].clone();
                let ask = Request {
                    operator: DEVICES[device].into(),
                    conversation: (place > 0).then(|| conversation(place)),
                    standing: if suspended {
                        Standing::Suspended
                    } else {
                        Standing::Counts
                    },
                    ..request(action.clone())
                };
                let mut out = Vec::new();
                if let Ok(id) = self.it.desk.request(now, ask, &mut out) {
                    self.asked.push(Asked {
                        id,
                        device,
                        action,
                        place,
                        at_ms: now,
                        played_ms: None,
                        open: true,
                    });
                }
                self.it.out = out;
                self.settle(|asked, how| {
                    asked.at_ms == now
                        && !suspended
                        && matches!(how, How::StandingGrant(_))
                        && asked.action == Action::Remember
                })
            }
            Event::Command { device, action } => {
                let action = Action::examples()[action].clone();
                let ask = Request {
                    operator: DEVICES[device].into(),
                    ..request(action.clone())
                };
                let mut out = Vec::new();
                if let Ok(id) = self.it.desk.command(now, ask, &mut out) {
                    self.asked.push(Asked {
                        id,
                        device,
                        action,
                        place: 0,
                        at_ms: now,
                        played_ms: None,
                        open: true,
                    });
                }
                self.it.out = out;
                self.settle(|asked, how| how == How::Command && asked.action.by_command())
            }
            Event::Played { question } => {
                if let Some(asked) = self.asked.get_mut(question) {
                    asked.played_ms.get_or_insert(now);
                    self.it.desk.prompt_played(asked.id, now);
                }
                self.settle(|_, _| false)
            }
            Event::Answer {
                question,
                device,
                granted,
                by,
            } => {
                let Some(asked) = self.asked.get(question) else {
                    return Ok(());
                };
                let id = asked.id;
                let by = match by {
                    0 => By::Click,
                    1 => By::Message,
                    2 => By::SafeWord(SafeWordProof::new(DEVICES[device], now)),
                    _ => By::SafeWord(SafeWordProof::new("stranger", now)),
                };
                let answer = Answer {
                    operator: DEVICES[device].into(),
                    granted,
                    by,
                };
                let taken = self.it.desk.answer(id, answer, now, &mut self.it.out);
                prop_assert!(!(self.pulled && taken.is_ok()));
                self.settle(|asked, how| {
                    let enough = match how {
                        How::Click => asked.action.needs() <= Needs::ClickOrSafeWord,
                        How::Message => asked.action.needs() == Needs::AnyAnswer,
                        How::SafeWord => true,
                        _ => false,
                    };
                    asked.id == id && asked.device == device && granted && enough
                })
            }
            Event::Say {
                device,
                place,
                words,
                ago_ms,
            } => {
                let text = Private::new(WORDS[words].to_owned());
                let began_ms = now.saturating_sub(ago_ms);
                let spoken = Spoken {
                    operator: DEVICES[device],
                    conversation: conversation(place),
                    words: &text,
                    began_ms,
                };
                self.it.desk.spoken(spoken, now, &mut self.it.out);
                self.settle(|asked, how| {
                    how == How::Spoken
                        && asked.device == device
                        && asked.place == place
                        && WORDS[words].starts_with("yes")
                        && words < 2
                        && asked.action.needs() == Needs::AnyAnswer
                        && asked.played_ms.is_some_and(|played| played <= began_ms)
                })
            }
            Event::Write {
                device,
                place,
                words,
            } => {
                let text = Private::new(WORDS[words].to_owned());
                let written = Written {
                    operator: DEVICES[device],
                    conversation: conversation(place),
                    words: &text,
                };
                self.it.desk.written(written, now, &mut self.it.out);
                self.settle(|asked, how| {
                    how == How::Message
                        && asked.device == device
                        && asked.place == place
                        && words < 2
                        && asked.action.needs() == Needs::AnyAnswer
                })
            }
            Event::Wait { ms } => {
                self.now += ms;
                self.it.desk.handle_timeout(self.now, &mut self.it.out);
                self.settle(|_, _| false)?;
                for asked in self.asked.iter().filter(|asked| asked.open) {
                    // Asked again once at the most: twice the silence, and what came before it.
                    prop_assert!(self.now < asked.at_ms + 2 * SILENCE_MS);
                }
                Ok(())
            }
            Event::Pull => {
                self.it.thread.pull("here", now).expect("on the disk");
                self.pulled = true;
                self.it.desk.withdraw_all(&mut self.it.out);
                self.settle(|_, _| false)?;
                prop_assert!(
                    self.asked.iter().all(|asked| !asked.open),
                    "every question is withdrawn"
                );
                Ok(())
            }
            Event::Clear => {
                self.now += 1;
                let proof = SafeWordProof::new("phone", self.now);
                let cleared = self.it.thread.clear(proof.into(), "here", self.now);
                prop_assert_eq!(cleared.is_ok(), self.pulled);
                self.pulled = false;
                self.settle(|_, _| false)
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No consent without an answer of the one who was asked, in a way that is enough; one question, one
    /// end; after the red thread nothing.
    #[test]
    fn nothing_is_granted_but_by_the_rules(events in proptest::collection::vec(event(), 1..60)) {
        let mut it = setup();
        let subject = Grants::subject(&Action::Remember);
        let now = super::tests::NOW;
        let consent = Consent::for_tests(&it.janet, Action::NewGrant, subject, now);
        it.desk.add_grant(consent, &Action::Remember).expect("granted");
        let mut world = World {
            it, now, pulled: false, asked: Vec::new(), receipts: HashSet::new(),
        };
        for event in events {
            world.step(event)?;
        }
    }

    /// However long nobody answers, the end is a no.
    #[test]
    fn no_answer_is_a_no(waits in proptest::collection::vec(0..12_000_u64, 1..12), action in 0..14_usize) {
        let mut it = setup();
        let asked = request(Action::examples()[action].clone());
        let mut now = super::tests::NOW;
        let id = it.desk.request(now, asked, &mut it.out).expect("asked");
        it.desk.prompt_played(id, now);
        for wait in waits {
            now += wait;
            it.desk.handle_timeout(now, &mut it.out);
            let over = now - super::tests::NOW >= SILENCE_MS;
            prop_assert_eq!(it.desk.poll_timeout().is_none(), over);
            prop_assert!(it.granted().is_none());
        }
    }
}
