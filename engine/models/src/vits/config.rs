//! What the JSON file beside a Piper voice says.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::ModelError;

/// A voice's settings.
#[derive(Clone, Debug)]
pub struct VoiceConfig {
    /// Samples per second of the voice's sound.
    pub sample_rate_hz: u32,
    /// The ids of each phoneme symbol.
    pub phoneme_ids: HashMap<char, Vec<u32>>,
    /// Default strength of the noise in the sound, 0 for none.
    pub noise_scale: f32,
    /// Default factor on all durations.
    pub length_scale: f32,
    /// Default strength of the noise in the durations.
    pub duration_noise_scale: f32,
    /// What it speaks, by espeak's name such as `en-us`; `None`: the file does not say.
    pub language: Option<String>,
    /// How many speakers it has.
    pub speakers: u32,
    /// Those of them that have a name.
    pub speaker_ids: BTreeMap<String, u32>,
}

/// Names that an error repeats.
const NAMED: usize = 8;

#[derive(serde::Deserialize)]
struct Raw {
    audio: RawAudio,
    #[serde(default = "espeak")]
    phoneme_type: String,
    #[serde(default)]
    espeak: RawEspeak,
    #[serde(default)]
    inference: RawInference,
    phoneme_id_map: HashMap<String, Vec<u32>>,
    #[serde(default = "one_speaker")]
    num_speakers: u32,
    #[serde(default)]
    speaker_id_map: BTreeMap<String, u32>,
}

#[derive(serde::Deserialize)]
struct RawAudio {
    sample_rate: u32,
}

#[derive(serde::Deserialize, Default)]
struct RawEspeak {
    voice: Option<String>,
}

#[derive(serde::Deserialize, Default)]
struct RawInference {
    noise_scale: Option<f32>,
    length_scale: Option<f32>,
    noise_w: Option<f32>,
}

fn espeak() -> String {
    "espeak".to_owned()
}

fn one_speaker() -> u32 {
    1
}

