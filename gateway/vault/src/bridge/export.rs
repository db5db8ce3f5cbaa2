//! The source's half of a transfer.
//!
//! ```text
//!  begin ─▶ step … step ─▶ chunks are read and sent ─▶ conclude ─┬─▶ delivered
//!              ▲                                         │ more   └─▶ reclaimed
//!              └──────────── said since ◀────────────────┘
//! ```
//! Until `conclude` nothing has happened: a process that dies forgets the package. `conclude` gives the
//! conversation up and signs the package's end in one transaction; from then on only the target's word
//! ends it, in this process or the next: taken in (`delivered`), or never to be (`reclaimed`).

use std::collections::VecDeque;

use zeroize::Zeroizing;

use super::package::{Packing, Tally};
use super::survey::action;
use super::{BridgeError, Chunk, Header, PackageId, Party, RedStub, Section, Summary, Survey};
use super::{CHUNK_BYTES, Side, VERSION};
use crate::conversations::{ConversationId, ConversationUuid, Conversations, GivenUp, State};
use crate::desk::{Action, Consent};
use crate::failpoint::failpoint;
use crate::identity::Identity;
use crate::red_thread::Pass;

/// Who gives, by whose leave.
#[derive(Debug)]
pub struct Leave {
    /// The operator's yes to [`Survey::action`] on [`Survey::subject`].
    pub consent: Consent,
    /// The same for the names in Red ([`Action::RedMetadata`]), if there are any.
    pub red: Option<Consent>,
}

/// A package being made.
pub struct Export {
    id: PackageId,
    conversation: ConversationId,
    me: Party,
    handover: bool,
    header: Vec<u8>,
    tally: Tally,
    /// The last message that is in it.
    last: u64,
    summaries: VecDeque<Summary>,
    stubs: VecDeque<RedStub>,
}

/// How far the making is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packed {
    /// A chunk was made; there is more.
    More,
    /// All there is now is in chunks.
    All,
}

/// What came of concluding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concluded {
    /// More was said since: pack that, and conclude again.
    Grown,
    /// This is the end of the package. The conversation was given up, if it goes along.
    Yes(Vec<u8>),
}

impl Export {
    /// Begins a package, if the operator said yes to what was surveyed.
    pub fn begin(
        pass: &Pass<'_>,
        side: &Side<'_>,
        survey: Survey,
        leave: Leave,
        now_ms: u64,
    ) -> Result<Self, BridgeError> {
        let me = side.me;
        let subject = survey.subject();
        let told = survey.counts();
        let Survey {
            wish,
            uuid,
            summaries: ids,
            ..
        } = survey;
        let receipt = leave
            .consent
            .spend(pass, &action(wish.handover), &subject)?;
        let red_receipt = match leave.red {
            Some(consent) => Some(consent.spend(pass, &Action::RedMetadata, &subject)?),
            None if wish.red.is_empty() => None,
            None => return Err(BridgeError::NoConsent),
        };
        let mut summaries = VecDeque::new();
        if wish.green {
            summaries.extend(side.vaults.summaries(pass, wish.conversation)?);
            summaries.retain(|entry| ids.contains(&entry.id));
        }
        let id = PackageId::random().map_err(BridgeError::Random)?;
        let header = Header {
            version: VERSION,
            package: id,
            source: me,
            target: wish.target,
            conversation: uuid,
            handover: wish.handover,
            created_ms: now_ms,
            told,
            receipt,
            red_receipt,
        }
        .write(side.identity);
        side.store
            .open_parcel(id.0, State::Packing, uuid, &header, now_ms)?;
        failpoint("export begun");
        Ok(Self {
            id,
            conversation: wish.conversation,
            me,
            handover: wish.handover,
            tally: Tally::new(id, &header),
            header,
            last: 0,
            summaries,
            stubs: wish.red.into(),
        })
    }

    /// Its name.
    pub const fn id(&self) -> PackageId {
        self.id
    }

    /// Its signed header.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// How many chunks there are so far.
    pub const fn chunks(&self) -> u32 {
        self.tally.chunks()
    }

    /// How many things of this kind are in it so far.
    pub fn items(&self, section: Section) -> u64 {
        self.tally.items(section)
    }

    /// Makes the next chunk: on the disk, sealed, when this returns.
    pub fn step(
        &mut self,
        _: &Pass<'_>,
        store: &Conversations,
        now_ms: u64,
    ) -> Result<Packed, BridgeError> {
        let Some(bytes) = self.next(store)? else {
            return Ok(Packed::All);
        };
        let bytes = Zeroizing::new(bytes);
        self.tally.add(&Chunk::read(&bytes)?)?;
        let number = self.tally.chunks() - 1;
        store.keep_chunk(self.id.0, number, &bytes, now_ms)?;
        failpoint("export chunk kept");
        Ok(Packed::More)
    }

