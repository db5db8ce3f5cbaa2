//! Reads a JSON request field by field: each refusal names its field, and what is not known is
//! ignored.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::error::ApiError;

/// The fields of a request. A field that is null is as good as none.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body.
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(ApiError::body("the body is JSON, but no object")),
            Err(error) => Err(ApiError::body(format!(
                "the body is no JSON: line {}, column {}",
                error.line(),
                error.column()
            ))),
        }
    }

    /// A field that is there.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let value = self.get(name);
        let text = value.map(|value| {
            let text = value.as_str();
            text.ok_or_else(|| ApiError::field(name, "is no text"))
        });
        text.transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(ApiError::field(name, "is neither true nor false")),
        }
    }

    pub(super) fn number(
        &self,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match value.as_f64() {
            Some(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let (from, to) = range.into_inner();
                let why = format!("is no number from {from} to {to}");
                Err(ApiError::field(name, why))
            }
        }
    }

    /// A whole number of at least this.
    pub(super) fn whole(&self, name: &str, least: i64) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        match value.as_i64() {
            Some(number) if number >= least => Ok(Some(number)),
            _ => {
                let why = format!("is no whole number of at least {least}");
                Err(ApiError::field(name, why))
            }
        }
    }

    /// Refuses what is not supported: the field may be left out, or say nothing, or say what is
    /// done anyway.
    pub(super) fn only(&self, name: &str, anyway: &[Value]) -> Result<(), ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(());
        };
        let says_nothing = match value {
            Value::Bool(flag) => !flag,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        if says_nothing || anyway.contains(value) {
            return Ok(());
        }
        Err(ApiError::field(name, "is not supported"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: &Value) -> Fields {
        Fields::read(value.to_string().as_bytes()).expect("an object")
    }

    fn param<T>(result: Result<T, ApiError>) -> Value {
        let error = result.err().expect("it is refused");
        error.value()["error"]["param"].clone()
    }

    #[test]
    fn a_field_is_refused_by_its_name() {
        let fields = fields(&json!({
            "text": 7, "flag": "yes", "number": 2.5, "whole": 1.5, "little": 0, "tools": [1], "n": 2,
        }));
        assert_eq!(param(fields.text("text")), "text");
        assert_eq!(param(fields.flag("flag")), "flag");
        assert_eq!(param(fields.number("number", 0.0..=2.0)), "number");
        assert_eq!(param(fields.whole("whole", 0)), "whole");
        assert_eq!(param(fields.whole("little", 1)), "little");
        assert_eq!(param(fields.only("tools", &[])), "tools");
        assert_eq!(param(fields.only("n", &[json!(1)])), "n");
    }

    #[test]
    fn what_says_nothing_or_is_done_anyway_is_no_obstacle() {
        let fields = fields(&json!({
            "tools": [], "store": false, "logit_bias": {}, "prompt": "", "n": 1, "stop": null,
        }));
        for name in ["tools", "store", "logit_bias", "prompt", "stop", "nothing"] {
            assert!(fields.only(name, &[]).is_ok(), "{name}");
        }
        assert!(fields.only("n", &[json!(1)]).is_ok());
        assert!(fields.get("stop").is_none());
        assert!(matches!(fields.whole("n", 1), Ok(Some(1))));
    }

    #[test]
    fn a_body_that_is_no_object_is_refused_without_its_words() {
        for body in ["", "[1]", "{\"a\": swordfish}", "\u{0}"] {
            let error = Fields::read(body.as_bytes()).err().expect("it is refused");
            assert!(!error.value().to_string().contains("swordfish"));
        }
    }
}
