//! The target's half of a transfer.
//!
//! ```text
//!  begin ─▶ take … take ─▶ prepare ─▶ commit: merge, one transaction ─▶ commit: vaults … ─▶ Done
//!    └─────────┴──────────────┴─▶ refuse: never, in this life
//! ```
//! Until the merge nothing of it counts: chunks lie sealed apart, and each is on the disk before it is
//! acknowledged. The merge, that the conversation lives here, and that the package was taken in, are one
//! transaction. What is for the vaults follows from the chunks, which stay until all of it is there: it can
//! be done again from the beginning, in this process or the next, and adds nothing twice.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::receipts::Receipts;
use super::{
    BridgeError, Chunk, Conclusion, Header, Inserted, PackageId, Party, RedStub, Section, Summary,
    Tally, Vaults, is_of, reconcile,
};
use crate::conversations::{Conversations, Parcel, Said, State};
use crate::failpoint::failpoint;
use crate::red_thread::Pass;

/// Packages that may be coming in at once.
const MOST_IMPORTS: usize = 4;
/// Chunks of a package at most.
pub const MOST_CHUNKS: u32 = 16_384;
/// Bytes of a package at most.
const MOST_BYTES: u64 = 512 << 20;
/// Entries that one step gives to a vault.
const BATCH: usize = 32;

/// Who we are, and whose packages we take.
#[derive(Clone, Debug)]
pub struct Trust {
    /// This soul.
    pub me: Party,
    /// Those that it is paired with.
    pub peers: Vec<Party>,
}

/// What a package has brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Messages in it.
    pub messages: u64,
    /// Of those, not here before.
    pub messages_added: u64,
    /// How often both souls have other words of the same speaker at the same moment; both are kept.
    pub conflicts: u64,
    /// Messages that the conversation has now.
    pub messages_now: u64,
    /// Entries of Green in it.
    pub summaries: u64,
    /// Of those, new here, as far as the process that finished it knows: what one that died before had
    /// put in is not counted as new.
    pub summaries_added: u64,
    /// Entries of which both sides are kept.
    pub summaries_conflicts: u64,
    /// Entries that were not let in: nobody whom we know has allowed just them, or the gate does not.
    pub summaries_refused: u64,
    /// Names of Red in it.
    pub red: u64,
    /// Of those, here now as locked stubs. Fewer: Red was locked here.
    pub red_kept: u64,
}

/// What begins with a header.
#[derive(Debug)]
pub enum Begun {
    /// Its pieces are wanted.
    Wanted(Box<Import>),
    /// It was taken in before, and brought this.
    Over(Outcome),
}

/// A package coming in.
pub struct Import {
    id: PackageId,
    header: Header,
    header_bytes: Vec<u8>,
    bytes: u64,
    work: Work,
}

/// How far it is.
enum Work {
    Taking,
    /// Looked through, chunk by chunk, against this end.
    Verifying(Box<(Tally, Conclusion)>),
    /// All here and right.
    Prepared,
    /// What is left for the vaults: the next chunk, and from which thing on.
    Vaults {
        chunk: u32,
        thing: usize,
        inserted: Inserted,
        stubs: u64,
    },
}

/// How far a step came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More,
    /// That was all of this kind.
    Ready,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// There is more to do; from the first of these on the messages are merged.
    More,
    /// All of it is where it belongs.
    Done(Outcome),
}

impl fmt::Debug for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Import({})", self.id)
    }
}

