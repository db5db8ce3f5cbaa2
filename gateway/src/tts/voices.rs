//! The voices that a server lists, where it does: there is no standard for it, but a habit.

use serde_json::Value;

/// `["a"]`, `{"voices": ["a"]}` or `{"data": [{"id": "a"}]}` and their mixtures.
pub(super) fn names(list: &Value) -> Vec<String> {
    let listed = [list, &list["voices"], &list["data"]]
        .into_iter()
        .find_map(Value::as_array);
    let name = |entry: &Value| {
        let keys = ["id", "voice_id", "name"];
        let name = entry
            .as_str()
            .or_else(|| keys.iter().find_map(|key| entry[*key].as_str()))?;
        Some(name.to_owned())
    };
    listed.into_iter().flatten().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn voices_are_found_in_what_servers_send() {
        for list in [
            json!(["af_heart", "am_adam"]),
            json!({ "voices": ["af_heart", "am_adam", 7, null] }),
            json!({ "voices": [{ "id": "af_heart", "name": "Heart" }, { "name": "am_adam" }] }),
            json!({ "data": [{ "voice_id": "af_heart" }, { "id": "am_adam" }] }),
        ] {
            assert_eq!(names(&list), ["af_heart", "am_adam"], "{list}");
        }
        for list in [json!({}), json!("af_heart"), json!({ "voices": null })] {
            assert!(names(&list).is_empty(), "{list}");
        }
    }
}
