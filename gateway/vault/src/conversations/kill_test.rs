use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::tests::{NOW, open, texts};
use super::*;

/// The name under which the durability test starts itself again.
const CHILD_FOLDER: &str = "JANET_VAULT_TEST_CHILD_FOLDER";

/// Not a test of its own: does nothing unless the durability test started it.
#[test]
fn appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let store = open(Path::new(&folder), NOW);
    let id = store.create(NOW).expect("a conversation");
    let mut out = std::io::stdout();
    writeln!(out, "\nid {id}").expect("the parent listens");
    for round in 1.. {
        let seq = store
            .append(id, Role::User, &format!("m{round}"), NOW)
            .expect("appended");
        // The parent's closed pipe ends the loop should the kill fail.
        writeln!(out, "ack {seq}")
            .and_then(|()| out.flush())
            .expect("the parent listens");
    }
}

#[test]
fn whatever_was_acknowledged_survives_a_kill_in_any_moment() {
    let mut survived = 0;
    for acknowledgements in [1, 2, 7, 40, 173] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args([
                "--exact",
                "--nocapture",
                "conversations::store::kill_tests::appends_until_it_is_killed",
            ])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (mut id, mut last, mut killed) = (None, 0_u64, false);
        for line in lines {
            let line = line.expect("text");
            if let Some(text) = line.strip_prefix("id ") {
                id = Some(text.parse::<ConversationId>().expect("an id"));
            } else if let Some(seq) = line.strip_prefix("ack ") {
                last = seq.parse().expect("a number");
            }
            // SIGKILL; what is in the pipe by then was acknowledged too.
            if last >= acknowledgements && !killed {
                child.kill().expect("killed");
                killed = true;
            }
        }
        assert!(!child.wait().expect("its end").success());
        assert!(killed, "the child must not end by itself");
        let store = open(folder.path(), NOW);
        let messages = texts(&store, id.expect("an id"));
        assert!(
            messages.len() as u64 >= last,
            "{} of {last} are there",
            messages.len()
        );
        assert!(
            messages
                .iter()
                .zip(1..)
                .all(|(text, n): (_, u64)| *text == format!("m{n}"))
        );
        survived += last;
    }
    assert!(survived >= 223);
}
