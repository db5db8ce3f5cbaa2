//! One peer connection without a network: datagrams and time in, datagrams and what happened out.
//!
//! Wraps the sans-IO core `rtc` for the one way in which Janet talks: one audio section with Opus both
//! ways, one section for data channels. Decides what of a description is refused, and with which words;
//! never reads a clock, never sends. After each input everything is polled: [`Peer::poll_transmit`],
//! [`Peer::poll`], [`Peer::timeout`].
//!
//! Sources: RFC 8829 (offer and answer), RFC 8445 (ICE), RFC 7587 (Opus as RTP payload), RFC 3550 §6.4
//! (reports), RFC 8831 (data channels).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc::interceptor::{Registry, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::peer_connection::configuration::interceptor_registry::configure_rtcp_reports;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::{
    SctpMaxMessageSize, SettingEngineBuilder,
};
use rtc::peer_connection::event::{RTCDataChannelEvent, RTCPeerConnectionEvent};
use rtc::peer_connection::message::{RTCMessage, TaggedRTCMessage};
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{RTCDtlsTransportState, RTCIceCandidateInit};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp_transceiver::RTCRtpSenderId;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use rtc::statistics::StatsSelector;
use rtc::{ice, rtp};

use super::candidates::{host_candidate, relay_candidate};
use super::channels::{Channels, LONGEST_TEXT};
use super::description::{MOST_CANDIDATES, PeerError, candidates, fingerprint, too_many};
use super::early::Early;
use super::reports::Reports;
use feedback::Again;

#[path = "feedback.rs"]
mod feedback;

/// The payload type that is offered for Opus; the far end's is taken when it offers.
const OPUS: u8 = 111;
/// What is said of Opus: 24–32 kbit/s are spent, and lost packets are recovered (RFC 7587 §6.1).
const OPUS_FORMAT: &str = "minptime=10;useinbandfec=1";
/// Without a sign of life for so long the way is taken for broken, though it may come back,
const DISCONNECTED: Duration = Duration::from_secs(5);
/// and for so long again, for gone.
const FAILED: Duration = Duration::from_secs(10);
/// A check of the way, and a sign of life, at least so often.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Between two checks of a way that has not answered yet (RFC 8445 §14.2); most of a call's set-up is this.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
/// So many of them, until a way is given up: as long as the library's seven.
const CHECKS: u16 = 28;
/// Where reports are marked for us: behind everything of the library's.
const BEHIND_ALL: usize = 14_000;

/// One datagram to send.
pub(crate) struct Transmit {
    /// From which of our addresses.
    pub(crate) from: SocketAddr,
    /// Where to.
    pub(crate) to: SocketAddr,
    /// What.
    pub(crate) bytes: BytesMut,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Happened {
    /// Media can flow, or can again.
    Connected,
    /// The far end has said goodbye: nothing more comes.
    Left,
    /// The far end is gone, or was never there: nothing more comes.
    Lost,
    /// A packet of the far end's voice.
    Voice {
        /// Counts packets, and wraps.
        sequence: u16,
        /// When its first sample was taken, in ticks of 48 kHz.
        timestamp: u32,
        /// Opus.
        payload: Bytes,
        /// It came because it was asked for: when it came says nothing of the way.
        is_again: bool,
    },
    /// A packet that nobody agreed on.
    Stray,
    /// What the far end reports of our packets (RFC 3550 §6.4.1).
    Reported {
        /// Of a hundred it missed so many, those that came when it asked for them counted in.
        lost_percent: u8,
        /// By so much the way's delay varies.
        jitter: Duration,
    },
    /// The `events` channel is open.
    EventsOpen,
    /// JSON from the `events` channel.
    Text(String),
    /// There was more of it than anybody says at once.
    TooLong,
    /// A frame from the `face` channel.
    Face(Vec<u8>),
}

/// How far offer and answer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    New,
    /// The far end's answer is waited for.
    Offered,
    Agreed,
    /// The far end has said goodbye.
    Left,
}

