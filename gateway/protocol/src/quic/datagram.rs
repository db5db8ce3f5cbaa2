//! The head of a datagram.

/// Bytes in front of the payload.
pub const HEADER_BYTES: usize = 9;

/// Longest datagram, head and payload: what every path of QUIC carries (RFC 9000 §14).
pub const LARGEST_DATAGRAM: usize = 1200;

/// What a datagram carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A packet of Opus, 20 ms. The timestamp is its first sample's position at 48 kHz.
    Opus,
    /// A frame of the face, from its `count` on. The timestamp is a sample position, too.
    Face,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Opus, Self::Face];

    /// Its number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::Opus => 1,
            Self::Face => 2,
        }
    }
}

/// What stands in front of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What follows.
    pub kind: Kind,
    /// The session, by its number.
    pub session: u16,
    /// Counts the datagrams of this session, kind and direction; wraps.
    pub sequence: u16,
    /// Sample position at 48 kHz; wraps.
    pub timestamp: u32,
}

/// Why a datagram is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadDatagram {
    /// Shorter than its head, or without a payload.
    Short,
    /// Longer than [`LARGEST_DATAGRAM`].
    Long,
    /// Of a kind that is not known (yet).
    UnknownKind(u8),
}

impl BadDatagram {
    /// Its name in measurements.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Long => "long",
            Self::UnknownKind(_) => "unknown_kind",
        }
    }
}

impl Header {
    /// Reads the head of a datagram; the payload is everything behind [`HEADER_BYTES`], and not empty.
    pub fn read(datagram: &[u8]) -> Result<Self, BadDatagram> {
        if datagram.len() > LARGEST_DATAGRAM {
            return Err(BadDatagram::Long);
        }
        let Some((head, payload)) = datagram.split_first_chunk::<HEADER_BYTES>() else {
            return Err(BadDatagram::Short);
        };
        let [number, s0, s1, n0, n1, t0, t1, t2, t3] = *head;
        let mut kinds = Kind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.number() == number);
        let kind = kind.ok_or(BadDatagram::UnknownKind(number))?;
        if payload.is_empty() {
            return Err(BadDatagram::Short);
        }
        Ok(Self {
            kind,
            session: u16::from_le_bytes([s0, s1]),
            sequence: u16::from_le_bytes([n0, n1]),
            timestamp: u32::from_le_bytes([t0, t1, t2, t3]),
        })
    }

    /// The datagram with this payload; `None`: it would be too long, or empty.
    pub fn write(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let len = HEADER_BYTES + payload.len();
        if payload.is_empty() || len > LARGEST_DATAGRAM {
            return None;
        }
        let mut datagram = Vec::with_capacity(len);
        datagram.push(self.kind.number());
        datagram.extend(self.session.to_le_bytes());
        datagram.extend(self.sequence.to_le_bytes());
        datagram.extend(self.timestamp.to_le_bytes());
        datagram.extend(payload);
        Some(datagram)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: Header = Header {
        kind: Kind::Opus,
        session: 0x0201,
        sequence: 0x0403,
        timestamp: 0x0807_0605,
    };

    #[test]
    fn a_datagram_is_what_the_protocol_says() {
        let datagram = HEADER.write(&[0xAA]).expect("short enough");
        assert_eq!(datagram, [1, 1, 2, 3, 4, 5, 6, 7, 8, 0xAA]);
        assert_eq!(Header::read(&datagram), Ok(HEADER));
        assert_eq!(Kind::ALL.map(Kind::number), [1, 2]);
    }

    #[test]
    fn every_wrong_length_is_refused_and_every_right_one_is_read() {
        let long = vec![1; LARGEST_DATAGRAM + 200];
        for len in 0..=long.len() {
            let expected = match len {
                0..=HEADER_BYTES => Some(BadDatagram::Short),
                _ if len <= LARGEST_DATAGRAM => None,
                _ => Some(BadDatagram::Long),
            };
            assert_eq!(Header::read(&long[..len]).err(), expected, "{len} bytes");
        }
        let payload = |len: usize| HEADER.write(&vec![0; len]);
        assert_eq!(payload(0), None);
        let most = LARGEST_DATAGRAM - HEADER_BYTES;
        assert_eq!(payload(most).map(|made| made.len()), Some(LARGEST_DATAGRAM));
        assert_eq!(payload(most + 1), None);
    }

    #[test]
    fn kinds_that_are_not_known_are_named() {
        for number in (0..=u8::MAX).filter(|number| ![1, 2].contains(number)) {
            let datagram = [number; HEADER_BYTES + 1];
            assert_eq!(
                Header::read(&datagram),
                Err(BadDatagram::UnknownKind(number))
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read(
            face in any::<bool>(), session: u16, sequence: u16, timestamp: u32,
            payload in proptest::collection::vec(any::<u8>(), 1..LARGEST_DATAGRAM - HEADER_BYTES),
        ) {
            let kind = if face { Kind::Face } else { Kind::Opus };
            let header = Header { kind, session, sequence, timestamp };
            let datagram = header.write(&payload).expect("short enough");
            prop_assert_eq!(Header::read(&datagram), Ok(header));
            prop_assert_eq!(&datagram[HEADER_BYTES..], &payload[..]);
        }

        #[test]
        fn whatever_is_read_would_be_written_so(bytes in proptest::collection::vec(any::<u8>(), 0..1400)) {
            if let Ok(header) = Header::read(&bytes) {
                prop_assert_eq!(header.write(&bytes[HEADER_BYTES..]), Some(bytes));
            }
        }
    }
}
