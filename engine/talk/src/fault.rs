//! Faults that can be put back, to prove that the properties find them.
//!
//! Each variant names a mistake that is easy to make at the place where it is asked for. Only tests
//! (and the feature `_faults`) can arm one; everywhere else [`Faults::has`] is `false` for good.

/// A mistake that can be armed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(any(test, feature = "_faults")),
    expect(unreachable_pub, reason = "public for the feature")
)]
pub enum Fault {
    /// A transcript that comes after its timer is dropped.
    LateTranscriptLost,
    /// When her voice ends while somebody speaks over it, what is being said is forgotten.
    PlayoutEndForgetsSpeech,
    /// An answer whose id has ended is taken for one of the running reply.
    StaleIdAccepted,
    /// A new answer begins without the old one being cut.
    OldReplyKept,
    /// A nod lets her go on although the person still speaks.
    ResumesIntoSpeech,
    /// After an interruption all that was written is kept.
    UnheardKept,
    /// The text of an answer is shown before its release.
    ShownBeforeRelease,
    /// After the red thread the running reply goes on.
    RedThreadLeaks,
    /// A request that finds the queue full is dropped without a word.
    RefusedSilently,
    /// The timer of a pause that is over stays set.
    TimerLeftBehind,
    /// When speech goes on, the work on its supposed end is not cancelled.
    AttemptLeftRunning,
    /// When speech goes on, the turn begins anew and forgets what came before the pause.
    PauseSplitsTurn,
    /// A typed text is answered while somebody speaks.
    TextOverSpeech,
    /// A sound over her voice is never judged.
    HeldForever,
    /// A partial transcript is asked for while another is on its way.
    PartialsPileUp,
    /// Nods count as speech.
    NodsInterrupt,
    /// A microphone that is closed takes the open turn with it.
    MicCloseForgets,
    /// Samples of the last turn are taken for a beginning of the next one.
    PrerollOverlaps,
    /// Speech resumed after a pause does not hold back the release.
    ReleasesIntoSpeech,
    /// Her own voice coming back counts as speech.
    EchoTakenForPerson,
    /// A reply that makes no progress is waited for without end.
    StallIgnored,
    /// Sound that was taken back still says what was spoken.
    TakenBackMarksKept,
    /// A reply that begins while the conversation is on hold is played.
    HoldForgotten,
    /// What is said while the conversation is on hold is taken up.
    HoldListens,
    /// A reply that was held goes on when the sound that held her was nothing, although the
    /// conversation is on hold.
    JudgementEndsHold,
    /// A reply on hold is waited for without end.
    HoldWithoutEnd,
    /// The words of the red thread count only once a turn is over.
    RedThreadWaits,
    /// Words that somebody else takes are answered all the same.
    CommandsAnswered,
    /// What her own voice says is taken for a command.
    HerVoiceCommands,
    /// An announcement does not wait until nobody speaks.
    AnnouncesOverSpeech,
    /// An announcement that was cut counts as heard.
    CutAnnouncementsHeard,
    /// An announcement that waits is forgotten when everything ends.
    AnnouncementsForgotten,
}

/// Which fault is armed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    #[cfg(any(test, feature = "_faults"))]
    armed: Option<Fault>,
}

impl Faults {
    #[cfg(any(test, feature = "_faults"))]
    pub(crate) fn arm(&mut self, fault: Fault) {
        self.armed = Some(fault);
    }

    /// Whether this fault was put back.
    #[cfg(any(test, feature = "_faults"))]
    pub(crate) fn has(self, fault: Fault) -> bool {
        self.armed == Some(fault)
    }

    /// Never: faults exist in tests only.
    #[cfg(not(any(test, feature = "_faults")))]
    pub(crate) fn has(self, _: Fault) -> bool {
        false
    }
}
