//! Streams of sound and the visemes that come out of them.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use janet_kernels::Pool;
use janet_kernels::signal::{
    Activation, Backend, Clip, Cpu, FRAME_SAMPLES, FaceBatch, FaceModel, FaceSpec, Frames, Head,
    Input, Layer, LogMel, SignalError, Smoothing,
};
use janet_models::visemes::{AudioVisemes, NAMES, VisemeFrame, Visemes, built_in, read, write};

const AHEAD: usize = 2;

fn cpu() -> Cpu {
    Cpu::new(Pool::new(1))
}

fn layer(rng: &mut fastrand::Rng, inputs: usize, outputs: usize, taps: usize) -> Layer {
    let mut draw = |count: usize| (0..count).map(|_| rng.f32() - 0.5).collect();
    Layer {
        inputs,
        outputs,
        taps,
        dilation: 2,
        weight: draw(inputs * outputs * taps),
        bias: draw(outputs),
        activation: Activation::Linear,
    }
}

/// A network that nobody has trained.
fn model(visemes: usize) -> FaceModel {
    let mut rng = fastrand::Rng::with_seed(8);
    let layers = vec![layer(&mut rng, 20, 12, 3), layer(&mut rng, 12, visemes, 2)];
    FaceModel::new(FaceSpec {
        bands: 20,
        spectra: 1,
        layers,
        head: Head::Softmax,
        look_ahead: AHEAD,
        smoothing: Smoothing {
            attack_ms: vec![10.0; visemes],
            release_ms: vec![20.0; visemes],
            dominance: vec![1.0; visemes],
            rest: [[1.0].as_slice(), &vec![0.0; visemes - 1]].concat(),
        },
    })
    .expect("within the limits")
}

fn visemes(streams: usize) -> Visemes {
    Visemes::new(&cpu(), cpu(), &model(10), streams).expect("there is room")
}

fn stream(visemes: &Visemes, rate_hz: u32) -> AudioVisemes {
    let stream = visemes.stream(rate_hz).expect("a rate");
    stream.expect("there is room")
}

/// Something like speech: it changes all the time.
fn sound(samples: usize, seed: u64) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..samples)
        .map(|i| {
            let t = i as f32 / 48_000.0;
            0.3 * (t * 900.0 * (1.0 + 0.5 * (9.0 * t).sin())).sin() * (7.0 * t).cos()
                + 0.02 * rng.f32()
        })
        .collect()
}

fn all(stream: &mut AudioVisemes) -> Vec<VisemeFrame> {
    std::iter::from_fn(|| stream.take().expect("the CPU does not fail")).collect()
}

/// What comes out of a stream of its own.
fn alone(samples: &[f32], rate_hz: u32) -> Vec<VisemeFrame> {
    let mut stream = stream(&visemes(1), rate_hz);
    stream.push(samples).expect("pushed");
    stream.finish().expect("finished");
    all(&mut stream)
}

