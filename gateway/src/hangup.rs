//! SIGHUP: the terminal that Janet was started from is closed.
//!
//! Whoever started her with `nohup` wants her to go on then: the signal is ignored from the
//! beginning, and listening for it would undo that.

use std::{fs, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the system says of this process; elsewhere than on Linux it is not there.
const STATUS: &str = "/proc/self/status";

/// The signal, where it means that the process is to end.
pub(crate) struct Hangup(Option<Signal>);

impl Hangup {
    /// Listens, unless the signal is ignored or nobody can tell whether it is.
    pub(crate) fn listen() -> io::Result<Self> {
        let status = fs::read_to_string(STATUS).unwrap_or_default();
        Ok(Self(match is_ignored(&status) {
            Some(false) => Some(signal(SignalKind::hangup())?),
            Some(true) | None => None,
        }))
    }

    /// Resolves when the terminal is closed, if that is to end the process.
    pub(crate) async fn recv(&mut self) {
        match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        };
    }
}

/// Whether a process with this status ignores SIGHUP; `None`: it does not say.
fn is_ignored(status: &str) -> Option<bool> {
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    // SIGHUP is signal 1, and the lowest bit stands for it.
    Some(mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_what_is_ignored() {
        let status =
            |mask: &str| format!("Name:\tjanet\nSigBlk:\t1\nSigIgn:\t{mask}\nSigCgt:\t1\n");
        assert_eq!(is_ignored(&status("0000000000000001")), Some(true));
        assert_eq!(is_ignored(&status("0000000000001003")), Some(true));
        assert_eq!(is_ignored(&status("0000000000001006")), Some(false));
        assert_eq!(is_ignored(&status("?")), None);
        assert_eq!(is_ignored(""), None);
    }

    #[tokio::test]
    async fn the_signal_is_heard_unless_it_was_ignored() {
        let before = is_ignored(&fs::read_to_string(STATUS).unwrap_or_default());
        let mut hangup = Hangup::listen().expect("signals can be listened for");
        assert_eq!(hangup.0.is_some(), before == Some(false));
        if hangup.0.is_some() {
            let kill = format!("kill -HUP {}", std::process::id());
            let killed = std::process::Command::new("sh")
                .args(["-c", &kill])
                .status();
            assert!(killed.is_ok_and(|status| status.success()));
            hangup.recv().await;
        }
    }
}
