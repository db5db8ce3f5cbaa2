//! A persona as a TOML file: what may stand in it, and how it is written.

use serde::Serialize;
use toml::{Table, Value};

use super::clean::{has_marks, hidden};
use super::{Example, Persona, PersonaError, PersonaId, limits};

/// The largest file.
pub(super) const MOST_BYTES: usize = 64 << 10;
/// Every key of a file.
const KEYS: [&str; 11] = [
    "id",
    "name",
    "version",
    "description",
    "instructions",
    "greeting",
    "tone",
    "voice",
    "speed",
    "source",
    "examples",
];
/// How slowly and how fast a voice may be told to speak.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.5..=2.0;

/// Reads a file. The first thing that is wrong is told by the name of its field.
pub(super) fn parse(text: &str) -> Result<Persona, PersonaError> {
    if text.len() > MOST_BYTES {
        return Err(PersonaError::TooLarge {
            what: "the persona file",
            found: text.len(),
            most: MOST_BYTES,
        });
    }
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        PersonaError::Syntax {
            kind: "TOML",
            line: before.matches('\n').count() + 1,
            column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
        }
    })?;
    let mut fields = Fields {
        table,
        prefix: String::new(),
    };
    let persona = Persona {
        id: PersonaId::parse(&fields.needed("id", 1 << 10)?)?,
        name: fields.needed_line("name", limits::NAME)?,
        version: fields
            .line("version", limits::VERSION)?
            .unwrap_or_else(|| "1".to_owned()),
        description: fields
            .line("description", limits::DESCRIPTION)?
            .unwrap_or_default(),
        instructions: fields.needed("instructions", limits::INSTRUCTIONS)?,
        greeting: fields.text("greeting", limits::GREETING)?,
        tone: fields.line("tone", limits::TONE)?,
        voice: fields.line("voice", limits::VOICE)?,
        speed: fields.speed()?,
        source: fields.line("source", limits::SOURCE)?,
        examples: fields.examples()?,
    };
    fields.nothing_else(&KEYS)?;
    Ok(persona)
}

/// Whether it is TOML at all.
pub(super) fn looks_like_one(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text)
        .ok()
        .filter(|text| text.len() <= MOST_BYTES);
    text.is_some_and(|text| text.parse::<Table>().is_ok())
}

/// The persona as a file that is read as the same.
pub(super) fn written(persona: &Persona) -> String {
    /// The order of the keys.
    #[derive(Serialize)]
    struct Written<'a> {
        id: &'a str,
        name: &'a str,
        version: &'a str,
        description: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tone: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        voice: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        speed: Option<f64>,
        instructions: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        greeting: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        examples: Vec<Pair<'a>>,
    }
    #[derive(Serialize)]
    struct Pair<'a> {
        user: &'a str,
        answer: &'a str,
    }
    let pair = |example: &'_ Example| -> (String, String) {
        (example.user.clone(), example.answer.clone())
    };
    let pairs: Vec<(String, String)> = persona.examples.iter().map(pair).collect();
    let pairs = pairs.iter().map(|(user, answer)| Pair { user, answer });
    toml::to_string_pretty(&Written {
        id: persona.id.as_str(),
        name: &persona.name,
        version: &persona.version,
        description: &persona.description,
        source: persona.source.as_deref(),
        tone: persona.tone.as_deref(),
        voice: persona.voice.as_deref(),
        speed: persona.speed,
        instructions: &persona.instructions,
        greeting: persona.greeting.as_deref(),
        examples: pairs.collect(),
    })
    .expect("texts and numbers are TOML")
}

/// The fields of a table, taken one by one.
struct Fields {
    table: Table,
    /// What is said before a field's name.
    prefix: String,
}

impl Fields {
    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn needed(&mut self, key: &str, most: usize) -> Result<String, PersonaError> {
        let name = self.name(key);
        let text = self.text(key, most)?;
        text.ok_or_else(|| PersonaError::field(&name, "a text that is not empty", "nothing"))
    }

    fn needed_line(&mut self, key: &str, most: usize) -> Result<String, PersonaError> {
        let name = self.name(key);
        let text = self.line(key, most)?;
        text.ok_or_else(|| PersonaError::field(&name, "a text that is not empty", "nothing"))
    }

    fn line(&mut self, key: &str, most: usize) -> Result<Option<String>, PersonaError> {
        let text = self.text(key, most)?;
        if text.as_ref().is_some_and(|text| text.contains('\n')) {
            return Err(PersonaError::field(&self.name(key), "one line", "several"));
        }
        Ok(text)
    }

    fn text(&mut self, key: &str, most: usize) -> Result<Option<String>, PersonaError> {
        let name = self.name(key);
        let text = match self.table.remove(key) {
            None => return Ok(None),
            Some(Value::String(text)) => text.replace('\r', "").trim().to_owned(),
            Some(other) => return Err(PersonaError::field(&name, "a text", in_words(&other))),
        };
        if text.len() > most {
            let wanted = format!("at most {most} bytes");
            return Err(PersonaError::field(&name, &wanted, text.len().to_string()));
        }
        if let Some(c) = hidden(&text) {
            let found = format!("U+{:04X}", u32::from(c));
            return Err(PersonaError::field(
                &name,
                "characters that can be seen",
                found,
            ));
        }
        if has_marks(&text) {
            let wanted = "without marks of chat templates, such as <|…|> or [INST]";
            return Err(PersonaError::field(&name, wanted, "one"));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn speed(&mut self) -> Result<Option<f64>, PersonaError> {
        let speed = match self.table.remove("speed") {
            None => return Ok(None),
            Some(Value::Float(speed)) => speed,
            Some(Value::Integer(speed)) => speed as f64,
            Some(other) => return Err(PersonaError::field("speed", "a number", in_words(&other))),
        };
        if !SPEEDS.contains(&speed) {
            let wanted = format!("{} to {}", SPEEDS.start(), SPEEDS.end());
            return Err(PersonaError::field("speed", &wanted, speed.to_string()));
        }
        Ok(Some(speed))
    }

    fn examples(&mut self) -> Result<Vec<Example>, PersonaError> {
        const WANTED: &str = "a list of tables with `user` and `answer`";
        let list = match self.table.remove("examples") {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => return Err(PersonaError::field("examples", WANTED, in_words(&other))),
        };
        if list.len() > limits::EXAMPLES {
            let wanted = format!("at most {} of them", limits::EXAMPLES);
            return Err(PersonaError::field(
                "examples",
                &wanted,
                list.len().to_string(),
            ));
        }
        let example = |(number, value): (usize, Value)| {
            let prefix = format!("examples[{number}]");
            let Value::Table(table) = value else {
                return Err(PersonaError::field(&prefix, WANTED, in_words(&value)));
            };
            let prefix = format!("{prefix}.");
            let mut fields = Self { table, prefix };
            let user = fields.needed("user", limits::EXAMPLE)?;
            let answer = fields.needed("answer", limits::EXAMPLE)?;
            fields.nothing_else(&["user", "answer"])?;
            Ok(Example { user, answer })
        };
        list.into_iter().enumerate().map(example).collect()
    }

    fn nothing_else(&self, known: &[&str]) -> Result<(), PersonaError> {
        let Some((key, _)) = self.table.iter().next() else {
            return Ok(());
        };
        let key = super::clean::clean_line(&self.name(key), 60).text;
        let known = known.join(", ");
        Err(PersonaError::UnknownKey { key, known })
    }
}

fn in_words(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) | Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
