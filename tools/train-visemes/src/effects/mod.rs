//! Turns a take into what a microphone in some room would have heard of somebody else.

mod noise;
mod room;
mod timbre;

use janet_kernels::signal::FRAME_RATE_HZ;

use crate::clips::Take;
use crate::labels::{Label, by_sound, by_table, labels};
use crate::pauses::loudness;
use crate::variants::{Band, Variant};

/// Sound at 48 kHz, a whole number of frames, and what is said in each.
pub(crate) struct Heard {
    pub(crate) samples: Vec<f32>,
    /// By the voice's own table.
    pub(crate) by_table: Vec<Label>,
    /// Where it is heard; by the table, too, where the take was not aligned.
    pub(crate) by_sound: Vec<Label>,
}

/// A take as `variant` has it.
pub(crate) fn hear(take: &Take, variant: &Variant) -> anyhow::Result<Heard> {
    // Played faster by the pitch's factor, so the formants go up with it; what they should not have gone up by
    // is taken back first.
    let rate_hz = (take.rate_hz as f32 * take.pitch).round() as u32;
    let warp = variant.formants / take.pitch;
    let samples = timbre::change(
        &take.samples,
        take.rate_hz,
        take.pitch,
        warp,
        &variant.bends_db,
    );
    let sound = janet_audio::resample::resample(&samples, rate_hz, FRAME_RATE_HZ)?;

    let (before, behind) = variant.silence_s;
    let count = |seconds: f32| (seconds * FRAME_RATE_HZ as f32) as usize;
    let frame = janet_kernels::signal::FRAME_SAMPLES;
    let length = (count(before) + sound.len() + count(behind)).next_multiple_of(frame);
    let mut samples = vec![0.0; length];
    samples[count(before)..][..sound.len()].copy_from_slice(&sound);
    let offset = count(before) as f64 / f64::from(FRAME_RATE_HZ);
    let seconds = 1.0 / f64::from(rate_hz);
    let table = by_table(&take.letters(), seconds, offset);
    let heard = match &take.shown[..] {
        [] => table.clone(),
        shown => by_sound(shown, seconds, offset),
    };

    let mut rng = fastrand::Rng::with_seed(variant.seed ^ 0x6865_6172);
    if let Some((seconds, direct_db)) = variant.room {
        samples = room::heard_in(&samples, seconds, direct_db, &mut rng);
    }
    let level = 10f32.powf(variant.level_db / 20.0) / loudness(&samples, FRAME_RATE_HZ).max(1e-6);
    samples.iter_mut().for_each(|x| *x *= level);
    let noise_level = 10f32.powf((variant.level_db - variant.snr_db) / 20.0);
    noise::add(&mut samples, variant.noise, noise_level, &mut rng);
    if let Band::Through(rate_hz) = variant.band {
        let mut narrow = janet_audio::resample::resample(&samples, FRAME_RATE_HZ, rate_hz)?;
        quantise(&mut narrow);
        samples = janet_audio::resample::resample(&narrow, rate_hz, FRAME_RATE_HZ)?;
        samples.resize(length, 0.0);
    } else {
        quantise(&mut samples);
    }
    Ok(Heard {
        by_table: labels(&table, length / frame),
        by_sound: labels(&heard, length / frame),
        samples,
    })
}

/// As a file with 16 bits keeps it.
fn quantise(samples: &mut [f32]) {
    for x in samples {
        *x = (*x * 32_768.0).round().clamp(-32_768.0, 32_767.0) / 32_768.0;
    }
}
