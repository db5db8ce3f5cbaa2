//! `janet devices`: who is paired, and who is not any more.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::bail;
use clap::{Args, Subcommand};
use janet_protocol::{ClientMessage, PairedDevice, Role, ServerMessage};

use super::operator::{Operator, Where, block_on};
use super::out::outln;
use crate::config::{Config, Request};

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the devices that are paired
    List(List),
    /// Shut a device out: its connections end at once
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    whither: Where,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// Its id, as `janet devices list` shows it
    id: String,
    #[command(flatten)]
    whither: Where,
}

impl Command {
    /// Adds what was given to the request for settings.
    pub(super) fn flags(&self, request: &mut Request) {
        match self {
            Self::List(list) => list.whither.flags(request),
            Self::Revoke(revoke) => revoke.whither.flags(request),
        }
    }

    /// Does it.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        block_on(async {
            let mut operator = Operator::connect(config).await?;
            let message = match self {
                Self::List(_) => ClientMessage::DeviceList,
                Self::Revoke(revoke) => ClientMessage::DeviceRevoke {
                    device_id: revoke.id.clone(),
                },
            };
            match operator.ask(message).await? {
                ServerMessage::DevicesListed { devices } if devices.is_empty() => {
                    outln!("No device is paired; `janet pair` lets one in.")?;
                }
                ServerMessage::DevicesListed { devices } => {
                    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
                    for device in &devices {
                        outln!("{}", row(device, u64::try_from(now_ms)?))?;
                    }
                }
                ServerMessage::DeviceRevoked { device_id } => outln!("Revoked: {device_id}")?,
                _ => bail!("Janet answers with something else; is it another version?"),
            }
            Ok(())
        })
    }
}

fn row(device: &PairedDevice, now_ms: u64) -> String {
    let role = match device.role {
        Role::Operator => "operator",
        Role::Guest => "guest",
    };
    format!(
        "{}  {role:8}  paired {}, last here {}  {}",
        device.device_id,
        ago(device.created_ms, now_ms),
        ago(device.seen_ms, now_ms),
        device.name
    )
}

/// How long ago, in the largest unit that fits.
fn ago(then_ms: u64, now_ms: u64) -> String {
    let minutes = now_ms.saturating_sub(then_ms) / 60_000;
    let (count, unit) = match minutes {
        0 => return "just now".to_owned(),
        1..60 => (minutes, "minute"),
        60..1440 => (minutes / 60, "hour"),
        _ => (minutes / 1440, "day"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_largest_unit() {
        const MINUTE: u64 = 60_000;
        for (minutes, told) in [
            (0, "just now"),
            (1, "1 minute ago"),
            (59, "59 minutes ago"),
            (60, "1 hour ago"),
            (1439, "23 hours ago"),
            (2880, "2 days ago"),
        ] {
            assert_eq!(ago(5, 5 + minutes * MINUTE), told);
        }
        assert_eq!(ago(9, 5), "just now", "a clock that was set back");
    }
}
