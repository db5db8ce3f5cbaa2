//! Which answer belongs to which request.
//!
//! A request is known by the engine's tag until a reply is released for it, then by the reply's
//! id. A spoken turn has no request, unless the client said where it ends, and is told in the canonical
//! dialect.

use std::collections::HashMap;

use janet_engine::ReplyId;
use janet_protocol::{Dialect, RequestId, WireError};

use super::voip::of_call;
use super::vr::of_session;

/// In which words an answer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As it comes, in the canonical dialect.
    Canonical,
    /// Whole, in the older dialect.
    Older,
    /// Whole, as part of the call of this name.
    Call(String),
    /// Whole, as part of the session of this name.
    Session(String),
}

impl Manner {
    /// Whether only whole answers are told.
    pub(super) const fn is_whole(&self) -> bool {
        !matches!(self, Self::Canonical)
    }

    /// The same error in its words.
    pub(super) fn error(&self, error: WireError) -> WireError {
        match self {
            Self::Canonical | Self::Older => error,
            Self::Call(call_id) => of_call(Some(call_id.clone()), error),
            Self::Session(session_id) => of_session(session_id.clone(), error),
        }
    }
}

impl From<Dialect> for Manner {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Canonical => Self::Canonical,
            Dialect::Older => Self::Older,
        }
    }
}

/// What has to be remembered of a request to answer it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// To be echoed.
    pub(super) request_id: Option<RequestId>,
    /// To be answered in.
    pub(super) manner: Manner,
    /// Whether the turn is to be remembered, where the client said so.
    pub(super) remember: Option<bool>,
}

impl Default for Asked {
    fn default() -> Self {
        Self::SPOKEN
    }
}

impl Asked {
    /// A turn that was spoken into the microphone.
    const SPOKEN: Self = Self {
        request_id: None,
        manner: Manner::Canonical,
        remember: None,
    };
}

/// The requests in flight of one connection. As many as the engine's queue lets in.
#[derive(Debug, Default)]
pub(super) struct Requests {
    by_tag: HashMap<u32, Asked>,
    by_reply: HashMap<ReplyId, Asked>,
    /// The end of a turn was asked for last, and what came of it is not known yet.
    committed: Option<Asked>,
}

impl Requests {
    /// A request was taken by the engine.
    pub(super) fn asked(&mut self, tag: u32, asked: Asked) {
        self.by_tag.insert(tag, asked);
    }

    /// The client says that the turn that is spoken ends here.
    pub(super) fn committed(&mut self, asked: Asked) {
        self.committed = Some(asked);
    }

    /// A reply became real.
    pub(super) fn released(&mut self, reply: ReplyId, tag: Option<u32>) {
        let asked = self.take(tag);
        self.by_reply.insert(reply, asked.unwrap_or(Asked::SPOKEN));
    }

    /// How to tell of a reply.
    pub(super) fn of(&self, reply: ReplyId) -> &Asked {
        self.by_reply.get(&reply).unwrap_or(&Asked::SPOKEN)
    }

    /// A reply has ended.
    pub(super) fn finished(&mut self, reply: ReplyId, tag: Option<u32>) -> Asked {
        let by_tag = tag.and_then(|tag| self.by_tag.remove(&tag));
        self.by_reply
            .remove(&reply)
            .or(by_tag)
            .unwrap_or(Asked::SPOKEN)
    }

    /// A request stays unanswered.
    pub(super) fn disregarded(&mut self, tag: Option<u32>) -> Option<Asked> {
        self.take(tag)
    }

    fn take(&mut self, tag: Option<u32>) -> Option<Asked> {
        match tag {
            Some(tag) => self.by_tag.remove(&tag),
            None => self.committed.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older(number: u64) -> Asked {
        Asked {
            request_id: Some(RequestId::Unsigned(number)),
            manner: Manner::Older,
            remember: None,
        }
    }

    #[test]
    fn an_answer_goes_to_who_asked_and_speech_to_nobody_in_particular() {
        let mut requests = Requests::default();
        requests.asked(7, older(1));
        requests.released(ReplyId(3), Some(7));
        requests.released(ReplyId(4), None);
        assert_eq!(requests.of(ReplyId(3)), &older(1));
        assert_eq!(requests.of(ReplyId(4)), &Asked::SPOKEN);
        assert_eq!(requests.finished(ReplyId(3), Some(7)), older(1));
        assert_eq!(requests.finished(ReplyId(3), Some(7)), Asked::SPOKEN);
        assert_eq!(requests.finished(ReplyId(4), None), Asked::SPOKEN);
    }

    #[test]
    fn a_reply_that_failed_before_its_release_still_finds_its_request() {
        let mut requests = Requests::default();
        requests.asked(1, older(9));
        assert_eq!(requests.finished(ReplyId(0), Some(1)), older(9));
        requests.asked(2, older(8));
        assert_eq!(requests.disregarded(Some(2)), Some(older(8)));
        assert_eq!(requests.disregarded(Some(2)), None);
        assert_eq!(requests.disregarded(None), None);
    }

    #[test]
    fn the_end_of_a_spoken_turn_is_answered_by_what_comes_of_it() {
        let mut requests = Requests::default();
        requests.committed(older(1));
        assert_eq!(requests.disregarded(None), Some(older(1)));
        assert_eq!(requests.disregarded(None), None, "noise afterwards");
        requests.committed(older(2));
        requests.asked(7, older(3));
        requests.released(ReplyId(1), Some(7));
        assert_eq!(requests.of(ReplyId(1)), &older(3));
        requests.released(ReplyId(2), None);
        assert_eq!(requests.of(ReplyId(2)), &older(2));
    }
}
