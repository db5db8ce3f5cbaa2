//! Whose a conversation is: nobody comes into another's by its name, whatever they show.
//!
//! This machine's own address stands for other machines, as in `lock.rs`.

use std::net::SocketAddr;

use janet_tests::client::Frame;
use janet_tests::elsewhere::{self, Elsewhere, Key};
use janet_tests::server::look_again;
use janet_tests::{Client, Server};
use serde_json::{Value, json};

use crate::quic_doors::pair;

const OPEN: [&str; 1] = ["server.host=0.0.0.0"];
/// Until an end was noticed; well below what one machine may connect at a stroke.
const LOOKS: usize = 20;

/// A paired device.
struct Device {
    address: SocketAddr,
    id: String,
    key: String,
    seen: String,
}

impl Device {
    async fn pair(server: &Server, address: SocketAddr, role: &str) -> Self {
        let (id, key, seen) = pair(server, address, role).await;
        Self {
            address,
            id,
            key,
            seen,
        }
    }

    /// Connects, in a new conversation; with what the conversation is called.
    async fn begin(&self) -> (Elsewhere, String) {
        let opened = Elsewhere::open(self.address, &self.seen, Key::Bearer(&self.key)).await;
        greeted(opened.expect("upgraded")).await
    }

    /// Connects, and names this conversation.
    async fn name(&self, client_id: &str) -> (Elsewhere, String) {
        let key = Key::Bearer(&self.key);
        let opened = Elsewhere::resume(self.address, &self.seen, key, client_id).await;
        greeted(opened.expect("upgraded")).await
    }

    /// What it is told when it names this conversation, which is not its own.
    async fn is_refused(&self, client_id: &str) -> Value {
        let (mut socket, came_to) = self.name(client_id).await;
        assert_ne!(came_to, client_id);
        let told = loop {
            let told = socket.told().await;
            if told["type"] == "error" {
                break told;
            }
        };
        assert!(messages(&mut socket).await.is_empty());
        told
    }
}

async fn greeted(mut socket: Elsewhere) -> (Elsewhere, String) {
    let connected = socket.until("connected").await;
    let client_id = connected["client_id"].as_str().expect("an id").to_owned();
    (socket, client_id)
}

async fn messages(socket: &mut Elsewhere) -> Vec<Value> {
    socket.send(json!({ "type": "get_context" })).await;
    let context = socket.until("context").await;
    context["data"]["messages"]
        .as_array()
        .expect("a list")
        .clone()
}

async fn is_served(socket: &mut Elsewhere) {
    socket.send(json!({ "type": "ping", "timestamp": 5 })).await;
    assert_eq!(socket.until("pong").await["timestamp"], 5);
}

/// Asks from a machine elsewhere, once she is ready.
async fn ask(socket: &mut Elsewhere, text: &str) {
    socket
        .send(json!({ "type": "message", "text": text }))
        .await;
    socket.until("assistant_message").await;
}

#[tokio::test]
async fn a_guest_comes_into_its_own_conversation_and_into_nobody_elses() {
    let server = Server::start(&OPEN).ready();
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let guest = Device::pair(&server, address, "guest").await;
    let other = Device::pair(&server, address, "guest").await;
    let phone = Device::pair(&server, address, "operator").await;
    let mut operator = Client::connect(&server).await;
    operator.ask("The parcel is under the stairs.").await;
    let (mut own, guests) = guest.begin().await;
    ask(&mut own, "I am only visiting.").await;

    // What is refused is refused in the words that an id of nothing gets.
    let nothing = guest.is_refused(&"0".repeat(32)).await;
    assert_eq!(
        (&nothing["code"], &nothing["field"]),
        (&json!("unknown_client"), &json!("client_id"))
    );
    assert_eq!(guest.is_refused(&operator.client_id).await, nothing);
    assert_eq!(other.is_refused(&operator.client_id).await, nothing);
    assert_eq!(other.is_refused(&guests).await, nothing);
    assert_eq!(phone.is_refused(&guests).await, nothing);
    let here = Client::resume(&server, &guests).await;
    assert_ne!(here.client_id, guests);
    here.close().await;
    // Nobody was told to leave, and nobody is heard beside them.
    operator.is_served().await;
    is_served(&mut own).await;

    let (mut again, came_to) = guest.name(&guests).await;
    assert_eq!(came_to, guests);
    assert_eq!(messages(&mut again).await.len(), 2);
    assert_eq!(own.goodbye().await.0, 1008);
    let log = server.log();
    assert!(!log.contains(&guests) && !log.contains(&operator.client_id));
}

