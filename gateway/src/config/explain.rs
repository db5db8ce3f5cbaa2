//! `janet config explain`: every setting with its value and where it came from.

use std::fmt::Write;

use super::{Layers, Origin};

/// Longest value that is printed whole, in characters.
const WIDEST: usize = 48;

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
    let machine = layers.machine();
    let ok = "writing to a String cannot fail";
    writeln!(
        out,
        "profile {} on {} cores, {} GB of memory\n",
        layers.profile(),
        machine.cores,
        machine.memory_gb
    )
    .expect(ok);
    writeln!(out, "  {:keys$}  {:values$}  from", "key", "value").expect(ok);
    for (key, value, origin, set) in &rows {
        let mark = if *set { '*' } else { ' ' };
        writeln!(out, "{mark} {key:keys$}  {value:values$}  {origin}").expect(ok);
    }
    out
}

fn shortened(value: &str) -> String {
    if value.chars().count() <= WIDEST {
        return value.into();
    }
    value.chars().take(WIDEST - 1).chain(['…']).collect()
}
