//! Which answer belongs to which request.
//!
//! A request is known by the engine's tag until a reply is released for it, then by the reply's
//! id. What nobody asked for in writing (a spoken turn) has no request and is told in the
//! canonical dialect.

use std::collections::HashMap;

use janet_engine::ReplyId;
use janet_protocol::{Dialect, RequestId};

/// What has to be remembered of a request to answer it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// To be echoed.
    pub(super) request_id: Option<RequestId>,
    /// To be answered in.
    pub(super) dialect: Dialect,
}

impl Asked {
    /// A turn that was spoken into the microphone.
    const SPOKEN: Self = Self {
        request_id: None,
        dialect: Dialect::Canonical,
    };
}

/// The requests in flight of one connection. As many as the engine's queue lets in.
#[derive(Debug, Default)]
pub(super) struct Requests {
    by_tag: HashMap<u32, Asked>,
    by_reply: HashMap<ReplyId, Asked>,
}

impl Requests {
    /// A request was taken by the engine.
    pub(super) fn asked(&mut self, tag: u32, asked: Asked) {
        self.by_tag.insert(tag, asked);
    }

    /// A reply became real.
    pub(super) fn released(&mut self, reply: ReplyId, tag: Option<u32>) {
        let asked = tag.and_then(|tag| self.by_tag.remove(&tag));
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
        tag.and_then(|tag| self.by_tag.remove(&tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older(number: u64) -> Asked {
        Asked {
            request_id: Some(RequestId::Unsigned(number)),
            dialect: Dialect::Older,
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
}
