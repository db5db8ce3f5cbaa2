//! What a fuzzer does with its bytes, and what has to be true afterwards. Panics count as found.
//!
//! The targets in `fuzz/` call these; so does the test below, with every input that was kept.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use janet_audio::jitter::Packet;
use janet_protocol::{FaceFrame, Limits, parse, quic};
use rtc::peer_connection::message::RTCMessage;
use rtc::shared::marshal::Unmarshal as _;

use super::description::MOST_CANDIDATES;
use super::peer::{Happened, Peer};
use crate::media::{FRAME_US, Up};

/// An offer that is accepted, for a peer that has agreed; behind the byte that says what it is.
const OFFER: &str = include_str!("../../../fuzz/corpus/sdp/offer");
/// A STUN binding request up to its length, and the magic cookie (RFC 8489 §5).
const BINDING: [u8; 2] = [0, 1];
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// The attribute USERNAME (RFC 8489 §14.3).
const USERNAME: [u8; 2] = [0, 6];
/// Frames of a control stream, at most: the fuzzer's inputs are not long.
const LARGEST_FRAME: usize = 4096;
/// Stands for the number of our own stream (its SSRC) in what is read.
const OURS: &[u8; 4] = b"OURS";
/// Packets that we have sent before.
const SENT: u16 = 40;
/// Longest sound of an Opus packet: 120 ms (RFC 6716 §2.1.4), at 16 kHz.
const LONGEST_PACKET: usize = 1920;

/// A text frame. What is understood is written and understood again; what is not is refused in few words.
pub fn json(bytes: &[u8]) {
    let Ok(frame) = std::str::from_utf8(bytes) else {
        return;
    };
    match parse(frame, &Limits::default()) {
        Ok(incoming) => {
            let again = parse(&incoming.to_json(), &Limits::default());
            assert_eq!(again, Ok(incoming));
        }
        Err(error) => assert!(error.message.len() < 1024, "{}", error.message.len()),
    }
}

/// A description, and candidates behind it, a line each after an empty one. The first byte says whether it
/// is an offer or an answer.
pub fn sdp(bytes: &[u8]) {
    let Some((kind, rest)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(rest);
    let (description, candidates) = text.split_once("\n\n").unwrap_or((&text, ""));
    let (mut peer, now) = peer();
    let agreed = match kind % 2 {
        0 => peer.accept(now, description.to_owned()).is_ok(),
        _ => {
            peer.offer(now).expect("a new peer offers");
            peer.answered(now, description.to_owned()).is_ok()
        }
    };
    if !agreed {
        // Nobody goes on with such a peer.
        return;
    }
    let candidates = candidates.lines();
    let taken = candidates.filter(|line| peer.candidate((*line).to_owned()).is_ok());
    let taken = taken.count();
    assert!(taken <= MOST_CANDIDATES);
    settle(&mut peer, now);
}

/// Datagrams at a call's port: a byte for the kind, two for the length, then so many. Nobody gets in by them,
/// whoever it is: that takes the call's password and its certificate.
pub fn datagram(bytes: &[u8]) {
    let (mut peer, now) = peer();
    let answer = peer
        .accept(now, OFFER[1..].to_owned())
        .expect("the offer is fine");
    let fragment = answer
        .lines()
        .find_map(|line| line.strip_prefix("a=ice-ufrag:"))
        .expect("an answer has a fragment");
    let mut rest = bytes;
    while let [kind, high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        let (payload, next) = behind.split_at(length);
        let bytes = match kind % 2 {
            0 => payload.into(),
            _ => check(fragment, payload),
        };
        peer.datagram(now, address(1), address(2), bytes);
        rest = next;
    }
    settle(&mut peer, now);
}

/// What comes over QUIC: datagrams and a control stream, of the same bytes. The stream is cut where the first
/// byte says; frames come out as they went in, wherever it is cut.
pub fn quic(bytes: &[u8]) {
    if let Ok(header) = quic::Header::read(bytes) {
        let again = header.write(&bytes[quic::HEADER_BYTES..]);
        assert!(again.is_none_or(|again| again == bytes));
    }
    if let Ok(face) = FaceFrame::decode(bytes) {
        assert_eq!(FaceFrame::decode(&face.encode()), Ok(face));
    }
    let Some((cut, stream)) = bytes.split_first() else {
        return;
    };
    let (whole, cut) = (frames([stream]), usize::from(*cut).min(stream.len()));
    let (first, second) = stream.split_at(cut);
    assert_eq!(frames([first, second]), whole);
    let whole = whole.0.into_iter().map(String::from_utf8);
    for frame in whole.flatten() {
        assert_eq!(quic::frame(&frame).len(), 4 + frame.len());
        json(frame.as_bytes());
    }
}

/// The frames of a stream that comes in these parts; whether it breaks.
fn frames<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, bool) {
    let (mut reader, mut out) = (quic::FrameReader::new(LARGEST_FRAME), Vec::new());
    for part in parts {
        reader.push(part);
        loop {
            match reader.poll() {
                Ok(Some(frame)) => out.push(frame),
                Ok(None) => break,
                Err(_) => return (out, true),
            }
        }
    }
    (out, false)
}

