//! `janet config explain`: every setting with its value and where it came from, and how the profile
//! chose.

use std::fmt::Write;

use super::auto::Choice;
use super::{Layers, Origin};

/// Longest value that is printed whole, in characters.
const WIDEST: usize = 48;
/// A String can always be written to.
const OK: &str = "writing to a String cannot fail";

/// The table as text. Settings that somebody set are marked, so that the eye finds them.
pub fn explain(layers: &Layers) -> String {
    let rows: Vec<(String, String, String, bool)> = layers
        .rows()
        .map(|(key, value, origin)| {
            (
                key.into(),
                shortened(&value),
                origin.to_string(),
                *origin != Origin::Default,
            )
        })
        .collect();
    let width = |column: fn(&(String, String, String, bool)) -> &str, title: &str| {
        rows.iter()
            .map(|row| column(row).chars().count())
            .max()
            .unwrap_or(0)
            .max(title.len())
    };
    let (keys, values) = (width(|row| &row.0, "key"), width(|row| &row.1, "value"));

    let mut out = String::new();
    writeln!(
        out,
        "profile {} on {}\n",
        layers.profile(),
        layers.machine()
    )
    .expect(OK);
    writeln!(out, "  {:keys$}  {:values$}  from", "key", "value").expect(OK);
    for (key, value, origin, set) in &rows {
        let mark = if *set { '*' } else { ' ' };
        writeln!(out, "{mark} {key:keys$}  {value:values$}  {origin}").expect(OK);
    }
    if !layers.choices().is_empty() {
        choices(&mut out, layers);
    }
    out
}

/// Each choice with its conditions, met or not.
fn choices(out: &mut String, layers: &Layers) {
    writeln!(out, "\nhow profile {} chose", layers.profile()).expect(OK);
    for choice in layers.choices() {
        writeln!(out, "  {choice}{}", overridden(choice, layers)).expect(OK);
        for condition in &choice.conditions {
            let mark = if condition.is_met {
                "met    "
            } else {
                "not met"
            };
            writeln!(out, "    {mark}  {}", condition.told).expect(OK);
        }
    }
}

/// What to say of a choice that somebody's setting lies over.
pub(crate) fn overridden(choice: &Choice, layers: &Layers) -> String {
    match layers.origin(&choice.key) {
        Origin::Default | Origin::Profile(_) | Origin::Auto(_) | Origin::Persona(_) => {
            String::new()
        }
        origin => format!(", but {origin} counts"),
    }
}

fn shortened(value: &str) -> String {
    if value.chars().count() <= WIDEST {
        return value.into();
    }
    value.chars().take(WIDEST - 1).chain(['…']).collect()
}
