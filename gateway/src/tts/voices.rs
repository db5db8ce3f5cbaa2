//! The voices that a server lists, where it does: there is no standard for it, but a habit.

use serde_json::Value;

use super::Inner;

/// More are not shown to anybody.
const MOST: usize = 200;
/// Longest name.
const LONGEST: usize = 100;

impl Inner {
    /// Its voices; none where it does not list them.
    pub(super) async fn voices(&self) -> Vec<String> {
        let list = self.list("/audio/voices").await;
        list.map(|list| names(&list)).unwrap_or_default()
    }
}

/// `["a"]`, `{"voices": ["a"]}` or `{"data": [{"id": "a"}]}` and their mixtures.
fn names(list: &Value) -> Vec<String> {
    let listed = [list, &list["voices"], &list["data"]]
        .into_iter()
        .find_map(Value::as_array);
    let name = |entry: &Value| {
        let keys = ["id", "voice_id", "name"];
        let name = entry
            .as_str()
            .or_else(|| keys.iter().find_map(|key| entry[*key].as_str()))?;
        let is_name =
            !name.trim().is_empty() && name.len() <= LONGEST && !name.contains(char::is_control);
        is_name.then(|| name.to_owned())
    };
    let mut names: Vec<String> = Vec::new();
    for name in listed.into_iter().flatten().filter_map(name).take(MOST) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn voices_are_found_in_what_servers_send() {
        for list in [
            json!(["af_heart", "am_adam", "af_heart"]),
            json!({ "voices": ["af_heart", "am_adam", 7, "", "a\nb"] }),
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
