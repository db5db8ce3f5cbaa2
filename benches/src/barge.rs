//! Talking over her: how fast she is silent, that “mm-hm” does not stop her, that her own echo does
//! not, and that nothing of a cut reply comes after the cut.

use std::time::Duration;

use janet_engine::client::{Heard, Next, PLAY_HZ, converse};
use janet_engine::speak::speak;
use janet_engine::{Ending, Engine, Event, MicMode, Models, ReplyId, Voice};
use janet_models::vits::SpeakOptions;
use serde_json::{Value, json};

use crate::clips::{Clip, find};
use crate::room::Room;
use crate::weights::{SYSTEM, Weights};

/// −50 dBFS: quieter than this is silence.
const SILENT: f32 = 0.003_162;
/// Long answers, so that there is something to talk over.
const MAX_TOKENS: usize = 160;
const STORYTELLER: &str = "You are Janet, a storyteller. Whatever you are told, you answer with a \
                           long story of at least ten sentences.";
/// What is said over her; all of them clear speech of two seconds and more.
const INTERRUPTIONS: [&str; 4] = ["goforward", "something", "cards_003", "austen_0870"];
/// What is asked.
const QUESTION: &str = "austen_0890";
/// What listeners say without wanting the turn.
const BACKCHANNELS: [&str; 6] = ["Mm-hm.", "Uh-huh.", "Yeah.", "Okay.", "Right.", "I see."];
/// Her echo in the microphone: −20 dB, 80 ms late.
const ECHO_GAIN: f32 = 0.1;
const ECHO_LATE: Duration = Duration::from_millis(80);
/// By then every backchannel was said and judged.
const JUDGED: Duration = Duration::from_millis(2500);
/// A reply or a judgement that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is spoken over a reply.
struct Over {
    /// When it was spoken (true onset).
    onset: Duration,
    reply: ReplyId,
}

/// The voices of a conversation so far, from its events.
struct Scene<'a>(&'a Heard);

impl Scene<'_> {
    /// The reply that is sounding, with the moment it began.
    fn sounding(&self) -> Option<(ReplyId, Duration)> {
        let mut now = None;
        for (at, event) in &self.0.events {
            match event {
                Event::Speaking {
                    reply,
                    voice: Voice::Started,
                } => now = Some((*reply, *at)),
                Event::Finished { reply, .. } if now.is_some_and(|(known, _)| known == *reply) => {
                    now = None;
                }
                _ => {}
            }
        }
        now
    }

    /// Whether she is held back at the moment.
    fn is_held(&self) -> bool {
        let last = self
            .0
            .events
            .iter()
            .rev()
            .find_map(|(_, event)| match event {
                Event::Speaking { voice, .. } => Some(*voice),
                _ => None,
            });
        last == Some(Voice::Paused)
    }

    fn ending(&self, of: ReplyId) -> Option<(Duration, Ending)> {
        self.0.events.iter().find_map(|(at, event)| match event {
            Event::Finished { reply, ending, .. } if *reply == of => Some((*at, *ending)),
            _ => None,
        })
    }

    /// When the first reply after this one begins to sound.
    fn next_voice(&self, after: ReplyId) -> Option<Duration> {
        self.0.events.iter().find_map(|(at, event)| match event {
            Event::Speaking {
                reply,
                voice: Voice::Started,
            } if *reply > after => Some(*at),
            _ => None,
        })
    }

    /// The last audible sample in a stretch of time.
    fn last_audible(&self, from: Duration, to: Duration) -> Option<Duration> {
        let at = |span: Duration| (span.as_secs_f64() * f64::from(PLAY_HZ)) as usize;
        let end = at(to).min(self.0.sound.len());
        let start = at(from).min(end);
        let last = self.0.sound[start..end]
            .iter()
            .rposition(|s| s.abs() > SILENT)?;
        Some(from + Duration::from_micros(last as u64 * 1_000_000 / u64::from(PLAY_HZ)))
    }

    /// Words of a reply that came after it had ended.
    fn stale_words(&self) -> usize {
        let mut ended: Vec<ReplyId> = Vec::new();
        let mut words = 0;
        for (_, event) in &self.0.events {
            match event {
                Event::Finished { reply, .. } => ended.push(*reply),
                Event::Delta { reply, text } if ended.contains(reply) => {
                    words += text.split_whitespace().count().max(1);
                }
                Event::Speaking { reply, .. } if ended.contains(reply) => words += 1,
                _ => {}
            }
        }
        words
    }
}

