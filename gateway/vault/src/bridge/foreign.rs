//! Messages from a package that nobody whom we know has signed: each is looked at as if it were said now.

use crate::conversations::Said;
use crate::gate::{Class, Gate};

/// What is left of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admitted {
    /// In their order; secrets are replaced by `[secret]`.
    pub messages: Vec<Said>,
    /// Those of which something was replaced.
    pub redacted: u64,
}

/// Passes every message through the gate. What it says of itself (who said it where) counts for nothing but
/// whose turn it was.
pub fn admit(messages: Vec<Said>) -> Admitted {
    let gate = Gate::new();
    let mut admitted = Admitted::default();
    for said in messages {
        let text = said.text.expose();
        let clean = if gate.classify(text).class == Class::Secret {
            admitted.redacted += 1;
            gate.redact(text).into_owned()
        } else {
            text.clone()
        };
        admitted.messages.push(Said {
            text: clean.into(),
            origin: None,
            ..said
        });
    }
    admitted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversations::Role;
    use crate::soul::Soul;

    #[test]
    fn a_secret_in_it_is_hidden_and_its_origin_is_not_believed() {
        let said = |text: &str| Said {
            role: Role::User,
            text: text.into(),
            created_ms: 5,
            origin: Some(Soul::Constitutional),
        };
        let admitted = admit(vec![
            said("the weather is fine"),
            said("my password is hunter2hunter2"),
        ]);
        let texts: Vec<_> = admitted
            .messages
            .iter()
            .map(|it| it.text.expose().as_str())
            .collect();
        assert_eq!(texts[0], "the weather is fine");
        assert!(
            !texts[1].contains("hunter2") && texts[1].contains("[secret]"),
            "{}",
            texts[1]
        );
        assert_eq!(admitted.redacted, 1);
        assert!(
            admitted
                .messages
                .iter()
                .all(|it| it.origin.is_none() && it.created_ms == 5)
        );
    }
}
