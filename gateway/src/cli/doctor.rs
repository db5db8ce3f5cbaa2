//! `janet doctor`: whether everything is there to run, and what to do where it is not.
//!
//! Looks and changes nothing: no model is fetched, no store is made.

mod network;

use std::fmt;
use std::path::{Path, PathBuf};

use janet_models::store::{Condition, Listed, Role, Store};

use super::out::outln;
use crate::config::{Apns, Choice, Config, FILE, Layers, Models, overridden};
use crate::llm::{LanguageServer, LlmError};
use crate::tts::SpeechServer;
use crate::{push, server, weights};

/// How one thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fine,
    /// Janet runs, but a user should know.
    Note,
    /// `janet serve` or one of its parts will not work.
    Bad,
}

/// What was looked at, what was found, and what helps.
#[derive(Debug)]
struct Finding {
    what: &'static str,
    state: State,
    found: String,
    /// A command, where there is one.
    todo: Option<String>,
}

impl Finding {
    fn new(what: &'static str, state: State, found: impl Into<String>) -> Self {
        Self {
            what,
            state,
            found: found.into(),
            todo: None,
        }
    }

    fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = Some(todo.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.state {
            State::Fine => "ok  ",
            State::Note => "note",
            State::Bad => "BAD ",
        };
        write!(f, "{mark}  {:15}  {}", self.what, self.found)?;
        match &self.todo {
            Some(todo) => write!(f, "\n      {:15}  → {todo}", ""),
            None => Ok(()),
        }
    }
}

/// Prints every finding; an error when something is bad, so that scripts can tell.
pub(super) fn run(config: &Config, layers: &Layers) -> anyhow::Result<()> {
    let mut findings = vec![machine(layers)];
    findings.extend(choices(layers.choices(), &|choice| {
        overridden(choice, layers)
    }));
    findings.extend(models(config));
    findings.extend(hub(config));
    findings.extend(network::ports(config));
    findings.extend([
        conversations(&config.conversation.data_dir),
        certificate(config),
    ]);
    findings.extend(others(config));
    findings.extend(config.engine.record_dir.as_deref().map(recordings));
    findings.extend(config.apns.as_ref().map(phones));
    findings.extend([
        page(config),
        language_server(config)?,
        speech_server(config)?,
    ]);
    findings.extend(network::ice_servers(config)?);
    findings.extend(network::in_vain(config, layers));
    for finding in &findings {
        outln!("{finding}")?;
    }
    let bad = findings
        .iter()
        .filter(|finding| finding.state == State::Bad);
    match bad.count() {
        0 => {
            outln!("\nEverything is there. `janet serve` starts Janet.")?;
            Ok(())
        }
        1 => anyhow::bail!("one thing is bad; the arrow says what helps"),
        bad => anyhow::bail!("{bad} things are bad; the arrows say what helps"),
    }
}

fn machine(layers: &Layers) -> Finding {
    const WHAT: &str = "machine";
    let machine = layers.machine();
    let found = format!("{machine}, profile {}", layers.profile());
    match (machine.cores, machine.memory_gb) {
        (0 | 1, _) => Finding::new(WHAT, State::Note, found)
            .todo("with one core answers come late; two are enough"),
        (_, Some(0 | 1)) => Finding::new(WHAT, State::Note, found)
            .todo("the models need about 600 MB; close what else is large"),
        _ => Finding::new(WHAT, State::Fine, found),
    }
}

/// The larger models that the profile took, or that there are none. What keeps each away is a long
/// story and no fault of anybody's.
fn choices(choices: &[Choice], overridden: &dyn Fn(&Choice) -> String) -> Vec<Finding> {
    const WHAT: &str = "larger models";
    let taken = choices.iter().filter(|choice| choice.is_taken());
    let mut findings: Vec<Finding> = taken
        .map(|choice| {
            let found = format!("{choice}{}: {}", overridden(choice), choice.reason);
            Finding::new(WHAT, State::Fine, found)
        })
        .collect();
    if findings.is_empty() && !choices.is_empty() {
        let found = "none is here that this machine can run; `janet config explain` shows what \
                     each would need";
        findings.push(Finding::new(WHAT, State::Fine, found));
    }
    findings
}

