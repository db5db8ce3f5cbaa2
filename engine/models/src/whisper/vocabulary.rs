//! The tokens of a Whisper model: its special ones by name, and text from the rest.
//!
//! No id is a constant: English-only models, multilingual ones and large-v3 with one more language
//! each have them elsewhere. All come from `tokenizer.json`.

use std::fs;
use std::path::Path;

use tokenizers::Tokenizer;

use super::language::{Language, Languages, Spoken};
use super::settings::Settings;
use crate::ModelError;

/// Token ids by their meaning, and the way back to text.
pub(super) struct Vocabulary {
    tokenizer: Tokenizer,
    /// Begins every text.
    start: u32,
    /// After it, in models that take them: the language's token, then this task.
    transcribe: Option<u32>,
    /// Says that no times are wanted; the text follows.
    plain: u32,
    /// The languages that the model can be told; empty for English-only models.
    pub languages: Languages,
    /// Ends a text; every id above it is special too.
    pub end: u32,
    /// Stands for "nobody speaks here".
    pub no_speech: Option<u32>,
    /// Never chosen: symbols that only annotate.
    pub suppressed: Vec<u32>,
    /// Not chosen as the first token either.
    pub suppressed_first: Vec<u32>,
}

/// Models with fewer tokens hear English only and take neither language nor task; the original
/// tells them apart by this number, too.
const MULTILINGUAL_ROWS: usize = 51_865;

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let languages = self.languages.0.len();
        write!(f, "Vocabulary({languages} languages, end {})", self.end)
    }
}

impl Vocabulary {
    /// Reads `tokenizer.json` of a folder whose model has `rows` tokens.
    pub(super) fn load(dir: &Path, rows: usize, settings: &Settings) -> Result<Self, ModelError> {
        let path = dir.join("tokenizer.json");
        let bad = |reason: String| ModelError::Format {
            path: path.clone(),
            reason,
        };
        let bytes = fs::read(&path).map_err(|source| ModelError::Read {
            path: path.clone(),
            source,
        })?;
        let tokenizer = Tokenizer::from_bytes(&bytes).map_err(|e| bad(e.to_string()))?;
        let find = |name: &str| tokenizer.token_to_id(name);
        let need = |name: &str| {
            let id = find(name).ok_or_else(|| bad(format!("has no token {name}")))?;
            if id as usize >= rows {
                return Err(bad(format!("{name} is {id}, outside the model's {rows}")));
            }
            Ok(id)
        };
        let end = need("<|endoftext|>")?;
        let start = need("<|startoftranscript|>")?;
        let plain = need("<|notimestamps|>")?;
        let multilingual = settings.multilingual.unwrap_or(rows >= MULTILINGUAL_ROWS);
        let (mut languages, mut transcribe) = (Languages::default(), None);
        if multilingual {
            let task = need("<|transcribe|>")?;
            // The languages lie between the start and the tasks, in every model there is.
            let last = find("<|translate|>").unwrap_or(task).min(task);
            let code = |id| Some((code_of(&tokenizer.id_to_token(id)?)?.to_owned(), id));
            languages = Languages((start + 1..last).filter_map(code).collect());
            transcribe = Some(task);
            if languages.0.is_empty() {
                return Err(bad("has no token of a language, such as <|en|>".to_owned()));
            }
        }
        Ok(Self {
            start,
            transcribe,
            plain,
            languages,
            end,
            no_speech: find("<|nospeech|>").or_else(|| find("<|nocaptions|>")),
            suppressed: settings.suppressed.clone(),
            suppressed_first: settings.suppressed_first.clone(),
            tokenizer,
        })
    }

    /// The token that a text begins with.
    pub(super) fn start(&self) -> u32 {
        self.start
    }

    /// The token that says that no times are wanted.
    pub(super) fn plain(&self) -> u32 {
        self.plain
    }

    /// Whether the language has to be found out before the text.
    pub(super) fn has_to_detect(&self, language: Language) -> bool {
        language == Language::AUTO && self.transcribe.is_some()
    }

    /// What follows the start before the text, without `<|notimestamps|>`: language and task.
    pub(super) fn task(&self, language: Language) -> Vec<u32> {
        let english = || self.languages.token("en");
        match (language.0.or_else(english), self.transcribe) {
            (Some(language), Some(task)) => vec![language, task],
            (None, Some(task)) => vec![task],
            _ => Vec::new(),
        }
    }

    /// What follows the start before the text.
    pub(super) fn opening(&self, language: Language) -> Vec<u32> {
        let mut tokens = self.task(language);
        tokens.push(self.plain);
        tokens
    }

    /// The language of this name: `auto`, a code such as `de`.
    pub(super) fn language(&self, name: &str) -> Result<Language, ModelError> {
        let refused = |reason: String| ModelError::Input {
            what: "stt.language",
            reason,
        };
        let code = name.trim().to_ascii_lowercase();
        match (code.as_str(), self.transcribe) {
            ("auto", _) | ("en", None) => Ok(Language::AUTO),
            (code, None) => Err(refused(format!(
                "this model hears English only, not {code:?}; a multilingual one, such as \
                 models.stt = whisper-base, hears 99 languages"
            ))),
            (code, Some(_)) => match self.languages.token(code) {
                Some(token) => Ok(Language(Some(token))),
                None => Err(refused(format!(
                    "the model knows no language {code:?}; it knows auto, {}",
                    self.languages.some()
                ))),
            },
        }
    }

    /// What is said of a language that was told.
    pub(super) fn spoken(&self, token: u32, probability: f32) -> Option<Spoken> {
        Some(Spoken {
            code: self.languages.code(token)?.to_owned(),
            probability,
        })
    }

    /// Whether this language puts spaces between its words.
    pub(super) fn has_spaces(&self, language: Language) -> bool {
        let code = language.0.and_then(|token| self.languages.code(token));
        !matches!(code, Some("zh" | "ja" | "th" | "lo" | "my" | "yue"))
    }

    /// The text of tokens, special ones left out.
    pub(super) fn text(&self, tokens: &[u32]) -> Result<String, ModelError> {
        self.tokenizer
            .decode(tokens, true)
            .map_err(|e| ModelError::Input {
                what: "tokens",
                reason: e.to_string(),
            })
    }
}

/// The code in `<|de|>`.
fn code_of(token: &str) -> Option<&str> {
    let code = token.strip_prefix("<|")?.strip_suffix("|>")?;
    let is_code = (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase());
    is_code.then_some(code)
}

#[cfg(test)]
#[path = "vocabulary_test.rs"]
mod tests;
