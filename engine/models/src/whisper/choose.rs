//! From scores to tokens: what is ruled out, the likeliest, a drawn one, and probabilities.

/// Rules these tokens out.
pub(super) fn suppress(scores: &mut [f32], ids: &[u32]) {
    for id in ids {
        if let Some(score) = scores.get_mut(*id as usize) {
            *score = f32::NEG_INFINITY;
        }
    }
}

/// The best token and the natural logarithm of its probability.
pub(super) fn best(scores: &[f32]) -> (u32, f32) {
    let (mut token, mut highest) = (0, f32::NEG_INFINITY);
    for (id, score) in scores.iter().enumerate() {
        if *score > highest {
            (token, highest) = (id as u32, *score);
        }
    }
    (token, -sum_above(scores, highest).ln())
}

/// A token drawn with `temperature`, and the natural logarithm of its probability at temperature 1:
/// so that texts of several temperatures can be compared.
pub(super) fn draw(scores: &[f32], temperature: f32, random: &mut fastrand::Rng) -> (u32, f32) {
    let (likeliest, _) = best(scores);
    let highest = scores.get(likeliest as usize).copied().unwrap_or(0.0);
    let weight = |score: f32| ((score - highest) / temperature).exp();
    let mut left = random.f32() * scores.iter().map(|s| weight(*s)).sum::<f32>();
    let mut token = likeliest;
    for (id, score) in scores.iter().enumerate() {
        left -= weight(*score);
        if left < 0.0 {
            token = id as u32;
            break;
        }
    }
    let above = scores.get(token as usize).map_or(0.0, |s| s - highest);
    (token, above - sum_above(scores, highest).ln())
}

/// The probability of one token.
pub(super) fn probability(scores: &[f32], id: u32) -> f32 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores
        .get(id as usize)
        .map_or(0.0, |s| (s - highest).exp() / sum_above(scores, highest))
}

/// The probabilities of these tokens if it is one of them.
pub(super) fn probabilities(scores: &[f32], ids: &[u32]) -> Vec<f32> {
    let of = |id: &u32| scores.get(*id as usize).copied();
    let some: Vec<f32> = ids
        .iter()
        .map(|id| of(id).unwrap_or(f32::NEG_INFINITY))
        .collect();
    let highest = some.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if highest == f32::NEG_INFINITY {
        return vec![0.0; ids.len()];
    }
    let all: f32 = some.iter().map(|s| (s - highest).exp()).sum();
    some.iter().map(|s| (s - highest).exp() / all).collect()
}

/// The sum of exp(score − highest), without what lies more than 17 below: 2⁻²⁴ each.
fn sum_above(scores: &[f32], highest: f32) -> f32 {
    scores
        .iter()
        .map(|s| s - highest)
        .filter(|d| *d > -17.0)
        .map(f32::exp)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_follows_the_scores_and_never_takes_what_is_ruled_out() {
        let mut scores = vec![1.0, 3.0, 9.0, 1.0];
        suppress(&mut scores, &[2]);
        let mut random = fastrand::Rng::with_seed(1);
        let drawn: Vec<u32> = (0..300)
            .map(|_| draw(&scores, 1.0, &mut random).0)
            .collect();
        let share = |token| drawn.iter().filter(|t| **t == token).count();
        assert_eq!(share(2), 0);
        // e² against 2: 0.787 of 300.
        assert!((200..270).contains(&share(1)), "{}", share(1));
        assert!(share(0) > 0 && share(3) > 0);
    }

    #[test]
    fn a_low_temperature_takes_the_likeliest_and_a_seed_repeats_itself() {
        let scores = [1.0, 3.0, 2.0];
        let run = |temperature, seed| -> Vec<u32> {
            let mut random = fastrand::Rng::with_seed(seed);
            (0..50)
                .map(|_| draw(&scores, temperature, &mut random).0)
                .collect()
        };
        assert_eq!(run(0.05, 3), vec![1; 50]);
        assert_eq!(run(1.0, 3), run(1.0, 3));
        assert_ne!(run(1.0, 3), run(1.0, 4));
    }

    #[test]
    fn a_drawn_token_has_the_probability_it_has_without_temperature() {
        let scores = [1.0, 3.0, 2.0];
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..20 {
            let (token, logprob) = draw(&scores, 0.7, &mut random);
            let chance = probability(&scores, token);
            assert!((logprob.exp() - chance).abs() < 1e-5);
        }
    }
}
