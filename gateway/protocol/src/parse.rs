//! From a text frame to a checked message.

use std::borrow::Cow;

use crate::client::{ClientMessage, Dialect, Incoming, VoiceMode};
use crate::fields::{Fields, out_of_range, quote};
use crate::{
    Base64, ErrorCode, Family, Limits, MIC_RATE_HZ, PLAY_RATES_HZ, Private, RequestId, Sensitivity,
    Sound, Timestamp, VOICE_SPEEDS, WireError,
};
use crate::{parse_voip, parse_vr};

#[path = "parse_door.rs"]
mod door;
#[cfg(test)]
pub(crate) use door::NAME_BYTES;

/// Longest `type` that is looked at, in bytes. Longer ones are refused as too large.
pub(crate) const TYPE_BYTES: usize = 1024;
/// Longest name of a session, a call, a device or a media section, in bytes.
pub(crate) const SESSION_ID_BYTES: usize = 128;
/// Longest session description, in bytes. Browsers with cameras write some thousand.
pub(crate) const SDP_BYTES: usize = 64 << 10;
/// Longest ICE candidate, in bytes.
pub(crate) const CANDIDATE_BYTES: usize = 1024;

/// Reads one text frame of a client.
///
/// Unknown fields are ignored. The `request_id` is found and echoed even if the rest is wrong,
/// and even if the frame breaks off behind it.
pub fn parse(frame: &str, limits: &Limits) -> Result<Incoming, WireError> {
    if frame.len() > limits.frame_bytes {
        return Err(frame_too_large(frame.len(), limits.frame_bytes));
    }
    let (fields, read) = Fields::read(frame);
    let request_id = request_id(&fields);
    let known = request_id.as_ref().ok().cloned().flatten();
    read.and(request_id)
        .and_then(|request_id| {
            let (dialect, message) =
                message(&fields, limits).map_err(|error| error.in_family(family(&fields)))?;
            Ok(Incoming {
                request_id,
                dialect,
                message,
            })
        })
        .map_err(|error| error.with_request(known))
}

/// The error for a frame over its limit, text or binary.
pub(crate) fn frame_too_large(bytes: usize, limit: usize) -> WireError {
    WireError::new(
        ErrorCode::FrameTooLarge,
        format!("the frame has {bytes} bytes, at most {limit} are accepted"),
    )
}

fn request_id(fields: &Fields<'_>) -> Result<Option<RequestId>, WireError> {
    let id = fields.id("request_id", RequestId::MAX_BYTES)?;
    Ok(id.map(|id| serde_json::from_value(id).expect("a string or a 64-bit integer is an id")))
}

fn message(fields: &Fields<'_>, limits: &Limits) -> Result<(Dialect, ClientMessage), WireError> {
    let kind = fields.string("type", TYPE_BYTES)?;
    let dialect = match kind.as_ref() {
        "text_input" | "audio_chunk" => Dialect::Older,
        _ => Dialect::Canonical,
    };
    let message = match kind.as_ref() {
        "message" | "text_input" => ClientMessage::Message {
            text: text(fields, "text", limits)?.into(),
            speak: fields
                .boolean("speak")?
                .unwrap_or(dialect == Dialect::Older),
            remember: fields.boolean("remember")?,
        },
        "audio" | "audio_chunk" => ClientMessage::Audio {
            audio: sound(fields, limits)?,
        },
        "audio_start" => audio_start(fields)?,
        "audio_end" => ClientMessage::AudioEnd,
        "audio_stop" => ClientMessage::AudioStop,
        "audio_loop" => ClientMessage::AudioLoop {
            on: fields.required_boolean("on")?,
        },
        "playout" => ClientMessage::Playout {
            played_sample: fields.unsigned("played_sample")?,
        },
        "interrupt" => ClientMessage::Interrupt,
        "ping" => {
            let timestamp = fields.scalar("timestamp", Timestamp::MAX_BYTES)?;
            let timestamp =
                serde_json::from_value(timestamp).expect("a string or a number is a timestamp");
            ClientMessage::Ping { timestamp }
        }
        "get_context" => ClientMessage::GetContext,
        "settings_set" => settings_set(fields, limits)?,
        "client_connect" => ClientMessage::ClientConnect {
            client_id: optional_name(fields, "client_id")?,
            key: optional_name(fields, "key")?.map(Into::into),
        },
        "vr_connect" => parse_vr::connect(fields)?,
        "vr_audio" => parse_vr::audio(fields, limits)?,
        "vr_ice" => parse_vr::ice(fields)?,
        "vr_pose" => parse_vr::pose(fields)?,
        "voip_call" => parse_voip::call(fields)?,
        "voip_answer" => parse_voip::answer(fields)?,
        "voip_ice" => parse_voip::ice(fields)?,
        "voip_audio" => ClientMessage::VoipAudio {
            call_id: name(fields, "call_id")?,
            audio: sound(fields, limits)?,
        },
        "voip_hold" => ClientMessage::VoipHold {
            call_id: name(fields, "call_id")?,
            on: fields.required_boolean("on")?,
        },
        "voip_end" => parse_voip::end(fields)?,
        "voip_ring" => ClientMessage::VoipRing {
            client_id: optional_name(fields, "client_id")?,
            caller: optional_name(fields, "caller")?,
        },
        "pair_open" => ClientMessage::PairOpen {
            role: door::role(fields)?,
        },
        "pair_start" => ClientMessage::PairStart {
            name: door::name(fields)?,
            message: door::digits(fields, "message")?,
        },
        "pair_finish" => ClientMessage::PairFinish {
            proof: door::digits(fields, "proof")?.into(),
        },
        "device_list" => ClientMessage::DeviceList,
        "device_revoke" => ClientMessage::DeviceRevoke {
            device_id: door::device_id(fields)?,
        },
        unknown => match crate::trust::parse::request(unknown, fields, limits)? {
            Some(request) => ClientMessage::Trust(request),
            None => {
                return Err(WireError::in_field(
                    ErrorCode::UnknownType,
                    "type",
                    format!("unknown type \"{}\"", quote(unknown)),
                ));
            }
        },
    };
    Ok((dialect, message))
}

