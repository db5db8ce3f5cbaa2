//! What is seen of a session description without the library, and why one is refused.
//!
//! The library finds some of it missing only when it has changed its mind already, and looks at any number
//! of candidates. Sources: RFC 8866 (SDP), RFC 8839 (ICE in SDP), RFC 8842 (DTLS in SDP).

/// Candidates of one far end: each is tried with a few datagrams, so somebody who names many would have
/// them sent wherever he likes.
pub(super) const MOST_CANDIDATES: usize = 32;
/// Lines without which nobody can be reached.
const NEEDED: [&str; 7] = [
    "v=0",
    "o=",
    "m=",
    "a=ice-ufrag:",
    "a=ice-pwd:",
    "a=fingerprint:",
    "a=mid:",
];

/// Why a description or a candidate is refused. The peer is as it was, but a failed offer of the
/// client's leaves none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PeerError {
    /// It cannot be read, or asks for what cannot be.
    #[error("it is no session description that can be taken: {0}")]
    Description(String),
    /// No audio section, or none with Opus.
    #[error("there is no audio section with Opus in it")]
    NoOpus,
    /// An answer where nothing was offered, or nothing any more.
    #[error("there is no offer that waits for an answer")]
    NothingOffered,
    /// A new way is asked for before there was one.
    #[error("the last offer was not answered yet")]
    NotAgreed,
    /// A new way was asked for a moment ago: each lets more addresses be tried.
    #[error("a new way was asked for less than a second ago")]
    TooSoon,
    /// It cannot be read.
    #[error("it is no ICE candidate that can be taken: {0}")]
    Candidate(String),
    /// A candidate before the description it belongs to.
    #[error("candidates come after the session description")]
    TooEarly,
    /// A fault of the library's.
    #[error("the connection cannot be set up: {0}")]
    Setup(String),
}

/// Looks whether a description can be taken from somebody who has named so many candidates before; how
/// many it names.
pub(super) fn candidates(sdp: &str, before: usize) -> Result<usize, PeerError> {
    let count = |begin: &str| sdp.lines().filter(|line| line.starts_with(begin)).count();
    if let Some(missing) = NEEDED.into_iter().find(|line| count(line) == 0) {
        return Err(PeerError::Description(format!("it has no line {missing}")));
    }
    let is_opus = |line: &str| {
        line.starts_with("a=rtpmap:") && line.to_ascii_lowercase().contains(" opus/48000")
    };
    if count("m=audio ") == 0 || !sdp.lines().any(is_opus) {
        return Err(PeerError::NoOpus);
    }
    let here = count("a=candidate:");
    if before + here > MOST_CANDIDATES {
        return Err(PeerError::Description(too_many()));
    }
    Ok(here)
}

/// The user fragment (RFC 8839 §5.4): by it a first datagram is known.
pub(super) fn ice_fragment(sdp: &str) -> Option<&str> {
    value(sdp, "a=ice-ufrag:")
}

/// The fingerprint of its author's certificate (RFC 8122 §5).
pub(super) fn fingerprint(sdp: &str) -> Option<String> {
    value(sdp, "a=fingerprint:").map(str::to_ascii_uppercase)
}

pub(super) fn too_many() -> String {
    format!("there are more than {MOST_CANDIDATES} candidates")
}

fn value<'a>(sdp: &'a str, begin: &str) -> Option<&'a str> {
    sdp.lines()
        .find_map(|line| line.strip_prefix(begin))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: &str = "v=0\r\no=- 1 1 IN IP4 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
        a=ice-ufrag:abcd\r\na=ice-pwd:x\r\na=fingerprint:sha-256 aa:bb\r\na=rtpmap:111 OPUS/48000/2\r\n";

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(candidates(FINE, 0), Ok(0));
        for line in NEEDED {
            let without: Vec<&str> = FINE.lines().filter(|l| !l.starts_with(line)).collect();
            let error = candidates(&without.join("\r\n"), 0);
            assert_eq!(
                error,
                Err(PeerError::Description(format!("it has no line {line}")))
            );
        }
        let deaf = FINE.replace("OPUS", "PCMU");
        assert_eq!(candidates(&deaf, 0), Err(PeerError::NoOpus));
        let seeing = FINE.replace("m=audio", "m=video");
        assert_eq!(candidates(&seeing, 0), Err(PeerError::NoOpus));
    }

    #[test]
    fn candidates_are_counted_over_everything_that_was_named() {
        let with =
            |n: usize| FINE.to_owned() + &"a=candidate:1 1 udp 1 127.0.0.1 9 typ host\n".repeat(n);
        let refused = |n, before| {
            let counted = candidates(&with(n), before);
            assert!(matches!(counted, Err(PeerError::Description(_))));
        };
        assert_eq!(candidates(&with(MOST_CANDIDATES), 0), Ok(MOST_CANDIDATES));
        refused(MOST_CANDIDATES + 1, 0);
        refused(1, MOST_CANDIDATES);
    }

    #[test]
    fn who_wrote_it_is_known_by_the_fingerprint_in_whatever_case() {
        assert_eq!(ice_fragment(FINE), Some("abcd"));
        assert_eq!(fingerprint(FINE).as_deref(), Some("SHA-256 AA:BB"));
        assert_eq!(
            fingerprint(
                &FINE
                    .to_ascii_uppercase()
                    .replace("A=FINGERPRINT", "a=fingerprint")
            ),
            fingerprint(FINE)
        );
        assert_eq!(fingerprint("v=0"), None);
    }
}