fn models(config: &Config) -> Vec<Finding> {
    // Opening the store would make its folder.
    if !config.models.dir.is_dir() {
        let found = format!("there is no folder {}", config.models.dir.display());
        return vec![Finding::new("models", State::Bad, found).todo("`janet models pull`")];
    }
    let store = weights::store(&config.models, "doctor");
    let listed = match store.list() {
        Ok(listed) => listed,
        Err(error) => return vec![Finding::new("models", State::Bad, error.to_string())],
    };
    let find = |name: &str| listed.iter().find(|listed| listed.model.name == name);
    let all = config.models.all();
    let findings = all.iter().map(|(role, name)| match find(name) {
        None if name.starts_with(FILE) => own(role, name),
        None => Finding::new("model", State::Bad, format!("{role}: {name} is not known"))
            .todo("`janet models list` shows all that are"),
        Some(listed) => {
            let state = match listed.condition {
                Condition::Sound => State::Fine,
                Condition::Unchecked => State::Note,
                _ => State::Bad,
            };
            let found = format!("{role}: {name}, {}", listed.condition.in_short());
            let finding = Finding::new("model", state, found);
            match state {
                State::Fine => finding,
                State::Note => finding.todo(format!("`janet models verify {name}`")),
                State::Bad => finding.todo(format!("`janet models pull {name}`")),
            }
        }
    });
    findings
        .chain(language(config, &listed))
        .chain(voice(&config.models, &store))
        .collect()
}

