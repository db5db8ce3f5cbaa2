//! The listening process: one port for page, socket, health and metrics.
//!
//! Listens at once and loads the models meanwhile, so that a client that comes early is told so
//! instead of being refused. Ends on SIGTERM, on Ctrl-C or with its terminal: accepts nobody, says
//! goodbye to everybody, lets what is running end within its deadline.

mod accept;
mod entry;
mod guard;
mod health;
mod linger;
mod loading;
mod metrics;
mod page;
mod patient;
mod realtime;
mod tls;
mod until;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Extension, Query, State, WebSocketUpgrade};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use janet_engine::{EngineError, ModelPaths};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::app::{App, goes_down};
use crate::config::Config;
use crate::conversations::{Conversations, StoreError, now_ms};
use crate::elsewhere::SetupError;
use crate::hangup::Hangup;
use crate::llm::LanguageServer;
use crate::lock::{Certificate, CertificateError, Fingerprint, Lock, LockError, Names, Visitor};
use crate::node::{NodeId, NodeIdError};
use crate::persona::Who;
use crate::push::{Push, PushError};
use crate::souls::{Souls, wire};
use crate::trust::{Distiller, Trust, TrustError};
use crate::tts::SpeechServer;
use crate::{api, quic, socket, weights};
use accept::{Door, accept};
use page::Page;

