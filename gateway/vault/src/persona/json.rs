//! JSON of strangers, read into what is asked for and nothing else.
//!
//! Nothing is kept of a value that has no use: it is counted and skipped. A value of another type than
//! expected is no error of the whole file but a [`Given::Wrong`], which whoever needs the value judges. So
//! the memory this takes is bounded by the texts that are kept, which are parts of the input.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::PersonaError;

/// Deepest nesting that is read.
const DEEPEST: usize = 64;

/// Reads a whole text. A byte order mark before it is allowed.
pub(super) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, PersonaError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    check_depth(bytes)?;
    serde_json::from_slice(bytes).map_err(|error| PersonaError::Syntax {
        kind: "JSON",
        line: error.line(),
        column: error.column(),
    })
}

/// Nobody nests so deep by accident.
fn check_depth(bytes: &[u8]) -> Result<(), PersonaError> {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if deepest > DEEPEST {
        return Err(PersonaError::TooLarge {
            what: "the nesting of the JSON",
            found: deepest,
            most: DEEPEST,
        });
    }
    Ok(())
}

/// A value that may be missing, or be something else.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Given<T> {
    /// Not there, or null.
    #[default]
    Absent,
    /// As expected.
    Is(T),
    /// Something else: what.
    Wrong(&'static str),
}

impl<T> Given<T> {
    pub(super) fn as_ref(&self) -> Given<&T> {
        match self {
            Self::Absent => Given::Absent,
            Self::Is(value) => Given::Is(value),
            Self::Wrong(what) => Given::Wrong(what),
        }
    }

    pub(super) fn ok(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            _ => None,
        }
    }
}

impl Given<String> {
    /// The text, empty where there is none.
    pub(super) fn text(&self) -> &str {
        self.as_ref().ok().map_or("", String::as_str)
    }
}

/// What a type takes of JSON: a text or an object or a list; anything else is skipped and named.
pub(super) trait Shape: Sized {
    fn of_text(_: &str) -> Given<Self> {
        Given::Wrong("a text")
    }

    fn of_bool(_: bool) -> Given<Self> {
        Given::Wrong("true or false")
    }

    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Given<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Given::Wrong("a list"))
    }

    fn of_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Given<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Given::Wrong("an object"))
    }
}

impl Shape for String {
    fn of_text(text: &str) -> Given<Self> {
        Given::Is(text.to_owned())
    }
}

impl Shape for bool {
    fn of_bool(is: bool) -> Given<Self> {
        Given::Is(is)
    }
}

/// The first `MOST` elements of a list, and how many more there are.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct List<T, const MOST: usize> {
    pub(super) kept: Vec<Given<T>>,
    pub(super) more: usize,
}

impl<T: Shape, const MOST: usize> Shape for List<T, MOST> {
    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Given<Self>, A::Error> {
        let (mut kept, mut more) = (Vec::new(), 0);
        while kept.len() < MOST {
            let Some(element) = list.next_element()? else {
                return Ok(Given::Is(Self { kept, more }));
            };
            kept.push(element);
        }
        while list.next_element::<IgnoredAny>()?.is_some() {
            more += 1;
        }
        Ok(Given::Is(Self { kept, more }))
    }
}

impl<T: Clone, const MOST: usize> Given<List<T, MOST>> {
    /// Those that are as expected.
    pub(super) fn each(&self) -> impl Iterator<Item = &T> {
        let kept = self.as_ref().ok().map_or(&[][..], |list| &list.kept);
        kept.iter().filter_map(|element| element.as_ref().ok())
    }
}

/// How much there is of something that has no use: elements, members, or 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount(pub(super) usize);

impl Shape for Amount {
    fn of_text(text: &str) -> Given<Self> {
        Given::Is(Self(usize::from(!text.trim().is_empty())))
    }

    fn of_bool(is: bool) -> Given<Self> {
        Given::Is(Self(usize::from(is)))
    }

    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Given<Self>, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Given::Is(Self(count)))
    }

    fn of_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Given<Self>, A::Error> {
        let mut count = 0;
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Given::Is(Self(count)))
    }
}

impl Given<Amount> {
    /// A number is one thing.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Is(Amount(count)) => *count,
            Self::Wrong(_) => 1,
        }
    }
}

/// Members of an object that nobody knows, by their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Unused {
    pub(super) named: Vec<(String, usize)>,
    pub(super) more: usize,
}

impl Unused {
    /// Most that are named.
    const MOST: usize = 24;
    /// Longest name, in bytes.
    const LONGEST: usize = 40;

