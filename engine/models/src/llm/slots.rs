//! Who may use which cache.
//!
//! A slot is one cache with the ids that are in it. It is lent to one job at a time; between jobs
//! it keeps what it holds, so that the next job of the same conversation finds its beginning
//! there. Copies of system prompts are kept aside and start the slots of new conversations; what
//! is one conversation's own is never part of them.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use janet_kernels::KvCache;

use super::net::Net;
use crate::ModelError;

/// How many system prompts are kept; a household has a persona or two.
const ROOTS: usize = 4;
/// Shorter ones are not worth a copy.
const SHORTEST_ROOT: usize = 8;

/// One cache and what is in it.
#[derive(Debug)]
pub(super) struct Slot {
    owner: Option<u64>,
    /// The tokens whose keys and values are in the cache, in every layer.
    pub(super) ids: Vec<u32>,
    pub(super) cache: KvCache,
    used: u64,
}

#[derive(Debug)]
struct Root {
    ids: Vec<u32>,
    cache: KvCache,
    used: u64,
}

#[derive(Debug)]
pub(super) struct Slots {
    table: Mutex<Table>,
    /// Told when slots that were being erased are free again.
    erased: Condvar,
    count: usize,
}

#[derive(Debug)]
struct Table {
    free: Vec<Slot>,
    /// How many are neither free nor lent, but being erased.
    erasing: usize,
    roots: Vec<Root>,
    clock: u64,
    /// Whose slots are on loan; at most as many as there are slots.
    lent: Vec<u64>,
    /// Those of them who were forgotten since.
    forgotten: Vec<u64>,
}

impl Slots {
    pub(super) fn new(net: &Net, count: usize, capacity: usize) -> Result<Self, ModelError> {
        let caches = (0..count).map(|_| net.cache(capacity));
        Ok(Self::of(caches.collect::<Result<_, _>>()?))
    }

