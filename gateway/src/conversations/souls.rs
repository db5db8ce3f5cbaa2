//! One conversation in two souls: whoever sits in it need not know in which one it lives.
//!
//! A client's conversation begins in the first soul, and its `client_id` is that one's. When it was given to
//! the other soul of this process, what is said in it is kept there. Given to a soul elsewhere, nothing more
//! is said in it here.

use std::sync::Arc;

use janet_vault::conversations::{
    ConversationError, ConversationId, ConversationUuid, Conversations as Store, Counts, Standing,
};
use janet_vault::soul::Soul;

/// The databases of this process's souls.
#[derive(Clone)]
pub(crate) struct Stores {
    first: (Soul, Arc<Store>),
    second: Option<Arc<Store>>,
}

impl Stores {
    pub(super) fn new(soul: Soul, first: Store, second: Option<Store>) -> Self {
        Self {
            first: (soul, Arc::new(first)),
            second: second.map(Arc::new),
        }
    }

    /// The one whose ids clients have.
    pub(super) fn first(&self) -> &Store {
        &self.first.1
    }

    /// The other one, if it lives here.
    pub(super) fn second(&self) -> Option<&Store> {
        self.second.as_deref()
    }

    /// Whether both souls live here.
    pub(super) const fn are_both(&self) -> bool {
        self.second.is_some()
    }

    /// The one of this soul, if it lives here.
    pub(crate) fn of(&self, soul: Soul) -> Option<Arc<Store>> {
        if soul == self.first.0 {
            Some(self.first.1.clone())
        } else {
            self.second.clone()
        }
    }

    /// The soul in which a conversation lives, and its id there. Of one that lives elsewhere or nowhere it is
    /// the first soul's.
    pub(crate) fn living_soul(
        &self,
        id: ConversationId,
    ) -> Result<(Soul, ConversationId), ConversationError> {
        let (store, there) = self.living(id)?;
        if std::ptr::eq(store, self.first()) {
            return Ok((self.first.0, there));
        }
        Ok((self.first.0.other(), there))
    }

    /// What the first soul calls the conversation of this name, if it knows it. Blocks on the disk.
    pub(crate) fn find(
        &self,
        uuid: ConversationUuid,
    ) -> Result<Option<ConversationId>, ConversationError> {
        self.first().find(uuid)
    }

    /// What this conversation of the first soul is called in that soul, if it is known there.
    pub(crate) fn called(
        &self,
        id: ConversationId,
        soul: Soul,
    ) -> Result<Option<ConversationId>, ConversationError> {
        if soul == self.first.0 {
            return Ok(Some(id));
        }
        Ok(self.twin(id)?.map(|(_, there)| there))
    }

    /// Where a conversation lives, and what it is called there.
    pub(super) fn living(
        &self,
        id: ConversationId,
    ) -> Result<(&Store, ConversationId), ConversationError> {
        let first = self.first();
        let (uuid, standing) = first.standing(id)?;
        if standing == Standing::Elsewhere
            && let Some((second, there)) = self.in_second(uuid)?
            && second.standing(there)?.1 == Standing::Here
        {
            return Ok((second, there));
        }
        Ok((first, id))
    }

    /// The same conversation in the other soul of this process.
    pub(super) fn twin(
        &self,
        id: ConversationId,
    ) -> Result<Option<(&Store, ConversationId)>, ConversationError> {
        match self.first().standing(id) {
            Ok((uuid, _)) => self.in_second(uuid),
            Err(ConversationError::Unknown(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn in_second(
        &self,
        uuid: ConversationUuid,
    ) -> Result<Option<(&Store, ConversationId)>, ConversationError> {
        let Some(second) = &self.second else {
            return Ok(None);
        };
        let found = second.find(uuid)?;
        Ok(found.map(|there| (&**second, there)))
    }

    /// How much there is in each soul of this process.
    pub(super) fn counts(&self) -> Result<Vec<(Soul, Counts)>, ConversationError> {
        self.here()
            .map(|(soul, store)| Ok((soul, store.counts()?)))
            .collect()
    }

    /// The database of each soul of this process.
    pub(super) fn here(&self) -> impl Iterator<Item = (Soul, Arc<Store>)> {
        let here = [self.first.0, self.first.0.other()];
        here.into_iter()
            .filter_map(|soul| Some((soul, self.of(soul)?)))
    }

    /// Its last client left.
    pub(super) fn left(&self, id: ConversationId, now_ms: u64) -> Result<(), ConversationError> {
        if let Some((second, there)) = self.twin(id)? {
            second.left(there, now_ms)?;
        }
        self.first().left(id, now_ms)
    }

    /// A client came back.
    pub(super) fn resume(
        &self,
        id: ConversationId,
        now_ms: u64,
    ) -> Result<bool, ConversationError> {
        let goes_on = self.first().resume(id, now_ms)?;
        if goes_on && let Some((second, there)) = self.twin(id)? {
            second.resume(there, now_ms)?;
        }
        Ok(goes_on)
    }

    /// Ends what has been left for too long; says how many that were.
    pub(super) fn expire(&self, now_ms: u64) -> Result<usize, ConversationError> {
        let mut ended = self.first().expire(now_ms)?.len();
        if let Some(second) = &self.second {
            ended += second.expire(now_ms)?.len();
        }
        Ok(ended)
    }
}

#[cfg(test)]
mod tests {
    use janet_vault::conversations::{Config, Role};

    use super::*;

    const NOW: u64 = 1_800_000_000_000;

    fn stores(folder: &std::path::Path) -> Stores {
        let open = |soul: Soul| {
            Store::open(&soul.folder(folder), Config::default(), NOW).expect("it opens")
        };
        let second = open(Soul::Constitutional);
        Stores::new(Soul::Networked, open(Soul::Networked), Some(second))
    }

    #[test]
    fn a_conversation_that_never_moved_lives_where_it_began() {
        let folder = tempfile::tempdir().expect("a folder");
        let stores = stores(folder.path());
        let id = stores.first().create(NOW).expect("a conversation");
        let (store, there) = stores.living(id).expect("known");
        assert_eq!(there, id);
        assert_eq!(
            stores.living_soul(id).expect("known"),
            (Soul::Networked, id)
        );
        assert_eq!(
            stores.called(id, Soul::Constitutional).expect("readable"),
            None
        );
        store
            .append(there, Role::User, "hello", NOW)
            .expect("on disk");
        assert!(stores.twin(id).expect("readable").is_none());
        stores.left(id, NOW).expect("known");
        assert!(stores.resume(id, NOW).expect("known"));
        assert_eq!(stores.expire(NOW).expect("readable"), 0);
        let second = stores.of(Soul::Constitutional).expect("both are here");
        assert_eq!(second.counts().expect("readable").conversations, 0);
    }
}
