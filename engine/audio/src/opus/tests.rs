use std::path::Path;
use std::time::Duration;

use super::*;
use crate::{resample, wav};

/// Recorded speech at 48 kHz.
fn speech() -> Vec<i16> {
    let clip =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/speech/austen_0930.wav");
    let bytes = std::fs::read(clip).expect("a clip of the tests'");
    let sound = wav::read_native(&bytes, Duration::from_secs(60)).expect("a WAV file");
    let sound = resample(&sound.samples, sound.rate_hz, RATE_HZ).expect("both rates are valid");
    sound.into_iter().map(wav::to_s16).collect()
}

fn frames(sound: &[i16]) -> impl Iterator<Item = &[i16; FRAME_SAMPLES]> {
    sound
        .chunks_exact(FRAME_SAMPLES)
        .map(|frame| frame.try_into().expect("a frame"))
}

fn packets(encoder: &mut Encoder, sound: &[i16]) -> Vec<Vec<u8>> {
    frames(sound)
        .map(|frame| encoder.encode(frame).expect("a frame").to_vec())
        .collect()
}

fn level(sound: &[f32]) -> f32 {
    (sound.iter().map(|s| s * s).sum::<f32>() / sound.len().max(1) as f32).sqrt()
}

/// How far `signal` stands above what differs from it in `heard`, in dB.
fn snr_db(signal: &[f32], heard: &[f32]) -> f32 {
    let error: Vec<f32> = signal.iter().zip(heard).map(|(s, h)| s - h).collect();
    20.0 * (level(signal) / level(&error)).log10()
}

fn to_floats(sound: &[i16]) -> Vec<f32> {
    sound.iter().map(|s| f32::from(*s) / 32768.0).collect()
}

/// Opus keeps what speech sounds like, not its waveform: 3 to 4 dB were measured; sound that has nothing to
/// do with it stands below 0.
const SAME_SPEECH_DB: f32 = 2.5;

#[test]
fn speech_comes_back_as_loud_and_little_changed() {
    let sound = speech();
    let mut encoder = Encoder::new().expect("libopus");
    let mut decoder = Decoder::new(RATE_HZ).expect("a rate");
    let packets = packets(&mut encoder, &sound);
    let mut heard = Vec::new();
    for packet in &packets {
        heard.extend_from_slice(decoder.decode(packet).expect("a packet"));
    }
    let seconds = packets.len() as f32 / 50.0;
    let kbits = packets.iter().map(Vec::len).sum::<usize>() as f32 * 8.0 / 1000.0 / seconds;
    assert!((20.0..36.0).contains(&kbits), "{kbits} kbit/s");
    let sent = to_floats(&sound);
    let lag = encoder.lookahead_samples() as usize;
    assert!((100..700).contains(&lag), "{lag}");
    let (sent, heard) = (&sent[..heard.len() - lag], &heard[lag..]);
    let db = 20.0 * (level(heard) / level(sent)).log10();
    assert!(db.abs() < 1.0, "{db} dB louder");
    let snr = snr_db(sent, heard);
    assert!(snr > SAME_SPEECH_DB, "{snr} dB");
}

#[test]
fn a_decoder_for_the_recogniser_gives_the_same_speech_at_its_rate() {
    let sound = speech();
    let mut encoder = Encoder::new().expect("libopus");
    let mut decoder = Decoder::new(16_000).expect("a rate");
    let mut heard = Vec::new();
    for packet in packets(&mut encoder, &sound) {
        let sound = decoder.decode(&packet).expect("a packet");
        assert_eq!(sound.len(), 320);
        heard.extend_from_slice(sound);
    }
    let sent = resample(&to_floats(&sound), RATE_HZ, 16_000).expect("rates");
    // By the delay that fits best: the decoder's own differs with its rate.
    let best = (0..400)
        .map(|lag| snr_db(&sent[..heard.len() - 400], &heard[lag..]))
        .fold(f32::MIN, f32::max);
    assert!(best > SAME_SPEECH_DB, "{best} dB");
    assert!(matches!(Decoder::new(44_100), Err(OpusError::Rate(44_100))));
}

