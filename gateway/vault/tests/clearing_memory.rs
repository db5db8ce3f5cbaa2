//! Memory that is zeroed when it is given back: what served a secret on its way leaves nothing behind.
//!
//! One test in a process of its own, because the allocator is the process's.
#![cfg(target_os = "linux")]

use std::alloc::System;
use std::hint::black_box;

use janet_protocol::{Limits, parse};
use zeroizing_alloc::ZeroAlloc;

#[path = "../src/blue/memory_search.rs"]
mod memory_search;

use memory_search::{Needle, found_in_memory};

#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

#[test]
fn a_request_that_was_read_and_dropped_is_nowhere_in_the_process() {
    let (secret, needle) = Needle::random();
    // As a frame comes: into a buffer that grows, then as a message of its own.
    let mut frame = String::new();
    for piece in [
        r#"{"type":"vault_put","name":"bank","value":""#,
        secret.as_str(),
        r#"","request_id":"7"}"#,
    ] {
        for c in piece.chars() {
            frame.push(c);
        }
    }
    let incoming = parse(&frame, &Limits::default()).expect("a message");
    let text = serde_json::to_string(&serde_json::json!({ "value": secret.as_str() }));
    // The control: it is there, several times.
    let (found, all) = found_in_memory(&needle);
    assert!(!found.is_empty() && all > 1 << 20, "{found:?}");
    let at = frame.as_ptr() as usize;
    drop(black_box((incoming, text, frame, secret)));
    let (found, _) = found_in_memory(&needle);
    assert_eq!(found, Vec::<String>::new(), "the frame lay at {at:x}");
}
