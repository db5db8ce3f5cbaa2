//! What memory costs that is handed out and given back as the gateway does. `alloc_cost_clearing` is the same
//! with memory that is zeroed when it is given back: run both, with `--release`.

use std::hint::black_box;
use std::time::Instant;

pub(crate) fn main() {
    each("64 bytes, given back at once", 1_000_000, || {
        black_box(Vec::<u8>::with_capacity(64));
    });
    each("4 KiB, given back at once", 200_000, || {
        black_box(Vec::<u8>::with_capacity(4096));
    });
    each("1 MiB, filled and given back", 500, || {
        black_box(vec![1_u8; 1 << 20]);
    });
    each(
        "a buffer that grows to 1 MiB in steps of 1 KiB",
        200,
        || {
            let mut buffer = Vec::new();
            for _ in 0..1024 {
                buffer.extend_from_slice(black_box(&[1_u8; 1024]));
            }
            black_box(buffer);
        },
    );
    let message = r#"{"type":"message","text":"What is the weather like in the mountains?","speak":true,"request_id":"7"}"#;
    each("a message read and written as JSON", 100_000, || {
        let value: serde_json::Value = serde_json::from_str(black_box(message)).expect("JSON");
        black_box(serde_json::to_string(&value).expect("JSON"));
    });
}

/// The best of five rounds, so that what else runs on the machine counts as little as possible.
fn each(what: &str, times: u32, mut work: impl FnMut()) {
    let round = |_| {
        let began = Instant::now();
        (0..times).for_each(|_| work());
        began.elapsed() / times
    };
    let best = (0..5).map(round).min().expect("five rounds");
    println!("{what}: {best:?}");
}
