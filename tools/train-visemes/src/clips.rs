//! The sentences, spoken: `make-data` writes them, everything else reads them.
//!
//! A take's pitch is changed by playing it at another speed later on, so it is spoken slower by as much here:
//! its speed as it will be heard is drawn on its own.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use janet_models::vits::Voice;
use serde::{Deserialize, Serialize};

use crate::align::{Aligner, Shown, Spoken};
use crate::labels::{Timed, by_table, sounding};
use crate::pauses::Pauses;
use crate::speech;
use crate::variants::{Beyond, PITCH, SPEED};
use crate::words::Words;

/// Phonetically rich sentences, one on a line.
const SENTENCES: &str = include_str!("../data/sentences.txt");
/// The list of takes in the folder of the data. The number counts up with what is spoken, and with how the voice
/// tells when: what was made before is none of it.
const LIST: &str = "takes-3.json";

/// What a sentence is for. Decided by its place alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Split {
    /// What the network is fitted to.
    Train,
    /// Looked at while trying things out.
    Validate,
    /// For the figures that are told.
    Test,
}

impl Split {
    pub(crate) fn of(sentence: usize) -> Self {
        match sentence % 10 {
            3 => Self::Validate,
            7 => Self::Test,
            _ => Self::Train,
        }
    }
}

/// A sentence, spoken once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Take {
    pub(crate) split: Split,
    pub(crate) sentence: usize,
    /// Other words than the sentence's are spoken.
    pub(crate) invented: bool,
    /// The dimension in which it lies outside of what is trained, if in any.
    pub(crate) beyond: Option<Beyond>,
    /// How much higher its pitch is to be than the voice's.
    pub(crate) pitch: f32,
    pub(crate) wav: String,
    /// Letter, first sample and the one behind the last, at the WAV file's own rate.
    pub(crate) phonemes: Vec<(char, u64, u64)>,
    /// Viseme, first sample and the one behind the last where they are heard; nothing in a take that was not
    /// aligned.
    #[serde(default)]
    pub(crate) shown: Vec<(u8, u64, u64)>,
    /// Not in the list: read from the WAV file.
    #[serde(skip)]
    pub(crate) samples: Vec<f32>,
    #[serde(skip)]
    pub(crate) rate_hz: u32,
}

/// A progress bar over `length` things.
pub(crate) fn bar(what: &'static str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:10} {bar:40} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length)
        .with_style(style)
        .with_message(what)
}

/// Calls `work` for each number below `count`, on `threads` threads; gives the results in order.
pub(crate) fn share_out<T: Send>(
    what: &'static str,
    count: usize,
    threads: usize,
    work: impl Fn(usize) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let bar = bar(what, count as u64);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        break;
                    }
                    let result = work(at);
                    bar.inc(1);
                    match done.lock() {
                        Ok(mut done) => done.push((at, result)),
                        // Another thread has panicked, which ends the scope.
                        Err(_) => break,
                    }
                }
            });
        }
    });
    bar.finish();
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What is to be spoken, and how.
struct Plan {
    sentence: usize,
    /// Other words than the sentence's are spoken.
    invented: bool,
    beyond: Option<Beyond>,
    pitch: f32,
    speed: f32,
    seed: u64,
}

/// A number of takes: each has a name of its own among a hundred.
pub(crate) fn takes(text: &str) -> Result<usize, String> {
    let takes = text.parse().ok().filter(|takes| (1..=100).contains(takes));
    takes.ok_or_else(|| "a number from 1 to 100".into())
}

/// What is to be spoken of sentence `sentence`. A trained one is spoken as it is once; the other takes in its
/// name are of words drawn from all of them, because new neighbours teach more than the same again.
fn plan(sentence: usize, takes: usize) -> Vec<Plan> {
    let draw = |take: usize, beyond: Option<Beyond>| {
        let seed = (sentence * 100 + take) as u64;
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x7669_7365);
        Plan {
            sentence,
            invented: beyond.is_none() && take > 0,
            beyond,
            pitch: PITCH.draw(beyond == Some(Beyond::Pitch), &mut rng),
            speed: SPEED.draw(beyond == Some(Beyond::Speed), &mut rng),
            seed,
        }
    };
    match Split::of(sentence) {
        Split::Train => (0..takes).map(|take| draw(take, None)).collect(),
        Split::Validate => vec![draw(0, None)],
        Split::Test => [None, Some(Beyond::Pitch), Some(Beyond::Speed)]
            .into_iter()
            .enumerate()
            .map(|(take, beyond)| draw(take, beyond))
            .collect(),
    }
}

