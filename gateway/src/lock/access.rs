//! Who may have what: decided before anything is read of a request but its head.
//!
//! ```text
//!  from loopback ──────────────▶ Here: the operator, as ever
//!  from elsewhere, TLS, key ───▶ Device: the role that it was paired with
//!  from elsewhere, TLS ────────▶ Stranger: the page, and a socket that may pair
//!  private network, plain, server.legacy_lan ─▶ Guest: a socket, nothing else
//!  from elsewhere, plain ──────▶ nothing: told to come by TLS
//! ```
//! Pure: the key was looked up before.

use std::net::{IpAddr, SocketAddr};

use janet_protocol::Role;
use janet_vault::conversations::Owner;

use super::registry::DeviceId;

/// How a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Plain,
    Tls,
}

/// The other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Not for logs.
    pub(crate) address: IpAddr,
    pub(crate) way: Way,
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({:?})", self.way)
    }
}

impl Peer {
    pub(crate) fn new(address: SocketAddr, way: Way) -> Self {
        Self {
            // A socket for both families shows 127.0.0.1 as an address of IPv6.
            address: address.ip().to_canonical(),
            way,
        }
    }

    /// Whether it is on this machine.
    pub(crate) fn is_here(&self) -> bool {
        self.address.is_loopback()
    }
}

/// What was shown of a device key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// None.
    Nothing,
    /// One that is not known (any more).
    Unknown,
    /// This device's.
    Device(DeviceId, Role),
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Somebody on this machine: the operator.
    Here,
    /// A paired device.
    Device(DeviceId, Role),
    /// Over TLS, without a key.
    Stranger,
    /// The same, with a key that is not known: worth another word.
    Refused,
    /// An older client of the house, over plain TCP.
    Guest,
}

/// Who asks, and from where: with every request that was let in.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) peer: Peer,
    pub(crate) access: Access,
}

/// Over plain TCP from elsewhere, where that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NeedsTls;

impl Access {
    /// Of a connection that showed this.
    pub(crate) fn of(peer: &Peer, shown: Shown, legacy_lan: bool) -> Result<Self, NeedsTls> {
        if peer.is_here() {
            // Whatever key a program sends along: many cannot send none.
            return Ok(Self::Here);
        }
        match (peer.way, shown) {
            (Way::Tls, Shown::Device(id, role)) => Ok(Self::Device(id, role)),
            (Way::Tls, Shown::Nothing) => Ok(Self::Stranger),
            (Way::Tls, Shown::Unknown) => Ok(Self::Refused),
            // A key that came in the clear is nobody's.
            (Way::Plain, _) if legacy_lan && is_of_the_house(peer.address) => Ok(Self::Guest),
            (Way::Plain, _) => Err(NeedsTls),
        }
    }

    /// What it may do; `None`: pair, and nothing else.
    pub(crate) fn role(&self) -> Option<Role> {
        match self {
            Self::Here => Some(Role::Operator),
            Self::Device(_, role) => Some(*role),
            Self::Guest => Some(Role::Guest),
            Self::Stranger | Self::Refused => None,
        }
    }

    /// Whose the conversations are that it begins and may come back to; `None`: nobody's.
    pub(crate) fn owner(&self) -> Option<Owner> {
        match self {
            Self::Here | Self::Device(_, Role::Operator) => Some(Owner::Operator),
            Self::Device(id, Role::Guest) => Some(Owner::Guest(id.0.clone())),
            Self::Guest => Some(Owner::Keyless),
            Self::Stranger | Self::Refused => None,
        }
    }

    /// Whose key was shown.
    pub(crate) fn device(&self) -> Option<&DeviceId> {
        match self {
            Self::Device(id, _) => Some(id),
            _ => None,
        }
    }
}

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The page's files: nobody's secret.
    Page,
    /// A WebSocket, which sees for itself.
    Socket,
    /// What other software asks, and whether Janet is well.
    Api,
    /// How much she is used.
    Metrics,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Without a key, or with one that is not known: 401.
    NoKey,
    /// Not with this role: 403.
    Role,
}

