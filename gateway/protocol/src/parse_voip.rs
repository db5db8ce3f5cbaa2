//! What is said of calls, from fields to checked messages.

use std::ops::RangeInclusive;

use crate::fields::{Fields, out_of_range, quote};
use crate::parse::{self, SESSION_ID_BYTES, description, name, optional_name};
use crate::{CallDirection, ClientMessage, DeviceInfo, Private, WireError};

/// Longest token of a push service that is looked at, in bytes.
pub(crate) const PUSH_TOKEN_BYTES: usize = 1024;
/// Digits of one. APNs' had 32 bytes for long; how many they have, Apple leaves open.
pub(crate) const PUSH_TOKEN_DIGITS: RangeInclusive<usize> = 64..=200;
/// Longest reason in a client's own words, in bytes.
pub(crate) const REASON_BYTES: usize = 1024;

/// `voip_call`.
pub(crate) fn call(fields: &Fields<'_>) -> Result<ClientMessage, WireError> {
    let direction = fields.string("direction", SESSION_ID_BYTES)?;
    let mut known = CallDirection::ALL.into_iter();
    let direction = known
        .find(|known| known.as_str() == direction)
        .ok_or_else(|| {
            let message = format!(
                "field \"direction\": \"{}\" is neither outgoing nor incoming",
                quote(&direction)
            );
            out_of_range("direction", message)
        })?;
    let device = fields.object("device_info")?;
    let device_info = device_info(&device).map_err(|error| error.within("device_info"))?;
    Ok(ClientMessage::VoipCall {
        call_id: optional_name(fields, "call_id")?,
        direction,
        device_info,
    })
}

fn device_info(fields: &Fields<'_>) -> Result<DeviceInfo, WireError> {
    let push_token = push_token(fields)?;
    Ok(DeviceInfo {
        platform: name(fields, "platform")?,
        device: name(fields, "device")?,
        push_token,
    })
}

/// In lower case; the empty one of a device that has none yet is none.
fn push_token(fields: &Fields<'_>) -> Result<Option<Private<String>>, WireError> {
    const FIELD: &str = "push_token";
    let Some(token) = fields.optional_string(FIELD, PUSH_TOKEN_BYTES)? else {
        return Ok(None);
    };
    if token.is_empty() {
        return Ok(None);
    }
    let is_hex = token.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || token.len() % 2 == 1 || !PUSH_TOKEN_DIGITS.contains(&token.len()) {
        let (least, most) = (PUSH_TOKEN_DIGITS.start(), PUSH_TOKEN_DIGITS.end());
        let message =
            format!("field \"{FIELD}\" is not bytes in {least} to {most} hexadecimal digits");
        return Err(out_of_range(FIELD, message));
    }
    Ok(Some(token.to_ascii_lowercase().into()))
}

/// `voip_answer`.
pub(crate) fn answer(fields: &Fields<'_>) -> Result<ClientMessage, WireError> {
    let call_id = name(fields, "call_id")?;
    let sdp = description(fields)?;
    let kind = fields.string("sdp_type", SESSION_ID_BYTES)?;
    if kind != "answer" {
        let message = format!("field \"sdp_type\": \"{}\" is not answer", quote(&kind));
        return Err(out_of_range("sdp_type", message));
    }
    Ok(ClientMessage::VoipAnswer { call_id, sdp })
}

/// `voip_ice`.
pub(crate) fn ice(fields: &Fields<'_>) -> Result<ClientMessage, WireError> {
    let call_id = name(fields, "call_id")?;
    let ice = parse::ice(fields)?;
    Ok(ClientMessage::VoipIce {
        call_id,
        candidate: ice.candidate,
        sdp_mid: ice.mid,
        sdp_mline_index: ice.mline_index,
    })
}

/// `voip_end`.
pub(crate) fn end(fields: &Fields<'_>) -> Result<ClientMessage, WireError> {
    let call_id = name(fields, "call_id")?;
    let reason = fields.optional_string("reason", REASON_BYTES)?;
    Ok(ClientMessage::VoipEnd {
        call_id,
        reason: reason.map(|reason| reason.into_owned().into()),
    })
}