impl VoiceConfig {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is no voice configuration, or is one that is not supported:
    /// phonemes other than espeak's.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&text).map_err(|reason| ModelError::Format {
            path: path.to_path_buf(),
            reason,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = serde_json::from_str(text)
            .map_err(|error| format!("not a voice configuration: {error}"))?;
        let speakers = raw.num_speakers.max(1);
        if let Some((name, id)) = raw.speaker_id_map.iter().find(|(_, id)| **id >= speakers) {
            return Err(format!(
                "speaker_id_map gives {name:?} the number {id}, but num_speakers is {speakers}"
            ));
        }
        if raw.phoneme_type != "espeak" {
            return Err(format!(
                "phoneme_type is {:?}, not \"espeak\"",
                raw.phoneme_type
            ));
        }
        if !(8_000..=48_000).contains(&raw.audio.sample_rate) {
            return Err(format!("audio.sample_rate is {}", raw.audio.sample_rate));
        }
        let mut phoneme_ids = HashMap::new();
        for (symbol, ids) in raw.phoneme_id_map {
            // Longer keys are for voices with merged symbols; espeak voices know single ones.
            if let (Some(symbol), true) = (symbol.chars().next(), symbol.chars().count() == 1) {
                phoneme_ids.insert(symbol, ids);
            }
        }
        for symbol in ['_', '^', '$', ' '] {
            if phoneme_ids.get(&symbol).is_none_or(Vec::is_empty) {
                return Err(format!("phoneme_id_map has no {symbol:?}"));
            }
        }
        let scale = |value: Option<f32>, default: f32, name: &str| match value {
            Some(value) if !(0.0..=10.0).contains(&value) => {
                Err(format!("inference.{name} is {value}"))
            }
            Some(value) => Ok(value),
            None => Ok(default),
        };
        Ok(Self {
            sample_rate_hz: raw.audio.sample_rate,
            phoneme_ids,
            noise_scale: scale(raw.inference.noise_scale, 0.667, "noise_scale")?,
            length_scale: scale(raw.inference.length_scale, 1.0, "length_scale")?,
            duration_noise_scale: scale(raw.inference.noise_w, 0.8, "noise_w")?,
            language: raw.espeak.voice,
            speakers,
            speaker_ids: raw.speaker_id_map,
        })
    }

    /// The number of a speaker, given by name or number; the first where nobody is named.
    ///
    /// # Errors
    /// When there is no such speaker; names those that there are.
    pub fn speaker(&self, wanted: Option<&str>) -> Result<u32, ModelError> {
        let Some(wanted) = wanted else {
            return Ok(0);
        };
        let by_number = || wanted.parse().ok().filter(|id| *id < self.speakers);
        let found = self.speaker_ids.get(wanted).copied().or_else(by_number);
        found.ok_or_else(|| ModelError::Input {
            what: "speaker",
            reason: format!("there is no {wanted:?} in this voice: {}", self.who()),
        })
    }

    /// Whether it speaks English, which is what the built-in phonemes are for.
    pub fn is_english(&self) -> bool {
        self.language
            .as_ref()
            .is_none_or(|language| language.starts_with("en"))
    }

    /// Whom it has, in words.
    fn who(&self) -> String {
        let names: Vec<&str> = self.speaker_ids.keys().map(String::as_str).collect();
        match (self.speakers, names.as_slice()) {
            (1, _) => "it has one speaker".to_owned(),
            (count, []) => format!("it has the speakers 0 to {}", count - 1),
            (count, names) => {
                let more = if names.len() > NAMED { ", …" } else { "" };
                let shown = names[..names.len().min(NAMED)].join(", ");
                format!("it has {count} speakers: {shown}{more}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::VoiceConfig;

    const IDS: &str = r#""phoneme_id_map": {"_": [0], "^": [1], "$": [2], " ": [3], "a": [14]}"#;

    #[test]
    fn defaults_fill_what_the_file_leaves_out() {
        let text = format!(r#"{{"audio": {{"sample_rate": 22050}}, {IDS}}}"#);
        let config = VoiceConfig::parse(&text).expect("sound");
        assert_eq!((config.sample_rate_hz, config.noise_scale), (22_050, 0.667));
        assert_eq!(config.phoneme_ids[&'a'], [14]);
    }

    #[test]
    fn unsupported_voices_are_refused_with_the_field() {
        let audio = r#""audio": {"sample_rate": 22050}"#;
        for (text, field) in [
            (
                format!(r#"{{{audio}, "num_speakers": 3, "speaker_id_map": {{"a": 3}}, {IDS}}}"#),
                "speaker_id_map",
            ),
            (
                format!(r#"{{{audio}, "phoneme_type": "text", {IDS}}}"#),
                "phoneme_type",
            ),
            (
                format!(r#"{{"audio": {{"sample_rate": 0}}, {IDS}}}"#),
                "sample_rate",
            ),
            (
                format!(r#"{{{audio}, "phoneme_id_map": {{"a": [1]}}}}"#),
                "phoneme_id_map",
            ),
            (
                format!(r#"{{{audio}, "inference": {{"noise_w": -1}}, {IDS}}}"#),
                "noise_w",
            ),
            ("[]".to_owned(), "not a voice configuration"),
        ] {
            let error = VoiceConfig::parse(&text).expect_err(field);
            assert!(error.contains(field), "{error}");
        }
    }

    #[test]
    fn speakers_are_found_by_name_and_by_number() {
        let read = |speakers: &str| {
            let text = format!(r#"{{"audio": {{"sample_rate": 22050}}, {speakers} {IDS}}}"#);
            VoiceConfig::parse(&text).expect("sound")
        };
        let many = read(r#""num_speakers": 3, "speaker_id_map": {"anna": 0, "ben": 1, "2": 0},"#);
        let number = |wanted| many.speaker(wanted).ok();
        assert_eq!(number(None), Some(0));
        assert_eq!(number(Some("ben")), Some(1));
        assert_eq!(number(Some("1")), Some(1));
        assert_eq!(number(Some("2")), Some(0), "a name goes before a number");
        for (voice, wanted, told) in [
            (&many, "cleo", "3 speakers: 2, anna, ben"),
            (&many, "3", "3 speakers"),
            (&read(r#""num_speakers": 904,"#), "p225", "0 to 903"),
            (&read(""), "anna", "one speaker"),
        ] {
            let error = voice.speaker(Some(wanted)).expect_err(wanted).to_string();
            assert!(error.contains(wanted) && error.contains(told), "{error}");
        }
    }
}
