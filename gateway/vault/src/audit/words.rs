//! An entry in words, for people.

use std::fmt;

use super::{Decision, Ended, Event};

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
            Self::VaultUnlocked { operator, items } => {
                write!(f, "{operator} unlocked the red vault for {items} items")
            }
            Self::VaultLocked { why } => write!(f, "the red vault was locked ({why})"),
            Self::VaultRefused { operator } => {
                write!(f, "the red vault did not open for {operator}")
            }
            Self::SafeWordChanged { operator } => write!(f, "{operator} changed the safe word"),
            Self::SecretStored { operator } => write!(f, "{operator} stored a secret"),
            Self::SecretRead { operator } => write!(f, "{operator} read a secret"),
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
