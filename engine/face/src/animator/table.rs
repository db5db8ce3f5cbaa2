//! Every number of the animation, with where it comes from.

/// Values for what the conversation is doing.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ByActivity<T> {
    /// Nobody wants anything.
    pub idle: T,
    /// Somebody speaks to her.
    pub listening: T,
    /// She works on an answer.
    pub thinking: T,
    /// She speaks.
    pub speaking: T,
}

/// A time that chance makes longer or shorter: log-normal, cut off at both ends. Seconds.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Spread {
    /// Before it is cut off.
    pub mean_s: f64,
    /// Standard deviation, before it is cut off.
    pub deviation_s: f64,
    /// Never shorter.
    pub min_s: f64,
    /// Never longer.
    pub max_s: f64,
}

/// How eyes shut.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct BlinkTable {
    /// From one blink's beginning to the next one's.
    pub interval: ByActivity<Spread>,
    /// Lids going down.
    pub closing_s: f64,
    /// Lids down.
    pub closed_s: f64,
    /// Lids going up.
    pub opening_s: f64,
    /// Each blink is this much longer or shorter at most, as a share.
    pub duration_spread: f64,
    /// The least that a blink closes an eye.
    pub depth_min: f64,
    /// How often one blink follows another at once, 0..=1.
    pub double_share: f64,
    /// And when, after the first one's beginning.
    pub double_after_s: f64,
}

/// How she breathes.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct BreathTable {
    /// A whole breath.
    pub period: ByActivity<Spread>,
    /// The share of it that breathes in.
    pub inhale_share: ByActivity<f64>,
}

/// How she looks at somebody and away.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct GazeTable {
    /// Looking at whoever is there.
    pub mutual: ByActivity<Spread>,
    /// Looking elsewhere.
    pub away: ByActivity<Spread>,
    /// Degrees: magnitude is `-scale × ln(percentile / full)`.
    pub magnitude_scale_deg: f64,
    /// Percent.
    pub magnitude_full_percent: f64,
    /// Never less, degrees.
    pub magnitude_min_deg: ByActivity<f64>,
    /// Never more, degrees.
    pub magnitude_max_deg: ByActivity<f64>,
    /// How often away is in each of eight directions, from her left over up to her right and down, in
    /// steps of 45°; any unit.
    pub directions: ByActivity<[f64; 8]>,
    /// A saccade lasts this long,
    pub saccade_s: f64,
    /// and this much longer for each degree.
    pub saccade_s_per_deg: f64,
    /// While she looks at somebody, her eyes go from one point of the face to another.
    pub fixation: Spread,
    /// As far as this to each side, degrees,
    pub fixation_yaw_deg: f64,
    /// up
    pub fixation_up_deg: f64,
    /// and down.
    pub fixation_down_deg: f64,
    /// How quickly her eyes follow somebody who moves: time constant.
    pub pursuit_s: f64,
    /// Whoever is further behind her than this is not looked at, degrees from straight ahead.
    pub behind_deg: f64,
    /// How far an eye turns in the head, degrees: to a side,
    pub eye_yaw_deg: f64,
    /// up
    pub eye_up_deg: f64,
    /// and down.
    pub eye_down_deg: f64,
}

/// How she holds her head.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct HeadTable {
    /// Eyes alone go this far, degrees.
    pub eyes_alone_deg: f64,
    /// Of what is beyond, the head takes this share.
    pub share: f64,
    /// Of a look elsewhere, the head takes this share.
    pub away_share: f64,
    /// How quickly it turns: radians per second of a critically damped spring.
    pub spring_per_s: f64,
    /// Never further than this, degrees: to a side,
    pub yaw_deg: f64,
    /// up or down,
    pub pitch_deg: f64,
    /// and tilted.
    pub roll_deg: f64,
    /// It is never quite still: as far as this about each axis (pitch, yaw, roll), degrees,
    pub drift_deg: [f64; 3],
    /// in waves as long as this, seconds for each axis,
    pub drift_s: [f64; 3],
    /// and so much more
    pub drift_gain: ByActivity<f64>,
    /// with this time constant.
    pub drift_gain_s: f64,
}

/// How a gesture goes.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct GestureShape {
    /// How long it lasts.
    pub seconds: f64,
    /// How far: degrees, or a weight.
    pub amount: f64,
    /// How often to and fro; 0 for one that is held.
    pub cycles: f64,
    /// For one that is held: how long it takes to get there,
    pub attack_s: f64,
    /// and back.
    pub release_s: f64,
}

