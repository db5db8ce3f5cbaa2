//! What a chat template asks of the order of a conversation, and how it is met.
//!
//! Some families know no system role, some want user and assistant to take turns strictly. What
//! the system says then goes before the user's first words, and what one side says twice in a row
//! (an answer that was never heard leaves no message) becomes one message.

use super::message::Role;
use super::template::{Opening, Template};

/// What stands between texts that become one.
const BETWEEN: &str = "\n\n";

/// A template's wishes, tried once at load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Manners {
    /// The system's text belongs to the user's first message.
    folds_system: bool,
    /// Nobody speaks twice in a row.
    alternates: bool,
}

/// A conversation as the template gets it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arranged {
    pub(super) pairs: Vec<(Role, String)>,
    /// The system's text where it was put before the user's, with what separates the two.
    pub(super) lead: Option<String>,
    /// Several messages became one.
    pub(super) merged: bool,
}

impl Manners {
    pub(super) fn learn(template: &Template) -> Self {
        let render = |texts: &[(Role, &str)]| template.render(texts, Opening::Answer).ok();
        let (rules, hello) = ("Be brief.", "Who is there?");
        let folded = render(&[(Role::User, &format!("{rules}{BETWEEN}{hello}"))]);
        let apart = render(&[(Role::System, rules), (Role::User, hello)]);
        // Refused, left out, or put there by the template itself: then the border is known here.
        let lost = apart.as_ref().is_none_or(|text| !text.contains(rules));
        Self {
            folds_system: folded.is_some() && (lost || apart == folded),
            alternates: render(&[(Role::User, hello), (Role::User, hello)]).is_none(),
        }
    }

    /// Puts messages into the order that the template takes.
    pub(super) fn arrange(self, messages: &[(Role, &str)]) -> Arranged {
        let mut systems = messages
            .iter()
            .take_while(|(role, _)| *role == Role::System)
            .count();
        let mut lead = None;
        if self.folds_system && systems > 0 {
            let texts: Vec<&str> = messages[..systems].iter().map(|(_, t)| t.trim()).collect();
            lead = Some(texts.join(BETWEEN) + BETWEEN).filter(|lead| !lead.trim().is_empty());
        } else {
            systems = 0;
        }
        let mut pairs: Vec<(Role, String)> = Vec::with_capacity(messages.len());
        let mut merged = false;
        let mut begin = lead.clone().unwrap_or_default();
        for (role, text) in &messages[systems..] {
            if !begin.is_empty() && *role != Role::User {
                pairs.push((Role::User, std::mem::take(&mut begin)));
            }
            match pairs.last_mut() {
                Some((last, so_far)) if self.alternates && last == role => {
                    *so_far += BETWEEN;
                    *so_far += text;
                    merged = true;
                }
                _ => pairs.push((*role, std::mem::take(&mut begin) + text)),
            }
        }
        if !begin.is_empty() {
            pairs.push((Role::User, begin));
        }
        Arranged {
            pairs,
            lead,
            merged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TURNS: &str = "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}\
        {{ raise_exception('take turns') }}{% endif %}[{{ m.role }}]{{ m.content }}{% endfor %}";

    fn learn(source: &str) -> Manners {
        let template = Template::compile(source.to_owned(), String::new(), String::new());
        Manners::learn(&template.expect("compiles"))
    }

    fn arranged(manners: Manners, messages: &[(Role, &str)]) -> Vec<(Role, String)> {
        manners.arrange(messages).pairs
    }

    #[test]
    fn a_template_that_takes_everything_gets_everything_as_it_is() {
        let manners = learn("{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}");
        assert_eq!(manners, Manners::default());
        let messages = [(Role::System, "s"), (Role::User, "a"), (Role::User, "b")];
        let out = arranged(manners, &messages);
        assert_eq!(out.len(), 3);
    }

    #[test]
    fn without_a_system_role_its_text_goes_before_the_users_first() {
        let refuses = learn(TURNS);
        let ignores = learn(
            "{% for m in messages %}{% if m.role != 'system' %}{{ m.content }}{% endif %}{% endfor %}",
        );
        for manners in [refuses, ignores] {
            assert!(manners.folds_system);
            let messages = [
                (Role::System, " Rules. "),
                (Role::User, "a"),
                (Role::Assistant, "b"),
            ];
            let out = manners.arrange(&messages);
            assert_eq!(out.pairs[0], (Role::User, "Rules.\n\na".to_owned()));
            assert_eq!(out.pairs.len(), 2);
            assert_eq!(out.lead.as_deref(), Some("Rules.\n\n"));
        }
    }

    #[test]
    fn where_turns_alternate_two_messages_of_one_side_become_one() {
        let manners = learn(TURNS);
        let messages = [
            (Role::User, "a"),
            (Role::User, "b"),
            (Role::Assistant, "c"),
            (Role::User, "d"),
        ];
        let out = manners.arrange(&messages);
        assert!(out.merged);
        assert_eq!(out.pairs[0], (Role::User, "a\n\nb".to_owned()));
        assert_eq!(out.pairs.len(), 3);
    }
}
