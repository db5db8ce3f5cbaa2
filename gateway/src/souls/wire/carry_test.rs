use std::path::Path;
use std::sync::{Arc, Mutex};

use janet_vault::bridge::{Export, Leave, Packed, Survey, Wish};
use janet_vault::conversations::{Config, Conversations, Role, Standing};
use janet_vault::desk::{self, Answer, By, Desk, Grants, Out};
use janet_vault::green::Green;
use janet_vault::identity::Identity;
use janet_vault::red::Red;
use janet_vault::red_thread::RedThread;
use janet_vault::soul::Soul;
use tokio::net::TcpListener;

use super::super::{Answering, Keeper, connect, listen};
use super::*;

const NOW: u64 = 1_800_000_000_000;

fn now_ms() -> u64 {
    NOW
}

struct Nothing;

impl Keeper for Nothing {
    fn green(&self) -> Option<&Green> {
        None
    }

    fn red(&self) -> Option<&Red> {
        None
    }
}

fn home(folder: &Path, soul: Soul) -> Home {
    let folder = folder.join(soul.name());
    let store = Conversations::open(&folder, Config::default(), NOW).expect("it opens");
    Home {
        soul,
        store: Arc::new(store),
        keeper: Arc::new(Nothing),
        identity: Arc::new(Identity::load_or_create(&folder).expect("a key")),
        red_thread: Arc::new(RedThread::open(&folder).expect("a latch")),
    }
}

/// The operator clicks yes.
fn packed(folder: &Path, from: &Home, to: Party, messages: u64) -> Export {
    let id = from.store.create(NOW).expect("a conversation");
    for n in 0..messages {
        let text = format!("message {n}");
        from.store
            .append(id, Role::User, &text, NOW + n)
            .expect("on disk");
    }
    let wish = Wish {
        conversation: id,
        target: to,
        handover: true,
        green: true,
        red: Vec::new(),
    };
    let grants = Grants::open(folder, &from.identity.public()).expect("none");
    let mut desk = Desk::new(from.identity.clone(), from.red_thread.clone(), grants);
    let pass = from.red_thread.pass().expect("not pulled");
    from.with_side(NOW, |side| {
        let survey = Survey::take(&pass, side.store, side.vaults, wish).expect("a survey");
        let request = desk::Request {
            operator: "here".to_owned(),
            action: survey.action(),
            conversation: None,
            impact: "it moves".into(),
            prompt: "Proceed?".into(),
            subject: survey.subject(),
            needs: survey.action().needs(),
            standing: desk::Standing::Counts,
        };
        let mut out = Vec::new();
        let id = desk.request(NOW, request, &mut out).expect("asked");
        let yes = Answer {
            operator: "here".to_owned(),
            granted: true,
            by: By::Click,
        };
        desk.answer(id, yes, NOW, &mut out).expect("answered");
        let consent = out.into_iter().find_map(|out| match out {
            Out::Granted { consent, .. } => Some(consent),
            _ => None,
        });
        let leave = Leave {
            consent: consent.expect("granted"),
            red: None,
        };
        let mut export = Export::begin(&pass, side, survey, leave, NOW).expect("begun");
        while export.step(&pass, side.store, NOW).expect("packed") == Packed::More {}
        export
    })
}

/// A process that hears one soul.
struct Ears {
    home: Home,
    peers: Vec<Party>,
    comes: Mutex<Vec<ConversationUuid>>,
    came: Mutex<Vec<Party>>,
}

impl Answering for Ears {
    fn peers(&self) -> Vec<Party> {
        self.peers.clone()
    }

    fn home_for(&self, _: Party) -> Option<Home> {
        Some(self.home.clone())
    }

    fn begin(&self) -> Option<Box<dyn Send>> {
        Some(Box::new(()))
    }

