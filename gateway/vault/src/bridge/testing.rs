//! Two souls with databases of their own, for tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::*;
use crate::conversations::{Config, ConversationId, Conversations, Role};
use crate::desk::{Action, Consent};
use crate::identity::Identity;
use crate::red_thread::{Pass, RedThread};
use crate::soul::Soul;

pub(crate) const NOW: u64 = 1_800_000_000_000;

/// Vaults of which each entry is a file; what is there survives a kill.
pub(crate) struct Shelf {
    folder: PathBuf,
    pub(crate) red_is_locked: AtomicBool,
}

impl Shelf {
    pub(crate) fn open(folder: &Path) -> Self {
        let folder = folder.join("shelf");
        fs::create_dir_all(&folder).expect("a folder");
        Self {
            folder,
            red_is_locked: AtomicBool::new(true),
        }
    }

    pub(crate) fn put(&self, entry: &Summary) {
        self.keep(&crate::hex::encode(&entry.id), entry);
    }

    pub(crate) fn all(&self) -> Vec<Summary> {
        let mut all = BTreeMap::new();
        for file in fs::read_dir(&self.folder).expect("a folder") {
            let path = file.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let entry: Summary =
                    serde_json::from_slice(&fs::read(&path).expect("a file")).expect("an entry");
                all.insert(entry.id, entry);
            }
        }
        all.into_values().collect()
    }

    pub(crate) fn stubs(&self) -> usize {
        let files = fs::read_dir(&self.folder).expect("a folder");
        let is_stub = |path: PathBuf| path.extension().is_some_and(|ending| ending == "stub");
        files
            .filter(|file| is_stub(file.as_ref().expect("an entry").path()))
            .count()
    }

    fn keep(&self, name: &str, thing: &impl serde::Serialize) {
        let path = self.folder.join(format!("{name}.json"));
        let new = path.with_extension("new");
        fs::write(&new, serde_json::to_vec(thing).expect("JSON")).expect("written");
        fs::rename(new, path).expect("named");
    }
}

impl Vaults for Shelf {
    fn summaries(&self, _: &Pass<'_>, _: ConversationId) -> Result<Vec<Summary>, VaultsError> {
        Ok(self.all())
    }

    fn insert_summaries(&self, _: &Pass<'_>, entries: &[Summary]) -> Result<Inserted, VaultsError> {
        for entry in entries {
            crate::failpoint::failpoint("shelf");
            self.put(entry);
        }
        Ok(Inserted {
            added: entries.len() as u64,
            ..Inserted::default()
        })
    }

    fn insert_stubs(&self, _: &Pass<'_>, stubs: &[RedStub]) -> Result<Option<u64>, VaultsError> {
        if self.red_is_locked.load(Ordering::SeqCst) {
            return Ok(None);
        }
        for stub in stubs {
            let name = crate::hex::encode(stub.name.expose().as_bytes());
            fs::write(self.folder.join(name).with_extension("stub"), []).expect("written");
        }
        Ok(Some(stubs.len() as u64))
    }
}

/// One soul.
pub(crate) struct Here {
    pub(crate) store: Conversations,
    pub(crate) shelf: Shelf,
    pub(crate) identity: Identity,
    pub(crate) thread: RedThread,
    pub(crate) soul: Soul,
}

impl Here {
    pub(crate) fn open(folder: &Path, soul: Soul) -> Self {
        let folder = folder.join(soul.name());
        let config = Config {
            wait_for_lock: Duration::from_secs(5),
            ..Config::default()
        };
        let store = Conversations::open(&folder, config, NOW).expect("the store opens");
        Self {
            store,
            shelf: Shelf::open(&folder),
            identity: Identity::load_or_create(&folder).expect("a key"),
            thread: RedThread::open(&folder).expect("a latch"),
            soul,
        }
    }

    pub(crate) fn me(&self) -> Party {
        Party {
            soul: self.soul,
            key: self.identity.public(),
        }
    }

    pub(crate) fn side(&self) -> Side<'_> {
        Side {
            me: self.me(),
            store: &self.store,
            vaults: &self.shelf,
            identity: &self.identity,
        }
    }

    /// A new conversation in which so many messages were said.
    pub(crate) fn conversation(&self, messages: u64) -> ConversationId {
        let id = self.store.create(NOW).expect("a conversation");
        self.say(id, messages);
        id
    }

    pub(crate) fn say(&self, id: ConversationId, messages: u64) {
        let first = self.store.message_count(id).expect("known") + 1;
        for n in first..first + messages {
            let role = if n % 2 == 1 {
                Role::User
            } else {
                Role::Assistant
            };
            let text = format!("{} says {n}", self.soul);
            self.store
                .append(id, role, &text, NOW + n)
                .expect("on disk");
        }
    }

    pub(crate) fn entry(&self, n: u8) -> Summary {
        let text = format!("fact {n}");
        let subject = crate::green::subject::remember(&[&text]);
        let consent = Consent::for_tests(&self.identity, Action::Remember, subject, NOW);
        Summary {
            id: [n; 16],
            kind: "fact".to_owned(),
            text: text.into(),
            description: "your words".into(),
            conversation: None,
            soul: self.soul,
            created_ms: NOW,
            edited_ms: None,
            differs_from: None,
            vector: None,
            receipt: consent.receipt().clone(),
        }
    }

    pub(crate) fn survey(&self, id: ConversationId, target: &Self) -> Survey {
        let wish = Wish {
            conversation: id,
            target: target.me(),
            handover: true,
            green: true,
            red: Vec::new(),
        };
        self.survey_of(wish)
    }

    pub(crate) fn survey_of(&self, wish: Wish) -> Survey {
        let pass = self.thread.pass().expect("not pulled");
        Survey::take(&pass, &self.store, &self.shelf, wish).expect("a survey")
    }

    pub(crate) fn leave(&self, survey: &Survey) -> Leave {
        let yes = |action| Consent::for_tests(&self.identity, action, survey.subject(), NOW);
        Leave {
            consent: yes(survey.action()),
            red: (survey.counts().red > 0).then(|| yes(Action::RedMetadata)),
        }
    }

    /// Asked for, allowed, and packed.
    pub(crate) fn packed(&self, survey: Survey) -> Export {
        let leave = self.leave(&survey);
        let pass = self.thread.pass().expect("not pulled");
        let mut export = Export::begin(&pass, &self.side(), survey, leave, NOW).expect("it begins");
        drop(pass);
        loop {
            let pass = self.thread.pass().expect("not pulled");
            if export.step(&pass, &self.store, NOW).expect("packed") == Packed::All {
                return export;
            }
        }
    }

    pub(crate) fn texts(&self, uuid: crate::conversations::ConversationUuid) -> Vec<String> {
        let Some(id) = self.store.find(uuid).expect("readable") else {
            return Vec::new();
        };
        let messages = self.store.messages(id).expect("readable").into_iter();
        messages.map(|it| it.text.into_exposed()).collect()
    }
}

pub(crate) fn two() -> (tempfile::TempDir, Here, Here) {
    let folder = tempfile::tempdir().expect("a folder");
    let networked = Here::open(folder.path(), Soul::Networked);
    let constitutional = Here::open(folder.path(), Soul::Constitutional);
    (folder, networked, constitutional)
}
