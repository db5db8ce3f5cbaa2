//! The fields of one frame, unread.
//!
//! Values stay slices of the frame until a message asks for them by name, so unknown fields cost
//! nothing, and nesting is followed only where a message asks for an object by name. The kind of a value
//! shows in its first byte.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{ErrorCode, WireError};

/// Longest piece of a client's own type or field name that an error quotes, in characters.
const QUOTE_CHARS: usize = 48;

/// What a value looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Number,
    Boolean,
    Null,
    Array,
    Object,
}

impl Kind {
    fn of(json: &str) -> Self {
        match json.as_bytes().first() {
            Some(b'"') => Self::String,
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b't' | b'f') => Self::Boolean,
            Some(b'n') => Self::Null,
            _ => Self::Number,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Null => "null",
            Self::Array => "array",
            Self::Object => "object",
        })
    }
}

/// The top level of a frame.
#[derive(Default)]
pub(crate) struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// Splits a frame. On failure also returns what stood before the fault, for the `request_id`.
    pub(crate) fn read(frame: &'a str) -> (Self, Result<(), WireError>) {
        let mut fields = Self::default();
        let start = frame.trim_start();
        if !start.is_empty() && !start.starts_with('{') {
            // Not JSON at all, or JSON of another kind: tell them apart without quoting anything.
            let error = match serde_json::from_str::<&RawValue>(frame) {
                Ok(value) => WireError::new(
                    ErrorCode::BadJson,
                    format!("expected a JSON object, found {}", Kind::of(value.get())),
                ),
                Err(error) => syntax_error(&error),
            };
            return (fields, Err(error));
        }
        let mut json = serde_json::Deserializer::from_str(frame);
        let read = Split(&mut fields)
            .deserialize(&mut json)
            .and_then(|()| json.end());
        (fields, read.map_err(|error| syntax_error(&error)))
    }

    /// The one value of this name; `null` is a value. Refuses a name that stands twice, because
    /// two readers of the same frame could then believe two different things.
    pub(crate) fn raw(&self, name: &str) -> Result<Option<&'a str>, WireError> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        let value = found.next().map(|(_, value)| value.get());
        match found.next() {
            Some(_) => Err(WireError::in_field(
                ErrorCode::DuplicateField,
                name,
                format!("field \"{name}\" stands twice"),
            )),
            None => Ok(value),
        }
    }

    /// The value of an optional field; `null` counts as absent, as older clients send it so.
    fn optional(&self, name: &str) -> Result<Option<&'a str>, WireError> {
        Ok(self.raw(name)?.filter(|json| Kind::of(json) != Kind::Null))
    }

    fn required(&self, name: &str) -> Result<&'a str, WireError> {
        self.raw(name)?.ok_or_else(|| {
            WireError::in_field(
                ErrorCode::MissingField,
                name,
                format!("field \"{name}\" is missing"),
            )
        })
    }

    /// A required string of at most `max_bytes`.
    pub(crate) fn string(&self, name: &str, max_bytes: usize) -> Result<Cow<'a, str>, WireError> {
        read_string(name, self.required(name)?, max_bytes)
    }

    /// An optional string of at most `max_bytes`.
    pub(crate) fn optional_string(
        &self,
        name: &str,
        max_bytes: usize,
    ) -> Result<Option<Cow<'a, str>>, WireError> {
        self.optional(name)?
            .map(|json| read_string(name, json, max_bytes))
            .transpose()
    }

    /// An optional number.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, WireError> {
        let Some(json) = self.optional(name)? else {
            return Ok(None);
        };
        match Kind::of(json) {
            Kind::Number => Ok(read_number(name, json)?.as_f64()),
            found => Err(wrong_type(name, "number", found)),
        }
    }

    /// A required string or number, as a JSON value.
    pub(crate) fn scalar(
        &self,
        name: &str,
        max_bytes: usize,
    ) -> Result<serde_json::Value, WireError> {
        let json = self.required(name)?;
        match Kind::of(json) {
            Kind::String => Ok(read_string(name, json, max_bytes)?.into()),
            Kind::Number => Ok(read_number(name, json)?.into()),
            found => Err(wrong_type(name, "string or number", found)),
        }
    }

    /// An optional string or whole number, as a JSON value.
    pub(crate) fn id(
        &self,
        name: &str,
        max_bytes: usize,
    ) -> Result<Option<serde_json::Value>, WireError> {
        let Some(json) = self.optional(name)? else {
            return Ok(None);
        };
        match Kind::of(json) {
            Kind::String => Ok(Some(read_string(name, json, max_bytes)?.into())),
            Kind::Number => whole_number(name, &read_number(name, json)?).map(Some),
            found => Err(wrong_type(name, "string or integer", found)),
        }
    }

    /// The fields of a required object.
    pub(crate) fn object(&self, name: &str) -> Result<Self, WireError> {
        let json = self.required(name)?;
        match Kind::of(json) {
            Kind::Object => {
                let (fields, read) = Self::read(json);
                read.map(|()| fields)
            }
            found => Err(wrong_type(name, "object", found)),
        }
    }

    /// The same where it may lack.
    pub(crate) fn optional_object(&self, name: &str) -> Result<Option<Self>, WireError> {
        match self.optional(name)? {
            None => Ok(None),
            Some(_) => self.object(name).map(Some),
        }
    }

    /// Whether a field is there and not null.
    pub(crate) fn has(&self, name: &str) -> Result<bool, WireError> {
        Ok(self.optional(name)?.is_some())
    }

    /// A required array of so many numbers; one that is too large for its kind is infinite.
    pub(crate) fn numbers<const N: usize>(&self, name: &str) -> Result<[f32; N], WireError> {
        let json = self.required(name)?;
        let found = Kind::of(json);
        if found != Kind::Array {
            return Err(wrong_type(name, "array", found));
        }
        let values: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|error| syntax_error(&error))?;
        let values: [&RawValue; N] = values.try_into().map_err(|values: Vec<_>| {
            let message = format!("field \"{name}\" has {} numbers, not {N}", values.len());
            out_of_range(name, message)
        })?;
        let mut numbers = [0.0; N];
        for (number, value) in numbers.iter_mut().zip(values) {
            *number = match Kind::of(value.get()) {
                Kind::Number => read_number(name, value.get())?.as_f64().unwrap_or(f64::NAN) as f32,
                found => return Err(wrong_type(name, "numbers", found)),
            };
        }
        Ok(numbers)
    }

    /// An optional array of at most `most` strings of at most `max_bytes` each.
    pub(crate) fn optional_strings(
        &self,
        name: &str,
        most: usize,
        max_bytes: usize,
    ) -> Result<Option<Vec<Cow<'a, str>>>, WireError> {
        let Some(json) = self.optional(name)? else {
            return Ok(None);
        };
        let found = Kind::of(json);
        if found != Kind::Array {
            return Err(wrong_type(name, "array", found));
        }
        let values: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|error| syntax_error(&error))?;
        if values.len() > most {
            let message = format!(
                "field \"{name}\" has {} entries, at most {most} are taken",
                values.len()
            );
            return Err(out_of_range(name, message));
        }
        let strings = values.into_iter().map(|value| match Kind::of(value.get()) {
            Kind::String => read_string(name, value.get(), max_bytes),
            found => Err(wrong_type(name, "strings", found)),
        });
        strings.collect::<Result<_, _>>().map(Some)
    }

    /// A required boolean.
    pub(crate) fn required_boolean(&self, name: &str) -> Result<bool, WireError> {
        match self.required(name)? {
            "true" => Ok(true),
            "false" => Ok(false),
            json => Err(wrong_type(name, "boolean", Kind::of(json))),
        }
    }

    /// An optional boolean.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, WireError> {
        match self.optional(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(json) => Err(wrong_type(name, "boolean", Kind::of(json))),
        }
    }

    /// A required whole number from 0 to 2³² − 1. `16000.0` is whole.
    pub(crate) fn unsigned(&self, name: &str) -> Result<u32, WireError> {
        read_unsigned(name, self.required(name)?)
    }

    /// An optional whole number from 0 to 2³² − 1.
    pub(crate) fn optional_unsigned(&self, name: &str) -> Result<Option<u32>, WireError> {
        self.optional(name)?
            .map(|json| read_unsigned(name, json))
            .transpose()
    }
}