    fn comes(&self, conversation: ConversationUuid) {
        assert_eq!(
            self.home.store.find(conversation).expect("readable"),
            None,
            "nothing of it is here yet"
        );
        self.comes.lock().expect("not poisoned").push(conversation);
    }

    fn came(&self, peer: Party) {
        self.came.lock().expect("not poisoned").push(peer);
    }
}

async fn heard(home: &Home, peers: Vec<Party>) -> (String, Arc<Ears>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    let ears = Arc::new(Ears {
        home: home.clone(),
        peers,
        comes: Mutex::default(),
        came: Mutex::default(),
    });
    tokio::spawn(listen(
        listener,
        home.identity.clone(),
        ears.clone(),
        now_ms,
    ));
    (address, ears)
}

#[tokio::test]
async fn a_conversation_goes_over_tls_to_the_soul_that_is_paired() {
    let folder = tempfile::tempdir().expect("a folder");
    let a = home(folder.path(), Soul::Networked);
    let b = home(folder.path(), Soul::Constitutional);
    let (address, ears) = heard(&b, vec![a.me()]).await;
    let export = packed(folder.path(), &a, b.me(), 500);
    let stream = connect(&address, a.identity.clone(), b.me())
        .await
        .expect("paired");
    let mut told = Vec::new();
    let given = give(
        stream,
        &a,
        b.me(),
        Giving::new(export),
        now_ms,
        |progress| {
            told.push(progress.fraction);
        },
    );
    let Given::Delivered(outcome) = given.await.expect("it goes over") else {
        panic!("it is wanted");
    };
    assert_eq!((outcome.messages, outcome.messages_added), (500, 500));
    assert!(told.len() > 1 && told.is_sorted(), "{told:?}");
    let known = b.store.known(9).expect("readable");
    assert_eq!(known.len(), 1);
    assert_eq!(known[0].1, Standing::Here);
    assert_eq!(*ears.comes.lock().expect("not poisoned"), [known[0].0]);
    assert_eq!(
        a.store.known(9).expect("readable")[0].1,
        Standing::Elsewhere
    );
    // What it says last is said before it is noted.
    for _ in 0..1000 {
        if !ears.came.lock().expect("not poisoned").is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_is_not_paired_says_and_hears_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let a = home(folder.path(), Soul::Networked);
    let b = home(folder.path(), Soul::Constitutional);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let stranger = home(elsewhere.path(), Soul::Networked);
    // Whoever listens does not know who comes.
    let (address, _ears) = heard(&b, vec![stranger.me()]).await;
    let export = packed(folder.path(), &a, b.me(), 3);
    let stream = connect(&address, a.identity.clone(), b.me()).await;
    // TLS 1.3 tells a client that its key is not taken after it believes to be in.
    if let Ok(stream) = stream {
        let given = give(stream, &a, b.me(), Giving::new(export), now_ms, |_| {}).await;
        assert!(given.is_err());
    }
    assert_eq!(b.store.counts().expect("readable").conversations, 0);
    assert_eq!(a.store.known(9).expect("readable")[0].1, Standing::Here);
    // Whoever comes does not know who listens.
    let refused = connect(&address, a.identity.clone(), stranger.me()).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn whoever_speaks_no_tls_or_an_older_one_is_not_let_in() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let folder = tempfile::tempdir().expect("a folder");
    let a = home(folder.path(), Soul::Networked);
    let b = home(folder.path(), Soul::Constitutional);
    let (address, _ears) = heard(&b, vec![a.me()]).await;
    let hello = {
        let id = packed(folder.path(), &a, b.me(), 1);
        a.with_side(NOW, |side| Giving::new(id).start(side)).write()
    };
    let mut socket = tokio::net::TcpStream::connect(&address)
        .await
        .expect("open");
    socket.write_all(&hello).await.expect("sent");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.ok();
    // An alert at most, no frame.
    assert!(answer.len() < 16, "{answer:?}");
    assert_eq!(b.store.counts().expect("readable").conversations, 0);
}
