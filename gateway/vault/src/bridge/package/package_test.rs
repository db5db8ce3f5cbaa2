use super::*;
use crate::bridge::testing::{Here, two};
use crate::bridge::{Concluded, Wish};

/// A package as a file: several chunks of messages, entries of Green, names of Red.
fn file(a: &Here, b: &Here) -> Vec<u8> {
    let id = a.conversation(3);
    for n in 0..2 {
        a.shelf.put(&a.entry(n));
    }
    let wish = Wish {
        conversation: id,
        target: b.me(),
        handover: false,
        green: true,
        red: vec![crate::bridge::RedStub {
            name: "bank".into(),
        }],
    };
    let export = a.packed(a.survey_of(wish));
    let pass = a.thread.pass().expect("not pulled");
    let mut bytes = Vec::new();
    write_start(export.header(), &mut bytes);
    for number in 0..export.chunks() {
        write_chunk(
            &export.chunk(&pass, &a.store, number).expect("packed"),
            &mut bytes,
        );
    }
    let concluded = export
        .conclude(&pass, &a.store, &a.identity)
        .expect("concluded");
    let Concluded::Yes(conclusion) = concluded else {
        panic!("nobody said anything");
    };
    write_end(&conclusion, &mut bytes);
    bytes
}

#[test]
fn a_file_is_read_as_it_was_written() {
    let (_folder, a, b) = two();
    let bytes = file(&a, &b);
    let package = read(&bytes).expect("ours");
    assert_eq!(
        (package.header.source, package.header.target),
        (a.me(), b.me())
    );
    assert!(!package.header.handover);
    let texts: Vec<String> = package
        .chunks
        .iter()
        .flat_map(Chunk::messages)
        .map(|said| said.expect("one").text.into_exposed())
        .collect();
    assert_eq!(
        texts,
        ["networked says 1", "networked says 2", "networked says 3"]
    );
    let summaries = package.chunks.iter().flat_map(Chunk::summaries);
    assert_eq!(summaries.filter(Result::is_ok).count(), 2);
    let stubs = package.chunks.iter().flat_map(Chunk::stubs);
    assert_eq!(stubs.filter(Result::is_ok).count(), 1);
    // A copy leaves the conversation where it is.
    let known = a.store.known(9).expect("readable");
    assert!(
        known
            .iter()
            .all(|it| it.1 == crate::conversations::Standing::Here)
    );
}

#[test]
fn a_file_that_was_changed_in_any_byte_or_cut_anywhere_is_none() {
    let (_folder, a, b) = two();
    let bytes = file(&a, &b);
    for at in 0..bytes.len() {
        for bit in [1, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            assert!(read(&changed).is_err(), "byte {at}");
        }
        assert!(read(&bytes[..at]).is_err(), "cut at {at}");
    }
    let longer = [&bytes[..], b"x"].concat();
    assert_eq!(read(&longer).err(), Some(PackageError::Order));
}

#[test]
fn another_version_is_refused_by_name() {
    let (_folder, a, b) = two();
    let mut bytes = file(&a, &b);
    bytes[8] = 2;
    assert_eq!(read(&bytes).err(), Some(PackageError::Version { found: 2 }));
    let header = br#"{"version":7,"colour":"blue"}"#;
    let header = [&[0; 64][..], header].concat();
    assert_eq!(
        Header::read(&header),
        Err(PackageError::Version { found: 7 })
    );
}

#[test]
fn there_is_no_section_for_blue() {
    for code in 3..=255 {
        let bytes = [0, 0, 0, 0, code];
        assert!(Chunk::read(&bytes).is_err(), "{code}");
    }
}

#[test]
fn whatever_comes_is_read_without_a_panic() {
    let (_folder, a, b) = two();
    let good = file(&a, &b);
    for seed in 0..20_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut bytes = good.clone();
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(..bytes.len());
            match rng.u8(..4) {
                0 => bytes[at] = rng.u8(..),
                1 => drop(bytes.drain(at..(at + rng.usize(..40)).min(bytes.len()))),
                2 => bytes.insert(at, rng.u8(..)),
                _ => bytes.extend_from_within(at..(at + rng.usize(..40)).min(bytes.len())),
            }
            if bytes.is_empty() {
                break;
            }
        }
        if bytes != good {
            assert!(read(&bytes).is_err(), "seed {seed}");
        }
        // The pieces on their own, too: they are read before any signature is.
        if let Ok(chunk) = Chunk::read(&bytes[..bytes.len().min(200)]) {
            std::hint::black_box(chunk.count().is_ok());
        }
        drop(Conclusion::read(&bytes));
    }
}

/// Everything that strangers can send to the bridge, read as each of the things that it could be.
fn read_as_everything(bytes: &[u8]) {
    use crate::bridge::link::Frame;
    if let Ok(package) = read(bytes) {
        let mut again = Vec::new();
        write_start(package.header_bytes, &mut again);
        for chunk in &package.chunks {
            write_chunk(chunk.bytes(), &mut again);
        }
        write_end(package.conclusion_bytes, &mut again);
        assert_eq!(again, bytes, "what was read is all that was there");
    }
    if let Ok(frame) = Frame::read(bytes) {
        let written = frame.write();
        assert_eq!(Frame::read(&written[4..]).ok(), Some(frame));
    }
    let chunk = Chunk::read(bytes);
    let counted = chunk.map(|chunk| chunk.count());
    std::hint::black_box(counted.is_ok());
    std::hint::black_box(Header::read(bytes).is_ok());
    std::hint::black_box(Conclusion::read(bytes).is_ok());
}

/// With `UPDATE_CORPUS` set: writes one of each.
#[test]
fn the_corpus_of_the_fuzzer_is_read_without_a_panic() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/package");
    if std::env::var_os("UPDATE_CORPUS").is_some() {
        let (_folder, a, b) = two();
        let bytes = file(&a, &b);
        let package = read(&bytes).expect("ours");
        std::fs::create_dir_all(&folder).expect("a folder");
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.join(name), bytes).expect("written");
        };
        write("file", &bytes);
        write("header", package.header_bytes);
        write("conclusion", package.conclusion_bytes);
        for chunk in &package.chunks {
            let name = format!("{:?}", chunk.section).to_lowercase();
            write(&name, chunk.bytes());
            write(&format!("frame-{name}"), &[&[4], chunk.bytes()].concat());
        }
        write("frame-offer", &[&[2], package.header_bytes].concat());
        write("frame-kept", &[5, 1, 0, 0, 0]);
        write("frame-wanted", b"\x03{\"from\":3,\"missing\":[1,2]}");
        write(
            "frame-refused",
            b"\x08{\"reason\":\"busy\",\"never\":false}",
        );
    }
    let mut read = 0;
    for entry in std::fs::read_dir(&folder).expect("the corpus is checked in") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("a file");
        read_as_everything(&bytes);
        for cut in 0..bytes.len().min(300) {
            read_as_everything(&bytes[..cut]);
        }
        read += 1;
    }
    assert!(read >= 8, "{read} files");
}
