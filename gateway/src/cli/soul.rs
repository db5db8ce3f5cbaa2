//! `janet soul`: which souls live here, and pairing with one of another process.
//!
//! Pairing is done at both ends, by whoever sits there: each is told the other's key. Nothing goes over a
//! network for it, so nobody can stand in between.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use janet_vault::audit::{AuditError, AuditLog, Event};
use janet_vault::bridge::Party;
use janet_vault::identity::{Identity, PublicKey};
use janet_vault::soul::Soul;

use super::out::outln;
use crate::config::Config;
use crate::conversations::now_ms;
use crate::souls::{Peer, add, paired, parted, read, remove};

/// What can be asked.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the souls of this process with their key, and those that are paired
    List,
    /// Pair with a soul of another process; to be done at both ends
    #[command(
        after_help = "At each end, `janet soul list` shows the key that the other one is to be told. The one \
        that listens needs `souls.port`; the other one is told its address."
    )]
    Pair {
        /// Which soul the other one is: networked or constitutional
        #[arg(long)]
        soul: Soul,
        /// Its key: 64 hexadecimal digits
        #[arg(long)]
        key: String,
        /// Where it listens, as HOST:PORT; without it, it has to come here
        #[arg(long)]
        address: Option<String>,
    },
    /// Part with the paired soul of this kind
    Unpair {
        /// Which: networked or constitutional
        soul: Soul,
    },
}

impl Command {
    /// Does it. A running Janet knows of it at once.
    pub(super) fn run(self, config: &Config) -> anyhow::Result<()> {
        let folder = &config.conversation.data_dir;
        // Pairing may come before the first start.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        match self {
            Self::List => {
                let key = Identity::load_or_create(folder)?.public();
                for soul in Soul::ALL.into_iter().filter(|soul| config.souls.has(*soul)) {
                    outln!("Here: {soul}, key {key:?}")?;
                }
                for peer in read(folder)? {
                    let address = peer.address.as_deref().unwrap_or("comes here");
                    outln!(
                        "Paired: {}, key {:?}, {address}",
                        peer.party.soul,
                        peer.party.key
                    )?;
                }
                match config.souls.port {
                    Some(port) => outln!("Listens for paired souls at port {port}")?,
                    None => outln!("Listens for no soul (`souls.port` is 0)")?,
                }
            }
            Self::Pair { soul, key, address } => {
                let key = parse(&key).context("a key has 64 lower-case hexadecimal digits")?;
                if config.souls.has(soul) {
                    bail!(
                        "the {soul} soul lives here; `souls.here` (or `--soul`) says which ones do"
                    );
                }
                if key == Identity::load_or_create(folder)?.public() {
                    bail!("this is the key of the soul that lives here");
                }
                if let Some(address) = &address
                    && !is_address(address)
                {
                    bail!("an address is HOST:PORT, such as 192.168.1.5:8768");
                }
                let peer = Peer {
                    party: Party { soul, key },
                    address,
                    since_ms: now_ms(),
                };
                note(folder, &paired(peer.party))?;
                add(folder, peer)?;
                outln!("Paired with the {soul} soul. Do the same at its end.")?;
            }
            Self::Unpair { soul } => {
                let peers = read(folder)?;
                if !remove(folder, soul)? {
                    bail!("no {soul} soul is paired");
                }
                for peer in peers.iter().filter(|peer| peer.party.soul == soul) {
                    note(folder, &parted(peer.party))?;
                }
                outln!("Parted with the {soul} soul.")?;
            }
        }
        Ok(())
    }
}

/// Writes it into the audit log. A Janet that runs does so itself, before it counts for her.
fn note(folder: &Path, event: &Event) -> anyhow::Result<()> {
    let identity = Arc::new(Identity::load_or_create(folder)?);
    match AuditLog::open(folder, folder, identity) {
        Ok(log) => drop(log.append(now_ms(), event)?),
        Err(AuditError::InUse { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn parse(text: &str) -> Option<PublicKey> {
    let mut key = [0; 32];
    let digits = text.as_bytes();
    if digits.len() != 64
        || !digits
            .iter()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    {
        return None;
    }
    for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(PublicKey(key))
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_addresses_have_one_form() {
        let key = "0f".repeat(32);
        assert_eq!(parse(&key), Some(PublicKey([0x0f; 32])));
        for wrong in [
            "",
            "0f",
            &key.to_uppercase(),
            &format!("{key}0f"),
            &"+f".repeat(32),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        for good in ["192.168.1.5:8768", "janet.local:1", "[fd00::1]:8768"] {
            assert!(is_address(good), "{good}");
        }
        for wrong in ["", "host", ":8768", "host:0", "host:70000", "host:x"] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
