//! Scenario tables: what happens, and the whole list of actions with their times.
//!
//! A table is a title (`# …`), a script, a line `----` and what comes out. Times are milliseconds.
//! While the microphone is open its windows are made every 32 ms: silence at −75 dBFS, and speech
//! where the script says `say`. Timers fire at their moment. `until` says how long to go on.
//!
//! ```text
//! 0 mic | mic ptt | close | commit | interrupt | hold | on | red | clear | gone
//! 500 say 800 [level]        speech of 800 ms from 500 on
//! 500 sound 800 level        the same, of which the VAD says that it is none
//! 500 stall | stutter 300    no more windows; those of 300 ms come late, all at once
//! 900 text 7 words | write 7 words | upload 7 u1 | uploadw 7 u1
//! 900 score r0 0.9 | final r0 words | partial r0 words | token r0 words | done r0
//! 900 announce n5 words | retract n5 ; words with "sesame" are somebody else's
//! 900 voiced r0 p0 24000 12 [last] | heard r0 24000 | spent r0 300 [partial] | fail r0 generate
//! 0 set wait_sure 300        a knob in milliseconds, before anything else
//! 5000 until
//! ```

use std::fmt::Write as _;
use std::time::Duration;

use crate::{
    Action, Config, Finish, Input, MicMode, Mono, Pass, PhraseId, ReplyId, Span, Stage, Turn,
    UtteranceId, Whose,
};

const WINDOW_US: u64 = 32_000;

/// One line of a script.
struct Event {
    at: Mono,
    words: Vec<String>,
}

struct Script {
    events: Vec<Event>,
    /// From, to, what the VAD says, how loud, and whose it is.
    speech: Vec<(Mono, Mono, (f32, f32, Whose))>,
    until: Mono,
    config: Config,
}

fn parse(script: &str) -> Script {
    let mut parsed = Script {
        events: Vec::new(),
        speech: Vec::new(),
        until: Mono::ZERO,
        config: Config::default(),
    };
    for line in script.lines().filter(|line| !line.trim().is_empty()) {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let millis: u64 = words
            .remove(0)
            .parse()
            .expect("a line begins with its time");
        let at = Mono::from_millis(millis);
        parsed.until = parsed.until.max(at);
        match words[0].as_str() {
            "until" => {}
            "set" => set(&mut parsed.config, &words[1], &words[2]),
            kind @ ("say" | "sound") => {
                let to = at + Duration::from_millis(number(&words[1]));
                let level = words
                    .get(2)
                    .map_or(-22.0, |level| level.parse().expect("a level"));
                let whose = match words.get(3).map(String::as_str) {
                    Some("hers") => Whose::Hers,
                    Some("nothers") => Whose::NotHers,
                    _ => Whose::Unknown,
                };
                let speech = if kind == "say" { 0.95 } else { 0.02 };
                parsed.speech.push((at, to, (speech, level, whose)));
                parsed.until = parsed.until.max(to);
            }
            _ => parsed.events.push(Event { at, words }),
        }
    }
    parsed.events.sort_by_key(|event| event.at);
    parsed
}

fn set(config: &mut Config, knob: &str, value: &str) {
    let span = Duration::from_millis(value.parse().unwrap_or(0));
    match knob {
        "wait_sure" => config.wait_sure = span,
        "wait_rising" => config.wait_rising = span,
        "wait_unsure" => config.wait_unsure = span,
        "longest_turn" => config.longest_turn = span,
        "transcript_patience" => config.transcript_patience = span,
        "reply_patience" => config.reply_patience = span,
        "idle_after" => config.idle_after = span,
        "prepare_lead" => config.prepare_lead = span,
        "commit_hold" => config.commit_hold = span,
        "hold_patience" => config.hold_patience = span,
        "partial_every" => config.partial_every = span,
        "longest_reply" => config.longest_reply = number(value) as usize,
        "waste_limit" => config.waste_limit = value.parse().expect("a share"),
        _ => panic!("no knob is called {knob}"),
    }
}

fn number(word: &str) -> u64 {
    word.trim_start_matches(['r', 'p', 'u', 'n'])
        .parse()
        .expect("a number")
}

