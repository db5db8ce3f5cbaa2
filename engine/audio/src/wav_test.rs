use super::*;

const LIMIT: Duration = Duration::from_secs(30);

/// A WAV file by hand, so that its header can be wrong.
fn file(tag: u16, channels: u16, rate_hz: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let block = channels * bits / 8;
    let mut out = Vec::new();
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(36 + data.len() as u32).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16u32.to_le_bytes());
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(&channels.to_le_bytes());
    out.extend_from_slice(&rate_hz.to_le_bytes());
    out.extend_from_slice(&(rate_hz * u32::from(block)).to_le_bytes());
    out.extend_from_slice(&block.to_le_bytes());
    out.extend_from_slice(&bits.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend_from_slice(&(data.len() as u32).to_le_bytes());
    out.extend_from_slice(data);
    out
}

fn near(found: &[f32], expected: &[f32], within: f32) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= within, "{found:?} is not {expected:?}");
    }
}

#[test]
fn every_width_reads_to_the_same_sound() {
    let wanted = [0.0, 0.5, -0.5, 0.25];
    let pcm = |bits: u32| -> Vec<u8> {
        let scale = (1u64 << (bits - 1)) as f32;
        wanted
            .iter()
            .flat_map(|w| ((w * scale) as i32).to_le_bytes()[..bits as usize / 8].to_vec())
            .collect()
    };
    let eight: Vec<u8> = wanted.iter().map(|w| (w * 128.0 + 128.0) as u8).collect();
    let float: Vec<u8> = wanted.iter().flat_map(|w| w.to_le_bytes()).collect();
    for (tag, bits, data) in [
        (1, 8, eight),
        (1, 16, pcm(16)),
        (1, 24, pcm(24)),
        (1, 32, pcm(32)),
        (3, 32, float),
    ] {
        let sound = read_native(&file(tag, 1, 16_000, bits, &data), LIMIT).expect("it is valid");
        near(&sound.samples, &wanted, 1e-6);
        assert_eq!(sound.rate_hz, 16_000, "{bits} bits");
    }
}

#[test]
fn channels_are_mixed_and_the_rate_is_converted() {
    let frame = |l: i16, r: i16| [l.to_le_bytes(), r.to_le_bytes()].concat();
    let data = frame(16384, -16384)
        .into_iter()
        .chain(frame(16384, 0))
        .collect::<Vec<_>>();
    near(
        &read_native(&file(1, 2, 16_000, 16, &data), LIMIT)
            .expect("valid")
            .samples,
        &[0.0, 0.25],
        1e-6,
    );
    let tone = vec![0u8; 2 * 2 * 44_100];
    assert_eq!(
        read(&file(1, 2, 44_100, 16, &tone), LIMIT)
            .expect("valid")
            .len(),
        16_000
    );
    assert_eq!(
        read(&file(1, 1, 8_000, 16, &[]), LIMIT)
            .expect("valid")
            .len(),
        0
    );
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    let say = |bytes: &[u8]| read(bytes, LIMIT).expect_err("it is refused").to_string();
    let whole = file(1, 1, 16_000, 16, &[0; 640]);
    assert_eq!(
        say(b"ID3 hello, I am no WAV"),
        "not a WAV file: no RIFF/WAVE header"
    );
    assert_eq!(
        say(&whole[..400]),
        "truncated WAV file: 178 of 320 samples of field data"
    );
    assert_eq!(
        say(&whole[..30]),
        "truncated WAV file: it ends inside its header"
    );
    assert_eq!(say(&file(1, 0, 16_000, 16, &[])), "field channels is 0");
    assert!(say(&file(17, 1, 16_000, 16, &[0; 4])).starts_with("unsupported codec"));
    assert!(say(&file(1, 1, 16_000, 17, &[0; 4])).starts_with("malformed WAV header"));
    assert!(say(&file(1, 1, 0, 16, &[0; 4])).starts_with("field sample_rate"));
    assert!(say(&file(1, 1, 500, 16, &[0; 4])).starts_with("field sample_rate"));
    assert_eq!(
        say(&file(1, 1, 1000, 16, &vec![0; 2 * 31_000])),
        "sound of 31.0 s is longer than the limit of 30.0 s"
    );
    let nan = [0.0f32, f32::NAN]
        .iter()
        .flat_map(|w| w.to_le_bytes())
        .collect::<Vec<_>>();
    assert_eq!(say(&file(3, 1, 16_000, 32, &nan)), "sample 1 is NaN");
    let inf = f32::NEG_INFINITY.to_le_bytes();
    assert_eq!(say(&file(3, 1, 16_000, 32, &inf)), "sample 0 is -inf");
    assert_eq!(
        read_s16le(&[1, 2, 3]).expect_err("odd").to_string(),
        "3 bytes are not a whole number of 16-bit samples"
    );
}

