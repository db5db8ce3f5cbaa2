//! Bytes of a fixed length as hexadecimal digits: what cannot be written in two ways.

/// Lower-case digits.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of exactly so many lower-case digits.
pub(crate) fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_back_and_nothing_else_does() {
        let all: Vec<u8> = (0..=255).collect();
        let all: [u8; 256] = all.try_into().expect("256");
        assert_eq!(bytes(&digits(&all)), Some(all));
        for wrong in ["", "0", "000", "0G", "0A", " 0", "+1", "é"] {
            assert_eq!(bytes::<1>(wrong), None, "{wrong:?}");
        }
    }
}