fn input(words: &[String]) -> Input {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let reply = || ReplyId(number(word(1)) as u32);
    let rest = |from: usize| words[from..].join(" ");
    match word(0) {
        "mic" if word(1) == "ptt" => Input::MicOpen(MicMode::PushToTalk),
        "mic" => Input::MicOpen(MicMode::HandsFree),
        "close" => Input::MicClose,
        "commit" => Input::Commit,
        "interrupt" => Input::Interrupt,
        "hold" => Input::Hold,
        "on" => Input::GoOn,
        "red" => Input::RedThread,
        "clear" => Input::RedThreadCleared,
        "gone" => Input::Gone,
        kind @ ("text" | "write") => {
            let tag = number(word(1)) as u32;
            Input::Text {
                text: rest(2),
                speak: kind == "text",
                tag,
                taken: takes(&rest(2)),
            }
        }
        kind @ ("upload" | "uploadw") => Input::Utterance {
            id: UtteranceId(number(word(2)) as u32),
            speak: kind == "upload",
            tag: number(word(1)) as u32,
        },
        "score" => Input::TurnScore {
            reply: reply(),
            complete: word(2).parse().expect("a score"),
        },
        "announce" => Input::Announce {
            id: number(word(1)) as u32,
            text: rest(2),
        },
        "retract" => Input::Retract {
            id: number(word(1)) as u32,
        },
        "final" => Input::Transcript {
            reply: reply(),
            text: rest(2),
            taken: takes(&rest(2)),
        },
        word @ ("partial" | "perhaps") => Input::Partial {
            reply: reply(),
            text: rest(2),
            doubtful: word == "perhaps",
        },
        "token" => Input::Token {
            reply: reply(),
            text: rest(2) + " ",
        },
        "done" => Input::Generated {
            reply: reply(),
            finish: Finish::Complete,
        },
        "voiced" => Input::Voiced {
            reply: reply(),
            phrase: PhraseId(number(word(2)) as u16),
            samples: number(word(3)) as u32,
            upto_byte: number(word(4)) as usize,
            last: word(5) == "last",
        },
        "heard" => Input::Heard {
            reply: reply(),
            sample: number(word(2)),
        },
        "spent" => Input::Spent {
            reply: reply(),
            partial: word(3) == "partial",
            core: Duration::from_millis(number(word(2))),
        },
        "fail" => Input::Failed {
            reply: reply(),
            stage: match word(2) {
                "turn" => Stage::Turn,
                "transcribe" => Stage::Transcribe,
                "generate" => Stage::Generate,
                "speak" => Stage::Speak,
                other => panic!("no stage is called {other}"),
            },
        },
        other => panic!("nothing is called {other}"),
    }
}

/// Somebody else takes whatever speaks of a sesame.
fn takes(words: &str) -> bool {
    words.contains("esame")
}

/// Runs a script; one line per action, with the time at which it came out.
fn run(script: &str) -> String {
    let script = parse(script);
    let mut turn = Turn::new(script.config.clone(), 0);
    let mut events = script.events.iter().peekable();
    let mut window: Option<Mono> = None;
    let mut stutter = Mono::ZERO;
    let mut lines = String::new();
    let mut out = Vec::new();
    loop {
        let event = events.peek().map(|event| event.at);
        let timer = turn.poll_timeout().map(|(at, _)| at);
        let arrives = window.map(|window| window.max(stutter));
        let next = [event, arrives, timer].into_iter().flatten().min();
        let Some(now) = next.filter(|now| *now <= script.until) else {
            break;
        };
        if event == Some(now) {
            let event = events.next().expect("it was peeked at");
            match event.words[0].as_str() {
                "mic" if window.is_none() => window = Some(now + Duration::from_micros(WINDOW_US)),
                "close" | "gone" | "stall" => window = None,
                "stutter" => stutter = now + Duration::from_millis(number(&event.words[1])),
                _ => {}
            }
            if !["stall", "stutter"].contains(&event.words[0].as_str()) {
                turn.handle(now, input(&event.words), &mut out);
            }
        } else if let Some(at) = window.filter(|_| arrives == Some(now)) {
            let middle = at - Duration::from_micros(WINDOW_US / 2);
            let spoken = script
                .speech
                .iter()
                .find(|(from, to, _)| (*from..*to).contains(&middle));
            let silence = (0.02, -75.0, Whose::Unknown);
            let (speech, level_db, whose) = spoken.map_or(silence, |(_, _, sound)| *sound);
            turn.handle(
                now,
                Input::Vad {
                    at,
                    speech,
                    level_db,
                    whose,
                },
                &mut out,
            );
            window = Some(at + Duration::from_micros(WINDOW_US));
        } else {
            turn.handle_timeout(now, &mut out);
        }
        for action in out.drain(..) {
            writeln!(lines, "{} {}", now.as_millis(), line(&action)).expect("a string grows");
        }
        let behind = turn.poll_timeout().is_none_or(|(at, _)| at > now);
        assert!(
            behind,
            "a timer in the past: {:?} at {now}",
            turn.poll_timeout()
        );
    }
    lines
}