/// What she does with her head and face on purpose.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct GestureTable {
    /// Yes.
    pub nod: GestureShape,
    /// No.
    pub shake: GestureShape,
    /// A question.
    pub tilt: GestureShape,
    /// Looking aside for a moment.
    pub glance_away: GestureShape,
    /// Friendly.
    pub smile: GestureShape,
    /// That word matters.
    pub brow_raise: GestureShape,
    /// One that comes later than this is left out.
    pub late_s: f64,
}

/// How a tone comes and goes.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct ExpressionTable {
    /// Time constant of a tone that comes,
    pub attack_s: f64,
    /// and of one that goes.
    pub release_s: f64,
    /// How much of a tone is left when nobody speaks.
    pub idle_share: f64,
    /// How much she looks as if she thought while she does.
    pub thinking: f64,
    /// How far her brows are raised while she listens.
    pub listening_brow: f64,
}

/// How a mouth ends of which nothing is heard any more.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct MouthTable {
    /// After so long without a word from the voice
    pub lost_s: f64,
    /// it closes within this.
    pub closing_s: f64,
}

/// All of them.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(serde::Serialize))]
pub struct Table {
    /// Samples a second of her voice stream.
    pub sample_rate_hz: u64,
    /// After a pause as long as this between two calls, nothing is made up for: blinks and glances
    /// begin anew. A page in the background is not drawn for minutes.
    pub gap_s: f64,
    /// Where her voice is counts for so long after it was told.
    pub clock_stale_s: f64,
    /// Lids.
    pub blink: BlinkTable,
    /// Breath.
    pub breath: BreathTable,
    /// Eyes.
    pub gaze: GazeTable,
    /// Head.
    pub head: HeadTable,
    /// Gestures.
    pub gesture: GestureTable,
    /// Tones.
    pub expression: ExpressionTable,
    /// The mouth.
    pub mouth: MouthTable,
}

const fn spread(mean_s: f64, deviation_s: f64, min_s: f64, max_s: f64) -> Spread {
    Spread {
        mean_s,
        deviation_s,
        min_s,
        max_s,
    }
}

/// Lee, Badler and Badler count in frames of a film with 30 a second.
const FRAME_S: f64 = 1.0 / 30.0;

