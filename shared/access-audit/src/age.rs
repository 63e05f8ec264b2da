//! How long ago something was.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What has not been used for longer is unused, and what has not been changed for longer is old: AWS Foundational Security
/// Best Practices IAM.3 and IAM.8.
pub(crate) const DAYS: i64 = 90;

/// Whole days from `then`, as RFC 3339, to `now`; `None` where it is no time.
pub(crate) fn days_since(then: &str, now: OffsetDateTime) -> Option<i64> {
    Some((now - OffsetDateTime::parse(then, &Rfc3339).ok()?).whole_days())
}
