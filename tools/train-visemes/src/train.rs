//! Fits the network: Adam with decoupled decay, the step rising at first and falling as a cosine then.

use std::path::Path;
use std::time::Instant;

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
const JUDGED: usize = 64;
/// Sequences in a step.
const SEQUENCES: usize = 24;
/// Share of the way on which the step rises.
const RISING: f64 = 0.05;
/// Decay of the weights.
const DECAY: f64 = 0.01;

/// How it is to be fitted.
pub(crate) struct Plan {
    pub(crate) variants: usize,
    pub(crate) epochs: usize,
    pub(crate) rate: f64,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

/// Features and labels of one variant of a take, one behind the other.
pub(crate) struct Sequence {
    pub(crate) features: Vec<f32>,
    pub(crate) labels: Vec<Label>,
}

/// What the network learns from.
struct Heap {
    sequences: Vec<Sequence>,
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

/// Fits a network on the folder `data` and writes it to `out`.
pub(crate) fn run(data: &Path, out: &Path, plan: &Plan) -> anyhow::Result<()> {
    let began = Instant::now();
    let takes = clips::read(data, |take| take.split == Split::Train)?;
    let heap = Heap::listen(&takes, plan)?;
    let frames: usize = heap.sequences.iter().map(|s| s.labels.len()).sum();
    println!(
        "{} sequences, {:.0} minutes, listened to in {:.0} s",
        heap.sequences.len(),
        frames as f64 / 3600.0,
        began.elapsed().as_secs_f64()
    );
    let net = Net::new(plan.seed)?;
    fit(&net, &heap, frames, plan)?;
    let model = export::model(&net, &heap.mean, &heap.deviation)?;
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

fn fit(net: &Net, heap: &Heap, frames: usize, plan: &Plan) -> anyhow::Result<()> {
    let steps = plan.epochs * frames / (SEQUENCES * JUDGED);
    let parameters = ParamsAdamW {
        lr: plan.rate,
        weight_decay: DECAY,
        ..ParamsAdamW::default()
    };
    let mut adam = AdamW::new(net.variables(), parameters)?;
    let mut rng = fastrand::Rng::with_seed(plan.seed);
    let bar = bar("training", steps as u64);
    let (mut sum, mut count) = (0.0, 0);
    for step in 0..steps {
        adam.set_learning_rate(plan.rate * pace(step, steps));
        let (x, targets) = heap.batch(&mut rng)?;
        let logits = net.forward(&x, true)?;
        let logs = candle_nn::ops::log_softmax(&logits, 1)?;
        let loss = (logs * targets)?.sum_all()?.neg()? / (SEQUENCES * JUDGED) as f64;
        let loss = loss?;
        adam.backward_step(&loss)?;
        sum += f64::from(loss.to_scalar::<f32>()?);
        count += 1;
        if (step + 1) % (steps / 20).max(1) == 0 {
            bar.suspend(|| {
                println!(
                    "step {:6} of {steps}: loss {:.4}",
                    step + 1,
                    sum / f64::from(count)
                )
            });
            (sum, count) = (0.0, 0);
        }
        bar.inc(1);
    }
    bar.finish();
    Ok(())
}

/// The share of the largest step that is taken at `step`.
fn pace(step: usize, steps: usize) -> f64 {
    let at = step as f64 / steps.max(1) as f64;
    if at < RISING {
        at / RISING
    } else {
        let rest = (at - RISING) / (1.0 - RISING);
        0.5 + 0.5 * (std::f64::consts::PI * rest).cos()
    }
}

impl Heap {
    fn listen(takes: &[Take], plan: &Plan) -> anyhow::Result<Self> {
        let count = takes.len() * plan.variants;
        let sequences = share_out("listening", count, plan.threads, |at| {
            let take = &takes[at / plan.variants];
            let variant = Variant::draw(take.pitch, None, plan.seed << 32 | at as u64);
            sequence(take, &variant)
        })?;
        let mut sums = vec![(0.0f64, 0.0f64); FEATURES];
        let mut frames = 0;
        for row in sequences
            .iter()
            .flat_map(|s| s.features.chunks_exact(FEATURES))
        {
            frames += 1;
            for ((sum, squares), x) in sums.iter_mut().zip(row) {
                *sum += f64::from(*x);
                *squares += f64::from(*x).powi(2);
            }
        }
        let frames = f64::from(frames.max(1));
        let mean: Vec<f32> = sums.iter().map(|(sum, _)| (sum / frames) as f32).collect();
        let deviation = sums
            .iter()
            .map(|(sum, squares)| {
                (squares / frames - (sum / frames).powi(2)).max(1e-6).sqrt() as f32
            })
            .collect();
        Ok(Self {
            sequences,
            mean,
            deviation,
        })
    }

    /// Sequences from random places, normalised, and their targets, a frame in each row.
    fn batch(&self, rng: &mut fastrand::Rng) -> anyhow::Result<(Tensor, Tensor)> {
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
                let scaled = row.iter().zip(&self.mean).zip(&self.deviation);
                x.extend(scaled.map(|((x, mean), deviation)| (x - mean) / deviation));
            }
            for at in first + MEMORY as isize..first + length as isize {
                // What is asked for belongs to an earlier frame than what was heard last.
                let at = ((at - LOOK_AHEAD as isize).max(0) as usize).min(frames - 1);
                targets.extend(sequence.labels[at].shares);
            }
        }
        Ok((
            Tensor::from_vec(x, (SEQUENCES, length, FEATURES), &Device::Cpu)?,
            Tensor::from_vec(targets, (SEQUENCES * JUDGED, VISEMES), &Device::Cpu)?,
        ))
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
