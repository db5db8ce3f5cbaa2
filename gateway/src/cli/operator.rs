//! The operator's word with a Janet that runs: over loopback, where she needs no key.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use futures_util::{SinkExt as _, StreamExt as _};
use janet_protocol::{ClientMessage, Dialect, Incoming, Outgoing, RequestId, ServerMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::config::{Config, Request};

/// She answers at once, whatever else she does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where she listens.
#[derive(Debug, Args)]
pub(super) struct Where {
    /// Port at which the running Janet listens [default: 8765]
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
}

impl Where {
    /// Adds what was given to the request for settings.
    pub(super) fn flags(&self, request: &mut Request) {
        if let Some(port) = &self.port {
            let flag = ("--port".to_owned(), "server.port".to_owned(), port.clone());
            request.flags.push(flag);
        }
    }
}

/// A connection.
pub(super) struct Operator {
    socket: WebSocketStream<TcpStream>,
    asked: u64,
}

impl Operator {
    /// Connects to the Janet of this configuration.
    pub(super) async fn connect(config: &Config) -> anyhow::Result<Self> {
        let host = match config.server.host {
            loopback if loopback.is_loopback() => loopback,
            _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let address = SocketAddr::new(host, config.server.port);
        let connecting = async {
            let socket = TcpStream::connect(address).await?;
            let upgraded = client_async(format!("ws://{address}/ws"), socket).await?;
            anyhow::Ok(upgraded.0)
        };
        let socket = timeout(PATIENCE, connecting).await;
        let socket = socket
            .map_err(|_| anyhow!("it does not answer"))
            .and_then(|connected| connected)
            .with_context(|| {
                format!(
                    "no Janet can be asked at {address}; `janet serve` starts one, `--port N` says \
                     where it listens"
                )
            })?;
        Ok(Self { socket, asked: 0 })
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&mut self, message: ClientMessage) -> anyhow::Result<ServerMessage> {
        self.asked += 1;
        let request_id = Some(RequestId::Unsigned(self.asked));
        let asked = Incoming {
            request_id: request_id.clone(),
            dialect: Dialect::Canonical,
            message,
        };
        let answered = async {
            self.socket.send(Message::text(asked.to_json())).await?;
            loop {
                let answer = self.read().await?;
                if answer.request_id == request_id {
                    return anyhow::Ok(answer.message);
                }
            }
        };
        match timeout(PATIENCE, answered).await {
            Ok(Ok(ServerMessage::Error { message, .. })) => bail!(message),
            Ok(answer) => answer,
            Err(_) => bail!("Janet does not answer"),
        }
    }

    /// What she says next.
    pub(super) async fn next(&mut self) -> anyhow::Result<ServerMessage> {
        Ok(self.read().await?.message)
    }

    async fn read(&mut self) -> anyhow::Result<Outgoing> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text)?),
                Some(Ok(Message::Close(_))) | None => bail!("Janet has ended the connection"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }
}

/// Runs a word with her.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}
