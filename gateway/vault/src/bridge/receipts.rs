//! Whether an entry of Green that comes in is one that its receipt allowed.
//!
//! A receipt is for one action on one subject: the very text that was to be remembered, the texts of several
//! that were remembered at once, or an entry and its new text. A signature alone proves none of it.

use std::collections::HashMap;

use super::{Chunk, PackageError, Summary};
use crate::desk::{Action, Receipt};
use crate::green::{EntryId, subject};
use crate::identity::PublicKey;

/// What is known of the receipts of a chunk.
pub(super) struct Receipts<'a> {
    /// The soul that it comes from.
    source: &'a PublicKey,
    /// The one that it comes to.
    target: &'a PublicKey,
    /// The texts that came with the same receipt, in their order.
    together: HashMap<[u8; 16], Vec<String>>,
}

impl<'a> Receipts<'a> {
    pub(super) fn of(
        chunk: &Chunk<'_>,
        source: &'a PublicKey,
        target: &'a PublicKey,
    ) -> Result<Self, PackageError> {
        let mut together: HashMap<_, Vec<String>> = HashMap::new();
        for summary in chunk.summaries() {
            let Summary { receipt, text, .. } = summary?;
            let texts = together.entry(receipt.id).or_default();
            texts.push(text.into_exposed());
        }
        Ok(Self {
            source,
            target,
            together,
        })
    }

    /// Whether this one was allowed.
    pub(super) fn allow(&self, summary: &Summary) -> bool {
        let receipt = &summary.receipt;
        let is_theirs = receipt.is_of(self.source);
        if !is_theirs && !receipt.is_of(self.target) {
            return false;
        }
        let text = summary.text.expose().as_str();
        if receipt.action == Action::Edit.name() {
            return receipt.subject == subject::edit(EntryId(summary.id), text);
        }
        if receipt.action != Action::Remember.name() {
            return false;
        }
        let together = self.together.get(&receipt.id).map_or(&[][..], |it| it);
        is_for(receipt, &[text])
            || is_for(receipt, together)
            // Of several that were remembered at once some may be forgotten, and then nobody can show all
            // that it was for. Its giver is believed that it was, who signs the whole package anyway; of our
            // own receipts nobody is: what we remember by them is here, or was forgotten.
            || (is_theirs && !together.iter().any(|other| is_for(receipt, &[other])))
    }
}

fn is_for<T: AsRef<str>>(receipt: &Receipt, texts: &[T]) -> bool {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    !texts.is_empty() && receipt.subject == subject::remember(&texts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::Section;
    use crate::bridge::package::Packing;
    use crate::bridge::testing::{NOW, two};
    use crate::desk::Consent;
    use crate::identity::Identity;

    fn receipt(by: &Identity, action: Action, subject: [u8; 32]) -> Receipt {
        let consent = Consent::for_tests(by, action, subject, NOW);
        consent.receipt().clone()
    }

    #[test]
    fn only_what_a_receipt_was_given_for_is_let_in() {
        let (_folder, a, b) = two();
        let (theirs, ours) = (&a.identity, &b.identity);
        let entry = |n: u8, text: &str, receipt: Receipt| Summary {
            text: text.into(),
            receipt,
            ..a.entry(n)
        };
        let remember =
            |by: &Identity, texts: &[&str]| receipt(by, Action::Remember, subject::remember(texts));
        let tea = remember(theirs, &["I like tea."]);
        let both = remember(ours, &["one", "two"]);
        let of_three = remember(theirs, &["three", "four", "five"]);
        let ours_of_three = remember(ours, &["three", "four", "five"]);
        let edit = receipt(
            theirs,
            Action::Edit,
            subject::edit(EntryId([7; 16]), "seven"),
        );
        let forget = receipt(theirs, Action::Forget, subject::forget(EntryId([8; 16])));
        let all = receipt(ours, Action::ForgetAll, subject::forget_all());
        let elsewhere = tempfile::tempdir().expect("a folder");
        let stranger = Identity::load_or_create(elsewhere.path()).expect("a key");
        let cases = [
            (entry(1, "I like tea.", tea.clone()), true),
            (entry(2, "I like mud.", tea), false),
            (entry(3, "one", both.clone()), true),
            (entry(4, "two", both), true),
            (entry(5, "three", of_three.clone()), true),
            (entry(6, "five", of_three), true),
            (entry(7, "seven", edit.clone()), true),
            (entry(7, "eight", edit.clone()), false),
            (entry(9, "seven", edit), false),
            (entry(8, "anything at all", forget), false),
            (entry(10, "anything at all", all), false),
            (entry(11, "three", ours_of_three), false),
            (entry(12, "hello", remember(&stranger, &["hello"])), false),
        ];
        let mut packing = Packing::new(0, Section::Summaries);
        for (summary, _) in &cases {
            packing.json(summary).expect("room for it");
        }
        let bytes = packing.finish();
        let chunk = Chunk::read(&bytes).expect("a chunk");
        let (source, target) = (theirs.public(), ours.public());
        let receipts = Receipts::of(&chunk, &source, &target).expect("summaries");
        for (summary, is_allowed) in &cases {
            assert_eq!(
                receipts.allow(summary),
                *is_allowed,
                "{}: {}",
                summary.id[0],
                summary.receipt.action
            );
        }
    }
}
