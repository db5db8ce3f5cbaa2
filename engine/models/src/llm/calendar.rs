//! Today's date for chat templates that ask for it.

use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];

/// The present moment (UTC) in the given `strftime` format.
pub(super) fn now(format: &str) -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    write(format, since.as_secs())
}

/// Knows `%Y %m %d %e %B %b %A %a %H %M %S %y %j %%`; anything else stays as it is.
fn write(format: &str, unix_seconds: u64) -> String {
    let days = unix_seconds / 86_400;
    let (year, day_of_year, month, day) = date(days);
    let second = unix_seconds % 86_400;
    let month_name = MONTHS[month];
    let day_name = DAYS[(days % 7) as usize];
    let mut out = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('Y') => out += &year.to_string(),
            Some('y') => out += &format!("{:02}", year % 100),
            Some('m') => out += &format!("{:02}", month + 1),
            Some('d') => out += &format!("{day:02}"),
            Some('e') => out += &format!("{day:2}"),
            Some('j') => out += &format!("{day_of_year:03}"),
            Some('B') => out += month_name,
            Some('b') => out += &month_name[..3],
            Some('A') => out += day_name,
            Some('a') => out += &day_name[..3],
            Some('H') => out += &format!("{:02}", second / 3600),
            Some('M') => out += &format!("{:02}", second / 60 % 60),
            Some('S') => out += &format!("{:02}", second % 60),
            Some('%') => out.push('%'),
            Some(other) => out.extend(['%', other]),
            None => out.push('%'),
        }
    }
    out
}

/// Year, day of the year from 1, month from 0, day of the month from 1.
fn date(mut days: u64) -> (u64, u64, usize, u64) {
    let mut year = 1970;
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let length = |year: u64| if leap(year) { 366 } else { 365 };
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let day_of_year = days + 1;
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 0;
    for long in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < long {
            break;
        }
        days -= long;
        month += 1;
    }
    (year, day_of_year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_right() {
        assert_eq!(write("%d %b %Y", 0), "01 Jan 1970");
        let format = "%A, %e %B %Y %H:%M:%S %j %y %m%%%q";
        assert_eq!(
            write(format, 951_782_400 + 3_661),
            "Tuesday, 29 February 2000 01:01:01 060 00 02%%q"
        );
        assert_eq!(write("%a %Y-%m-%d", 1_767_225_599), "Wed 2025-12-31");
    }
}
