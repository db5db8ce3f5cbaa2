//! Rows of weights, and how they are added up.

/// What one of our shapes is in another vocabulary: some of its shapes, each with a weight of 0..=1.
pub type Row<T> = &'static [(T, f32)];

/// Adds `row`, scaled by `weight`, to `out`. What is no number counts as nothing.
pub(super) fn add<T: Copy>(out: &mut [f32], row: Row<T>, weight: f32, at: impl Fn(T) -> usize) {
    if weight.is_nan() || weight <= 0.0 {
        return;
    }
    let weight = weight.min(1.0);
    for &(shape, share) in row {
        if let Some(sum) = out.get_mut(at(shape)) {
            *sum = (*sum + weight * share).min(1.0);
        }
    }
}
