//! What is asked of the vault, step by step: counting a guess and opening what it opens block on the disk,
//! deriving a key takes its turn. Words and secrets are zeroed when a step is over.

use std::sync::Arc;

use janet_protocol::{ErrorCode, Private, VaultItem, WireError};
use janet_vault::audit::{AuditError, Event, Name};
use janet_vault::blue::{Secret, Shelf};
use janet_vault::desk::{Action, Needs, Request, Standing};
use janet_vault::red::{Derived, Fresh, Imported, Listing, Package, RedError, SafeWord, Verified};
use janet_vault::red_thread::{Pass, Pulled};
use janet_vault::soul::Soul;
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

/// A soul's vault, as requests use it. Each of its calls is one request.
#[derive(Clone)]
pub(crate) struct Safe {
    trust: Arc<Trust>,
    vault: Arc<Vault>,
}

impl Trust {
    /// The vault of this soul.
    pub(crate) fn safe(self: &Arc<Self>, soul: Soul) -> std::result::Result<Safe, WireError> {
        Ok(Safe {
            trust: Arc::clone(self),
            vault: Arc::clone(self.vaults().of(soul)?),
        })
    }

    /// Whether this soul has a vault, and whether it is locked.
    pub(crate) async fn vault_state(self: &Arc<Self>, soul: Soul) -> (bool, bool) {
        match self.safe(soul) {
            Ok(safe) => safe.state().await,
            Err(_) => (false, true),
        }
    }
}

impl Safe {
    /// Whose it is.
    pub(crate) fn soul(&self) -> Soul {
        self.vault.soul
    }

    /// Whether there is a vault, and whether it is locked.
    pub(crate) async fn state(&self) -> (bool, bool) {
        let vault = Arc::clone(&self.vault);
        let look = move || (vault.red.exists().unwrap_or(true), vault.red.is_locked());
        spawn_blocking(look).await.unwrap_or((true, true))
    }

    /// `vault_create`.
    pub(crate) async fn create_vault(self, who: String, word: Word) -> Result<Came> {
        let word = chosen(&word, "safe_word")?;
        let vault = Arc::clone(&self.vault);
        // Before the slow step: who has one already is told at once.
        if self.blocking(|vault| Ok(vault.red.exists()?)).await? {
            return Err(RedError::Exists.into());
        }
        let fresh = vault.derive(move || Fresh::derive(&word)).await??;
        let made = move |came: &Result<()>| {
            came.is_ok().then(|| Event::VaultCreated {
                operator: Name::new(&who),
            })
        };
        self.logged(made, move |vault, pass| {
            Ok(vault.red.create(pass, &fresh, now_ms())?)
        })
        .await?;
        Ok(Came::said("the vault is made; it is locked"))
    }

