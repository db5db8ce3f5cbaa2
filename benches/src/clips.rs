//! The test speech: 16 kHz clips with what is said in them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use janet_engine::client::PLAY_HZ;
use serde::Deserialize;

/// Samples of the windows in which loudness is judged (20 ms).
const WINDOW: usize = 320;
/// A window this much quieter than the loudest one is not speech: the peers' scripts judge so.
const SHARE: f32 = 0.1;
/// −50 dBFS: of what she says, quieter than this is silence.
const SILENT: f32 = 0.003_162;

#[derive(Deserialize)]
struct Entry {
    name: String,
    text: String,
    seconds: f32,
}

/// One clip.
pub(crate) struct Clip {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) seconds: f32,
    pub(crate) pcm: Vec<f32>,
}

/// Every clip of the manifest.
pub(crate) fn load(dir: &Path) -> anyhow::Result<Vec<Clip>> {
    let manifest = dir.join("manifest.json");
    let text = std::fs::read_to_string(&manifest)
        .with_context(|| format!("no test speech at {}: run ./bench", manifest.display()))?;
    let entries: Vec<Entry> = serde_json::from_str(&text)?;
    entries
        .into_iter()
        .map(
            |Entry {
                 name,
                 text,
                 seconds,
             }| {
                let bytes = std::fs::read(dir.join(format!("{name}.wav")))?;
                let pcm = janet_audio::wav::read(&bytes, Duration::from_secs(60))?;
                Ok(Clip {
                    name,
                    text,
                    seconds,
                    pcm,
                })
            },
        )
        .collect()
}

/// The clip of this name.
pub(crate) fn find<'a>(clips: &'a [Clip], name: &str) -> anyhow::Result<&'a Clip> {
    match clips.iter().find(|clip| clip.name == name) {
        Some(clip) => Ok(clip),
        None => bail!("there is no clip {name}"),
    }
}

pub(crate) fn loud_windows(pcm: &[f32]) -> Vec<bool> {
    let rms = |w: &[f32]| (w.iter().map(|s| s * s).sum::<f32>() / w.len() as f32).sqrt();
    let levels: Vec<f32> = pcm.chunks_exact(WINDOW).map(rms).collect();
    let loudest = levels.iter().copied().fold(0.0, f32::max);
    levels
        .iter()
        .map(|level| *level > SHARE * loudest)
        .collect()
}

impl Clip {
    /// Where speech truly ends.
    pub(crate) fn speech_end(&self) -> Duration {
        speech_end(&self.pcm)
    }
}

/// Where speech truly ends.
pub(crate) fn speech_end(pcm: &[f32]) -> Duration {
    let last = loud_windows(pcm)
        .iter()
        .rposition(|loud| *loud)
        .unwrap_or(0);
    Duration::from_millis(20 * (last as u64 + 1))
}

/// Where speech truly begins.
pub(crate) fn onset(pcm: &[f32]) -> Duration {
    let first = loud_windows(pcm).iter().position(|loud| *loud).unwrap_or(0);
    Duration::from_millis(20 * first as u64)
}

/// How loud speech is where there is any: 1 is full scale.
pub(crate) fn level(pcm: &[f32]) -> f32 {
    let windows = pcm.chunks_exact(WINDOW).zip(loud_windows(pcm));
    let loud: Vec<&[f32]> = windows
        .filter_map(|(window, loud)| loud.then_some(window))
        .collect();
    let sum: f32 = loud.iter().copied().flatten().map(|s| s * s).sum();
    (sum / (loud.len() * WINDOW).max(1) as f32).sqrt()
}

/// The last audible sample of what was played, in a stretch of time.
pub(crate) fn last_audible(played: &[f32], from: Duration, to: Duration) -> Option<Duration> {
    let at = |span: Duration| (span.as_secs_f64() * f64::from(PLAY_HZ)) as usize;
    let end = at(to).min(played.len());
    let start = at(from).min(end);
    let last = played[start..end].iter().rposition(|s| s.abs() > SILENT)?;
    Some(from + Duration::from_micros(last as u64 * 1_000_000 / u64::from(PLAY_HZ)))
}