/// A value outside what the field can mean.
pub(crate) fn out_of_range(name: &str, message: String) -> WireError {
    WireError::in_field(ErrorCode::OutOfRange, name, message)
}

/// A client's own name for something, cut to a length that fits an error, control characters and
/// quotation marks escaped.
pub(crate) fn quote(name: &str) -> String {
    let mut quoted: String = name
        .chars()
        .take(QUOTE_CHARS)
        .flat_map(char::escape_debug)
        .collect();
    if name.chars().nth(QUOTE_CHARS).is_some() {
        quoted.push('…');
    }
    quoted
}

fn read_string<'a>(name: &str, json: &'a str, max_bytes: usize) -> Result<Cow<'a, str>, WireError> {
    let kind = Kind::of(json);
    if kind != Kind::String {
        return Err(wrong_type(name, "string", kind));
    }
    let too_large = || {
        WireError::in_field(
            ErrorCode::FieldTooLarge,
            name,
            format!("field \"{name}\" is larger than {max_bytes} bytes"),
        )
    };
    // An escape makes at most six bytes of one; beyond that no decoding can bring it under.
    if json.len() / 6 > max_bytes {
        return Err(too_large());
    }
    let Text(text) = serde_json::from_str(json).map_err(|_| {
        WireError::in_field(
            ErrorCode::BadJson,
            name,
            format!("field \"{name}\" is not a valid Unicode string"),
        )
    })?;
    if text.len() > max_bytes {
        Err(too_large())
    } else {
        Ok(text)
    }
}

