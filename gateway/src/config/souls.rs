//! Which souls live in this process, and how another process's soul is heard.

use janet_vault::soul::Soul;

use super::ConfigError;
use super::raw::Raw;
use super::resolve::Check;

/// The souls of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Souls {
    /// The one that conversations begin in.
    pub first: Soul,
    /// Whether the other one lives here, too.
    pub both: bool,
    /// The port at which paired souls of other processes are heard; none: they are not.
    pub port: Option<u16>,
}

impl Souls {
    /// Whether this one lives here.
    pub fn has(&self, soul: Soul) -> bool {
        self.both || self.first == soul
    }
}

impl Check<'_> {
    pub(super) fn souls(&self, raw: &Raw) -> Result<Souls, ConfigError> {
        const KEY: &str = "souls.here";
        let (first, both) = match raw.souls.here.as_str() {
            "both" => (Soul::Networked, true),
            name => {
                let wanted = "networked, constitutional or both";
                let soul = name
                    .parse()
                    .map_err(|_| self.out_of_range(KEY, wanted, name));
                (soul?, false)
            }
        };
        let port: u16 = self.whole("souls.port", raw.souls.port, 0..=65_535)?;
        Ok(Souls {
            first,
            both,
            port: (port > 0).then_some(port),
        })
    }
}
