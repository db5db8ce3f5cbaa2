use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use futures_util::FutureExt as _;

use super::*;

fn open(folder: &Path) -> Devices {
    Devices::open(folder).expect("a folder of ours")
}

#[test]
fn devices_come_back_with_their_names_and_roles_and_no_key_is_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let devices = open(folder.path());
    let (Device { id, .. }, key) = devices.add("phone".into(), Role::Operator).expect("room");
    let (Device { id: other, .. }, other_key) =
        devices.add("guest".into(), Role::Guest).expect("room");
    let text = std::fs::read_to_string(folder.path().join(FILE)).expect("written");
    assert!(
        !text.contains(key.text().as_str()) && text.contains("phone"),
        "{text}"
    );
    drop(devices);

    let devices = open(folder.path());
    let phone = devices.visit(&key).expect("known");
    assert_eq!((phone.id, phone.role), (id.clone(), Role::Operator));
    assert_eq!(devices.visit(&other_key).expect("known").role, Role::Guest);
    assert_eq!(
        devices.revoke(&id).expect("written").expect("there").name,
        "phone"
    );
    assert!(devices.revoke(&id).expect("nothing to write").is_none());
    assert!(devices.visit(&key).is_none());

    let devices = open(folder.path());
    assert!(devices.visit(&key).is_none() && devices.is_paired(&other));
    devices.save().expect("written");
    assert_eq!(open(folder.path()).list().len(), 1);
}

#[test]
fn a_device_that_cannot_be_kept_is_not_let_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let below_a_file = folder.path().join("file/folder");
    let devices = open(&below_a_file);
    std::fs::write(folder.path().join("file"), "").expect("written");
    let error = devices
        .add("phone".into(), Role::Guest)
        .expect_err("no folder");
    assert!(error.to_string().contains(FILE), "{error}");
    assert!(devices.list().is_empty());
}

#[test]
fn a_file_that_is_not_ours_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    for text in [
        "",
        "[]",
        "{\"devices\": 1}",
        "{\"devices\": [], \"more\": 1}",
    ] {
        file::replace(&folder.path().join(FILE), text.as_bytes()).expect("written");
        let error = Devices::open(folder.path()).expect_err(text).to_string();
        assert!(error.contains(FILE), "{text}: {error}");
    }
}

#[tokio::test]
async fn whoever_waits_for_a_revocation_is_told_of_that_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let devices = open(folder.path());
    let (Device { id, .. }, _) = devices.add("phone".into(), Role::Guest).expect("room");
    let (Device { id: other, .. }, _) = devices.add("other".into(), Role::Guest).expect("room");
    let mut waiting = Box::pin(devices.revoked(&id));
    assert!(waiting.as_mut().now_or_never().is_none());
    devices.revoke(&other).expect("written");
    assert!(waiting.as_mut().now_or_never().is_none());
    devices.revoke(&id).expect("written");
    assert!(waiting.as_mut().now_or_never().is_some());
    devices.revoked(&id).await;
}

/// The name under which the durability test starts itself again.
const CHILD_FOLDER: &str = "JANET_LOCK_TEST_CHILD_FOLDER";

/// Not a test of its own: does nothing unless the durability test started it.
#[test]
fn pairs_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let devices = open(Path::new(&folder));
    let mut out = std::io::stdout();
    loop {
        let (Device { id, .. }, key) = devices.add("device".into(), Role::Guest).expect("room");
        writeln!(out, "\nkey {}", *key.text()).expect("the parent listens");
        // Half of them go again, so that both kinds of change are cut off.
        if devices.list().len().is_multiple_of(2) {
            devices.revoke(&id).expect("written");
            writeln!(out, "\ngone {}", *key.text()).expect("the parent listens");
        }
        out.flush().expect("the parent listens");
        if devices.list().len() > 100 {
            return;
        }
    }
}

#[test]
fn whoever_was_told_a_key_is_known_after_a_kill_in_any_moment() {
    for acknowledgements in [1, 2, 9, 30] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "--nocapture"])
            .arg(format!(
                "{}::pairs_until_it_is_killed",
                module_path!().split_once("::").expect("a crate").1
            ))
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let (mut known, mut gone) = (Vec::new(), Vec::new());
        for line in lines {
            let line = line.expect("text");
            if let Some(key) = line.strip_prefix("key ") {
                known.push(key.to_owned());
            } else if let Some(key) = line.strip_prefix("gone ") {
                gone.push(key.to_owned());
            }
            if known.len() >= acknowledgements {
                // SIGKILL; what is in the pipe by then was acknowledged, too.
                child.kill().ok();
            }
        }
        assert!(!child.wait().expect("its end").success());
        assert!(known.len() >= acknowledgements, "it did not begin");
        let devices = open(folder.path());
        let is_known = |text: &String| {
            let key = DeviceKey::parse(text).expect("a key");
            devices.visit(&key).is_some()
        };
        assert!(!gone.iter().any(is_known), "a revoked device is back");
        let last = known.len() - 1;
        for (at, key) in known.iter().enumerate() {
            // The last may have been revoked without having been told so.
            assert!(
                gone.contains(key) || is_known(key) || at == last,
                "{at} is lost"
            );
        }
    }
}
