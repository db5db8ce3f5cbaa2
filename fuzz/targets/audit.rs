#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| janet_fuzz::audit(bytes));
