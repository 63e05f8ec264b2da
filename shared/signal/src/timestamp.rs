//! Timestamps as AWS writes them: RFC 3339, or ISO 8601 with an offset that lacks its colon (`…26.838+0000`).

use crate::error::SignalError;
use crate::node::Node;
use crate::quoted::Quoted;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// Nothing that AWS writes comes near; a longer one isn't worth reading.
const LONGEST: usize = 40;

/// Reads a timestamp of any offset and gives it in UTC.
pub(crate) fn read(node: &Node<'_>) -> Result<OffsetDateTime, SignalError> {
    let text = node.text()?;
    parse(text).ok_or_else(|| {
        node.invalid(format!("expected a timestamp such as 2025-11-14T18:40:26.838+0000, found {}", Quoted(text)))
    })
}

fn parse(text: &str) -> Option<OffsetDateTime> {
    if text.len() > LONGEST {
        return None;
    }
    let at = OffsetDateTime::parse(&with_colon(text), &Rfc3339).ok()?.checked_to_offset(UtcOffset::UTC)?;
    // Whatever is kept must be writable again, and no alarm changed its state before 1970.
    (at.unix_timestamp() >= 0).then_some(at)
}

/// Writes `+0000` as `+00:00`.
fn with_colon(text: &str) -> String {
    let lacking = text.len().checked_sub(5).and_then(|at| text.split_at_checked(at)).filter(|(_, offset)| {
        offset.starts_with(['+', '-']) && offset.bytes().skip(1).all(|byte| byte.is_ascii_digit())
    });
    match lacking.and_then(|(instant, offset)| Some((instant, offset.split_at_checked(3)?))) {
        Some((instant, (hours, minutes))) => format!("{instant}{hours}:{minutes}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    #[test]
    fn every_form_that_aws_writes_is_read_in_utc() {
        for (text, expected) in [
            ("2025-11-14T18:40:26.838+0000", datetime!(2025-11-14 18:40:26.838 UTC)),
            ("2025-11-14T18:40:26.838123+0000", datetime!(2025-11-14 18:40:26.838123 UTC)),
            ("2025-11-14T18:40:26.838Z", datetime!(2025-11-14 18:40:26.838 UTC)),
            ("2025-11-14T18:40:26Z", datetime!(2025-11-14 18:40:26 UTC)),
            ("2025-11-14T20:40:26+0200", datetime!(2025-11-14 18:40:26 UTC)),
            ("2025-11-14T13:10:26-05:30", datetime!(2025-11-14 18:40:26 UTC)),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!(parsed, expected, "{text}");
            assert_eq!(parsed.offset(), UtcOffset::UTC, "{text}");
        }
    }

    #[test]
    fn other_text_is_no_timestamp() {
        for text in [
            "",
            "now",
            "1763145626",
            "2025-11-14",
            "2025-11-14T18:40:26",
            "2025-02-30T00:00:00Z",
            "2025-11-14T18:40:26.838+000é",
            "Friday 14 November, 2025 18:40:26 UTC",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("2025-11-14T18:40:26.{}Z", "0".repeat(50))), None);
    }

    #[test]
    fn an_instant_before_1970_or_after_9999_is_refused() {
        for text in ["9999-12-31T23:59:59-0100", "0000-01-01T00:00:00+0100", "1969-12-31T23:59:59Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_read_is_what_was_written(seconds in 0_i64..4_000_000_000, milliseconds in 0_u16..1000) {
            let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap().replace_millisecond(milliseconds).unwrap();
            let (date, time) = (at.date(), at.time());
            let text = format!("{date}T{:02}:{:02}:{:02}.{milliseconds:03}+0000", time.hour(), time.minute(), time.second());
            prop_assert_eq!(parse(&text), Some(at));
        }
    }
}
