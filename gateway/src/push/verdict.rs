//! What an answer of the push service means.

use std::time::{Duration, SystemTime};

/// Before a push is tried once more, where nobody says how long.
pub(super) const PAUSE: Duration = Duration::from_millis(500);
/// A reason longer than this is none of Apple's.
const LONGEST_REASON: usize = 64;

/// What to do about an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The phone is told.
    Sent,
    /// There is no such phone (any more).
    Gone,
    /// What Janet shows of herself is taken for too old.
    Expired,
    /// It may work after so long.
    Later(Duration),
    /// No.
    Refused,
}

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Apple's word for why not.
    pub(super) reason: Option<String>,
    /// As the header says it.
    pub(super) retry_after: Option<String>,
}

impl Answer {
    /// Judges it; `now` is for a Retry-After that names a moment.
    pub(super) fn judge(&self, now: SystemTime) -> Verdict {
        match (self.status, self.reason.as_deref()) {
            (200, _) => Verdict::Sent,
            (410, _) | (400, Some("BadDeviceToken")) => Verdict::Gone,
            (403, Some("ExpiredProviderToken")) => Verdict::Expired,
            (429 | 500..=599, _) => Verdict::Later(self.pause(now)),
            _ => Verdict::Refused,
        }
    }

    fn pause(&self, now: SystemTime) -> Duration {
        let Some(text) = self.retry_after.as_deref().map(str::trim) else {
            return PAUSE;
        };
        if let Ok(seconds) = text.parse() {
            return Duration::from_secs(seconds).max(PAUSE);
        }
        let moment = httpdate::parse_http_date(text).ok();
        let pause = moment.and_then(|moment| moment.duration_since(now).ok());
        pause.unwrap_or(PAUSE).max(PAUSE)
    }
}

/// Apple's reason in an answer's body, if it is a word.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Body {
        reason: String,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    let is_word = |text: &str| {
        !text.is_empty()
            && text.len() <= LONGEST_REASON
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    Some(body.reason).filter(|reason| is_word(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_has_its_meaning() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let seconds = Duration::from_secs;
        let rows = [
            (200, None, None, Verdict::Sent),
            (400, Some("BadDeviceToken"), None, Verdict::Gone),
            (400, Some("BadTopic"), None, Verdict::Refused),
            (400, None, None, Verdict::Refused),
            (403, Some("ExpiredProviderToken"), None, Verdict::Expired),
            (403, Some("InvalidProviderToken"), None, Verdict::Refused),
            (404, None, None, Verdict::Refused),
            (410, Some("Unregistered"), None, Verdict::Gone),
            (410, None, None, Verdict::Gone),
            (413, Some("PayloadTooLarge"), None, Verdict::Refused),
            (429, Some("TooManyRequests"), None, Verdict::Later(PAUSE)),
            (429, None, Some("7"), Verdict::Later(seconds(7))),
            (500, None, None, Verdict::Later(PAUSE)),
            (503, Some("Shutdown"), Some("0"), Verdict::Later(PAUSE)),
            (
                503,
                None,
                Some("Fri, 15 Jan 2027 08:00:09 GMT"),
                Verdict::Later(seconds(9)),
            ),
            (
                503,
                None,
                Some("Fri, 15 Jan 2027 07:59:00 GMT"),
                Verdict::Later(PAUSE),
            ),
            (503, None, Some("-1"), Verdict::Later(PAUSE)),
            (503, None, Some("soon"), Verdict::Later(PAUSE)),
            (301, None, None, Verdict::Refused),
        ];
        for (status, reason, retry_after, verdict) in rows {
            let answer = Answer {
                status,
                reason: reason.map(str::to_owned),
                retry_after: retry_after.map(str::to_owned),
            };
            assert_eq!(answer.judge(now), verdict, "{answer:?}");
        }
    }

    #[test]
    fn a_reason_is_a_word_or_none() {
        let read = |text: &str| reason(text.as_bytes());
        let word = r#"{"reason":"Unregistered","timestamp":1800000000000}"#;
        assert_eq!(read(word).as_deref(), Some("Unregistered"));
        let long = format!(r#"{{"reason":"{}"}}"#, "a".repeat(LONGEST_REASON + 1));
        for none in [
            "",
            "{}",
            "[]",
            r#"{"reason":""}"#,
            r#"{"reason":"a\nb"}"#,
            &long,
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