impl Import {
    /// Looks at a header: whether it is of a soul that is paired, for this one, and allowed; and how much of
    /// the package is here from before.
    pub fn begin(
        _: &Pass<'_>,
        store: &Conversations,
        trust: &Trust,
        header_bytes: &[u8],
        now_ms: u64,
    ) -> Result<Begun, BridgeError> {
        let header = Header::read(header_bytes)?;
        if !trust.peers.contains(&header.source) || !is_of(header_bytes, &header.source.key) {
            return Err(BridgeError::NotPaired);
        }
        if header.target != trust.me {
            return Err(BridgeError::NotForUs);
        }
        if !header.is_allowed() {
            return Err(BridgeError::NoConsent);
        }
        let id = header.package;
        match store.parcel(id.0)? {
            Some(parcel) if parcel.state == State::Done => {
                return Ok(Begun::Over(outcome(parcel.outcome.as_deref())));
            }
            Some(parcel)
                if matches!(
                    parcel.state,
                    State::Staging | State::Prepared | State::Committed
                ) =>
            {
                if parcel.header != header_bytes {
                    return Err(BridgeError::Mismatch);
                }
            }
            Some(_) => return Err(BridgeError::CalledOff),
            None => {
                // An earlier one that its source never ended is not gone on with.
                for earlier in store.parcels(State::Staging)? {
                    let is_earlier = |parcel: Parcel| parcel.conversation == header.conversation;
                    if store.parcel(earlier)?.is_some_and(is_earlier) {
                        store.refuse_parcel(earlier, header.conversation, now_ms)?;
                    }
                }
                let open =
                    store.parcels(State::Staging)?.len() + store.parcels(State::Prepared)?.len();
                if open >= MOST_IMPORTS {
                    return Err(BridgeError::Busy(open));
                }
                store.open_parcel(
                    id.0,
                    State::Staging,
                    header.conversation,
                    header_bytes,
                    now_ms,
                )?;
                failpoint("import begun");
            }
        }
        let import = Self::known(store, id)?.ok_or(BridgeError::CalledOff)?;
        Ok(Begun::Wanted(Box::new(import)))
    }

    /// Those that an earlier process had all pieces of, or had merged already: nobody else is needed to
    /// finish them, and of the first kind nobody else can.
    pub fn unfinished(_: &Pass<'_>, store: &Conversations) -> Result<Vec<Self>, BridgeError> {
        let mut unfinished = Vec::new();
        for state in [State::Committed, State::Prepared] {
            for package in store.parcels(state)? {
                unfinished.extend(Self::known(store, PackageId(package))?);
            }
        }
        Ok(unfinished)
    }

    fn known(store: &Conversations, id: PackageId) -> Result<Option<Self>, BridgeError> {
        let Some(parcel) = store.parcel(id.0)? else {
            return Ok(None);
        };
        let work = match parcel.state {
            State::Staging => Work::Taking,
            State::Prepared => Work::Prepared,
            State::Committed => Work::vaults(),
            _ => return Ok(None),
        };
        Ok(Some(Self {
            id,
            header: Header::read(&parcel.header)?,
            header_bytes: parcel.header,
            bytes: store.parcel_bytes(id.0)?,
            work,
        }))
    }

    /// Its name.
    pub const fn id(&self) -> PackageId {
        self.id
    }

    /// What it says of itself.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Whether it can be committed as it is.
    pub const fn is_prepared(&self) -> bool {
        matches!(self.work, Work::Prepared | Work::Vaults { .. })
    }

    /// From which chunk on all are wanted, and which ones before that.
    pub fn wanted(&self, store: &Conversations) -> Result<(u32, Vec<u32>), BridgeError> {
        Ok(store.chunks(self.id.0)?)
    }

    /// Takes a chunk: on the disk, sealed, when this returns. The same one again changes nothing.
    pub fn take(
        &mut self,
        _: &Pass<'_>,
        store: &Conversations,
        bytes: &[u8],
        now_ms: u64,
    ) -> Result<u32, BridgeError> {
        let chunk = Chunk::read(bytes)?;
        if chunk.number >= MOST_CHUNKS || self.bytes.saturating_add(bytes.len() as u64) > MOST_BYTES
        {
            return Err(super::PackageError::TooLarge("whole").into());
        }
        if let Some(there) = store.chunk(self.id.0, chunk.number)? {
            return if *there == bytes {
                Ok(chunk.number)
            } else {
                Err(BridgeError::Mismatch)
            };
        }
        if !matches!(self.work, Work::Taking) {
            return Err(BridgeError::Mismatch);
        }
        failpoint("import before a chunk is kept");
        store.keep_chunk(self.id.0, chunk.number, bytes, now_ms)?;
        self.bytes += bytes.len() as u64;
        failpoint("import chunk kept");
        Ok(chunk.number)
    }

