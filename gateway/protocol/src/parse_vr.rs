//! What is said of sessions, from fields to checked messages.

use crate::fields::{Fields, out_of_range, quote};
use crate::parse::{self, SDP_BYTES, TYPE_BYTES, empty, name, optional_name, sdp_type, sound};
use crate::pose::{FARTHEST_M, ROTATION_TOLERANCE};
use crate::{ClientMessage, ErrorCode, Hands, Limits, Pose, Said, Transport, WireError};

/// `vr_connect`.
pub(crate) fn connect(fields: &Fields<'_>) -> Result<ClientMessage, WireError> {
    let session_id = optional_name(fields, "session_id")?;
    let transport = match fields.optional_string("transport", TYPE_BYTES)? {
        None => Transport::default(),
        Some(name) => {
            let mut known = Transport::ALL.into_iter();
            known.find(|known| known.as_str() == name).ok_or_else(|| {
                let message = format!(
                    "field \"transport\": \"{}\" is neither webrtc nor quic",
                    quote(&name)
                );
                out_of_range("transport", message)
            })?
        }
    };
    let sdp = match fields.optional_string("sdp", SDP_BYTES)? {
        Some(sdp) if sdp.trim().is_empty() => return Err(empty("sdp")),
        sdp => sdp.map(|sdp| sdp.into_owned().into()),
    };
    sdp_type(fields, "offer")?;
    Ok(ClientMessage::VrConnect {
        session_id,
        transport,
        sdp,
        head_pose: optional_pose(fields, "head_pose")?,
    })
}

/// `vr_audio`.
pub(crate) fn audio(fields: &Fields<'_>, limits: &Limits) -> Result<ClientMessage, WireError> {
    let session_id = name(fields, "session_id")?;
    let sdp = fields.optional_string("sdp", SDP_BYTES)?;
    sdp_type(fields, "answer")?;
    let said = match (sdp, fields.has("audio")?) {
        (Some(_), true) => {
            let message = "field \"audio\": a message has either this or \"sdp\"";
            return Err(out_of_range("audio", message.to_owned()));
        }
        (Some(sdp), false) if sdp.trim().is_empty() => return Err(empty("sdp")),
        (Some(sdp), false) => Said::Description(sdp.into_owned().into()),
        (None, true) => Said::Recording(sound(fields, limits)?),
        (None, false) => {
            let message = "field \"sdp\" is missing, and \"audio\" is, too";
            return Err(WireError::in_field(ErrorCode::MissingField, "sdp", message));
        }
    };
    Ok(ClientMessage::VrAudio { session_id, said })
}

/// `vr_ice`.
pub(crate) fn ice(fields: &Fields<'_>) -> Result<ClientMessage, WireError> {
    let session_id = name(fields, "session_id")?;
    let ice = parse::ice(fields)?;
    Ok(ClientMessage::VrIce {
        session_id,
        candidate: ice.candidate,
        sdp_mid: ice.mid,
        sdp_mline_index: ice.mline_index,
    })
}

/// `vr_pose`.
pub(crate) fn pose(fields: &Fields<'_>) -> Result<ClientMessage, WireError> {
    let session_id = name(fields, "session_id")?;
    let head = fields.object("head")?;
    let head = read_pose(&head).map_err(|error| error.within("head"))?;
    let hands = match fields.optional_object("hands")? {
        None => Hands::default(),
        Some(hands) => read_hands(&hands).map_err(|error| error.within("hands"))?,
    };
    Ok(ClientMessage::VrPose {
        session_id,
        head,
        hands,
    })
}

fn read_hands(fields: &Fields<'_>) -> Result<Hands, WireError> {
    Ok(Hands {
        left: optional_pose(fields, "left")?,
        right: optional_pose(fields, "right")?,
    })
}

fn optional_pose(fields: &Fields<'_>, field: &str) -> Result<Option<Pose>, WireError> {
    match fields.optional_object(field)? {
        None => Ok(None),
        Some(pose) => {
            let pose = read_pose(&pose).map_err(|error| error.within(field))?;
            Ok(Some(pose))
        }
    }
}

fn read_pose(fields: &Fields<'_>) -> Result<Pose, WireError> {
    let position: [f32; 3] = fields.numbers("position")?;
    if position.iter().any(|at| at.abs() > FARTHEST_M) {
        let message = format!("field \"position\" is more than {FARTHEST_M} m away");
        return Err(out_of_range("position", message));
    }
    let rotation: [f32; 4] = fields.numbers("rotation")?;
    // Far too large ones are infinitely long, and refused like all others.
    let length = rotation.iter().map(|part| part * part).sum::<f32>().sqrt();
    if (length - 1.0).abs() <= ROTATION_TOLERANCE {
        return Ok(Pose { position, rotation });
    }
    let message = "field \"rotation\" is no unit quaternion (x, y, z, w)";
    Err(WireError::in_field(ErrorCode::BadPose, "rotation", message))
}
