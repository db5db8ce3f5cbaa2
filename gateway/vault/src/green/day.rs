//! Days as they are said.

const DAY_MS: i64 = 24 * 3600 * 1000;
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

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    year: i64,
    month: usize,
    day: i64,
}

/// "today", "yesterday", "12 May", or "12 May 2024" if that is another year than now's. The offset is that
/// of the operator's clock from UTC, in minutes.
pub(super) fn said(at_ms: u64, now_ms: u64, offset_minutes: i32) -> String {
    let days = |ms: u64| {
        let local = crate::sqlite::signed(ms).saturating_add(i64::from(offset_minutes) * 60_000);
        local.div_euclid(DAY_MS)
    };
    let (then, now) = (days(at_ms), days(now_ms));
    match now - then {
        0 => return "today".to_owned(),
        1 => return "yesterday".to_owned(),
        _ => {}
    }
    let (then, now) = (Day::of(then), Day::of(now));
    let text = format!("{} {}", then.day, MONTHS[then.month]);
    if then.year == now.year {
        text
    } else {
        format!("{text} {}", then.year)
    }
}

impl Day {
    /// The day so many days after 1 January 1970, by eras of 400 years that begin in March.
    fn of(days: i64) -> Self {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = usize::try_from((from_march + 2) % 12).expect("0 to 11");
        Self {
            year: era * 400 + year_of_era + i64::from(from_march >= 10),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let rows = [
            (0, 1970, 0, 1),
            (-1, 1969, 11, 31),
            (58, 1970, 1, 28),
            (59, 1970, 2, 1),
            (11_016, 2000, 1, 29),
            (11_017, 2000, 2, 1),
            (20_785, 2026, 10, 28),
            (47_540, 2100, 1, 28),
            (47_541, 2100, 2, 1),
        ];
        for (days, year, month, day) in rows {
            assert_eq!(Day::of(days), Day { year, month, day }, "{days}");
        }
        // Every day follows the one before.
        let mut last = Day::of(-1000);
        for days in -999..100_000 {
            let day = Day::of(days);
            let next = day.day == last.day + 1 && day.month == last.month
                || day.day == 1 && day.month == (last.month + 1) % 12;
            assert!(next && day.year - last.year == i64::from(day.month == 0 && day.day == 1));
            last = day;
        }
    }

    #[test]
    fn a_day_is_said_from_where_the_operator_is() {
        let noon = 20_785 * 24 * 3600 * 1000 + 12 * 3600 * 1000; // 28 November 2026
        let hour = 3600 * 1000;
        let rows = [
            (noon, 0, "today"),
            (noon - 12 * hour, 0, "today"),
            (noon - 13 * hour, 0, "yesterday"),
            (noon - 13 * hour, 60, "today"),
            (noon - 12 * hour, -60, "yesterday"),
            (noon + 24 * hour, 0, "29 November"),
            (noon - 48 * hour, 0, "26 November"),
            (noon - 200 * 24 * hour, 0, "12 May"),
            (noon - 565 * 24 * hour, 0, "12 May 2025"),
            (0, 0, "1 January 1970"),
        ];
        for (at, offset, expected) in rows {
            assert_eq!(said(at, noon, offset), expected);
        }
        said(u64::MAX, 0, i32::MAX);
    }
}
