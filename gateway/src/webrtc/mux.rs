//! Whose a datagram is, where all calls share one port.
//!
//! The first datagram of a far end is a STUN request that names the call (RFC 8445 §7.2.2: the first half
//! of USERNAME is the receiver's user fragment). Everything after it is known by its address. An address is
//! learned when the call's ICE agent sends to it. One that is only tried is nobody's but the first one's:
//! otherwise anybody could name somebody else's address as a candidate, and take his packets away. One that
//! the agent has answered, so that the sender knew the call's password, may be claimed by several: who
//! forges the address of somebody else's call claims it beside him. What comes from there then goes to all
//! of them, and each call's keys tell what is its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::BytesMut;

/// Addresses of one call. Of more, one that proves itself takes the place of the oldest, and none is learned
/// that was only tried: a far end has a few candidates.
const ADDRESSES: usize = 32;
/// Calls that claim one address. Nobody who has it loses it to another. Twice the calls that one device can
/// have, so that none that forges addresses takes all claims to one before whoever has it comes.
const CLAIMANTS: usize = 16;
/// A STUN header, and the value that tells it from everything else (RFC 8489 §5).
const STUN_HEADER: usize = 20;
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// The attribute USERNAME (RFC 8489 §14.3).
const USERNAME: u16 = 0x0006;
/// Types of a request and of its success (RFC 8489 §18.1).
const REQUEST: u16 = 0x0001;
const SUCCESS: u16 = 0x0101;

/// Counts calls; never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallNo(pub(super) u64);

/// Who is where.
#[derive(Debug)]
pub(super) struct Mux<T> {
    calls: HashMap<CallNo, Entry<T>>,
    by_fragment: HashMap<String, CallNo>,
    by_address: HashMap<SocketAddr, Vec<CallNo>>,
}

#[derive(Debug)]
struct Entry<T> {
    queue: T,
    fragment: String,
    addresses: Vec<SocketAddr>,
}

impl<T> Default for Mux<T> {
    fn default() -> Self {
        Self {
            calls: HashMap::new(),
            by_fragment: HashMap::new(),
            by_address: HashMap::new(),
        }
    }
}

impl<T> Mux<T> {
    /// A call that is named by this user fragment; its datagrams go into this queue.
    pub(super) fn enter(&mut self, call: CallNo, fragment: &str, queue: T) {
        self.by_fragment.insert(fragment.to_owned(), call);
        let entry = Entry {
            queue,
            fragment: fragment.to_owned(),
            addresses: Vec::new(),
        };
        self.calls.insert(call, entry);
    }

    /// A call looks for a new way, under a new user fragment (RFC 8445 §9). Voice goes on to come from where
    /// it came from.
    pub(super) fn rename(&mut self, call: CallNo, fragment: &str) {
        let Some(entry) = self.calls.get_mut(&call) else {
            return;
        };
        let old = std::mem::replace(&mut entry.fragment, fragment.to_owned());
        if self.by_fragment.get(&old) == Some(&call) {
            self.by_fragment.remove(&old);
        }
        self.by_fragment.insert(fragment.to_owned(), call);
    }

    /// A call has ended.
    pub(super) fn leave(&mut self, call: CallNo) {
        let Some(entry) = self.calls.remove(&call) else {
            return;
        };
        if self.by_fragment.get(&entry.fragment) == Some(&call) {
            self.by_fragment.remove(&entry.fragment);
        }
        for address in entry.addresses {
            self.give_up(call, address);
        }
    }

    fn give_up(&mut self, call: CallNo, address: SocketAddr) {
        if let Some(claimants) = self.by_address.get_mut(&address) {
            claimants.retain(|other| *other != call);
            if claimants.is_empty() {
                self.by_address.remove(&address);
            }
        }
    }