    fn of(caches: Vec<KvCache>) -> Self {
        let count = caches.len();
        let free = caches.into_iter().map(|cache| Slot {
            owner: None,
            ids: Vec::new(),
            cache,
            used: 0,
        });
        let table = Table {
            free: free.collect(),
            erasing: 0,
            roots: Vec::new(),
            clock: 0,
            lent: Vec::with_capacity(count),
            forgotten: Vec::with_capacity(count),
        };
        Self {
            table: Mutex::new(table),
            erased: Condvar::new(),
            count,
        }
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        // A panic while the lock was held leaves at worst a slot missing.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends the slot that holds the longest beginning of `ids`, cut to that beginning and to
    /// less than the whole of `ids`, because the last token must be run to get its logits.
    pub(super) fn lend(self: &Arc<Self>, owner: u64, ids: &[u32]) -> Result<Lease, ModelError> {
        let most = ids.len().saturating_sub(1);
        let shared = |held: &[u32]| common(held, ids).min(most);
        let mut lease = self.pick(owner, shared)?;
        if lease.owner.is_some_and(|before| before != owner) {
            // What another conversation left there would outlive its forgetting. Milliseconds of
            // work, so not under the lock.
            erase(&mut lease)?;
        }
        let mut held = shared(&lease.ids);
        lease.ids.truncate(held);
        lease.owner = Some(owner);
        let mut table = self.table();
        let table = &mut *table;
        lease.used = table.clock;
        let root = table.roots.iter_mut().max_by_key(|root| shared(&root.ids));
        if let Some(root) = root
            && shared(&root.ids) > held
        {
            held = shared(&root.ids);
            root.used = table.clock;
            lease.ids.clear();
            lease.cache.copy_from(&root.cache, held)?;
            lease.ids.extend_from_slice(&root.ids[..held]);
        }
        Ok(lease)
    }

    /// The owner's own slot with the longest match, else the one unused for longest; as it is.
    /// Where the only ones that nobody has are being erased, waits these milliseconds for them.
    fn pick(
        self: &Arc<Self>,
        owner: u64,
        shared: impl Fn(&[u32]) -> usize,
    ) -> Result<Lease, ModelError> {
        let mut table = self.table();
        let rank = |slot: &Slot| {
            let own = slot.owner == Some(owner);
            (
                own,
                if own { shared(&slot.ids) } else { 0 },
                slot.owner.is_none(),
                u64::MAX - slot.used,
            )
        };
        let best = loop {
            let best = (0..table.free.len()).max_by_key(|n| rank(&table.free[*n]));
            if let Some(best) = best {
                break best;
            }
            if table.erasing == 0 {
                return Err(ModelError::Input {
                    what: "owner",
                    reason: format!("all {} slots are in use", self.count),
                });
            }
            let waited = self.erased.wait(table);
            table = waited.unwrap_or_else(PoisonError::into_inner);
        };
        table.clock += 1;
        table.lent.push(owner);
        Ok(Lease {
            to: owner,
            slot: Some(table.free.swap_remove(best)),
            slots: Arc::clone(self),
        })
    }

    /// Keeps the first `length` tokens of a slot as the beginning for others.
    pub(super) fn keep_root(
        &self,
        net: &Net,
        slot: &Slot,
        length: usize,
    ) -> Result<(), ModelError> {
        if length < SHORTEST_ROOT || length > slot.ids.len() {
            return Ok(());
        }
        let ids = &slot.ids[..length];
        let mut table = self.table();
        if table.roots.iter().any(|root| root.ids.starts_with(ids)) {
            return Ok(());
        }
        let mut cache = net.cache(length)?;
        cache.copy_from(&slot.cache, length)?;
        let used = table.clock;
        table.roots.push(Root {
            ids: ids.to_vec(),
            cache,
            used,
        });
        if table.roots.len() > ROOTS {
            let oldest = (0..table.roots.len()).min_by_key(|n| table.roots[*n].used);
            let mut oldest = table.roots.swap_remove(oldest.unwrap_or(0));
            oldest.ids.fill(0);
            oldest.cache.erase()?;
            // Or the compiler might leave out what is written just before it is freed.
            std::hint::black_box(&oldest);
        }
        Ok(())
    }

    /// Erases what is held for `owner`, now or when it comes back.
    pub(super) fn forget(&self, owner: u64) -> Result<(), ModelError> {
        let mut theirs = self.take_out(owner);
        // Milliseconds of work, so not under the lock: others are answered meanwhile.
        theirs.held.iter_mut().map(erase).fold(Ok(()), Result::and)
    }

    /// Takes what is held for `owner` out to be erased, and notes what is to be erased when it
    /// comes back.
    fn take_out(&self, owner: u64) -> Erasing<'_> {
        let mut table = self.table();
        if table.lent.contains(&owner) && !table.forgotten.contains(&owner) {
            table.forgotten.push(owner);
        }
        let theirs = |slot: &mut Slot| slot.owner == Some(owner);
        let held: Vec<Slot> = table.free.extract_if(.., theirs).collect();
        table.erasing += held.len();
        Erasing { held, slots: self }
    }

    fn take_back(&self, owner: u64, mut slot: Slot) {
        if self.table().forgotten.contains(&owner) {
            // An erasure that fails leaves nothing that could be asked for: the ids are gone.
            erase(&mut slot).ok();
        }
        let mut table = self.table();
        if slot.owner.is_some() && table.forgotten.contains(&owner) {
            // Forgotten between the two looks.
            erase(&mut slot).ok();
        }
        if let Some(at) = table.lent.iter().position(|lent| *lent == owner) {
            table.lent.swap_remove(at);
        }
        if !table.lent.contains(&owner) {
            table.forgotten.retain(|forgotten| *forgotten != owner);
        }
        table.free.push(slot);
    }
}

fn erase(slot: &mut Slot) -> Result<(), ModelError> {
    slot.owner = None;
    slot.ids.fill(0);
    slot.ids.clear();
    // More than `ids` may have been written: tokens cut off, a block that was given up.
    Ok(slot.cache.erase()?)
}

/// Slots that are being erased; free again when dropped, for whoever waits for one.
#[derive(Debug)]
struct Erasing<'a> {
    held: Vec<Slot>,
    slots: &'a Slots,
}

