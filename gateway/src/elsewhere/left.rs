//! What has left this machine since the start, counted for the operator.

use std::sync::atomic::{AtomicU64, Ordering};

use janet_protocol::LeftMachine;

/// How often something went to one place, and when last.
#[derive(Debug, Default)]
pub(crate) struct Left {
    times: AtomicU64,
    last_ms: AtomicU64,
}

impl Left {
    /// It goes there now.
    pub(crate) fn goes(&self, now_ms: u64) {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.last_ms.store(now_ms, Ordering::Relaxed);
    }

    /// As the operator is told of it; `address` may have a scheme, a port and a path, which are left out.
    pub(crate) fn told(&self, what: &str, address: &str) -> LeftMachine {
        LeftMachine {
            what: what.to_owned(),
            whereto: host(address),
            times: self.times.load(Ordering::Relaxed),
            last_ms: self.last_ms.load(Ordering::Relaxed),
        }
    }
}

fn host(address: &str) -> String {
    let with_scheme = match address.contains("://") {
        true => address.to_owned(),
        false => format!("tcp://{address}"),
    };
    let url = reqwest::Url::parse(&with_scheme).ok();
    let host = url.and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_is_counted_and_the_host_alone_is_told() {
        let left = Left::default();
        assert_eq!(
            left.told("soul", "192.168.1.5:8768"),
            LeftMachine {
                what: "soul".into(),
                whereto: "192.168.1.5".into(),
                times: 0,
                last_ms: 0,
            }
        );
        left.goes(7);
        left.goes(9);
        let told = left.told("push", "https://api.push.example:443/3/device/secret");
        assert_eq!(
            (&*told.whereto, told.times, told.last_ms),
            ("api.push.example", 2, 9)
        );
        assert_eq!(left.told("soul", "[fd00::1]:8768").whereto, "[fd00::1]");
        assert_eq!(left.told("soul", "").whereto, "");
    }
}
