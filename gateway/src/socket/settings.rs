//! What a client may set for its own connection.

use janet_engine::{EngineError, ModelChoice, Session, SessionSettings, VoiceChoice};
use janet_protocol::{Sensitivity, ServerMessage};

use super::choices;

/// How Janet speaks, listens and thinks on one connection. Ends with it: a client sets anew when
/// it comes back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    voice_speed: f64,
    sensitivity: Sensitivity,
    /// The ids of a voice and of a language model that can be chosen.
    voice: String,
    model: String,
}

/// What a client wants to be otherwise; `None` stays as it is.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) voice_speed: Option<f64>,
    pub(super) sensitivity: Option<Sensitivity>,
    pub(super) voice: Option<String>,
    pub(super) model: Option<String>,
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
            voice: choices::AUTO.to_owned(),
            model: choices::AUTO.to_owned(),
        }
    }

    /// The same with what the client asked for.
    #[must_use]
    pub(super) fn with(&self, change: Change) -> Self {
        let settings = self.clone();
        Self {
            voice_speed: change.voice_speed.unwrap_or(settings.voice_speed),
            sensitivity: change.sensitivity.unwrap_or(settings.sensitivity),
            voice: change.voice.unwrap_or(settings.voice),
            model: change.model.unwrap_or(settings.model),
        }
    }

    /// Who speaks.
    pub(super) fn voice(&self) -> VoiceChoice {
        choices::voice(&self.voice)
    }

    /// How fast.
    pub(super) const fn speed(&self) -> f32 {
        self.voice_speed as f32
    }

    /// Who thinks.
    pub(super) fn model(&self) -> ModelChoice {
        choices::model(&self.model)
    }

    /// Makes them hold in the engine.
    pub(super) fn apply(&self, session: &Session) -> Result<(), EngineError> {
        let sensitivity = match self.sensitivity {
            Sensitivity::Low => janet_engine::Sensitivity::Low,
            Sensitivity::Normal => janet_engine::Sensitivity::Normal,
            Sensitivity::High => janet_engine::Sensitivity::High,
        };
        session.settings(SessionSettings {
            voice_speed: Some(self.speed()),
            sensitivity: Some(sensitivity),
            voice: Some(self.voice()),
            model: Some(self.model()),
            ..SessionSettings::default()
        })
    }
}

impl From<Settings> for ServerMessage {
    fn from(settings: Settings) -> Self {
        Self::Settings {
            voice_speed: settings.voice_speed,
            sensitivity: settings.sensitivity,
            voice: settings.voice,
            model: settings.model,
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
        let faster = began.with(Change {
            voice_speed: Some(1.5),
            model: Some("own".into()),
            ..Change::default()
        });
        assert_eq!(
            (faster.voice_speed, faster.sensitivity),
            (1.5, Sensitivity::Normal)
        );
        assert_eq!((&*faster.voice, &*faster.model), ("auto", "own"));
        let keener = faster.with(Change {
            sensitivity: Some(Sensitivity::High),
            voice: Some("own".into()),
            ..Change::default()
        });
        assert_eq!(
            (keener.voice_speed, keener.sensitivity),
            (1.5, Sensitivity::High)
        );
        assert_eq!((&*keener.voice, &*keener.model), ("own", "own"));
        assert_eq!(keener.with(Change::default()), keener);
    }
}
