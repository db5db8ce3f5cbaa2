//! Attention against plain loops in f64, on every path that this machine has.

use candle_core::{DType, Device, Tensor};

use super::*;
use crate::RopePairs;
use crate::kv_cache::attend_on_device;

/// Plain loops over values that were never rounded to f16.
fn plain(shape: Heads, look: Look, rows: &[Vec<f32>], rope: &Rope) -> Vec<f64> {
    let Heads {
        heads,
        kv_heads,
        head_dim: d,
        ..
    } = shape;
    let turned: Vec<Vec<f32>> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let mut row = row.clone();
            for head in row[..(heads + kv_heads) * d].chunks_exact_mut(d) {
                rope.rotate(head, at);
            }
            row
        })
        .collect();
    let mut out = Vec::new();
    for t in 0..rows.len() {
        for h in 0..heads {
            let kv = h / (heads / kv_heads);
            let first = look
                .window
                .map_or(0, |window| (t + 1).saturating_sub(window));
            let dot = |at: usize| -> f64 {
                if at < first {
                    return 0.0;
                }
                let q = &turned[t][h * d..][..d];
                let k = &turned[at][(heads + kv) * d..][..d];
                let sum: f64 = q
                    .iter()
                    .zip(k)
                    .map(|(a, b)| f64::from(*a) * f64::from(*b))
                    .sum();
                let score = sum * f64::from(look.scale);
                let cap = look.cap.map(f64::from);
                cap.map_or(score, |cap| cap * (score / cap).tanh()).exp()
            };
            let weights: Vec<f64> = (0..=t).map(dot).collect();
            let sum: f64 = weights.iter().sum();
            for i in 0..d {
                let value = |at: usize| f64::from(turned[at][(heads + kv_heads + kv) * d + i]);
                out.push((0..=t).map(|at| weights[at] / sum * value(at)).sum());
            }
        }
    }
    out
}

#[test]
fn attention_agrees_with_plain_loops_in_blocks_of_any_size() {
    let mut rng = fastrand::Rng::with_seed(3);
    let pool = Pool::new(2);
    for (heads, kv_heads, d, window, cap) in [
        (9, 3, 64, None, None),
        (4, 4, 16, None, Some(0.5)),
        (6, 1, 80, Some(7), None),
        (2, 1, 128, Some(33), Some(2.0)),
        (2, 2, 16, Some(1), None),
    ] {
        let look = Look {
            scale: 1.3 / (d as f32).sqrt(),
            window,
            cap,
        };
        let shape = Heads {
            heads,
            kv_heads,
            head_dim: d,
            capacity: 64,
        };
        let pairs = if heads == 9 {
            RopePairs::Neighbours
        } else {
            RopePairs::Halves
        };
        let rope = Rope::new(d, 1e4, &[], pairs, 64, &Device::Cpu).expect("a table");
        let width = (heads + 2 * kv_heads) * d;
        let rows: Vec<Vec<f32>> = (0..50)
            .map(|_| (0..width).map(|_| rng.f32() * 2.0 - 1.0).collect())
            .collect();
        let want = plain(shape, look, &rows, &rope);
        for isa in Isa::here() {
            // What a former owner left must not be seen: NaN would show.
            let mut keys = vec![f16::NAN.to_bits(); shape.keys()];
            let mut values = vec![f16::NAN.to_bits(); shape.values()];
            let mut got = Vec::new();
            let mut start = 0;
            for block in [1, 3, 17, 1, 28] {
                let qkv = rows[start..start + block].concat();
                got.extend(attend(
                    isa,
                    shape,
                    look,
                    start,
                    &qkv,
                    &rope,
                    &mut keys,
                    &mut values,
                    &pool,
                ));
                start += block;
            }
            let off = got
                .iter()
                .zip(&want)
                .map(|(a, b)| (f64::from(*a) - b).abs())
                .fold(0.0, |a, b| {
                    if b <= a {
                        a
                    } else if b.is_nan() {
                        f64::INFINITY
                    } else {
                        b
                    }
                });
            // Keys and values are rounded to f16: 2^-12 of values up to 1, averaged.
            assert!(
                off < 1e-3,
                "{isa:?} {heads}/{kv_heads} x {d}, {look:?}: {off}"
            );
        }
    }
}

#[test]
fn candles_operations_agree_with_plain_loops() {
    let mut rng = fastrand::Rng::with_seed(4);
    let (heads, kv_heads, d) = (4, 2, 16);
    let shape = Heads {
        heads,
        kv_heads,
        head_dim: d,
        capacity: 32,
    };
    let width = (heads + 2 * kv_heads) * d;
    let rows: Vec<Vec<f32>> = (0..24)
        .map(|_| (0..width).map(|_| rng.f32() * 2.0 - 1.0).collect())
        .collect();
    for (window, cap) in [(None, None), (Some(5), None), (Some(9), Some(0.7))] {
        let look = Look {
            scale: 0.4,
            window,
            cap,
        };
        let rope = Rope::new(d, 1e4, &[], RopePairs::Halves, 32, &Device::Cpu).expect("a table");
        let want = plain(shape, look, &rows, &rope);
        let room = || Tensor::zeros((kv_heads, 32, d), DType::F32, &Device::Cpu).expect("room");
        let (keys, values) = (room(), room());
        let mut got = Vec::new();
        for (start, block) in [(0, 7), (7, 1), (8, 16)] {
            let qkv = rows[start..start + block].concat();
            let qkv = Tensor::from_vec(qkv, (block, width), &Device::Cpu).expect("a tensor");
            let out = attend_on_device(shape, look, start, &qkv, &rope, &keys, &values);
            let out = out.and_then(|out| out.flatten_all()?.to_vec1::<f32>());
            got.extend(out.expect("attends"));
        }
        assert_eq!(got.len(), want.len());
        let off = got.iter().zip(&want);
        let off = off.map(|(a, b)| (f64::from(*a) - b).abs());
        assert!(
            off.clone().all(|off| off < 1e-5),
            "{look:?}: {:?}",
            off.max_by(f64::total_cmp)
        );
    }
}