    /// Looks through all of it against its end; to be called until it is ready. From then on it can be
    /// committed without its source.
    pub fn prepare(
        &mut self,
        _: &Pass<'_>,
        store: &Conversations,
        conclusion_bytes: &[u8],
    ) -> Result<Step, BridgeError> {
        let mut verifying = match std::mem::replace(&mut self.work, Work::Taking) {
            Work::Taking => {
                let conclusion = Conclusion::read(conclusion_bytes)?;
                if !conclusion.is_of(&self.header.source.key) {
                    return Err(super::PackageError::Unsigned.into());
                }
                Box::new((Tally::new(self.id, &self.header_bytes), conclusion))
            }
            Work::Verifying(verifying) => verifying,
            ready => {
                self.work = ready;
                return Ok(Step::Ready);
            }
        };
        let (tally, conclusion) = &mut *verifying;
        for _ in 0..8 {
            if tally.chunks() == conclusion.chunks {
                break;
            }
            let bytes = store.chunk(self.id.0, tally.chunks())?;
            let bytes = bytes.ok_or(BridgeError::Missing)?;
            tally.add(&Chunk::read(&bytes)?)?;
        }
        if tally.chunks() < conclusion.chunks {
            self.work = Work::Verifying(verifying);
            return Ok(Step::More);
        }
        if store.chunks(self.id.0)?.0 != conclusion.chunks {
            return Err(BridgeError::Mismatch);
        }
        let (tally, conclusion) = *verifying;
        tally.check(&conclusion)?;
        if conclusion.red.items > 0 && self.header.red_receipt.is_none() {
            return Err(BridgeError::NoConsent);
        }
        failpoint("import before it is prepared");
        store.prepare_parcel(self.id.0, conclusion_bytes)?;
        failpoint("import prepared");
        self.work = Work::Prepared;
        Ok(Step::Ready)
    }

    /// Takes it in; to be called until it is done. What was done stays done, whoever calls next.
    pub fn commit(
        &mut self,
        pass: &Pass<'_>,
        store: &Conversations,
        vaults: &dyn Vaults,
        now_ms: u64,
    ) -> Result<Committed, BridgeError> {
        match self.work {
            Work::Taking | Work::Verifying(..) => Err(BridgeError::Missing),
            Work::Prepared => {
                self.merge(store, now_ms)?;
                self.work = Work::vaults();
                Ok(Committed::More)
            }
            Work::Vaults {
                chunk,
                thing,
                inserted,
                stubs,
            } => {
                let Some(bytes) = store.chunk(self.id.0, chunk)? else {
                    return self.done(store, inserted, stubs).map(Committed::Done);
                };
                let chunk = Chunk::read(&bytes)?;
                self.work = self.fill(pass, vaults, &chunk, thing, inserted, stubs)?;
                failpoint("import batch for the vaults");
                Ok(Committed::More)
            }
        }
    }

    fn merge(&self, store: &Conversations, now_ms: u64) -> Result<(), BridgeError> {
        let mut there: Vec<Said> = Vec::new();
        let mut outcome = Outcome::default();
        let (chunks, _) = store.chunks(self.id.0)?;
        for number in 0..chunks {
            let bytes = store
                .chunk(self.id.0, number)?
                .ok_or(BridgeError::Missing)?;
            let chunk = Chunk::read(&bytes)?;
            match chunk.section {
                Section::Messages => {
                    for said in chunk.messages() {
                        there.push(said?);
                    }
                }
                Section::Summaries => outcome.summaries += chunk.count()?,
                Section::Red => outcome.red += chunk.count()?,
            }
        }
        outcome.messages = there.len() as u64;
        let soul = self.header.target.soul;
        failpoint("import before it is merged");
        store.graft(self.id.0, self.header.handover, now_ms, |here| {
            let merged = reconcile::merge(soul, here, &there);
            failpoint("import while it is merged");
            outcome.messages_added = merged.added;
            outcome.conflicts = merged.conflicts;
            outcome.messages_now = merged.messages.len() as u64;
            let text = serde_json::to_string(&outcome).expect("no map in it");
            (merged.messages, text)
        })?;
        failpoint("import merged");
        Ok(())
    }

