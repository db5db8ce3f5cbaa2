//! The one operation of the model: many dot products with the same inputs.

/// Values that are multiplied side by side: one AVX-512 register.
const LANES: usize = 16;

/// A matrix with a bias, row-major; rows are filled up with zeros to a multiple of 16 values.
#[derive(Debug)]
pub(super) struct Dense {
    weights: Vec<f32>,
    bias: Vec<f32>,
    stride: usize,
}

impl Dense {
    /// Lays out `rows` of equal length.
    pub(super) fn new(rows: impl ExactSizeIterator<Item = Vec<f32>>, bias: Vec<f32>) -> Self {
        let mut weights = Vec::new();
        let mut stride = 0;
        for row in rows {
            stride = row.len().next_multiple_of(LANES);
            weights.extend_from_slice(&row);
            weights.resize(weights.len().next_multiple_of(LANES), 0.0);
        }
        Self {
            weights,
            bias,
            stride,
        }
    }

    /// Values that an input must have: a row's length, filled up.
    pub(super) fn input_len(&self) -> usize {
        self.stride
    }

    /// `out(row, values)` for each row, with the row's dot products with all `N` inputs plus its
    /// bias. An input has [`Self::input_len`] values; what stands in the filled up part does not
    /// matter as long as it is finite.
    #[inline(always)]
    pub(super) fn apply<const FMA: bool, const N: usize>(
        &self,
        inputs: [&[f32]; N],
        mut out: impl FnMut(usize, [f32; N]),
    ) {
        let inputs = inputs.map(|input| &input[..self.stride]);
        for (row, (weights, bias)) in self
            .weights
            .chunks_exact(self.stride)
            .zip(&self.bias)
            .enumerate()
        {
            let mut sums = [[0.0f32; LANES]; N];
            for (at, weights) in weights.chunks_exact(LANES).enumerate() {
                for (sums, input) in sums.iter_mut().zip(&inputs) {
                    let input = &input[at * LANES..(at + 1) * LANES];
                    for lane in 0..LANES {
                        sums[lane] = if FMA {
                            weights[lane].mul_add(input[lane], sums[lane])
                        } else {
                            weights[lane] * input[lane] + sums[lane]
                        };
                    }
                }
            }
            out(row, sums.map(|sums| fold(sums) + bias));
        }
    }
}

/// The sum of all lanes, halving them so that each addition stays one vector operation.
#[inline(always)]
fn fold(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}