    pub(super) fn note(&mut self, name: &str, amount: &Given<Amount>) {
        match amount.count() {
            0 => {}
            count if self.named.len() < Self::MOST => {
                let name = super::clean::clean_line(name, Self::LONGEST).text;
                self.named.push((name, count));
            }
            _ => self.more += 1,
        }
    }
}

/// Makes a struct of an object's members, each a [`Given`]; `unused` has the others.
macro_rules! object {
    ($(#[$doc:meta])* struct $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(super) struct $name {
            $(pub(super) $field: $crate::persona::json::Given<$type>,)*
            pub(super) unused: $crate::persona::json::Unused,
        }

        impl $crate::persona::json::Shape for $name {
            fn of_map<'de, A: serde::de::MapAccess<'de>>(
                mut map: A,
            ) -> Result<$crate::persona::json::Given<Self>, A::Error> {
                let mut out = Self::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        $(stringify!($field) => out.$field = map.next_value()?,)*
                        other => out.unused.note(other, &map.next_value()?),
                    }
                }
                Ok($crate::persona::json::Given::Is(out))
            }
        }
    };
}
pub(super) use object;

impl<'de, T: Shape> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Shape> Visitor<'de> for Reader<T> {
    type Value = Given<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Given<T>, E> {
        Ok(Given::Absent)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Given<T>, E> {
        Ok(T::of_bool(is))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Given<T>, E> {
        Ok(Given::Wrong("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Given<T>, E> {
        Ok(Given::Wrong("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Given<T>, E> {
        Ok(Given::Wrong("a number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Given<T>, E> {
        Ok(T::of_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Given<T>, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Given<T>, A::Error> {
        T::of_map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    object! {
        /// One of each.
        struct Sample {
            name: String,
            tags: List<String, 2>,
            inner: Amount,
            on: bool,
        }
    }

    fn sample(json: &str) -> Sample {
        let given: Given<Sample> = read(json.as_bytes()).expect("JSON");
        given.ok().expect("an object")
    }

    #[test]
    fn members_are_taken_counted_or_named() {
        let out = sample(
            r#"{"name": "a", "tags": ["x", 5, "y", []], "inner": {"a": 1, "b": {}}, "on": true,
                "what": [1, 2], "none": null, "empty": ""}"#,
        );
        assert_eq!(out.name.text(), "a");
        assert_eq!(out.tags.each().collect::<Vec<_>>(), ["x"]);
        assert_eq!(out.tags.ok().map(|tags| tags.more), Some(2));
        assert_eq!(out.inner.count(), 2);
        assert_eq!(out.on, Given::Is(true));
        assert_eq!(out.unused.named, [("what".to_owned(), 2)]);
    }

    #[test]
    fn another_type_is_told_and_breaks_nothing() {
        let out = sample(r#"{"name": {"deep": [1]}, "tags": "x", "on": "yes", "name2": 1.5}"#);
        assert_eq!(out.name, Given::Wrong("an object"));
        assert_eq!(out.tags, Given::Wrong("a text"));
        assert_eq!(out.on, Given::Wrong("a text"));
        let given: Given<Sample> = read(b"[1, {\"name\": 2}]").expect("JSON");
        assert_eq!(given, Given::Wrong("a list"));
    }

    #[test]
    fn errors_name_the_place_and_no_text() {
        for (text, place) in [
            ("", "line 1, column 0"),
            ("{\n\"name\": secret}", "line 2, column 9"),
            ("{\"name\": \"a\"} x", "line 1, column 15"),
            ("{\"name\": \"a", "line 1, column 11"),
        ] {
            let error = read::<Given<Sample>>(text.as_bytes()).expect_err(text);
            let said = error.to_string();
            assert_eq!(said, format!("not valid JSON: {place}"), "{text}");
        }
        assert!(read::<Given<Sample>>(b"{\"name\": \"\xff\"}").is_err());
    }

    #[test]
    fn what_is_nested_too_deep_is_refused_before_it_is_read() {
        let nested = |depth| format!("{{\"x\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(read::<Given<Sample>>(nested(DEEPEST - 1).as_bytes()).is_ok());
        for depth in [DEEPEST, 100_000] {
            let error = read::<Given<Sample>>(nested(depth).as_bytes()).expect_err("deep");
            assert!(matches!(error, PersonaError::TooLarge { .. }), "{error}");
        }
        // Brackets in texts are none.
        let text = format!("{{\"name\": \"{}\\\"{}\"}}", "[".repeat(99), "{".repeat(99));
        assert!(read::<Given<Sample>>(text.as_bytes()).is_ok());
    }
}
