//! What is asked of the vault, step by step: counting a guess and opening what it opens block on the disk,
//! deriving a key takes its turn. Words and secrets are zeroed when a step is over.

use std::sync::Arc;

use janet_protocol::{ErrorCode, Private, VaultItem, WireError};
use janet_vault::audit::{AuditError, Event, Name};
use janet_vault::blue::{Secret, Shelf};
use janet_vault::desk::{Action, Needs, Request, Standing};
use janet_vault::red::{Derived, Fresh, Listing, Package, RedError, SafeWord, Verified};
use janet_vault::red_thread::{Pass, Pulled};
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::{Vault, refusal};
use crate::conversations::now_ms;
use crate::trust::Trust;

/// A text that goes when it was used.
pub(crate) type Word = Zeroizing<String>;

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct Came {
    /// For people.
    pub(crate) message: String,
    /// What is in it.
    pub(crate) items: Option<Vec<VaultItem>>,
    /// The secret that was asked for.
    pub(crate) value: Option<Private<String>>,
    /// How long the next guess has to wait.
    pub(crate) retry_after_ms: Option<u64>,
    /// An export.
    pub(crate) file: Option<Vec<u8>>,
}

/// What kept it from coming to anything.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The vault.
    Red(RedError),
    /// Anything else.
    Wire(WireError),
}

impl From<RedError> for Failed {
    fn from(error: RedError) -> Self {
        Self::Red(error)
    }
}

impl From<WireError> for Failed {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<Pulled> for Failed {
    fn from(pulled: Pulled) -> Self {
        Self::Wire(WireError::new(ErrorCode::RedThread, pulled.to_string()))
    }
}

impl From<Failed> for WireError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Red(error) => refusal(&error),
            Failed::Wire(error) => error,
        }
    }
}

impl Failed {
    pub(super) fn died() -> Self {
        Self::Wire(WireError::new(
            ErrorCode::Internal,
            "a request died of a fault of Janet's own",
        ))
    }
}

type Result<T> = std::result::Result<T, Failed>;

impl Came {
    pub(crate) fn said(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            ..Self::default()
        }
    }
}

/// Each of these is one request.
impl Trust {
    /// Whether there is a vault, and whether it is locked.
    pub(crate) async fn vault_state(self: &Arc<Self>) -> (bool, bool) {
        let Ok(vault) = self.vault().cloned() else {
            return (false, true);
        };
        let look = move || (vault.red.exists().unwrap_or(true), vault.red.is_locked());
        spawn_blocking(look).await.unwrap_or((true, true))
    }

    /// `vault_create`.
    pub(crate) async fn create_vault(self: Arc<Self>, who: String, word: Word) -> Result<Came> {
        let word = chosen(&word, "safe_word")?;
        let vault = Arc::clone(self.vault()?);
        // Before the slow step: who has one already is told at once.
        if self.blocking(|vault| Ok(vault.red.exists()?)).await? {
            return Err(RedError::Exists.into());
        }
        let fresh = vault.derive(move || Fresh::derive(&word)).await??;
        self.with_pass(move |vault, pass| Ok(vault.red.create(pass, &fresh, now_ms())?))
            .await?;
        self.noted(Event::VaultCreated {
            operator: Name::new(&who),
        })
        .await?;
        Ok(Came::said("the vault is made; it is locked"))
    }

    /// `vault_unlock`.
    pub(crate) async fn unlock_vault(
        self: Arc<Self>,
        who: String,
        word: Word,
        names: Vec<Word>,
    ) -> Result<Came> {
        let (_proof, items) = self.open_vault(who, word, names).await?;
        Ok(Came {
            items: Some(items),
            ..Came::said("the vault is unlocked")
        })
    }

    /// `vault_lock`.
    pub(crate) async fn shut_vault(self: Arc<Self>) -> Result<Came> {
        let was_open = !self.blocking(|vault| Ok(vault.red.is_locked())).await?;
        let trust = Arc::clone(&self);
        spawn_blocking(move || trust.lock_vault())
            .await
            .map_err(|_| Failed::died())?;
        if was_open {
            self.noted(Event::VaultLocked {
                why: Name::new("operator"),
            })
            .await?;
        }
        Ok(Came::said(
            "the vault is locked; what was unlocked is overwritten",
        ))
    }

    /// `vault_put`.
    pub(crate) async fn put_secret(
        self: Arc<Self>,
        who: String,
        name: Word,
        value: Word,
        tags: Vec<Word>,
    ) -> Result<Came> {
        self.with_pass(move |vault, pass| {
            let tags: Vec<&str> = tags.iter().map(|tag| tag.as_str()).collect();
            let put = vault
                .red
                .put(pass, &name, &tags, value.as_bytes(), now_ms());
            Ok(put?)
        })
        .await?;
        self.noted(Event::SecretStored {
            operator: Name::new(&who),
        })
        .await?;
        Ok(Came::said("the secret is kept"))
    }

