//! A panic anywhere zeroes the vault before a word is said about it.

use std::panic;
use std::sync::Arc;

use super::Blue;

/// From here on a panic in any thread zeroes this vault first, and is then told as before. For the start
/// of the process: the hook stays, but keeps no vault alive.
pub fn zeroize_on_panic(blue: &Blue) {
    let shared = Arc::downgrade(&blue.shared);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if let Some(shared) = shared.upgrade() {
            shared.zeroize_in_panic();
        }
        before(info);
    }));
}
