//! Nothing is taken before a handshake over QUIC has ended: what comes with the first packet could be replayed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use janet_protocol::quic::frame;
use janet_tests::Server;
use janet_tests::over_quic::hasty;
use quinn::{Connection, Endpoint};
use rustls::NamedGroup;
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use rustls::pki_types::ServerName;
use tokio::time::timeout;

/// However slow this machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps tickets, and how many early bytes each allows.
#[derive(Debug)]
struct Tickets {
    kept: ClientSessionMemoryCache,
    early: Mutex<Vec<u32>>,
}

impl ClientSessionStore for Tickets {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.kept.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.kept.set_tls12_session(server, value);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.kept.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        let mut early = self.early.lock().expect("nobody panicked");
        early.push(ticket.max_early_data_size());
        self.kept.insert_tls13_ticket(server, ticket);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.kept.take_tls13_ticket(server)
    }
}

/// Says who it is, and waits until that is answered: by then the tickets have come.
async fn is_served(connection: &Connection) {
    let (mut control, mut incoming) = connection.open_bi().await.expect("a stream");
    let hello = frame(r#"{"type":"client_connect"}"#);
    control.write_all(&hello).await.expect("it is written");
    let mut length = [0; 4];
    let read = timeout(PATIENCE, incoming.read_exact(&mut length)).await;
    read.expect("within a minute").expect("it is answered");
}

#[tokio::test]
async fn a_client_that_comes_again_may_send_nothing_before_the_handshake_has_ended() {
    let server = Server::shared();
    let tickets = Arc::new(Tickets {
        kept: ClientSessionMemoryCache::new(8),
        early: Mutex::default(),
    });
    let mut endpoint = Endpoint::client(([127, 0, 0, 1], 0).into()).expect("a socket");
    endpoint.set_default_client_config(hasty(tickets.clone()));
    for visit in 0..2 {
        let connecting = endpoint
            .connect(server.quic(), "janet")
            .expect("an address");
        // With a ticket that allows it quinn would have the keys by now.
        let Err(connecting) = connecting.into_0rtt() else {
            panic!("visit {visit}: early data would be taken");
        };
        let connected = timeout(PATIENCE, connecting).await;
        let connection = connected.expect("within a minute").expect("taken in");
        is_served(&connection).await;
        connection.close(0_u32.into(), b"enough");
        let early = tickets.early.lock().expect("nobody panicked").clone();
        assert!(!early.is_empty(), "there was a ticket to come again by");
        assert!(early.iter().all(|bytes| *bytes == 0), "{early:?}");
    }
}