/// What sox and ffmpeg write into a pipe, 8 kHz, up to the samples.
const SOX: &[u8] = b"RIFF\x24\xf0\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\
    \x02\0\x10\0data\x00\xf0\xff\x7f";
const FFMPEG: &[u8] = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\
    \x02\0\x10\0LIST\x1a\0\0\0INFOISFT\x0e\0\0\0Lavf59.27.100\0data\xff\xff\xff\xff";

#[test]
fn a_streamed_file_is_read_to_its_end() {
    let sound = [&[0, 0x40, 0, 0xc0][..], &[0]].concat();
    for header in [SOX, FFMPEG] {
        let streamed = read_native(&[header, &sound].concat(), LIMIT).expect("it is a WAV file");
        assert_eq!(streamed.samples, [0.5, -0.5], "half a sample is left out");
        let silent = read_native(header, LIMIT).expect("it is a WAV file");
        assert!(silent.samples.is_empty());
    }
    for unknown in [0, 0x7FFF_FFFF - 36, 0x8000_0000, u32::MAX - 36] {
        let mut bytes = file(1, 2, 16_000, 16, &sound[..4]);
        bytes[4..8].copy_from_slice(&36u32.wrapping_add(unknown).to_le_bytes());
        bytes[40..44].copy_from_slice(&unknown.to_le_bytes());
        let streamed = read_native(&bytes, LIMIT).expect("it is a WAV file");
        assert_eq!(streamed.samples, [0.0], "length {unknown:#x}");
    }
    // Too long is too long, whatever the header knew.
    let minute = [SOX, &vec![0; 2 * 8_000 * 60][..]].concat();
    let error = read(&minute, LIMIT).expect_err("it is a minute");
    assert!(error.to_string().starts_with("sound of 60.0 s"), "{error}");
}

#[test]
fn a_length_that_may_be_honest_is_believed() {
    let mut short = file(1, 1, 16_000, 16, &[0; 8]);
    short[40..44].copy_from_slice(&0x7FFE_0000u32.to_le_bytes());
    let error = read(&short, Duration::from_secs(1_000_000)).expect_err("it is cut");
    assert!(
        matches!(error, WavError::Truncated { had: 4, .. }),
        "{error}"
    );
    // No sound, and a remark behind it that is none.
    let mut empty = file(1, 1, 16_000, 16, &[]);
    empty.extend_from_slice(b"LIST\x04\0\0\0INFO");
    let length = empty.len() as u32 - 8;
    empty[4..8].copy_from_slice(&length.to_le_bytes());
    let sound = read_native(&empty, LIMIT).expect("it is a WAV file");
    assert!(sound.samples.is_empty());
}

#[test]
fn stray_bytes_are_no_sound_and_odd_chunks_are_padded() {
    let ten = file(1, 2, 16_000, 16, &[1; 10]);
    assert_eq!(
        read_native(&ten, LIMIT).expect("two blocks").samples.len(),
        2
    );
    let plain = file(1, 1, 16_000, 16, &[0, 0x40]);
    let odd = [&plain[..36], b"note\x03\0\0\0abc\0", &plain[36..]].concat();
    assert_eq!(read_native(&odd, LIMIT).expect("one").samples, [0.5]);
}

#[test]
fn no_prefix_and_no_flipped_byte_panics() {
    let whole = file(1, 2, 44_100, 24, &[7; 300]);
    for cut in 0..whole.len() {
        assert!(read(&whole[..cut], LIMIT).is_err(), "{cut} bytes");
    }
    for at in 0..44 {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let _either_is_fine = read(&bytes, LIMIT);
        }
    }
}

#[test]
fn what_is_written_reads_back_and_clips() {
    let bytes = write(&[0.0, 0.5, -0.5, 2.0, -3.0, f32::NAN], 24_000);
    let sound = read_native(&bytes, LIMIT).expect("we wrote it");
    assert_eq!(sound.rate_hz, 24_000);
    near(&sound.samples, &[0.0, 0.5, -0.5, 1.0, -1.0, 0.0], 1e-4);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.wav");
    write_file(&path, &[0.1; 10], 16_000).expect("the folder is writable");
    assert_eq!(
        std::fs::read(&path).expect("it is there"),
        write(&[0.1; 10], 16_000)
    );
    assert_eq!(read_s16le(&[0, 0x40, 0, 0xc0]).expect("even"), [0.5, -0.5]);
}
