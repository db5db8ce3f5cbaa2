//! Records what a session's conversation was told, for `janet replay`.
//!
//! One JSON line per input with its time; the words are blanked out first, so a recording holds
//! when and how long things were said, never what.

use std::fs::{DirBuilder, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use janet_talk::{Config, Input, Mono, red_thread};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// Lines that wait for the disk; past it the recording ends, because one with a hole replays
/// into nonsense.
const LINES: usize = 4096;

/// The first line of a recording.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    // Before what it decides: of another version the rest may be anything.
    #[serde(deserialize_with = "known_version")]
    pub(crate) janet_recording: u32,
    pub(crate) talk: Config,
    pub(crate) seed: u64,
}

fn known_version<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        VERSION => Ok(VERSION),
        other => Err(D::Error::custom(format_args!(
            "recordings of version {other} are not read here, only those of version {VERSION}"
        ))),
    }
}

/// Every other line: an input, or a timer that was handled.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) at: Mono,
    pub(crate) input: Option<Input>,
}

/// The pen of one session. Dropping it ends the file.
pub(crate) struct Recorder {
    lines: Option<SyncSender<Line>>,
}

impl Recorder {
    /// Begins `session-T-N.jsonl`, T being the time in milliseconds since 1970: earlier recordings
    /// are never overwritten. One that cannot be begun is told of, nothing else.
    pub(crate) fn begin(dir: &Path, number: u64, talk: &Config, seed: u64) -> Option<Self> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let millis = since.map_or(0, |since| since.as_millis());
        let path = dir.join(format!("session-{millis}-{number}.jsonl"));
        let header = Header {
            janet_recording: VERSION,
            talk: talk.clone(),
            seed,
        };
        let begun = (|| {
            // What is in it is nobody else's.
            let mut folder = DirBuilder::new();
            folder.recursive(true);
            let mut options = File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            {
                std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            }
            folder.create(dir)?;
            let mut file = BufWriter::new(options.open(&path)?);
            serde_json::to_writer(&mut file, &header)?;
            file.write_all(b"\n")?;
            let (lines, waiting) = sync_channel(LINES);
            std::thread::Builder::new()
                .name("janet-record".into())
                .spawn(move || write(file, &waiting))?;
            std::io::Result::Ok(Self { lines: Some(lines) })
        })();
        begun
            .inspect_err(|error| tracing::warn!(%error, "a session cannot be recorded"))
            .ok()
    }

    /// Notes an input.
    pub(crate) fn input(&mut self, at: Mono, input: &Input) {
        self.line(Line {
            at,
            input: Some(blank(input)),
        });
    }

    /// Notes that due timers were handled.
    pub(crate) fn timers(&mut self, at: Mono) {
        self.line(Line { at, input: None });
    }

    fn line(&mut self, line: Line) {
        let Some(lines) = &self.lines else { return };
        match lines.try_send(line) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                tracing::warn!("the disk is too slow for the recording, which ends here");
                self.lines = None;
            }
        }
    }
}

fn write(mut file: BufWriter<File>, lines: &Receiver<Line>) {
    for line in lines {
        let written = serde_json::to_writer(&mut file, &line)
            .map_err(std::io::Error::from)
            .and_then(|()| file.write_all(b"\n"));
        if let Err(error) = written {
            tracing::warn!(%error, "the recording ends here");
            return;
        }
    }
    if let Err(error) = file.flush() {
        tracing::warn!(%error, "the end of a recording was lost");
    }
}

/// The input with its words blanked out.
fn blank(input: &Input) -> Input {
    let mut input = input.clone();
    match &mut input {
        // All that is kept of such words is what they do.
        Input::Text { text, .. } | Input::Partial { text, .. } | Input::Transcript { text, .. }
            if red_thread::pulls(text) =>
        {
            red_thread::WORDS.clone_into(text);
        }
        Input::Text { text, .. }
        | Input::Partial { text, .. }
        | Input::Transcript { text, .. }
        | Input::Announce { text, .. }
        | Input::Token { text, .. } => *text = blank_words(text),
        _ => {}
    }
    input
}

