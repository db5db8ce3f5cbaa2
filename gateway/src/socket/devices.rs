//! What the operator says about devices, and who may say what.

use janet_protocol::catalogue;
use janet_protocol::{ErrorCode, PairEnd, PairedDevice, Private, Role, ServerMessage, WireError};
use janet_vault::audit::{Event, Name};

use super::connection::{Connection, Leave};
use crate::app::App;
use crate::lock::{Access, Device, DeviceId, Lock, Opened, Outcome};
use crate::push;

impl Connection {
    /// Refuses a message that this connection's role may not send.
    pub(super) fn may(&self, name: &str) -> Result<(), WireError> {
        let is_admitted = catalogue::who(name).is_some_and(|who| who.admits(Some(self.role)));
        if is_admitted {
            return Ok(());
        }
        let message = format!("\"{name}\" is for the operator, and this connection is a guest's");
        Err(WireError::in_field(
            ErrorCode::NotPermitted,
            "type",
            message,
        ))
    }

    /// `pair_open`, in place of one that this connection may have opened before.
    pub(super) fn open_pairing(&mut self, role: Role) -> Result<ServerMessage, WireError> {
        // The older one goes first: its end is not worth a word.
        self.pairing = None;
        let lock = &self.app.lock;
        let opened = lock
            .open_pairing(role)
            .map_err(|error| WireError::new(ErrorCode::PairFailed, error.to_string()))?;
        let answer = ServerMessage::PairOpened {
            code: Private::from(opened.code.as_str()),
            role,
            fingerprint: lock.certificate.fingerprint.hex(),
            addresses: lock.reachable(),
            quic_port: self.app.quic,
            expires_ms: Opened::LIFE_MS,
        };
        self.pairing = Some(opened);
        Ok(answer)
    }

    /// Tells what became of the pairing.
    pub(super) fn tell_outcome(&mut self, outcome: Outcome) -> Result<(), Leave> {
        self.pairing = None;
        let closed = |reason| ServerMessage::PairClosed { reason };
        Ok(self.outbound.text(match outcome {
            Outcome::Paired(device) => ServerMessage::DevicePaired {
                device: told(device),
            },
            Outcome::Late => closed(PairEnd::Late),
            Outcome::WornOut => closed(PairEnd::WornOut),
            Outcome::Withdrawn => closed(PairEnd::Withdrawn),
            Outcome::Failed => closed(PairEnd::Failed),
        })?)
    }

    /// `device_list`.
    pub(super) fn list_devices(&self) -> ServerMessage {
        let devices = self.app.lock.devices.list();
        ServerMessage::DevicesListed {
            devices: devices.into_iter().map(told).collect(),
        }
    }
}

/// `device_revoke`.
pub(super) async fn revoke(
    app: &App,
    id: String,
    operator: &str,
) -> Result<ServerMessage, WireError> {
    match app.lock.revoke(DeviceId(id.clone())).await {
        Ok(Some(_)) => {
            push::forget_revoked(&app.conversations, &app.lock).await;
            app.trust.forget_device(&id);
            let revoked = Event::DeviceRevoked {
                device: Name::new(&id),
                operator: Name::new(operator),
            };
            // It is shut out, whatever the log says of it.
            app.trust.note(&revoked).ok();
            tracing::info!("a device was revoked");
            Ok(ServerMessage::DeviceRevoked { device_id: id })
        }
        Ok(None) => {
            let message = "field \"device_id\": no device is paired under this id";
            Err(WireError::in_field(
                ErrorCode::OutOfRange,
                "device_id",
                message,
            ))
        }
        Err(error) => {
            tracing::error!(%error, "a device is shut out until the next start only");
            let message = "the device is shut out, but that could not be written down: it is \
                           let in again after the next start";
            Err(WireError::new(ErrorCode::Internal, message))
        }
    }
}

/// Resolves when whoever connected so is shut out; never for those who have no key.
pub(super) async fn revoked(lock: &Lock, access: &Access) {
    match access.device() {
        Some(id) => lock.devices.revoked(id).await,
        None => std::future::pending().await,
    }
}

/// Resolves when the pairing is over; never without one.
pub(super) async fn outcome(pairing: Option<&Opened>) -> Outcome {
    match pairing {
        Some(opened) => opened.outcome().await,
        None => std::future::pending().await,
    }
}

/// For those who were let in.
pub(super) fn nothing_to_pair() -> WireError {
    let message = "this connection was let in already: a device pairs over TLS, from another \
                   machine, on a connection that shows no key";
    WireError::new(ErrorCode::PairFailed, message)
}

fn told(device: Device) -> PairedDevice {
    PairedDevice {
        device_id: device.id.0,
        name: device.name,
        role: device.role,
        created_ms: device.created_s.saturating_mul(1000),
        seen_ms: device.seen_s.saturating_mul(1000),
    }
}