/// What `janet serve` would not accept of the language. Files that are not there or not right have
/// a line of their own.
fn language(config: &Config, listed: &[Listed<'_>]) -> Option<Finding> {
    let stt = &config.models.stt;
    let folder = match stt.strip_prefix(FILE) {
        Some(path) => PathBuf::from(path),
        None => {
            let listed = listed.iter().find(|listed| listed.model.name == *stt)?;
            let is_whole = matches!(listed.condition, Condition::Sound | Condition::Unchecked);
            is_whole.then(|| listed.folder.clone())?
        }
    };
    weights::check(Role::Stt, &folder).ok()?;
    let error = weights::check_language(&folder, &config.stt.language).err()?;
    let finding = Finding::new("language", State::Bad, error.to_string());
    Some(finding.todo(
        "`--set stt.language=auto` lets the model find out, or hear English if it knows no other",
    ))
}

/// What `janet serve` would not accept of the voice, or warn of.
fn voice(models: &Models, store: &Store) -> Option<Finding> {
    const WHAT: &str = "voice";
    match weights::look_at_voice(models, store) {
        Ok(None) => None,
        Ok(Some(language)) => {
            let found = format!("it is made for the language {language} and will speak English");
            Some(Finding::new(WHAT, State::Note, found))
        }
        Err(error) => Some(Finding::new(WHAT, State::Bad, error.to_string())),
    }
}

/// A file of the user's, looked at as `janet serve` does.
fn own(role: &str, name: &str) -> Finding {
    const TODO: &str = "name another file, or a model of `janet models list`";
    let path = Path::new(name.strip_prefix(FILE).unwrap_or(name));
    let found = format!("{role}: {}", path.display());
    if !path.exists() {
        return Finding::new("model", State::Bad, format!("{found} is not there")).todo(TODO);
    }
    let role = match role {
        "llm" => Some(Role::Llm),
        "stt" => Some(Role::Stt),
        // What is in the others is told when they are loaded.
        _ => None,
    };
    match role.map_or(Ok(()), |role| weights::check(role, path)) {
        Ok(()) => Finding::new("model", State::Fine, found),
        Err(error) => Finding::new("model", State::Bad, format!("{found}: {error}")).todo(TODO),
    }
}

/// A hub that cannot be asked: only `janet models pull` would notice.
fn hub(config: &Config) -> Option<Finding> {
    let trouble = super::models::hub_trouble(&config.models)?;
    let finding = Finding::new("model hub", State::Note, trouble);
    Some(finding.todo("models that are here do not need it; `janet models pull` does for some"))
}

/// What other machines will see.
fn certificate(config: &Config) -> Finding {
    const WHAT: &str = "certificate";
    match server::certificate(config) {
        Ok(Some(fingerprint)) => Finding::new(WHAT, State::Fine, format!("SHA-256 {fingerprint}")),
        Ok(None) => Finding::new(WHAT, State::Fine, "Janet makes one at her first start"),
        Err(error) => Finding::new(WHAT, State::Bad, error.to_string()).todo(
            "put the files right, or leave `server.certificate` out: Janet makes one of her own",
        ),
    }
}

/// Who may come in besides this machine.
fn others(config: &Config) -> Option<Finding> {
    const WHAT: &str = "other machines";
    if config.server.host.is_loopback() {
        return None;
    }
    let found = "served by TLS, once they are paired (`janet pair`)";
    if !config.server.legacy_lan {
        return Some(Finding::new(WHAT, State::Fine, found));
    }
    let found = format!("{found}; the private network without both, as guests");
    let todo = "`--set server.legacy_lan=false` as soon as the older clients are gone";
    Some(Finding::new(WHAT, State::Note, found).todo(todo))
}

fn conversations(folder: &Path) -> Finding {
    writable(
        "conversations",
        folder,
        "`--set conversation.data_dir=FOLDER` takes another folder",
    )
}

fn recordings(folder: &Path) -> Finding {
    writable(
        "recordings",
        folder,
        "`--set engine.record_dir=FOLDER` takes another folder; without it nothing is recorded",
    )
}

/// Whether files can be made in a folder, which is made when it is needed.
fn writable(what: &'static str, folder: &Path, todo: &str) -> Finding {
    let shown = folder.display();
    // Of a folder that is not there yet, the next one above decides.
    let here = |folder: &Path| folder.as_os_str().is_empty();
    let there = folder
        .ancestors()
        .map(|folder| if here(folder) { Path::new(".") } else { folder })
        .find(|folder| folder.exists());
    let is_writable = there.is_some_and(|there| tempfile::tempfile_in(there).is_ok());
    if is_writable {
        Finding::new(what, State::Fine, format!("{shown}"))
    } else {
        Finding::new(what, State::Bad, format!("{shown} cannot be written")).todo(todo)
    }
}

/// Whether phones can be rung that are not connected, as far as this machine knows.
fn phones(apns: &Apns) -> Finding {
    const WHAT: &str = "phones";
    match push::check(apns) {
        Ok(()) => {
            let found = format!("{} is rung by {}", apns.topic, apns.url);
            Finding::new(WHAT, State::Fine, found)
        }
        Err(error) => Finding::new(WHAT, State::Bad, error.to_string())
            .todo("put the file right, or leave `calls.apns_key` out: nobody is rung then"),
    }
}

fn page(config: &Config) -> Finding {
    const WHAT: &str = "page";
    match server::page_folder(config) {
        Ok(Some(folder)) => Finding::new(WHAT, State::Fine, folder.display().to_string()),
        Ok(None) => Finding::new(WHAT, State::Note, "it has not been built")
            .todo("`./run` builds it; clients without a browser do not need it"),
        Err(error) => Finding::new(WHAT, State::Bad, error.to_string())
            .todo("leave `server.web_dir` out, or name the folder that `npm run build` made"),
    }
}

fn language_server(config: &Config) -> anyhow::Result<Finding> {
    const WHAT: &str = "language server";
    let Some(llm) = config.llm.clone() else {
        return Ok(Finding::new(
            WHAT,
            State::Fine,
            "none: her own model answers",
        ));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (url, is_a_guess) = (llm.url.clone(), llm.is_a_guess);
    Ok(runtime.block_on(async {
        let server = match LanguageServer::new(llm) {
            Ok(server) => server,
            Err(error) => return Finding::new(WHAT, State::Bad, error.to_string()),
        };
        match server.look().await {
            Ok(model) => Finding::new(WHAT, State::Fine, format!("{model} at {url}")),
            Err(LlmError::Unreachable) if is_a_guess => {
                Finding::new(WHAT, State::Fine, "no Ollama here: her own model answers")
            }
            Err(why) => Finding::new(WHAT, State::Note, format!("{url}: {why}"))
                .todo("her own model answers meanwhile; `--set llm.server=off` asks no other"),
        }
    }))
}

/// Whether the speech server speaks, told by a word or two to nobody.
fn speech_server(config: &Config) -> anyhow::Result<Finding> {
    const WHAT: &str = "speech server";
    let Some(tts) = config.tts.clone() else {
        return Ok(Finding::new(WHAT, State::Fine, "none: her own voice"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (url, voice) = (tts.url.clone(), tts.voice.clone());
    Ok(runtime.block_on(async {
        let server = match SpeechServer::new(tts) {
            Ok(server) => server,
            Err(error) => return Finding::new(WHAT, State::Bad, error.to_string()),
        };
        let spoken = match server.look().await {
            Ok(()) => server.probe().await,
            Err(why) => Err(why),
        };
        match spoken {
            Ok(after) => {
                let after = after.as_millis();
                let found = format!("{voice} at {url}, first sound after {after} ms");
                Finding::new(WHAT, State::Fine, found)
            }
            Err(why) => Finding::new(WHAT, State::Note, format!("{url}: {why}"))
                .todo("her own voice speaks meanwhile; `--set tts.url=` asks no other"),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Condition;

    #[test]
    fn a_finding_says_what_helps_on_a_line_of_its_own() {
        let finding = Finding::new("port", State::Bad, "taken").todo("`--port N`");
        let text = finding.to_string();
        assert!(text.starts_with("BAD ") && text.contains("taken"), "{text}");
        assert!(
            text.lines()
                .nth(1)
                .is_some_and(|line| line.contains("→ `--port N`"))
        );
    }

    #[test]
    fn larger_models_have_a_line_each_where_they_are_taken_and_one_where_none_is() {
        let choice = |candidate: &str, is_met: bool| Choice {
            key: "models.llm".into(),
            candidate: candidate.into(),
            bytes: 400_000_000,
            conditions: vec![Condition {
                is_met,
                told: "64 cores".into(),
            }],
            reason: "it answers better".into(),
        };
        let found = |all: &[Choice], over: &str| -> Vec<String> {
            let findings = choices(all, &|_| over.to_owned());
            findings.into_iter().map(|finding| finding.found).collect()
        };
        let all = [
            choice("huge", false),
            choice("half-b", true),
            choice("", false),
        ];
        let taken = "models.llm: half-b (400 MB) is taken";
        assert_eq!(found(&all, ""), [format!("{taken}: it answers better")]);
        let over = ", but flag --set models.llm counts";
        let told = found(&all, over);
        assert_eq!(told, [format!("{taken}{over}: it answers better")]);
        let told = found(&all[..1], "");
        assert!(
            told.len() == 1 && told[0].contains("`janet config explain`"),
            "{told:?}"
        );
        assert!(found(&[], "").is_empty(), "the profile chooses nothing");
    }

    #[test]
    fn a_file_that_is_no_model_is_bad() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("x.gguf");
        std::fs::write(&path, "no model").expect("written");
        let finding = own("llm", &format!("file:{}", path.display()));
        assert_eq!(finding.state, State::Bad, "{finding}");
        assert!(finding.to_string().contains("not GGUF"), "{finding}");
        assert_eq!(own("llm", "file:/nowhere/x.gguf").state, State::Bad);
        let voice = own("tts", &format!("file:{}", path.display()));
        assert_eq!(voice.state, State::Fine, "{voice}");
    }

    #[test]
    fn a_signing_key_that_is_none_is_bad() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = folder.path().join("key.p8");
        std::fs::write(&key, "no key").expect("written");
        let finding = phones(&Apns {
            key,
            key_id: "KEY1234567".into(),
            team_id: "TEAM123456".into(),
            topic: "com.example.janet.voip".into(),
            url: "https://127.0.0.1:1".into(),
            ca: None,
        });
        assert_eq!(finding.state, State::Bad, "{finding}");
        assert!(
            finding.to_string().contains("`calls.apns_key`"),
            "{finding}"
        );
    }

    #[test]
    fn a_folder_that_can_be_made_is_fine_and_one_below_a_file_is_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let below = folder.path().join("not/there/yet");
        assert_eq!(conversations(&below).state, State::Fine);
        assert!(!below.exists(), "nothing was made");
        let file = folder.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert_eq!(conversations(&file.join("data")).state, State::Bad);
        let recordings = recordings(&file).to_string();
        assert!(recordings.starts_with("BAD "), "{recordings}");
        assert!(recordings.contains("engine.record_dir"), "{recordings}");
    }
}
