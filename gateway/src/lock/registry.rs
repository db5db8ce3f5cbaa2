//! Who has a key: the paired devices, as a value.
//!
//! Decides who is known and who is not any more. Sans-IO: moments are arguments, in seconds since
//! 1970, and [`devices`](super::devices) keeps it in a file.

use janet_protocol::Role;
use serde::{Deserialize, Serialize};

use super::device_key::{DeviceKey, KeyHash};

/// More than anybody has; each request from elsewhere is compared with all.
pub(crate) const MOST: usize = 256;
/// How far what is kept of the last visit may be behind, in seconds: not every request writes a file.
const SEEN_EVERY_S: u64 = 60;

/// One device.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) name: String,
    pub(crate) role: Role,
    key_hash: KeyHash,
    /// In seconds since 1970, both.
    pub(crate) created_s: u64,
    pub(crate) seen_s: u64,
}

/// Names a device. No secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct DeviceId(pub(crate) String);

impl DeviceId {
    /// A new one: 64 random bits.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        Ok(Self(format!("{:016x}", getrandom::u64()?)))
    }
}

/// There is room for no further device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MOST} devices are paired, which is the most; revoke one that is not used any more")]
pub(crate) struct Full;

/// All devices.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registry {
    devices: Vec<Device>,
}

impl Registry {
    /// All of them, the oldest first.
    pub(crate) fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// Takes in a device that was paired now.
    pub(crate) fn add(
        &mut self,
        id: DeviceId,
        name: String,
        role: Role,
        key: &DeviceKey,
        now_s: u64,
    ) -> Result<Device, Full> {
        if self.devices.len() >= MOST {
            return Err(Full);
        }
        let device = Device {
            id,
            name,
            role,
            key_hash: key.hash(),
            created_s: now_s,
            seen_s: now_s,
        };
        self.devices.push(device.clone());
        Ok(device)
    }

    /// Whose key this is. Every device is looked at, and each in the same time.
    pub(crate) fn find(&self, key: &DeviceKey) -> Option<&Device> {
        let hash = key.hash();
        let mut found = None;
        for device in &self.devices {
            if bool::from(device.key_hash.is(&hash)) {
                found = Some(device);
            }
        }
        found
    }

    /// The device of this id.
    pub(crate) fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == *id)
    }

    /// Notes a visit. Says whether that is news enough to be written down.
    pub(crate) fn seen(&mut self, id: &DeviceId, now_s: u64) -> bool {
        let Some(device) = self.devices.iter_mut().find(|device| device.id == *id) else {
            return false;
        };
        let is_news = now_s >= device.seen_s.saturating_add(SEEN_EVERY_S);
        if is_news {
            device.seen_s = now_s;
        }
        is_news
    }

    /// Forgets a device; `None`: there is none of this id.
    pub(crate) fn revoke(&mut self, id: &DeviceId) -> Option<Device> {
        let at = self.devices.iter().position(|device| device.id == *id)?;
        Some(self.devices.remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> DeviceKey {
        DeviceKey::random().expect("randomness")
    }

    fn id(text: &str) -> DeviceId {
        DeviceId(text.to_owned())
    }

    #[test]
    fn a_device_is_known_by_its_key_until_it_is_revoked() {
        let mut registry = Registry::default();
        let keys: Vec<DeviceKey> = (0..5).map(|_| key()).collect();
        for (at, key) in keys.iter().enumerate() {
            let name = format!("device {at}");
            registry
                .add(id(&at.to_string()), name, Role::Guest, key, 100)
                .expect("room");
        }
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(registry.find(key).expect("known").id, id(&at.to_string()));
        }
        assert!(registry.find(&key()).is_none());
        assert_eq!(registry.revoke(&id("3")).expect("there").name, "device 3");
        assert!(registry.revoke(&id("3")).is_none());
        assert!(registry.find(&keys[3]).is_none() && registry.device(&id("3")).is_none());
        assert!(registry.find(&keys[4]).is_some());
    }

    #[test]
    fn visits_are_noted_once_a_minute_and_never_backwards() {
        let mut registry = Registry::default();
        registry
            .add(id("a"), "a".into(), Role::Operator, &key(), 1_000)
            .expect("room");
        let at = |registry: &Registry| registry.device(&id("a")).expect("there").seen_s;
        for (now, is_news, seen) in [
            (1_059, false, 1_000),
            (1_060, true, 1_060),
            (1_000, false, 1_060),
            (5_000, true, 5_000),
        ] {
            assert_eq!(registry.seen(&id("a"), now), is_news, "{now}");
            assert_eq!(at(&registry), seen, "{now}");
        }
        assert!(!registry.seen(&id("b"), 9_000));
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut registry = Registry::default();
        let key = key();
        for at in 0..MOST {
            let added = registry.add(id(&at.to_string()), String::new(), Role::Guest, &key, 0);
            added.expect("room");
        }
        let one_more = registry.add(id("more"), String::new(), Role::Guest, &key, 0);
        assert_eq!(one_more.expect_err("no room"), Full);
    }
}