#[test]
fn a_frame_comes_every_800_samples_and_as_late_as_the_network_looks_ahead() {
    let mut stream = stream(&visemes(1), 48_000);
    let sound = sound(20 * FRAME_SAMPLES + 17, 1);
    let mut found = Vec::new();
    for (n, frame) in sound.chunks(FRAME_SAMPLES).enumerate() {
        stream.push(frame).expect("pushed");
        found.extend(all(&mut stream));
        assert_eq!(
            found.len(),
            (n + 1).min(20).saturating_sub(AHEAD),
            "frame {n}"
        );
    }
    stream.finish().expect("finished");
    found.extend(all(&mut stream));
    assert_eq!(found.len(), 21, "the last one is filled up");
    for (n, frame) in found.iter().enumerate() {
        assert_eq!(frame.at_sample, (n * FRAME_SAMPLES) as u64);
        assert!((frame.weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }
    assert_eq!(found, alone(&sound, 48_000));
}

#[test]
fn weights_are_the_network_s_own_moved_back_by_its_look_ahead() {
    let sound = sound(12 * FRAME_SAMPLES, 2);
    let model = model(10);
    let mut batch = cpu().batch(&model, 1).expect("a slot");
    let mut frames = Frames::default();
    let silence = vec![0.0; FRAME_SAMPLES];
    let before = std::iter::repeat_n(&silence[..], model.memory());
    let behind = std::iter::repeat_n(&silence[..], AHEAD);
    let mut expected = Vec::new();
    for frame in before.chain(sound.chunks(FRAME_SAMPLES)).chain(behind) {
        batch
            .frame(&[(0, Input::Samples(frame))], &mut frames)
            .expect("a frame");
        expected.push(frames.weights(0).to_vec());
    }
    let found = alone(&sound, 48_000);
    assert_eq!(found.len(), 12);
    for (found, expected) in found.iter().zip(&expected[model.memory() + AHEAD..]) {
        assert_eq!(found.weights[..], expected[..]);
    }
}

#[test]
fn neither_cuts_nor_neighbours_change_anything() {
    let hub = visemes(3);
    let sounds: Vec<Vec<f32>> = (0..3).map(|seed| sound(16_000, seed)).collect();
    let rates = [48_000, 22_050, 16_000];
    let mut streams = rates.map(|rate| stream(&hub, rate));
    let mut found = [const { Vec::new() }; 3];
    let mut at = [0; 3];
    let mut rng = fastrand::Rng::with_seed(5);
    while at.iter().any(|at| *at < 16_000) {
        let who = rng.usize(..3);
        let end = (at[who] + rng.usize(..3000)).min(16_000);
        streams[who]
            .push(&sounds[who][at[who]..end])
            .expect("pushed");
        at[who] = end;
        if rng.bool() {
            let other = rng.usize(..3);
            found[other].extend(all(&mut streams[other]));
        }
    }
    for who in 0..3 {
        streams[who].finish().expect("finished");
        found[who].extend(all(&mut streams[who]));
        assert_eq!(found[who], alone(&sounds[who], rates[who]), "stream {who}");
    }
}

#[test]
fn what_is_pushed_after_the_end_is_heard_afresh_and_goes_on_in_time() {
    let mut stream = stream(&visemes(1), 48_000);
    let sound = sound(5_000, 3);
    for _ in 0..2 {
        stream.push(&sound).expect("pushed");
        // Results that nobody has taken are not lost.
        stream.finish().expect("finished");
    }
    stream.finish().expect("nothing more comes of it");
    let found = all(&mut stream);
    assert_eq!(found.len(), 14);
    for (n, (first, second)) in found[..7].iter().zip(&found[7..]).enumerate() {
        // The levels of the first end in its silence, which the second one hears on; they fade, and are not
        // gone at once.
        let pairs = first.weights.iter().zip(&second.weights);
        let apart = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("frame {n}: {apart}");
        assert!(apart < 0.1 * 0.5_f32.powi(n as i32), "frame {n}: {apart}");
        assert_eq!(second.at_sample, first.at_sample + 5_600);
    }
}

#[test]
fn a_long_push_waits_for_nobody_and_is_taken_whole() {
    let sound = sound(400 * FRAME_SAMPLES, 4);
    assert_eq!(alone(&sound, 48_000).len(), 400);
}

#[test]
fn places_are_given_back() {
    let hub = visemes(2);
    let first = stream(&hub, 48_000);
    let _second = stream(&hub, 48_000);
    assert!(hub.stream(48_000).expect("a rate").is_none());
    drop(first);
    let _third = stream(&hub, 48_000);
    let error = hub.stream(0).expect_err("no rate").to_string();
    assert!(error.contains("rate_hz"), "{error}");
}

#[test]
fn what_is_no_number_harms_nobody() {
    let mut sound = sound(9_600, 6);
    sound[100] = f32::NAN;
    sound[200] = f32::INFINITY;
    sound[300] = -1e30;
    for rate_hz in [48_000, 22_050] {
        let found = alone(&sound, rate_hz);
        assert!(
            found
                .iter()
                .flat_map(|f| f.weights)
                .all(|w| (0.0..=1.0).contains(&w))
        );
    }
}

/// A device that is gone after so many launches.
#[derive(Debug)]
struct Failing(usize);

impl Backend for Failing {
    fn name(&self) -> &str {
        "failing"
    }

    fn log_mel(&self, clips: &[Clip<'_>], bands: usize) -> Result<Vec<LogMel>, SignalError> {
        cpu().log_mel(clips, bands)
    }

    fn batch(&self, model: &FaceModel, slots: usize) -> Result<Box<dyn FaceBatch>, SignalError> {
        Ok(Box::new(FailingBatch(self.0, cpu().batch(model, slots)?)))
    }
}

#[derive(Debug)]
struct FailingBatch(usize, Box<dyn FaceBatch>);

impl FaceBatch for FailingBatch {
    fn model(&self) -> &FaceModel {
        self.1.model()
    }

    fn slots(&self) -> usize {
        self.1.slots()
    }

    fn reset(&mut self, slot: usize) -> Result<(), SignalError> {
        self.1.reset(slot)
    }

    fn frame(
        &mut self,
        inputs: &[(usize, Input<'_>)],
        out: &mut Frames,
    ) -> Result<(), SignalError> {
        self.0 = self.0.checked_sub(1).ok_or(SignalError::Lost {
            backend: "failing",
            reason: "as planned".into(),
        })?;
        self.1.frame(inputs, out)
    }
}

#[test]
fn a_lost_device_is_not_noticed_by_a_stream() {
    let sound = sound(10 * FRAME_SAMPLES, 7);
    let expected = alone(&sound, 48_000);
    for launches in [0, 3, 9, 12] {
        let hub = Visemes::new(&Failing(launches), cpu(), &model(10), 2).expect("room");
        let mut stream = stream(&hub, 48_000);
        stream.push(&sound).expect("pushed");
        stream.finish().expect("finished");
        assert_eq!(all(&mut stream), expected, "lost after {launches}");
        assert!(hub.loss().is_some_and(|loss| loss.is_lost()));
    }
}

#[test]
fn what_ships_is_a_network_of_the_agreed_size() {
    let model = built_in().expect("sound weights");
    assert!(model.parameters() <= 100_000 && model.visemes() == NAMES.len());
    let late_ms = model.spec().look_ahead as f32 * 1000.0 / 60.0;
    assert!(late_ms <= 40.0, "{late_ms}");
}

#[test]
fn a_file_gives_back_what_was_written() {
    let before = model(10);
    let bytes = write(&before).expect("written");
    let after = read(&bytes).expect("read");
    assert_eq!(write(&after).expect("written"), bytes);
    let (before, after) = (before.spec(), after.spec());
    assert_eq!(before.smoothing, after.smoothing);
    for (a, b) in before.layers.iter().zip(&after.layers) {
        assert!((a.taps, a.dilation, a.activation) == (b.taps, b.dilation, b.activation));
        for (a, b) in a.weight.iter().zip(&b.weight) {
            assert!((a - b).abs() <= a.abs() / 2000.0 + 1e-6);
        }
    }
    let error = write(&model(9)).expect_err("nine visemes").to_string();
    assert!(error.contains("9 visemes"), "{error}");
}

#[test]
fn damaged_files_are_refused_with_what_is_wrong() {
    let whole = write(&model(10)).expect("written");
    let text = String::from_utf8_lossy(&whole).into_owned();
    let said = |bytes: &[u8]| read(bytes).expect_err("damaged").to_string();
    for cut in [0, 7, 100, whole.len() - 1] {
        assert!(
            said(&whole[..cut]).contains("file"),
            "{cut}: {}",
            said(&whole[..cut])
        );
    }
    let mut flipped = whole.clone();
    *flipped.last_mut().expect("bytes") ^= 1;
    assert!(said(&flipped).contains("sha256"));
    assert!(said(&vec![0; 2 << 20]).contains("at the most"));
    // The header's length stays: as many letters.
    let changed = |from: &str, to: &str| {
        assert!(from.len() == to.len() && text.contains(from), "{from}");
        let at = text.find(from).expect("there");
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        said(&bytes)
    };
    for (from, to, told) in [
        ("janet-visemes", "janet-animals", "has no"),
        (r#"version\":1"#, r#"version\":7"#, "version"),
        (r#"\"Th\""#, r#"\"Tx\""#, "Tx"),
        (r#"bands\":20"#, r#"bands\":21"#, "layers[0].inputs"),
        (r#"look_ahead\":2"#, r#"look_ahead\":3"#, "look_ahead"),
        ("layers.1.bias", "layers.1.bios", "layers.1.bias"),
        ("F16", "I16", "F16"),
    ] {
        let error = changed(from, to);
        assert!(error.contains(told), "{from}: {error}");
    }
}

/// A device that does not answer until it is let go on, and tells when it was asked.
#[derive(Debug, Clone)]
struct Stuck(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Stuck {
    fn new() -> Self {
        Self(Arc::new((Mutex::new((0, false)), Condvar::new())))
    }

    fn go_on(&self) {
        self.0.0.lock().expect("nobody panics").1 = true;
        self.0.1.notify_all();
    }

    /// Waits until it was asked so often.
    fn asked(&self, times: usize) {
        let guard = self.0.0.lock().expect("nobody panics");
        let waited = self.0.1.wait_while(guard, |(asked, _)| *asked < times);
        drop(waited.expect("nobody panics"));
    }
}

impl Backend for Stuck {
    fn name(&self) -> &str {
        "stuck"
    }

    fn log_mel(&self, clips: &[Clip<'_>], bands: usize) -> Result<Vec<LogMel>, SignalError> {
        cpu().log_mel(clips, bands)
    }

    fn batch(&self, model: &FaceModel, slots: usize) -> Result<Box<dyn FaceBatch>, SignalError> {
        Ok(Box::new(StuckBatch(
            self.clone(),
            cpu().batch(model, slots)?,
        )))
    }
}

#[derive(Debug)]
struct StuckBatch(Stuck, Box<dyn FaceBatch>);

impl FaceBatch for StuckBatch {
    fn model(&self) -> &FaceModel {
        self.1.model()
    }

    fn slots(&self) -> usize {
        self.1.slots()
    }

    fn reset(&mut self, slot: usize) -> Result<(), SignalError> {
        self.1.reset(slot)
    }

    fn frame(
        &mut self,
        inputs: &[(usize, Input<'_>)],
        out: &mut Frames,
    ) -> Result<(), SignalError> {
        let (state, changed) = &*self.0.0;
        let mut guard = state.lock().expect("nobody panics");
        guard.0 += 1;
        changed.notify_all();
        drop(changed.wait_while(guard, |(_, goes_on)| !*goes_on));
        self.1.frame(inputs, out)
    }
}

#[test]
fn a_device_that_does_not_answer_keeps_nobody_waiting_and_its_results_come_late() {
    let sounds = [8, 9].map(|seed| sound(10 * FRAME_SAMPLES, seed));
    let device = Stuck::new();
    let hub = Visemes::apart(&device, cpu(), &model(10), 3).expect("room");
    let began = Instant::now();
    let mut streams = [stream(&hub, 48_000), stream(&hub, 48_000)];
    for (stream, sound) in streams.iter_mut().zip(&sounds) {
        stream.push(sound).expect("pushed");
        device.asked(1);
        assert_eq!(all(stream), []);
        stream.finish().expect("finished");
        assert_eq!(all(stream), []);
    }
    // One that leaves while its frame is being computed leaves nothing behind for who comes next.
    let [mut first, second] = streams;
    drop(second);
    let mut second = stream(&hub, 48_000);
    second.push(&sounds[1]).expect("pushed");
    second.finish().expect("finished");
    assert!(began.elapsed() < Duration::from_secs(30), "{began:?}");
    device.go_on();
    for (stream, sound) in [&mut first, &mut second].into_iter().zip(&sounds) {
        let mut found = Vec::new();
        while found.len() < 10 {
            found.extend(all(stream));
            assert!(began.elapsed() < Duration::from_secs(60), "late for ever");
        }
        assert_eq!(found, alone(sound, 48_000));
    }
}

#[test]
fn what_waits_for_a_device_that_never_answers_has_an_end() {
    let device = Stuck::new();
    let hub = Visemes::apart(&device, cpu(), &model(10), 1).expect("room");
    let mut stream = stream(&hub, 48_000);
    let second = sound(60 * FRAME_SAMPLES, 10);
    let pushed = (0..20).position(|_| stream.push(&second).is_err());
    assert_eq!(pushed, Some(7));
    device.go_on();
}
