//! The conversation's knobs, with their defaults.

use std::time::Duration;

/// Every time and threshold that decides when Janet speaks and when she stops.
///
/// Defaults are for two cores and the small models; tuned on recorded turns, never by hand-waving.
#[derive(Clone, Debug, PartialEq)]
// A recording from before a knob was there has its default.
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default)
)]
pub struct Config {
    /// A window at or over this probability is speech.
    pub speech_on: f32,
    /// A window under this probability is not speech any more (between the two: as before).
    pub speech_off: f32,
    /// Speech has to last this long to begin a turn.
    pub onset: Duration,
    /// Samples before the onset that belong to the turn.
    pub preroll: Duration,
    /// After this much non-speech the first speculation starts.
    pub speculate_after: Duration,
    /// Smart Turn at or over this starts the language model and the voice before the turn is over.
    pub prepare_at: f32,
    /// Smart Turn at or over this ends the turn after `wait_sure`.
    pub sure_at: f32,
    /// Non-speech that ends a turn that sounds complete.
    pub wait_sure: Duration,
    /// While a sound rises in the pause, no turn ends before this: it may be the next word, which
    /// the VAD is yet to notice.
    pub wait_rising: Duration,
    /// Non-speech that ends a turn that sounds incomplete.
    pub wait_unsure: Duration,
    /// Partial transcripts start after this much new speech.
    pub partial_every: Duration,
    /// A turn longer than this is committed as it is.
    pub longest_turn: Duration,
    /// While Janet speaks: speech for this long holds her.
    pub barge_onset: Duration,
    /// From the hold on: latest moment of the judgement.
    pub barge_judge: Duration,
    /// A transcript later than this is waited for no longer.
    pub transcript_patience: Duration,
    /// A reply with no progress for this long is given up.
    pub reply_patience: Duration,
    /// A finished turn whose answer has no sound yet is released after this long all the same;
    /// until then more speech still belongs to it, at no cost in time to the first sound.
    pub commit_hold: Duration,
    /// A spoken reply that was put on hold is given up after this long: what would go on then belongs
    /// to a conversation that nobody remembers.
    pub hold_patience: Duration,
    /// The language model starts this long before the end of the pause even if the turn sounds
    /// incomplete; zero leaves it to `prepare_at`.
    pub prepare_lead: Duration,
    /// Bytes of text after which a reply is long enough, whatever the language model thinks.
    pub longest_reply: usize,
    /// Staged sound of an unreleased reply.
    pub staging: Duration,
    /// Samples per second of the sound that is played.
    pub play_rate_hz: u32,
    /// With nothing happening for this long, `Idle` is told once.
    pub idle_after: Duration,
    /// Share of core time that thrown-away speculation may take.
    pub waste_limit: f32,
    /// Cores that model work may use.
    pub cores: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            speech_on: 0.5,
            speech_off: 0.35,
            onset: Duration::from_millis(64),
            preroll: Duration::from_millis(300),
            speculate_after: Duration::from_millis(96),
            prepare_at: 0.3,
            sure_at: 0.5,
            wait_sure: Duration::from_millis(200),
            wait_rising: Duration::from_millis(480),
            wait_unsure: Duration::from_millis(1600),
            partial_every: Duration::from_secs(1),
            longest_turn: Duration::from_secs(30),
            barge_onset: Duration::from_millis(64),
            barge_judge: Duration::from_millis(560),
            transcript_patience: Duration::from_secs(8),
            reply_patience: Duration::from_secs(20),
            commit_hold: Duration::from_millis(600),
            hold_patience: Duration::from_secs(120),
            prepare_lead: Duration::from_millis(400),
            longest_reply: 6000,
            staging: Duration::from_secs(2),
            play_rate_hz: 24_000,
            idle_after: Duration::from_secs(600),
            waste_limit: 0.5,
            cores: 2,
        }
    }
}
