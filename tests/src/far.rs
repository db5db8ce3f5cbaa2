//! The far end of a call's media: another Janet.
//!
//! One server cannot call itself, and two cannot have two calls with each other: ends of different calls
//! are told apart by their address, and here all would have the same.

use std::sync::OnceLock;

use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::{Client, Server};

/// Whose turn it is to have the far end.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A connection to a second server that all tests share, one after the other.
pub struct Far {
    /// The connection.
    pub client: Client,
    /// Of the session that it answered last.
    pub session_id: Value,
    _alone: MutexGuard<'static, ()>,
}

impl Far {
    /// Waits for its turn, and until she has loaded her models: an offer does not wait for that.
    pub async fn meet() -> Self {
        static FAR: OnceLock<Server> = OnceLock::new();
        let alone = ALONE.lock().await;
        let server = FAR.get_or_init(|| Server::start(&[]).ready());
        Self {
            client: Client::connect(server).await,
            session_id: Value::Null,
            _alone: alone,
        }
    }

    /// Takes an offer: her answer.
    pub async fn answer(&mut self, offer: &Value) -> Value {
        let connect = json!({ "type": "vr_connect", "sdp": offer["sdp"], "sdp_type": "offer" });
        self.client.send(connect).await;
        let answer = self.client.until("vr_answer").await;
        self.session_id = answer["session_id"].clone();
        answer["sdp"].clone()
    }

    /// Ends the media, once this end is connected, too: before it has keys it cannot say goodbye.
    pub async fn hang_up(&mut self) {
        while self.client.until("vr_response").await["status"] != "connected" {}
        self.client.send(json!({ "type": "audio_stop" })).await;
    }

    /// Leaves.
    pub async fn close(self) {
        self.client.close().await;
    }
}
