//! What a client may set for its own connection.

use janet_engine::{EngineError, Session};
use janet_protocol::{Sensitivity, ServerMessage};

use super::voices;

/// How Janet speaks and listens on one connection. Ends with it: a client sets anew when it
/// comes back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    voice_speed: f64,
    sensitivity: Sensitivity,
    /// The id of a voice that can be chosen.
    voice: String,
}

impl Settings {
    /// As the server is configured.
    pub(super) fn new(configured_speed: f32) -> Self {
        Self {
            // By way of its decimal form: 1.1 is told as 1.1, not as the nearest f32.
            voice_speed: configured_speed
                .to_string()
                .parse()
                .unwrap_or(f64::from(configured_speed)),
            sensitivity: Sensitivity::default(),
            voice: voices::AUTO.to_owned(),
        }
    }

    /// The same with what the client asked for.
    #[must_use]
    pub(super) fn with(
        &self,
        voice_speed: Option<f64>,
        sensitivity: Option<Sensitivity>,
        voice: Option<String>,
    ) -> Self {
        Self {
            voice_speed: voice_speed.unwrap_or(self.voice_speed),
            sensitivity: sensitivity.unwrap_or(self.sensitivity),
            voice: voice.unwrap_or_else(|| self.voice.clone()),
        }
    }

    /// Makes them hold in the engine.
    pub(super) fn apply(&self, session: &Session) -> Result<(), EngineError> {
        let sensitivity = match self.sensitivity {
            Sensitivity::Low => janet_engine::Sensitivity::Low,
            Sensitivity::Normal => janet_engine::Sensitivity::Normal,
            Sensitivity::High => janet_engine::Sensitivity::High,
        };
        session.settings(Some(self.voice_speed as f32), Some(sensitivity))?;
        session.voice(voices::choice(&self.voice))
    }
}

impl From<Settings> for ServerMessage {
    fn from(settings: Settings) -> Self {
        Self::Settings {
            voice_speed: settings.voice_speed,
            sensitivity: settings.sensitivity,
            voice: settings.voice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_asked_for_stays() {
        let began = Settings::new(1.1);
        assert_eq!(began.voice_speed, 1.1);
        let faster = began.with(Some(1.5), None, None);
        assert_eq!(
            (faster.voice_speed, faster.sensitivity),
            (1.5, Sensitivity::Normal)
        );
        let keener = faster.with(None, Some(Sensitivity::High), Some("own".into()));
        assert_eq!(
            (keener.voice_speed, keener.sensitivity),
            (1.5, Sensitivity::High)
        );
        assert_eq!((&*faster.voice, &*keener.voice), ("auto", "own"));
    }
}
