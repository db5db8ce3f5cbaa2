//! Which folder the weights are in.

use std::path::{Path, PathBuf};

/// The model store's folder: `models` under `home` where that is given (the value of
/// `JANET_HOME`), else under the platform's cache folder; `None` when the user has no home folder.
pub fn models_dir(home: Option<&Path>) -> Option<PathBuf> {
    let base = match home {
        Some(home) => home.to_path_buf(),
        None => platform_cache(&std::env::home_dir()?),
    };
    Some(base.join("models"))
}

/// The same with `JANET_HOME` taken from the environment: for tests and benches, which have no
/// configuration.
pub fn models_dir_from_env() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests and benches have no configuration"
    )]
    let home = std::env::var("JANET_HOME").ok().map(PathBuf::from);
    models_dir(home.as_deref())
}

fn platform_cache(user: &Path) -> PathBuf {
    if cfg!(target_os = "macos") {
        user.join("Library/Caches/janet")
    } else if cfg!(windows) {
        user.join("AppData/Local/janet")
    } else {
        user.join(".cache/janet")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_home_wins_over_the_platforms_cache() {
        let given = models_dir(Some(Path::new("/srv/janet")));
        assert_eq!(given, Some(PathBuf::from("/srv/janet/models")));
        let default = models_dir(None).expect("whoever runs tests has a home folder");
        assert!(default.ends_with("janet/models"), "{}", default.display());
    }
}