#[tokio::test]
async fn what_one_of_the_operators_devices_began_the_others_go_on_with_also_when_it_is_shut_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Server::start_in(folder.path(), &OPEN).ready();
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let phone = Device::pair(&server, address, "operator").await;
    let tablet = Device::pair(&server, address, "operator").await;
    let guest = Device::pair(&server, address, "guest").await;
    let (mut on_phone, conversation) = phone.begin().await;
    ask(&mut on_phone, "The parcel is under the stairs.").await;
    let (_kept, guests) = guest.begin().await;
    let (mut on_tablet, came_to) = tablet.name(&conversation).await;
    assert_eq!(came_to, conversation);
    assert_eq!(messages(&mut on_tablet).await.len(), 2);
    assert_eq!(on_phone.goodbye().await.0, 1008);

    let mut operator = Client::connect(&server).await;
    operator
        .send(json!({ "type": "device_revoke", "device_id": phone.id }))
        .await;
    operator.until("device_revoked").await;
    drop((on_tablet, operator));
    server.signal("KILL");
    server.ended();

    // Who it belongs to is on the disk.
    let server = Server::start_in(folder.path(), &OPEN).ready();
    let address = SocketAddr::new(address.ip(), server.address().port());
    let moved = |device: Device| Device { address, ..device };
    let (tablet, guest) = (moved(tablet), moved(guest));
    let nothing = guest.is_refused(&"0".repeat(32)).await;
    assert_eq!(guest.is_refused(&conversation).await, nothing);
    assert_eq!(tablet.is_refused(&guests).await, nothing);
    assert_eq!(guest.name(&guests).await.1, guests);
    let (mut on_tablet, came_to) = tablet.name(&conversation).await;
    assert_eq!(came_to, conversation);
    assert_eq!(messages(&mut on_tablet).await.len(), 2);
    let here = Client::resume(&server, &conversation).await;
    assert_eq!(here.client_id, conversation);
    assert_eq!(on_tablet.goodbye().await.0, 1008);
}

#[tokio::test]
async fn one_device_has_eight_places_and_leaves_the_others_theirs() {
    let server = Server::start(&OPEN);
    let Some(address) = elsewhere::address(server.address().port()) else {
        return;
    };
    let guest = Device::pair(&server, address, "guest").await;
    let other = Device::pair(&server, address, "guest").await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(guest.begin().await.0);
    }
    let key = Key::Bearer(&guest.key);
    let one_more = Elsewhere::open(address, &guest.seen, key).await;
    let (code, reason) = one_more.expect("upgraded").goodbye().await;
    assert!(
        code == 1013 && reason.starts_with("this device"),
        "{code} {reason}"
    );
    is_served(&mut other.begin().await.0).await;
    for socket in &mut held {
        is_served(socket).await;
    }
    // One that ends makes room, as soon as its end was noticed.
    drop(held.pop());
    for _ in 0..LOOKS {
        let again = Elsewhere::open(address, &guest.seen, key).await;
        let mut again = again.expect("upgraded");
        if let Frame::Text(told) = again.next().await {
            assert_eq!(told["type"], "connected", "{told}");
            return;
        }
        look_again().await;
    }
    panic!("there is still no room");
}