    /// The queues that a datagram belongs into.
    pub(super) fn whose<'a>(
        &'a self,
        from: SocketAddr,
        datagram: &[u8],
    ) -> impl Iterator<Item = &'a T> + use<'a, T> {
        let named = fragment_of(datagram).and_then(|fragment| self.by_fragment.get(fragment));
        let calls = match named {
            Some(call) => std::slice::from_ref(call),
            None => self.by_address.get(&from).map_or(&[][..], Vec::as_slice),
        };
        let entries = calls.iter().filter_map(|call| self.calls.get(call));
        entries.map(|entry| &entry.queue)
    }

    /// A call sends this to there.
    pub(super) fn sent(&mut self, call: CallNo, to: SocketAddr, datagram: &[u8]) {
        let is_proved = match stun_type(datagram) {
            Some(SUCCESS) => true,
            Some(REQUEST) => false,
            _ => return,
        };
        let known = self.by_address.get(&to).map_or(&[][..], Vec::as_slice);
        let is_free = known.is_empty() || (is_proved && known.len() < CLAIMANTS);
        if known.contains(&call) || !is_free {
            return;
        }
        let Some(entry) = self.calls.get_mut(&call) else {
            return;
        };
        let mut forgotten = None;
        if entry.addresses.len() == ADDRESSES {
            if !is_proved {
                return;
            }
            forgotten = Some(entry.addresses.remove(0));
        }
        entry.addresses.push(to);
        if let Some(old) = forgotten {
            self.give_up(call, old);
        }
        self.by_address.entry(to).or_default().push(call);
    }

    /// Whether nobody calls.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// How many calls, names and addresses there are.
    pub(super) fn len(&self) -> (usize, usize, usize) {
        (
            self.calls.len(),
            self.by_fragment.len(),
            self.by_address.len(),
        )
    }
}

/// A datagram as it came.
#[derive(Clone, Debug)]
pub(super) struct Datagram {
    pub(super) from: SocketAddr,
    /// At which of our addresses.
    pub(super) to: SocketAddr,
    /// When it came.
    pub(super) at: Instant,
    pub(super) bytes: BytesMut,
}

fn stun_type(datagram: &[u8]) -> Option<u16> {
    let header = datagram.get(..STUN_HEADER)?;
    (header[4..8] == STUN_COOKIE).then(|| u16::from_be_bytes([header[0], header[1]]))
}

