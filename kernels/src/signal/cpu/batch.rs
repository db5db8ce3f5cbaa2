//! Face frames on the CPU: slots are shared out among the threads.

use super::Cpu;
use super::conv::Conv;
use super::fourier::{Fourier, Scratch};
use crate::Pool;
use crate::isa::Isa;
use crate::shared_out::SharedOut;
use crate::signal::model::MOST_CHANNELS;
use crate::signal::slots::{Job, Kind, Slots};
use crate::signal::spectrum::{
    BINS, FACE_POWER, FACE_WINDOW, FLOOR, Filter, filter_bank, hann, normalised,
};
use crate::signal::{
    FRAME_SAMPLES, FaceBatch, FaceModel, Frames, Head, Input, SignalError, clean, clean_target,
};

/// A batch of faces on the CPU.
#[derive(Debug)]
pub(crate) struct CpuBatch {
    pool: Pool,
    slots: Slots,
    jobs: Vec<Job>,
    states: Vec<State>,
    scratch: Vec<Work>,
    plan: Plan,
}

/// What does not change.
#[derive(Debug)]
struct Plan {
    model: FaceModel,
    isa: Isa,
    fourier: Fourier,
    window: Vec<f32>,
    filters: Vec<Filter>,
    layers: Vec<Conv>,
}

/// What a slot carries from frame to frame.
#[derive(Clone, Debug)]
struct State {
    history: Vec<f32>,
    rings: Vec<Vec<f32>>,
    levels: Vec<f32>,
}

/// What a thread works in.
#[derive(Clone, Debug)]
struct Work {
    samples: Vec<f32>,
    windowed: Vec<f32>,
    fourier: Scratch,
    power: [f32; BINS],
    values: [Vec<f32>; 2],
}

impl CpuBatch {
    pub(crate) fn new(cpu: &Cpu, model: &FaceModel, slots: usize) -> Self {
        let plan = Plan {
            isa: cpu.isa,
            fourier: Fourier::new(FACE_WINDOW),
            window: hann(FACE_WINDOW),
            filters: filter_bank(model.spec().bands),
            layers: model.spec().layers.iter().map(Conv::new).collect(),
            model: model.clone(),
        };
        let state = State {
            history: vec![0.0; model.history()],
            rings: plan
                .layers
                .iter()
                .map(|l| vec![0.0; l.ring_len()])
                .collect(),
            levels: model.coefficients().rest.clone(),
        };
        let work = Work {
            samples: vec![0.0; model.history() + FRAME_SAMPLES],
            windowed: vec![0.0; FACE_WINDOW],
            fourier: plan.fourier.scratch(),
            power: [0.0; BINS],
            values: [vec![0.0; MOST_CHANNELS], vec![0.0; MOST_CHANNELS]],
        };
        Self {
            scratch: vec![work; cpu.pool.threads()],
            pool: cpu.pool.clone(),
            slots: Slots::new(model, slots),
            jobs: Vec::with_capacity(slots),
            states: vec![state; slots],
            plan,
        }
    }

    /// Goes on where another batch ended: `levels` are that slot's last ones, `history` its last samples.
    /// The network's memory is filled by feeding it features.
    pub(crate) fn resume(&mut self, slot: usize, levels: Option<&[f32]>, history: Option<&[f32]>) {
        let state = &mut self.states[slot];
        if let Some(levels) = levels {
            state.levels.copy_from_slice(levels);
        }
        if let Some(history) = history {
            state.history.copy_from_slice(history);
        }
        self.slots.resume(slot, levels.is_some(), history.is_some());
    }
}

impl FaceBatch for CpuBatch {
    fn model(&self) -> &FaceModel {
        &self.plan.model
    }

    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn reset(&mut self, slot: usize) -> Result<(), SignalError> {
        self.slots.reset(slot)
    }