/// One connection to one far end.
pub(crate) struct Peer {
    stage: Stage,
    connection: RTCPeerConnection,
    locals: Vec<SocketAddr>,
    sender: RTCRtpSenderId,
    ssrc: u32,
    /// Once both sides have agreed.
    opus: Option<u8>,
    channels: Channels,
    candidates: usize,
    early: Early,
    again: Again,
    happened: VecDeque<Happened>,
    /// The library may ask to be called at a moment that has been: it is called once a millisecond then.
    not_before: Option<Instant>,
}

impl Peer {
    /// One that sends from these addresses and receives at them.
    pub(crate) fn new(now: Instant, locals: &[SocketAddr]) -> Result<Self, PeerError> {
        let mut media = MediaEngine::default();
        let codec = RTCRtpCodec {
            mime_type: MIME_TYPE_OPUS.to_owned(),
            clock_rate: janet_audio::opus::RATE_HZ,
            // Opus is always called stereo (RFC 7587 §7); what is sent is mono.
            channels: 2,
            sdp_fmtp_line: OPUS_FORMAT.to_owned(),
            rtcp_feedback: vec![feedback::nack()],
        };
        let parameters = RTCRtpCodecParameters {
            rtp_codec: codec.clone(),
            payload_type: OPUS,
        };
        media
            .register_codec(parameters, RtpCodecKind::Audio)
            .map_err(setup)?;
        let settings = SettingEngineBuilder::new()
            .with_include_loopback_candidate(true)
            .with_multicast_dns_mode(ice::mdns::MulticastDnsMode::Disabled)
            .with_ice_timeouts(Some(DISCONNECTED), Some(FAILED), Some(KEEP_ALIVE))
            .with_ice_connection_attempts(Some(CHECK_INTERVAL), Some(CHECKS))
            // Whatever way works first is taken: there is no better one to wait for.
            .with_host_acceptance_min_wait(Some(Duration::ZERO))
            .with_prflx_acceptance_min_wait(Some(Duration::ZERO))
            .with_srflx_acceptance_min_wait(Some(Duration::ZERO))
            .with_relay_acceptance_min_wait(Some(Duration::ZERO))
            // Between the two it is answered by an error; what is longer still is not even put together.
            .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(2 * LONGEST_TEXT))
            .with_sctp_max_receive_buffer_size(4 * LONGEST_TEXT)
            .build();
        let reports = configure_rtcp_reports(Registry::new());
        let reports = reports.with(Slot::from(BEHIND_ALL), Reports::default());
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_media_engine(media)
            .with_setting_engine(settings)
            .with_interceptor_registry(reports)
            .build(now)
            .map_err(setup)?;
        let ssrc = fastrand::u32(1..);
        let coding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(ssrc),
                ..RTCRtpCodingParameters::default()
            },
            codec,
            ..RTCRtpEncodingParameters::default()
        };
        let name = || "janet".to_owned();
        let track =
            MediaStreamTrack::new(name(), name(), name(), RtpCodecKind::Audio, vec![coding]);
        let sender = connection.add_track(track).map_err(setup)?;
        for local in locals {
            connection
                .add_local_candidate(host_candidate(*local)?)
                .map_err(setup)?;
        }
        Ok(Self {
            stage: Stage::New,
            connection,
            locals: locals.to_vec(),
            sender,
            ssrc,
            opus: None,
            channels: Channels::default(),
            candidates: 0,
            early: Early::default(),
            again: Again::default(),
            happened: VecDeque::new(),
            not_before: None,
        })
    }

    /// Opens the two data channels and offers: the description for the far end.
    pub(crate) fn offer(&mut self, now: Instant) -> Result<String, PeerError> {
        self.channels = Channels::open(&mut self.connection)?;
        let offer = self.connection.create_offer(None).map_err(setup)?;
        self.connection
            .set_local_description(now, offer)
            .map_err(setup)?;
        self.stage = Stage::Offered;
        self.local_sdp()
    }

    /// Takes the far end's offer: the answer.
    pub(crate) fn accept(&mut self, now: Instant, offer: String) -> Result<String, PeerError> {
        let candidates = candidates(&offer, self.candidates)?;
        let offer = RTCSessionDescription::offer(offer).map_err(description)?;
        self.connection
            .set_remote_description(now, offer)
            .map_err(description)?;
        self.candidates += candidates;
        let answer = self.connection.create_answer(None).map_err(description)?;
        self.connection
            .set_local_description(now, answer)
            .map_err(description)?;
        self.agree()?;
        self.local_sdp()
    }

    /// Takes the far end's answer to what was offered.
    pub(crate) fn answered(&mut self, now: Instant, answer: String) -> Result<(), PeerError> {
        if self.stage != Stage::Offered {
            return Err(PeerError::NothingOffered);
        }
        let candidates = candidates(&answer, self.candidates)?;
        if self.opus.is_some() && !self.is_from_far_end(&answer) {
            let message = "it is not from whom the session is with".to_owned();
            return Err(PeerError::Description(message));
        }
        let answer = RTCSessionDescription::answer(answer).map_err(description)?;
        self.connection
            .set_remote_description(now, answer)
            .map_err(description)?;
        self.candidates += candidates;
        self.agree()?;
        for (to, from, bytes) in self.early.take() {
            self.datagram(now, to, from, bytes);
        }
        Ok(())
    }

    /// Whether an offer comes from whom we talk to already: then it is about the way (RFC 8842 §5.2).
    pub(crate) fn is_from_far_end(&self, offer: &str) -> bool {
        let remote = self.connection.remote_description();
        remote.is_some_and(|remote| {
            let known = fingerprint(&remote.sdp);
            known.is_some() && known == fingerprint(offer)
        })
    }

    /// Takes a further offer of the same far end's, whose way has changed (ICE restart, RFC 8445 §2.4): the
    /// answer. Nothing else of what was agreed changes, and nobody hears a gap that the network did not make.
    pub(crate) fn accept_again(
        &mut self,
        now: Instant,
        offer: String,
    ) -> Result<String, PeerError> {
        let before = std::mem::take(&mut self.candidates);
        let answer = self.accept(now, offer);
        if answer.is_err() {
            self.candidates += before;
        }
        answer
    }

    /// Offers to look for a new way: the description for the far end.
    pub(crate) fn offer_again(&mut self, now: Instant) -> Result<String, PeerError> {
        if self.stage == Stage::Offered && self.opus.is_some() {
            return self.local_sdp(); // The last one was never answered, and still stands.
        }
        if self.stage != Stage::Agreed {
            return Err(PeerError::NotAgreed);
        }
        self.candidates = 0;
        let restart = RTCOfferOptions { ice_restart: true };
        let offer = self.connection.create_offer(Some(restart)).map_err(setup)?;
        self.connection
            .set_local_description(now, offer)
            .map_err(setup)?;
        self.stage = Stage::Offered;
        self.local_sdp()
    }

    /// How long a sign of life takes there and back, as last measured.
    pub(crate) fn round_trip(&mut self, now: Instant) -> Option<Duration> {
        let stats = self.connection.get_stats(now, StatsSelector::None);
        let pairs = stats.candidate_pairs();
        let pair = pairs.filter(|pair| pair.nominated && pair.responses_received > 0);
        // After a restart there are pairs of the old way, too.
        let pair = pair.max_by_key(|pair| pair.last_packet_received_timestamp)?;
        let round_trip = Duration::try_from_secs_f64(pair.current_round_trip_time).ok()?;
        self.again.set_round_trip(round_trip);
        Some(round_trip)
    }

    /// Takes a candidate of the far end's; an empty one says that there are no more.
    pub(crate) fn candidate(&mut self, candidate: String) -> Result<(), PeerError> {
        if self.connection.remote_description().is_none() {
            return Err(PeerError::TooEarly);
        }
        // Names are not looked up (RFC 8828 §3.1.1 hides addresses in them): a far end behind one is found
        // when it calls.
        if candidate.contains(".local ") {
            return Ok(());
        }
        if self.candidates == MOST_CANDIDATES {
            return Err(PeerError::Candidate(too_many()));
        }
        self.candidates += 1;
        let candidate = RTCIceCandidateInit {
            candidate,
            ..RTCIceCandidateInit::default()
        };
        self.connection
            .add_remote_candidate(candidate)
            .map_err(|error| PeerError::Candidate(error.to_string()))
    }

    /// Can be reached at this address of a relay's from now on, and sends from it: the candidate for the
    /// far end.
    pub(crate) fn add_relay(&mut self, relayed: SocketAddr) -> Result<String, PeerError> {
        let candidate = relay_candidate(relayed)?;
        let told = candidate.candidate.clone();
        self.connection
            .add_local_candidate(candidate)
            .map_err(setup)?;
        self.locals.push(relayed);
        Ok(told)
    }

    /// A datagram came in.
    pub(crate) fn datagram(
        &mut self,
        now: Instant,
        to: SocketAddr,
        from: SocketAddr,
        bytes: BytesMut,
    ) {
        if self.opus.is_none() {
            return self.early.keep((to, from, bytes));
        }
        let read = self.connection.handle_read(TaggedBytesMut {
            now,
            transport: TransportContext {
                local_addr: to,
                peer_addr: from,
                transport_protocol: TransportProtocol::UDP,
                ecn: None,
            },
            message: bytes,
        });
        if let Err(error) = read {
            tracing::trace!(%error, "a datagram was not taken");
        }
    }

    /// Sends a packet of her voice. One that cannot be sent yet is dropped, as the network might.
    pub(crate) fn voice(&mut self, now: Instant, sequence: u16, timestamp: u32, payload: &[u8]) {
        let Some(payload_type) = self.opus else {
            return;
        };
        let packet = rtp::Packet {
            header: rtp::Header {
                version: 2,
                payload_type,
                sequence_number: sequence,
                timestamp,
                ssrc: self.ssrc,
                ..rtp::Header::default()
            },
            payload: Bytes::copy_from_slice(payload),
        };
        let Some(mut sender) = self.connection.rtp_sender(self.sender) else {
            return;
        };
        self.again.sent(packet.clone());
        if let Err(error) = sender.write_rtp(now, packet) {
            tracing::trace!(%error, "a packet of her voice was not sent");
        }
    }

    /// Sends JSON on `events`; false when it is not open, or its buffer full.
    pub(crate) fn text(&mut self, now: Instant, json: &str) -> bool {
        self.channels.text(&mut self.connection, now, json)
    }

    /// Whether frames of her face would only wait.
    pub(crate) fn face_is_full(&mut self) -> bool {
        self.channels.face_is_full(&mut self.connection)
    }

    /// Sends a frame of her face on `face`; false when that is not open.
    pub(crate) fn face(&mut self, now: Instant, frame: &[u8]) -> bool {
        self.channels.face(&mut self.connection, now, frame)
    }

    /// What happened next.
    pub(crate) fn poll(&mut self) -> Option<Happened> {
        while let Some(event) = self.connection.poll_event() {
            self.note(event);
        }
        while let Some(TaggedRTCMessage { now, message }) = self.connection.poll_read() {
            self.read(now, message);
        }
        if self.opus.is_some() && self.stage != Stage::Left && self.has_left() {
            self.stage = Stage::Left;
            self.happened.push_back(Happened::Left);
        }
        self.happened.pop_front()
    }

    /// What has to be sent next.
    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit> {
        loop {
            let out = self.connection.poll_write()?;
            if self.locals.contains(&out.transport.local_addr) {
                return Some(Transmit {
                    from: out.transport.local_addr,
                    to: out.transport.peer_addr,
                    bytes: out.message,
                });
            }
        }
    }

    /// When to call [`Peer::on_timeout`].
    pub(crate) fn timeout(&mut self) -> Option<Instant> {
        let due = self.connection.poll_timeout();
        let due = due.map(|due| self.not_before.map_or(due, |earliest| due.max(earliest)));
        due.into_iter().chain(self.again.timeout()).min()
    }

    /// The moment has come.
    pub(crate) fn on_timeout(&mut self, now: Instant) {
        self.not_before = Some(now + Duration::from_millis(1));
        self.ask(now);
        if let Err(error) = self.connection.handle_timeout(now) {
            tracing::trace!(%error, "a timer of the connection failed");
        }
    }

    /// Says goodbye: what is to be sent for it is polled after this.
    pub(crate) fn close(&mut self) {
        if let Err(error) = self.connection.close() {
            tracing::trace!(%error, "a connection was not closed in order");
        }
    }

    fn local_sdp(&self) -> Result<String, PeerError> {
        let local = self.connection.local_description();
        local
            .map(|local| local.sdp)
            .ok_or_else(|| PeerError::Setup("there is no description".to_owned()))
    }

    /// Finds out which payload type both sides use for Opus.
    fn agree(&mut self) -> Result<(), PeerError> {
        let mut sender = self
            .connection
            .rtp_sender(self.sender)
            .ok_or(PeerError::NoOpus)?;
        let codecs = &sender.get_parameters().rtp_parameters.codecs;
        let opus = codecs.iter().find(|codec| {
            let name = &codec.rtp_codec.mime_type;
            name.eq_ignore_ascii_case(MIME_TYPE_OPUS)
        });
        let opus = opus.ok_or(PeerError::NoOpus)?;
        self.opus = Some(opus.payload_type);
        self.again.is_agreed = opus.rtp_codec.rtcp_feedback.contains(&feedback::nack());
        self.stage = Stage::Agreed;
        Ok(())
    }

    /// Of a far end that closes its transport the library says nothing by itself.
    fn has_left(&mut self) -> bool {
        let sender = self.connection.rtp_sender(self.sender);
        let state = sender.and_then(|sender| sender.transport().map(|dtls| dtls.state()));
        state == Some(RTCDtlsTransportState::Closed)
    }

    fn note(&mut self, event: RTCPeerConnectionEvent) {
        match event {
            RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => match state {
                RTCPeerConnectionState::Connected => self.happened.push_back(Happened::Connected),
                RTCPeerConnectionState::Failed => self.happened.push_back(Happened::Lost),
                RTCPeerConnectionState::Closed => self.happened.push_back(Happened::Left),
                _ => {}
            },
            RTCPeerConnectionEvent::OnDataChannel(RTCDataChannelEvent::OnOpen(id)) => {
                let opened = self.channels.opened(&mut self.connection, id);
                self.happened.extend(opened);
            }
            RTCPeerConnectionEvent::OnDataChannel(RTCDataChannelEvent::OnClose(id)) => {
                self.channels.closed(id);
            }
            _ => {}
        }
    }

    /// What came, and when.
    pub(super) fn read(&mut self, now: Instant, message: RTCMessage) {
        match message {
            RTCMessage::RtpPacket(_, packet) => {
                self.happened.push_back(match self.opus {
                    Some(opus) if opus == packet.header.payload_type => Happened::Voice {
                        is_again: self.again.came(now, &packet),
                        sequence: packet.header.sequence_number,
                        timestamp: packet.header.timestamp,
                        payload: packet.payload,
                    },
                    _ => Happened::Stray,
                });
            }
            RTCMessage::RtcpPacket(_, packets) => {
                for packet in &packets {
                    self.report(now, packet.as_any());
                }
            }
            RTCMessage::DataChannelMessage(id, message) => {
                self.happened.extend(self.channels.read(id, &message.data));
            }
            _ => {}
        }
    }
}

pub(super) fn setup(error: impl std::fmt::Display) -> PeerError {
    PeerError::Setup(error.to_string())
}

fn description(error: impl std::fmt::Display) -> PeerError {
    PeerError::Description(error.to_string())
}

#[cfg(test)]
#[path = "peer_test.rs"]
mod tests;

#[cfg(test)]
#[path = "peer_again_test.rs"]
mod again_tests;

#[cfg(test)]
#[path = "peer_ways_test.rs"]
mod ways_tests;
