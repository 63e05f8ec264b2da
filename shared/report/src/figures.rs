//! What the traffic says in figures, and what it lacks.

use crate::times;
use crate::traffic::{Point, Traffic, is_number, usable, usable_band};
use notice::quantity::{amount, figure};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

/// CloudWatch evaluates what lies before the transition; this many periods of it count as the time of the alarm.
const EVALUATED: i32 = 5;
/// How much of an alarm without an end counts.
const LASTING: Duration = Duration::hours(1);

/// The instance's most unusual value in the time of the alarm, with what it is compared to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub value: f64,
    pub band: Option<(f64, f64)>,
    pub peers_median: Option<f64>,
    pub peers: usize,
}

pub(crate) fn figures(traffic: &Traffic, alarm_at: OffsetDateTime) -> Option<Figures> {
    let period = traffic.period();
    let (from, until) = traffic.alarm.map_or((alarm_at, None), |window| (window.from, window.until));
    let until = until.unwrap_or_else(|| from.saturating_add(LASTING));
    let from = from.saturating_sub(period.saturating_mul(EVALUATED));
    let band = usable_band(&traffic.band);
    let edges = |at| {
        let near = band.iter().filter(|point| times::between(point.at, at).abs() <= period);
        near.min_by_key(|point| times::between(point.at, at).abs()).map(|point| (point.lower, point.upper))
    };
    let excess = |point: &Point| match edges(point.at) {
        Some((lower, upper)) => (point.value - upper).max(lower - point.value),
        None => point.value,
    };
    let points = usable(&traffic.points);
    // What RFC 3339 has no year for can't be told, and CloudWatch never had it.
    let can_be_told = |point: &&Point| (0..=9999).contains(&point.at.year());
    let in_alarm = points.iter().filter(|point| from <= point.at && point.at <= until).filter(can_be_told);
    let peak = in_alarm.max_by(|a, b| excess(a).total_cmp(&excess(b)))?;
    let mut beside: Vec<f64> =
        traffic.peers.iter().filter_map(|peer| value_at(&peer.points, peak.at, period)).collect();
    beside.sort_by(f64::total_cmp);
    Some(Figures {
        at: peak.at,
        value: peak.value,
        band: edges(peak.at),
        peers_median: median(&beside),
        peers: beside.len(),
    })
}

fn value_at(points: &[Point], at: OffsetDateTime, period: Duration) -> Option<f64> {
    let distance = |point: &&Point| times::between(point.at, at).abs();
    let numbers = points.iter().filter(|point| is_number(point.value));
    numbers.min_by_key(distance).filter(|point| distance(point) <= period).map(|point| point.value)
}

fn median(sorted: &[f64]) -> Option<f64> {
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = if sorted.len().is_multiple_of(2) { *sorted.get(sorted.len() / 2 - 1)? } else { upper };
    Some(lower / 2.0 + upper / 2.0)
}

impl Figures {
    pub fn sentence(&self, traffic: &Traffic) -> String {
        let (metric, unit) = (&traffic.metric, &traffic.unit);
        let mut text = format!("{metric} was {} at {} UTC", amount(self.value, unit), times::minute(self.at));
        match self.band {
            Some((_, upper)) if self.value > upper => {
                text.push_str(&format!(
                    ", above the anomaly band's upper edge of {}{}",
                    amount(upper, unit),
                    times_as_much(self.value, upper)
                ));
            }
            Some((lower, _)) if self.value < lower => {
                text.push_str(&format!(", below the anomaly band's lower edge of {}", amount(lower, unit)));
            }
            Some((lower, upper)) => {
                text.push_str(&format!(
                    ", inside the anomaly band of {} to {}",
                    amount(lower, unit),
                    amount(upper, unit)
                ));
            }
            None => {}
        }
        match (self.peers_median, self.peers) {
            (Some(value), 1) => text.push_str(&format!("; its one peer had {}", amount(value, unit))),
            (Some(value), peers) => {
                text.push_str(&format!("; the median of its {peers} peers was {}", amount(value, unit)));
            }
            (None, _) => {}
        }
        text.push('.');
        text
    }
}

fn times_as_much(value: f64, upper: f64) -> String {
    let factor = value / upper;
    let is_told = upper > 0.0 && (1.05..1e6).contains(&factor);
    if is_told { format!(" ({} times as much)", figure(factor)) } else { String::new() }
}

