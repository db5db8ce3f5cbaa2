//! A network namespace with a wire to this one: another machine, as far as the kernel is concerned.

use std::net::Ipv4Addr;
use std::process::{Command, Output};

use crate::elsewhere::skipped;

/// The namespace. It goes when it is dropped.
pub struct Namespace {
    name: String,
    wire: String,
    here: Ipv4Addr,
}

impl Namespace {
    /// Makes one; `None`, told, where this is not permitted (it needs root and `ip`).
    pub fn make() -> Option<Self> {
        let id = std::process::id();
        // One of the small networks of a private one, by chance.
        let [high, low] = (fastrand::u16(..) & 0xFFFC).to_be_bytes();
        let namespace = Self {
            name: format!("janet-{id}"),
            wire: format!("jn{:x}", id & 0x00FF_FFFF),
            here: Ipv4Addr::new(10, high, low, 1),
        };
        let there = Ipv4Addr::new(10, high, low, 2);
        let (name, near) = (&namespace.name, &namespace.wire);
        let far = format!("{near}x");
        let steps = [
            format!("netns add {name}"),
            format!("link add {near} type veth peer name {far}"),
            format!("link set {far} netns {name}"),
            format!("addr add {}/30 dev {near}", namespace.here),
            format!("link set {near} up"),
            format!("-n {name} addr add {there}/30 dev {far}"),
            format!("-n {name} link set {far} up"),
            format!("-n {name} link set lo up"),
        ];
        for step in &steps {
            match ip(step) {
                Some(output) if output.status.success() => {}
                _ => {
                    skipped(&format!(
                        "no network namespace can be made here (ip {step} fails; it takes root and iproute2)"
                    ));
                    return None;
                }
            }
        }
        Some(namespace)
    }

    /// This machine, as it is seen from there.
    pub fn here(&self) -> Ipv4Addr {
        self.here
    }

    /// Words that come before a command which runs there.
    pub fn inside(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.name]
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Whatever of it was made.
        ip(&format!("link del {}", self.wire));
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(words: &str) -> Option<Output> {
    Command::new("ip").args(words.split(' ')).output().ok()
}
