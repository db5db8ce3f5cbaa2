//! kill −9 in any moment: what was acknowledged is there, the log is good, and it goes on.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::tests::event;
use super::*;

/// The name under which the durability test starts itself again.
const CHILD_FOLDER: &str = "JANET_AUDIT_TEST_CHILD_FOLDER";

fn open(folder: &Path) -> AuditLog {
    let identity = Arc::new(Identity::load_or_create(folder).expect("a key"));
    AuditLog::open(folder, folder, identity).expect("a log")
}

/// Not a test of its own: does nothing unless the durability test started it.
#[test]
fn appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let log = open(Path::new(&folder));
    let mut out = std::io::stdout();
    writeln!(out).expect("the parent listens");
    loop {
        let number = log.head().count + 1;
        let entry = log.append(number, &event(number)).expect("appended");
        // The parent's closed pipe ends the loop should the kill fail.
        writeln!(out, "ack {}", entry.number)
            .and_then(|()| out.flush())
            .expect("the parent listens");
    }
}

#[test]
fn whatever_was_acknowledged_survives_a_kill_in_any_moment() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut last = 0_u64;
    // One log through all of them: each child goes on where the one before was killed.
    for more in [1, 2, 7, 23, 61, 1, 3] {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "--nocapture",
                "audit::kill_tests::appends_until_it_is_killed",
            ])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (wanted, mut killed) = (last + more, false);
        for line in lines {
            if let Some(text) = line.expect("text").strip_prefix("ack ") {
                last = text.parse().expect("a number");
            }
            // SIGKILL; what is in the pipe by then was acknowledged too.
            if last >= wanted && !killed {
                child.kill().expect("killed");
                killed = true;
            }
        }
        assert!(!child.wait().expect("its end").success());
        assert!(killed, "the child must not end by itself");
        let log = open(folder.path());
        let good = log.verify().expect("readable").expect("good");
        assert!(good.count >= last, "{} of {last} are there", good.count);
        assert!(good.count <= last + 1, "and no more than was begun");
        let newest = log.read(1, None).expect("a page");
        assert_eq!(newest[0].event, event(good.count));
        last = good.count;
    }
    assert!(last >= 98);
}
