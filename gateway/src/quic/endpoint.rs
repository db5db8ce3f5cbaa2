//! The UDP port, and how QUIC is spoken there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use janet_protocol::quic::{KEEP_ALIVE_S, LARGEST_DATAGRAM, SEND_FRAMES};
use quinn::crypto::rustls::{NoInitialCipherSuite, QuicServerConfig};
use quinn::{
    Endpoint, EndpointConfig, IdleTimeout, ServerConfig, TokioRuntime, TransportConfig, VarInt,
};

use crate::config::Server;
use crate::lock::Certificate;

/// Streams beside the control stream that a client may try to open before it hears that they are not
/// taken.
const STRAY_STREAMS: u32 = 4;
/// Bytes that a client may send on a stream before they are read.
const STREAM_WINDOW: u32 = 256 << 10;
/// The same on all streams together.
const WINDOW: u32 = 512 << 10;
/// Bytes written to a client that it has not acknowledged.
const SEND_WINDOW: u64 = 1 << 20;
/// Datagrams that came and were not read yet, in bytes: more than two seconds of voice. Of more the
/// oldest are dropped.
const DATAGRAM_BYTES: usize = 64 << 10;
/// What quinn itself needs for a datagram that waits, at most.
const DATAGRAM_OVERHEAD: usize = 64;
/// Connections that nobody has looked at yet; more are refused.
const WAITING: usize = 64;
/// What such connections may have sent, in bytes: one, and all together.
const WAITING_BYTES: (u64, u64) = (32 << 10, 1 << 20);

/// Why there is no port.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the UDP port {port} cannot be had: {source}")]
    Port { port: u16, source: io::Error },
    #[error("TLS for QUIC cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("TLS for QUIC cannot be set up: {0}")]
    Suite(#[from] NoInitialCipherSuite),
}

/// Opens the port where the server listens, and on this machine always. All have one number.
pub(crate) fn open(
    host: IpAddr,
    port: u16,
    server: &Server,
    certificate: &Certificate,
) -> Result<Vec<Endpoint>, OpenError> {
    let config = config(server, certificate)?;
    let bind = |host: IpAddr, port| {
        let opened = UdpSocket::bind((host, port)).and_then(|socket| {
            let (own, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
            Endpoint::new(own, Some(config.clone()), socket, runtime)
        });
        opened.map_err(|source| OpenError::Port { port, source })
    };
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for host in hosts(host) {
        let first = endpoints.first().and_then(|first| first.local_addr().ok());
        let port = first.map_or(port, |address| address.port());
        endpoints.push(bind(host, port)?);
    }
    Ok(endpoints)
}

/// Where the port is opened of a server that listens there. Over UDP nobody is told that an address is the
/// wrong one, so `localhost` has to be right whichever of its addresses is taken.
pub(crate) fn hosts(host: IpAddr) -> Vec<IpAddr> {
    let here = IpAddr::from(Ipv4Addr::LOCALHOST);
    match host {
        IpAddr::V4(v4) if v4.is_loopback() => vec![host],
        _ if host.is_unspecified() => vec![host],
        _ => vec![host, here],
    }
}

fn config(server: &Server, certificate: &Certificate) -> Result<ServerConfig, OpenError> {
    let tls = QuicServerConfig::try_from(certificate.for_quic()?)?;
    let mut config = ServerConfig::with_crypto(Arc::new(tls));
    let (one, all) = WAITING_BYTES;
    config
        .transport_config(Arc::new(transport(server.ping_every, server.ping_timeout)))
        .migration(true)
        .max_incoming(WAITING)
        .incoming_buffer_size(one)
        .incoming_buffer_size_total(all);
    Ok(config)
}

fn transport(alive: Duration, idle: Duration) -> TransportConfig {
    let mut transport = TransportConfig::default();
    let alive = alive.min(Duration::from_secs(KEEP_ALIVE_S));
    let idle = IdleTimeout::try_from(idle).expect("an hour at most");
    transport
        .max_concurrent_bidi_streams(VarInt::from_u32(1 + STRAY_STREAMS))
        .max_concurrent_uni_streams(VarInt::from_u32(STRAY_STREAMS))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(WINDOW))
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(Some(DATAGRAM_BYTES))
        .datagram_send_buffer_size(SEND_FRAMES * (LARGEST_DATAGRAM + DATAGRAM_OVERHEAD))
        .keep_alive_interval(Some(alive))
        .max_idle_timeout(Some(idle));
    transport
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_reaches_a_server_wherever_it_listens() {
        let all = |text: &str| -> Vec<String> {
            let hosts = hosts(text.parse().expect("an address"));
            hosts.iter().map(ToString::to_string).collect()
        };
        for alone in ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::"] {
            assert_eq!(all(alone), [alone]);
        }
        for beside in ["::1", "192.168.1.5", "fd00::1"] {
            assert_eq!(all(beside), [beside, "127.0.0.1"]);
        }
    }
}