/// Speaks all sentences into the folder `data`.
pub(crate) fn make(
    voice: &Path,
    data: &Path,
    takes: usize,
    only: Option<Split>,
    threads: usize,
) -> anyhow::Result<()> {
    if data.join(LIST).exists() {
        println!("{} is there already", data.join(LIST).display());
        return Ok(());
    }
    fs::create_dir_all(data)?;
    let lines: Vec<&str> = SENTENCES.lines().collect();
    let jobs: Vec<_> = (0..lines.len())
        .filter(|at| only.is_none_or(|only| only == Split::of(*at)))
        .flat_map(|at| plan(at, takes))
        .collect();
    let words = Words::of(&lines);
    // One thread each: the sentences are many, and each is small.
    let voice = speech::load(voice, 1)?;
    let mut list = share_out("speaking", jobs.len(), threads, |job| {
        let take = speak(&voice, &lines, &words, &jobs[job])?;
        janet_audio::wav::write_file(&data.join(&take.wav), &take.samples, take.rate_hz)?;
        Ok(Take {
            samples: Vec::new(),
            ..take
        })
    })?;
    align(data, &mut list, threads)?;
    fs::write(data.join(LIST), serde_json::to_string(&list)?)?;
    let seconds: f64 = list.iter().map(Take::seconds).sum();
    println!("{} takes, {:.1} minutes", list.len(), seconds / 60.0);
    Ok(())
}

/// Finds where the sounds of all takes are heard, as the trained sentences' own words teach it.
fn align(data: &Path, list: &mut [Take], threads: usize) -> anyhow::Result<()> {
    let learnt: Vec<usize> = (0..list.len())
        .filter(|at| list[*at].split == Split::Train && !list[*at].invented)
        .collect();
    if learnt.is_empty() {
        println!("nothing to learn from where sounds are heard: by the voice's table alone");
        return Ok(());
    }
    let learnt = share_out("listening", learnt.len(), threads, |at| {
        with_sound(data, list[learnt[at]].clone())
    })?;
    let rate_hz = learnt[0].rate_hz;
    let spoken: Vec<Spoken<'_>> = learnt.iter().map(Take::spoken).collect();
    let aligner = Aligner::fit(rate_hz, &spoken);
    let found = share_out("aligning", list.len(), threads, |at| {
        let take = with_sound(data, list[at].clone())?;
        let spoken = take.spoken();
        Ok(match aligner.align(&spoken) {
            Some(shown) => (shown, true),
            None => (as_table(&spoken.letters), false),
        })
    })?;
    let kept = found.iter().filter(|(_, fits)| !fits).count();
    println!(
        "where {} takes are heard; {kept} keep the voice's table, no alignment fits",
        list.len()
    );
    for (take, (shown, _)) in list.iter_mut().zip(found) {
        let shown = shown.into_iter();
        take.shown = shown
            .map(|(viseme, first, end)| (viseme as u8, first, end))
            .collect();
    }
    Ok(())
}

/// What is seen by the voice's own table.
fn as_table(letters: &[Timed]) -> Vec<Shown> {
    let spans = by_table(letters, 1.0, 0.0).into_iter();
    spans
        .map(|span| (span.viseme, span.start as u64, span.end as u64))
        .collect()
}

