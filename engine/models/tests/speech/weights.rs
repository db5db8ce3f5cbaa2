//! Where the tests find real weights: in the model store, like the product.

use std::path::PathBuf;

/// A file of a model in the store; panics with what to do when it is not there.
pub(crate) fn file(model: &str, file: &str) -> PathBuf {
    let store = janet_models::store::models_dir_from_env().expect("there is a home folder");
    let path = store.join(model).join(file);
    assert!(
        path.exists(),
        "{} is missing: run `janet models pull`",
        path.display()
    );
    path
}
