//! When an attack was: from before its incident opened to its release. Nothing of that time is ever taken for usual.

use crate::incident::{Incident, IncidentState};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// As many ranges as CloudWatch excludes from a model (AWS: "PutAnomalyDetector", `ExcludedTimeRanges`).
pub const MOST_RANGES: usize = 10;

/// An alarm needs minutes to ring and the longest window that is judged is 40 of them.
const BEFORE: Duration = Duration::hours(1);
/// An alarm that rang for longer before anybody was contained says nothing of when the attack began.
const RANG_AT_MOST: Duration = Duration::hours(6);

/// From when (included) to when (not included), whole minutes, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeRange {
    pub from_s: i64,
    pub until_s: i64,
}

impl TimeRange {
    /// Rounded out to whole minutes.
    pub fn around(from: OffsetDateTime, until: OffsetDateTime) -> Self {
        let from_s = from.unix_timestamp().div_euclid(60) * 60;
        let until_s = until.unix_timestamp().saturating_add(59).div_euclid(60) * 60;
        Self { from_s, until_s: until_s.max(from_s) }
    }

    /// `from 2026-11-23T12:00:00Z to 2026-11-23T14:00:00Z`.
    pub fn in_words(&self) -> String {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok();
        format!("from {} to {}", at(self.from_s).unwrap_or_default(), at(self.until_s).unwrap_or_default())
    }
}

/// As the table keeps it: `FROM/UNTIL`.
impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.from_s, self.until_s)
    }
}

impl FromStr for TimeRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (from, until) = text.split_once('/').ok_or(())?;
        let range = Self { from_s: from.parse().map_err(|_| ())?, until_s: until.parse().map_err(|_| ())? };
        if range.from_s <= range.until_s { Ok(range) } else { Err(()) }
    }
}

/// The newest of them, [`MOST_RANGES`] at most.
pub fn newest(ranges: &BTreeSet<TimeRange>) -> BTreeSet<TimeRange> {
    ranges.iter().rev().take(MOST_RANGES).copied().collect()
}

impl Incident {
    /// The attack's time range, once it is released. `None` of what was no attack: a false alarm, a drill, and what
    /// contained nobody.
    pub fn attack(&self) -> Option<TimeRange> {
        if self.state != IncidentState::Released || self.false_alarm || self.drill {
            return None;
        }
        let released_at = self.release.as_ref()?.released_at?;
        let earliest = self.opened_at.checked_sub(RANG_AT_MOST).unwrap_or(self.opened_at);
        let rang_at = self.transitioned_at.unwrap_or(self.opened_at).min(self.opened_at).max(earliest);
        Some(TimeRange::around(rang_at.checked_sub(BEFORE).unwrap_or(rang_at), released_at))
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_RANGES, TimeRange, newest};
    use time::OffsetDateTime;

    #[test]
    fn a_range_is_rounded_out_and_read_back() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let range = TimeRange::around(at(119), at(121));
        assert_eq!(range, TimeRange { from_s: 60, until_s: 180 });
        assert_eq!(range.to_string().parse(), Ok(range));
        assert_eq!(TimeRange::around(at(60), at(60)), TimeRange { from_s: 60, until_s: 60 });
        for wrong in ["", "60", "180/60", "a/b", "60/180/1"] {
            assert!(wrong.parse::<TimeRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_oldest_rotate_out() {
        let ranges = (0..12).map(|hour| TimeRange { from_s: hour * 3600, until_s: hour * 3600 + 60 }).collect();
        let kept = newest(&ranges);
        assert_eq!((kept.len(), kept.first().unwrap().from_s), (MOST_RANGES, 2 * 3600));
    }
}