    /// `vault_unlock`.
    pub(crate) async fn unlock_vault(
        self,
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

    /// `vault_lock`: of the soul that was named, or of all.
    pub(crate) async fn shut_vault(self, soul: Option<Soul>) -> Result<Came> {
        let trust = Arc::clone(&self.trust);
        self.blocking(move |_| {
            // What somebody unlocked since it was locked at once.
            let were_open = trust.lock_vaults(soul);
            let failed = |error: AuditError| WireError::new(ErrorCode::Internal, error.to_string());
            Ok(trust.note_locked(&were_open, "operator").map_err(failed)?)
        })
        .await?;
        Ok(Came::said(
            "the vault is locked; what was unlocked is overwritten",
        ))
    }

    /// `vault_put`.
    pub(crate) async fn put_secret(
        self,
        who: String,
        name: Word,
        value: Word,
        tags: Vec<Word>,
    ) -> Result<Came> {
        let stored = move |came: &Result<()>| {
            came.is_ok().then(|| Event::SecretStored {
                operator: Name::new(&who),
            })
        };
        self.logged(stored, move |vault, pass| {
            let tags: Vec<&str> = tags.iter().map(|tag| tag.as_str()).collect();
            let put = vault
                .red
                .put(pass, &name, &tags, value.as_bytes(), now_ms());
            Ok(put?)
        })
        .await?;
        Ok(Came::said("the secret is kept"))
    }

    /// `vault_get`.
    pub(crate) async fn hand_out_secret(self, who: String, name: Word) -> Result<Came> {
        let secret: Option<Secret> = self
            .with_pass(move |vault, pass| Ok(vault.red.get(pass, &name, now_ms())?))
            .await?;
        let secret = secret.ok_or(RedError::Refused)?;
        self.noted(Event::SecretRead {
            operator: Name::new(&who),
            soul: self.vault.named(),
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
    pub(crate) async fn list_secrets(self) -> Result<Came> {
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
    pub(crate) async fn forget_secret(self, who: String, name: Word) -> Result<Came> {
        let forgotten = move |came: &Result<bool>| {
            matches!(came, Ok(true)).then(|| Event::SecretForgotten {
                operator: Name::new(&who),
            })
        };
        let was_there = self
            .logged(forgotten, move |vault, pass| {
                Ok(vault.red.forget(pass, &name)?)
            })
            .await?;
        match was_there {
            true => Ok(Came::said("the secret is gone")),
            false => Err(RedError::Refused.into()),
        }
    }

    /// `vault_change`.
    pub(crate) async fn change_safe_word(self, who: String, word: Word, new: Word) -> Result<Came> {
        let new = chosen(&new, "new_safe_word")?;
        let vault = Arc::clone(&self.vault);
        let guess = self.guess(who.clone(), word).await?;
        let fresh = vault.derive(move || Fresh::derive(&new)).await??;
        let changed = move |came: &Result<()>| {
            let operator = Name::new(&who);
            match came {
                Ok(()) => Some(Event::SafeWordChanged { operator }),
                Err(failed) => refused(operator, failed),
            }
        };
        self.logged(changed, move |vault, pass| {
            let _proof = vault.red.change_word(pass, guess, &fresh, now_ms())?;
            Ok(())
        })
        .await?;
        Ok(Came::said("the safe word is changed"))
    }

    /// `vault_export`: asked of the operator first, because a proof of the safe word is good for half a
    /// minute only, and so is a question.
    pub(crate) async fn export_vault(
        self,
        who: String,
        uuid: String,
        word: Word,
        password: Word,
    ) -> Result<Came> {
        let password = chosen(&password, "password")?;
        let vault = Arc::clone(&self.vault);
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
        let consent = self
            .trust
            .ask(request, uuid)
            .await
            .map_err(WireError::from)?;
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
        self,
        who: String,
        file: Zeroizing<Vec<u8>>,
        password: Word,
    ) -> Result<Came> {
        let vault = Arc::clone(&self.vault);
        if self.blocking(|vault| Ok(vault.red.is_locked())).await? {
            return Err(RedError::Locked.into());
        }
        let open = move || Package::read(&file).and_then(|package| package.derive(&password));
        let package = vault.derive(open).await??;
        let imported = move |came: &Result<Imported>| {
            let done = came.as_ref().ok()?;
            Some(Event::Imported {
                what: Name::new("secrets"),
                items: (done.added + done.replaced) as u64,
                refused: 0,
                operator: Name::new(&who),
            })
        };
        let done = self
            .logged(imported, move |vault, pass| {
                Ok(vault.red.import(pass, &package)?)
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
        &self,
        who: String,
        word: Private<String>,
    ) -> std::result::Result<Verified, WireError> {
        let word = Zeroizing::new(word.into_exposed());
        Ok(self.check_word(who, word).await?)
    }

    async fn check_word(&self, who: String, word: Word) -> Result<Verified> {
        let vault = Arc::clone(&self.vault);
        let guesser = who.clone();
        let guess = self
            .blocking(move |vault| Ok(vault.red.begin_check(&guesser, now_ms())?))
            .await?;
        let derived = vault.derive(move || guess.derive(&word)).await??;
        let trust = Arc::clone(&self.trust);
        self.blocking(move |vault| {
            let proof = vault.red.finish_check(derived, now_ms());
            let proof = proof.map_err(Failed::from);
            if let Err(failed) = &proof
                && let Some(event) = refused(Name::new(&who), failed)
            {
                in_log(&trust, &event)?;
            }
            proof
        })
        .await
    }

    async fn open_vault(
        &self,
        who: String,
        word: Word,
        names: Vec<Word>,
    ) -> Result<(Verified, Vec<VaultItem>)> {
        let derived = self.guess(who.clone(), word).await?;
        let (items, soul) = (names.len() as u64, self.vault.named());
        let opened = move |came: &Result<(Verified, Vec<VaultItem>)>| {
            let operator = Name::new(&who);
            match came {
                Ok(_) => Some(Event::VaultUnlocked {
                    operator,
                    items,
                    soul,
                }),
                Err(failed) => refused(operator, failed),
            }
        };
        self.logged(opened, move |vault, pass| {
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            let proof = vault.red.finish_unlock(pass, derived, &names, now_ms())?;
            let listing = vault.red.list(pass, now_ms())?;
            Ok((proof, told(vault, &listing).0))
        })
        .await
    }

    /// Writes into the audit log.
    async fn noted(&self, event: Event) -> Result<()> {
        let trust = Arc::clone(&self.trust);
        self.blocking(move |_| in_log(&trust, &event)).await
    }

    /// Does a step, and what came of it stands in the log before anybody is told: also where whoever asked
    /// for it has gone meanwhile.
    async fn logged<T: Send + 'static>(
        &self,
        event: impl FnOnce(&Result<T>) -> Option<Event> + Send + 'static,
        step: impl FnOnce(&Vault, &Pass<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let trust = Arc::clone(&self.trust);
        self.with_pass(move |vault, pass| {
            let came = step(vault, pass);
            if let Some(event) = event(&came) {
                // What is not in the log must not have been: nothing stays unlocked by it.
                let noted = in_log(&trust, &event);
                noted.inspect_err(|_| {
                    vault.blue.zeroize_all();
                })?;
            }
            came
        })
        .await
    }

    /// A guess, counted, with its key.
    async fn guess(&self, who: String, word: Word) -> Result<Derived> {
        let vault = Arc::clone(&self.vault);
        let guess = self
            .with_pass(move |vault, pass| Ok(vault.red.begin_unlock(pass, &who, now_ms())?))
            .await?;
        Ok(vault.derive(move || guess.derive(&word)).await??)
    }

    /// Does a step that blocks, with a pass of the red thread.
    async fn with_pass<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Vault, &Pass<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let trust = Arc::clone(&self.trust);
        self.blocking(move |vault| step(vault, &trust.red_thread.pass()?))
            .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Vault) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let vault = Arc::clone(&self.vault);
        spawn_blocking(move || step(&vault))
            .await
            .map_err(|_| Failed::died())?
    }
}

/// Writes into the audit log, where it may block.
fn in_log(trust: &Trust, event: &Event) -> Result<()> {
    let failed = |error: AuditError| WireError::new(ErrorCode::Internal, error.to_string());
    Ok(trust.note(event).map(drop).map_err(failed)?)
}

/// A wrong guess, which stands in the log, too.
fn refused(operator: Name, failed: &Failed) -> Option<Event> {
    matches!(failed, Failed::Red(RedError::Refused)).then_some(Event::VaultRefused { operator })
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