fn read_unsigned(name: &str, json: &str) -> Result<u32, WireError> {
    let kind = Kind::of(json);
    if kind != Kind::Number {
        return Err(wrong_type(name, "integer", kind));
    }
    let number = read_number(name, json)?;
    let whole = match (number.as_u64(), number.as_f64()) {
        (Some(whole), _) => Some(whole),
        (None, Some(float)) if float.fract() != 0.0 => return Err(not_whole(name)),
        // Beyond 2^53 a double is no longer exact, but it is out of our range long before.
        (None, Some(float)) if (0.0..=f64::from(u32::MAX)).contains(&float) => Some(float as u64),
        (None, _) => None,
    };
    whole
        .and_then(|whole| u32::try_from(whole).ok())
        .ok_or_else(|| {
            out_of_range(
                name,
                format!("field \"{name}\" must lie from 0 to {}", u32::MAX),
            )
        })
}

fn read_number(name: &str, json: &str) -> Result<serde_json::Number, WireError> {
    serde_json::from_str(json)
        .map_err(|_| out_of_range(name, format!("field \"{name}\" is not a number that fits")))
}

/// An integer of 64 bits, signed or not; `7.0` is one, as in JSON Schema.
fn whole_number(name: &str, number: &serde_json::Number) -> Result<serde_json::Value, WireError> {
    // The first double beyond each end.
    const UNSIGNED_END: f64 = 18_446_744_073_709_551_616.0;
    const SIGNED_START: f64 = -9_223_372_036_854_775_808.0;
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return Ok(number.clone().into());
    };
    if float.fract() != 0.0 {
        return Err(not_whole(name));
    }
    if (0.0..UNSIGNED_END).contains(&float) {
        Ok((float as u64).into())
    } else if (SIGNED_START..0.0).contains(&float) {
        Ok((float as i64).into())
    } else {
        Err(out_of_range(
            name,
            format!("field \"{name}\" must be an integer of 64 bits"),
        ))
    }
}

fn not_whole(name: &str) -> WireError {
    WireError::in_field(
        ErrorCode::WrongType,
        name,
        format!("field \"{name}\": expected integer, found a number that is not whole"),
    )
}

fn wrong_type(name: &str, expected: &str, found: Kind) -> WireError {
    WireError::in_field(
        ErrorCode::WrongType,
        name,
        format!("field \"{name}\": expected {expected}, found {found}"),
    )
}

/// Position only: the parser's own words could quote the frame.
fn syntax_error(error: &serde_json::Error) -> WireError {
    let what = if error.is_eof() {
        "ends too early"
    } else {
        "is not valid JSON"
    };
    WireError::new(
        ErrorCode::BadJson,
        format!(
            "the frame {what} at line {} column {}",
            error.line(),
            error.column()
        ),
    )
}

/// A string that borrows from the frame where it holds no escape.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Fills [`Fields`] as it goes, so that what was read before a fault is not lost.
struct Split<'f, 'a>(&'f mut Fields<'a>);

impl<'de> DeserializeSeed<'de> for Split<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Split<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Text(key)) = map.next_key()? {
            self.0.0.push((key, map.next_value()?));
        }
        Ok(())
    }
}
