//! The voices and language models that a client can choose from, and what they are called on the
//! wire.
//!
//! `auto` is what the configuration says: the server's while it is well, else her own. `own` is her
//! own whatever else there is, and can always be chosen; `server:NAME` is one of the server's.

use janet_engine::{ModelChoice, VoiceChoice};
use janet_protocol::{Choice, ErrorCode, WireError};

use crate::app::App;

/// As configured.
pub(super) const AUTO: &str = "auto";
const OWN: &str = "own";
const SERVER: &str = "server:";
/// So many are named in an error.
const NAMED: usize = 12;

/// All voices.
pub(crate) fn voices(app: &App) -> Vec<Choice> {
    let own = own(app, "tts");
    let Some(server) = &app.tts else {
        return list(None, own, Vec::new());
    };
    let mut voices = server.voices();
    // The configured one comes first; it is what `auto` means.
    let others = voices.split_off(voices.len().min(1));
    list(voices.pop(), own, others)
}

/// All language models. Those that a server listed once can be chosen while it is away, too.
pub(crate) fn models(app: &App) -> Vec<Choice> {
    let own = own(app, "llm");
    match &app.llm {
        Some(server) => list(server.model(), own, server.models()),
        None => list(None, own, Vec::new()),
    }
}

/// What the engine is told for a voice.
pub(crate) fn voice(id: &str) -> VoiceChoice {
    match id.strip_prefix(SERVER) {
        Some(name) => VoiceChoice::Server(name.to_owned()),
        None if id == OWN => VoiceChoice::Own,
        None => VoiceChoice::Configured,
    }
}

/// What the engine is told for a language model.
pub(crate) fn model(id: &str) -> ModelChoice {
    match id.strip_prefix(SERVER) {
        Some(name) => ModelChoice::Server(name.to_owned()),
        None if id == OWN => ModelChoice::Own,
        None => ModelChoice::Configured,
    }
}

/// Refuses what cannot be chosen in this field, with what can.
pub(super) fn check(field: &'static str, id: &str, offered: &[Choice]) -> Result<(), WireError> {
    if [AUTO, OWN].contains(&id) || offered.iter().any(|choice| choice.id == id) {
        return Ok(());
    }
    let ids = offered.iter().map(|choice| choice.id.as_str());
    let of_servers: Vec<&str> = ids.filter(|id| id.starts_with(SERVER)).collect();
    let mut known = vec![AUTO, OWN];
    known.extend(of_servers.iter().take(NAMED));
    let more = match of_servers.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "field \"{field}\": there is no such {field}; there are {}{more}",
        known.join(", ")
    );
    Err(WireError::in_field(ErrorCode::OutOfRange, field, message))
}

/// Name of her own model in this role.
fn own(app: &App, role: &str) -> String {
    let own = app.config.models.shown().into_iter();
    let mut own = own.filter(|(its, _)| *its == role).map(|(_, name)| name);
    own.next().unwrap_or_default()
}

/// A list of what is configured elsewhere if it is anything, her own, and the server's by name.
fn list(configured: Option<String>, own: String, by_name: Vec<String>) -> Vec<Choice> {
    let choice = |id: &str, name: String| Choice {
        id: id.to_owned(),
        name,
    };
    if configured.is_none() && by_name.is_empty() {
        return vec![choice(AUTO, own)];
    }
    let auto = configured.unwrap_or_else(|| own.clone());
    let mut list = vec![choice(AUTO, auto), choice(OWN, own)];
    list.extend(
        by_name
            .into_iter()
            .map(|name| choice(&format!("{SERVER}{name}"), name)),
    );
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("m{number}")).collect()
    }

    fn shown(list: &[Choice]) -> Vec<(&str, &str)> {
        let shown = list.iter();
        shown
            .map(|choice| (choice.id.as_str(), choice.name.as_str()))
            .collect()
    }

    #[test]
    fn what_is_configured_comes_first_and_her_own_alone_is_no_choice() {
        assert_eq!(
            shown(&list(None, "joe".into(), names(0))),
            [("auto", "joe")]
        );
        let server = list(Some("m1".into()), "joe".into(), names(2));
        assert_eq!(
            shown(&server),
            [
                ("auto", "m1"),
                ("own", "joe"),
                ("server:m0", "m0"),
                ("server:m1", "m1")
            ]
        );
        let away = list(None, "joe".into(), names(1));
        assert_eq!(
            shown(&away),
            [("auto", "joe"), ("own", "joe"), ("server:m0", "m0")]
        );
    }

    #[test]
    fn a_refusal_names_its_field_and_what_there_is() {
        let offered = list(Some("m0".into()), "joe".into(), names(2));
        for id in ["auto", "own", "server:m1"] {
            assert!(check("model", id, &offered).is_ok(), "{id}");
        }
        // Her own can be had before anybody has looked for a server.
        assert!(check("model", "own", &list(None, "joe".into(), names(0))).is_ok());
        for id in ["m1", "server:", "server:m2", "Own"] {
            let error = check("model", id, &offered).expect_err(id);
            assert_eq!(
                (error.code, error.field.as_deref()),
                (ErrorCode::OutOfRange, Some("model"))
            );
            let named = "there are auto, own, server:m0, server:m1";
            assert!(error.message.ends_with(named), "{}", error.message);
        }
        let many = list(None, "joe".into(), names(20));
        let error = check("voice", "server:x", &many).expect_err("it is not there");
        assert!(error.message.ends_with(" and 8 more"), "{}", error.message);
    }

    #[test]
    fn the_engine_is_told_what_an_id_means() {
        assert_eq!(model("auto"), ModelChoice::Configured);
        assert_eq!(model("own"), ModelChoice::Own);
        assert_eq!(model("server:own"), ModelChoice::Server("own".into()));
        assert!(matches!(voice("server:auto"), VoiceChoice::Server(name) if name == "auto"));
        assert_eq!(voice("own"), VoiceChoice::Own);
        assert!(matches!(voice("auto"), VoiceChoice::Configured));
    }
}
