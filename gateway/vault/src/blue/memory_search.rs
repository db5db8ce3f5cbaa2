//! Looks for bytes in all memory of this process. For tests.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};

use zeroize::Zeroizing;

/// What is looked for. Kept under a mask, so that looking for it does not plant it.
pub(crate) struct Needle {
    pub(crate) masked: Vec<u8>,
    pub(crate) mask: Vec<u8>,
}

impl Needle {
    /// 32 random letters, and what finds them again.
    pub(crate) fn random() -> (Zeroizing<String>, Self) {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(bytes.as_mut_slice()).expect("random numbers");
        let mut text = Zeroizing::new(String::with_capacity(32));
        text.extend(bytes.iter().map(|byte| char::from(b'a' + byte % 26)));
        let needle = Self::of(text.as_bytes());
        (text, needle)
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut mask = vec![0; bytes.len()];
        getrandom::fill(&mut mask).expect("random numbers");
        let masked = bytes.iter().zip(&mask).map(|(byte, mask)| byte ^ mask);
        Self {
            masked: masked.collect(),
            mask,
        }
    }

    pub(crate) fn is_in(&self, bytes: &[u8]) -> bool {
        bytes.windows(self.mask.len()).any(|window| {
            let pairs = self.mask.iter().zip(&self.masked);
            window
                .iter()
                .zip(pairs)
                .all(|(byte, (mask, masked))| byte ^ mask == *masked)
        })
    }
}

/// In which mappings of this process the bytes stand, of all that can be read; and how much that was.
pub(crate) fn found_in_memory(needle: &Needle) -> (Vec<String>, usize) {
    const CHUNK: usize = 1 << 20;
    let maps = fs::read_to_string("/proc/self/maps").expect("its own mappings");
    let mut memory = File::open("/proc/self/mem").expect("its own memory");
    let mut buffer = Zeroizing::new(vec![0; CHUNK]);
    let (mut found, mut all) = (Vec::new(), 0);
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, access) = (
            fields.next().expect("a range"),
            fields.next().expect("access"),
        );
        if !access.starts_with('r') || line.ends_with("[vvar]") || line.ends_with("[vsyscall]") {
            continue;
        }
        let (start, end) = range.split_once('-').expect("from - to");
        let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
        let (mut at, end) = (number(start), number(end));
        // Its own reading would find what it has just read.
        let own = buffer.as_ptr() as u64;
        while at < end {
            let wanted = usize::try_from(end - at).expect("fits").min(CHUNK);
            let chunk = &mut buffer[..wanted];
            chunk.fill(0);
            memory.seek(SeekFrom::Start(at)).expect("an address");
            if memory.read_exact(chunk).is_ok() {
                all += wanted;
                // The chunk overlaps what is read into: that is a copy of the chunk before.
                let copy = at < own + CHUNK as u64 && own < at + wanted as u64;
                if needle.is_in(chunk) && !(copy && found.last().is_some_and(|last| last == line)) {
                    found.push(line.to_owned());
                    break;
                }
            }
            // A needle may lie across two chunks.
            let step = if wanted == CHUNK { CHUNK - 64 } else { wanted };
            at += step as u64;
        }
    }
    (found, all)
}