/// Connections that may ask for pages, health and metrics beside all clients.
const SPARE_PLACES: usize = 192;
/// How often measurements are folded together when nobody scrapes them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address cannot be had.
    #[error(
        "cannot listen on {address}: {source}; is another Janet running? `--port N` takes another port (and `--set conversation.data_dir=FOLDER` a folder of its own)"
    )]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A socket or signal could not be set up, or serving ended.
    #[error("the server cannot go on")]
    Io(#[from] std::io::Error),
    /// The port that was chosen for QUIC cannot be had.
    #[error("`server.quic_port`: {why}; take another number, or `server.quic = false`")]
    Quic {
        /// Why not.
        why: String,
    },
    /// The port for souls of other processes cannot be had.
    #[error(
        "`souls.port`: cannot listen on {address}: {source}; take another number, or 0 for none"
    )]
    Souls {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The conversation store cannot be used.
    #[error(
        "the conversations in {} cannot be used; `--set conversation.data_dir=FOLDER` takes another folder",
        folder.display()
    )]
    Store {
        /// Where.
        folder: PathBuf,
        /// Why not.
        source: StoreError,
    },
    /// There is no certificate, or no list of devices.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// This machine has no name.
    #[error("this machine's name cannot be used")]
    Node(#[from] NodeIdError),
    /// The red thread or what belongs to it cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Phones were to be rung, and cannot be.
    #[error(transparent)]
    Push(#[from] PushError),
    /// `server.web_dir` was set to a folder without a page.
    #[error("`server.web_dir` = {}: there is no index.html in this folder", folder.display())]
    NoPage {
        /// Which.
        folder: PathBuf,
    },
    /// The HTTP client for servers elsewhere cannot be made.
    #[error(transparent)]
    Elsewhere(#[from] SetupError),
    /// The models cannot be used.
    #[error("the models cannot be loaded{advice}")]
    Engine {
        /// What helps, if anything is known to.
        advice: &'static str,
        /// Why not.
        source: EngineError,
    },
    /// The thread that loads models died.
    #[error("loading the models ended without a result")]
    LoadingDied,
}

/// What can be told once the port is open.
#[derive(Debug)]
pub struct Announced {
    /// Where programs of this machine reach the server.
    pub here: SocketAddr,
    /// Where other machines do; empty: nowhere.
    pub elsewhere: Vec<String>,
    /// SHA-256 of the certificate, as browsers show it.
    pub fingerprint: String,
    /// UDP port at which QUIC is spoken; `None`: nowhere.
    pub quic: Option<u16>,
}

/// Serves until a signal ends it. `announce` is called once, when the port is open.
pub async fn serve(
    config: Config,
    profile: String,
    paths: ModelPaths,
    announce: impl FnOnce(Announced),
) -> Result<(), ServeError> {
    let scrape = metrics::install();
    // Before anything else can fail: a signal that comes early must find somebody.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = Hangup::listen()?;

    // What fails at once and is put right most easily comes first.
    let page = Arc::new(Page::find(config.server.web_dir.as_deref())?);
    let listeners = listen(config.server.host, config.server.port).await?;
    let lock = Arc::new(put_in_lock(&config, listeners[0].local_addr()?)?);
    let quic = realtime::open_quic(&config.server, &lock)?;
    let quic_port = realtime::port(&quic);
    let announced = Announced {
        quic: quic_port,
        // This machine's own is the last.
        here: here(listeners[listeners.len() - 1].local_addr()?),
        elsewhere: lock.reachable(),
        fingerprint: lock.certificate.fingerprint.to_string(),
    };
    let data_dir = &config.conversation.data_dir;
    let conversations = Conversations::open(data_dir, config.souls, config.conversation.keep)
        .await
        .map_err(|source| ServeError::Store {
            folder: data_dir.clone(),
            source,
        })?;
    let conversations = Arc::new(conversations);

    let (leave, leaving) = watch::channel(false);
    let (tell_phase, phase) = watch::channel(loading::BEGINNING.clone());
    let llm = config.llm.clone().map(LanguageServer::new).transpose()?;
    let tts = config.tts.clone().map(SpeechServer::new).transpose()?;
    let node = NodeId::open(&config.conversation.data_dir)?;
    let trust = Trust::open(
        data_dir,
        config.souls,
        conversations.stores().clone(),
        node.clone(),
        config.vault.lock_after,
    );
    let trust = Arc::new(trust?);
    let souls = Souls::new(config.souls, data_dir, &conversations, &trust);
    let souls = Arc::new(souls);
    let heard = hear_souls(&config, &souls, &trust).await?;
    let who = Arc::new(Who::open(&config));
    if let Some(set) = who.set() {
        // She is who the setting says, whatever the log says of it.
        trust.note(&set).ok();
    }
    let push = config.apns.as_ref().map(|apns| {
        let (conversations, lock) = (conversations.clone(), lock.clone());
        Push::new(apns, conversations, lock, node.clone())
    });
    let (push, pushes) = push.transpose()?.unzip();
    let ice = config.realtime.clone();
    let rtc = realtime::open(lock.media_addresses(), announced.here.port(), ice).await;
    let (distiller, wishes) = Distiller::new();
    let app = Arc::new(App {
        rtc: rtc.clone(),
        parked: socket::Parked::default(),
        push: push.clone(),
        node,
        quic: quic_port,
        who,
        profile,
        llm,
        tts,
        engine: OnceLock::new(),
        phase,
        conversations: conversations.clone(),
        places: Arc::new(Semaphore::new(config.server.max_clients)),
        leaving: leaving.clone(),
        lock: lock.clone(),
        trust,
        distiller,
        souls: souls.clone(),
        config,
    });
    let mut loaded = loading::start(app.clone(), paths, tell_phase)?;
    let expiry = tokio::spawn(conversations.clone().expire(leaving.clone()));
    let watch = tokio::spawn(watch_servers(app.clone(), leaving.clone()));
    let desk = tokio::spawn(app.trust.clone().watch_the_clock(leaving.clone()));
    let daily = tokio::spawn(app.trust.clone().look_daily(leaving.clone()));
    let vault = tokio::spawn(app.trust.clone().watch_the_vaults(leaving.clone()));
    let distilling = tokio::spawn(Distiller::run(app.clone(), wishes, leaving.clone()));
    let settling = tokio::spawn(souls.settle(leaving.clone()));
    let upkeep = tokio::spawn(keep_up(scrape.clone(), lock.clone(), leaving.clone()));
    let realtime = tokio::spawn(realtime::listen(rtc, leaving.clone()));
    let pushing = push
        .zip(pushes)
        .map(|(push, pushes)| push.run(pushes, leaving.clone()));
    let pushing = tokio::spawn(futures_util::future::OptionFuture::from(pushing));
    let quic = tokio::spawn(quic::accept(quic, app.clone()));

    let router = router(app.clone(), page, scrape);
    let server = &app.config.server;
    let door = Door {
        places: server.max_clients + SPARE_PLACES,
        patience: server.request_timeout,
        write_patience: server.write_timeout,
        farewell: server.shutdown,
    };
    let mut http = tokio::spawn(accept(listeners, router, lock.clone(), door, leaving));
    announce(announced);

    let (mut is_loading, mut is_serving) = (true, true);
    let ended = loop {
        tokio::select! {
            _ = terminated.recv() => break Ok(()),
            _ = interrupted.recv() => break Ok(()),
            () = hung_up.recv() => break Ok(()),
            result = &mut loaded, if is_loading => {
                is_loading = false;
                match result {
                    Ok(Ok(())) => tracing::info!("the models are loaded"),
                    Ok(Err(source)) => {
                        let advice = weights::advice(&app.config.models, &source);
                        break Err(ServeError::Engine { advice, source });
                    }
                    Err(_) => break Err(ServeError::LoadingDied),
                }
            }
            _ = &mut http => {
                is_serving = false;
                break Err(std::io::Error::other("the HTTP task died").into());
            }
        }
    };

    tracing::info!("going down");
    leave.send_replace(true);
    let deadline = app.config.server.shutdown;
    let everybody = u32::try_from(app.config.server.max_clients).unwrap_or(u32::MAX);
    if timeout(deadline, app.places.acquire_many(everybody))
        .await
        .is_err()
    {
        tracing::warn!("some clients did not leave in time");
    }
    // What was asked for is still answered; connections that ask for nothing have been closed.
    if is_serving && timeout(deadline, &mut http).await.is_err() {
        http.abort();
        http.await.ok();
    }
    if let Some(engine) = app.engine.get() {
        engine.close();
    }
    if timeout(deadline, pushing).await.is_err() {
        tracing::warn!("rings by push did not end in time");
    }
    if let Some(heard) = heard {
        heard.abort();
    }
    for task in [
        expiry, upkeep, watch, realtime, quic, desk, vault, settling, daily, distilling,
    ] {
        if timeout(deadline, task).await.is_err() {
            tracing::warn!("a background task did not end in time");
        }
    }
    lock.save().await;
    conversations.close().await;
    tracing::info!("everything is written; goodbye");
    ended
}

/// The port at which paired souls are heard, if there is one.
async fn hear_souls(
    config: &Config,
    souls: &Arc<Souls>,
    trust: &Trust,
) -> Result<Option<JoinHandle<()>>, ServeError> {
    let Some(port) = config.souls.port else {
        return Ok(None);
    };
    let address = SocketAddr::from((config.server.host, port));
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|source| ServeError::Souls { address, source })?;
    let hearing = wire::listen(listener, trust.identity.clone(), souls.clone(), now_ms);
    Ok(Some(tokio::spawn(hearing)))
}

/// The sockets on which the server listens: where it was told, and for programs of this machine
/// always. The last one reaches those.
async fn listen(host: IpAddr, port: u16) -> Result<Vec<TcpListener>, ServeError> {
    let bind = async |address: SocketAddr| {
        let listener = TcpListener::bind(address).await;
        listener.map_err(|source| ServeError::Bind { address, source })
    };
    let first = bind((host, port).into()).await?;
    if host.is_loopback() || host.is_unspecified() {
        return Ok(vec![first]);
    }
    let port = first.local_addr()?.port();
    let here = bind((Ipv4Addr::LOCALHOST, port).into()).await?;
    Ok(vec![first, here])
}

/// The address by which this machine reaches a socket that listens there.
fn here(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        ip if !ip.is_unspecified() => address,
        IpAddr::V4(_) => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(_) => (Ipv6Addr::LOCALHOST, address.port()).into(),
    }
}