fn line(action: &Action) -> String {
    let tagged = |tag: &Option<u32>| tag.map_or(String::new(), |tag| format!(" #{tag}"));
    let span = |from: &Mono, to: &Mono| format!("{}..{}", from.as_millis(), to.as_millis());
    match action {
        Action::ScoreTurn { reply, from, to } => format!("score {reply} {}", span(from, to)),
        Action::Transcribe {
            reply,
            span: at,
            pass,
        } => {
            let pass = match pass {
                Pass::Partial => "partial",
                Pass::Overheard => "overheard",
                Pass::Final => "final",
            };
            match at {
                Span::Mic { from, to } => format!("{pass} {reply} {}", span(from, to)),
                Span::Upload(id) => format!("{pass} {reply} {id}"),
            }
        }
        Action::Prefill { reply, text } => format!("prefill {reply} \"{text}\""),
        Action::Prepare { reply, text } => format!("prepare {reply} \"{text}\""),
        Action::Speak {
            reply,
            phrase,
            text,
        } => format!("speak {reply} {phrase} \"{text}\""),
        Action::Release {
            reply,
            user_text,
            speech_end,
            tag,
        } => {
            let end = speech_end.as_millis();
            format!("release {reply}{} \"{user_text}\" said {end}", tagged(tag))
        }
        Action::Enough { reply } => format!("enough {reply}"),
        Action::Cancel { reply } => format!("cancel {reply}"),
        Action::Pause => "pause".to_owned(),
        Action::Resume => "resume".to_owned(),
        Action::Flush => "flush".to_owned(),
        Action::ShowTranscript {
            text,
            last,
            from,
            to,
        } => {
            let last = if *last { " last" } else { "" };
            format!("words{last} \"{text}\" {}", span(from, to))
        }
        Action::ShowDelta { reply, text } => format!("show {reply} \"{text}\""),
        Action::ShowVoice { reply, voice } => format!("voice {reply} {voice:?}"),
        Action::Finish {
            reply,
            text,
            shown,
            ending,
        } => {
            format!("finish {reply} {ending:?} \"{text}\" of \"{shown}\"")
        }
        Action::Disregard { reply, tag, why } => {
            format!("disregard {reply}{} {why:?}", tagged(tag))
        }
        Action::RedThread { by_voice: true } => "red thread by voice".to_owned(),
        Action::RedThread { by_voice: false } => "red thread typed".to_owned(),
        Action::Command {
            reply,
            user_text,
            speech_end,
            tag,
            spoken,
        } => {
            let end = speech_end.as_millis();
            let how = if *spoken { "spoken" } else { "typed" };
            format!(
                "command {reply}{} {how} \"{user_text}\" said {end}",
                tagged(tag)
            )
        }
        Action::Announce {
            reply,
            id,
            text,
            spoken,
        } => {
            let how = if *spoken { "spoken" } else { "shown" };
            format!("announce {reply} n{id} {how} \"{text}\"")
        }
        Action::AnnouncementOver {
            reply,
            id,
            text,
            heard,
        } => {
            let reply = reply.map_or_else(|| "never".to_owned(), |reply| reply.to_string());
            let heard = if *heard { "heard" } else { "not heard" };
            format!("over {reply} n{id} {heard} \"{text}\"")
        }
        Action::Idle => "idle".to_owned(),
    }
}

/// Runs every table of a file; on a difference prints the whole file as it would be right.
fn check(name: &str, file: &str) {
    let mut right = String::new();
    let mut wrong = Vec::new();
    let mut count = 0;
    for table in file
        .split("\n# ")
        .map(|table| table.trim_start_matches("# "))
    {
        let (title, rest) = table.split_once('\n').expect("a title has a table below");
        let (script, expected) = rest.split_once("----\n").unwrap_or((rest, ""));
        let actual = run(script);
        count += 1;
        if actual.trim() != expected.trim() {
            wrong.push(title.to_owned());
        }
        writeln!(
            right,
            "# {title}\n{}\n----\n{}\n",
            script.trim(),
            actual.trim()
        )
        .expect("a string grows");
    }
    println!("{name}: {count} tables");
    assert!(wrong.is_empty(), "{wrong:#?}\n<<<{name}\n{right}>>>");
}

macro_rules! tables {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), include_str!(concat!("tables/", stringify!($name), ".txt")));
        })*
    };
}

tables! {
    ends_of_turns
    speculation
    partials
    replies
    barge_in
    texts_and_uploads
    push_to_talk
    failures
    halts
    red_thread
    announcements
    commands
    holds
}
