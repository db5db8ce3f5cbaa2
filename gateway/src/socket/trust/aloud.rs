//! A question as sound, for a client to which no stream carries her voice.

use std::future::poll_fn;
use std::time::Duration;

use janet_audio::wav;
use janet_engine::Session;
use janet_engine::oneshot::{SPEECH_HZ, SpeakAsk, Speaking};
use janet_protocol::{AudioFormat, Base64, TrustEvent};
use janet_vault::desk::ConsentId;
use tokio::time::timeout;

use crate::socket::connection::Connection;

/// A question that cannot be spoken by then is only read: it does not wait much longer itself.
const PATIENCE: Duration = Duration::from_secs(20);

impl Connection {
    /// Sends the question as a file. Whether anybody listened to it nobody knows, so a spoken yes counts
    /// no sooner for it.
    pub(super) fn send_question(&mut self, id: ConsentId, text: String) {
        let session = self.session.as_ref();
        if self.realtime.is_some() || session.is_none_or(Session::mic_is_open) {
            return;
        }
        // Where there is no place among the requests, the question is only read.
        let seat = self.app.engine.get().map(janet_engine::Engine::request);
        let Some(Ok(seat)) = seat else { return };
        let speaking = seat.speak(SpeakAsk {
            text,
            voice: self.settings.voice(),
            speed: self.settings.speed(),
        });
        let (trust, conversation_uuid) = (self.app.trust.clone(), self.uuid());
        let work = async move {
            let samples = trust.unless_pulled(timeout(PATIENCE, whole(speaking)));
            let samples = samples.await?.ok()??;
            // Who has answered meanwhile wants to hear no more of it.
            trust.is_open(id).then(|| TrustEvent::ConsentRequestAudio {
                consent_id: id.to_string(),
                conversation_uuid,
                audio: Base64(wav::write(&samples, SPEECH_HZ)),
                audio_format: AudioFormat::Wav,
            })
        };
        self.trusted.pending.tell(work);
    }
}

/// All of it; `None`: it could not be spoken, or there is nothing in it that can be pronounced.
async fn whole(mut speaking: Speaking) -> Option<Vec<f32>> {
    let mut samples = Vec::new();
    while let Some(sound) = poll_fn(|cx| speaking.poll(cx)).await.ok()? {
        samples.extend(sound);
    }
    (!samples.is_empty()).then_some(samples)
}
