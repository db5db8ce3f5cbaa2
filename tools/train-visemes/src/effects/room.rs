//! A room: an echo that dies away.

use rustfft::{FftPlanner, num_complex::Complex32};

use janet_kernels::signal::FRAME_RATE_HZ;

/// `samples` as heard in a room whose echo loses 60 dB in `seconds`, the direct sound `direct_db` over all that
/// comes later. As long as before: what echoes behind the end is left out.
pub(super) fn heard_in(
    samples: &[f32],
    seconds: f32,
    direct_db: f32,
    rng: &mut fastrand::Rng,
) -> Vec<f32> {
    let response = response(seconds, direct_db, rng);
    let size = (samples.len() + response.len()).next_power_of_two();
    let mut planner = FftPlanner::new();
    let (forward, back) = (
        planner.plan_fft_forward(size),
        planner.plan_fft_inverse(size),
    );
    // Both are real: one transform serves the two.
    let mut both = vec![Complex32::default(); size];
    for (z, x) in both.iter_mut().zip(samples) {
        z.re = *x;
    }
    for (z, x) in both.iter_mut().zip(&response) {
        z.im = *x;
    }
    forward.process(&mut both);
    let mut product = vec![Complex32::default(); size];
    for (k, product) in product.iter_mut().enumerate() {
        let (a, b) = (both[k], both[(size - k) % size].conj());
        let (sound, echo) = (0.5 * (a + b), (a - b) * Complex32::new(0.0, -0.5));
        *product = sound * echo;
    }
    back.process(&mut product);
    let scale = 1.0 / size as f32;
    product[..samples.len()]
        .iter()
        .map(|z| z.re * scale)
        .collect()
}

fn response(seconds: f32, direct_db: f32, rng: &mut fastrand::Rng) -> Vec<f32> {
    let rate = FRAME_RATE_HZ as f32;
    let length = (seconds * rate) as usize;
    // From the first wall on: half a metre to three metres of way more.
    let first = ((0.0015 + 0.0085 * rng.f32()) * rate) as usize;
    let mut response = vec![0.0; length.max(first + 1)];
    let decay = -(1000f32.ln()) / (seconds * rate);
    // Walls swallow the highs.
    let mut low = 0.0;
    for (at, x) in response.iter_mut().enumerate().skip(first) {
        low += 0.35 * (rng.f32() - 0.5 - low);
        *x = low * (decay * at as f32).exp();
    }
    let rest: f32 = response.iter().map(|x| x * x).sum();
    let gain = 10f32.powf(-direct_db / 20.0) / rest.sqrt().max(1e-9);
    response.iter_mut().for_each(|x| *x *= gain);
    response[0] = 1.0;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_direct_sound_comes_at_once_and_the_echo_dies_away() {
        let mut click = vec![0.0; 48_000];
        click[1000] = 1.0;
        let heard = heard_in(&click, 0.2, 6.0, &mut fastrand::Rng::with_seed(3));
        assert!((heard[1000] - 1.0).abs() < 1e-3);
        assert!(heard[..1000].iter().all(|x| x.abs() < 1e-3));
        let energy = |from: usize, to: usize| heard[from..to].iter().map(|x| x * x).sum::<f32>();
        let echo = energy(1001, 12_000);
        assert!((echo - 10f32.powf(-0.6)).abs() < 0.02, "{echo}");
        assert!(energy(5_800, 10_600) < 0.02 * energy(1001, 5_800));
    }
}
