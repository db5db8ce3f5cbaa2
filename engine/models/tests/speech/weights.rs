//! Where the tests find real weights: in the model store, like the product.

use std::path::PathBuf;

/// A file of a model in the store; panics with what to do when it is not there.
pub fn file(model: &str, file: &str) -> PathBuf {
    let home = std::env::var_os("JANET_HOME").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        Some(cache.or_else(|| Some(std::env::home_dir()?.join(".cache")))?.join("janet"))
    });
    let path = home
        .expect("neither JANET_HOME nor a home folder is set")
        .join("models")
        .join(model)
        .join(file);
    assert!(
        path.exists(),
        "{} is missing: pull the models first (janet models pull)",
        path.display()
    );
    path
}
