//! How loud a window is.

/// What digital silence measures: below any sample that 16 or 24 bits can hold.
pub const SILENCE_DBFS: f32 = -120.0;

/// The RMS level of `samples` in dB of full scale (a full-scale square wave is 0 dB), never below
/// [`SILENCE_DBFS`]; an empty window is silence.
pub fn rms_dbfs(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBFS;
    }
    let mean = samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32;
    (10.0 * mean.log10()).max(SILENCE_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_windows_have_their_known_levels() {
        assert_eq!(rms_dbfs(&[]), SILENCE_DBFS);
        assert_eq!(rms_dbfs(&[0.0; 512]), SILENCE_DBFS);
        assert!((rms_dbfs(&[1.0, -1.0, 1.0, -1.0]) - 0.0).abs() < 1e-4);
        assert!((rms_dbfs(&[0.1; 160]) + 20.0).abs() < 1e-3);
        let sine: Vec<f32> = (0..1600)
            .map(|i| (i as f32 * 0.1 * std::f32::consts::PI).sin())
            .collect();
        assert!((rms_dbfs(&sine) + 3.01).abs() < 0.05);
    }
}
