//! Where log lines go: standard error, so that a command's result can be piped.
//!
//! Crates from outside may log what passes through them (a WebSocket library its frames, at trace).
//! Theirs is let through from INFO up only, whatever the filter says: what users say must not reach
//! a log because somebody looked for a fault. Nothing is let through of WebRTC's stack and of QUIC's: they
//! warn with addresses, at whatever strangers send, and the former calls every goodbye an error.

use std::io::{self, IsTerminal};

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{Log, LogFormat};

/// Starts logging, in colours if wanted and if somebody looks. A second call in one process (tests) changes nothing.
pub(crate) fn start(log: &Log, colours: bool) {
    // The standard message of a panic may quote the text that was being cut.
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed").to_owned();
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(
            thread = name,
            place,
            "a fault in Janet herself; please report the place"
        );
    }));
    // Colours are for people; a file would show their codes.
    let lines = fmt::layer()
        .with_writer(io::stderr)
        // Told on standard error, which is what failed: that would be a panic.
        .log_internal_errors(false)
        .with_ansi(colours && io::stderr().is_terminal());
    let lines = match log.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let registry = tracing_subscriber::registry()
        .with(EnvFilter::new(&log.filter))
        .with(filter_fn(may_pass))
        .with(lines);
    if registry.try_init().is_err() {
        tracing::debug!("logging was started before");
    }
}

fn may_pass(line: &Metadata<'_>) -> bool {
    let target = line.target();
    let is_of = |stack: &str| match target.strip_prefix(stack) {
        Some(rest) => rest.is_empty() || rest.starts_with("::") || rest.starts_with('_'),
        None => false,
    };
    let is_quiet = is_of("rtc") || is_of("quinn");
    !is_quiet && (*line.level() <= Level::INFO || target.starts_with("janet"))
}
