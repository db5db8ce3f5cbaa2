use candle_core::Device;

use super::*;
use crate::whisper::tiles::HEAD;

const HEADS: usize = 3;
const WIDTH: usize = HEADS * HEAD;

fn random(rows: usize, columns: usize, seed: u64) -> Tensor {
    let mut random = fastrand::Rng::with_seed(seed);
    let values: Vec<f32> = (0..rows * columns)
        .map(|_| random.f32() * 4.0 - 2.0)
        .collect();
    Tensor::from_vec(values, (rows, columns), &Device::Cpu).expect("as many values as cells")
}

/// Softmax(q · k / 8) · v by the book, in f64.
fn by_the_book(q: &Tensor, k: &Tensor, v: &Tensor, sight: Sight) -> Vec<f64> {
    let read = |x: &Tensor| x.to_vec2::<f32>().expect("a matrix");
    let (q, k, v) = (read(q), read(k), read(v));
    let mut out = Vec::new();
    for (row, query) in q.iter().enumerate() {
        for head in 0..HEADS {
            let columns = head * HEAD..(head + 1) * HEAD;
            let share: Vec<f64> = k[..sight.keys(row)]
                .iter()
                .map(|key| {
                    let dot = columns
                        .clone()
                        .map(|c| f64::from(query[c]) * f64::from(key[c]));
                    (dot.sum::<f64>() / 8.0).exp()
                })
                .collect();
            let total: f64 = share.iter().sum();
            out.extend(columns.map(|c| {
                let sum = share.iter().zip(&v).map(|(p, v)| p * f64::from(v[c]));
                sum.sum::<f64>() / total
            }));
        }
    }
    out
}

fn check(queries: usize, keys: usize, sight: Sight, exec: &Exec) {
    // Queries and values are views of something wider, as in the models.
    let wide = random(queries, 2 * WIDTH, 1);
    let q = wide.narrow(1, WIDTH, WIDTH).expect("the right half");
    let k = random(keys, WIDTH, 2);
    let wide = random(keys, 3 * WIDTH, 3);
    let v = wide.narrow(1, WIDTH, WIDTH).expect("the middle third");
    let keys_across = transposed(&k).expect("a matrix");
    let ours = attend(&q, &keys_across, &v, HEADS, sight, exec).expect("shapes fit");
    assert_eq!(ours.dims(), [queries, WIDTH]);
    let ours: Vec<f32> = ours.flatten_all().and_then(|o| o.to_vec1()).expect("f32");
    let expected = by_the_book(&q, &k, &v, sight);
    for (i, (a, b)) in ours.iter().zip(&expected).enumerate() {
        let off = (f64::from(*a) - b).abs();
        // f32 sums of up to 500 terms of size 1.
        assert!(off < 5e-6, "{queries} × {keys}, value {i}: {a} for {b}");
    }
}

#[test]
fn many_queries_see_what_the_book_says() {
    let exec = Exec::cpu(2);
    for (queries, keys) in [(9, 1), (33, 31), (40, 64), (71, 100), (100, 500)] {
        check(queries, keys, Sight::First(keys), &exec);
    }
}

#[test]
fn few_queries_see_what_the_book_says() {
    let exec = Exec::cpu(2);
    for (queries, keys) in [(1, 1), (1, 17), (2, 500), (8, 33)] {
        check(queries, keys, Sight::First(keys), &exec);
    }
}

#[test]
fn keys_beyond_those_in_sight_do_not_count() {
    check(20, 70, Sight::First(45), &Exec::cpu(1));
    check(1, 70, Sight::First(45), &Exec::cpu(1));
    check(4, 70, Sight::Causal { start: 0 }, &Exec::cpu(1));
    check(3, 70, Sight::Causal { start: 60 }, &Exec::cpu(1));
}

#[test]
fn more_keys_than_there_are_is_an_error() {
    let x = random(4, WIDTH, 1);
    let keys = transposed(&x).expect("a matrix");
    let exec = Exec::cpu(1);
    assert!(attend(&x, &keys, &x, HEADS, Sight::First(5), &exec).is_err());
    assert!(attend(&x, &keys, &x, HEADS, Sight::Causal { start: 1 }, &exec).is_err());
}
