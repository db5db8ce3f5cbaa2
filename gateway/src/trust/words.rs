//! What somebody asks of her memory in their own words.
//!
//! Rules, not a model: what is not understood for certain is a turn of the conversation like any other.
//! The words are English, as the gate's are.

/// What the words ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// To remember these words.
    Remember(String),
    /// To remember what was said last.
    RememberThat,
    /// To remember what is worth it of the whole conversation.
    RememberConversation,
    /// To forget what fits these words best.
    Forget(String),
    /// To forget what was remembered last.
    ForgetThat,
    /// To end this conversation, with its key.
    ForgetConversation,
    /// Not to remember what was said last.
    Never,
    /// Not to remember anything that was said in this conversation.
    NeverConversation,
    /// To tell what is known.
    Recall,
}

impl Order {
    /// Whether something is to be remembered by it.
    pub(crate) const fn remembers(&self) -> bool {
        matches!(
            self,
            Self::Remember(_) | Self::RememberThat | Self::RememberConversation
        )
    }
}

/// Words before and behind an order that belong to its politeness alone.
const POLITE: [&str; 12] = [
    "please",
    "janet",
    "hey",
    "ok",
    "okay",
    "could you",
    "can you",
    "would you",
    "will you",
    "and",
    "so",
    "now",
];

/// What these words ask for, if they ask for anything of the kind.
pub(crate) fn understood(words: &str) -> Option<Order> {
    let said = Said::of(words);
    let rest = said.behind_politeness();
    for never in [
        "don't remember",
        "do not remember",
        "dont remember",
        "never remember",
        "don't keep",
        "do not keep",
        "don't store",
        "do not store",
    ] {
        if let Some(rest) = rest.after(never) {
            let is_all = rest.is_conversation()
                || [
                    "any of this",
                    "any of that",
                    "anything of this",
                    "anything of that",
                ]
                .iter()
                .any(|all| rest.after(all).is_some_and(Said::is_over));
            if is_all {
                return Some(Order::NeverConversation);
            }
            return rest.is_this().then_some(Order::Never);
        }
    }
    for forget in ["forget about", "forget"] {
        if let Some(rest) = rest.after(forget) {
            if rest.is_this_conversation() {
                return Some(Order::ForgetConversation);
            }
            return rest.forgotten();
        }
    }
    for remember in ["remember", "make a note", "note", "keep in mind"] {
        if let Some(rest) = rest.after(remember) {
            return rest.remembered(remember);
        }
    }
    let knows = [
        "what do you know about me",
        "what do you remember about me",
        "what do you remember of me",
        "what have you remembered about me",
        "what did you remember about me",
        "tell me what you know about me",
        "tell me what you remember about me",
        "what do you have on me",
    ];
    knows
        .iter()
        .any(|known| rest.after(known).is_some_and(|end| end.is_over()))
        .then_some(Order::Recall)
}

/// Words as they were said, and the same for comparing.
#[derive(Clone, Copy)]
struct Said<'a> {
    words: &'a str,
}

impl<'a> Said<'a> {
    fn of(words: &'a str) -> Self {
        Self {
            words: words.trim().trim_end_matches(['.', '!', '?', ' ']),
        }
    }

    /// Behind this beginning, whole words in any spelling; `None`: it does not begin so.
    fn after(self, beginning: &str) -> Option<Self> {
        let mut rest = self.words;
        for word in beginning.split(' ') {
            rest = rest.trim_start_matches([' ', ',', ':', '-']);
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
                .unwrap_or(rest.len());
            let (head, tail) = rest.split_at(end);
            if head.to_lowercase().replace('’', "'") != word {
                return None;
            }
            rest = tail;
        }
        Some(Self::of(rest.trim_start_matches([' ', ',', ':', '-', '.'])))
    }

    fn behind_politeness(mut self) -> Self {
        while let Some(rest) = POLITE.iter().find_map(|polite| self.after(polite)) {
            self = rest;
        }
        self
    }

    fn is_over(self) -> bool {
        self.words.is_empty()
            || ["please", "janet", "now", "then"].contains(&&*self.words.to_lowercase())
    }

    /// "this", "that", "any of this".
    fn is_this(self) -> bool {
        self.is_over()
            || [
                "this",
                "that",
                "it",
                "any of this",
                "any of that",
                "anything of this",
                "this conversation",
                "what i said",
                "what i just said",
            ]
            .iter()
            .any(|this| self.after(this).is_some_and(Self::is_over))
    }

    /// The conversation by its name: what goes by it is gone, so nothing vaguer will do.
    fn is_this_conversation(self) -> bool {
        [
            "this conversation",
            "our conversation",
            "this whole conversation",
            "our whole conversation",
            "this chat",
            "our chat",
        ]
        .iter()
        .any(|all| self.after(all).is_some_and(Self::is_over))
    }

