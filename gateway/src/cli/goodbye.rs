//! Why a connection of `janet client` has ended, and what helps.

use anyhow::anyhow;
use janet_vr::Ended;

/// Said so that somebody can do something about it.
pub(super) fn told(ended: Ended) -> anyhow::Error {
    match ended {
        Ended::ByServer { code, reason } => {
            let (meaning, helps) = explained(code, &reason);
            anyhow!("Janet has ended the connection: {reason} (code {code}: {meaning}); {helps}")
        }
        Ended::Lost => anyhow!("{ended}; connect again, and --client-id goes on where it broke"),
        ended => anyhow::Error::new(ended),
    }
}

/// What a close code means (RFC 6455 §7.4.1; the same over QUIC), and what to do. Policy has many
/// reasons, which her words tell apart.
fn explained(code: u64, reason: &str) -> (&'static str, &'static str) {
    const VERSION: &str = "are Janet and this program of the same version?";
    match code {
        1000 => (
            "a normal end",
            "connect again, and --client-id goes on in this conversation",
        ),
        1001 => ("she goes down", "connect again once she runs again"),
        1002 => ("what was sent is not the protocol", VERSION),
        1007 => ("a text was no UTF-8", VERSION),
        1008 if reason.starts_with("superseded") => (
            "not allowed",
            "another program has connected with this --client-id: use it in one place at a time",
        ),
        1008 if reason.starts_with("not paired") => (
            "not allowed",
            "pair again: `janet pair` on her machine, --pair CODE --key-file FILE on this one",
        ),
        1008 => (
            "not allowed",
            "this program, or the network, is too fast or too slow for her; her log says more",
        ),
        1009 => ("a message was too large", VERSION),
        1011 => ("a fault of her own", "her log says more"),
        1013 if reason.starts_with("this device") => (
            "she is full",
            "end another program that comes with the same --key-file",
        ),
        1013 => (
            "she is full",
            "try again later, or let more in at once (`server.max_clients`)",
        ),
        _ => ("a code that is not known here", VERSION),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_meaning_in_words_and_what_helps() {
        for (code, reason, wanted) in [
            (1001, "the server is going down", "once she runs again"),
            (
                1008,
                "superseded: this client_id connected elsewhere",
                "one place",
            ),
            (
                1008,
                "not paired: this device key is not known (any more)",
                "`janet pair`",
            ),
            (1008, "too many messages", "too fast"),
            (1011, "internal error", "her log"),
            (
                1013,
                "no place is free; try again later",
                "`server.max_clients`",
            ),
            (
                1013,
                "this device has too many connections; close one of them",
                "another program",
            ),
            (4242, "", "same version"),
        ] {
            let reason = reason.to_owned();
            let said = told(Ended::ByServer {
                code,
                reason: reason.clone(),
            });
            let said = said.to_string();
            assert!(said.contains(&reason) && said.contains(wanted), "{said}");
            assert!(said.contains(&format!("code {code}: ")), "{said}");
        }
        assert!(told(Ended::Lost).to_string().contains("--client-id"));
    }
}
