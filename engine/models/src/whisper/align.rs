//! Lays tokens over time: which part of the sound each token of a text was made from.
//!
//! As in the original: the attention of some heads is normalised over the tokens, smoothed over
//! time and averaged, and the cheapest way through it that goes forward only (dynamic time warping)
//! tells where each token begins. Plain numbers; knows no model.

/// Frames under the smoothing filter.
const MEDIAN_FRAMES: usize = 7;

/// Normalises one head's rows over the tokens and smooths them over time, in place.
///
/// `rows` holds one row of `positions` values per token.
pub(super) fn sharpen(rows: &mut [f32], positions: usize) {
    if positions == 0 {
        return;
    }
    let tokens = (rows.len() / positions).max(1) as f32;
    let mut mean = vec![0.0f32; positions];
    let mut square = vec![0.0f32; positions];
    for row in rows.chunks_exact(positions) {
        for (sum, value) in mean.iter_mut().zip(row) {
            *sum += value / tokens;
        }
    }
    for row in rows.chunks_exact(positions) {
        for ((sum, value), mean) in square.iter_mut().zip(row).zip(&mean) {
            *sum += (value - mean) * (value - mean) / tokens;
        }
    }
    for row in rows.chunks_exact_mut(positions) {
        for ((value, mean), square) in row.iter_mut().zip(&mean).zip(&square) {
            // Where all tokens look alike there is nothing to tell.
            *value = if *square > 0.0 {
                (*value - mean) / square.sqrt()
            } else {
                0.0
            };
        }
        smooth(row);
    }
}

/// The median of each value and its neighbours; mirrored at the ends.
fn smooth(row: &mut [f32]) {
    let reach = MEDIAN_FRAMES / 2;
    let len = row.len();
    if len <= reach {
        return;
    }
    let from = row.to_vec();
    for (at, value) in row.iter_mut().enumerate() {
        let mut window: [f32; MEDIAN_FRAMES] = std::array::from_fn(|i| {
            let at = (at + i).abs_diff(reach);
            let at = if at >= len { 2 * len - 2 - at } else { at };
            from[at]
        });
        window.sort_unstable_by(f32::total_cmp);
        *value = window[reach];
    }
}

/// The position at which each row begins on the way of the highest sum through `rows`, each of
/// `positions` values: every row gets at least one position, and the way never goes back.
pub(super) fn beginnings(rows: &[f32], positions: usize) -> Vec<usize> {
    #[derive(Clone, Copy)]
    enum From {
        Both,
        Row,
        Position,
    }
    let count = rows.len().checked_div(positions).unwrap_or(0);
    if count == 0 {
        return Vec::new();
    }
    let mut before = vec![f32::INFINITY; positions + 1];
    before[0] = 0.0;
    let mut ways = vec![From::Position; count * positions];
    for (row, values) in rows.chunks_exact(positions).enumerate() {
        let mut here = vec![f32::INFINITY; positions + 1];
        for (at, value) in values.iter().enumerate() {
            let (both, up, left) = (before[at], before[at + 1], here[at]);
            let (cost, way) = if both < up && both < left {
                (both, From::Both)
            } else if up < both && up < left {
                (up, From::Row)
            } else {
                (left, From::Position)
            };
            here[at + 1] = cost - value;
            ways[row * positions + at] = way;
        }
        before = here;
    }
    let mut begin = vec![0; count];
    let (mut row, mut at) = (count - 1, positions - 1);
    loop {
        begin[row] = at;
        match (ways[row * positions + at], row, at) {
            (_, 0, 0) => return begin,
            (From::Both, 1.., 1..) => (row, at) = (row - 1, at - 1),
            (From::Row, 1.., _) | (_, 1.., 0) => row -= 1,
            _ => at -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_follows_the_bright_cells_and_never_goes_back() {
        #[rustfmt::skip]
        let rows = [
             1.0,  1.0, -1.0, -1.0, -1.0, -1.0,
            -1.0, -1.0,  1.0, -1.0, -1.0, -1.0,
            -1.0, -1.0, -1.0,  1.0,  1.0,  1.0,
        ];
        assert_eq!(beginnings(&rows, 6), [0, 2, 3]);
        // The brightest cell of the last row lies before those of the others.
        #[rustfmt::skip]
        let rows = [
            0.0, 0.0, 1.0, 1.0,
            9.0, 0.0, 0.0, 1.0,
        ];
        assert_eq!(beginnings(&rows, 4), [0, 0]);
    }

    #[test]
    fn nothing_has_no_way_and_more_rows_than_positions_share_them() {
        assert!(beginnings(&[], 0).is_empty());
        assert!(beginnings(&[], 5).is_empty());
        let begin = beginnings(&[1.0; 6], 2);
        assert_eq!(begin.len(), 3);
        assert!(begin.is_sorted() && begin[2] <= 1, "{begin:?}");
    }

    #[test]
    fn sharpening_takes_out_what_all_tokens_share_and_single_spikes() {
        let positions = 12;
        let mut rows = vec![0.5f32; 3 * positions];
        for row in 0..3 {
            for at in 0..4 {
                rows[row * positions + row * 4 + at] = 0.9;
            }
        }
        // A spike of one frame, far from where the token is.
        rows[10] = 1.0;
        sharpen(&mut rows, positions);
        assert!(rows[1] > 1.0 && rows[positions + 5] > 1.0);
        assert!(rows[10] < 0.5, "{}", rows[10]);
        let mut flat = vec![0.3; 2 * positions];
        sharpen(&mut flat, positions);
        assert!(flat.iter().all(|v| *v == 0.0));
    }
}
