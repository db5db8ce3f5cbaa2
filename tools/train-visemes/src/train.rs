//! Fits the network: Adam with decoupled decay, the step rising at first and falling as a cosine then.

use std::path::Path;
use std::thread;
use std::time::Instant;

use anyhow::{Context, bail};
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use janet_face::{VISEMES, Viseme};

use crate::clips::{self, Split, Take, bar, share_out};
use crate::effects;
use crate::evaluate;
use crate::export;
use crate::features::{FEATURES, features};
use crate::labels::Label;
use crate::net::{MEMORY, Net};
use crate::variants::Variant;

/// Frames by which the network's answer comes late: 33 ms.
pub(crate) const LOOK_AHEAD: usize = 2;
/// Frames of a sequence that are judged.
const JUDGED: usize = 128;
/// Sequences in a part of a step.
const SEQUENCES: usize = 6;
/// Parts of a step, each computed by a thread of its own and without any chance: as many on every machine, so that
/// the same seed gives the same network.
const PARTS: usize = 2;
/// Share of the way on which the step rises.
const RISING: f64 = 0.05;
/// Decay of the weights.
const DECAY: f64 = 0.01;

/// How it is to be fitted.
pub(crate) struct Plan {
    /// How often all takes are heard, each time in other rooms, noises and levels.
    pub(crate) rounds: usize,
    /// How often what is heard in a round is seen.
    pub(crate) passes: usize,
    pub(crate) rate: f64,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

/// Features and labels of one variant of a take, one behind the other.
pub(crate) struct Sequence {
    pub(crate) features: Vec<f32>,
    pub(crate) labels: Vec<Label>,
}

/// What the network learns from in a round.
struct Heap {
    sequences: Vec<Sequence>,
    frames: usize,
}

/// What is subtracted from each feature, and what it is divided by then.
struct Scale {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

/// A part of a step: what is heard, and what is said, a frame in each row.
struct Batch {
    features: Tensor,
    targets: Tensor,
}

/// Fits a network on the folder `data` and writes it to `out`.
pub(crate) fn run(data: &Path, out: &Path, plan: &Plan) -> anyhow::Result<()> {
    let began = Instant::now();
    let takes = clips::read(data, |take| take.split == Split::Train)?;
    let mut heap = Heap::listen(&takes, plan, 0)?;
    let scale = heap.scale();
    println!(
        "{} takes, {:.0} minutes",
        heap.sequences.len(),
        heap.frames as f64 / 3600.0
    );
    let net = Net::new(plan.seed)?;
    let parameters = ParamsAdamW {
        weight_decay: DECAY,
        ..ParamsAdamW::default()
    };
    let mut adam = AdamW::new(net.variables(), parameters)?;
    let mut rng = fastrand::Rng::with_seed(plan.seed);
    let steps = (plan.passes * heap.frames).div_ceil(PARTS * SEQUENCES * JUDGED);
    let bar = bar("training", (plan.rounds * steps) as u64);
    for round in 0..plan.rounds {
        if round > 0 {
            heap = Heap::listen(&takes, plan, round)?;
        }
        let mut sum = 0.0;
        for step in 0..steps {
            let at = (round * steps + step) as f64 / (plan.rounds * steps) as f64;
            adam.set_learning_rate(plan.rate * pace(at));
            let batches: Vec<Batch> = (0..PARTS)
                .map(|_| heap.batch(&scale, &mut rng))
                .collect::<anyhow::Result<_>>()?;
            let (loss, gradients) = slope(&net, &batches)?;
            adam.step(&gradients)?;
            sum += loss;
            bar.inc(1);
        }
        bar.suspend(|| {
            println!(
                "round {:3} of {}: loss {:.4}, {:.0} s",
                round + 1,
                plan.rounds,
                sum / steps as f32,
                began.elapsed().as_secs_f64()
            )
        });
    }
    bar.finish();
    let model = export::model(&net, &scale.mean, &scale.deviation)?;
    export::write(&model, out)?;
    let validation = clips::read(data, |take| take.split == Split::Validate)?;
    let score = evaluate::score(&model, &validation, None, plan.threads)?;
    println!(
        "validation: {:.1} % of {} frames; {:.0} s in all",
        score.percent(),
        score.frames(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The mean loss over all `batches`, and which way it rises.
fn slope(net: &Net, batches: &[Batch]) -> anyhow::Result<(f32, GradStore)> {
    let part = |batch: &Batch| -> anyhow::Result<(f32, GradStore)> {
        let logs = candle_nn::ops::log_softmax(&net.forward(&batch.features)?, 1)?;
        let frames = batches.len() * batch.targets.dim(0)?;
        let loss = ((logs * &batch.targets)?.sum_all()?.neg()? / frames as f64)?;
        Ok((loss.to_scalar::<f32>()?, loss.backward()?))
    };
    let parts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = batches
            .iter()
            .map(|batch| scope.spawn(move || part(batch)))
            .collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .map(|part| part.unwrap_or_else(|_| bail!("a thread of the training has panicked")))
            .collect()
    });
    // Added up in their order: sums of floats depend on it.
    let mut parts = parts.into_iter();
    let (mut loss, mut gradients) = parts.next().context("a step has no parts")??;
    for part in parts {
        let (more, others) = part?;
        loss += more;
        for variable in net.variables() {
            let both = [&gradients, &others].map(|store| store.get(variable.as_tensor()));
            if let [Some(a), Some(b)] = both {
                let sum = (a + b)?;
                gradients.insert(variable.as_tensor(), sum);
            }
        }
    }
    Ok((loss, gradients))
}

/// The share of the largest step that is taken at `at`, 0..1 of the way.
fn pace(at: f64) -> f64 {
    if at < RISING {
        at / RISING
    } else {
        let rest = (at - RISING) / (1.0 - RISING);
        0.5 + 0.5 * (std::f64::consts::PI * rest).cos()
    }
}

impl Heap {
    /// Hears all takes as a round has them.
    fn listen(takes: &[Take], plan: &Plan, round: usize) -> anyhow::Result<Self> {
        let sequences = share_out("listening", takes.len(), plan.threads, |at| {
            let seed = plan.seed << 40 | (round as u64) << 20 | at as u64;
            sequence(&takes[at], &Variant::draw(takes[at].pitch, None, seed))
        })?;
        let frames = sequences.iter().map(|s| s.labels.len()).sum();
        Ok(Self { sequences, frames })
    }

    fn scale(&self) -> Scale {
        let mut sums = vec![(0.0f64, 0.0f64); FEATURES];
        let sequences = self.sequences.iter();
        for row in sequences.flat_map(|s| s.features.chunks_exact(FEATURES)) {
            for ((sum, squares), x) in sums.iter_mut().zip(row) {
                *sum += f64::from(*x);
                *squares += f64::from(*x).powi(2);
            }
        }
        let frames = self.frames.max(1) as f64;
        let deviation = |(sum, squares): &(f64, f64)| {
            (squares / frames - (sum / frames).powi(2)).max(1e-6).sqrt() as f32
        };
        Scale {
            mean: sums.iter().map(|(sum, _)| (sum / frames) as f32).collect(),
            deviation: sums.iter().map(deviation).collect(),
        }
    }

    /// Sequences from random places, normalised, and their targets.
    fn batch(&self, scale: &Scale, rng: &mut fastrand::Rng) -> anyhow::Result<Batch> {
        let length = MEMORY + JUDGED;
        let mut x = Vec::with_capacity(SEQUENCES * length * FEATURES);
        let mut targets = Vec::with_capacity(SEQUENCES * JUDGED * VISEMES);
        for _ in 0..SEQUENCES {
            let sequence = &self.sequences[rng.usize(..self.sequences.len())];
            let frames = sequence.labels.len();
            // Silence goes before each: a session begins with it, too.
            let first =
                rng.usize(..frames.saturating_sub(JUDGED / 2).max(1)) as isize - MEMORY as isize;
            for at in first..first + length as isize {
                let at = (at.max(0) as usize).min(frames - 1);
                let row = &sequence.features[at * FEATURES..][..FEATURES];
                let scaled = row.iter().zip(&scale.mean).zip(&scale.deviation);
                x.extend(scaled.map(|((x, mean), deviation)| (x - mean) / deviation));
            }
            for at in first + MEMORY as isize..first + length as isize {
                // What is asked for belongs to an earlier frame than what was heard last.
                let at = ((at - LOOK_AHEAD as isize).max(0) as usize).min(frames - 1);
                targets.extend(sequence.labels[at].shares);
            }
        }
        Ok(Batch {
            features: Tensor::from_vec(x, (SEQUENCES, length, FEATURES), &Device::Cpu)?,
            targets: Tensor::from_vec(targets, (SEQUENCES * JUDGED, VISEMES), &Device::Cpu)?,
        })
    }
}

/// A variant of a take, as the network sees it.
pub(crate) fn sequence(take: &Take, variant: &Variant) -> anyhow::Result<Sequence> {
    let heard = effects::hear(take, variant)?;
    Ok(Sequence {
        features: features(&heard.samples)?,
        labels: heard.labels,
    })
}

/// The names of the classes, in their order.
pub(crate) fn names() -> Vec<String> {
    Viseme::ALL.iter().map(|v| v.name().to_owned()).collect()
}
