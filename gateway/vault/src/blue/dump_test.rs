//! A core dump, written and searched: what lies in the vault is not in it, what lies beside it is.

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::memory_search::Needle;
use super::*;

/// Set for the process that is to be dumped.
const CHILD: &str = "JANET_VAULT_TEST_DUMPED_CHILD";
/// How Linux tells that a signal ended a process.
const ABORTED: i32 = 6;

impl Needle {
    /// For another process that is to plant it: mask and masked, in hexadecimal.
    fn shown(&self) -> String {
        let both = self.mask.iter().chain(&self.masked);
        both.map(|byte| format!("{byte:02x}")).collect()
    }

    /// What [`Self::shown`] wrote.
    fn read(shown: &str) -> Self {
        let bytes: Vec<u8> = (0..shown.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&shown[at..at + 2], 16).expect("hexadecimal"))
            .collect();
        let (mask, masked) = bytes.split_at(bytes.len() / 2);
        Self {
            masked: masked.to_vec(),
            mask: mask.to_vec(),
        }
    }

    /// What is looked for.
    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        let pairs = self.masked.iter().zip(&self.mask);
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.mask.len()));
        bytes.extend(pairs.map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

/// Not a test of its own: does nothing unless the next one started it. Holds one secret in the vault, one on
/// the heap, and is dumped.
#[test]
fn holds_two_secrets_and_dies() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let most = getrlimit(Resource::Core).maximum;
    let all = Rlimit {
        current: most,
        maximum: most,
    };
    setrlimit(Resource::Core, all).expect("up to the limit of limits");
    // Masked: what is read here stays in buffers.
    let mut lines = std::io::stdin().lines();
    let mut needle = || Needle::read(&lines.next().expect("a line").expect("text"));
    let held = needle();
    let blue = Blue::new(Limits::default()).expect("pages");
    blue.put_item("bank", &held.bytes(), 1).expect("room");
    let secret = blue.get(Shelf::Items, "bank").expect("room");
    let there = secret[0].with(|bytes| held.is_in(bytes)).expect("held");
    assert!(there, "it lies in the vault");
    // A dump has the registers, too, in which a moment ago the secret was: what comes now takes its place.
    let other = needle();
    let beside = other.bytes();
    assert!(other.is_in(&beside), "it lies on the heap");
    std::hint::black_box(&beside);
    std::process::abort();
}

#[test]
fn a_dump_holds_the_heap_and_nothing_of_the_vault() {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("Linux");
    let pattern = pattern.trim();
    if pattern.starts_with(['|', '/']) || pattern.is_empty() {
        println!("SKIPPED: this system hands core dumps to {pattern:?}, where no test can look");
        return;
    }
    if getrlimit(Resource::Core).maximum == Some(0) {
        println!("SKIPPED: no process here may be dumped (ulimit -Hc is 0)");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (held, other) = (Needle::random().1, Needle::random().1);
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "--nocapture",
            "--test-threads=1",
            "blue::dump_tests::holds_two_secrets_and_dies",
        ])
        .env(CHILD, "1")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child");
    let mut input = child.stdin.take().expect("it was piped");
    writeln!(input, "{}\n{}", held.shown(), other.shown()).expect("it reads");
    let status = child.wait().expect("its end");
    assert_eq!(status.signal(), Some(ABORTED), "{status}");
    assert!(status.core_dumped(), "{status}");
    let mut files = fs::read_dir(folder.path()).expect("the folder");
    let dump = files.next().expect("a dump").expect("an entry").path();
    let dump = fs::read(dump).expect("readable");
    assert!(dump.starts_with(b"\x7fELF") && dump.len() > 1 << 20);
    assert!(other.is_in(&dump), "the control: what lay on the heap");
    assert!(!held.is_in(&dump), "the dump holds what lay in the vault");
}
