use super::*;

const RATE_HZ: u32 = 22_050;

/// Letters whose sounds are noise of different colours, 60 to 140 ms each, with silence around them.
fn take(seed: u64) -> (Vec<f32>, Vec<Timed>) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut samples: Vec<f32> = Vec::new();
    let mut letters = Vec::new();
    let mut last = None;
    for at in 0..12 {
        let letter = (at > 0 && at < 11).then(|| {
            loop {
                let letter = ['a', 'm', 's', 'i'][rng.usize(..4)];
                if last != Some(letter) {
                    break letter;
                }
            }
        });
        last = letter;
        let first = samples.len() as u64;
        let length = rng.usize(1300..3100);
        let (level, pole) = match letter {
            Some('a') => (0.3, 0.9f32),
            Some('m') => (0.1, 0.98),
            Some('s') => (0.2, -0.9),
            Some(_) => (0.25, 0.3),
            None => (0.0, 0.0),
        };
        let mut sum = 0.0;
        for _ in 0..length {
            sum = pole * sum + (1.0 - pole.abs()) * (rng.f32() - 0.5);
            samples.push(level * sum + 1e-4 * (rng.f32() - 0.5));
        }
        letters.push((letter, first, samples.len() as u64));
    }
    (samples, letters)
}

/// The letters with all borders between them moved by up to 30 ms, and 10 ms late on the whole.
fn moved(letters: &[Timed], seed: u64) -> Vec<Timed> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut letters = letters.to_vec();
    for at in 1..letters.len() {
        let late = (10.0 + 20.0 * (2.0 * rng.f64() - 1.0)) / 1000.0 * f64::from(RATE_HZ);
        let border = letters[at].1.saturating_add_signed(late as i64);
        (letters[at - 1].2, letters[at].1) = (border, border);
    }
    letters
}

#[test]
fn borders_are_found_where_the_sound_changes_and_not_where_a_table_says() {
    let takes: Vec<_> = (0..40).map(take).collect();
    let spoken: Vec<Spoken<'_>> = takes
        .iter()
        .enumerate()
        .map(|(at, (samples, letters))| Spoken {
            samples,
            letters: moved(letters, 1000 + at as u64),
        })
        .collect();
    let (trained, held_out) = spoken.split_at(30);
    let aligner = Aligner::fit(RATE_HZ, trained);
    let (mut apart, mut before, mut borders) = (0.0, 0.0, 0.0);
    for (take, (_, letters)) in held_out.iter().zip(&takes[30..]) {
        let shown = aligner.align(take).expect("there is a way");
        assert_eq!(shown.len(), letters.len());
        for at in 1..letters.len() {
            let millis = |a: u64, b: u64| a.abs_diff(b) as f64 * 1000.0 / f64::from(RATE_HZ);
            assert_eq!(shown[at - 1].2, shown[at].1);
            apart += millis(shown[at].1, letters[at].1);
            before += millis(take.letters[at].1, letters[at].1);
            borders += 1.0;
        }
    }
    let (apart, before) = (apart / borders, before / borders);
    assert!(
        apart < 0.5 * before && before > 10.0,
        "{apart} ms, {before} ms before"
    );
}

#[test]
fn what_has_two_shapes_is_shared_by_its_states_and_what_is_not_known_has_no_way() {
    let shapes = |letter| {
        (0..STATES)
            .map(|state| viseme(letter, state).name())
            .collect::<Vec<_>>()
    };
    assert_eq!(shapes('p'), ["M", "M", "P"]);
    assert_eq!(shapes('ʧ'), ["Th", "U", "U"]);
    assert_eq!(shapes('a'), ["A"; 3]);
    let (samples, letters) = take(1);
    let aligner = Aligner::fit(
        RATE_HZ,
        &[Spoken {
            samples: &samples,
            letters: letters.clone(),
        }],
    );
    let spoken = |letters: &[Timed]| Spoken {
        samples: &samples,
        letters: letters.to_vec(),
    };
    assert!(aligner.align(&spoken(&letters)).is_some());
    let mut other = letters.clone();
    other[3].0 = Some('ʒ');
    assert!(aligner.align(&spoken(&other)).is_none());
    // Nothing sounds for less than a step in each of its states.
    let short = Spoken {
        samples: &samples[..600],
        letters: (0..3)
            .map(|at| (Some('a'), 200 * at, 200 * at + 200))
            .collect(),
    };
    assert!(aligner.align(&short).is_none());
}
