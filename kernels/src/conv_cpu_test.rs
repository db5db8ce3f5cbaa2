//! Convolutions against plain loops in f64, on every path that this machine has.

use super::*;

fn values(n: usize, seed: u64) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..n).map(|_| rng.f32() * 2.0 - 1.0).collect()
}

/// Sums of up to 560 products of values up to 1, each rounded at 2^-24 of a sum of about 15.
const TOLERANCE: f64 = 2e-5;

fn check(name: &str, plan: &Plan, x: &[f32], extras: Extras<'_>, t_out: usize, want: &[f64]) {
    let pool = Pool::new(2);
    for isa in Isa::here() {
        // Whatever stood there before must be overwritten.
        let mut out = vec![f32::NAN; want.len()];
        plan.run(isa, x, extras, t_out, &mut out, &pool);
        for (at, (got, want)) in out.iter().zip(want).enumerate() {
            let off = (f64::from(*got) - want).abs();
            assert!(off < TOLERANCE, "{name} {isa:?}: {got} for {want} at {at}");
        }
    }
}

#[test]
fn convolutions_agree_with_plain_loops() {
    for [c_in, c_out, k, t, padding, stride, dilation] in [
        [3, 5, 3, 17, 1, 1, 1],
        [16, 8, 5, 100, 4, 1, 2],
        [9, 24, 7, 333, 36, 1, 12],
        [80, 16, 3, 200, 1, 2, 1],
        [7, 9, 4, 50, 3, 3, 2],
        [4, 4, 1, 5, 0, 1, 1],
        [4, 8, 11, 3000, 25, 1, 5],
        [2, 1, 70, 80, 0, 1, 1],
        [1, 1, 3, 1, 1, 1, 1],
        [5, 40, 3, 1000, 0, 2, 3],
    ] {
        let name = format!("{c_in}->{c_out} k{k} t{t} p{padding} s{stride} d{dilation}");
        let (x, w) = (values(c_in * t, 1), values(c_out * c_in * k, 2));
        let bias = values(c_out, 3);
        let t_out = (t + 2 * padding - dilation * (k - 1) - 1) / stride + 1;
        let add = values(c_out * t_out, 4);
        let plain = |slope: f32, add: Option<&[f32]>| -> Vec<f64> {
            let mut out = Vec::new();
            for co in 0..c_out {
                for i in 0..t_out {
                    let mut sum = f64::from(bias[co]);
                    for ci in 0..c_in {
                        for j in 0..k {
                            let at = (i * stride + j * dilation).wrapping_sub(padding);
                            if at < t {
                                let x = x[ci * t + at];
                                let x = if x < 0.0 { x * slope } else { x };
                                sum += f64::from(x) * f64::from(w[(co * c_in + ci) * k + j]);
                            }
                        }
                    }
                    out.push(sum + add.map_or(0.0, |add| f64::from(add[co * t_out + i])));
                }
            }
            out
        };
        let plan = Plan::plain(
            &w,
            [c_out, c_in, k],
            bias.clone(),
            padding,
            stride,
            dilation,
        );
        let extras = Extras {
            slope: 1.0,
            add: None,
        };
        check(&name, &plan, &x, extras, t_out, &plain(1.0, None));
        let extras = Extras {
            slope: 0.1,
            add: Some(&add),
        };
        check(&name, &plan, &x, extras, t_out, &plain(0.1, Some(&add)));
    }
}

#[test]
fn transposed_convolutions_agree_with_plain_loops() {
    for [c_in, c_out, k, t, padding, stride] in [
        [3, 5, 4, 17, 1, 2],
        [16, 8, 16, 100, 4, 8],
        [9, 2, 7, 33, 2, 3],
        [2, 3, 2, 9, 0, 4],
        [1, 1, 3, 1, 0, 2],
        [8, 8, 8, 900, 2, 4],
    ] {
        let name = format!("{c_in}->{c_out} k{k} t{t} p{padding} s{stride}");
        let (x, w) = (values(c_in * t, 1), values(c_out * c_in * k, 2));
        let bias = values(c_out, 3);
        let t_out = (t - 1) * stride + k - 2 * padding;
        let mut want: Vec<f64> = (0..c_out * t_out)
            .map(|at| f64::from(bias[at / t_out]))
            .collect();
        for ci in 0..c_in {
            for i in 0..t {
                for co in 0..c_out {
                    for j in 0..k {
                        let at = (i * stride + j).wrapping_sub(padding);
                        if at < t_out {
                            want[co * t_out + at] +=
                                f64::from(x[ci * t + i]) * f64::from(w[(ci * c_out + co) * k + j]);
                        }
                    }
                }
            }
        }
        let plan = Plan::transposed(&w, [c_in, c_out, k], bias, padding, stride);
        let extras = Extras {
            slope: 1.0,
            add: None,
        };
        check(&name, &plan, &x, extras, t_out, &want);
    }
}