/// Packets of a call: a byte for the time since the last, in ms, two for the sequence number, four for the
/// timestamp, one for the length, then so many. What is told of them is bounded by their number. And the same
/// bytes as packets of RTP and RTCP of somebody who is in a call.
pub fn rtp(bytes: &[u8]) {
    heard(bytes);
    read(bytes);
}

fn heard(bytes: &[u8]) {
    let mut up = Up::new().expect("Opus has a decoder");
    let (mut now_us, mut packets, mut out) = (0, 0, Vec::new());
    let mut rest = bytes;
    while let [late, s0, s1, t0, t1, t2, t3, length, behind @ ..] = rest {
        let (payload, next) = behind.split_at(usize::from(*length).min(behind.len()));
        now_us += u64::from(*late) * 1000;
        let packet = Packet {
            sequence: u16::from_be_bytes([*s0, *s1]),
            timestamp: u32::from_be_bytes([*t0, *t1, *t2, *t3]),
            payload: Bytes::copy_from_slice(payload),
        };
        up.push(now_us, packet);
        up.pull(now_us, &mut out);
        packets += 1;
        rest = next;
    }
    while let Some(due) = up.timeout() {
        now_us = now_us.max(due) + FRAME_US;
        up.pull(now_us, &mut out);
    }
    let told = up.stats();
    let most = (packets + told.missing as usize) * LONGEST_PACKET;
    assert!(out.len() <= most, "{} samples of {packets}", out.len());
}

/// What SRTP has decrypted: a byte for the kind (even: RTP, odd: RTCP), two for the length, then so many. Where
/// [`OURS`] stands in it is the number of our own stream. Nothing is sent again more than twice; how much was.
fn read(bytes: &[u8]) -> u64 {
    let (mut peer, mut now) = peer();
    let offer = OFFER[1..].replace("a=rtpmap:96 ", "a=rtcp-fb:96 nack\r\na=rtpmap:96 ");
    let answer = peer.accept(now, offer).expect("the offer is fine");
    assert!(
        answer.contains("a=rtcp-fb:96 nack"),
        "packets may be asked for"
    );
    let ours = answer
        .lines()
        .find_map(|line| line.strip_prefix("a=ssrc:")?.split(' ').next())
        .and_then(|ours| ours.parse::<u32>().ok());
    let ours = ours.expect("an answer names our stream");
    for sequence in 0..SENT {
        peer.voice(now, sequence, u32::from(sequence) * 960, &[0xF8]);
    }
    let mut up = Up::new().expect("Opus has a decoder");
    let (began, mut out) = (now, Vec::new());
    let mut rest = bytes;
    while let [kind, high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        let (message, next) = behind.split_at(length);
        if let Some(message) = message_of(*kind, named(message, ours)) {
            peer.read(now, message);
        }
        now += Duration::from_millis(5);
        if peer.timeout().is_some_and(|due| due <= now) {
            peer.on_timeout(now);
        }
        let now_us = (now - began).as_micros() as u64;
        while let Some(happened) = peer.poll() {
            match happened {
                Happened::Voice {
                    sequence,
                    timestamp,
                    payload,
                    is_again,
                } => {
                    let packet = Packet {
                        sequence,
                        timestamp,
                        payload,
                    };
                    match is_again {
                        true => up.push_again(now_us, packet),
                        false => up.push(now_us, packet),
                    }
                }
                Happened::Reported { lost_percent, .. } => assert!(lost_percent <= 100),
                _ => {}
            }
        }
        up.wait(peer.patience());
        up.pull(now_us, &mut out);
        while peer.poll_transmit().is_some() {}
        rest = next;
    }
    let given = peer.again().given;
    assert!(given <= 2 * u64::from(SENT));
    given
}