/// Words that somebody wrote.
pub(crate) fn text(fields: &Fields<'_>, field: &str, limits: &Limits) -> Result<String, WireError> {
    let text = fields.string(field, limits.text_bytes)?;
    if text.trim().is_empty() {
        return Err(empty(field));
    }
    Ok(text.into_owned())
}

pub(crate) fn sound(fields: &Fields<'_>, limits: &Limits) -> Result<Sound, WireError> {
    const FIELD: &str = "audio";
    // Four characters carry three bytes; the slack is for line breaks and padding.
    let max_chars = limits.audio_bytes.saturating_mul(3).saturating_add(8) / 2;
    let text = fields.string(FIELD, max_chars)?;
    let bytes = Base64::decode(&text).map_err(|at| {
        WireError::in_field(
            ErrorCode::BadBase64,
            FIELD,
            format!("field \"{FIELD}\" is not base64 at character {at}"),
        )
    })?;
    if bytes.0.is_empty() {
        return Err(empty(FIELD));
    }
    if bytes.0.len() > limits.audio_bytes {
        return Err(WireError::in_field(
            ErrorCode::FieldTooLarge,
            FIELD,
            format!(
                "field \"{FIELD}\" is larger than {} bytes",
                limits.audio_bytes
            ),
        ));
    }
    if Sound::looks_like_wav(&bytes.0) {
        return Ok(Sound::Wav(bytes));
    }
    if bytes.0.len() % 2 == 1 {
        return Err(WireError::in_field(
            ErrorCode::OddByteCount,
            FIELD,
            format!(
                "field \"{FIELD}\" is no WAV file, and {} bytes are no whole 16-bit samples",
                bytes.0.len()
            ),
        ));
    }
    Ok(Sound::S16le(bytes))
}

fn audio_start(fields: &Fields<'_>) -> Result<ClientMessage, WireError> {
    let rate_hz = fields.unsigned("rate_hz")?;
    if rate_hz != MIC_RATE_HZ {
        let message = format!("field \"rate_hz\": {rate_hz} is not offered, only {MIC_RATE_HZ}");
        return Err(out_of_range("rate_hz", message));
    }
    let play_rate_hz = fields.unsigned("play_rate_hz")?;
    if !PLAY_RATES_HZ.contains(&play_rate_hz) {
        let [low, high] = PLAY_RATES_HZ;
        let message =
            format!("field \"play_rate_hz\": {play_rate_hz} is not offered, only {low} and {high}");
        return Err(out_of_range("play_rate_hz", message));
    }
    let mode = fields.string("mode", TYPE_BYTES)?;
    let mode = [VoiceMode::HandsFree, VoiceMode::PushToTalk]
        .into_iter()
        .find(|known| known.as_str() == mode)
        .ok_or_else(|| {
            let message = format!(
                "field \"mode\": \"{}\" is neither hands_free nor push_to_talk",
                quote(&mode)
            );
            out_of_range("mode", message)
        })?;
    Ok(ClientMessage::AudioStart {
        rate_hz,
        play_rate_hz,
        mode,
    })
}

