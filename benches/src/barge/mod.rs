//! Talking over her: how fast she is silent, that “mm-hm” does not stop her, that her own echo does
//! not, and that nothing of a cut reply comes after the cut.

mod scene;
mod spoken;

use std::time::Duration;

use janet_engine::client::{Heard, Next, PLAY_HZ, converse};
use janet_engine::{Ending, Engine, EngineConfig, Event, MicMode, ReplyId};
use serde_json::{Value, json};

use self::scene::Scene;
use self::spoken::Spoken;
use crate::clips::{Clip, find, onset};
use crate::room::Room;
use crate::weights::{SYSTEM, Weights};

/// Long answers, so that there is something to talk over.
const MAX_TOKENS: usize = 160;
/// Recordings that are played over her: clear speech of two seconds and more. Every other trial is
/// one of these, the rest are questions whose answer is long again.
const INTERRUPTIONS: [&str; 4] = ["goforward", "something", "cards_003", "austen_0870"];
/// Her echo in the microphone: −20 dB, 80 ms late.
const ECHO_GAIN: f32 = 0.1;
const ECHO_LATE: Duration = Duration::from_millis(80);
/// By then every backchannel was said and judged.
const JUDGED: Duration = Duration::from_millis(2500);
/// A reply or a judgement that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(15);
/// Trials of one conversation; then another begins, with nothing remembered.
const PER_TALK: u32 = 10;

/// What is spoken over a reply.
struct Over {
    /// When it was spoken (true onset).
    onset: Duration,
    reply: ReplyId,
}

/// Keeps her talking: asks the next question whenever she is silent, and calls `over` every 20 ms
/// until it says that it has enough.
fn keep_talking(
    engine: &Engine,
    questions: &[Vec<f32>],
    seed: u64,
    echo: bool,
    mut over: impl FnMut(Duration, &Scene<'_>, &mut Room) -> bool,
) -> anyhow::Result<Heard> {
    let mut room = Room::new(seed);
    let mut next = seed as usize;
    let mut ask_at = Duration::from_millis(500);
    let heard = converse(engine, MicMode::HandsFree, &mut |n, heard| {
        let now = Duration::from_millis(20) * n as u32;
        let scene = Scene(heard);
        if room.is_speaking() {
            // No answer to this within that time: something is asked again.
            ask_at = now + PATIENCE;
        } else if scene.sounding().is_some() {
            ask_at = now + Duration::from_millis(1500);
        }
        if now >= ask_at {
            room.say(&questions[next % questions.len()]);
            next += 1;
        }
        if !over(now, &scene, &mut room) {
            return Next::Hang;
        }
        let late = now.saturating_sub(ECHO_LATE).as_secs_f64() * f64::from(PLAY_HZ);
        Next::Packet(room.packet(|k| {
            let at = late + k as f64 * f64::from(PLAY_HZ) / 16_000.0;
            let sound = heard.sound.get(at as usize).copied().unwrap_or(0.0);
            if echo { sound * ECHO_GAIN } else { 0.0 }
        }))
    })?;
    log(&heard);
    Ok(heard)
}

/// What happened, for whoever wonders about a figure.
fn log(heard: &Heard) {
    for (at, event) in &heard.events {
        if !matches!(event, Event::Delta { .. }) {
            let line = format!("{event:?}");
            eprintln!(
                "{:8.3} {}",
                at.as_secs_f64(),
                line.chars().take(200).collect::<String>()
            );
        }
    }
}

fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values
        .get(((values.len().saturating_sub(1)) as f64 * share).round() as usize)
        .copied()
}

pub(crate) fn measure(
    weights: &Weights,
    clips: &[Clip],
    trials: u32,
    backchannels: u32,
    echoes: u32,
) -> anyhow::Result<Value> {
    let spoken = Spoken::make(weights)?;
    // The product's own words to the model, not the peers' (which keep answers short).
    let prompt = EngineConfig::default().system_prompt;
    let engine = weights.engine(&prompt, MAX_TOKENS)?;
    let mut cuts = Cuts::default();
    for talk in 0.. {
        if cuts.silences.len() as u32 >= trials {
            break;
        }
        anyhow::ensure!(talk < 2 * trials, "hardly an answer was long enough");
        cuts.talk(&engine, clips, &spoken, talk.into(), trials)?;
    }
    let mut nods = Nods::default();
    while nods.tried < backchannels {
        let before = nods.tried;
        nods.talk(&engine, &spoken, backchannels)?;
        anyhow::ensure!(nods.tried > before, "a whole conversation and no nod");
    }
    let stats = engine.stats();
    drop(engine);
    // Short answers: every one is a trial.
    let engine = weights.engine(SYSTEM, MAX_TOKENS)?;
    let (cut_by_echo, replies) = echo(&engine, &spoken.questions, echoes)?;
    Ok(json!({
        "bench": "barge",
        "trials": cuts.silences.len(),
        "barge_in_silence_ms_p50": quantile(&mut cuts.silences, 0.5),
        "barge_in_silence_ms_p95": quantile(&mut cuts.silences, 0.95),
        "barge_in_judged_ms_p95": quantile(&mut cuts.judged, 0.95),
        "not_interrupted": cuts.ignored,
        "stale_words": cuts.stale_words,
        "backchannels": nods.tried,
        "backchannels_that_stopped": nods.stopped,
        "backchannel_false_stop_pct":
            100.0 * nods.stopped.len() as f64 / f64::from(nods.tried.max(1)),
        "echo_replies": replies,
        "self_interrupt_count": cut_by_echo,
        "step_ms_p99": stats.steps.p99_ms,
        "vad_late_ms_p99": stats.vad_late_p99_ms,
    }))
}