/// The bytes with our stream's number in them.
fn named(bytes: &[u8], ours: u32) -> Bytes {
    let mut bytes = bytes.to_vec();
    let places = bytes.windows(OURS.len()).enumerate();
    let places: Vec<usize> = places
        .filter_map(|(at, here)| (here == OURS).then_some(at))
        .collect();
    for at in places {
        bytes[at..at + OURS.len()].copy_from_slice(&ours.to_be_bytes());
    }
    bytes.into()
}

/// As the library reads it.
fn message_of(kind: u8, mut bytes: Bytes) -> Option<RTCMessage> {
    let track = "voice".to_owned();
    if kind.is_multiple_of(2) {
        let packet = rtc::rtp::Packet::unmarshal(&mut bytes).ok()?;
        return Some(RTCMessage::RtpPacket(track, packet));
    }
    let packets = rtc::rtcp::packet::unmarshal(&mut bytes).ok()?;
    Some(RTCMessage::RtcpPacket(track, packets))
}

fn peer() -> (Peer, Instant) {
    let now = Instant::now();
    let peer = Peer::new(now, &[address(1)]).expect("a peer needs nothing");
    (peer, now)
}

fn address(last: u8) -> SocketAddr {
    (Ipv4Addr::new(127, 0, 0, last), 9).into()
}

/// A connectivity check that names the call, with attributes of the fuzzer's.
fn check(fragment: &str, attributes: &[u8]) -> BytesMut {
    let name = format!("{fragment}:x");
    let padded = name.len().next_multiple_of(4);
    let length = 4 + padded + attributes.len();
    let mut bytes = BytesMut::new();
    bytes.extend_from_slice(&BINDING);
    bytes.extend_from_slice(&(length as u16).to_be_bytes());
    bytes.extend_from_slice(&COOKIE);
    bytes.extend_from_slice(&[7; 12]);
    bytes.extend_from_slice(&USERNAME);
    bytes.extend_from_slice(&(name.len() as u16).to_be_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes.resize(bytes.len() + padded - name.len(), 0);
    bytes.extend_from_slice(attributes);
    bytes
}

/// Some timers, and everything that comes of it.
fn settle(peer: &mut Peer, mut now: Instant) {
    for _ in 0..20 {
        while peer.poll_transmit().is_some() {}
        while let Some(happened) = peer.poll() {
            let is_in = matches!(
                happened,
                Happened::Connected
                    | Happened::Voice { .. }
                    | Happened::Text(_)
                    | Happened::EventsOpen
            );
            assert!(!is_in, "nobody proved to be anybody: {happened:?}");
        }
        let Some(due) = peer.timeout() else {
            return;
        };
        now = due.max(now + Duration::from_millis(50));
        peer.on_timeout(now);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn all(target: &str, drive: fn(&[u8])) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
        let inputs = std::fs::read_dir(folder.join(target)).expect("the corpus is checked in");
        let mut seen = 0;
        for input in inputs {
            let path = input.expect("it can be listed").path();
            drive(&std::fs::read(&path).expect("it can be read"));
            seen += 1;
        }
        assert!(seen > 3, "{target} has {seen} inputs");
    }

    #[test]
    fn kept_frames_are_understood_or_refused() {
        all("json", json);
    }

    #[test]
    fn kept_descriptions_are_agreed_to_or_refused() {
        all("sdp", sdp);
    }

    #[test]
    fn kept_datagrams_let_nobody_in() {
        all("datagram", datagram);
    }

    #[test]
    fn kept_streams_are_cut_into_frames_or_break() {
        all("quic", quic);
    }

    #[test]
    fn kept_packets_are_heard_or_mended() {
        all("rtp", rtp);
    }

    #[test]
    fn who_asks_for_a_packet_of_ours_is_given_it() {
        // RFC 4585 §6.2.1: generic NACK, three words, from 7, of ours, for 3 and none behind it.
        let nack = |of: &[u8; 4]| {
            let head = [1, 0, 16, 0x81, 205, 0, 3, 0, 0, 0, 7];
            [&head[..], of, &[0, 3, 0, 0]].concat()
        };
        assert_eq!(read(&nack(OURS)), 1);
        assert_eq!(read(&nack(b"else")), 0);
    }
}