/// Speaks what `plan` says.
fn speak(voice: &Voice, lines: &[&str], words: &Words, plan: &Plan) -> anyhow::Result<Take> {
    let text = if plan.invented {
        words.sentence(plan.seed)
    } else {
        lines[plan.sentence].to_owned()
    };
    let spoken = speech::speak(voice, &text, plan.pitch / plan.speed, plan.seed)?;
    let phonemes = spoken.phonemes.iter();
    Ok(Take {
        split: Split::of(plan.sentence),
        sentence: plan.sentence,
        invented: plan.invented,
        beyond: plan.beyond,
        pitch: plan.pitch,
        wav: format!("{:06}.wav", plan.seed),
        phonemes: phonemes
            .map(|p| (p.symbol, p.start_sample, p.end_sample))
            .collect(),
        shown: Vec::new(),
        samples: spoken.samples,
        rate_hz: spoken.rate_hz,
    })
}

/// The takes of every `each`th sentence of a test, spoken now.
#[cfg(test)]
pub(crate) fn some(voice: &Voice, each: usize, threads: usize) -> anyhow::Result<Vec<Take>> {
    let lines: Vec<&str> = SENTENCES.lines().collect();
    let words = Words::of(&lines);
    let tested = (0..lines.len()).filter(|at| Split::of(*at) == Split::Test);
    let jobs: Vec<Plan> = tested.step_by(each).flat_map(|at| plan(at, 1)).collect();
    share_out("speaking", jobs.len(), threads, |job| {
        speak(voice, &lines, &words, &jobs[job])
    })
}

/// Reads the takes of the folder `data` that `wanted` names.
pub(crate) fn read(data: &Path, wanted: impl Fn(&Take) -> bool) -> anyhow::Result<Vec<Take>> {
    let list = data.join(LIST);
    let text = fs::read_to_string(&list)
        .with_context(|| format!("{}: run make-data first", list.display()))?;
    let mut takes: Vec<Take> = serde_json::from_str(&text)?;
    takes.retain(wanted);
    takes
        .into_iter()
        .map(|take| with_sound(data, take))
        .collect()
}

/// A take of the folder `data` with its sound.
fn with_sound(data: &Path, mut take: Take) -> anyhow::Result<Take> {
    let path = data.join(&take.wav);
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    let sound = janet_audio::wav::read_native(&bytes, Duration::from_secs(120))?;
    if take.phonemes.is_empty() {
        bail!("{} has no phonemes", path.display());
    }
    take.samples = sound.samples;
    take.rate_hz = sound.rate_hz;
    Ok(take)
}

impl Take {
    /// What sounds in it by the voice's table, and its silences.
    pub(crate) fn letters(&self) -> Vec<Timed> {
        let heard_hz = f64::from(self.rate_hz) * f64::from(self.pitch);
        let pauses = Pauses::of(&self.samples, self.rate_hz);
        sounding(&self.phonemes, &pauses, 1.0 / heard_hz)
    }

    fn spoken(&self) -> Spoken<'_> {
        Spoken {
            samples: &self.samples,
            letters: self.letters(),
        }
    }

    fn seconds(&self) -> f64 {
        let last = self.phonemes.last().map_or(0, |(_, _, end)| *end);
        last as f64 / f64::from(self.rate_hz.max(1)) / f64::from(self.pitch)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn sentences_are_many_and_none_is_there_twice() {
        let lines: Vec<&str> = SENTENCES.lines().collect();
        assert!(lines.len() >= 400, "{}", lines.len());
        let bare = |line: &str| -> String {
            let kept = line.chars().filter(|c| c.is_alphanumeric());
            kept.flat_map(char::to_lowercase).collect()
        };
        let different: HashSet<String> = lines.iter().map(|line| bare(line)).collect();
        assert_eq!(different.len(), lines.len());
    }

    #[test]
    fn what_is_tested_is_not_trained() {
        let beyond = |sentence| -> Vec<_> { plan(sentence, 2).iter().map(|p| p.beyond).collect() };
        for sentence in 0..40 {
            let held_out = Split::of(sentence) == Split::Test;
            assert_eq!(beyond(sentence).iter().any(Option::is_some), held_out);
            for plan in plan(sentence, 2) {
                assert_eq!(
                    PITCH.trained(plan.pitch),
                    plan.beyond != Some(Beyond::Pitch)
                );
                assert_eq!(
                    SPEED.trained(plan.speed),
                    plan.beyond != Some(Beyond::Speed)
                );
                assert!(!held_out || !plan.invented);
            }
        }
    }
}
