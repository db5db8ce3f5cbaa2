//! The fields of messages about pairing and devices.

use super::{TYPE_BYTES, empty};
use crate::fields::{Fields, out_of_range, quote};
use crate::{Role, WireError, hex};

/// Longest name of a device, in bytes (UTF-8).
pub(crate) const NAME_BYTES: usize = 128;
/// Digits of a device's id.
const ID_BYTES: usize = 8;

pub(super) fn role(fields: &Fields<'_>) -> Result<Role, WireError> {
    let name = fields.string("role", TYPE_BYTES)?;
    match name.as_ref() {
        "operator" => Ok(Role::Operator),
        "guest" => Ok(Role::Guest),
        other => {
            let message = format!(
                "field \"role\": \"{}\" is neither operator nor guest",
                quote(other)
            );
            Err(out_of_range("role", message))
        }
    }
}

/// A name that can be shown in a terminal and in a list.
pub(super) fn name(fields: &Fields<'_>) -> Result<String, WireError> {
    const FIELD: &str = "name";
    let name = fields.string(FIELD, NAME_BYTES)?;
    if name.trim().is_empty() {
        return Err(empty(FIELD));
    }
    if name.chars().any(is_control) {
        let message = "field \"name\" holds a control character";
        return Err(out_of_range(FIELD, message.to_owned()));
    }
    Ok(name.into_owned())
}

/// What moves the cursor, breaks the line or turns the direction of writing.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// So many bytes in lower-case hexadecimal digits.
pub(super) fn digits<const N: usize>(
    fields: &Fields<'_>,
    name: &str,
) -> Result<[u8; N], WireError> {
    let text = fields.string(name, TYPE_BYTES)?;
    hex::bytes(&text).ok_or_else(|| {
        let digits = 2 * N;
        let message = format!("field \"{name}\" must be {digits} lower-case hexadecimal digits");
        out_of_range(name, message)
    })
}

pub(super) fn device_id(fields: &Fields<'_>) -> Result<String, WireError> {
    let bytes: [u8; ID_BYTES] = digits(fields, "device_id")?;
    Ok(hex::digits(&bytes))
}

#[cfg(test)]
#[path = "parse_door_test.rs"]
mod tests;
