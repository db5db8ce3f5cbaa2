//! Numbers with what they count: money, percent, units, ranges, ordinals, decades, telephones.

use super::digits::{Written, run};
use super::numbers::{cardinal, digits, fraction, ordinal, plural, year};
use super::{Reading, Said, words};

/// Sign, unit, its plural, its hundredth.
const MONEY: [(char, &str, &str, &str); 5] = [
    ('$', "dollar", "dollars", "cent"),
    ('€', "euro", "euros", "cent"),
    ('£', "pound", "pounds", "penny"),
    ('¥', "yen", "yen", ""),
    ('₹', "rupee", "rupees", "paisa"),
];

/// What is written, one of it, several of it. Longer ones first where one begins another.
const UNITS: [(&str, &str, &str); 58] = [
    ("km/h", "kilometer per hour", "kilometers per hour"),
    ("kmh", "kilometer per hour", "kilometers per hour"),
    ("kph", "kilometer per hour", "kilometers per hour"),
    ("mph", "mile per hour", "miles per hour"),
    ("m/s", "meter per second", "meters per second"),
    ("km²", "square kilometer", "square kilometers"),
    ("m²", "square meter", "square meters"),
    ("m³", "cubic meter", "cubic meters"),
    ("km", "kilometer", "kilometers"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("mi", "mile", "miles"),
    ("ft", "foot", "feet"),
    ("yd", "yard", "yards"),
    ("kg", "kilogram", "kilograms"),
    ("mg", "milligram", "milligrams"),
    ("lbs", "pound", "pounds"),
    ("lb", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("tbsp", "tablespoon", "tablespoons"),
    ("tsp", "teaspoon", "teaspoons"),
    ("ml", "milliliter", "milliliters"),
    ("mL", "milliliter", "milliliters"),
    ("°C", "degree Celsius", "degrees Celsius"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    ("℃", "degree Celsius", "degrees Celsius"),
    ("℉", "degree Fahrenheit", "degrees Fahrenheit"),
    ("°", "degree", "degrees"),
    ("TB", "terabyte", "terabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("MB", "megabyte", "megabytes"),
    ("KB", "kilobyte", "kilobytes"),
    ("kB", "kilobyte", "kilobytes"),
    ("Gbps", "gigabit per second", "gigabits per second"),
    ("Mbps", "megabit per second", "megabits per second"),
    ("GHz", "gigahertz", "gigahertz"),
    ("MHz", "megahertz", "megahertz"),
    ("kHz", "kilohertz", "kilohertz"),
    ("Hz", "hertz", "hertz"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("kW", "kilowatt", "kilowatts"),
    ("mAh", "milliamp hour", "milliamp hours"),
    ("dB", "decibel", "decibels"),
    ("ms", "millisecond", "milliseconds"),
    ("secs", "second", "seconds"),
    ("sec", "second", "seconds"),
    ("mins", "minute", "minutes"),
    ("min", "minute", "minutes"),
    ("hrs", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("px", "pixel", "pixels"),
    ("m", "meter", "meters"),
    ("g", "gram", "grams"),
    ("L", "liter", "liters"),
    ("l", "liter", "liters"),
    ("h", "hour", "hours"),
    ("s", "second", "seconds"),
    ("W", "watt", "watts"),
];

/// "$3.50", "€5", "$2 million", "-$5".
pub(super) fn money_before(text: &str) -> Reading {
    let (sign, one, many, hundredth) = MONEY.into_iter().find(|money| text.starts_with(money.0))?;
    let rest = text[sign.len_utf8()..].trim_start_matches(' ');
    let number = Written::read(rest)?;
    let mut at = text.len() - rest.len() + number.length;
    if let Some((scale, length)) = scale_word(&text[at..]) {
        return Some((
            at + length,
            words(&format!("{} {scale} {many}", number.words())),
        ));
    }
    let cents = number
        .decimals
        .filter(|cents| cents.len() == 2 && !hundredth.is_empty());
    let Some(cents) = cents.and_then(|cents| cents.parse::<u64>().ok()) else {
        let unit = if number.is_one() { one } else { many };
        return Some((at, words(&format!("{} {unit}", number.words()))));
    };
    let whole: u64 = number.whole.parse().unwrap_or(0);
    let unit = if whole == 1 { one } else { many };
    let mut said = Vec::new();
    if whole > 0 || cents == 0 {
        said.push(format!("{} {unit}", cardinal(whole)));
    }
    if cents > 0 {
        let part = match (hundredth, cents) {
            ("penny", 2..) => "pence".to_owned(),
            (part, 1) => part.to_owned(),
            (part, _) => plural(part),
        };
        said.push(format!("{} {part}", cardinal(cents)));
    }
    at = at.max(1);
    Some((at, words(&said.join(" and "))))
}

/// " million", "M", "bn" behind an amount of money.
fn scale_word(text: &str) -> Option<(&'static str, usize)> {
    let rest = text.strip_prefix(' ').unwrap_or(text);
    let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
    let scale = match &rest[..letters] {
        "thousand" | "k" | "K" => "thousand",
        "million" | "m" | "M" | "mn" => "million",
        "billion" | "b" | "B" | "bn" => "billion",
        "trillion" | "tn" => "trillion",
        _ => return None,
    };
    // "5 m" may be anything, "$5m" may not.
    let spaced = rest.len() < text.len();
    (!spaced || letters > 2).then_some((scale, text.len() - rest.len() + letters))
}

/// Everything that begins with a digit and is no date and no time.
pub(super) fn counted(text: &str) -> Reading {
    telephone(text)
        .or_else(|| version(text))
        .or_else(|| parts(text))
        .or_else(|| range(text))
        .or_else(|| ending(text))
        .or_else(|| plain(text))
}

/// A number with a unit, a currency or a percent sign behind it, or alone.
fn plain(text: &str) -> Reading {
    let number = Written::read(text)?;
    let rest = &text[number.length..];
    if let Some((unit, length)) = unit(rest, number.is_one()) {
        return Some((
            number.length + length,
            words(&format!("{} {unit}", number.words())),
        ));
    }
    let year_like = number
        .value()
        .filter(|_| number.length == 4 && run(text) == 4);
    let said = match year_like {
        Some(value @ 1100..2100) => year(value),
        _ => number.words(),
    };
    Some((number.length, words(&said)))
}

/// The unit that `text` begins with, in words, and its bytes.
fn unit(text: &str, one: bool) -> Option<(String, usize)> {
    let rest = text
        .strip_prefix([' ', '\u{a0}', '\u{202f}'])
        .unwrap_or(text);
    let space = text.len() - rest.len();
    if let Some(behind) = rest.strip_prefix('%') {
        return Some(("percent".to_owned(), text.len() - behind.len()));
    }
    if let Some((sign, single, many, _)) = MONEY.into_iter().find(|m| rest.starts_with(m.0)) {
        let name = if one { single } else { many };
        return (space <= 1 && sign != '$').then(|| (name.to_owned(), space + sign.len_utf8()));
    }
    let (written, single, many) = UNITS.into_iter().find(|(written, ..)| {
        rest.strip_prefix(written)
            .is_some_and(|behind| !behind.starts_with(|c: char| c.is_alphanumeric() || c == '\''))
    })?;
    Some((
        (if one { single } else { many }).to_owned(),
        space + written.len(),
    ))
}

/// "1st", "22nd", "1990s", "'90s" without its apostrophe, "3x".
fn ending(text: &str) -> Reading {
    let number = Written::read(text)?;
    let value = number.value()?;
    let rest = &text[number.length..];
    let free = |length: usize| !rest[length..].starts_with(char::is_alphanumeric);
    if ["st", "nd", "rd", "th"]
        .iter()
        .any(|ending| rest.starts_with(ending))
        && free(2)
    {
        return Some((number.length + 2, words(&ordinal(value))));
    }
    let decade = value % 10 == 0 && (number.length == 4 || number.length == 2) && value >= 20;
    if decade && rest.starts_with('s') && free(1) {
        let said = if number.length == 4 {
            year(value)
        } else {
            cardinal(value)
        };
        return Some((number.length + 1, words(&plural(&said))));
    }
    (rest.starts_with('x') && free(1)).then(|| {
        (
            number.length + 1,
            words(&format!("{} times", cardinal(value))),
        )
    })
}

/// "1.2.3": a version or an address.
fn version(text: &str) -> Reading {
    let mut at = 0;
    let mut groups = Vec::new();
    loop {
        let length = run(&text[at..]);
        if length == 0 || length > 6 || groups.len() > 7 {
            return None;
        }
        groups.push(&text[at..at + length]);
        at += length;
        if !(text[at..].starts_with('.') && run(&text[at + 1..]) > 0) {
            break;
        }
        at += 1;
    }
    let said: Vec<String> = groups
        .iter()
        .map(|group| group.parse().map_or_else(|_| digits(group), cardinal))
        .collect();
    (groups.len() > 2).then(|| (at, words(&said.join(" point "))))
}

/// "1/2", "3/4", "2 1/2", "24/7".
fn parts(text: &str) -> Reading {
    let above = run(text);
    let whole = (above > 0)
        .then(|| text[..above].parse::<u64>().ok())
        .flatten()?;
    if let Some(rest) = text[above..].strip_prefix(' ')
        && let Some((length, said)) = parts(rest).filter(|_| !rest.contains("24/7"))
        && run(rest) == 1
    {
        let said = said.into_iter();
        let mut all = words(&format!("{} and", cardinal(whole)));
        // "two and a half", not "two and one half".
        all.extend(said.enumerate().map(|(index, word)| match word {
            Said::Word(one) if index == 0 && one == "one" => Said::word("a"),
            other => other,
        }));
        return Some((above + 1 + length, all));
    }
    let rest = text[above..].strip_prefix('/')?;
    let below = run(rest);
    let number: u64 = rest[..below].parse().ok()?;
    let end = above + 1 + below;
    if text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '/') {
        return None;
    }
    let said = match (whole, number) {
        (24, 7) => "twenty four seven".to_owned(),
        (1.., 2..=100) if whole < number => fraction(whole, number),
        _ => format!("{} slash {}", cardinal(whole), cardinal(number)),
    };
    Some((end, words(&said)))
}

/// "5-10", "2019–2021", "5-10 km".
fn range(text: &str) -> Reading {
    let first = Written::read(text)?;
    let rest = text[first.length..].strip_prefix(['-', '–', '—'])?;
    let second = Written::read(rest)?;
    let end = text.len() - rest.len() + second.length;
    let behind = &text[end..];
    if behind
        .strip_prefix(['-', '–'])
        .is_some_and(|behind| run(behind) > 0)
    {
        return None;
    }
    let (unit, length) = unit(behind, false).unwrap_or_default();
    if length == 0 && behind.starts_with(char::is_alphabetic) {
        return None;
    }
    let years = |number: &Written<'_>| {
        number
            .value()
            .filter(|value| number.length == 4 && (1100..2100).contains(value))
    };
    let said = match (years(&first), years(&second)) {
        (Some(first), Some(second)) => format!("{} to {}", year(first), year(second)),
        _ => format!("{} to {} {unit}", first.words(), second.words()),
    };
    Some((end + length, words(&said)))
}

/// "555-1234", "(555) 123-4567", "+1 555 123 4567": digit by digit, groups apart.
pub(super) fn telephone(text: &str) -> Reading {
    let (mut at, mut groups, mut international) = (0, Vec::new(), false);
    if text.starts_with('+') {
        (at, international) = (1, true);
    }
    while at < text.len() && groups.len() < 6 {
        let rest = &text[at..];
        let open = usize::from(rest.starts_with('('));
        let length = run(&rest[open..]);
        let closed = rest[open + length..].starts_with(')');
        if length == 0 || length > 4 + 8 * usize::from(international) || (open == 1) != closed {
            break;
        }
        groups.push(&rest[open..open + length]);
        at += open + length + usize::from(closed);
        let rest = &text[at..];
        let spaced = international || closed;
        let joined = rest.starts_with('-') || (spaced && rest.starts_with(' '));
        let next = rest.get(1..).unwrap_or_default();
        let next = if international {
            next.trim_start_matches('(')
        } else {
            next
        };
        if !(joined && run(next) >= 2) {
            break;
        }
        at += 1;
    }
    let count: usize = groups.iter().map(|group| group.len()).sum();
    let years = groups.len() == 2 && groups.iter().all(|group| group.len() == 4);
    let free = !text[at..].starts_with(char::is_alphanumeric);
    if !(7..=15).contains(&count) || (groups.len() < 2 && !international) || years || !free {
        return None;
    }
    let mut said = Vec::new();
    if international {
        said.push(Said::word("plus"));
    }
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            said.push(Said::Pause(','));
        }
        said.extend(words(&digits(group)));
    }
    Some((at, said))
}
