//! Files of a model hub (Hugging Face, or what speaks like it): how they are named, and what the
//! store asks of whoever fetches them.
//!
//! The store opens no socket. The gateway hands in a [`Hub`] that does; without one, sources of
//! this kind are refused and the next is tried.

use std::fmt;
use std::io::Read;
use std::time::Duration;

/// One file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubFile {
    /// `OWNER/REPO`, or `REPO` alone for those of the hub itself.
    pub repo: String,
    /// Path inside the repository.
    pub file: String,
    /// Branch, tag or commit. Only a commit always means the same bytes.
    pub revision: String,
}

impl HubFile {
    /// Reads `OWNER/REPO:FILE@REVISION`; `None` when it is anything else, or could leave the
    /// repository.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (repo, rest) = text.split_once(':')?;
        let (file, revision) = rest.rsplit_once('@')?;
        let is_fine = repo.split('/').count() <= 2
            && [repo, file, revision].iter().all(|path| plain_path(path));
        is_fine.then(|| Self {
            repo: repo.to_owned(),
            file: file.to_owned(),
            revision: revision.to_owned(),
        })
    }

    /// Where it lies below the hub's address: `REPO/resolve/REVISION/FILE`.
    pub fn path(&self) -> String {
        // A slash in a revision would be taken for the beginning of the file's path.
        let revision = self.revision.replace('/', "%2F");
        format!("{}/resolve/{revision}/{}", self.repo, self.file)
    }
}

impl fmt::Display for HubFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}@{}", self.repo, self.file, self.revision)
    }
}

/// Parts between slashes that need no escape in an address and lead nowhere else.
fn plain_path(path: &str) -> bool {
    path.split('/').all(|part| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-+".contains(&b);
        !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain)
    })
}

/// What is already here of a file, so that only the rest is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume<'a> {
    /// So many bytes.
    pub from: u64,
    /// The strong entity tag that those bytes came with.
    pub etag: &'a str,
}

/// A file on its way.
pub struct HubAnswer {
    /// The position of the first byte of `body`: that of the resume, or 0 when the hub sends the
    /// whole file because it is another one by now.
    pub from: u64,
    /// Size of the whole file, where the hub says it.
    pub total: Option<u64>,
    /// The strong entity tag; `None`: a broken transfer cannot be continued.
    pub etag: Option<String>,
    /// The bytes. An error of kind `TimedOut` means that none came for too long, any other that
    /// the transfer broke off.
    pub body: Box<dyn Read>,
}

/// Fetches files of a hub. Called from one thread at a time for each file, and may block; each
/// wait has a limit of its own.
pub trait Hub: fmt::Debug + Send + Sync {
    /// Asks for `file`, or for the rest of it.
    fn get(&self, file: &HubFile, resume: Option<Resume<'_>>) -> Result<HubAnswer, HubError>;
}

/// Why a hub gave no file. Never holds a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// 401 or 403.
    #[error(
        "{endpoint} refuses {file} of {repo} (HTTP {status}): {}",
        refused(*.with_token, .endpoint, .repo)
    )]
    Refused {
        /// The hub.
        endpoint: String,
        /// Which repository.
        repo: String,
        /// Which file of it.
        file: String,
        /// What it answered with.
        status: u16,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// 404.
    #[error(
        "{endpoint} has no {file} in {repo} at revision {revision} (HTTP 404); look at \
         {endpoint}/{repo} for how it is spelt. A private repository looks the same: set HF_TOKEN"
    )]
    NotFound {
        /// The hub.
        endpoint: String,
        /// Which repository.
        repo: String,
        /// Which file of it.
        file: String,
        /// At which revision.
        revision: String,
    },
    /// Any other answer.
    #[error("{endpoint} answered {status} for {file} of {repo}; try again later")]
    Status {
        /// The hub.
        endpoint: String,
        /// Which repository.
        repo: String,
        /// Which file of it.
        file: String,
        /// The status.
        status: u16,
    },
    /// No connection, or no answer that is HTTP.
    #[error("{endpoint} cannot be reached ({reason}); HF_ENDPOINT names another hub")]
    Unreachable {
        /// The hub, or where it led to.
        endpoint: String,
        /// What the system said.
        reason: String,
    },
    /// Nothing came for this long.
    #[error(
        "{endpoint} was silent for {} s; pull again, the transfer goes on where it stopped, or \
         allow more with `models.stall_ms`",
        .waited.as_secs_f32()
    )]
    Silent {
        /// The hub, or where it led to.
        endpoint: String,
        /// The limit that was reached.
        waited: Duration,
    },
    /// The transfer ended too early, more than once.
    #[error("the transfer broke off after {got} of {expected} bytes; pull again, it goes on there")]
    BrokeOff {
        /// Bytes that are here.
        got: u64,
        /// Bytes of the whole file.
        expected: u64,
    },
    /// A redirect that is not followed.
    #[error("{endpoint} leads {reason}")]
    Redirect {
        /// The hub.
        endpoint: String,
        /// Where.
        reason: &'static str,
    },
    /// It is set up in a way that it cannot be asked.
    #[error("not asked: {reason}")]
    NotAsked {
        /// What is wrong, and with which setting.
        reason: String,
    },
    /// An answer that makes no sense.
    #[error("{endpoint} sent {reason}")]
    Nonsense {
        /// The hub.
        endpoint: String,
        /// What.
        reason: &'static str,
    },
}

fn refused(with_token: bool, endpoint: &str, repo: &str) -> String {
    if with_token {
        format!(
            "HF_TOKEN was sent but does not open it; accept the model's terms at {endpoint}/{repo} \
             or take a token that may read it"
        )
    } else {
        format!(
            "it needs a token; make one at {endpoint}/settings/tokens, accept the model's terms at \
             {endpoint}/{repo}, and set HF_TOKEN"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_the_hubs_and_a_branch_with_a_slash_stays_one_part() {
        let file = HubFile::parse("o/r:sub/f.gguf@refs/pr/1").expect("it is plain");
        assert_eq!(file.path(), "o/r/resolve/refs%2Fpr%2F1/sub/f.gguf");
    }
}
