//! Data that others read is what the code says.

use std::path::Path;

/// Compares `data/FILE` with `made`; with `UPDATE_FACE=1` writes it instead.
pub(crate) fn hold(file: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(file);
    if std::env::var_os("UPDATE_FACE").is_some() {
        std::fs::write(path, made).expect("the file can be written");
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if made != kept {
        let line = made
            .lines()
            .zip(kept.lines())
            .position(|(made, kept)| made != kept)
            .map_or_else(|| "its end".to_owned(), |line| format!("line {}", line + 1));
        panic!(
            "data/{file} differs from the code at {line}; run `UPDATE_FACE=1 cargo test -p janet-face \
             checked_in`, and look at what changed"
        );
    }
}