fn put_in_lock(config: &Config, address: SocketAddr) -> Result<Lock, LockError> {
    let server = &config.server;
    if server.legacy_lan && !server.host.is_loopback() {
        tracing::warn!(
            "server.legacy_lan: whoever is in the private network talks to Janet as a guest, without \
             being paired, and whoever listens there hears it"
        );
    }
    Lock::open(
        server.certificate.as_ref(),
        &config.conversation.data_dir,
        Names::of_this_machine(&server.names),
        (address.ip(), address.port()),
        server.legacy_lan,
    )
}

/// The certificate that `janet serve` would show; `None`: it would make one.
pub(crate) fn certificate(config: &Config) -> Result<Option<Fingerprint>, CertificateError> {
    let files = config.server.certificate.as_ref();
    let look = Certificate::look(files, &config.conversation.data_dir);
    Ok(look?.map(|certificate| certificate.fingerprint))
}

/// Where the page lies; `None`: nobody has built it.
pub(crate) fn page_folder(config: &Config) -> Result<Option<PathBuf>, ServeError> {
    let page = Page::find(config.server.web_dir.as_deref())?;
    Ok(page.root().map(Into::into))
}

#[derive(Clone)]
struct Served {
    app: Arc<App>,
    page: Arc<Page>,
    scrape: metrics::Scrape,
}

fn router(app: Arc<App>, page: Arc<Page>, scrape: metrics::Scrape) -> Router {
    Router::new()
        .route(
            "/healthz",
            get(|State(served): State<Served>| async move { health::health(&served.app) }),
        )
        .route(
            "/metrics",
            get(|State(served): State<Served>| async move { served.scrape.render(&served.app) }),
        )
        .nest("/v1", api::routes(app.clone()))
        .fallback(page_or_socket)
        .layer(axum::middleware::from_fn_with_state(
            app.lock.clone(),
            entry::enter,
        ))
        .with_state(Served { app, page, scrape })
}

/// `/` and `/ws` upgrade; every other GET is for the page.
async fn page_or_socket(
    State(served): State<Served>,
    Extension(visitor): Extension<Visitor>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    query: Query<socket::Query>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let is_socket = matches!(uri.path(), "/" | "/ws");
    match upgrade {
        Ok(upgrade) if is_socket => socket::upgrade(upgrade, query.0, served.app, visitor),
        Err(rejection) if headers.contains_key(header::UPGRADE) => rejection.into_response(),
        Err(_) if uri.path() == "/ws" => (
            StatusCode::UPGRADE_REQUIRED,
            [(header::UPGRADE, "websocket")],
        )
            .into_response(),
        _ if method == Method::GET || method == Method::HEAD => served.page.serve(&uri).await,
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// Keeps looking how the servers elsewhere are.
async fn watch_servers(app: Arc<App>, mut leaving: watch::Receiver<bool>) {
    let llm = async {
        match &app.llm {
            Some(server) => server.watch().await,
            None => std::future::pending().await,
        }
    };
    let tts = async {
        match &app.tts {
            Some(server) => server.watch().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = llm => {}
        () = tts => {}
        () = goes_down(&mut leaving) => {}
    }
}

async fn keep_up(scrape: metrics::Scrape, lock: Arc<Lock>, mut leaving: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = tick.tick() => {
                scrape.upkeep();
                lock.save().await;
            }
            () = goes_down(&mut leaving) => return,
        }
    }
}