    fn done(
        &self,
        store: &Conversations,
        inserted: Inserted,
        stubs: u64,
    ) -> Result<Outcome, BridgeError> {
        let known = store.parcel(self.id.0)?.and_then(|parcel| parcel.outcome);
        let mut outcome = outcome(known.as_deref());
        outcome.summaries_added = inserted.added;
        outcome.summaries_conflicts = inserted.conflicts;
        outcome.summaries_refused = inserted.refused;
        outcome.red_kept = stubs;
        let text = serde_json::to_string(&outcome).expect("no map in it");
        failpoint("import before it is done");
        store.close_parcel(self.id.0, State::Done, Some(&text))?;
        failpoint("import done");
        Ok(outcome)
    }

    /// One batch; says what comes next.
    fn fill(
        &self,
        pass: &Pass<'_>,
        vaults: &dyn Vaults,
        chunk: &Chunk<'_>,
        thing: usize,
        mut inserted: Inserted,
        mut stubs: u64,
    ) -> Result<Work, BridgeError> {
        let taken = match chunk.section {
            Section::Messages => 0,
            Section::Summaries => {
                let mut batch: Vec<Summary> = chunk
                    .summaries()
                    .skip(thing)
                    .take(BATCH)
                    .collect::<Result<_, _>>()?;
                let taken = batch.len();
                // What is remembered here has a receipt that can be checked here.
                let (source, target) = (&self.header.source.key, &self.header.target.key);
                let receipts = Receipts::of(chunk, source, target)?;
                batch.retain(|it| receipts.allow(it));
                inserted.refused += (taken - batch.len()) as u64;
                if !batch.is_empty() {
                    let more = vaults.insert_summaries(pass, &batch)?;
                    inserted.added += more.added;
                    inserted.known += more.known;
                    inserted.conflicts += more.conflicts;
                    inserted.refused += more.refused;
                }
                taken
            }
            Section::Red => {
                let batch: Vec<RedStub> = chunk
                    .stubs()
                    .skip(thing)
                    .take(BATCH)
                    .collect::<Result<_, _>>()?;
                if !batch.is_empty() {
                    stubs += vaults.insert_stubs(pass, &batch)?.unwrap_or(0);
                }
                batch.len()
            }
        };
        let (chunk, thing) = if taken < BATCH {
            (chunk.number + 1, 0)
        } else {
            (chunk.number, thing + taken)
        };
        Ok(Work::Vaults {
            chunk,
            thing,
            inserted,
            stubs,
        })
    }
}

impl Work {
    fn vaults() -> Self {
        Self::Vaults {
            chunk: 0,
            thing: 0,
            inserted: Inserted::default(),
            stubs: 0,
        }
    }
}

/// What became of a package, asked by its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was taken in.
    TakenIn(Outcome),
    /// It never will be.
    Never,
}

/// The source asks to have a package called off, or what became of it. Whatever the answer is, it stays
/// so: one that is not taken in by now never is. Takes no pass, for the conversation has to live somewhere
/// behind the red thread, too.
pub fn call_off(
    store: &Conversations,
    id: PackageId,
    conversation: crate::conversations::ConversationUuid,
    now_ms: u64,
) -> Result<Fate, BridgeError> {
    failpoint("import before it is called off");
    let state = store.refuse_parcel(id.0, conversation, now_ms)?;
    failpoint("import called off");
    Ok(match state {
        State::Committed | State::Done => {
            let known = store.parcel(id.0)?.and_then(|parcel| parcel.outcome);
            Fate::TakenIn(outcome(known.as_deref()))
        }
        _ => Fate::Never,
    })
}

/// Calls off what nobody has gone on with since then; says how many that were.
pub fn expire(store: &Conversations, before_ms: u64, now_ms: u64) -> Result<usize, BridgeError> {
    let stale = store.stale_parcels(before_ms)?;
    for (package, conversation) in &stale {
        store.refuse_parcel(*package, *conversation, now_ms)?;
    }
    Ok(stale.len())
}

fn outcome(text: Option<&str>) -> Outcome {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}
