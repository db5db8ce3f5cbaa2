//! `data/animator.json` is what the table says.

use super::TABLE;
use crate::export_test::hold;

#[test]
fn the_checked_in_table_is_what_the_animator_uses() {
    let mut text = serde_json::to_string_pretty(&TABLE).expect("numbers");
    text.push('\n');
    hold("animator.json", &text);
}
