//! Every vector in eight bits, row behind row, for a search that reads them all.
//!
//! A row is a unit vector times 127 over its largest number, rounded; the scale is kept. That is exact to
//! about one percent of a cosine, so the nearest few are to be judged again with the floats that lie on
//! disk. Reading it all is what makes the search exact in its time, too: no index that has to be tuned or
//! forgets badly.
//!
//! The loops are plain, so that the compiler makes vectors of them on whatever it compiles for: this crate
//! has no unsafe code and so no choice of instructions when it runs. Sixteen-bit products are what even the
//! oldest 64-bit machines multiply and add in one instruction.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// Numbers that are worked on together; rows are filled up with zeros to a multiple.
const LANES: usize = 32;

/// The vectors of one space.
pub(super) struct Matrix {
    dimensions: usize,
    /// Length of a row.
    stride: usize,
    values: Vec<i8>,
    scales: Vec<f32>,
    /// Whose row it is.
    numbers: Vec<i64>,
    /// Where an entry's row is.
    rows: HashMap<i64, usize>,
}

/// A score that can be ordered: cosines are never NaN.
#[derive(Clone, Copy, PartialEq)]
struct Score(f32);

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Matrix {
    pub(super) fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            stride: dimensions.next_multiple_of(LANES),
            values: Vec::new(),
            scales: Vec::new(),
            numbers: Vec::new(),
            rows: HashMap::new(),
        }
    }

    pub(super) fn reserve(&mut self, rows: usize) {
        self.values.reserve_exact(rows * self.stride);
        self.scales.reserve_exact(rows);
        self.numbers.reserve_exact(rows);
        self.rows.reserve(rows);
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Puts an entry's vector in, in place of what it had.
    pub(super) fn set(&mut self, number: i64, vector: &[f32]) {
        debug_assert_eq!(vector.len(), self.dimensions);
        let row = match self.rows.get(&number) {
            Some(row) => *row,
            None => {
                let row = self.numbers.len();
                self.values.resize(self.values.len() + self.stride, 0);
                self.scales.push(0.0);
                self.numbers.push(number);
                self.rows.insert(number, row);
                row
            }
        };
        let values = &mut self.values[row * self.stride..][..self.dimensions];
        self.scales[row] = quantise(vector, values);
    }

    /// Takes an entry's vector out; its numbers are overwritten.
    pub(super) fn remove(&mut self, number: i64) {
        let Some(row) = self.rows.remove(&number) else {
            return;
        };
        let last = self.numbers.len() - 1;
        let at = last * self.stride;
        if row != last {
            self.values.copy_within(at.., row * self.stride);
            self.rows.insert(self.numbers[last], row);
        }
        self.values[at..].fill(0);
        self.values.truncate(at);
        self.scales.swap_remove(row);
        self.numbers.swap_remove(row);
    }

    pub(super) fn clear(&mut self) {
        self.values.fill(0);
        *self = Self::new(self.dimensions);
    }

    /// The entries whose vectors point most where this one does, about: best first, `most` at most.
    pub(super) fn nearest(&self, query: &[f32], most: usize) -> Vec<i64> {
        debug_assert_eq!(query.len(), self.dimensions);
        if most == 0 {
            return Vec::new();
        }
        let mut rounded = vec![0_i8; self.stride];
        quantise(query, &mut rounded[..self.dimensions]);
        let query: Vec<i16> = rounded.into_iter().map(i16::from).collect();
        // The query's own scale is left out: it changes no order.
        let mut best: BinaryHeap<Reverse<(Score, usize)>> = BinaryHeap::with_capacity(most + 1);
        let mut least = f32::NEG_INFINITY;
        let rows = self.values.chunks_exact(self.stride).zip(&self.scales);
        for (row, (values, scale)) in rows.enumerate() {
            let score = dot(values, &query) as f32 * scale;
            if score > least || best.len() < most {
                best.push(Reverse((Score(score), row)));
                if best.len() > most {
                    best.pop();
                }
                if best.len() == most {
                    least = best.peek().map_or(least, |Reverse((score, _))| score.0);
                }
            }
        }
        best.into_sorted_vec()
            .into_iter()
            .map(|Reverse((_, row))| self.numbers[row])
            .collect()
    }
}

