//! `transfer_context`, from the wish to the result.

use std::sync::Arc;
use std::time::Instant;

use janet_protocol::{
    ErrorCode, Private, SoulName, TransferMetadata, TransferStage, TrustEvent, VaultName,
};
use janet_vault::audit::{Ended, Event, Id, Name};
use janet_vault::bridge::link::{Given, Giving, Progress, Reason, Stage};
use janet_vault::bridge::{
    BridgeError, Export, Leave, Outcome, PackageId, Packed, Party, RedStub, Section, Survey, Wish,
};
use janet_vault::conversations::{ConversationError, ConversationUuid};
use janet_vault::desk::{Action, Consent, DeskError, Request, Standing};
use janet_vault::red_thread::SafeWordProof;
use tokio::task::spawn_blocking;

use super::settle::in_memory;
use super::wire::{CarryError, Home, connect, give};
use super::{Souls, listed, words};
use crate::conversations::now_ms;
use crate::trust::{Asker, NotGranted, To, Trust};

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) source: SoulName,
    pub(crate) target: SoulName,
    pub(crate) conversation: Option<String>,
    pub(crate) vaults: Vec<VaultName>,
    pub(crate) auto_consent: bool,
    pub(crate) safe_word: Option<Private<String>>,
    pub(crate) exported: Option<Private<String>>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoTransfer {
    /// The operator did not say yes.
    #[error("{0}")]
    Denied(NotGranted),
    /// It cannot be begun.
    #[error("{message}")]
    Unfit {
        code: ErrorCode,
        field: Option<&'static str>,
        message: String,
    },
    /// The bridge.
    #[error(transparent)]
    Bridge(#[from] BridgeError),
    /// The way to the other soul.
    #[error(transparent)]
    Carry(#[from] CarryError),
    /// The target does not want it.
    #[error("the other soul does not take it in: {0}")]
    Refused(&'static str),
}

/// Where it goes.
pub(super) enum Way {
    Here(Home),
    There(Party, String),
}

/// What is ready to be asked about.
struct Ready {
    home: Home,
    way: Way,
    survey: Survey,
}

pub(super) fn unfit(
    code: ErrorCode,
    field: Option<&'static str>,
    message: impl Into<String>,
) -> NoTransfer {
    NoTransfer::Unfit {
        code,
        field,
        message: message.into(),
    }
}

impl Souls {
    /// All of it. What was consented to is carried through whoever hangs up meanwhile.
    pub(crate) async fn transfer(self: Arc<Self>, asker: Asker, wanted: Wanted) -> TrustEvent {
        let named = wanted.conversation.clone();
        let uuid = named.unwrap_or_else(|| asker.uuid.clone());
        let result = match wanted.exported {
            Some(ref exported) => {
                let exported = exported.clone();
                self.clone().take_exported(asker, &wanted, exported).await
            }
            None => self.clone().begin(asker, wanted).await,
        };
        match result {
            Ok(event) => event,
            Err(error) => told(error, uuid),
        }
    }

    async fn begin(
        self: Arc<Self>,
        asker: Asker,
        wanted: Wanted,
    ) -> Result<TrustEvent, NoTransfer> {
        let began = Instant::now();
        let auto = wanted.auto_consent;
        let ready = self.ready(&asker, &wanted).await?;
        let uuid = ready.survey.conversation();
        let telling = Telling {
            trust: self.trust.clone(),
            operator: asker.operator.clone(),
            uuid,
        };
        telling.tell(TransferStage::Asking, 0.0);
        let consent = self.ask(&asker, &ready, auto).await?;
        let red = self.ask_for_names(&asker, &ready, wanted.safe_word).await?;
        let leave = Leave { consent, red };
        let souls = self.clone();
        // A task of its own: from here on nobody has to wait for it.
        let carried = tokio::spawn(async move { souls.carry(ready, leave, telling).await });
        let (package, outcome) = carried.await.map_err(|_| CarryError::Died)??;
        self.moved(uuid).await;
        Ok(result(uuid, package, &outcome, began))
    }

    /// Whether it can be done at all, and how much it is.
    async fn ready(&self, asker: &Asker, wanted: &Wanted) -> Result<Ready, NoTransfer> {
        let (source, target) = (listed::soul(wanted.source), listed::soul(wanted.target));
        if source == target {
            let message = "field \"target_soul\": it is the one that it comes from";
            return Err(unfit(ErrorCode::OutOfRange, Some("target_soul"), message));
        }
        let home = self.home(source).cloned().ok_or_else(|| {
            let message = "field \"source_soul\": this soul does not live here; ask where it does";
            unfit(ErrorCode::NotFound, Some("source_soul"), message)
        })?;
        let way = self.way(target).ok_or_else(|| {
            let message = "field \"target_soul\": this soul neither lives here nor is it paired with an address; `janet soul pair` does that";
            unfit(ErrorCode::NotFound, Some("target_soul"), message)
        })?;
        let conversation = wanted.conversation.as_deref().unwrap_or(&asker.uuid);
        let uuid: ConversationUuid = conversation.parse().map_err(|_| {
            let message =
                "field \"conversation_uuid\": 32 lower-case hexadecimal digits are wanted";
            unfit(ErrorCode::OutOfRange, Some("conversation_uuid"), message)
        })?;
        let party = match &way {
            Way::Here(there) => there.me(),
            Way::There(party, _) => *party,
        };
        let green = wanted.vaults.contains(&VaultName::Green);
        let red = if wanted.vaults.contains(&VaultName::Red) {
            self.names(asker, wanted, &home).await?
        } else {
            Vec::new()
        };
        let here = home.clone();
        let survey = blocking(move || {
            let pass = here.red_thread.pass().map_err(pulled)?;
            let id = here.store.find(uuid).map_err(BridgeError::from)?;
            let wish = Wish {
                conversation: id.ok_or(BridgeError::NoConversation)?,
                target: party,
                handover: true,
                green,
                red,
            };
            here.with_side(now_ms(), |side| {
                Ok(Survey::take(&pass, side.store, side.vaults, wish)?)
            })
        });
        Ok(Ready {
            survey: survey.await?,
            home,
            way,
        })
    }

    /// The names of secrets, for whoever has the safe word.
    async fn names(
        &self,
        asker: &Asker,
        wanted: &Wanted,
        home: &Home,
    ) -> Result<Vec<RedStub>, NoTransfer> {
        let Some(word) = wanted.safe_word.clone() else {
            let message = "field \"safe_word\": names of secrets go along only with the safe word";
            return Err(unfit(ErrorCode::NotConsented, Some("safe_word"), message));
        };
        let proof = self.prove(asker, home.soul, word).await?;
        let home = home.clone();
        blocking(move || {
            let pass = home.red_thread.pass().map_err(pulled)?;
            let locked = |why: &str| {
                let why = format!("field \"include_vaults\": {why}");
                unfit(ErrorCode::VaultLocked, Some("include_vaults"), why)
            };
            let red = home.keeper.red();
            let red = red.ok_or_else(|| locked("this soul has no vault of secrets"))?;
            let names = red.meta(&pass, proof, now_ms());
            let names = names.map_err(|error| locked(&error.to_string()))?;
            let stub = |name: &zeroize::Zeroizing<String>| RedStub {
                name: name.to_string().into(),
            };
            Ok(names.iter().map(stub).collect())
        })
        .await
    }

    /// The second yes, to the names: by the safe word that came with the wish, and by nothing else.
    async fn ask_for_names(
        &self,
        asker: &Asker,
        ready: &Ready,
        word: Option<Private<String>>,
    ) -> Result<Option<Consent>, NoTransfer> {
        let counts = ready.survey.counts();
        let Some(word) = word.filter(|_| counts.red > 0) else {
            return Ok(None);
        };
        let proof = self.prove(asker, ready.home.soul, word).await?;
        let impact = "The other soul learns what your secrets are called, and no more.";
        let request = Request {
            operator: asker.operator.clone(),
            needs: Action::RedMetadata.needs(),
            action: Action::RedMetadata,
            conversation: Some(asker.conversation),
            impact: impact.to_owned().into(),
            prompt: "Send the names of your secrets along?".to_owned().into(),
            subject: ready.survey.subject(),
            standing: Standing::Suspended,
        };
        let asked = self.trust.by_safe_word(request, asker.uuid.clone(), proof);
        asked.await.map(Some).map_err(NoTransfer::Denied)
    }

    async fn prove(
        &self,
        asker: &Asker,
        soul: janet_vault::soul::Soul,
        word: Private<String>,
    ) -> Result<SafeWordProof, NoTransfer> {
        let proof = match self.trust.safe(soul) {
            Ok(safe) => safe.prove(asker.operator.clone(), word).await,
            Err(error) => Err(error),
        };
        proof.map_err(|error| unfit(error.code, Some("safe_word"), error.message))
    }

    pub(super) fn way(&self, target: janet_vault::soul::Soul) -> Option<Way> {
        if let Some(there) = self.home(target) {
            return Some(Way::Here(there.clone()));
        }
        let peer = self
            .paired()
            .into_iter()
            .find(|peer| peer.party.soul == target)?;
        Some(Way::There(peer.party, peer.address?))
    }

    async fn ask(&self, asker: &Asker, ready: &Ready, auto: bool) -> Result<Consent, NoTransfer> {
        let (survey, counts) = (&ready.survey, ready.survey.counts());
        let target = survey.target().soul;
        let action = survey.action();
        let request = Request {
            operator: asker.operator.clone(),
            needs: action.needs(),
            action,
            conversation: Some(asker.conversation),
            impact: words::impact(counts, ready.home.soul, target).into(),
            prompt: words::prompt(counts, target).into(),
            subject: survey.subject(),
            standing: if auto {
                Standing::Counts
            } else {
                Standing::Suspended
            },
        };
        let asked = self.trust.ask(request, asker.uuid.clone());
        asked.await.map_err(NoTransfer::Denied)
    }

    async fn carry(
        self: Arc<Self>,
        ready: Ready,
        leave: Leave,
        telling: Telling,
    ) -> Result<(PackageId, Outcome), NoTransfer> {
        let Ready { home, way, survey } = ready;
        let Some(_only) = self.alone_soon().await else {
            let message = "another transfer is under way; ask again when it is over";
            return Err(unfit(ErrorCode::Busy, None, message));
        };
        let (receipt, target) = (Id(leave.consent.receipt().id), survey.target().soul);
        let export = pack(home.clone(), survey, leave, telling.clone()).await?;
        let (package, summaries) = (export.id(), export.items(Section::Summaries));
        let noted = self.trust.note(&Event::TransferStarted {
            package: Id(package.0),
            from: Name::new(home.soul.name()),
            to: Name::new(target.name()),
            receipt,
        });
        if noted.is_err() {
            export.drop_unconcluded(&home.store)?;
            let message = "what is not in the audit log is not done";
            return Err(unfit(ErrorCode::Internal, None, message));
        }
        let messages = export.items(Section::Messages);
        let giving = Giving::new(export);
        let tell = move |progress: Progress| telling.progress(progress);
        let given = match way {
            Way::Here(there) => in_memory(home.clone(), there, giving, tell).await,
            Way::There(party, address) => {
                let stream = connect(&address, home.identity.clone(), party).await;
                match stream {
                    Ok(stream) => {
                        self.goes_to(&address);
                        give(stream, &home, party, giving, now_ms, tell).await
                    }
                    Err(error) => Err(error),
                }
            }
        };
        let ended = match &given {
            Ok(Given::Delivered(_)) => Ended::Done,
            Ok(Given::Refused(_)) => Ended::Refused,
            Err(_) => Ended::Failed,
        };
        let kept = |outcome: &Given| match outcome {
            Given::Delivered(outcome) => outcome.red_kept,
            Given::Refused(_) => 0,
        };
        let told = self.trust.note(&Event::TransferEnded {
            package: Id(package.0),
            messages,
            summaries,
            stubs: given.as_ref().map_or(0, kept),
            result: ended,
        });
        // It is done, whether that is told or not; the log has told that the log cannot be written.
        told.ok();
        match given {
            Ok(Given::Delivered(outcome)) => Ok((package, outcome)),
            Ok(Given::Refused(reason)) => Err(NoTransfer::Refused(why(reason))),
            Err(error) => {
                // What was not concluded never was; what was is asked about until it is answered for.
                let here = home.clone();
                blocking(move || Ok(here.store_drop(package)?)).await?;
                Err(error.into())
            }
        }
    }
}

impl Home {
    fn store_drop(&self, package: PackageId) -> Result<(), BridgeError> {
        janet_vault::bridge::drop_unconcluded(&self.store, package)
    }
}

async fn pack(
    home: Home,
    survey: Survey,
    leave: Leave,
    telling: Telling,
) -> Result<Export, NoTransfer> {
    blocking(move || {
        let all = survey.counts().messages.max(1);
        let now = now_ms();
        home.with_side(now, |side| {
            let pass = home.red_thread.pass().map_err(pulled)?;
            let mut export = Export::begin(&pass, side, survey, leave, now)?;
            drop(pass);
            loop {
                let pass = home.red_thread.pass().map_err(pulled)?;
                if export.step(&pass, side.store, now_ms())? == Packed::All {
                    return Ok(export);
                }
                let done = export.items(Section::Messages) as f64 / all as f64;
                telling.tell(TransferStage::Exporting, done.min(1.0));
            }
        })
    })
    .await
}

/// Who hears how far it is.
#[derive(Clone)]
struct Telling {
    trust: Arc<Trust>,
    operator: String,
    uuid: ConversationUuid,
}

impl Telling {
    fn tell(&self, stage: TransferStage, fraction: f64) {
        let event = TrustEvent::TransferProgress {
            conversation_uuid: self.uuid.to_string(),
            stage,
            fraction,
        };
        self.trust.tell(To::Device(self.operator.clone()), event);
    }

    fn progress(&self, progress: Progress) {
        match progress.stage {
            Stage::Offering | Stage::Sending => {
                self.tell(TransferStage::Importing, progress.fraction);
            }
            Stage::Merging => self.tell(TransferStage::Reconciling, 0.0),
            Stage::Done => self.tell(TransferStage::Reconciling, 1.0),
        }
    }
}

pub(super) fn result(
    uuid: ConversationUuid,
    package: PackageId,
    outcome: &Outcome,
    began: Instant,
) -> TrustEvent {
    let mut vaults = Vec::new();
    if outcome.summaries > 0 {
        vaults.push(VaultName::Green);
    }
    if outcome.red_kept > 0 {
        vaults.push(VaultName::Red);
    }
    TrustEvent::TransferResult {
        conversation_uuid: uuid.to_string(),
        success: true,
        messages_transferred: outcome.messages_added,
        summaries_transferred: outcome.summaries_added,
        vaults_transferred: vaults,
        error: None,
        metadata: TransferMetadata {
            package_id: package.to_string(),
            duplicates: outcome.messages - outcome.messages_added.min(outcome.messages),
            conflicts: outcome.conflicts + outcome.summaries_conflicts,
            refused: outcome.summaries_refused,
            red_stubs: outcome.red_kept,
            duration_ms: began.elapsed().as_millis() as u64,
        },
    }
}

fn told(error: NoTransfer, uuid: String) -> TrustEvent {
    let code = match &error {
        NoTransfer::Denied(NotGranted::Unasked(DeskError::Pulled(_))) => ErrorCode::RedThread,
        NoTransfer::Denied(NotGranted::Unasked(_)) => ErrorCode::Busy,
        NoTransfer::Denied(not) => {
            return TrustEvent::TransferDenied {
                conversation_uuid: uuid,
                reason: not.to_string(),
            };
        }
        NoTransfer::Unfit { code, .. } => *code,
        NoTransfer::Bridge(BridgeError::NoConversation) => ErrorCode::NotFound,
        NoTransfer::Bridge(BridgeError::Store(ConversationError::Elsewhere(_))) => {
            ErrorCode::NotFound
        }
        NoTransfer::Bridge(BridgeError::Consent(_) | BridgeError::NoConsent) => {
            ErrorCode::NotConsented
        }
        NoTransfer::Bridge(
            BridgeError::Package(_) | BridgeError::NotPaired | BridgeError::NotForUs,
        ) => ErrorCode::OutOfRange,
        NoTransfer::Bridge(_) | NoTransfer::Carry(_) | NoTransfer::Refused(_) => {
            ErrorCode::Internal
        }
    };
    let field = match &error {
        NoTransfer::Unfit { field, .. } => field.map(str::to_owned),
        NoTransfer::Bridge(BridgeError::NoConversation) => Some("conversation_uuid".to_owned()),
        _ => None,
    };
    TrustEvent::TransferError {
        conversation_uuid: Some(uuid),
        code,
        message: error.to_string(),
        field,
    }
}

const fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::NotPaired => "it is not paired with this one",
        Reason::NotForUs => "it was meant for another one",
        Reason::NoConsent => "it finds no consent in it",
        Reason::Busy => "it is busy with others",
        Reason::CalledOff => "it was called off",
        Reason::Damaged => "it came damaged",
        Reason::RedThread => "the red thread is pulled there",
        Reason::Failed => "it cannot write to its disk",
    }
}

pub(super) fn pulled(pulled: janet_vault::red_thread::Pulled) -> NoTransfer {
    unfit(ErrorCode::RedThread, None, pulled.to_string())
}

/// Runs what blocks on the disk where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NoTransfer> + Send + 'static,
) -> Result<T, NoTransfer> {
    spawn_blocking(work).await.map_err(|_| CarryError::Died)?
}