fn settings_set(fields: &Fields<'_>, limits: &Limits) -> Result<ClientMessage, WireError> {
    let voice_speed = fields.number("voice_speed")?;
    if let Some(speed) = voice_speed
        && !VOICE_SPEEDS.contains(&speed)
    {
        let (slowest, fastest) = (VOICE_SPEEDS.start(), VOICE_SPEEDS.end());
        let message = format!("field \"voice_speed\" must lie from {slowest} to {fastest}");
        return Err(out_of_range("voice_speed", message));
    }
    let sensitivity = match fields.optional_string("sensitivity", TYPE_BYTES)? {
        None => None,
        Some(name) => {
            let known = Sensitivity::ALL
                .into_iter()
                .find(|known| known.as_str() == name);
            Some(known.ok_or_else(|| {
                let message = format!(
                    "field \"sensitivity\": \"{}\" is neither low, normal nor high",
                    quote(&name)
                );
                out_of_range("sensitivity", message)
            })?)
        }
    };
    Ok(ClientMessage::SettingsSet {
        voice_speed,
        sensitivity,
        voice: choice(fields, "voice", limits)?,
        model: choice(fields, "model", limits)?,
    })
}

/// Whose error type answers this frame.
fn family(fields: &Fields<'_>) -> Family {
    let id = |name| {
        let id = fields.optional_string(name, SESSION_ID_BYTES);
        id.ok().flatten().map(Cow::into_owned)
    };
    match fields.string("type", TYPE_BYTES).as_deref() {
        Ok("vr_connect" | "vr_audio" | "vr_ice" | "vr_pose") => Family::Vr {
            session_id: id("session_id"),
        },
        Ok(
            "voip_call" | "voip_answer" | "voip_ice" | "voip_audio" | "voip_hold" | "voip_end"
            | "voip_ring",
        ) => Family::Voip {
            call_id: id("call_id"),
        },
        Ok("transfer_context") => Family::Transfer {
            conversation_uuid: id("conversation_uuid"),
        },
        _ => Family::General,
    }
}

/// Where a client may be reached, and the media section it belongs to by its name and by its number.
pub(crate) struct Ice {
    pub(crate) candidate: Private<String>,
    pub(crate) mid: Option<String>,
    pub(crate) mline_index: Option<u32>,
}

/// What `vr_ice` and `voip_ice` say.
pub(crate) fn ice(fields: &Fields<'_>) -> Result<Ice, WireError> {
    let candidate = fields.string("candidate", CANDIDATE_BYTES)?;
    let mid = fields.optional_string("sdp_mid", SESSION_ID_BYTES)?;
    Ok(Ice {
        candidate: candidate.into_owned().into(),
        mid: mid.map(Cow::into_owned),
        mline_index: fields.optional_unsigned("sdp_mline_index")?,
    })
}

/// The name of a session or a call.
pub(crate) fn name(fields: &Fields<'_>, field: &str) -> Result<String, WireError> {
    let id = fields.string(field, SESSION_ID_BYTES)?;
    if id.trim().is_empty() {
        return Err(empty(field));
    }
    Ok(id.into_owned())
}

/// The same where it may lack.
pub(crate) fn optional_name(fields: &Fields<'_>, field: &str) -> Result<Option<String>, WireError> {
    match fields.optional_string(field, SESSION_ID_BYTES)? {
        Some(id) if id.trim().is_empty() => Err(empty(field)),
        id => Ok(id.map(Cow::into_owned)),
    }
}

/// A session description.
pub(crate) fn description(fields: &Fields<'_>) -> Result<Private<String>, WireError> {
    let sdp = fields.string("sdp", SDP_BYTES)?;
    if sdp.trim().is_empty() {
        return Err(empty("sdp"));
    }
    Ok(sdp.into_owned().into())
}

/// A message has descriptions of one kind; who says which, says it right.
pub(crate) fn sdp_type(fields: &Fields<'_>, expected: &str) -> Result<(), WireError> {
    match fields.optional_string("sdp_type", TYPE_BYTES)? {
        Some(name) if name != expected => {
            let message = format!("field \"sdp_type\": \"{}\" is not {expected}", quote(&name));
            Err(out_of_range("sdp_type", message))
        }
        _ => Ok(()),
    }
}

/// The id of something to choose. Which there are is known elsewhere.
fn choice(fields: &Fields<'_>, name: &str, limits: &Limits) -> Result<Option<String>, WireError> {
    match fields.optional_string(name, limits.text_bytes)? {
        Some(id) if id.trim().is_empty() => Err(empty(name)),
        id => Ok(id.map(Cow::into_owned)),
    }
}

pub(crate) fn empty(field: &str) -> WireError {
    WireError::in_field(
        ErrorCode::EmptyField,
        field,
        format!("field \"{field}\" is empty"),
    )
}

#[cfg(test)]
#[path = "parse_test.rs"]
mod tests;

#[cfg(test)]
#[path = "parse_vr_test.rs"]
mod vr_tests;

#[cfg(test)]
#[path = "parse_voip_test.rs"]
mod voip_tests;

#[cfg(test)]
#[path = "parse_properties.rs"]
pub(crate) mod properties;
