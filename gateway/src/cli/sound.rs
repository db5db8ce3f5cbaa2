//! Recordings that come in and sound that goes out: WAV files, or standard input and output where
//! `-` stands for a file.

use std::fmt;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use janet_audio::wav;

use super::out;

/// Largest file that is read: two hours in 16-bit stereo at 48 kHz.
const LARGEST: u64 = 2 * 3600 * 48_000 * 4;

/// Whether standard input or output is meant.
pub(super) fn is_pipe(path: &Path) -> bool {
    path == Path::new("-")
}

/// What a recording is called in a message.
pub(super) fn shown(input: &Path) -> String {
    if is_pipe(input) {
        "standard input".to_owned()
    } else {
        input.display().to_string()
    }
}

/// Reads a recording of at most `longest` as mono samples at 16 kHz; one without sound is refused.
pub(super) fn read(input: &Path, longest: Duration) -> anyhow::Result<Vec<f32>> {
    let shown = shown(input);
    let bytes = bytes(input).with_context(|| format!("cannot read {shown}"))?;
    let speech = wav::read(&bytes, longest).with_context(|| format!("{shown} cannot be used"))?;
    ensure!(!speech.is_empty(), "{shown} holds no sound");
    Ok(speech)
}

fn bytes(input: &Path) -> anyhow::Result<Vec<u8>> {
    let source: Box<dyn Read> = if is_pipe(input) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(input)?)
    };
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= LARGEST,
        "more than {} MB are not read",
        LARGEST / 1_000_000
    );
    Ok(bytes)
}

/// Before the work: whether a WAV file can be written there at all.
pub(super) fn check_output(file: &Path) -> anyhow::Result<()> {
    if is_pipe(file) {
        ensure!(
            !io::stdout().is_terminal(),
            "sound is not written to a terminal; name a file, or let a program read it: `-o - | aplay`"
        );
        return Ok(());
    }
    let folder = match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => file,
    };
    let shown = file.display();
    ensure!(
        has_name_of_wav(file),
        "cannot write {shown}: what is written is a WAV file; call it {}",
        file.with_extension("wav").display()
    );
    ensure!(!file.is_dir(), "cannot write {shown}: it is a folder");
    ensure!(
        folder.is_dir(),
        "cannot write {shown}: there is no folder {}",
        folder.display()
    );
    Ok(())
}

/// Whether nobody would take this for anything but a WAV file.
fn has_name_of_wav(file: &Path) -> bool {
    let extension = file.extension().unwrap_or_default();
    let fitting = ["", "wav", "wave"];
    fitting
        .iter()
        .any(|fits| extension.eq_ignore_ascii_case(fits))
}

/// Writes mono samples as a WAV file.
pub(super) fn write(output: &Path, samples: &[f32], rate_hz: u32) -> anyhow::Result<()> {
    if is_pipe(output) {
        return out::text(&wav::write(samples, rate_hz)).context("cannot write the sound");
    }
    wav::write_file(output, samples, rate_hz)
        .with_context(|| format!("cannot write {}", output.display()))
}

/// A line beside the sound: on standard output, unless the sound is there.
pub(super) fn tell(output: &Path, text: fmt::Arguments<'_>) -> io::Result<()> {
    if is_pipe(output) {
        eprintln!("{text}");
        return Ok(());
    }
    out::line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_fit_a_wav_file_are_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let check = |name: &str| check_output(&folder.path().join(name));
        for name in ["a.wav", "a.WAV", "a.b.wave", "a", ".hidden"] {
            check(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        for name in ["a.mp3", "a.wav.ogg", "a.Flac"] {
            let error = check(name)
                .expect_err("it would be no such file")
                .to_string();
            assert!(
                error.contains(name) && error.contains("a WAV file"),
                "{error}"
            );
        }
        let error = check("a.mp3").expect_err("as above").to_string();
        assert!(error.ends_with("a.wav"), "{error}");
    }

    #[test]
    fn a_place_that_is_none_is_refused_before_the_work() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let nowhere = folder.path().join("nowhere/a.wav");
        let error = check_output(&nowhere).expect_err("there is no such folder");
        assert!(error.to_string().contains("there is no folder"), "{error}");
        let error = check_output(folder.path()).expect_err("it is a folder");
        assert!(error.to_string().contains("it is a folder"), "{error}");
    }

    #[test]
    fn a_recording_without_sound_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a.wav");
        write(&file, &[], 16_000).expect("writable");
        let error = read(&file, Duration::from_secs(1)).expect_err("it is empty");
        assert!(
            error.to_string().ends_with("a.wav holds no sound"),
            "{error}"
        );
        assert_eq!(shown(Path::new("-")), "standard input");
    }
}