/// Words that steer the conversation's timing and say nothing: kept, so that a replay decides as
/// the session did.
const KEPT: [&str; 24] = [
    "a", "an", "the", "and", "or", "but", "so", "of", "to", "in", "on", "for", "with", "is", "are",
    "um", "uh", "er", "that", "because", "if", "when", "than", "at",
];

/// Every letter of other words becomes `x`, every digit `0`; lengths and punctuation stay.
pub(crate) fn blank_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let put = |word: &mut String, out: &mut String| {
        let plain = word.to_lowercase();
        if KEPT.contains(&plain.as_str()) || janet_talk::steers(&plain) {
            out.push_str(word);
        } else {
            out.extend(word.chars().map(|c| match c {
                c if c.is_uppercase() => 'X',
                c if c.is_numeric() => '0',
                _ => 'x',
            }));
        }
        word.clear();
    };
    for c in text.chars() {
        if c.is_alphanumeric() {
            word.push(c);
        } else {
            put(&mut word, &mut out);
            out.push(c);
        }
    }
    put(&mut word, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_recording_is_its_owner_s_alone() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().expect("a temporary folder");
        let dir = home.path().join("made/here");
        assert!(Recorder::begin(&dir, 1, &Config::default(), 3).is_some());
        let mode = |path: &Path| {
            let metadata = std::fs::metadata(path).expect("it is there");
            metadata.permissions().mode() & 0o777
        };
        let file = std::fs::read_dir(&dir).expect("it is there").next();
        let file = file.expect("a recording").expect("readable").path();
        assert_eq!((mode(&dir), mode(&file)), (0o700, 0o600));
    }

    #[test]
    fn words_are_blanked_but_not_those_that_steer() {
        assert_eq!(
            blank_words("My pin is 4711, and Straße so-called."),
            "Xx xxx is 0000, and Xxxxxx so-xxxxxx."
        );
    }

    #[test]
    fn an_older_recording_is_read_and_one_of_another_version_is_refused() {
        let header = Header {
            janet_recording: VERSION,
            talk: Config::default(),
            seed: 3,
        };
        let mut header = serde_json::to_value(header).expect("plain values");
        let talk = header["talk"].as_object_mut().expect("it has fields");
        assert!(talk.remove("wait_rising").is_some());
        let read = serde_json::from_str::<Header>(&header.to_string()).expect("it is readable");
        assert_eq!(read.talk, Config::default());
        // What else there is in another version is not looked at.
        let error = serde_json::from_str::<Header>(r#"{"janet_recording": 2, "talk": 3}"#);
        let error = error.expect_err("nobody knows what it holds").to_string();
        assert!(error.contains("recordings of version 2"), "{error}");
    }

    #[test]
    fn no_input_with_words_passes_unblanked() {
        use janet_talk::ReplyId;
        let secret = "Zanzibar";
        let reply = ReplyId(1);
        let inputs = [
            Input::Text {
                text: secret.into(),
                speak: false,
                tag: 0,
                taken: false,
            },
            Input::Announce {
                id: 0,
                text: secret.into(),
            },
            // Beside words that are kept.
            Input::Text {
                text: format!("{secret}, red thread"),
                speak: false,
                tag: 0,
                taken: false,
            },
            Input::Partial {
                reply,
                text: secret.into(),
                doubtful: false,
            },
            Input::Transcript {
                reply,
                text: secret.into(),
                taken: false,
            },
            Input::Token {
                reply,
                text: secret.into(),
            },
        ];
        for input in inputs {
            let line = serde_json::to_string(&blank(&input)).expect("inputs serialise");
            assert!(!line.contains(secret), "{line}");
            // The control: the same search finds the word where it was not blanked.
            assert!(
                serde_json::to_string(&input)
                    .expect("inputs serialise")
                    .contains(secret)
            );
        }
    }
}
