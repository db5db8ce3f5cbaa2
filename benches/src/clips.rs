//! The test speech: 16 kHz clips with what is said in them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;

/// Samples of the windows in which loudness is judged (20 ms).
const WINDOW: usize = 320;
/// A window this much quieter than the loudest one is not speech: the peers' scripts judge so.
const SHARE: f32 = 0.1;

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
        let last = loud_windows(&self.pcm)
            .iter()
            .rposition(|loud| *loud)
            .unwrap_or(0);
        Duration::from_millis(20 * (last as u64 + 1))
    }
}

/// Where speech truly begins.
pub(crate) fn onset(pcm: &[f32]) -> Duration {
    let first = loud_windows(pcm).iter().position(|loud| *loud).unwrap_or(0);
    Duration::from_millis(20 * first as u64)
}
