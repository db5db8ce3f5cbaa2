//! The likeliest way through states that follow one another.

use std::ops::RangeInclusive;

/// A state: a part of a sound.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Which distribution its steps have.
    pub(super) kind: usize,
    /// The steps at which it may begin.
    pub(super) begins: RangeInclusive<usize>,
}

/// The first step of each of `states` on the way through `steps` steps whose scores have the largest sum; `None`
/// where no way leads through. `score` is asked for a step and a kind.
pub(super) fn best(
    states: &[State],
    steps: usize,
    mut score: impl FnMut(usize, usize) -> f64,
) -> Option<Vec<usize>> {
    let count = states.len();
    let mut sums = vec![f64::NEG_INFINITY; count];
    let mut entered = vec![false; count * steps];
    for at in 0..steps {
        // From behind, so that the one before is still that of the step before.
        for state in (0..count).rev() {
            let State { kind, begins } = &states[state];
            let over = states
                .get(state + 1)
                .is_some_and(|next| *next.begins.end() <= at);
            if at < *begins.start() || over {
                sums[state] = f64::NEG_INFINITY;
                continue;
            }
            let before = match state.checked_sub(1) {
                Some(before) => sums[before],
                None if at == 0 => 0.0,
                None => f64::NEG_INFINITY,
            };
            let enters = begins.contains(&at) && before > sums[state];
            entered[at * count + state] = enters;
            let sum = if enters { before } else { sums[state] };
            sums[state] = if sum.is_finite() {
                sum + score(at, *kind)
            } else {
                sum
            };
        }
    }
    if !sums.last()?.is_finite() {
        return None;
    }
    let mut firsts = vec![0; count];
    let mut state = count - 1;
    for at in (0..steps).rev() {
        if entered[at * count + state] {
            firsts[state] = at;
            match state.checked_sub(1) {
                Some(before) => state = before,
                None => break,
            }
        }
    }
    Some(firsts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best by trying all.
    fn tried(states: &[State], steps: usize, score: &[f64]) -> Option<f64> {
        fn rest(states: &[State], at: usize, steps: usize, score: &[f64]) -> f64 {
            let Some((first, others)) = states.split_first() else {
                return if at == steps { 0.0 } else { f64::NEG_INFINITY };
            };
            if !first.begins.contains(&at) {
                return f64::NEG_INFINITY;
            }
            let sum = |end: usize| (at..end).map(|t| score[t * 4 + first.kind]).sum::<f64>();
            let ways = (at + 1..=steps).map(|end| sum(end) + rest(others, end, steps, score));
            ways.fold(f64::NEG_INFINITY, f64::max)
        }
        let best = rest(states, 0, steps, score);
        best.is_finite().then_some(best)
    }

    #[test]
    fn it_is_the_best_of_all_ways_and_there_is_none_where_none_is_allowed() {
        let mut found = 0;
        for seed in 0..400 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let (count, steps) = (rng.usize(1..5), rng.usize(1..9));
            let states: Vec<State> = (0..count)
                .map(|at| {
                    let first = if at == 0 { 0 } else { rng.usize(..steps) };
                    let begins = first..=first + rng.usize(..4);
                    State {
                        kind: rng.usize(..4),
                        begins,
                    }
                })
                .collect();
            let score: Vec<f64> = (0..steps * 4).map(|_| rng.f64()).collect();
            let firsts = best(&states, steps, |at, kind| score[at * 4 + kind]);
            let sum = firsts.map(|firsts| {
                let ends = firsts.iter().skip(1).chain([&steps]);
                let one = |(state, (first, end)): (&State, (&usize, &usize))| -> f64 {
                    assert!(state.begins.contains(first) && first < end);
                    (*first..*end).map(|at| score[at * 4 + state.kind]).sum()
                };
                states
                    .iter()
                    .zip(firsts.iter().zip(ends))
                    .map(one)
                    .sum::<f64>()
            });
            match (sum, tried(&states, steps, &score)) {
                (Some(sum), Some(best)) => {
                    assert!((sum - best).abs() < 1e-9, "seed {seed}");
                    found += 1;
                }
                (None, None) => {}
                (sum, best) => panic!("seed {seed}: {sum:?}, {best:?}"),
            }
        }
        assert!(found > 40, "{found}");
    }
}