/// Decodes with every tenth packet lost and what stands in for it, which is compared with what the
/// packet would have been.
fn mended(
    packets: &[Vec<u8>],
    mut mend: impl FnMut(&mut Decoder, &[u8]) -> Vec<f32>,
) -> (f32, usize) {
    let mut whole = Decoder::new(RATE_HZ).expect("a rate");
    let mut holed = Decoder::new(RATE_HZ).expect("a rate");
    let (mut true_sound, mut stand_in, mut copies) = (Vec::new(), Vec::new(), 0);
    for (number, packet) in packets.iter().enumerate() {
        let sound = whole.decode(packet).expect("a packet").to_vec();
        match packets.get(number + 1) {
            Some(next) if number % 10 == 9 => {
                let mended = mend(&mut holed, next);
                assert_eq!(mended.len(), FRAME_SAMPLES);
                if level(&sound) > 0.01 && has_copy(next) {
                    copies += 1;
                    true_sound.extend(sound);
                    stand_in.extend(mended);
                }
            }
            _ => drop(holed.decode(packet).expect("a packet")),
        }
    }
    (snr_db(&true_sound, &stand_in), copies)
}

#[test]
fn a_lost_packet_is_made_up_and_better_recovered_from_the_next() {
    let mut encoder = Encoder::new().expect("libopus");
    let packets = packets(&mut encoder, &speech());
    let (concealed, _) = mended(&packets, |decoder, _| {
        decoder.conceal().expect("a sound").to_vec()
    });
    let (recovered, copies) = mended(&packets, |decoder, next| {
        decoder.recover(next).expect("a packet").to_vec()
    });
    assert!(copies >= 5, "{copies} losses in speech had a copy");
    assert!(
        recovered > concealed + 3.0,
        "recovered {recovered} dB, concealed {concealed} dB"
    );
}

#[test]
fn what_is_made_up_sounds_and_fades_away() {
    let sound = speech();
    let mut encoder = Encoder::new().expect("libopus");
    let mut decoder = Decoder::new(RATE_HZ).expect("a rate");
    let loud = frames(&sound)
        .position(|frame| level(&to_floats(frame)) > 0.05)
        .expect("somebody speaks");
    for packet in &packets(&mut encoder, &sound)[..loud + 3] {
        decoder.decode(packet).expect("a packet");
    }
    let first = level(decoder.conceal().expect("a sound"));
    assert!(first > 0.01, "{first}");
    for _ in 0..50 {
        decoder.conceal().expect("a sound");
    }
    let last = level(decoder.conceal().expect("a sound"));
    assert!(last < first / 10.0, "{first}, then {last}");
}

#[test]
fn garbage_is_an_error_and_the_decoder_lives() {
    let sound = speech();
    let mut encoder = Encoder::new().expect("libopus");
    let mut decoder = Decoder::new(16_000).expect("a rate");
    let packets = packets(&mut encoder, &sound[..FRAME_SAMPLES * 50]);
    let mut rng = fastrand::Rng::with_seed(5);
    let mut refused = 0;
    for packet in &packets {
        let garbage: Vec<u8> = (0..rng.usize(1..200)).map(|_| rng.u8(..)).collect();
        refused += u32::from(decoder.decode(&garbage).is_err());
        _ = has_copy(&garbage);
        assert_eq!(decoder.decode(packet).expect("a packet").len(), 320);
    }
    assert!(refused > 0);
    assert_eq!(decoder.decode(&[]), Err(OpusError::Empty));
    assert_eq!(decoder.recover(&[]), Err(OpusError::Empty));
    // A first byte that promises more frames than there are bytes.
    assert!(matches!(
        decoder.decode(&[0xFF]),
        Err(OpusError::Malformed(_))
    ));
}

#[test]
fn silence_is_one_packet_that_holds_nothing_of_what_was_said() {
    let sound = speech();
    let mut encoder = Encoder::new().expect("libopus");
    let silence = encoder.silence().to_vec();
    assert!(!has_copy(&silence));
    let mut decoder = Decoder::new(RATE_HZ).expect("a rate");
    for packet in packets(&mut encoder, &sound) {
        decoder.decode(&packet).expect("a packet");
    }
    let levels: Vec<f32> = (0..10)
        .map(|_| level(decoder.decode(&silence).expect("a packet")))
        .collect();
    assert!(levels[9] < 1e-4, "{levels:?}");
}

#[test]
fn the_network_s_loss_is_taken_as_far_as_it_helps() {
    let mut encoder = Encoder::new().expect("libopus");
    assert_eq!(encoder.loss_percent(), START_LOSS_PERCENT);
    encoder.set_loss(25).expect("a percentage");
    assert_eq!(encoder.loss_percent(), 25);
    encoder.set_loss(200).expect("a percentage");
    assert_eq!(encoder.loss_percent(), 50);
    encoder.encode(&[0; FRAME_SAMPLES]).expect("a frame");
}
