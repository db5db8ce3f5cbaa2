//! Numbers in words.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [(u64, &str); 5] = [
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

/// 342 → "three hundred forty two".
pub(super) fn cardinal(number: u64) -> String {
    if let Some(&(scale, name)) = SCALES.iter().find(|(scale, _)| number >= *scale) {
        return with_rest(
            &format!("{} {name}", cardinal(number / scale)),
            number % scale,
        );
    }
    match number as usize {
        small @ 0..20 => SMALL[small].to_owned(),
        medium @ 20..100 => with_rest(TENS[medium / 10], number % 10),
        large => with_rest(&format!("{} hundred", SMALL[large / 100]), number % 100),
    }
}

fn with_rest(head: &str, rest: u64) -> String {
    if rest == 0 {
        head.to_owned()
    } else {
        format!("{head} {}", cardinal(rest))
    }
}

/// 22 → "twenty second".
pub(super) fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let (head, last) = words
        .rsplit_once(' ')
        .map_or(("", words.as_str()), |(h, l)| (h, l));
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        tens if tens.ends_with('y') => format!("{}ieth", tens.trim_end_matches('y')),
        other => format!("{other}th"),
    };
    if head.is_empty() {
        last
    } else {
        format!("{head} {last}")
    }
}

/// 1995 → "nineteen ninety five", 2005 → "two thousand five", 1900 → "nineteen hundred".
pub(super) fn year(number: u64) -> String {
    let (century, rest) = (number / 100, number % 100);
    match rest {
        _ if !(1100..2100).contains(&number) || (2000..2010).contains(&number) => cardinal(number),
        0 => format!("{} hundred", cardinal(century)),
        1..10 => format!("{} oh {}", cardinal(century), cardinal(rest)),
        _ => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

/// "nineties" for 90; the plural of the last word otherwise.
pub(super) fn plural(words: &str) -> String {
    match words.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if words.ends_with('x') => format!("{words}es"),
        None => format!("{words}s"),
    }
}

/// The digits one by one.
pub(super) fn digits(digits: &str) -> String {
    let names = digits.chars().filter_map(|digit| digit.to_digit(10));
    names
        .map(|digit| SMALL[digit as usize])
        .collect::<Vec<_>>()
        .join(" ")
}

/// "3/4" → "three quarters".
pub(super) fn fraction(above: u64, below: u64) -> String {
    let part = match below {
        2 if above == 1 => "half".to_owned(),
        2 => return format!("{} halves", cardinal(above)),
        4 => "quarter".to_owned(),
        _ => ordinal(below),
    };
    let part = if above == 1 { part } else { format!("{part}s") };
    format!("{} {part}", cardinal(above))
}

#[cfg(test)]
mod tests {
    use super::{cardinal, ordinal, year};

    #[test]
    fn numbers_are_read_as_people_say_them() {
        assert_eq!(cardinal(0), "zero");
        assert_eq!(cardinal(1_000_013), "one million thirteen");
        assert_eq!(cardinal(342), "three hundred forty two");
        assert_eq!(
            cardinal(u64::MAX).split(' ').next(),
            Some("eighteen"),
            "the largest number ends somewhere"
        );
        assert_eq!(ordinal(22), "twenty second");
        assert_eq!(ordinal(40), "fortieth");
        assert_eq!(ordinal(112), "one hundred twelfth");
        assert_eq!(year(1905), "nineteen oh five");
        assert_eq!(year(2026), "twenty twenty six");
        assert_eq!(year(2007), "two thousand seven");
    }
}