    fn frame(
        &mut self,
        inputs: &[(usize, Input<'_>)],
        out: &mut Frames,
    ) -> Result<(), SignalError> {
        let plan = &self.plan;
        self.slots.plan(&plan.model, inputs, &mut self.jobs)?;
        let values = out.prepare(&plan.model, inputs.len());
        if inputs.is_empty() {
            return Ok(());
        }
        let stride = values.len() / inputs.len();
        let tasks = self.scratch.len().min(inputs.len());
        let share = inputs.len().div_ceil(tasks);
        let jobs = &self.jobs;
        let states = SharedOut::new(&mut self.states);
        let scratch = SharedOut::new(&mut self.scratch);
        let values = SharedOut::new(values);
        self.pool.run(tasks, &|task| {
            // SAFETY: each task is called once and takes a scratch of its own, which outlives the loop.
            let work = unsafe { &mut scratch.part(task, 1)[0] };
            for i in task * share..((task + 1) * share).min(jobs.len()) {
                let job = jobs[i];
                // SAFETY: `plan` refuses a slot that is named twice, so no two jobs have the same state.
                let state = unsafe { &mut states.part(job.slot, 1)[0] };
                // SAFETY: every job has a row of its own.
                let row = unsafe { values.part(i * stride, stride) };
                plan.run(job, inputs[i].1, state, work, row);
            }
        });
        Ok(())
    }
}

impl Plan {
    fn run(&self, job: Job, input: Input<'_>, state: &mut State, work: &mut Work, row: &mut [f32]) {
        let visemes = self.model.visemes();
        let (features, rest) = row.split_at_mut(self.model.features());
        let (levels, weights) = rest.split_at_mut(visemes);
        match input {
            Input::Samples(samples) => self.hear(job, samples, state, work, features),
            Input::Features(x) => features.iter_mut().zip(x).for_each(|(f, x)| *f = clean(*x)),
            Input::Targets(x) => {
                let targets = work.values[0].iter_mut().zip(x);
                targets.for_each(|(t, x)| *t = clean_target(*x));
            }
        }
        if job.kind != Kind::Targets {
            self.think(job, features, state, &mut work.values);
        }
        let coefficients = self.model.coefficients();
        if !job.moved {
            state.levels.copy_from_slice(&coefficients.rest);
        }
        coefficients.step(&work.values[0][..visemes], &mut state.levels, weights);
        levels.copy_from_slice(&state.levels);
    }

    /// Samples to features.
    fn hear(
        &self,
        job: Job,
        samples: &[f32],
        state: &mut State,
        work: &mut Work,
        features: &mut [f32],
    ) {
        let (past, now) = work.samples.split_at_mut(state.history.len());
        if job.heard {
            past.copy_from_slice(&state.history);
        } else {
            past.fill(0.0);
        }
        now.iter_mut()
            .zip(samples)
            .for_each(|(to, x)| *to = clean(*x));
        let kept = FRAME_SAMPLES - state.history.len();
        state.history.copy_from_slice(&now[kept..]);
        let spectra = features.chunks_exact_mut(self.filters.len());
        for (samples, features) in work.samples[..]
            .windows(FACE_WINDOW)
            .step_by(self.model.hop())
            .zip(spectra)
        {
            for ((to, x), w) in work.windowed.iter_mut().zip(samples).zip(&self.window) {
                *to = x * w;
            }
            self.fourier
                .power(&work.windowed, &mut work.fourier, &mut work.power);
            for (feature, filter) in features.iter_mut().zip(&self.filters) {
                let energy = filter.energy(&work.power) * FACE_POWER;
                *feature = normalised(energy.max(FLOOR).log10());
            }
        }
    }

    /// Features to targets, which are in the first buffer of `values` then.
    fn think(&self, job: Job, features: &[f32], state: &mut State, values: &mut [Vec<f32>; 2]) {
        let [x, y] = values;
        x[..features.len()].copy_from_slice(features);
        let mut width = features.len();
        for (layer, ring) in self.layers.iter().zip(&mut state.rings) {
            layer.step(
                self.isa,
                job.frames,
                &x[..width],
                ring,
                &mut y[..layer.padded()],
            );
            width = layer.outputs();
            std::mem::swap(x, y);
        }
        head(self.model.spec().head, &mut x[..width]);
    }
}

/// The last layer's values to targets.
fn head(head: Head, values: &mut [f32]) {
    match head {
        Head::Linear => values.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0)),
        Head::Sigmoid => values
            .iter_mut()
            .for_each(|v| *v = 1.0 / (1.0 + (-*v).exp())),
        Head::Softmax => {
            let largest = values.iter().copied().fold(f32::MIN, f32::max);
            values.iter_mut().for_each(|v| *v = (*v - largest).exp());
            let sum: f32 = values.iter().sum();
            values.iter_mut().for_each(|v| *v /= sum);
        }
    }
}
