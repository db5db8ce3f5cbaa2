//! Where personas are: those that are built in, and a folder of the operator's.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::{Persona, PersonaError, PersonaId, file};

/// The folder's name, beside the conversations.
pub const FOLDER: &str = "personas";
/// Most files that are listed.
const MOST_FILES: usize = 1000;

const BUILT_IN: [(&str, &str); 4] = [
    (
        "janet",
        include_str!("../../../../profiles/personas/janet.toml"),
    ),
    (
        "brisk",
        include_str!("../../../../profiles/personas/brisk.toml"),
    ),
    (
        "evening",
        include_str!("../../../../profiles/personas/evening.toml"),
    ),
    (
        "tutor",
        include_str!("../../../../profiles/personas/tutor.toml"),
    ),
];

/// The persona of this id that is built in.
pub fn built_in(id: &str) -> Option<Persona> {
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == id)?;
    Some(file::parse(text).expect("what is built in is tested"))
}

/// All personas of this machine.
#[derive(Clone, Debug)]
pub struct Shelf {
    folder: PathBuf,
}

/// One of them.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: PersonaId,
    /// Whether it came with Janet.
    pub is_built_in: bool,
    /// The persona, or why it cannot be used.
    pub persona: Result<Persona, PersonaError>,
}

impl Shelf {
    /// The shelf in this folder of state. Nothing is made before something is put there.
    pub fn at(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join(FOLDER),
        }
    }

    /// Where a persona's file is, or would be.
    pub fn path(&self, id: &PersonaId) -> PathBuf {
        self.folder.join(format!("{id}.toml"))
    }

    /// All of them, those that are built in first. A file that cannot be used is listed with why.
    pub fn list(&self) -> Result<Vec<Listed>, PersonaError> {
        let built_in = BUILT_IN.iter().map(|(id, text)| Listed {
            id: PersonaId::parse(id).expect("what is built in is tested"),
            is_built_in: true,
            persona: file::parse(text),
        });
        let mut ids = self.ids()?;
        ids.sort();
        let own = ids.into_iter().map(|id| Listed {
            persona: self.read(&id),
            is_built_in: false,
            id,
        });
        Ok(built_in.chain(own).collect())
    }

    /// The persona of this id.
    pub fn get(&self, id: &PersonaId) -> Result<Persona, PersonaError> {
        if let Some(persona) = built_in(id.as_str()) {
            return Ok(persona);
        }
        match self.read(id) {
            Err(PersonaError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                let own = self.ids().unwrap_or_default();
                let own = own.iter().take(20).map(PersonaId::as_str);
                let known = BUILT_IN.iter().map(|(id, _)| *id).chain(own);
                Err(PersonaError::Unknown {
                    id: id.to_string(),
                    known: known.collect::<Vec<_>>().join(", "),
                })
            }
            read => read,
        }
    }

    /// Keeps a persona, in a file that nobody else may read: whole, or not at all. One that is there stays,
    /// unless it is to be replaced.
    pub fn put(&self, persona: &Persona, replace: bool) -> Result<PathBuf, PersonaError> {
        let id = &persona.id;
        if built_in(id.as_str()).is_some() {
            return Err(PersonaError::BuiltIn { id: id.to_string() });
        }
        let text = file::written(persona);
        // What could not be read again is not written.
        file::parse(&text)?;
        let path = self.path(id);
        if !replace && fs::symlink_metadata(&path).is_ok() {
            return Err(PersonaError::Exists { id: id.to_string() });
        }
        let io = |path: &Path| {
            let path = path.to_owned();
            |source| PersonaError::Io { path, source }
        };
        make_folder(&self.folder).map_err(io(&self.folder))?;
        let new = self.folder.join(format!(".{id}.new"));
        let written = self.write(&new, &text, &path, replace);
        if written.is_err() {
            // What is half there is of no use; the error that counts is the first.
            let _gone = fs::remove_file(&new);
        }
        match written {
            Err(source) if source.kind() == ErrorKind::AlreadyExists => {
                Err(PersonaError::Exists { id: id.to_string() })
            }
            written => written.map_err(io(&path)).map(|()| path),
        }
    }

    fn write(&self, new: &Path, text: &str, path: &Path, replace: bool) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out = options.open(new)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        if replace {
            fs::rename(new, path)?;
        } else {
            // Fails where somebody was faster, and never overwrites.
            fs::hard_link(new, path)?;
            fs::remove_file(new)?;
        }
        File::open(&self.folder)?.sync_all()
    }

    fn read(&self, id: &PersonaId) -> Result<Persona, PersonaError> {
        let path = self.path(id);
        let mut text = String::new();
        let read = File::open(&path).and_then(|file| {
            file.take(file::MOST_BYTES as u64 + 1)
                .read_to_string(&mut text)
        });
        read.map_err(|source| PersonaError::Io {
            path: path.clone(),
            source,
        })?;
        let persona = file::parse(&text).and_then(|persona| match persona.id == *id {
            true => Ok(persona),
            false => {
                let found = format!("`{}`", persona.id);
                Err(PersonaError::field("id", "the name of its file", found))
            }
        });
        persona.map_err(|source| PersonaError::File {
            path,
            source: Box::new(source),
        })
    }

    /// Ids of the files in the folder.
    fn ids(&self) -> Result<Vec<PersonaId>, PersonaError> {
        let io = |source| PersonaError::Io {
            path: self.folder.clone(),
            source,
        };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(io(source)),
        };
        let mut ids = Vec::new();
        for entry in entries.take(MOST_FILES) {
            let name = entry.map_err(io)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".toml"));
            let id = id.and_then(|id| PersonaId::parse(id).ok());
            // One of those that are built in is never read from a file.
            ids.extend(id.filter(|id| built_in(id.as_str()).is_none()));
        }
        Ok(ids)
    }
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
