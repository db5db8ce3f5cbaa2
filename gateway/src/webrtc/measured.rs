//! What is measured of a call.

use std::time::Duration;

use crate::media::{Down, Up};

/// What RTCP has told: of our packets so many of a hundred were lost, and by so much the way's delay varies,
/// there and here; the way there and back takes so long.
pub(super) fn reported(
    lost_percent: u8,
    there: Duration,
    here: Duration,
    round_trip: Option<Duration>,
) {
    metrics::histogram!("janet_webrtc_loss_percent").record(f64::from(lost_percent));
    for (seen_by, jitter) in [("far_end", there), ("janet", here)] {
        metrics::histogram!("janet_webrtc_jitter_seconds", "seen_by" => seen_by)
            .record(jitter.as_secs_f64());
    }
    if let Some(round_trip) = round_trip {
        metrics::histogram!("janet_webrtc_round_trip_seconds").record(round_trip.as_secs_f64());
    }
}

/// What became of the packets of a call that has ended, beside what only WebRTC has.
pub(super) fn ended(up: &Up, down: &Down, besides: [(&'static str, u64); 3]) {
    let (stats, mended) = (up.stats(), up.mended());
    let all = [
        ("received", stats.received),
        ("late", stats.late),
        ("missing", stats.missing),
        ("fec_recovered", mended.fec_recovered),
        ("concealed", mended.concealed),
        ("garbage", mended.garbage),
    ];
    for (what, packets) in all.into_iter().chain(besides) {
        metrics::counter!("janet_media_packets_total", "what" => what).increment(packets);
    }
    let dropped = down.dropped_samples();
    metrics::counter!("janet_media_dropped_samples_total").increment(dropped);
    tracing::debug!(?stats, ?mended, ?besides, "a call has ended");
}
