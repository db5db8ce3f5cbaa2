//! What can be wrong with a configuration, said so that it can be put right.

use std::path::PathBuf;

use super::Origin;

/// Why the configuration was refused. Each names where the value came from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The named file cannot be read.
    #[error("cannot read configuration file {path}: {source}", path = path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not TOML at all.
    #[error("{origin} is not valid TOML: {source}")]
    Syntax {
        /// Which layer.
        origin: Origin,
        /// Where and why.
        source: toml::de::Error,
    },
    /// No such key.
    #[error("{origin}: unknown key `{key}` = {found}{}", hint.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    UnknownKey {
        /// Which layer.
        origin: Origin,
        /// The key, dotted.
        key: String,
        /// Its value.
        found: String,
        /// A key that exists and looks alike.
        hint: Option<String>,
    },
    /// A value of the wrong type.
    #[error("{origin}: `{key}` must be {expected}, found {found}")]
    WrongType {
        /// Which layer.
        origin: Origin,
        /// The key, dotted.
        key: String,
        /// What it must be.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A value outside its range.
    #[error("{origin}: `{key}` must be {expected}, found {found}")]
    OutOfRange {
        /// Which layer.
        origin: Origin,
        /// The key, dotted.
        key: &'static str,
        /// What it must be.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Two values that do not go together.
    #[error(
        "`{first}` = {first_value} ({first_origin}) must be {relation} `{second}` = {second_value} ({second_origin})"
    )]
    Conflict {
        /// One key.
        first: &'static str,
        /// Its value.
        first_value: String,
        /// Where it came from.
        first_origin: Origin,
        /// What has to hold between them.
        relation: &'static str,
        /// The other key.
        second: &'static str,
        /// Its value.
        second_value: String,
        /// Where it came from.
        second_origin: Origin,
    },
    /// A bind address that would let strangers in.
    #[error(
        "{origin}: `server.host` = {host} is refused: until TLS and pairing are there, Janet listens on loopback only (127.0.0.1 or ::1)"
    )]
    NotLoopback {
        /// Which layer.
        origin: Origin,
        /// The address.
        host: String,
    },
    /// No such profile.
    #[error("unknown profile `{name}`; there are {known}")]
    UnknownProfile {
        /// What was asked for.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// No home to put data in.
    #[error(
        "there is no home folder; set `conversation.data_dir` (or the variable JANET_CONVERSATION_DATA_DIR)"
    )]
    NoHome,
}
