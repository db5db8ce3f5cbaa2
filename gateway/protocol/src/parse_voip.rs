//! What is said of calls, from fields to checked messages.

use std::borrow::Cow;

use crate::fields::{Fields, out_of_range, quote};
use crate::parse::{CANDIDATE_BYTES, SESSION_ID_BYTES, description, name, optional_name};
use crate::{CallDirection, ClientMessage, DeviceInfo, WireError};

/// Longest token of a push service, in bytes. APNs' are 64 to 200 hexadecimal digits.
pub(crate) const PUSH_TOKEN_BYTES: usize = 1024;
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
    let push_token = fields.optional_string("push_token", PUSH_TOKEN_BYTES)?;
    Ok(DeviceInfo {
        platform: name(fields, "platform")?,
        device: name(fields, "device")?,
        push_token: push_token.map(|token| token.into_owned().into()),
    })
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
    Ok(ClientMessage::VoipIce {
        call_id: name(fields, "call_id")?,
        candidate: fields
            .string("candidate", CANDIDATE_BYTES)?
            .into_owned()
            .into(),
        sdp_mid: fields
            .optional_string("sdp_mid", SESSION_ID_BYTES)?
            .map(Cow::into_owned),
        sdp_mline_index: fields.optional_unsigned("sdp_mline_index")?,
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
