#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| janet_fuzz::green_file(bytes));
