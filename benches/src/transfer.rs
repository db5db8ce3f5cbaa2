//! A conversation of many messages goes from one soul to the other, in another process: TLS, every piece on
//! the disk before it is acknowledged, and all of it merged.
//!
//! Counted is the time from the operator's yes to the target's word that it has it. The other process is
//! this program again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail, ensure};
use janet_vault::bridge::link::{Given, Giving};
use janet_vault::bridge::{Export, Leave, Packed, Party, Survey, Wish};
use janet_vault::conversations::{Config, ConversationUuid, Conversations, Role};
use janet_vault::desk::{Answer, By, Consent, Desk, Grants, Out, Request, Standing};
use janet_vault::green::Green;
use janet_vault::identity::{Identity, PublicKey};
use janet_vault::red::Red;
use janet_vault::red_thread::RedThread;
use janet_vault::soul::Soul;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::wire::{Answering, Home, Keeper, connect, give, listen};

/// The soul that this process is.
pub(crate) fn measure(messages: u64, runs: usize) -> anyhow::Result<Value> {
    let folder = tempfile::tempdir()?;
    let source = home(&folder.path().join("source"), Soul::Networked)?;
    let mut target = Target::start(&folder.path().join("target"), source.identity.public())?;
    let party = Party {
        soul: Soul::Constitutional,
        key: target.key,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut took = Vec::with_capacity(runs);
    for _ in 0..runs {
        let survey = conversation(&source, party, messages)?;
        let consent = consent(folder.path(), &source, &survey)?;
        let began = Instant::now();
        let export = pack(&source, survey, consent)?;
        let given = runtime.block_on(async {
            let stream = connect(&target.address, source.identity.clone(), party).await?;
            give(stream, &source, party, Giving::new(export), now_ms, |_| {}).await
        })?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
        match given {
            Given::Delivered(outcome) => ensure!(outcome.messages_added == messages),
            Given::Refused(reason) => bail!("the target refuses: {reason:?}"),
        }
    }
    target.child.kill().context("the target cannot be ended")?;
    target.child.wait()?;
    took.sort_by(f64::total_cmp);
    Ok(json!({
        "bench": "transfer",
        "messages": messages,
        "runs": runs,
        "ms": { "p50": took[took.len() / 2], "max": took[took.len() - 1] },
    }))
}

/// The soul of the other process: hears the first one until it is ended.
pub(crate) fn target(folder: &Path, peer: &str) -> anyhow::Result<()> {
    let home = home(folder, Soul::Constitutional)?;
    let peer = Party {
        soul: Soul::Networked,
        key: key(peer).context("no key")?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut out = std::io::stdout();
        writeln!(
            out,
            "{} {:?}",
            listener.local_addr()?,
            home.identity.public()
        )?;
        out.flush()?;
        let identity = home.identity.clone();
        listen(listener, identity, Arc::new(Ears { home, peer }), now_ms).await;
        Ok(())
    })
}

struct Target {
    child: Child,
    address: String,
    key: PublicKey,
}

impl Target {
    fn start(folder: &Path, peer: PublicKey) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--audio", ".", "--models", ".", "transfer-target"])
            .arg(folder)
            .arg(format!("{peer:?}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().context("it was piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let (address, text) = line.trim().split_once(' ').context("the target died")?;
        Ok(Self {
            child,
            address: address.to_owned(),
            key: key(text).context("no key")?,
        })
    }
}

struct Ears {
    home: Home,
    peer: Party,
}

impl Answering for Ears {
    fn peers(&self) -> Vec<Party> {
        vec![self.peer]
    }

    fn home_for(&self, _: Party) -> Option<Home> {
        Some(self.home.clone())
    }

    fn begin(&self) -> Option<Box<dyn Send>> {
        Some(Box::new(()))
    }

    fn comes(&self, _: ConversationUuid) {}

    fn came(&self, _: Party) {}
}

struct NoVaults;

impl Keeper for NoVaults {
    fn green(&self) -> Option<&Green> {
        None
    }

    fn red(&self) -> Option<&Red> {
        None
    }
}

fn home(folder: &Path, soul: Soul) -> anyhow::Result<Home> {
    let store = Conversations::open(folder, Config::default(), now_ms())?;
    Ok(Home {
        soul,
        store: Arc::new(store),
        keeper: Arc::new(NoVaults),
        identity: Arc::new(Identity::load_or_create(folder)?),
        red_thread: Arc::new(RedThread::open(folder)?),
    })
}

/// Sentences as people say them: 40 to 160 characters.
fn conversation(source: &Home, target: Party, messages: u64) -> anyhow::Result<Survey> {
    let mut said = Vec::new();
    for n in 0..messages {
        let words = 8 + usize::try_from(n % 24)?;
        said.push(janet_vault::conversations::Said {
            role: if n % 2 == 0 {
                Role::User
            } else {
                Role::Assistant
            },
            text: format!("{n}: {}", "words ".repeat(words)).into(),
            created_ms: now_ms() - (messages - n) * 1000,
            origin: None,
        });
    }
    let (id, _) = source.store.create_with(&said, now_ms())?;
    let wish = Wish {
        conversation: id,
        target,
        handover: true,
        green: false,
        red: Vec::new(),
    };
    let pass = source.red_thread.pass()?;
    source.with_side(now_ms(), |side| {
        Ok(Survey::take(&pass, side.store, side.vaults, wish)?)
    })
}

/// A click.
fn consent(folder: &Path, source: &Home, survey: &Survey) -> anyhow::Result<Consent> {
    let grants = Grants::open(folder, &source.identity.public())?;
    let mut desk = Desk::new(source.identity.clone(), source.red_thread.clone(), grants);
    let request = Request {
        operator: "here".to_owned(),
        needs: survey.action().needs(),
        action: survey.action(),
        conversation: None,
        impact: "a measurement".into(),
        prompt: "Proceed?".into(),
        subject: survey.subject(),
        standing: Standing::Suspended,
    };
    let mut out = Vec::new();
    let id = desk.request(now_ms(), request, &mut out)?;
    let yes = Answer {
        operator: "here".to_owned(),
        granted: true,
        by: By::Click,
    };
    desk.answer(id, yes, now_ms(), &mut out)?;
    let granted = out.into_iter().find_map(|out| match out {
        Out::Granted { consent, .. } => Some(consent),
        _ => None,
    });
    granted.context("the desk did not grant it")
}

fn pack(source: &Home, survey: Survey, consent: Consent) -> anyhow::Result<Export> {
    source.with_side(now_ms(), |side| {
        let pass = source.red_thread.pass()?;
        let leave = Leave { consent, red: None };
        let mut export = Export::begin(&pass, side, survey, leave, now_ms())?;
        drop(pass);
        while export.step(&source.red_thread.pass()?, side.store, now_ms())? == Packed::More {}
        Ok(export)
    })
}

fn key(text: &str) -> Option<PublicKey> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(PublicKey(key))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