/// Interruptions that came while she spoke.
#[derive(Default)]
struct Cuts {
    /// From the true onset to her last audible sample, in ms.
    silences: Vec<f64>,
    /// From the true onset to the end of her reply, in ms.
    judged: Vec<f64>,
    /// She went on as if nothing had been said.
    ignored: u32,
    stale_words: usize,
    /// Interruptions begun; some come to nothing because she ends by herself.
    begun: usize,
}

impl Cuts {
    /// One conversation, full of interruptions.
    fn talk(
        &mut self,
        engine: &Engine,
        clips: &[Clip],
        spoken: &Spoken,
        seed: u64,
        trials: u32,
    ) -> anyhow::Result<()> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let last = (self.silences.len() as u32 + PER_TALK).min(trials);
        let mut running: Option<Over> = None;
        let mut wait = Duration::from_millis(900);
        let heard = keep_talking(
            engine,
            &spoken.questions,
            seed,
            false,
            |now, scene, room| {
                if let Some(over) = &running {
                    if self.judge(now, over, scene) {
                        running = None;
                        wait = Duration::from_millis(rng.u64(500..1800));
                    }
                } else if let Some((reply, since)) = scene.sounding()
                    && now > since + wait
                    && !room.is_speaking()
                {
                    let pcm = self.next(clips, spoken);
                    room.say(pcm);
                    let onset = now + onset(pcm);
                    running = Some(Over { onset, reply });
                    self.begun += 1;
                }
                // After answers too short to be talked over, the model only gives more of them.
                let short = running.is_none() && scene.has_ended_by_herself();
                (self.silences.len() as u32) < last && !short && now < PATIENCE * (PER_TALK + 4)
            },
        )?;
        self.stale_words += Scene(&heard).stale_words();
        Ok(())
    }

    /// What is said over her next: a recording and a question in turn.
    fn next<'a>(&self, clips: &'a [Clip], spoken: &'a Spoken) -> &'a [f32] {
        let n = self.begun / 2;
        if self.begun.is_multiple_of(2) {
            let name = INTERRUPTIONS[n % INTERRUPTIONS.len()];
            &find(clips, name).expect("part of the test speech").pcm
        } else {
            &spoken.questions[n % spoken.questions.len()]
        }
    }

    /// Counts the trial when it is over; whether it is.
    fn judge(&mut self, now: Duration, over: &Over, scene: &Scene<'_>) -> bool {
        let next = scene.next_voice(over.reply);
        // Over when the next voice begins, or when nothing more comes of it.
        let until = next.or_else(|| (now > over.onset + PATIENCE).then_some(now));
        let (Some((ended, ending)), Some(until)) = (scene.ending(over.reply), until) else {
            return false;
        };
        match ending {
            Ending::Interrupted => {
                let silent = scene.last_audible(over.onset, until).unwrap_or(over.onset);
                self.silences
                    .push((silent - over.onset).as_secs_f64() * 1e3);
                let judged = ended.saturating_sub(over.onset).as_secs_f64() * 1e3;
                self.judged.push(judged);
            }
            // She had ended by herself before she could be interrupted.
            _ if ended < over.onset + Duration::from_millis(700) => {}
            _ => {
                self.ignored += 1;
                self.silences.push((ended - over.onset).as_secs_f64() * 1e3);
            }
        }
        true
    }
}

/// Backchannels that were said while she spoke.
#[derive(Default)]
struct Nods {
    tried: u32,
    /// Those that ended her.
    stopped: Vec<String>,
}

impl Nods {
    /// One conversation, full of nods.
    fn talk(&mut self, engine: &Engine, spoken: &Spoken, count: u32) -> anyhow::Result<()> {
        let seed = 1000 + u64::from(self.tried);
        let last = (self.tried + PER_TALK).min(count);
        let mut nodded: Option<Over> = None;
        let mut free_from = Duration::ZERO;
        keep_talking(
            engine,
            &spoken.questions,
            seed,
            false,
            |now, scene, room| {
                let nod = &spoken.nods[self.tried as usize % spoken.nods.len()];
                if let Some(over) = &nodded {
                    match scene.ending(over.reply) {
                        Some((_, Ending::Interrupted)) => {
                            self.stopped.push(nod.name.clone());
                            self.tried += 1;
                            nodded = None;
                        }
                        // She had come to her end before she could be stopped.
                        Some(_) => nodded = None,
                        None if now > over.onset + JUDGED && !scene.is_held() => {
                            self.tried += 1;
                            nodded = None;
                        }
                        None => {}
                    }
                    free_from = now + Duration::from_millis(800);
                } else if let Some((reply, since)) = scene.sounding()
                    && now > free_from
                    && now > since + Duration::from_millis(700)
                    && !room.is_speaking()
                {
                    eprintln!("{:8.3} nod {}", now.as_secs_f64(), nod.name);
                    room.say(&nod.pcm);
                    nodded = Some(Over { onset: now, reply });
                }
                self.tried < last && now < PATIENCE * (PER_TALK + 4)
            },
        )?;
        Ok(())
    }
}

/// Plays her own voice back into the microphone; how many replies it ended, of how many.
fn echo(engine: &Engine, questions: &[Vec<f32>], count: u32) -> anyhow::Result<(u32, u32)> {
    let (mut cut, mut spoken) = (0, 0);
    keep_talking(engine, questions, 9, true, |now, scene, _| {
        (cut, spoken) = (0, 0);
        for (_, event) in &scene.0.events {
            if let Event::Finished { ending, .. } = event {
                spoken += 1;
                cut += u32::from(*ending == Ending::Interrupted);
            }
        }
        spoken < count && now < PATIENCE * 2 * (count + 2)
    })?;
    Ok((cut, spoken))
}
