//! The voices that a client can choose from, and what they are called on the wire.
//!
//! `auto` is what the configuration says: the speech server's voice while it speaks, else her own.
//! `own` is her own whatever there is, `server:NAME` another of the server's.

use janet_engine::VoiceChoice;
use janet_protocol::VoiceInfo;

use crate::app::App;

/// As configured.
pub(super) const AUTO: &str = "auto";
const OWN: &str = "own";
const SERVER: &str = "server:";

/// All that can be chosen.
pub(super) fn all(app: &App) -> Vec<VoiceInfo> {
    let voice = |id: &str, name: String| VoiceInfo {
        id: id.to_owned(),
        name,
    };
    let own = app.config.models.shown();
    let own = own.into_iter().find(|(role, _)| *role == "tts");
    let own = own.map(|(_, name)| name).unwrap_or_default();
    let Some(server) = &app.tts else {
        return vec![voice(AUTO, own)];
    };
    let mut names = server.voices().into_iter();
    let configured = names.next().unwrap_or_default();
    let mut voices = vec![voice(AUTO, configured), voice(OWN, own)];
    voices.extend(names.map(|name| voice(&format!("{SERVER}{name}"), name)));
    voices
}

/// What the engine is told for one of them.
pub(super) fn choice(id: &str) -> VoiceChoice {
    match id.strip_prefix(SERVER) {
        Some(name) => VoiceChoice::Server(name.to_owned()),
        None if id == OWN => VoiceChoice::Own(None),
        None => VoiceChoice::Configured,
    }
}