/// The numbers that are used.
pub const TABLE: Table = Table {
    sample_rate_hz: 48_000,
    gap_s: 5.0,
    clock_stale_s: 0.5,
    blink: BlinkTable {
        // Doughty 2001 (Optometry and Vision Science 78:712): 1.4–14.4 blinks a minute while reading,
        // 8–21 in primary gaze, 10.5–32.5 in conversation. The middles are 7.9, 14.5 and 21.5: primary
        // gaze when idle, conversation when speaking, between reading and primary gaze when attentive.
        // Intervals are skewed, their deviation is of the order of their mean.
        interval: ByActivity {
            idle: spread(60.0 / 14.5, 2.6, 0.6, 14.0),
            listening: spread(60.0 / 11.2, 3.2, 0.8, 16.0),
            thinking: spread(60.0 / 14.5, 2.6, 0.6, 14.0),
            speaking: spread(60.0 / 21.5, 1.9, 0.5, 10.0),
        },
        // VanderWerf et al. 2003 (Journal of Neurophysiology 89:2784): a spontaneous blink closes in about
        // 92 ms and opens in about 242 ms. Trutoiu et al. 2011 (ACM Transactions on Applied Perception
        // 8:17): going down and up must not be mirror images, or viewers find it unnatural.
        closing_s: 0.092,
        closed_s: 0.015,
        opening_s: 0.242,
        duration_spread: 0.2,
        depth_min: 0.85,
        double_share: 0.08,
        double_after_s: 0.42,
    },
    breath: BreathTable {
        // Adults at rest breathe 12 to 18 times a minute, with two fifths of the time for breathing in.
        // Who speaks takes short breaths and gives them out slowly (Winkworth et al. 1995, Journal of
        // Speech and Hearing Research 38:124).
        period: ByActivity {
            idle: spread(4.2, 0.4, 3.2, 5.5),
            listening: spread(4.0, 0.4, 3.0, 5.2),
            thinking: spread(4.4, 0.5, 3.2, 5.8),
            speaking: spread(4.8, 1.0, 3.0, 8.0),
        },
        inhale_share: ByActivity {
            idle: 0.4,
            listening: 0.4,
            thinking: 0.38,
            speaking: 0.16,
        },
    },
    gaze: GazeTable {
        // Lee, Badler and Badler 2002, "Eyes Alive" (SIGGRAPH): gaze at somebody lasts 93.9 ± 94.9
        // frames when talking and 237.5 ± 47.1 when listening; gaze elsewhere 27.8 ± 24.0 and 13.0 ± 7.1.
        mutual: ByActivity {
            idle: spread(5.0, 2.5, 1.0, 12.0),
            listening: spread(237.5 * FRAME_S, 47.1 * FRAME_S, 2.0, 14.0),
            // Who thinks looks away, and comes back for short looks (Glenberg et al. 1998).
            thinking: spread(0.7, 0.35, 0.3, 2.0),
            speaking: spread(93.9 * FRAME_S, 94.9 * FRAME_S, 0.4, 12.0),
        },
        away: ByActivity {
            idle: spread(1.5, 0.9, 0.4, 4.0),
            listening: spread(13.0 * FRAME_S, 7.1 * FRAME_S, 0.2, 1.2),
            thinking: spread(1.9, 0.8, 0.8, 4.0),
            speaking: spread(27.8 * FRAME_S, 24.0 * FRAME_S, 0.25, 3.0),
        },
        // The same: A = −6.9 × ln(P / 15.7), P drawn evenly; 22.7° at most when listening, 27.5° talking.
        magnitude_scale_deg: 6.9,
        magnitude_full_percent: 15.7,
        magnitude_min_deg: ByActivity {
            idle: 3.0,
            listening: 2.0,
            thinking: 9.0,
            speaking: 3.0,
        },
        magnitude_max_deg: ByActivity {
            idle: 22.7,
            listening: 22.7,
            thinking: 20.0,
            speaking: 27.5,
        },
        directions: ByActivity {
            idle: LEE_DIRECTIONS,
            listening: LEE_DIRECTIONS,
            // Up and to a side, as far as people do it on purpose or not.
            thinking: [8.0, 30.0, 16.0, 30.0, 8.0, 3.0, 2.0, 3.0],
            speaking: LEE_DIRECTIONS,
        },
        // The same: 20 to 30 ms and 2.4 ms for each degree.
        saccade_s: 0.025,
        saccade_s_per_deg: 0.0024,
        // Between eyes and mouth of somebody a metre away.
        fixation: spread(0.9, 0.5, 0.25, 3.0),
        fixation_yaw_deg: 1.5,
        fixation_up_deg: 0.4,
        fixation_down_deg: 2.2,
        pursuit_s: 0.07,
        behind_deg: 115.0,
        eye_yaw_deg: 35.0,
        eye_up_deg: 25.0,
        eye_down_deg: 30.0,
    },
    head: HeadTable {
        eyes_alone_deg: 8.0,
        share: 0.75,
        away_share: 0.3,
        spring_per_s: 7.0,
        yaw_deg: 65.0,
        pitch_deg: 35.0,
        roll_deg: 20.0,
        drift_deg: [0.7, 1.0, 0.6],
        drift_s: [1.9, 2.3, 3.1],
        drift_gain: ByActivity {
            idle: 1.0,
            listening: 0.8,
            thinking: 1.0,
            speaking: 2.2,
        },
        drift_gain_s: 0.6,
    },
    gesture: GestureTable {
        nod: GestureShape {
            seconds: 0.9,
            amount: 8.0,
            cycles: 2.0,
            attack_s: 0.0,
            release_s: 0.0,
        },
        shake: GestureShape {
            seconds: 1.1,
            amount: 9.0,
            cycles: 2.0,
            attack_s: 0.0,
            release_s: 0.0,
        },
        tilt: GestureShape {
            seconds: 1.8,
            amount: 8.0,
            cycles: 0.0,
            attack_s: 0.4,
            release_s: 0.6,
        },
        glance_away: GestureShape {
            seconds: 1.0,
            amount: 16.0,
            cycles: 0.0,
            attack_s: 0.07,
            release_s: 0.07,
        },
        smile: GestureShape {
            seconds: 2.4,
            amount: 0.8,
            cycles: 0.0,
            attack_s: 0.35,
            release_s: 0.9,
        },
        brow_raise: GestureShape {
            seconds: 0.8,
            amount: 0.8,
            cycles: 0.0,
            attack_s: 0.12,
            release_s: 0.3,
        },
        late_s: 1.0,
    },
    expression: ExpressionTable {
        attack_s: 0.22,
        release_s: 0.55,
        idle_share: 0.5,
        thinking: 0.6,
        listening_brow: 0.15,
    },
    mouth: MouthTable {
        lost_s: 0.2,
        closing_s: 0.15,
    },
};

/// How often a saccade goes in each of eight directions, in percent (Lee, Badler and Badler 2002).
const LEE_DIRECTIONS: [f64; 8] = [15.54, 6.46, 17.69, 7.44, 16.80, 7.89, 20.38, 7.79];
