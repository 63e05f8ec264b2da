//! Calls a second, by kind of call. A run begins with nothing saved up: whoever ran before it may have used it.

use std::collections::BTreeMap;
use std::time::Duration;
use time::OffsetDateTime;

/// Calls a second of an account and Region that CloudWatch publishes (AWS: "CloudWatch service quotas").
fn a_second(kind: &str) -> u32 {
    match kind {
        "make-detector" | "exclude-attacks" => 10,
        "delete-detector" => 5,
        "put-alarm" | "delete-alarms" | "switch-on" | "switch-off" => 3,
        // Not published. Tags are read for what differs only, and EC2's calls are few.
        "read-tags" => 10,
        _ => 2,
    }
}

/// However often a kind is throttled, it is tried each so many seconds.
const SLOWEST: Duration = Duration::from_secs(8);

#[derive(Default)]
pub(super) struct Pace {
    next: BTreeMap<&'static str, OffsetDateTime>,
    interval: BTreeMap<&'static str, Duration>,
}

impl Pace {
    fn interval(&self, kind: &'static str) -> Duration {
        let known = self.interval.get(kind).copied();
        // A hair more than the rate allows: clocks differ.
        known.unwrap_or_else(|| Duration::from_millis(u64::from(1000 / a_second(kind)) + 2))
    }

    /// How long to wait before this call; its turn is taken.
    pub(super) fn turn(&mut self, kind: &'static str, now: OffsetDateTime) -> Duration {
        let interval = self.interval(kind);
        let due = self.next.get(kind).copied().unwrap_or(now + interval).max(now);
        self.next.insert(kind, due + interval);
        Duration::try_from(due - now).unwrap_or_default()
    }

    /// Somebody else uses the same rate: half of ours, and a pause.
    pub(super) fn slow_down(&mut self, kind: &'static str, now: OffsetDateTime) {
        let interval = (self.interval(kind) * 2).min(SLOWEST);
        self.interval.insert(kind, interval);
        self.next.insert(kind, now + interval * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;
    use time::OffsetDateTime;

    #[test]
    fn calls_of_a_kind_never_come_faster_than_its_rate() {
        let mut pace = Pace::default();
        let mut now = OffsetDateTime::UNIX_EPOCH;
        let mut made = Vec::new();
        for _ in 0..30 {
            now += pace.turn("put-alarm", now);
            made.push(now);
        }
        let within = |at: OffsetDateTime| {
            let second = at..at + Duration::from_secs(1);
            made.iter().filter(|one| second.contains(*one)).count()
        };
        assert!(made.iter().all(|at| within(*at) <= 3));
        assert!(*made.last().unwrap() - OffsetDateTime::UNIX_EPOCH < Duration::from_millis(10_100));
    }

    #[test]
    fn who_is_throttled_halves_its_rate_and_never_stops_trying() {
        let (mut pace, mut now) = (Pace::default(), OffsetDateTime::UNIX_EPOCH);
        let mut waits = Vec::new();
        for _ in 0..8 {
            pace.slow_down("put-alarm", now);
            waits.push(pace.turn("put-alarm", now));
            now += waits[waits.len() - 1];
        }
        assert!(waits.is_sorted());
        assert_eq!(waits.last(), Some(&Duration::from_secs(16)));
    }
}
