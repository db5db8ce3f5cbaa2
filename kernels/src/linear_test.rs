//! Both precisions against plain loops in f64, on every path that this machine has.

use super::*;
use crate::Pool;

fn values(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| rng.f32() * 2.0 - 1.0).collect()
}

fn plain(x: &[f32], w: &[f32], bias: &[f32], k: usize) -> Vec<f64> {
    let row = |x: &[f32]| -> Vec<f64> {
        w.chunks_exact(k)
            .zip(bias)
            .map(|(w, bias)| {
                let products = w.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x));
                products.sum::<f64>() + f64::from(*bias)
            })
            .collect()
    };
    x.chunks_exact(k).flat_map(row).collect()
}

/// Rows, inner size, outputs: single rows, whole and broken tiles, more rows than a task has.
const SIZES: [[usize; 3]; 8] = [
    [1, 64, 7],
    [1, 576, 1000],
    [2, 32, 16],
    [5, 96, 33],
    [13, 576, 50],
    [64, 384, 192],
    [131, 64, 40],
    [300, 32, 100],
];

#[test]
fn exact_products_agree_with_plain_loops() {
    let pool = Pool::new(2);
    for [m, k, n] in SIZES.into_iter().chain([[7, 1, 1], [3, 37, 65]]) {
        let (x, w, bias) = (values(m * k, 1), values(n * k, 2), values(n, 3));
        let panels = Panels::new(&w, n, k, bias.clone());
        let want = plain(&x, &w, &bias, k);
        for isa in Isa::here() {
            let mut out = vec![f32::NAN; m * n];
            panels.run(isa, &x, &mut out, &pool);
            for (got, want) in out.iter().zip(&want) {
                // Sums of up to 576 products of values up to 1, 576 times at 2^-24 of up to 50.
                let off = (f64::from(*got) - want).abs();
                assert!(off < 1e-4, "{isa:?} {m}x{k}x{n}: {got} for {want}");
            }
        }
    }
}

#[test]
fn eight_bit_products_are_as_close_as_eight_bits_allow_whatever_the_scale() {
    let pool = Pool::new(2);
    for [m, k, n] in SIZES {
        for size in [1e-6, 1.0, 1e4] {
            let x: Vec<f32> = values(m * k, 1).iter().map(|x| x * size).collect();
            let w: Vec<f32> = values(n * k, 2).iter().map(|w| w * size).collect();
            let bias: Vec<f32> = values(n, 3).iter().map(|b| b * size * size).collect();
            let panels = Panels8::new(&w, n, k, bias.clone());
            let want = plain(&x, &w, &bias, k);
            for isa in Isa::here() {
                let mut out = vec![f32::NAN; m * n];
                panels.run(isa, &x, &mut out, &pool);
                let unit = f64::from(size) * f64::from(size);
                for (got, want) in out.iter().zip(&want) {
                    // Each factor is off by up to 1/254, at random: of a product 1/254/√3 times
                    // the other's root mean square, twice; six deviations of the sum of k.
                    let limit = 6.0 * (2.0 * k as f64).sqrt() / 254.0 / 3.0;
                    let off = (f64::from(*got) - want).abs() / unit;
                    assert!(off < limit, "{isa:?} {m}x{k}x{n} {size}: {got} for {want}");
                }
            }
        }
    }
}

#[test]
fn all_paths_of_eight_bits_give_the_same_but_for_the_order_of_sums() {
    let pool = Pool::new(2);
    let (m, k, n) = (6, 512, 50);
    let (x, mut w) = (values(m * k, 5), values(n * k, 6));
    // The extremes that a 16-bit sum of two products cannot hold.
    w[..k].fill(-1.0);
    let x: Vec<f32> = x.iter().map(|x| x.signum()).collect();
    let panels = Panels8::new(&w, n, k, Vec::new());
    let mut first: Option<Vec<f32>> = None;
    for isa in Isa::here() {
        let mut out = vec![0.0; m * n];
        panels.run(isa, &x, &mut out, &pool);
        let first = first.get_or_insert_with(|| out.clone());
        for (a, b) in first.iter().zip(&out) {
            assert!((a - b).abs() < 1e-3, "{isa:?}: {b} and {a}");
        }
    }
}

#[test]
fn zeros_and_subnormal_inputs_give_zero_and_not_nan() {
    let pool = Pool::new(1);
    let panels = Panels8::new(&[0.0; 64], 2, 32, Vec::new());
    for isa in Isa::here() {
        for x in [0.0, 1e-44, 1.0] {
            let mut out = vec![1.0; 2];
            panels.run(isa, &[x; 32], &mut out, &pool);
            assert_eq!(out, [0.0, 0.0], "{isa:?} {x}");
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let exec = Exec::cpu(1);
    let weight = Tensor::zeros((4, 3), candle_core::DType::F32, &Device::Cpu).expect("a tensor");
    let bias = Tensor::zeros(3, candle_core::DType::F32, &Device::Cpu).expect("a tensor");
    assert!(Linear::new(&weight, Some(&bias), Precision::Q8, &exec).is_err());
    let linear = Linear::new(&weight, None, Precision::Q8, &exec).expect("3 stays exact");
    assert!(linear.forward(&weight.t().expect("a view")).is_err());
    let y = linear
        .forward(&weight.reshape((2, 2, 3)).expect("a view"))
        .expect("fits");
    assert_eq!(y.dims(), [2, 2, 4]);
    let none = Tensor::zeros((0, 3), candle_core::DType::F32, &Device::Cpu).expect("a tensor");
    assert_eq!(
        linear.forward(&none).expect("nothing is fine").dims(),
        [0, 4]
    );
}