    fn next(&mut self, store: &Conversations) -> Result<Option<Vec<u8>>, BridgeError> {
        let number = self.tally.chunks();
        let said = store.said_after(self.conversation, self.last, CHUNK_BYTES)?;
        if !said.is_empty() {
            let mut packing = Packing::new(number, Section::Messages);
            for message in &said {
                if packing.is_full() {
                    break;
                }
                // One that is larger than a chunk may be is told as an error, unless it is not alone.
                match packing.message(message, self.me.soul) {
                    Ok(()) => self.last += 1,
                    Err(_) if !packing.is_empty() => break,
                    Err(error) => return Err(error.into()),
                }
            }
            return Ok(Some(packing.finish()));
        }
        if !self.summaries.is_empty() {
            return pack(number, Section::Summaries, &mut self.summaries).map(Some);
        }
        if !self.stubs.is_empty() {
            return pack(number, Section::Red, &mut self.stubs).map(Some);
        }
        Ok(None)
    }

    /// A chunk, to be sent.
    pub fn chunk(
        &self,
        _: &Pass<'_>,
        store: &Conversations,
        number: u32,
    ) -> Result<Zeroizing<Vec<u8>>, BridgeError> {
        store.chunk(self.id.0, number)?.ok_or(BridgeError::Missing)
    }

    /// Ends the package, and gives the conversation up with the same stroke.
    pub fn conclude(
        &self,
        _: &Pass<'_>,
        store: &Conversations,
        identity: &Identity,
    ) -> Result<Concluded, BridgeError> {
        let conclusion = self.tally.clone().conclude(identity).write();
        failpoint("export before it is concluded");
        let given = store.release_parcel(
            self.id.0,
            self.conversation,
            self.last,
            self.handover,
            &conclusion,
        )?;
        failpoint("export concluded");
        Ok(match given {
            GivenUp::Yes => Concluded::Yes(conclusion),
            GivenUp::Grown => Concluded::Grown,
        })
    }

    /// Calls it off before it was concluded: it never was.
    pub fn drop_unconcluded(self, store: &Conversations) -> Result<(), BridgeError> {
        Ok(store.drop_parcel(self.id.0)?)
    }
}

/// Calls off a package of ours that may or may not have been concluded: one that was stays as it is, for its
/// target may have it.
pub fn drop_unconcluded(store: &Conversations, id: PackageId) -> Result<(), BridgeError> {
    Ok(store.drop_parcel(id.0)?)
}

fn pack<T: serde::Serialize>(
    number: u32,
    section: Section,
    things: &mut VecDeque<T>,
) -> Result<Vec<u8>, BridgeError> {
    let mut packing = Packing::new(number, section);
    while let Some(thing) = things.front()
        && !packing.is_full()
    {
        match packing.json(thing) {
            Ok(()) => {
                things.pop_front();
            }
            Err(_) if !packing.is_empty() => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(packing.finish())
}

/// A package of ours that was concluded, and of which the target has not said yet what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// Its name.
    pub id: PackageId,
    /// Its conversation.
    pub conversation: ConversationUuid,
    /// Its signed header.
    pub header: Vec<u8>,
    /// Its signed end.
    pub conclusion: Vec<u8>,
}

impl Released {
    /// Those of this soul, the oldest first.
    pub fn all(_: &Pass<'_>, store: &Conversations) -> Result<Vec<Self>, BridgeError> {
        let mut released = Vec::new();
        for package in store.parcels(State::Released)? {
            released.extend(Self::of(store, PackageId(package))?);
        }
        Ok(released)
    }

    /// The one of this name.
    pub fn of(store: &Conversations, id: PackageId) -> Result<Option<Self>, BridgeError> {
        let parcel = store.parcel(id.0)?;
        Ok(parcel
            .filter(|parcel| parcel.state == State::Released)
            .and_then(|parcel| {
                Some(Self {
                    id,
                    conversation: parcel.conversation,
                    header: parcel.header,
                    conclusion: parcel.conclusion?,
                })
            }))
    }

    /// A chunk, to be sent.
    pub fn chunk(
        &self,
        _: &Pass<'_>,
        store: &Conversations,
        number: u32,
    ) -> Result<Zeroizing<Vec<u8>>, BridgeError> {
        store.chunk(self.id.0, number)?.ok_or(BridgeError::Missing)
    }

    /// The target says that it has taken it in. Takes no pass: nothing of a vault is read or written, and
    /// what is known of where a conversation lives has to be right behind the red thread, too.
    pub fn delivered(self, store: &Conversations, outcome: &str) -> Result<(), BridgeError> {
        failpoint("export before it is delivered");
        store.close_parcel(self.id.0, State::Delivered, Some(outcome))?;
        failpoint("export delivered");
        Ok(())
    }

    /// The target says that it never will: the conversation lives here again.
    pub fn reclaimed(self, store: &Conversations) -> Result<(), BridgeError> {
        failpoint("export before it is reclaimed");
        store.close_parcel(self.id.0, State::Reclaimed, None)?;
        failpoint("export reclaimed");
        Ok(())
    }
}