/// Keeps her talking: asks again whenever she is silent, and calls `over` while she sounds.
fn keep_talking(
    engine: &Engine,
    question: &Clip,
    seed: u64,
    echo: bool,
    mut over: impl FnMut(Duration, &Scene<'_>, &mut Room) -> bool,
) -> anyhow::Result<Heard> {
    let mut room = Room::new(seed);
    let mut asked_at = Duration::ZERO;
    let heard = converse(engine, MicMode::HandsFree, &mut |n, heard| {
        let now = Duration::from_millis(20) * n as u32;
        let scene = Scene(heard);
        let idle = scene.sounding().is_none() && !room.is_speaking();
        if idle && (n == 25 || now > asked_at + PATIENCE) {
            asked_at = now;
            room.say(&question.pcm);
        }
        if let Some((
            at,
            Event::Finished {
                ending: Ending::Complete,
                ..
            },
        )) = heard
            .events
            .iter()
            .rev()
            .find(|(_, event)| matches!(event, Event::Finished { .. }))
            && idle
            && *at > asked_at + Duration::from_secs(1)
            && now > *at + Duration::from_millis(500)
        {
            asked_at = now;
            room.say(&question.pcm);
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
    let listeners = listeners(weights)?;
    let engine = weights.engine(STORYTELLER, MAX_TOKENS)?;
    let question = find(clips, QUESTION)?;

    let (mut silences, mut judged, stale, unanswered) =
        interruptions(&engine, clips, question, trials)?;
    let (stopped, tried) = nods(&engine, question, &listeners, backchannels)?;
    let stats = engine.stats();
    drop(engine);
    // Short answers: every one is a trial.
    let engine = weights.engine(SYSTEM, MAX_TOKENS)?;
    let (cut_by_echo, spoken) = echo(&engine, question, echoes)?;
    Ok(json!({
        "bench": "barge",
        "trials": silences.len(),
        "barge_in_silence_ms_p50": quantile(&mut silences, 0.5),
        "barge_in_silence_ms_p95": quantile(&mut silences, 0.95),
        "barge_in_judged_ms_p95": quantile(&mut judged, 0.95),
        "not_interrupted": unanswered,
        "stale_words": stale,
        "backchannels": tried,
        "backchannel_false_stop_pct": 100.0 * f64::from(stopped) / f64::from(tried.max(1)),
        "echo_replies": spoken,
        "self_interrupt_count": cut_by_echo,
        "step_ms_p99": stats.steps.p99_ms,
        "vad_late_ms_p99": stats.vad_late_p99_ms,
    }))
}

type Interruptions = (Vec<f64>, Vec<f64>, usize, u32);

fn interruptions(
    engine: &Engine,
    clips: &[Clip],
    question: &Clip,
    trials: u32,
) -> anyhow::Result<Interruptions> {
    let mut rng = fastrand::Rng::with_seed(11);
    let (mut silences, mut judged, mut ignored) = (Vec::new(), Vec::new(), 0);
    let mut running: Option<Over> = None;
    let mut wait = Duration::from_millis(900);
    let mut tried = 0;
    let heard = keep_talking(engine, question, 3, false, |now, scene, room| {
        if let Some(over) = &running {
            let ending = scene.ending(over.reply);
            let next = scene.next_voice(over.reply);
            // Over when the next voice begins, or when nothing more comes of it.
            let until = next.or_else(|| (now > over.onset + PATIENCE).then_some(now));
            if let (Some((ended, ending)), Some(until)) = (ending, until) {
                match ending {
                    Ending::Interrupted => {
                        let silent = scene.last_audible(over.onset, until).unwrap_or(over.onset);
                        silences.push((silent - over.onset).as_secs_f64() * 1e3);
                        judged.push(ended.saturating_sub(over.onset).as_secs_f64() * 1e3);
                    }
                    // She had ended by herself before she could be interrupted.
                    _ if ended < over.onset + Duration::from_millis(700) => {}
                    _ => {
                        ignored += 1;
                        silences.push((ended - over.onset).as_secs_f64() * 1e3);
                    }
                }
                running = None;
                wait = Duration::from_millis(rng.u64(500..1800));
            }
        } else if let Some((reply, since)) = scene.sounding()
            && now > since + wait
            && !room.is_speaking()
        {
            let name = INTERRUPTIONS[tried as usize % INTERRUPTIONS.len()];
            let clip = find(clips, name).expect("part of the test speech");
            room.say(&clip.pcm);
            running = Some(Over {
                onset: now + clip.onset(),
                reply,
            });
            tried += 1;
        }
        (silences.len() as u32) < trials && now < Duration::from_secs(60) + PATIENCE * trials
    })?;
    Ok((silences, judged, Scene(&heard).stale_words(), ignored))
}

/// Says backchannels over her; how many ended her, of how many.
fn nods(
    engine: &Engine,
    question: &Clip,
    listeners: &[Vec<f32>],
    count: u32,
) -> anyhow::Result<(u32, u32)> {
    let (mut stopped, mut tried) = (0, 0);
    let mut nodded: Option<Over> = None;
    let mut free_from = Duration::ZERO;
    keep_talking(engine, question, 5, false, |now, scene, room| {
        if let Some(over) = &nodded {
            match scene.ending(over.reply) {
                Some((_, Ending::Interrupted)) => {
                    stopped += 1;
                    tried += 1;
                    nodded = None;
                }
                // She had come to her end before she could be stopped.
                Some(_) => nodded = None,
                None if now > over.onset + JUDGED && !scene.is_held() => {
                    tried += 1;
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
            room.say(&listeners[tried as usize % listeners.len()]);
            nodded = Some(Over { onset: now, reply });
        }
        tried < count && now < PATIENCE * (count + 2)
    })?;
    Ok((stopped, tried))
}

/// Plays her own voice back into the microphone; how many replies it ended, of how many.
fn echo(engine: &Engine, question: &Clip, count: u32) -> anyhow::Result<(u32, u32)> {
    let (mut cut, mut spoken) = (0, 0);
    keep_talking(engine, question, 9, true, |now, scene, _| {
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

/// The backchannels as sound, at the level of ordinary speech, in several paces.
fn listeners(weights: &Weights) -> anyhow::Result<Vec<Vec<f32>>> {
    let models = Models::load(
        &weights.paths(),
        &weights.config(STORYTELLER, 8),
        &mut |_, _| {},
    )?;
    let mut out = Vec::new();
    for (n, pace) in [0.9, 1.0, 1.15].into_iter().enumerate() {
        for text in BACKCHANNELS {
            let options = SpeakOptions {
                seed: n as u64,
                length_scale: pace,
                ..SpeakOptions::default()
            };
            let mut sound = Vec::new();
            speak(&models, text, &options, &mut |chunk| {
                sound.extend_from_slice(chunk)
            })?;
            out.push(janet_audio::resample(
                &sound,
                models.voice_rate_hz(),
                16_000,
            )?);
        }
    }
    Ok(out)
}