/// Rounds to −127…127 and gives the scale that leads back.
fn quantise(vector: &[f32], out: &mut [i8]) -> f32 {
    let largest = vector.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    if largest == 0.0 {
        out.fill(0);
        return 0.0;
    }
    let factor = 127.0 / largest;
    for (out, value) in out.iter_mut().zip(vector) {
        *out = (value * factor).round() as i8;
    }
    largest / 127.0
}

/// The products' sum. Cannot overflow: 127² times any dimension there is stays far below 2³¹. Wrapping
/// says so to the compiler, which then needs no checks between the vectors.
fn dot(row: &[i8], query: &[i16]) -> i32 {
    let mut sum = 0_i32;
    for (row, query) in row.chunks_exact(LANES).zip(query.chunks_exact(LANES)) {
        let mut part = 0_i32;
        for (a, b) in row.iter().zip(query) {
            part = part.wrapping_add(i32::from(i16::from(*a)).wrapping_mul(i32::from(*b)));
        }
        sum = sum.wrapping_add(part);
    }
    sum
}

/// The exact product.
pub(super) fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    // Eight sums side by side: floats may not be added in another order by the compiler itself.
    let mut sums = [0.0_f32; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(random: &mut fastrand::Rng, dimensions: usize) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..dimensions).map(|_| random.f32() - 0.5).collect();
        let length = dot_f32(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|v| *v /= length);
        vector
    }

    #[test]
    fn the_nearest_are_those_of_exact_products_but_for_ties_within_the_rounding() {
        let mut random = fastrand::Rng::with_seed(7);
        for dimensions in [3, 31, 32, 100, 384] {
            let mut matrix = Matrix::new(dimensions);
            let vectors: Vec<_> = (0..500).map(|_| unit(&mut random, dimensions)).collect();
            for (number, vector) in (10..).zip(&vectors) {
                matrix.set(number, vector);
            }
            let query = unit(&mut random, dimensions);
            let exact = |number: i64| {
                let at = usize::try_from(number - 10).expect("one of ours");
                dot_f32(&vectors[at], &query)
            };
            let found = matrix.nearest(&query, 20);
            assert_eq!(found.len(), 20);
            let worst = found.iter().map(|n| exact(*n)).fold(f32::MAX, f32::min);
            let better = (10..510).filter(|n| !found.contains(n) && exact(*n) > worst + 0.02);
            assert_eq!(better.count(), 0, "{dimensions} dimensions");
        }
    }

    #[test]
    fn a_row_that_is_taken_out_is_gone_and_the_others_stay() {
        let mut random = fastrand::Rng::with_seed(11);
        let mut matrix = Matrix::new(48);
        let mut kept = HashMap::new();
        for round in 0..2000_i64 {
            let number = random.i64(0..60);
            if random.bool() {
                let vector = unit(&mut random, 48);
                matrix.set(number, &vector);
                kept.insert(number, vector);
            } else {
                matrix.remove(number);
                kept.remove(&number);
            }
            assert_eq!(matrix.len(), kept.len(), "round {round}");
            if let Some((number, vector)) = kept.iter().next() {
                assert_eq!(matrix.nearest(vector, 1), [*number], "round {round}");
            }
            assert_eq!(
                matrix.nearest(&unit(&mut random, 48), 100).len(),
                kept.len()
            );
        }
        matrix.clear();
        assert_eq!(matrix.nearest(&unit(&mut random, 48), 3), [0_i64; 0]);
    }

    #[test]
    fn nothing_of_nothing_and_a_vector_of_zeros_do_no_harm() {
        let mut matrix = Matrix::new(4);
        assert_eq!(matrix.nearest(&[1.0, 0.0, 0.0, 0.0], 5), [0_i64; 0]);
        matrix.set(1, &[0.0; 4]);
        matrix.set(2, &[0.0, 1.0, 0.0, 0.0]);
        assert_eq!(matrix.nearest(&[0.0, 1.0, 0.0, 0.0], 0), [0_i64; 0]);
        assert_eq!(matrix.nearest(&[0.0, 1.0, 0.0, 0.0], 5), [2, 1]);
        assert_eq!(matrix.nearest(&[0.0; 4], 5).len(), 2);
    }
}