    /// `vault_get`.
    pub(crate) async fn hand_out_secret(self: Arc<Self>, who: String, name: Word) -> Result<Came> {
        let secret: Option<Secret> = self
            .with_pass(move |vault, pass| Ok(vault.red.get(pass, &name, now_ms())?))
            .await?;
        let secret = secret.ok_or(RedError::Refused)?;
        self.noted(Event::SecretRead {
            operator: Name::new(&who),
        })
        .await?;
        let bytes = secret.copy().map_err(RedError::from)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| RedError::Refused)?;
        Ok(Came {
            value: Some(text.into()),
            ..Came::said("this is the secret")
        })
    }

    /// `vault_list`.
    pub(crate) async fn list_secrets(self: Arc<Self>) -> Result<Came> {
        let listed = self
            .with_pass(|vault, pass| match vault.red.list(pass, now_ms()) {
                Ok(listing) => Ok(Some(told(vault, &listing))),
                Err(RedError::Locked) => Ok(None),
                Err(error) => Err(error.into()),
            })
            .await?;
        Ok(match listed {
            Some((items, 0)) => Came {
                items: Some(items),
                ..Came::said("this is what the vault holds")
            },
            Some((items, damaged)) => Came {
                items: Some(items),
                ..Came::said(&format!(
                    "{damaged} secrets were changed on disk and do not open"
                ))
            },
            None => Came::said("the vault is locked"),
        })
    }

    /// `vault_forget`.
    pub(crate) async fn forget_secret(self: Arc<Self>, who: String, name: Word) -> Result<Came> {
        let was_there = self
            .with_pass(move |vault, pass| Ok(vault.red.forget(pass, &name)?))
            .await?;
        if was_there {
            self.noted(Event::SecretForgotten {
                operator: Name::new(&who),
            })
            .await?;
            return Ok(Came::said("the secret is gone"));
        }
        Err(RedError::Refused.into())
    }

    /// `vault_change`.
    pub(crate) async fn change_safe_word(
        self: Arc<Self>,
        who: String,
        word: Word,
        new: Word,
    ) -> Result<Came> {
        let new = chosen(&new, "new_safe_word")?;
        let vault = Arc::clone(self.vault()?);
        let guess = self.guess(who.clone(), word).await?;
        let fresh = vault.derive(move || Fresh::derive(&new)).await??;
        let changed = self
            .with_pass(move |vault, pass| {
                let _proof = vault.red.change_word(pass, guess, &fresh, now_ms())?;
                Ok(())
            })
            .await;
        self.note_refused(&who, &changed).await?;
        changed?;
        self.noted(Event::SafeWordChanged {
            operator: Name::new(&who),
        })
        .await?;
        Ok(Came::said("the safe word is changed"))
    }

    /// `vault_export`: asked of the operator first, because a proof of the safe word is good for half a
    /// minute only, and so is a question.
    pub(crate) async fn export_vault(
        self: Arc<Self>,
        who: String,
        uuid: String,
        word: Word,
        password: Word,
    ) -> Result<Came> {
        let password = chosen(&password, "password")?;
        let vault = Arc::clone(self.vault()?);
        let (subject, count) = self
            .with_pass(|vault, pass| Ok((vault.red.export_subject()?, vault.red.count(pass)?)))
            .await?;
        let request = Request {
            operator: who.clone(),
            action: Action::Export,
            conversation: None,
            impact: format!(
                "{count} secrets leave this machine in a file, under a password of its own."
            )
            .into(),
            prompt: "Write all secrets into a file?".into(),
            subject,
            needs: Needs::ClickOrSafeWord,
            standing: Standing::Suspended,
        };
        let consent = self.ask(request, uuid).await.map_err(WireError::from)?;
        let fresh = vault.derive(move || Fresh::derive(&password)).await??;
        let (proof, items) = self.open_vault(who.clone(), word, Vec::new()).await?;
        let (file, _receipt) = self
            .with_pass(move |vault, pass| {
                let export = vault.red.export(pass, consent, proof, &fresh, now_ms());
                Ok(export?)
            })
            .await?;
        self.noted(Event::Exported {
            what: Name::new("secrets"),
            items: items.iter().filter(|item| !item.is_stub).count() as u64,
            operator: Name::new(&who),
        })
        .await?;
        Ok(Came {
            file: Some(file),
            ..Came::default()
        })
    }

    /// `vault_import`.
    pub(crate) async fn import_vault(
        self: Arc<Self>,
        who: String,
        file: Zeroizing<Vec<u8>>,
        password: Word,
    ) -> Result<Came> {
        let vault = Arc::clone(self.vault()?);
        if self.blocking(|vault| Ok(vault.red.is_locked())).await? {
            return Err(RedError::Locked.into());
        }
        let open = move || Package::read(&file).and_then(|package| package.derive(&password));
        let package = vault.derive(open).await??;
        let done = self
            .with_pass(move |vault, pass| Ok(vault.red.import(pass, &package)?))
            .await?;
        self.noted(Event::Imported {
            what: Name::new("secrets"),
            items: (done.added + done.replaced) as u64,
            refused: 0,
            operator: Name::new(&who),
        })
        .await?;
        Ok(Came::said(&format!(
            "{} secrets are new, {} were replaced by later ones, {} stay as they are",
            done.added, done.replaced, done.kept
        )))
    }

    /// Proof that the safe word is right, for what asks for one; nothing is unlocked. Works behind a pulled
    /// red thread.
    pub(crate) async fn prove(
        self: &Arc<Self>,
        who: String,
        word: Private<String>,
    ) -> std::result::Result<Verified, WireError> {
        let word = Zeroizing::new(word.into_exposed());
        Ok(self.check_word(who, word).await?)
    }

    async fn check_word(self: &Arc<Self>, who: String, word: Word) -> Result<Verified> {
        let vault = Arc::clone(self.vault()?);
        let guesser = who.clone();
        let guess = self
            .blocking(move |vault| Ok(vault.red.begin_check(&guesser, now_ms())?))
            .await?;
        let derived = vault.derive(move || guess.derive(&word)).await??;
        let proof = self
            .blocking(move |vault| Ok(vault.red.finish_check(derived, now_ms())?))
            .await;
        self.note_refused(&who, &proof).await?;
        proof
    }

    async fn open_vault(
        self: &Arc<Self>,
        who: String,
        word: Word,
        names: Vec<Word>,
    ) -> Result<(Verified, Vec<VaultItem>)> {
        let derived = self.guess(who.clone(), word).await?;
        let items = names.len() as u64;
        let opened = self
            .with_pass(move |vault, pass| {
                let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                let proof = vault.red.finish_unlock(pass, derived, &names, now_ms())?;
                let listing = vault.red.list(pass, now_ms())?;
                Ok((proof, told(vault, &listing).0))
            })
            .await;
        self.note_refused(&who, &opened).await?;
        let opened = opened?;
        let noted = self.noted(Event::VaultUnlocked {
            operator: Name::new(&who),
            items,
        });
        // What is not in the log must not have been.
        noted.await.inspect_err(|_| self.lock_vault_at_once())?;
        Ok(opened)
    }

    /// Writes into the audit log.
    async fn noted(self: &Arc<Self>, event: Event) -> Result<()> {
        let trust = Arc::clone(self);
        let noted = spawn_blocking(move || trust.note(&event).map(drop));
        let failed = |error: AuditError| WireError::new(ErrorCode::Internal, error.to_string());
        Ok(noted.await.map_err(|_| Failed::died())?.map_err(failed)?)
    }

    /// A wrong guess stands in the log before anybody is told.
    async fn note_refused<T>(self: &Arc<Self>, who: &str, came: &Result<T>) -> Result<()> {
        if matches!(came, Err(Failed::Red(RedError::Refused))) {
            let operator = Name::new(who);
            self.noted(Event::VaultRefused { operator }).await?;
        }
        Ok(())
    }

    /// A guess, counted, with its key.
    async fn guess(self: &Arc<Self>, who: String, word: Word) -> Result<Derived> {
        let vault = Arc::clone(self.vault()?);
        let guess = self
            .with_pass(move |vault, pass| Ok(vault.red.begin_unlock(pass, &who, now_ms())?))
            .await?;
        Ok(vault.derive(move || guess.derive(&word)).await??)
    }

    /// Does a step that blocks, with a pass of the red thread.
    async fn with_pass<T: Send + 'static>(
        self: &Arc<Self>,
        step: impl FnOnce(&Vault, &Pass<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let trust = Arc::clone(self);
        self.blocking(move |vault| step(vault, &trust.red_thread.pass()?))
            .await
    }

    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        step: impl FnOnce(&Vault) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let vault = Arc::clone(self.vault()?);
        spawn_blocking(move || step(&vault))
            .await
            .map_err(|_| Failed::died())?
    }
}

fn chosen(word: &str, field: &'static str) -> Result<SafeWord> {
    SafeWord::chosen(word).map_err(|weak| {
        let message = format!("field \"{field}\": {weak}");
        WireError::in_field(ErrorCode::OutOfRange, field, message).into()
    })
}

/// What clients are told of it, and how many items do not open.
fn told(vault: &Vault, listing: &Listing) -> (Vec<VaultItem>, usize) {
    let open = vault.blue.names(Shelf::Items);
    let item = |item: &janet_vault::red::Listed| VaultItem {
        name: item.name.as_str().into(),
        tags: item.tags.iter().map(|tag| tag.as_str().into()).collect(),
        created_ms: item.changed_ms,
        is_open: open.contains(&item.name),
        is_stub: !item.here,
    };
    (listing.items.iter().map(item).collect(), listing.damaged)
}
