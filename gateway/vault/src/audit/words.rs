//! An entry in words, for people.

use std::fmt;

use super::{Decision, Ended, Event, Name};

impl Event {
    /// Its name: a lower-case noun and verb.
    pub fn name(&self) -> String {
        if let Self::ConsentClosed { decision, .. } = self {
            return format!("consent_{decision}");
        }
        let value = serde_json::to_value(self).unwrap_or_default();
        value["kind"].as_str().unwrap_or("unknown").to_owned()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JanetStarted { version } => write!(f, "Janet {version} was started"),
            Self::ConsentAsked {
                action, operator, ..
            } => write!(f, "{operator} was asked for `{action}`"),
            Self::ConsentClosed {
                action,
                operator,
                decision,
                how,
                ..
            } => {
                write!(f, "`{action}` asked of {operator}: {decision}")?;
                match how {
                    Some(how) => write!(f, ", by {how}"),
                    None => Ok(()),
                }
            }
            Self::GrantAdded { action, .. } => write!(f, "`{action}` was allowed until revoked"),
            Self::GrantRevoked {
                action, operator, ..
            } => write!(f, "{operator} revoked the standing grant for `{action}`"),
            Self::MemoryAdded { .. } => f.write_str("something was remembered"),
            Self::MemoryEdited { .. } => f.write_str("a memory was changed"),
            Self::MemoryForgotten { .. } => f.write_str("a memory was forgotten"),
            Self::MemoryEmptied { entries, .. } => {
                write!(f, "everything was forgotten: {entries} memories")
            }
            Self::ConversationForgotten { operator } => {
                write!(f, "{operator} had a conversation forgotten")
            }
            Self::PersonaSet { persona } => write!(f, "a setting makes her {persona}"),
            Self::ConversationsForgotten { conversations, .. } => {
                write!(f, "all {conversations} conversations were forgotten")
            }
            Self::SoulPaired { soul, .. } => write!(f, "the {soul} soul elsewhere was paired"),
            Self::SoulParted { soul, .. } => write!(f, "the {soul} soul elsewhere was parted with"),
            Self::TransferStarted { from, to, .. } => {
                write!(f, "a transfer from the {from} to the {to} soul began")
            }
            Self::TransferEnded {
                messages,
                summaries,
                stubs,
                result,
                ..
            } => write!(
                f,
                "a transfer ended ({result}): {messages} messages, {summaries} summaries, {stubs} locked names"
            ),
            Self::Exported {
                what,
                items,
                operator,
            } => write!(f, "{operator} exported {items} items of {what}"),
            Self::Imported {
                what,
                items,
                refused,
                operator,
            } => write!(
                f,
                "{operator} imported {items} items of {what}; {refused} were refused"
            ),
            Self::VaultCreated { operator } => write!(f, "{operator} created the red vault"),
            Self::VaultUnlocked {
                operator,
                items,
                soul,
            } => {
                let vault = vault(soul.as_ref());
                write!(f, "{operator} unlocked {vault} for {items} items")
            }
            Self::VaultLocked { why, soul } => {
                write!(f, "{} was locked ({why})", vault(soul.as_ref()))
            }
            Self::VaultRefused { operator } => {
                write!(f, "the red vault did not open for {operator}")
            }
            Self::SafeWordChanged { operator } => write!(f, "{operator} changed the safe word"),
            Self::SecretStored { operator } => write!(f, "{operator} stored a secret"),
            Self::SecretRead { operator, soul } => {
                write!(f, "{operator} read a secret")?;
                match soul {
                    Some(soul) => write!(f, " of the {soul} soul"),
                    None => Ok(()),
                }
            }
            Self::SecretForgotten { operator } => write!(f, "{operator} had a secret forgotten"),
            Self::RedThreadPulled { node, operator } => {
                write!(f, "{operator} pulled the red thread on {node}")
            }
            Self::RedThreadCleared {
                node,
                operator,
                how,
            } => write!(f, "{operator} cleared the red thread on {node} by {how}"),
            Self::PersonaChanged { persona, .. } => write!(f, "the persona is now {persona}"),
            Self::ConstitutionChecked { version, result } => {
                write!(f, "constitution {version} was checked: {result}")
            }
            Self::ConstitutionChanged { version, .. } => {
                write!(f, "constitution {version} was accepted")
            }
            Self::DevicePaired { device } => write!(f, "device {device} was paired"),
            Self::DeviceRevoked { device, operator } => {
                write!(f, "{operator} revoked device {device}")
            }
            Self::NodeAdded { node, .. } => write!(f, "node {node} joined"),
            Self::NodeRemoved { node, operator } => write!(f, "{operator} removed node {node}"),
            Self::DelegateAdded { handler, .. } => write!(f, "handler {handler} was added"),
            Self::Delegated {
                handler, result, ..
            } => write!(f, "a request to {handler} ended ({result})"),
            Self::Unknown => f.write_str("something that a newer Janet wrote down"),
        }
    }
}

fn vault(soul: Option<&Name>) -> String {
    match soul {
        Some(soul) => format!("the {soul} soul's red vault"),
        None => "the red vault".to_owned(),
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Cancelled => "cancelled",
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::audit::{Decision, Ended, Event, Id, Name};

    #[test]
    fn a_vault_is_named_by_its_soul_where_the_log_says_whose_it_is() {
        let older: Event = serde_json::from_str(r#"{"kind": "vault_locked", "why": "operator"}"#)
            .expect("of an older log");
        assert_eq!(older.to_string(), "the red vault was locked (operator)");
        let soul = Some(Name::new("networked"));
        let unlocked = Event::VaultUnlocked {
            operator: Name::new("here"),
            items: 2,
            soul: soul.clone(),
        };
        assert_eq!(
            unlocked.to_string(),
            "here unlocked the networked soul's red vault for 2 items"
        );
        let read = Event::SecretRead {
            operator: Name::new("here"),
            soul,
        };
        assert_eq!(read.to_string(), "here read a secret of the networked soul");
        let text = serde_json::to_string(&read).expect("no map in it");
        assert_eq!(serde_json::from_str::<Event>(&text).expect("ours"), read);
    }

    #[test]
    fn an_entry_has_a_name_and_words() {
        let closed = Event::ConsentClosed {
            consent: Id([1; 16]),
            action: Name::new("transfer"),
            operator: Name::new("here"),
            decision: Decision::Granted,
            how: Some(Name::new("click")),
        };
        assert_eq!(closed.name(), "consent_granted");
        assert_eq!(
            closed.to_string(),
            "`transfer` asked of here: granted, by click"
        );
        let ended = Event::TransferEnded {
            package: Id([1; 16]),
            messages: 42,
            summaries: 15,
            stubs: 0,
            result: Ended::Done,
        };
        assert_eq!(ended.name(), "transfer_ended");
        assert_eq!(
            ended.to_string(),
            "a transfer ended (done): 42 messages, 15 summaries, 0 locked names"
        );
    }
}