/// Everything that a reader of the plot must know is not in it.
pub(crate) fn shortcomings(traffic: &Traffic, alarm_at: OffsetDateTime) -> Vec<String> {
    let points = usable(&traffic.points);
    let mut lacks = Vec::new();
    match (traffic.points.len(), points.len()) {
        (0, _) => lacks.push(format!("CloudWatch gave no data point of {} for this time.", traffic.metric)),
        (all, 0) => lacks.push(format!("None of the {all} values is a number.")),
        (_, 1) => lacks.push("There is only one data point.".to_owned()),
        (all, usable) if usable < all => {
            lacks.push(format!("{} of {all} values are no numbers and are left out.", all - usable));
        }
        _ => {}
    }
    lacks.extend(gaps(&points, traffic.period()));
    if traffic.band.is_empty() {
        lacks.push("There is no anomaly band to compare with.".to_owned());
    } else if usable_band(&traffic.band).len() < 2 {
        lacks.push("The anomaly band has too few usable values to be drawn.".to_owned());
    }
    if traffic.peers.iter().all(|peer| usable(&peer.points).is_empty()) {
        lacks.push("There are no peers to compare with.".to_owned());
    }
    if !points.is_empty() && figures(traffic, alarm_at).is_none() {
        lacks.push("No data point lies in the time of the alarm.".to_owned());
    }
    lacks
}

/// Two data points farther apart than this have a gap between them: a period and a half.
pub(crate) fn gap(period: Duration) -> Duration {
    period.saturating_mul(3) / 2
}

fn gaps(points: &[Point], period: Duration) -> Option<String> {
    let pairs = points.windows(2).filter_map(|pair| match pair {
        [before, after] => Some((before.at, times::between(before.at, after.at))),
        _ => None,
    });
    let gaps: Vec<_> = pairs.filter(|(_, length)| *length > gap(period)).collect();
    let (at, longest) = gaps.iter().max_by_key(|(_, length)| *length)?;
    let (at, longest) = (times::moment(*at), times::span(*longest));
    Some(match gaps.len() {
        1 => format!("Data is missing for {longest} from {at}."),
        places => format!("Data is missing in {places} places, the longest for {longest} from {at}."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{BandPoint, Peer};
    use time::macros::datetime;

    const ALARM: OffsetDateTime = datetime!(2026-11-23 00:56 UTC);

    fn points(values: &[f64]) -> Vec<Point> {
        let at = |index| ALARM + Duration::minutes(i64::try_from(index).unwrap() - 3);
        values.iter().enumerate().map(|(index, value)| Point { at: at(index), value: *value }).collect()
    }

    fn traffic(values: &[f64]) -> Traffic {
        let points = points(values);
        Traffic {
            metric: "NetworkOut".to_owned(),
            unit: "Bytes".to_owned(),
            period: 60,
            band: points.iter().map(|point| BandPoint { at: point.at, lower: 0.0, upper: 1e6 }).collect(),
            peers: vec![Peer { instance: "i-1".to_owned(), points: self::points(&[5e5; 4]) }],
            alarm: None,
            points,
        }
    }

    #[test]
    fn the_value_farthest_outside_the_band_is_told_with_band_and_peers() {
        let traffic = traffic(&[4e5, 9e6, 12.9e6, 3e6]);
        insta::assert_snapshot!(figures(&traffic, ALARM).unwrap().sentence(&traffic), @"NetworkOut was 12.9 MB at 00:55 UTC, above the anomaly band's upper edge of 1 MB (12.9 times as much); its one peer had 500 kB.");
    }

    #[test]
    fn a_value_inside_the_band_is_not_told_as_unusual() {
        let traffic = traffic(&[4e5, 5e5]);
        assert!(figures(&traffic, ALARM).unwrap().sentence(&traffic).contains("inside the anomaly band"));
    }

    #[test]
    fn what_lies_long_before_the_alarm_is_no_figure_of_it() {
        assert_eq!(figures(&traffic(&[4e5, 9e6]), ALARM + Duration::hours(2)), None);
    }

    #[test]
    fn a_value_of_a_year_that_cannot_be_written_is_no_figure() {
        let mut odd = traffic(&[9e6]);
        let at = time::macros::datetime!(-8765-03-18 17:20 UTC);
        (odd.points[0].at, odd.alarm) = (at, Some(crate::Window { from: at, until: None }));
        assert_eq!(figures(&odd, ALARM), None);
    }

    #[test]
    fn what_the_data_lacks_is_said() {
        let mut lacking = traffic(&[1.0, f64::NAN, f64::INFINITY, 2.0]);
        lacking.band.clear();
        lacking.peers.clear();
        insta::assert_snapshot!(shortcomings(&lacking, ALARM).join("\n"), @r"
        2 of 4 values are no numbers and are left out.
        Data is missing for 3 min from 23 November 2026, 00:53:00 UTC.
        There is no anomaly band to compare with.
        There are no peers to compare with.
        ");
        assert_eq!(shortcomings(&traffic(&[1.0, 2.0, 3.0]), ALARM), Vec::<String>::new());
    }

    #[test]
    fn no_data_one_value_and_no_number_are_told_apart() {
        let first = |values: &[f64]| shortcomings(&traffic(values), ALARM).into_iter().next().unwrap();
        assert_eq!(first(&[]), "CloudWatch gave no data point of NetworkOut for this time.");
        assert_eq!(first(&[1.0]), "There is only one data point.");
        assert_eq!(first(&[f64::NAN, f64::NAN]), "None of the 2 values is a number.");
    }
}
