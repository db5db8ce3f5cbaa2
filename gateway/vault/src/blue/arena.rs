//! Slots in locked pages: first fit, each known by a number that never comes back.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use zeroize::Zeroize as _;

use super::BlueError;
use super::pages::Pages;

/// Slots begin at multiples of this, so that small ones leave no crumbs.
const GRAIN: usize = 16;

/// Which slot. Not used again after it was freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SlotId(u64);

pub(super) struct Arena {
    pages: Pages,
    /// Of the pages, what may be used.
    budget: usize,
    slots: HashMap<SlotId, Range<usize>>,
    /// Where slots begin, and which.
    order: BTreeMap<usize, SlotId>,
    next: u64,
}

impl Arena {
    pub(super) fn new(budget: usize) -> Result<Self, BlueError> {
        Ok(Self {
            pages: Pages::new(budget)?,
            budget,
            slots: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
        })
    }

    /// Copies the bytes into a slot of their own.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<SlotId, BlueError> {
        let start = self.take(bytes.len())?;
        let range = start..start + bytes.len();
        self.pages.bytes_mut()[range.clone()].copy_from_slice(bytes);
        Ok(self.name(range))
    }

    /// Another slot with the same bytes, which never leave the pages.
    pub(super) fn duplicate(&mut self, id: SlotId) -> Result<Option<SlotId>, BlueError> {
        let Some(from) = self.slots.get(&id).cloned() else {
            return Ok(None);
        };
        let start = self.take(from.len())?;
        self.pages.bytes_mut().copy_within(from.clone(), start);
        Ok(Some(self.name(start..start + from.len())))
    }

    /// What lies in it; nothing once it was freed or wiped.
    pub(super) fn get(&self, id: SlotId) -> Option<&[u8]> {
        let range = self.slots.get(&id)?;
        Some(&self.pages.bytes()[range.clone()])
    }

    /// Zeroes the slot and gives its room back.
    pub(super) fn free(&mut self, id: SlotId) {
        if let Some(range) = self.slots.remove(&id) {
            self.order.remove(&range.start);
            self.pages.bytes_mut()[range].zeroize();
        }
    }

    /// Zeroes everything, used or not.
    pub(super) fn wipe(&mut self) {
        self.pages.bytes_mut().zeroize();
        self.slots.clear();
        self.order.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many bytes are taken.
    pub(super) fn used(&self) -> usize {
        self.slots.values().map(|slot| room(slot.len())).sum()
    }

    fn name(&mut self, range: Range<usize>) -> SlotId {
        let id = SlotId(self.next);
        self.next += 1;
        self.order.insert(range.start, id);
        self.slots.insert(id, range);
        id
    }

    fn take(&self, bytes: usize) -> Result<usize, BlueError> {
        self.room_for(bytes).ok_or(BlueError::Full {
            budget: self.budget,
        })
    }

    fn room_for(&self, bytes: usize) -> Option<usize> {
        let wanted = room(bytes);
        let mut free = 0;
        for (&start, id) in &self.order {
            if start - free >= wanted {
                return Some(free);
            }
            free = start + room(self.slots[id].len());
        }
        (self.budget.checked_sub(free)? >= wanted).then_some(free)
    }
}

/// What a slot takes: never nothing, so that no two begin at the same place.
fn room(bytes: usize) -> usize {
    bytes.max(1).next_multiple_of(GRAIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a model: what was put is there until it is freed, and a freed place is zero.
        #[test]
        fn slots_never_touch_each_other(
            steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>(), 0_usize..300), 1..120)
        ) {
            let mut arena = Arena::new(4096).expect("a page");
            let mut model: Vec<(SlotId, Vec<u8>)> = Vec::new();
            for (round, (add, which, len)) in steps.into_iter().enumerate() {
                if add || model.is_empty() {
                    let bytes = vec![u8::try_from(round % 255).expect("below 255") + 1; len];
                    match arena.put(&bytes) {
                        Ok(id) => model.push((id, bytes)),
                        Err(error) => prop_assert!(matches!(error, BlueError::Full { .. }), "another error"),
                    }
                } else {
                    let (id, _) = model.swap_remove(which.index(model.len()));
                    arena.free(id);
                    prop_assert!(arena.get(id).is_none());
                }
                for (id, bytes) in &model {
                    prop_assert_eq!(arena.get(*id), Some(bytes.as_slice()));
                }
                let filled = arena.pages.bytes().iter().filter(|byte| **byte != 0).count();
                prop_assert_eq!(filled, model.iter().map(|(_, bytes)| bytes.len()).sum::<usize>());
                prop_assert!(arena.used() <= 4096);
            }
            arena.wipe();
            prop_assert!(arena.is_empty() && arena.pages.bytes().iter().all(|byte| *byte == 0));
            prop_assert!(model.iter().all(|(id, _)| arena.get(*id).is_none()));
        }
    }

    #[test]
    fn the_whole_budget_can_be_used_and_not_a_byte_more() {
        let mut arena = Arena::new(160).expect("a page");
        let whole = arena.put(&[1; 160]).expect("all of it");
        assert!(matches!(arena.put(&[2]), Err(BlueError::Full { .. })));
        arena.free(whole);
        assert!(matches!(
            arena.put(&[2; 161]),
            Err(BlueError::Full { budget: 160 })
        ));
        for round in 0..10 {
            arena.put(&[round; 16]).expect("a tenth");
        }
        assert!(matches!(arena.put(&[]), Err(BlueError::Full { .. })));
    }
}
