//! Standing grants: what the operator allowed once and for all, until it is revoked.
//!
//! A file that is replaced whole. Each grant lies there with the signed receipt of the consent that made it
//! and counts only if that receipt is hers and names it: a line that somebody else wrote grants nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Action, Consent, ConsentError, GrantId, Receipt, subject_of};
use crate::identity::PublicKey;
use crate::red_thread::Pass;

/// Its name in the state's folder.
const NAME: &str = "grants.json";
/// More grants than anybody keeps in mind.
pub const MOST_GRANTS: usize = 64;
/// Bytes of the file that are read: far more than so many grants take.
const LONGEST_FILE: u64 = 256 * 1024;

/// What may be done without being asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Its name; that of the receipt.
    pub id: GrantId,
    /// The action, as [`Action::key`] writes it.
    pub action: String,
    /// Who granted it, when and how.
    pub receipt: Receipt,
}

/// Why a grant is not kept, or not read.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The file cannot be read or written.
    #[error("the standing grants in {} cannot be kept: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what was written.
    #[error("the standing grants in {} are damaged ({what}); remove the file to start with none", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The action is one that is asked for each time.
    #[error("`{0}` is asked for each time; there is no standing grant for it")]
    Never(&'static str),
    /// There are too many.
    #[error("there are {MOST_GRANTS} standing grants; revoke one first")]
    Full,
    /// There is one for it already.
    #[error("`{0}` is granted already")]
    Known(String),
    /// There is no such grant (any more).
    #[error("there is no standing grant {0}")]
    Unknown(GrantId),
    /// The consent was for something else.
    #[error(transparent)]
    Consent(#[from] ConsentError),
}

/// Those that stand.
#[derive(Debug)]
pub struct Grants {
    path: PathBuf,
    all: Vec<Grant>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    grants: Vec<Grant>,
}

const VERSION: u32 = 1;

impl Grants {
    /// Those in this folder. A file with anything in it that this key has not signed is refused whole.
    pub fn open(folder: &Path, key: &PublicKey) -> Result<Self, GrantError> {
        let path = folder.join(NAME);
        let all = match read(&path) {
            Ok(None) => Vec::new(),
            Ok(Some(bytes)) => understood(&bytes, key).map_err(|what| GrantError::Damaged {
                path: path.clone(),
                what,
            })?,
            Err(source) => return Err(GrantError::Io { path, source }),
        };
        Ok(Self { path, all })
    }

    /// What a consent to a new grant has to be for.
    pub fn subject(action: &Action) -> [u8; 32] {
        subject_of(&[b"grant", action.key().as_bytes()])
    }

    /// The oldest first.
    pub fn list(&self) -> &[Grant] {
        &self.all
    }

    /// The one for this action.
    pub fn of(&self, action: &Action) -> Option<GrantId> {
        let key = action.key();
        let grant = self.all.iter().find(|grant| grant.action == key)?;
        action.may_stand().then_some(grant.id)
    }

    /// Adds one, by a consent to [`Action::NewGrant`] on [`Self::subject`]. On the disk when this returns.
    pub fn add(
        &mut self,
        pass: &Pass<'_>,
        consent: Consent,
        action: &Action,
    ) -> Result<Grant, GrantError> {
        if !action.may_stand() || Action::from_key(&action.key()).as_ref() != Some(action) {
            return Err(GrantError::Never(action.name()));
        }
        if self.of(action).is_some() {
            return Err(GrantError::Known(action.key()));
        }
        if self.all.len() >= MOST_GRANTS {
            return Err(GrantError::Full);
        }
        let receipt = consent.spend(pass, &Action::NewGrant, &Self::subject(action))?;
        let grant = Grant {
            id: GrantId(receipt.id),
            action: action.key(),
            receipt,
        };
        self.all.push(grant.clone());
        if let Err(error) = self.write() {
            self.all.pop();
            return Err(error);
        }
        Ok(grant)
    }

    /// Takes one back. It counts no more from here on, even if the file cannot be written; it is gone from
    /// the disk if this returns without an error.
    pub fn revoke(&mut self, id: GrantId) -> Result<Grant, GrantError> {
        let place = self
            .all
            .iter()
            .position(|grant| grant.id == id)
            .ok_or(GrantError::Unknown(id))?;
        let grant = self.all.remove(place);
        self.write().map(|()| grant)
    }

    /// Takes back what this device granted: it was revoked itself.
    pub fn revoke_of(&mut self, operator: &str) -> Result<Vec<Grant>, GrantError> {
        let (gone, stay) = std::mem::take(&mut self.all)
            .into_iter()
            .partition::<Vec<_>, _>(|grant| grant.receipt.operator == operator);
        self.all = stay;
        if !gone.is_empty() {
            self.write()?;
        }
        Ok(gone)
    }

    fn write(&self) -> Result<(), GrantError> {
        let io = |source| GrantError::Io {
            path: self.path.clone(),
            source,
        };
        let kept = Kept {
            version: VERSION,
            grants: self.all.clone(),
        };
        let text = serde_json::to_vec_pretty(&kept).expect("no map in it");
        let new = self.path.with_extension("json.new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&new).map_err(io)?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&new, &self.path))
            .map_err(io)?;
        match self.path.parent() {
            Some(folder) => File::open(folder)
                .and_then(|folder| folder.sync_all())
                .map_err(io),
            None => Ok(()),
        }
    }
}

fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// The grants in these bytes, or what is wrong with them.
fn understood(bytes: &[u8], key: &PublicKey) -> Result<Vec<Grant>, String> {
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(format!("more than {LONGEST_FILE} bytes"));
    }
    let kept: Kept = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if kept.version != VERSION {
        return Err(format!("version {} is not known", kept.version));
    }
    if kept.grants.len() > MOST_GRANTS {
        return Err(format!("more than {MOST_GRANTS} grants"));
    }
    for (n, grant) in kept.grants.iter().enumerate() {
        let wrong = |what: &str| Err(format!("grant {}: {what}", n + 1));
        let Some(action) = Action::from_key(&grant.action) else {
            return wrong("no such action");
        };
        if !action.may_stand() {
            return wrong("its action is asked for each time");
        }
        if grant.receipt.action != Action::NewGrant.name()
            || grant.receipt.subject != Grants::subject(&action)
            || grant.receipt.id != grant.id.0
        {
            return wrong("its receipt is for something else");
        }
        if !grant.receipt.is_of(key) {
            return wrong("its receipt is not signed by this Janet");
        }
        if kept.grants[..n]
            .iter()
            .any(|before| before.action == grant.action)
        {
            return wrong("there twice");
        }
    }
    Ok(kept.grants)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::red_thread::RedThread;

    struct Setup {
        folder: tempfile::TempDir,
        janet: Identity,
        thread: RedThread,
    }

    fn setup() -> Setup {
        let folder = tempfile::tempdir().expect("a folder");
        let janet = Identity::load_or_create(folder.path()).expect("a key");
        let thread = RedThread::open(folder.path()).expect("a latch");
        Setup {
            folder,
            janet,
            thread,
        }
    }

    impl Setup {
        fn open(&self) -> Result<Grants, GrantError> {
            Grants::open(self.folder.path(), &self.janet.public())
        }

        fn add(&self, grants: &mut Grants, action: &Action) -> Result<Grant, GrantError> {
            let subject = Grants::subject(action);
            let consent = Consent::for_tests(&self.janet, Action::NewGrant, subject, 5);
            grants.add(&self.thread.pass().expect("not pulled"), consent, action)
        }
    }

    fn plex() -> Action {
        Action::Delegate("plex".into())
    }

    #[test]
    fn a_grant_stands_until_it_is_revoked_and_over_restarts() {
        let setup = setup();
        let mut grants = setup.open().expect("none");
        assert_eq!(grants.of(&plex()), None);
        let grant = setup.add(&mut grants, &plex()).expect("granted");
        assert_eq!(grants.of(&plex()), Some(grant.id));
        assert_eq!(grants.of(&Action::Delegate("home".into())), None);
        assert!(matches!(
            setup.add(&mut grants, &plex()),
            Err(GrantError::Known(_))
        ));
        let mut grants = setup.open().expect("one");
        assert_eq!(grants.list(), std::slice::from_ref(&grant));
        grants.revoke(grant.id).expect("revoked");
        assert_eq!(grants.of(&plex()), None);
        assert!(setup.open().expect("none").list().is_empty());
        assert!(matches!(
            grants.revoke(grant.id),
            Err(GrantError::Unknown(_))
        ));
    }

    #[test]
    fn what_is_asked_for_each_time_is_never_granted() {
        let setup = setup();
        let mut grants = setup.open().expect("none");
        for action in Action::examples().into_iter().filter(|a| !a.may_stand()) {
            let error = setup.add(&mut grants, &action).expect_err("never");
            assert!(matches!(error, GrantError::Never(_)), "{error}");
        }
        let strange = Action::Delegate("a handler: x".into());
        assert!(setup.add(&mut grants, &strange).is_err());
        assert!(grants.list().is_empty());
    }

    #[test]
    fn a_consent_to_one_grant_makes_no_other() {
        let setup = setup();
        let mut grants = setup.open().expect("none");
        let pass = setup.thread.pass().expect("not pulled");
        let subject = Grants::subject(&plex());
        let other = Consent::for_tests(&setup.janet, Action::NewGrant, subject, 5);
        assert!(grants.add(&pass, other, &Action::Transfer).is_err());
        let other = Consent::for_tests(&setup.janet, Action::Remember, subject, 5);
        assert!(grants.add(&pass, other, &plex()).is_err());
        assert!(grants.list().is_empty());
    }

    #[test]
    fn there_is_room_for_a_few_and_a_lost_device_takes_its_own_along() {
        let setup = setup();
        let mut grants = setup.open().expect("none");
        for n in 0..MOST_GRANTS {
            let action = Action::Delegate(format!("handler-{n}"));
            setup.add(&mut grants, &action).expect("granted");
        }
        assert!(matches!(
            setup.add(&mut grants, &Action::Transfer),
            Err(GrantError::Full)
        ));
        assert_eq!(setup.open().expect("all").list().len(), MOST_GRANTS);
        assert!(grants.revoke_of("phone").expect("none").is_empty());
        assert_eq!(grants.revoke_of("here").expect("all").len(), MOST_GRANTS);
        assert!(setup.open().expect("none").list().is_empty());
    }

    /// Every change of a character makes it refused: a digit of a hash, an action, a device.
    #[test]
    fn a_changed_file_grants_nothing() {
        let setup = setup();
        let mut grants = setup.open().expect("none");
        setup.add(&mut grants, &plex()).expect("granted");
        let path = setup.folder.path().join(NAME);
        let good = fs::read(&path).expect("the file");
        let mut refused = 0;
        for at in 0..good.len() {
            if good[at].is_ascii_whitespace() {
                continue;
            }
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, &bad).expect("a file");
            let error = setup.open().expect_err("changed");
            assert!(error.to_string().contains(NAME), "{error}");
            refused += 1;
        }
        assert!(refused > 200);
        fs::write(&path, &good).expect("a file");
        assert_eq!(setup.open().expect("as it was").list().len(), 1);
        let other = self::setup();
        let theirs = Grants::open(setup.folder.path(), &other.janet.public());
        assert!(theirs.is_err(), "another Janet's");
    }
}
