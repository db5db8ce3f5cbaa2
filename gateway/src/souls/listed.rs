//! `soul_list`: which souls there are, and whether something can go to them.

use janet_protocol::{SoulInfo, SoulName, TrustEvent};
use janet_vault::soul::Soul;

use super::Souls;

impl Souls {
    /// Both, as far as they are known. Blocks on the disk.
    pub(crate) fn listed(&self) -> TrustEvent {
        let here = self.homes.iter().map(|home| {
            let memories = home.red_thread.pass().ok().and_then(|pass| {
                let counts = home.keeper.green()?.counts(&pass);
                counts.ok().map(|counts| counts.entries)
            });
            let conversations = home.store.counts().ok().map(|counts| counts.conversations);
            SoulInfo {
                soul: name(home.soul),
                is_here: true,
                is_reachable: true,
                key: key(home.me().key),
                conversations,
                memories,
            }
        });
        let paired = self.paired().into_iter();
        let elsewhere = paired.filter(|peer| self.home(peer.party.soul).is_none());
        let elsewhere = elsewhere.map(|peer| SoulInfo {
            soul: name(peer.party.soul),
            is_here: false,
            is_reachable: peer.address.is_some(),
            key: key(peer.party.key),
            conversations: None,
            memories: None,
        });
        TrustEvent::SoulsListed {
            souls: here.chain(elsewhere).collect(),
        }
    }
}

/// As messages call it.
pub(crate) const fn name(soul: Soul) -> SoulName {
    match soul {
        Soul::Networked => SoulName::Networked,
        Soul::Constitutional => SoulName::Constitutional,
    }
}

/// What messages call so.
pub(crate) const fn soul(name: SoulName) -> Soul {
    match name {
        SoulName::Networked => Soul::Networked,
        SoulName::Constitutional => Soul::Constitutional,
    }
}

/// Its beginning, for people to compare.
fn key(key: janet_vault::identity::PublicKey) -> String {
    format!("{key:?}").chars().take(16).collect()
}