/// The receiver's user fragment in a STUN request.
fn fragment_of(datagram: &[u8]) -> Option<&str> {
    if stun_type(datagram)? != REQUEST {
        return None;
    }
    let mut rest = datagram.get(STUN_HEADER..)?;
    while let [t0, t1, l0, l1, body @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([*l0, *l1]));
        if u16::from_be_bytes([*t0, *t1]) == USERNAME {
            let name = std::str::from_utf8(body.get(..len)?).ok()?;
            return name.split(':').next();
        }
        // Attributes are padded to four bytes.
        rest = body.get(len.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stun(kind: u16, username: Option<&str>) -> Vec<u8> {
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend([0, 0]);
        bytes.extend(STUN_COOKIE);
        bytes.extend([7; 12]);
        // Something before it, whose length is no multiple of four.
        bytes.extend([0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
        if let Some(name) = username {
            bytes.extend(USERNAME.to_be_bytes());
            bytes.extend((name.len() as u16).to_be_bytes());
            bytes.extend(name.as_bytes());
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    const VOICE: [u8; 13] = [0x80; 13];

    fn whose(mux: &Mux<char>, from: SocketAddr, datagram: &[u8]) -> String {
        mux.whose(from, datagram).collect()
    }

    #[test]
    fn a_call_is_known_by_its_name_first_and_then_by_its_address() {
        let mut mux = Mux::default();
        mux.enter(CallNo(1), "abcd", 'a');
        mux.enter(CallNo(2), "efghi", 'b');
        assert_eq!(whose(&mux, at(9), &stun(REQUEST, Some("efghi:x"))), "b");
        assert_eq!(whose(&mux, at(9), &stun(REQUEST, Some("nobody:x"))), "");
        assert_eq!(whose(&mux, at(9), &VOICE), "");
        mux.sent(CallNo(2), at(9), &stun(SUCCESS, None));
        assert_eq!(whose(&mux, at(9), &VOICE), "b");
        assert_eq!(whose(&mux, at(9), &stun(SUCCESS, None)), "b");
        mux.leave(CallNo(2));
        assert_eq!(whose(&mux, at(9), &VOICE), "");
        mux.leave(CallNo(1));
        assert_eq!(mux.len(), (0, 0, 0));
    }

    #[test]
    fn nobody_loses_an_address_to_who_only_names_it_or_forges_it() {
        let mut mux = Mux::default();
        mux.enter(CallNo(1), "abcd", 'a');
        mux.enter(CallNo(2), "efgh", 'b');
        mux.sent(CallNo(1), at(9), &stun(SUCCESS, None));
        // Tried only: somebody named an address that is not his.
        mux.sent(CallNo(2), at(9), &stun(REQUEST, None));
        assert_eq!(whose(&mux, at(9), &VOICE), "a");
        // Somebody sent with the address of another, or both are behind it in truth.
        for _ in 0..3 {
            mux.sent(CallNo(2), at(9), &stun(SUCCESS, None));
        }
        assert_eq!(whose(&mux, at(9), &VOICE), "ab");
        // What names a call is its own all the same.
        assert_eq!(whose(&mux, at(9), &stun(REQUEST, Some("efgh:x"))), "b");
        mux.leave(CallNo(1));
        assert_eq!(whose(&mux, at(9), &VOICE), "b");
        // Voice alone teaches nothing.
        mux.sent(CallNo(2), at(10), &VOICE);
        assert_eq!(whose(&mux, at(10), &VOICE), "");
        mux.leave(CallNo(2));
        assert_eq!(mux.len(), (0, 0, 0));
    }

    #[test]
    fn who_claims_an_address_are_few_and_the_first_keeps_it() {
        let mut mux = Mux::default();
        for n in 0..20 {
            mux.enter(CallNo(n), &format!("name{n}"), char::from(b'a' + n as u8));
            mux.sent(CallNo(n), at(9), &stun(SUCCESS, None));
        }
        assert_eq!(whose(&mux, at(9), &VOICE), "abcdefghijklmnop");
        for n in 0..20 {
            mux.leave(CallNo(n));
        }
        assert_eq!(mux.len(), (0, 0, 0));
    }

    #[test]
    fn addresses_of_one_call_are_few() {
        let mut mux = Mux::default();
        mux.enter(CallNo(1), "abcd", 'a');
        for port in 0..1000 {
            mux.sent(CallNo(1), at(port), &stun(REQUEST, None));
        }
        assert_eq!(mux.len(), (1, 1, ADDRESSES));
        // Who has moved often is still found.
        mux.sent(CallNo(1), at(2000), &stun(SUCCESS, None));
        assert_eq!(mux.len(), (1, 1, ADDRESSES));
        assert_eq!(whose(&mux, at(2000), &VOICE), "a");
        assert_eq!(whose(&mux, at(0), &VOICE), "");
    }

    #[test]
    fn a_call_that_looks_for_a_new_way_has_a_new_name_and_its_old_addresses() {
        let mut mux = Mux::default();
        mux.enter(CallNo(1), "abcd", 'a');
        mux.sent(CallNo(1), at(9), &stun(SUCCESS, None));
        mux.rename(CallNo(1), "wxyz");
        assert_eq!(whose(&mux, at(8), &stun(REQUEST, Some("abcd:x"))), "");
        assert_eq!(whose(&mux, at(8), &stun(REQUEST, Some("wxyz:x"))), "a");
        assert_eq!(whose(&mux, at(9), &VOICE), "a");
        mux.leave(CallNo(1));
        assert_eq!(mux.len(), (0, 0, 0));
        mux.rename(CallNo(1), "late");
        assert_eq!(mux.len(), (0, 0, 0));
    }

    #[test]
    fn garbage_is_nobody_s() {
        let mut mux = Mux::default();
        mux.enter(CallNo(1), "abcd", 'a');
        let mut rng = fastrand::Rng::with_seed(6);
        for _ in 0..10_000 {
            let mut bytes = stun(REQUEST, Some("abcd:x"));
            bytes.truncate(rng.usize(..bytes.len()));
            if let Some(at) = (!bytes.is_empty()).then(|| rng.usize(..bytes.len())) {
                bytes[at] = rng.u8(..);
            }
            whose(&mux, at(9), &bytes);
        }
        assert_eq!(whose(&mux, at(9), &[]), "");
    }
}
