//! Instants and spans as people read them. All times are UTC and say so where they stand alone.

use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

/// `23 November 2026, 00:56:04 UTC`
pub(crate) fn moment(at: OffsetDateTime) -> String {
    let format = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute]:[second] UTC");
    utc(at).format(format).unwrap_or_else(|_| at.to_string())
}

/// `00:56:04.120`, for columns under a heading that names the day.
pub(crate) fn clock(at: OffsetDateTime) -> String {
    let format = format_description!("[hour]:[minute]:[second].[subsecond digits:3]");
    utc(at).format(format).unwrap_or_else(|_| at.to_string())
}

/// `00:56`
pub(crate) fn minute(at: OffsetDateTime) -> String {
    let at = utc(at);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// `23 Nov 2026`
pub(crate) fn day(at: OffsetDateTime) -> String {
    let format = format_description!("[day padding:none] [month repr:short] [year]");
    utc(at).format(format).unwrap_or_else(|_| at.date().to_string())
}

/// `2026-11-23T00:56:04Z`, for attributes that machines read.
pub(crate) fn machine(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    utc(at).format(format).unwrap_or_else(|_| at.to_string())
}

/// `0.42 s`, `12.4 s`, `4 min 12 s`, `3 h 12 min`, `4 d 3 h`; two units at most.
pub(crate) fn span(duration: Duration) -> String {
    let sign = if duration.is_negative() { "−" } else { "" };
    let duration = duration.abs();
    let seconds = duration.as_seconds_f64();
    let whole = seconds.round() as i64;
    let two = |large: i64, unit: &str, small: i64, smaller: &str| match small {
        0 => format!("{sign}{large} {unit}"),
        small => format!("{sign}{large} {unit} {small} {smaller}"),
    };
    match whole {
        ..10 => format!("{sign}{seconds:.2} s"),
        10..60 => format!("{sign}{seconds:.1} s"),
        60..3_600 => two(whole / 60, "min", whole % 60, "s"),
        3_600..86_400 => two(whole / 3_600, "h", whole % 3_600 / 60, "min"),
        _ => two(whole / 86_400, "d", whole % 86_400 / 3_600, "h"),
    }
}

/// A difference of instants that cannot overflow.
pub(crate) fn between(from: OffsetDateTime, to: OffsetDateTime) -> Duration {
    Duration::seconds(to.unix_timestamp().saturating_sub(from.unix_timestamp()))
        .saturating_add(Duration::nanoseconds(i64::from(to.nanosecond()) - i64::from(from.nanosecond())))
}

fn utc(at: OffsetDateTime) -> OffsetDateTime {
    at.checked_to_offset(UtcOffset::UTC).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_span_has_two_units_at_most_and_keeps_its_sign() {
        for (milliseconds, expected) in [
            (0, "0.00 s"),
            (1_434, "1.43 s"),
            (-1_434, "−1.43 s"),
            (12_400, "12.4 s"),
            (60_000, "1 min"),
            (252_000, "4 min 12 s"),
            (11_520_000, "3 h 12 min"),
            (356_400_000, "4 d 3 h"),
        ] {
            assert_eq!(span(Duration::milliseconds(milliseconds)), expected);
        }
    }

    #[test]
    fn every_time_is_told_in_utc() {
        let at = datetime!(2026-11-23 02:56:04.12 +02:00);
        assert_eq!(moment(at), "23 November 2026, 00:56:04 UTC");
        assert_eq!(clock(at), "00:56:04.120");
        assert_eq!(machine(at), "2026-11-23T00:56:04.120Z");
    }

    #[test]
    fn the_ends_of_time_can_be_told_apart() {
        let ends = (datetime!(-9999-01-01 00:00 UTC), datetime!(9999-12-31 23:59:59.999999999 UTC));
        assert!(between(ends.0, ends.1).is_positive());
        assert!(!moment(ends.0).is_empty() && !moment(ends.1).is_empty());
    }
}
