//! `janet serve`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::config::{Config, Layers, Request};
use crate::{server, weights};

/// Flags of `janet serve`, and of the commands that tell what it would do.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address to listen on besides loopback: 0.0.0.0 for all; others need TLS and `janet pair` [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    host: Option<String>,
    /// Port to listen on; 0 takes a free one [default: 8765]
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// Which of her souls live in this process: networked, constitutional or both [default: both]
    #[arg(long, value_name = "SOUL")]
    soul: Option<String>,
    /// Folder of the built page [default: found beside the binary or in the workspace]
    #[arg(long, value_name = "FOLDER")]
    web_dir: Option<PathBuf>,
}

impl Serve {
    /// Adds what was given to the request for settings.
    pub(super) fn flags(&self, request: &mut Request) {
        let web_dir = self
            .web_dir
            .as_ref()
            .map(|path| path.to_string_lossy().into_owned());
        let given = [
            ("--host", "server.host", &self.host),
            ("--port", "server.port", &self.port),
            ("--soul", "souls.here", &self.soul),
            ("--web-dir", "server.web_dir", &web_dir),
        ];
        for (flag, key, value) in given {
            if let Some(value) = value {
                request
                    .flags
                    .push((flag.to_owned(), key.to_owned(), value.clone()));
            }
        }
    }
}

/// Serves until a signal.
pub(super) fn run(config: &Config, layers: &Layers) -> anyhow::Result<()> {
    // Before anything secret is in memory. Where the system does not allow it, she serves all the same.
    if let Err(error) = janet_vault::blue::harden_process() {
        tracing::warn!(%error, "core dumps of this process may be written");
    }
    let weights = weights::locate(&config.models, "serve")?;
    // Before anybody is let in: what would end the process later.
    weights::check_language(&weights.paths.stt_dir, &config.stt.language)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Sockets only: they need little, and the cores belong to the models.
        .worker_threads(config.engine.threads.clamp(1, 4))
        .thread_name("janet-socket")
        .enable_all()
        .build()
        .context("the socket threads cannot be started")?;
    let profile = layers.profile().to_owned();
    let models = config
        .models
        .shown()
        .map(|(role, name)| format!("{role} {name}"))
        .join(", ");
    let paths = weights.paths.clone();
    runtime.block_on(server::serve(config.clone(), profile, paths, |announced| {
        let text = format!(
            "Janet is at http://{}/\nModels: {models}. They are loading; Ctrl-C ends Janet.\n{}{}",
            announced.here,
            over_quic(&announced),
            for_others(&announced)
        );
        // Whoever started her may not read what she says.
        if let Err(error) = std::io::stdout().write_all(text.as_bytes()) {
            tracing::warn!(%error, "standard output is closed");
        }
    }))?;
    // Until here nobody removes what is loaded.
    drop(weights);
    Ok(())
}

/// Where QUIC is spoken.
fn over_quic(announced: &server::Announced) -> String {
    let port = announced.quic;
    port.map_or_else(String::new, |port| format!("QUIC: UDP port {port}\n"))
}

/// What whoever sits at another machine needs to know; nothing where none is served.
fn for_others(announced: &server::Announced) -> String {
    if announced.elsewhere.is_empty() {
        return String::new();
    }
    format!(
        "From other machines: {} (`janet pair` lets a device in)\nSHA-256 of her certificate: {}\n",
        announced.elsewhere.join(" "),
        announced.fingerprint
    )
}
