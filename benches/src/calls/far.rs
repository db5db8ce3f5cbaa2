//! One far end: its socket, its peer connection, and the WebSocket that it was set up over.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::{Bytes, BytesMut};
use janet_audio::jitter::{Options, Packet, Played, Playing};
use janet_audio::opus::{Decoder, FRAME_SAMPLES, RATE_HZ};
use janet_tests::{Client, Server};
use serde_json::json;
use tokio::net::UdpSocket;
use tokio::time::sleep_until;

use super::peer::{Happened, Peer};
use crate::media::FRAME_US;

/// A call that is not there by then will not be.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than any datagram.
const DATAGRAM: usize = 2048;

/// One call, from the far side.
pub(super) struct Far {
    pub(super) client: Client,
    socket: UdpSocket,
    address: SocketAddr,
    peer: Peer,
    is_connected: bool,
    began: Instant,
    ear: Playing<Bytes>,
    decoder: Decoder,
    sequence: u16,
    timestamp: u32,
}

impl Far {
    /// Calls, and waits until media flows.
    pub(super) async fn call(server: &Server) -> anyhow::Result<Self> {
        let mut client = Client::connect(server).await;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = socket.local_addr()?;
        let now = Instant::now();
        let mut peer = Peer::new(now, &[address])?;
        let offer = peer.offer(now)?;
        let connect = json!({ "type": "vr_connect", "transport": "webrtc", "sdp": offer, "sdp_type": "offer" });
        client.send(connect).await;
        let answer = client.until("vr_answer").await;
        let answer = answer["sdp"].as_str().context("an answer has its sdp")?;
        peer.answered(Instant::now(), answer.to_owned())?;
        let mut far = Self {
            client,
            socket,
            address,
            peer,
            is_connected: false,
            began: now,
            ear: Playing::new(Options::default()),
            decoder: Decoder::new(RATE_HZ)?,
            sequence: fastrand::u16(..),
            timestamp: fastrand::u32(..),
        };
        while !far.is_connected {
            ensure!(now.elapsed() < PATIENCE, "no media flows");
            far.go_on(Instant::now() + Duration::from_millis(20))
                .await?;
        }
        Ok(far)
    }

    /// Talks and listens for so many frames of 20 ms. `mic` is asked for each frame, by its number, once its
    /// last sample was taken; `ear` is given what is heard from which moment on, in µs since the first sample
    /// was taken. The ear has a beat of its own, a little faster or slower as its jitter buffer wants it.
    pub(super) async fn talk(
        &mut self,
        frames: u64,
        mic: &mut (dyn FnMut(u64) -> Bytes + Send),
        ear: &mut (dyn FnMut(u64, &[f32]) + Send),
    ) -> anyhow::Result<()> {
        let frame = Duration::from_micros(FRAME_US);
        // Nobody's sound card begins with the server's clock.
        let began = Instant::now() + frame.mul_f64(fastrand::f64());
        let mut beat = began + frame.mul_f64(fastrand::f64());
        let mut taken = 0;
        while taken < frames {
            let mic_due = began + frame * (taken + 1) as u32;
            self.go_on(beat.min(mic_due)).await?;
            let now = Instant::now();
            if now >= beat {
                let sound = match self.ear.pull(self.micros(now)) {
                    Played::Packet(payload) => self.decoder.decode(&payload)?,
                    Played::Recover(payload) => self.decoder.recover(&payload)?,
                    Played::Conceal => self.decoder.conceal()?,
                    Played::Silence => &[],
                };
                let at = beat.saturating_duration_since(began);
                ear(at.as_micros() as u64, sound);
                beat += frame.div_f64(self.ear.speed());
            }
            if now >= mic_due {
                let payload = mic(taken);
                self.peer
                    .voice(now, self.sequence, self.timestamp, &payload);
                self.sequence = self.sequence.wrapping_add(1);
                self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
                taken += 1;
                self.flush().await;
            }
        }
        Ok(())
    }

    /// Does what the network asks for, until then.
    async fn go_on(&mut self, until: Instant) -> anyhow::Result<()> {
        let mut bytes = BytesMut::with_capacity(DATAGRAM);
        loop {
            self.flush().await;
            let timer = self.peer.timeout().map_or(until, |due| due.min(until));
            tokio::select! {
                biased;
                read = self.socket.recv_buf_from(&mut bytes) => {
                    let (_, from) = read?;
                    self.peer.datagram(Instant::now(), self.address, from, bytes.split());
                    bytes.reserve(DATAGRAM);
                }
                () = sleep_until(timer.into()) => {
                    let now = Instant::now();
                    if self.peer.timeout().is_some_and(|due| due <= now) {
                        self.peer.on_timeout(now);
                    }
                    if now >= until {
                        return self.take();
                    }
                }
                // Nobody reads what is told there, but it has to be taken.
                _ = self.client.next() => {}
            }
            self.take()?;
        }
    }

    fn take(&mut self) -> anyhow::Result<()> {
        let now_us = self.micros(Instant::now());
        while let Some(happened) = self.peer.poll() {
            match happened {
                Happened::Connected => self.is_connected = true,
                Happened::Left | Happened::Lost => bail!("the server ended the call"),
                Happened::Voice {
                    sequence,
                    timestamp,
                    payload,
                    ..
                } => {
                    let packet = Packet {
                        sequence,
                        timestamp,
                        payload,
                    };
                    self.ear.push(now_us, packet);
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn flush(&mut self) {
        while let Some(out) = self.peer.poll_transmit() {
            // As on any network: what has no room is lost.
            self.socket.send_to(&out.bytes, out.to).await.ok();
        }
    }

    fn micros(&self, now: Instant) -> u64 {
        now.duration_since(self.began).as_micros() as u64
    }
}