    /// All that was said.
    fn is_conversation(self) -> bool {
        [
            "this conversation",
            "our conversation",
            "the conversation",
            "this whole conversation",
            "our whole conversation",
            "this talk",
            "our talk",
            "this chat",
            "our chat",
            "what we talked about",
            "what we have talked about",
            "what we've talked about",
            "what we said",
            "everything we said",
            "everything i said",
            "everything i told you",
            "what i told you",
        ]
        .iter()
        .any(|all| self.after(all).is_some_and(Self::is_over))
    }

    fn forgotten(self) -> Option<Order> {
        if self.is_this() && !self.words.is_empty() {
            return Some(Order::ForgetThat);
        }
        // "Forget it" is what people say when they give up; it is in `is_this`, and harmless there.
        let topic = self
            .after("that")
            .or_else(|| self.after("what i said about"))
            .unwrap_or(self);
        let is_about_me = topic
            .words
            .to_lowercase()
            .split(' ')
            .any(|word| ["i", "i'm", "my", "me", "our", "we"].contains(&word));
        (is_about_me && !topic.words.is_empty()).then(|| Order::Forget(topic.words.to_owned()))
    }

    fn remembered(self, verb: &str) -> Option<Order> {
        if self.after("of").unwrap_or(self).is_conversation() {
            return Some(Order::RememberConversation);
        }
        // "Remember when we …?" and "Do you remember …" ask; they order nothing.
        if self.after("when").is_some()
            || self.after("how").is_some()
            || self.after("what").is_some()
            || self.after("the time").is_some()
        {
            return None;
        }
        if self.is_this() {
            return (verb == "remember" || !self.words.is_empty()).then_some(Order::RememberThat);
        }
        let text = self
            .after("that")
            .or_else(|| self.after("this"))
            .or_else(|| self.after("of"))
            .unwrap_or(self);
        (text.words.split_whitespace().count() >= 2).then(|| Order::Remember(text.words.to_owned()))
    }
}

/// What "remember that I like tea" leaves to be remembered: the person it is about is the operator.
pub(crate) fn as_memory(text: &str) -> String {
    let mut text = text.trim().to_owned();
    if let Some(first) = text.chars().next() {
        text.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
    }
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_understood_in_many_words() {
        let remember = |text: &str| Some(Order::Remember(text.to_owned()));
        for (words, order) in [
            (
                "Remember that I like green tea.",
                remember("I like green tea"),
            ),
            (
                "Please remember that my sister is called Anna.",
                remember("my sister is called Anna"),
            ),
            (
                "Janet, remember this: the bins go out on Tuesday!",
                remember("the bins go out on Tuesday"),
            ),
            (
                "could you remember I'm allergic to nuts",
                remember("I'm allergic to nuts"),
            ),
            (
                "Make a note that the car needs oil",
                remember("the car needs oil"),
            ),
            ("Remember this.", Some(Order::RememberThat)),
            ("Please remember that", Some(Order::RememberThat)),
            ("remember what I said", None),
            (
                "Remember this conversation, please.",
                Some(Order::RememberConversation),
            ),
            (
                "Janet, remember what we talked about.",
                Some(Order::RememberConversation),
            ),
            (
                "Make a note of our conversation",
                Some(Order::RememberConversation),
            ),
            (
                "Don't remember this conversation.",
                Some(Order::NeverConversation),
            ),
            ("Don't remember this.", Some(Order::Never)),
            (
                "Please don’t remember any of this",
                Some(Order::NeverConversation),
            ),
            ("Do not remember that!", Some(Order::Never)),
            ("Forget that.", Some(Order::ForgetThat)),
            (
                "Janet, forget this conversation, please.",
                Some(Order::ForgetConversation),
            ),
            (
                "Forget our whole conversation!",
                Some(Order::ForgetConversation),
            ),
            (
                "Forget that I like green tea",
                Some(Order::Forget("I like green tea".into())),
            ),
            (
                "Please forget what I said about my sister.",
                Some(Order::Forget("my sister".into())),
            ),
            ("What do you know about me?", Some(Order::Recall)),
            ("Janet, what do you remember about me", Some(Order::Recall)),
        ] {
            assert_eq!(understood(words), order, "{words}");
        }
    }

    #[test]
    fn what_only_sounds_like_an_order_is_a_turn_of_the_conversation() {
        for words in [
            "",
            "Do you remember my sister?",
            "Remember when we went to Rome?",
            "I can't remember the name of that film.",
            "I will never forget that.",
            "How do I forget an ex?",
            "I forget conversations all the time.",
            "Forget the conversation that they had.",
            "What do you know about Mexico?",
            "What do you know about the moon?",
            "Forget about the weather in Paris.",
            "She said remember this and left.",
            "Notes on a scandal",
        ] {
            assert_eq!(understood(words), None, "{words}");
        }
    }

    #[test]
    fn a_memory_is_a_sentence() {
        assert_eq!(as_memory(" i like tea "), "I like tea.");
        assert_eq!(as_memory("Über alles?"), "Über alles?");
    }
}
