//! What the tests of Green need: a store, who allows, and a model that is none.

use std::path::Path;
use std::time::Duration;

use super::matrix::dot_f32;
use super::*;
use crate::desk::{Action, Consent};
use crate::identity::Identity;
use crate::red_thread::{Pass, RedThread};
use crate::soul::Soul;

pub(super) const NOW: u64 = 1_800_000_000_000;
pub(super) const DAY: u64 = 24 * 3600 * 1000;

/// A bag of words: each word points somewhere of its own.
pub(super) struct Toy(pub(super) &'static str);

impl Embedder for Toy {
    fn dimensions(&self) -> usize {
        48
    }

    fn name(&self) -> &str {
        self.0
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

pub(super) fn vector(text: &str) -> Vec<f32> {
    let mut sum = vec![0.0; 48];
    for word in words::words(text) {
        let seed = word.bytes().fold(7_u64, |seed, b| {
            seed.wrapping_mul(131).wrapping_add(u64::from(b))
        });
        let mut random = fastrand::Rng::with_seed(seed);
        sum.iter_mut().for_each(|v| *v += random.f32() - 0.5);
    }
    let length = dot_f32(&sum, &sum).sqrt().max(1e-3);
    sum.iter_mut().for_each(|v| *v /= length);
    sum
}

/// A store with what it takes to be allowed to use it.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) identity: Identity,
    pub(super) thread: RedThread,
    pub(super) green: Green,
}

pub(super) fn open(folder: &Path, soul: Soul, name: &str) -> Result<Green, GreenError> {
    let space = Space {
        name: name.to_owned(),
        dimensions: 48,
    };
    let config = Config {
        soul,
        space,
        wait_for_lock: Duration::ZERO,
    };
    Green::open(folder, config, NOW)
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = folder.path().join("keys");
        std::fs::create_dir(&keys).expect("a folder");
        Self {
            identity: Identity::load_or_create(&keys).expect("a key"),
            thread: RedThread::open(&keys).expect("a latch"),
            green: open(&folder.path().join("green"), Soul::Networked, "toy").expect("a store"),
            folder,
        }
    }

    pub(super) fn files(&self) -> std::path::PathBuf {
        self.folder.path().join("green")
    }

    pub(super) fn reopened(self) -> Self {
        let Self {
            folder,
            identity,
            thread,
            green,
        } = self;
        drop(green);
        let green = open(&folder.path().join("green"), Soul::Networked, "toy").expect("opens");
        Self {
            folder,
            identity,
            thread,
            green,
        }
    }

    pub(super) fn pass(&self) -> Pass<'_> {
        self.thread.pass().expect("not pulled")
    }

    pub(super) fn consent(&self, action: Action, subject: [u8; 32]) -> Consent {
        Consent::for_tests(&self.identity, action, subject, NOW)
    }

    pub(super) fn try_remember(&self, new: NewEntry) -> Result<EntryId, GreenError> {
        let text = new.text.expose().clone();
        let consent = self.consent(Action::Remember, subject::remember(&[&text]));
        let vector = Some(vector(&text));
        self.green.remember(&self.pass(), consent, new, vector)
    }

    pub(super) fn remember(&self, text: &str) -> EntryId {
        self.try_remember(note(text)).expect("remembered")
    }

    pub(super) fn edit(&self, id: EntryId, text: &str) -> Result<(), GreenError> {
        let consent = self.consent(Action::Edit, subject::edit(id, text));
        self.green
            .edit(&self.pass(), consent, id, text.into(), Some(vector(text)))
    }

    pub(super) fn forget(&self, id: EntryId) -> Result<Proof, GreenError> {
        let consent = self.consent(Action::Forget, subject::forget(id));
        self.green.forget(&self.pass(), consent, id)
    }

    pub(super) fn forget_all(&self) -> Proof {
        let consent = self.consent(Action::ForgetAll, subject::forget_all());
        self.green
            .forget_all(&self.pass(), consent)
            .expect("forgotten")
    }

    pub(super) fn find(&self, query: &str) -> Vec<String> {
        let vector = vector(query);
        let hits = self
            .green
            .search(&self.pass(), query, Some(&vector), 10, NOW)
            .expect("a search");
        hits.into_iter()
            .map(|hit| hit.entry.text.into_exposed())
            .collect()
    }

    pub(super) fn texts(&self) -> Vec<String> {
        let entries = self.green.list(&self.pass(), None, MOST_LISTED);
        let texts = entries.expect("a list").into_iter();
        texts.map(|entry| entry.text.into_exposed()).collect()
    }
}

pub(super) fn note(text: &str) -> NewEntry {
    NewEntry {
        kind: Kind::Note,
        text: text.into(),
        source: Source::default(),
        created_ms: NOW,
    }
}