impl Access {
    /// Whether it may have this.
    pub(crate) fn may(&self, asked: Asked) -> Result<(), Denied> {
        match (self, asked) {
            (Self::Here, _) | (Self::Device(..), Asked::Page | Asked::Socket | Asked::Api) => {
                Ok(())
            }
            (Self::Device(_, Role::Operator), Asked::Metrics) => Ok(()),
            (Self::Device(_, Role::Guest), Asked::Metrics) => Err(Denied::Role),
            (Self::Stranger | Self::Refused, Asked::Page | Asked::Socket) => Ok(()),
            (Self::Stranger | Self::Refused, Asked::Api | Asked::Metrics) => Err(Denied::NoKey),
            (Self::Guest, Asked::Socket) => Ok(()),
            (Self::Guest, _) => Err(Denied::Role),
        }
    }
}

/// Whether an address is one of a network that nobody outside can use.
fn is_of_the_house(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str, way: Way) -> Peer {
        let address = address.parse::<IpAddr>().expect("an address");
        Peer::new(SocketAddr::new(address, 5000), way)
    }

    #[test]
    fn where_somebody_comes_from_and_what_they_show_decides_who_they_are() {
        let id = || DeviceId("a".into());
        let phone = || Shown::Device(id(), Role::Operator);
        let none = || Shown::Nothing;
        let rows = [
            ("127.0.0.1", Way::Plain, none(), false, Ok(Access::Here)),
            (
                "127.9.9.9",
                Way::Tls,
                Shown::Unknown,
                false,
                Ok(Access::Here),
            ),
            ("::1", Way::Plain, phone(), true, Ok(Access::Here)),
            (
                "::ffff:127.0.0.1",
                Way::Plain,
                none(),
                false,
                Ok(Access::Here),
            ),
            (
                "192.168.1.7",
                Way::Tls,
                phone(),
                false,
                Ok(Access::Device(id(), Role::Operator)),
            ),
            (
                "8.8.8.8",
                Way::Tls,
                phone(),
                false,
                Ok(Access::Device(id(), Role::Operator)),
            ),
            ("192.168.1.7", Way::Tls, none(), true, Ok(Access::Stranger)),
            (
                "192.168.1.7",
                Way::Tls,
                Shown::Unknown,
                true,
                Ok(Access::Refused),
            ),
            ("192.168.1.7", Way::Plain, none(), false, Err(NeedsTls)),
            ("192.168.1.7", Way::Plain, phone(), false, Err(NeedsTls)),
            ("192.168.1.7", Way::Plain, none(), true, Ok(Access::Guest)),
            (
                "::ffff:10.1.2.3",
                Way::Plain,
                none(),
                true,
                Ok(Access::Guest),
            ),
            ("fd00::9", Way::Plain, phone(), true, Ok(Access::Guest)),
            ("8.8.8.8", Way::Plain, none(), true, Err(NeedsTls)),
            ("2001:db8::1", Way::Plain, none(), true, Err(NeedsTls)),
        ];
        for (address, way, shown, legacy, expected) in rows {
            let told = format!("{address} {way:?} {shown:?} {legacy}");
            assert_eq!(
                Access::of(&peer(address, way), shown, legacy),
                expected,
                "{told}"
            );
        }
    }

    #[test]
    fn each_may_have_what_the_table_says() {
        use Asked::{Api, Metrics, Page, Socket};
        let device = |role| Access::Device(DeviceId("a".into()), role);
        let all = [Page, Socket, Api, Metrics];
        let (ok, key, role) = (Ok(()), Err(Denied::NoKey), Err(Denied::Role));
        for (access, expected) in [
            (Access::Here, [ok, ok, ok, ok]),
            (device(Role::Operator), [ok, ok, ok, ok]),
            (device(Role::Guest), [ok, ok, ok, role]),
            (Access::Stranger, [ok, ok, key, key]),
            (Access::Refused, [ok, ok, key, key]),
            (Access::Guest, [role, ok, role, role]),
        ] {
            assert_eq!(all.map(|asked| access.may(asked)), expected, "{access:?}");
        }
    }

    #[test]
    fn conversations_are_the_operators_or_one_guests() {
        let device = |id: &str, role| Access::Device(DeviceId(id.into()), role);
        for (access, owner) in [
            (Access::Here, Some(Owner::Operator)),
            (device("a", Role::Operator), Some(Owner::Operator)),
            (device("b", Role::Guest), Some(Owner::Guest("b".into()))),
            (Access::Guest, Some(Owner::Keyless)),
            (Access::Stranger, None),
            (Access::Refused, None),
        ] {
            assert_eq!(access.owner(), owner, "{access:?}");
        }
    }

    #[test]
    fn an_address_is_not_printed() {
        let printed = format!("{:?}", peer("192.168.1.7", Way::Tls));
        assert_eq!(printed, "Peer(Tls)");
    }
}