impl Drop for Erasing<'_> {
    fn drop(&mut self) {
        let mut table = self.slots.table();
        table.erasing -= self.held.len();
        table.free.append(&mut self.held);
        self.slots.erased.notify_all();
    }
}

/// A slot on loan; goes back when dropped.
#[derive(Debug)]
pub(super) struct Lease {
    to: u64,
    slot: Option<Slot>,
    slots: Arc<Slots>,
}

impl std::ops::Deref for Lease {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        self.slot
            .as_ref()
            .expect("a slot is taken out only on drop")
    }
}

impl std::ops::DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Slot {
        self.slot
            .as_mut()
            .expect("a slot is taken out only on drop")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.slots.take_back(self.to, slot);
        }
    }
}

/// Length of the common beginning.
pub(super) fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use candle_core::{DType, Device, Tensor};
    use janet_kernels::{Exec, KvShape, Look, Rope, RopePairs};

    use super::*;

    fn cache() -> KvCache {
        let shape = KvShape {
            layers: 1,
            heads: 1,
            kv_heads: 1,
            head_dim: 16,
            capacity: 32,
        };
        KvCache::new(shape, &Exec::cpu(1)).expect("a small cache")
    }

    fn slots(count: usize) -> Arc<Slots> {
        Arc::new(Slots::of((0..count).map(|_| cache()).collect()))
    }

    #[test]
    fn who_has_nothing_on_loan_is_not_remembered_when_it_is_forgotten() {
        let slots = slots(3);
        let lent = slots.lend(1, &[1, 2, 3]).expect("one is free");
        for owner in 1..1000 {
            slots.forget(owner).expect("erases");
        }
        assert_eq!(slots.table().forgotten, [1]);
        drop(lent);
        let table = slots.table();
        assert!(table.forgotten.is_empty() && table.lent.is_empty());
        assert!(table.free.iter().all(|slot| slot.owner.is_none()));
    }

    #[test]
    fn a_slot_that_is_being_erased_is_waited_for() {
        let slots = slots(1);
        drop(slots.lend(1, &[1, 2, 3]).expect("one is free"));
        let erasing = slots.take_out(1);
        assert_eq!(erasing.held.len(), 1);
        let (told, lent) = std::sync::mpsc::sync_channel(1);
        let asked = Arc::clone(&slots);
        let asks = move || {
            let lent = asked.lend(2, &[1, 2, 3]).map(drop);
            told.send(lent.map_err(|error| error.to_string()))
                .expect("it is waited for");
        };
        let asker = std::thread::Builder::new().name("asker".to_owned());
        let asker = asker.spawn(asks).expect("a thread starts");
        // Whoever is refused is so at once.
        let early = lent.recv_timeout(Duration::from_millis(200));
        assert!(early.is_err(), "{early:?}");
        drop(erasing);
        assert_eq!(lent.recv(), Ok(Ok(())));
        asker.join().expect("no panic");
        assert_eq!(slots.table().erasing, 0);
    }

    #[test]
    fn what_a_conversation_left_in_a_slot_does_not_outlive_it_in_anothers() {
        let slots = slots(1);
        let mut lent = slots.lend(1, &[1, 2, 3]).expect("one is free");
        // 16 queries, keys and values of each of three tokens.
        let qkv = Tensor::ones((3, 48), DType::F32, &Device::Cpu).expect("a tensor");
        let rope = Rope::new(16, 10_000.0, &[], RopePairs::Halves, 32, &Device::Cpu);
        let rope = rope.expect("angles");
        let wrote = lent.cache.attend(0, 0, &qkv, &rope, None, Look::plain(16));
        wrote.expect("three tokens fit");
        lent.ids.extend([1, 2, 3]);
        drop(lent);
        let lent = slots.lend(2, &[1, 2, 4]).expect("it is free again");
        slots.forget(1).expect("erases");
        assert!(lent.ids.is_empty());
        assert_eq!(format!("{:?}", lent.cache), format!("{:?}", cache()));
    }
}
