//! What the process's own memory holds, read as somebody would who can: through `/proc/self/mem`.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

pub(crate) use super::memory_search::{Needle, found_in_memory};
use super::*;

const CHILD: &str = "JANET_VAULT_TEST_MEMORY_CHILD";

/// Runs a test of this name in a process of its own, where nobody else has anything in memory.
pub(crate) fn in_a_child(name: &str) {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "--nocapture", "--test-threads=1", name])
        .env(CHILD, "1")
        .stdin(Stdio::null())
        .output()
        .expect("a child");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("the memory was searched"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Whether this process is such a child; a test says so at its end by [`searched`].
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

pub(crate) fn searched() {
    writeln!(std::io::stdout(), "the memory was searched").expect("the parent listens");
}

/// Not a test of its own: does nothing unless the next one started it.
#[test]
fn searches_its_memory() {
    if !is_child() {
        return;
    }
    let blue = Blue::new(Limits::default()).expect("pages");
    let (value, needle) = Needle::random();
    let (name, name_needle) = Needle::random();
    blue.put_item(&name, value.as_bytes(), 1).expect("room");
    blue.note("c", &value, 1).expect("room");
    let secret = blue.get(Shelf::Items, &name).expect("room");
    drop((value, name));
    for needle in [&needle, &name_needle] {
        let (found, all) = found_in_memory(needle);
        assert_eq!(
            found.len(),
            1,
            "in the locked pages and nowhere else: {found:?}"
        );
        assert!(all > 1 << 20);
    }
    blue.zeroize_all();
    for needle in [&needle, &name_needle] {
        assert_eq!(found_in_memory(needle).0, Vec::<String>::new());
    }
    drop(secret);
    // The control: what is planted on the heap, or on the stack, is found.
    let (planted, needle) = Needle::random();
    assert!(!found_in_memory(&needle).0.is_empty());
    let mut stack = [0_u8; 32];
    stack.copy_from_slice(planted.as_bytes());
    drop(planted);
    let (found, _) = found_in_memory(&needle);
    assert!(
        found
            .iter()
            .any(|line| line.ends_with("[stack]") || !line.contains('[')),
        "{found:?}"
    );
    assert_ne!(std::hint::black_box(stack)[0], 0);
    searched();
}

#[test]
fn what_was_zeroed_is_nowhere_in_the_process() {
    in_a_child("blue::memory_tests::searches_its_memory");
}

#[test]
fn its_pages_are_locked_left_out_of_dumps_and_between_guards() {
    let blue = Blue::new(Limits {
        bytes: 64 << 10,
        ..Limits::default()
    })
    .expect("pages");
    let secret = blue.hold(b"here").expect("room");
    let at = secret.with(|bytes| bytes.as_ptr() as u64).expect("held");
    let smaps = fs::read_to_string("/proc/self/smaps").expect("its own mappings");
    let mut mappings: Vec<(u64, u64, String, String)> = Vec::new();
    for line in smaps.lines() {
        if let Some(flags) = line.strip_prefix("VmFlags:") {
            mappings.last_mut().expect("a mapping").3 = format!("{flags} ");
        } else if let Some((range, rest)) = line.split_once(' ')
            && let Some((start, end)) = range.split_once('-')
            && let (Ok(start), Ok(end)) =
                (u64::from_str_radix(start, 16), u64::from_str_radix(end, 16))
        {
            mappings.push((start, end, rest.to_owned(), String::new()));
        }
    }
    let index = mappings
        .iter()
        .position(|(start, end, ..)| (*start..*end).contains(&at));
    let index = index.expect("its mapping");
    let (start, end, access, flags) = &mappings[index];
    assert!(access.starts_with("rw-p"), "{access}");
    assert_eq!(end - start, 64 << 10);
    // lo: locked; dd: not dumped; wf: wiped in a child.
    for flag in [" lo ", " dd ", " wf "] {
        assert!(flags.contains(flag), "{flag} is not in {flags}");
    }
    for (guard, touches) in [(index - 1, *start), (index + 1, *end)] {
        let (from, to, access, _) = &mappings[guard];
        assert!(access.starts_with("---p"), "{access}");
        assert!(*to == touches || *from == touches);
    }
}
