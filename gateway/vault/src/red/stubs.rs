//! What goes to her other soul of a vault: names, and no value.

use zeroize::Zeroizing;

use super::RedError;
use super::key::scrub_stack;
use super::record::Record;
use super::vault::Red;
use crate::red_thread::{Pass, SafeWordProof};

impl Red {
    /// The names of all secrets that are here, for her other soul. Needs the vault unlocked and the safe
    /// word proved for this.
    pub fn meta(
        &self,
        _pass: &Pass<'_>,
        proof: SafeWordProof,
        now_ms: u64,
    ) -> Result<Vec<Zeroizing<String>>, RedError> {
        if !proof.is_fresh(now_ms) {
            return Err(RedError::Stale);
        }
        let inner = self.lock_inner();
        let contents = self.contents(&inner, &inner.keys()?)?;
        scrub_stack();
        let records = contents.items.iter().map(|item| item.record());
        Ok(records
            .filter(|record| record.value.is_some())
            .map(|record| Zeroizing::new(record.name.to_owned()))
            .collect())
    }

    /// Names of secrets that are with her other soul land as stubs, all or none; what has a name here
    /// already stays. Needs the vault unlocked. How many landed.
    pub fn land(&self, _pass: &Pass<'_>, names: &[&str], now_ms: u64) -> Result<usize, RedError> {
        let mut inner = self.lock_inner();
        let keys = inner.keys()?;
        let contents = self.contents(&inner, &keys)?;
        let mut stubs: Vec<Record<'_>> = Vec::new();
        for name in names {
            let stub = Record {
                changed_ms: now_ms,
                name,
                tags: Vec::new(),
                value: None,
            };
            stub.check()?;
            let there = contents.position(name).is_some();
            if !there && stubs.iter().all(|other| other.name != *name) {
                stubs.push(stub);
            }
        }
        self.put_all(&mut inner, &keys, &stubs)?;
        scrub_stack();
        Ok(stubs.len())
    }
}
