//! What the two sides tell each other of packets (RTCP): reports of loss, and packets that are sent again.

use std::any::Any;
use std::time::{Duration, Instant};

use janet_audio::opus::{RATE_HZ, has_copy};
use rtc::rtcp::receiver_report::ReceiverReport;
use rtc::rtcp::reception_report::ReceptionReport;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::{
    TransportLayerNack, nack_pairs_from_sequence_numbers,
};
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::RTCPFeedback;

use super::super::nack::{Missing, Sent};
use super::{Happened, Peer};

/// What is said of Opus in a description: lost packets may be asked for (RFC 4585 §4.2).
pub(super) fn nack() -> RTCPFeedback {
    RTCPFeedback {
        typ: "nack".to_owned(),
        parameter: String::new(),
    }
}

/// Packets that come again.
#[derive(Default)]
pub(super) struct Again {
    /// Whether both sides have agreed to it.
    pub(super) is_agreed: bool,
    sent: Sent,
    missing: Missing,
    /// Whose packets come.
    far: Option<u32>,
    counts: Counts,
}

/// How often that happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Packets of the far end's that were asked for, each time counted.
    pub(crate) asked: u64,
    /// Packets of ours that were sent once more.
    pub(crate) given: u64,
}

impl Again {
    pub(super) fn sent(&mut self, packet: rtp::Packet) {
        if self.is_agreed {
            self.sent.keep(packet);
        }
    }

    /// A packet came; whether because it was asked for.
    pub(super) fn came(&mut self, now: Instant, packet: &rtp::Packet) -> bool {
        if !self.is_agreed {
            return false;
        }
        let header = &packet.header;
        if self.far.replace(header.ssrc) != Some(header.ssrc) {
            self.missing.begin_anew();
        }
        let (sequence, timestamp) = (header.sequence_number, header.timestamp);
        let has_copy = has_copy(&packet.payload);
        self.missing.came(now, sequence, timestamp, has_copy)
    }

    pub(super) fn set_round_trip(&mut self, round_trip: Duration) {
        self.missing.set_round_trip(round_trip);
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        self.missing.timeout()
    }
}

impl Peer {
    /// How long after the packet behind it a lost one may still come, because it is asked for; `None` while
    /// none is.
    pub(crate) fn patience(&self) -> Option<Duration> {
        let again = &self.again;
        again.is_agreed.then(|| again.missing.patience()).flatten()
    }

    /// How often packets were asked for and given again.
    pub(crate) fn again(&self) -> Counts {
        self.again.counts
    }

    /// Asks for what did not come, as far as it is time to.
    pub(super) fn ask(&mut self, now: Instant) {
        if self.again.timeout().is_none_or(|due| due > now) {
            return;
        }
        let missing = self.again.missing.ask(now);
        let (Some(media_ssrc), false) = (self.again.far, missing.is_empty()) else {
            return;
        };
        self.again.counts.asked += missing.len() as u64;
        let nack = TransportLayerNack {
            sender_ssrc: self.ssrc,
            media_ssrc,
            nacks: nack_pairs_from_sequence_numbers(&missing),
        };
        let Some(mut sender) = self.connection.rtp_sender(self.sender) else {
            return;
        };
        if let Err(error) = sender.write_rtcp(now, vec![Box::new(nack)]) {
            tracing::trace!(%error, "nobody was asked for a packet");
        }
    }

    /// What stands in a packet of RTCP. Loss stands in the report blocks of both kinds of report, but for what
    /// came again in time: of that only the questions tell. (Ours are the library's, and the same is true of
    /// them: a browser that is asked puts fewer copies into its packets.)
    pub(super) fn report(&mut self, now: Instant, packet: &dyn Any) {
        if let Some(nack) = packet.downcast_ref::<TransportLayerNack>() {
            return self.give(now, nack);
        }
        let reports = match (
            packet.downcast_ref::<ReceiverReport>(),
            packet.downcast_ref::<SenderReport>(),
        ) {
            (Some(report), _) => &report.reports,
            (_, Some(report)) => &report.reports,
            _ => return,
        };
        if let Some(ours) = reports.iter().find(|report| report.ssrc == self.ssrc) {
            let asked_percent = self.again.sent.lost_percent();
            self.happened.push_back(reported(ours, asked_percent));
        }
    }

    /// Sends again what the far end did not get.
    fn give(&mut self, now: Instant, nack: &TransportLayerNack) {
        if !self.again.is_agreed || nack.media_ssrc != self.ssrc {
            return;
        }
        for sequence in nack.nacks.iter().copied().flatten() {
            let Some(packet) = self.again.sent.again(sequence) else {
                continue;
            };
            let Some(mut sender) = self.connection.rtp_sender(self.sender) else {
                return;
            };
            match sender.write_rtp(now, packet) {
                Ok(()) => self.again.counts.given += 1,
                Err(error) => tracing::trace!(%error, "a packet was not sent again"),
            }
        }
    }
}

fn reported(report: &ReceptionReport, asked_percent: u8) -> Happened {
    let percent = u32::from(report.fraction_lost) * 100 / 256;
    let ticks = u64::from(report.jitter);
    Happened::Reported {
        lost_percent: asked_percent.max(percent as u8),
        jitter: Duration::from_micros(ticks * 1_000_000 / u64::from(RATE_HZ)),
    }
}
