//! An installed `espeak-ng` as a process of its own, for who prefers its pronunciation.
//!
//! It is GPL, so it is never linked; it gets words on its standard input and gives phonemes on its
//! standard output. When it fails or takes too long, the built-in rules speak instead.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// More output than this is no phonemes.
const MOST_BYTES: u64 = 1 << 20;

/// The program and how long it may take.
#[derive(Clone, Debug)]
pub struct Espeak {
    program: PathBuf,
    voice: String,
    patience: Duration,
}

impl Espeak {
    /// The program at this path, with espeak's name of a voice such as `en-us`. It is given
    /// `patience` per phrase (a phrase takes some 10 ms).
    pub fn new(program: impl Into<PathBuf>, voice: &str, patience: Duration) -> Self {
        Self {
            program: program.into(),
            voice: voice.to_owned(),
            patience,
        }
    }

    /// Looks for `espeak-ng` in the folders of `path`, a list as in the variable `PATH`.
    pub fn search(path: &OsStr) -> Option<PathBuf> {
        let name = Path::new("espeak-ng").with_extension(std::env::consts::EXE_EXTENSION);
        std::env::split_paths(path)
            .map(|folder| folder.join(&name))
            .find(|file| file.is_file())
    }

    /// The phonemes of each clause; `None` when the program did not give exactly as many.
    pub(super) fn say(&self, clauses: &[String]) -> Option<Vec<String>> {
        // A full stop and a new line end a clause; words carry neither.
        let text: String = clauses
            .iter()
            .map(|clause| format!("{clause}.\n"))
            .collect();
        let mut child = Command::new(&self.program)
            .args(["-q", "--ipa", "-v", &self.voice, "--stdin"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .inspect_err(|error| tracing::warn!(%error, "espeak-ng cannot be started"))
            .ok()?;
        let said = self.exchange(&mut child, text);
        if said.is_none() {
            // It may have ended by itself; either way it is waited for below.
            child.kill().ok();
        }
        child.wait().ok()?;
        let said = said?;
        let lines: Vec<String> = said
            .lines()
            .map(|line| tidy(line.trim()))
            .filter(|line| !line.is_empty())
            .collect();
        (lines.len() == clauses.len()).then_some(lines)
    }

    /// Writes the text and reads the answer, on a thread of their own: a pipe cannot be waited for
    /// with a limit.
    fn exchange(&self, child: &mut Child, text: String) -> Option<String> {
        let (mut input, output) = (child.stdin.take()?, child.stdout.take()?);
        let (sender, receiver) = sync_channel(1);
        std::thread::Builder::new()
            .name("janet-espeak".to_owned())
            .spawn(move || {
                let mut said = String::new();
                let written = input.write_all(text.as_bytes());
                drop(input);
                let read = output.take(MOST_BYTES).read_to_string(&mut said);
                if written.is_ok() && read.is_ok() {
                    // Nobody listens any more once the patience is over.
                    sender.send(said).ok();
                }
            })
            .ok()?;
        receiver
            .recv_timeout(self.patience)
            .inspect_err(|_| tracing::warn!("espeak-ng gave nothing in time"))
            .ok()
    }
}

/// Without marks of other languages, `(en)`, and glides that the voices do not know.
fn tidy(line: &str) -> String {
    let mut depth = 0;
    let plain = line.chars().filter(|&c| {
        depth += i32::from(c == '(');
        let outside = depth == 0;
        depth -= i32::from(c == ')');
        outside && c != 'ʲ' && c != '\u{200d}'
    });
    plain.collect()
}
