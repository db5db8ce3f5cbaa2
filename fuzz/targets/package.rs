#![no_main]
//! What a soul's package and the messages about it could be, read as each of them.

use janet_vault::bridge::link::Frame;
use janet_vault::bridge::package::{self, Chunk, Conclusion, Header};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(package) = package::read(bytes) {
        let mut again = Vec::new();
        package::write_start(package.header_bytes, &mut again);
        for chunk in &package.chunks {
            package::write_chunk(chunk.bytes(), &mut again);
        }
        package::write_end(package.conclusion_bytes, &mut again);
        assert_eq!(again, bytes, "what was read is all that was there");
    }
    if let Ok(frame) = Frame::read(bytes) {
        let written = frame.write();
        assert_eq!(Frame::read(&written[4..]).ok(), Some(frame));
    }
    if let Ok(chunk) = Chunk::read(bytes) {
        std::hint::black_box(chunk.count().is_ok());
        let said = chunk.messages().map_while(Result::ok).collect();
        std::hint::black_box(janet_vault::bridge::admit(said));
    }
    std::hint::black_box(Header::read(bytes).is_ok());
    std::hint::black_box(Conclusion::read(bytes).is_ok());
});
