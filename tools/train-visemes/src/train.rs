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
const SEQUENCES: usize = 4;
/// Parts of a step, each computed by a thread of its own and without any chance: as many on every machine, so that
/// the same seed and the same sound give the same network. (Another processor rounds her voice otherwise.)
const PARTS: usize = 2;
/// Share of the way on which the step rises.
const RISING: f64 = 0.05;
/// Decay of the weights.
const DECAY: f64 = 0.01;

/// When a sound is said to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Truth {
    /// Where it is heard: by the alignment.
    Heard,
    /// By the voice's own table.
    Table,
}

/// How it is to be fitted.
pub(crate) struct Plan {
    /// How often all takes are heard, each time in other rooms, noises and levels.
    pub(crate) rounds: usize,
    /// How often what is heard in a round is seen.
    pub(crate) passes: usize,
    pub(crate) rate: f64,
    pub(crate) truth: Truth,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
}

/// What the network learns from in a round: all takes, one behind the other, with the silence around each.
struct Heap {
    features: Vec<f32>,
    labels: Vec<Label>,
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
        takes.len(),
        heap.labels.len() as f64 / 3600.0
    );
    let net = Net::new(plan.seed)?;
    let parameters = ParamsAdamW {
        weight_decay: DECAY,
        ..ParamsAdamW::default()
    };
    let mut adam = AdamW::new(net.variables(), parameters)?;
    let mut rng = fastrand::Rng::with_seed(plan.seed);
    let steps = (plan.passes * heap.labels.len()).div_ceil(PARTS * SEQUENCES * JUDGED);
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
    let scores = evaluate::score(&model, &validation, None, plan.threads)?;
    println!(
        "validation: {:.1} % of {} frames where heard, {:.1} % by table; {:.0} s in all",
        scores.by_sound.percent(),
        scores.by_table.frames(),
        scores.by_table.percent(),
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
        let parts = share_out("listening", takes.len(), plan.threads, |at| {
            let seed = plan.seed << 40 | (round as u64) << 20 | at as u64;
            let heard = effects::hear(&takes[at], &Variant::draw(takes[at].pitch, None, seed))?;
            let labels = match plan.truth {
                Truth::Heard => heard.by_sound,
                Truth::Table => heard.by_table,
            };
            Ok((features(&heard.samples)?, labels))
        })?;
        let mut heap = Self {
            features: Vec::with_capacity(parts.iter().map(|(features, _)| features.len()).sum()),
            labels: Vec::new(),
        };
        for (features, labels) in parts {
            heap.features.extend(features);
            heap.labels.extend(labels);
        }
        if heap.labels.len() <= MEMORY + JUDGED {
            bail!("{} frames of speech are too few", heap.labels.len());
        }
        Ok(heap)
    }

    fn scale(&self) -> Scale {
        let mut sums = vec![(0.0f64, 0.0f64); FEATURES];
        for row in self.features.chunks_exact(FEATURES) {
            for ((sum, squares), x) in sums.iter_mut().zip(row) {
                *sum += f64::from(*x);
                *squares += f64::from(*x).powi(2);
            }
        }
        let frames = self.labels.len() as f64;
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
            let first = rng.usize(..self.labels.len() - length);
            let rows =
                self.features[first * FEATURES..][..length * FEATURES].chunks_exact(FEATURES);
            for row in rows {
                let scaled = row.iter().zip(&scale.mean).zip(&scale.deviation);
                x.extend(scaled.map(|((x, mean), deviation)| (x - mean) / deviation));
            }
            // What is asked for belongs to an earlier frame than what was heard last.
            let labels = &self.labels[first + MEMORY - LOOK_AHEAD..][..JUDGED];
            targets.extend(labels.iter().flat_map(|label| label.shares));
        }
        Ok(Batch {
            features: Tensor::from_vec(x, (SEQUENCES, length, FEATURES), &Device::Cpu)?,
            targets: Tensor::from_vec(targets, (SEQUENCES * JUDGED, VISEMES), &Device::Cpu)?,
        })
    }
}

/// The names of the classes, in their order.
pub(crate) fn names() -> Vec<String> {
    Viseme::ALL.iter().map(|v| v.name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sound in which one feature says whether it is `M` or silence, `seconds` long.
    fn heap(seconds: usize) -> Heap {
        let mut rng = fastrand::Rng::with_seed(4);
        let mut heap = Heap {
            features: Vec::new(),
            labels: Vec::new(),
        };
        for at in 0..60 * seconds {
            let spoken = at / 10 % 2 == 1;
            let mut row = vec![0.0; FEATURES];
            row.fill_with(|| rng.f32());
            row[7] = if spoken { 2.0 } else { -2.0 };
            heap.features.extend(row);
            let viseme = if spoken { Viseme::M } else { Viseme::Sil };
            let mut shares = [0.0; VISEMES];
            shares[viseme as usize] = 1.0;
            heap.labels.push(Label { viseme, shares });
        }
        heap
    }

    #[test]
    fn parts_of_a_step_weigh_as_much_as_the_whole() {
        let (net, heap) = (Net::new(2).expect("layers"), heap(20));
        let scale = heap.scale();
        let mut rng = fastrand::Rng::with_seed(3);
        let batches = [(); 2].map(|()| heap.batch(&scale, &mut rng).expect("a batch"));
        let both = |pick: fn(&Batch) -> &Tensor| {
            Tensor::cat(&batches.each_ref().map(pick), 0).expect("as long as both")
        };
        let whole = Batch {
            features: both(|b| &b.features),
            targets: both(|b| &b.targets),
        };
        let (loss, gradients) = slope(&net, &batches).expect("a slope");
        let (expected, others) = slope(&net, &[whole]).expect("a slope");
        assert!((loss - expected).abs() < 1e-4, "{loss} {expected}");
        for variable in net.variables() {
            let [a, b] = [&gradients, &others].map(|store| {
                let gradient = store.get(variable.as_tensor()).expect("one for each");
                let flat = gradient.flatten_all().expect("flat");
                flat.to_vec1::<f32>().expect("values")
            });
            for (a, b) in a.iter().zip(&b) {
                assert!((a - b).abs() < 1e-4, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_few_steps_learn_what_is_plain_and_the_same_ones_each_time() {
        let heap = heap(20);
        let scale = heap.scale();
        let fit = || {
            let net = Net::new(2).expect("layers");
            let mut adam =
                AdamW::new(net.variables(), ParamsAdamW::default()).expect("an optimiser");
            let mut rng = fastrand::Rng::with_seed(3);
            let step = |_| {
                let batches = [(); PARTS].map(|()| heap.batch(&scale, &mut rng).expect("a batch"));
                let (loss, gradients) = slope(&net, &batches).expect("a slope");
                adam.step(&gradients).expect("a step");
                loss
            };
            (0..20).map(step).collect::<Vec<f32>>()
        };
        let losses = fit();
        assert!(losses[19] < 0.3 * losses[0], "{losses:?}");
        assert_eq!(losses, fit());
    }
}
