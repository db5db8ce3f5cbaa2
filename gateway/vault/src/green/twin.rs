//! What the other soul of the operator's was told about an entry that both remember: done here, too, by the
//! receipt of that.

use janet_protocol::Private;

use super::store::{Green, Result};
use super::{EntryId, GreenError, Proof, subject};
use crate::desk::{Action, ConsentError, Receipt};
use crate::identity::PublicKey;
use crate::red_thread::Pass;

impl Green {
    /// Changes what the other soul was told to change, by the receipt of that; the key is whoever's the
    /// receipt has to be. False: it is not here.
    pub fn edit_too(
        &self,
        _pass: &Pass<'_>,
        key: &PublicKey,
        receipt: &Receipt,
        id: EntryId,
        text: &Private<String>,
        vector: Option<Vec<f32>>,
    ) -> Result<bool> {
        self.check_edit(text, &vector)?;
        let edit = subject::edit(id, text.expose());
        allowed(key, receipt, &Action::Edit, &edit)?;
        match self.edit_for(receipt.clone(), id, text.expose(), vector, || true) {
            Ok(()) => Ok(true),
            Err(GreenError::Unknown(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Forgets what the other soul was told to forget, by the receipt of that; the key is whoever's the
    /// receipt has to be. None: it was not here.
    pub fn forget_too(
        &self,
        _pass: &Pass<'_>,
        key: &PublicKey,
        receipt: &Receipt,
        id: EntryId,
    ) -> Result<Option<Proof>> {
        allowed(key, receipt, &Action::Forget, &subject::forget(id))?;
        match self.forget_for(receipt.clone(), id) {
            Ok(proof) => Ok(Some(proof)),
            Err(GreenError::Unknown(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same where the other soul was told so, by the receipt of that.
    pub fn forget_all_too(
        &self,
        _pass: &Pass<'_>,
        key: &PublicKey,
        receipt: &Receipt,
    ) -> Result<Proof> {
        let all = subject::of_all(&receipt.subject);
        allowed(key, receipt, &Action::ForgetAll, &all)?;
        self.forget_all_for(receipt.clone())
    }
}

/// Whether a receipt is one for this very thing.
fn allowed(key: &PublicKey, receipt: &Receipt, action: &Action, subject: &[u8; 32]) -> Result<()> {
    if receipt.is_of(key) && receipt.action == action.name() && receipt.subject == *subject {
        return Ok(());
    }
    Err(ConsentError::Subject {
        action: action.name(),
    }
    .into())
}
