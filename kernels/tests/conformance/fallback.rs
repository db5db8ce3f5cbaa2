//! What happens when the device is lost.

use janet_kernels::Pool;
use janet_kernels::signal::{
    Adapters, Backend, Clip, Cpu, FaceBatch, FaceModel, Faces, Frames, Input, LogMel, SignalError,
    Wgpu,
};

use crate::backends::there;
use crate::models::{VISEMES, model, voice};

/// A backend whose batches are lost at a frame.
#[derive(Debug)]
struct Failing {
    inner: &'static dyn Backend,
    at: usize,
}

#[derive(Debug)]
struct FailingBatch {
    inner: Box<dyn FaceBatch>,
    left: usize,
}

impl Backend for Failing {
    fn name(&self) -> &str {
        "failing"
    }

    fn log_mel(&self, clips: &[Clip<'_>], bands: usize) -> Result<Vec<LogMel>, SignalError> {
        self.inner.log_mel(clips, bands)
    }

    fn batch(&self, model: &FaceModel, slots: usize) -> Result<Box<dyn FaceBatch>, SignalError> {
        Ok(Box::new(FailingBatch {
            inner: self.inner.batch(model, slots)?,
            left: self.at,
        }))
    }
}

impl FaceBatch for FailingBatch {
    fn model(&self) -> &FaceModel {
        self.inner.model()
    }

    fn slots(&self) -> usize {
        self.inner.slots()
    }

    fn reset(&mut self, slot: usize) -> Result<(), SignalError> {
        self.inner.reset(slot)
    }

    fn frame(
        &mut self,
        inputs: &[(usize, Input<'_>)],
        out: &mut Frames,
    ) -> Result<(), SignalError> {
        if self.left == 0 {
            // As a device that is torn away in the middle of its work.
            self.inner.frame(&inputs[..inputs.len() / 2], out)?;
            return Err(SignalError::Lost {
                backend: "failing",
                reason: "torn away".to_owned(),
            });
        }
        self.left -= 1;
        self.inner.frame(inputs, out)
    }
}

/// Rounding is all that two backends may differ by; the network and the smoothing do not make it grow.
const TOLERANCE: f32 = 1e-4;

#[track_caller]
fn assert_near(a: &Frames, b: &Frames, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    for i in 0..a.len() {
        let pairs = a.weights(i).iter().zip(b.weights(i));
        let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= TOLERANCE, "{what}, input {i}: {worst}");
    }
}

fn own_cpu() -> Cpu {
    Cpu::new(Pool::new(1))
}

/// Four sessions that come, pause and go, among them one that is moved by targets and one by both.
fn drive(faces: &mut Faces, mut each: impl FnMut(usize, &Frames)) {
    let sounds: Vec<Vec<f32>> = (0..4).map(|s| voice(s, 800 * 50)).collect();
    let targets = vec![0.3; VISEMES];
    let mut slots = [None; 4];
    let mut out = Frames::default();
    for tick in 0..50 {
        for (session, slot) in slots.iter_mut().enumerate() {
            let (comes, goes) = (3 * session, if session == 1 { 30 } else { 50 });
            match slot {
                None if (comes..goes).contains(&tick) => *slot = faces.join().expect("a slot"),
                Some(taken) if tick == goes => {
                    faces.leave(*taken).expect("it was taken");
                    *slot = None;
                }
                _ => {}
            }
        }
        let input = |session: usize| match session {
            2 if tick % 4 == 0 => Input::Targets(&targets),
            _ => Input::Samples(&sounds[session][800 * tick..800 * (tick + 1)]),
        };
        let inputs: Vec<(usize, Input<'_>)> = slots
            .iter()
            .enumerate()
            .filter(|(session, _)| *session != 3 || tick % 2 == 0)
            .filter_map(|(session, slot)| Some(((*slot)?, input(session))))
            .collect();
        faces
            .frame(&inputs, &mut out)
            .expect("a frame, whatever happens to the device");
        each(tick, &out);
    }
}

pub(crate) fn the_cpu_goes_on_where_the_device_was(backend: &'static dyn Backend) {
    let model = model();
    let mut expected = Vec::new();
    let mut cpu = Faces::new(&own_cpu(), own_cpu(), &model, 4).expect("faces");
    drive(&mut cpu, |_, out| expected.push(out.clone()));
    assert!(cpu.loss().is_none());
    // At once, while rings are not full, in the middle, after somebody has left, never.
    for at in [0, 1, 5, 13, 29, 31, 49, 50] {
        let failing = Failing { inner: backend, at };
        let mut faces = Faces::new(&failing, own_cpu(), &model, 4).expect("faces");
        drive(&mut faces, |tick, out| {
            assert_near(
                out,
                &expected[tick],
                &format!("{}, lost at {at}, frame {tick}", backend.name()),
            );
        });
        assert_eq!(faces.loss().is_some(), at < 50);
    }
}

#[test]
fn wgpu_destroyed_in_the_middle() {
    let Some(wgpu) = there(Wgpu::open(Adapters::Any), "CI") else {
        return;
    };
    let model = model();
    let mut expected = Vec::new();
    let mut cpu = Faces::new(&own_cpu(), own_cpu(), &model, 4).expect("faces");
    drive(&mut cpu, |_, out| expected.push(out.clone()));
    let mut faces = Faces::new(&wgpu, own_cpu(), &model, 4).expect("faces");
    drive(&mut faces, |tick, out| {
        assert_near(out, &expected[tick], &format!("frame {tick}"));
        if tick == 20 {
            wgpu.close();
        }
    });
    let loss = faces.loss().expect("the device is gone");
    assert!(loss.is_lost(), "{loss}");
    println!("{loss}");
    // And everything else that is asked of it says so, without a panic.
    assert!(
        wgpu.batch(&model, 1).is_err() || {
            let mut batch = wgpu.batch(&model, 1).expect("as above");
            batch
                .frame(
                    &[(0, Input::Targets(&[0.0; VISEMES]))],
                    &mut Frames::default(),
                )
                .is_err()
        }
    );
    let clip = Clip {
        pcm: &[0.5; 800],
        frames: 5,
        tail: janet_kernels::signal::Tail::Mirror,
    };
    assert!(
        wgpu.log_mel(&[clip], 80)
            .is_err_and(|error| error.is_lost())
    );
}

#[test]
fn slots_are_lent_and_given_back() {
    let model = model();
    let mut faces = Faces::new(&own_cpu(), own_cpu(), &model, 2).expect("faces");
    let mut out = Frames::default();
    let targets = vec![0.0; VISEMES];
    let first = faces.join().expect("no error").expect("a slot");
    let second = faces.join().expect("no error").expect("a slot");
    assert_ne!(first, second);
    assert_eq!(faces.join().expect("no error"), None);
    faces.leave(first).expect("it was taken");
    assert!(matches!(faces.leave(first), Err(SignalError::Slot { .. })));
    assert!(matches!(
        faces.leave(9),
        Err(SignalError::Slot { slot: 9, .. })
    ));
    let refused = faces.frame(&[(first, Input::Targets(&targets))], &mut out);
    assert!(matches!(refused, Err(SignalError::Slot { .. })));
    assert_eq!(faces.join().expect("no error"), Some(first));
    faces
        .frame(&[(first, Input::Targets(&targets))], &mut out)
        .expect("it is taken again");
}
