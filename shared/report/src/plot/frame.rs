//! What part of time and of values a plot shows, and the series in it.

use super::{MOST_PEERS, Mark};
use crate::times;
use crate::traffic::{BandPoint, Point, Traffic, usable, usable_band};
use notice::quantity::Scale;
use time::{Duration, OffsetDateTime};

/// Room for what happened after the last data point: marks are shown if they lie in the span again, or in this.
const AFTER: Duration = Duration::minutes(15);
/// A single data point is shown amid this many periods.
const AROUND_ONE: i32 = 15;
/// Air above the largest value.
const HEADROOM: f64 = 1.06;
/// A longer axis is labelled with dates.
const DAYS: Duration = Duration::days(3);
/// Distances of labels, in seconds, of which the first is taken that gives few enough.
const STEPS: [i64; 17] = [
    60,
    120,
    300,
    600,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    604_800,
    2_592_000,
    31_536_000,
    315_360_000,
];

pub(super) struct Frame {
    pub from: OffsetDateTime,
    pub until: OffsetDateTime,
    /// In units of `scale`.
    pub lowest: f64,
    pub highest: f64,
    pub scale: Scale,
    pub points: Vec<Point>,
    pub band: Vec<BandPoint>,
    pub peers: Vec<Vec<Point>>,
    /// Those that lie in the frame, in order of time.
    pub marks: Vec<Mark>,
    pub alarm: Option<(OffsetDateTime, OffsetDateTime)>,
}

impl Frame {
    /// `None` where the instance has no usable point.
    pub fn of(traffic: &Traffic, marks: &[Mark]) -> Option<Self> {
        let points = usable(&traffic.points);
        let (first, last) = (points.first()?.at, points.last()?.at);
        let around = match times::between(first, last).is_zero() {
            true => traffic.period().saturating_mul(AROUND_ONE),
            false => Duration::ZERO,
        };
        let (from, last) = (first.saturating_sub(around), last.saturating_add(around));
        let reach = last.saturating_add(AFTER.max(times::between(from, last)));
        let until = marks.iter().map(|mark| mark.at).filter(|at| *at <= reach).fold(last, OffsetDateTime::max);
        // The last mark's line is not the drawing's edge.
        let until = if until > last { until.saturating_add(times::between(from, until) / 25) } else { until };
        let inside = |at: OffsetDateTime| from <= at && at <= until;
        let mut band = usable_band(&traffic.band);
        band.retain(|point| inside(point.at));
        let peers: Vec<Vec<Point>> = traffic
            .peers
            .iter()
            .take(MOST_PEERS)
            .map(|peer| usable(&peer.points).into_iter().filter(|point| inside(point.at)).collect::<Vec<_>>())
            .filter(|points| !points.is_empty())
            .collect();
        let values = || points.iter().chain(peers.iter().flatten()).map(|point| point.value);
        let lowest = values().fold(0.0, f64::min);
        let highest = values().chain(band.iter().map(|point| point.upper)).fold(0.0, f64::max);
        // A band around small values reaches below zero, where bytes never are.
        let scale = Scale::of(highest.max(-lowest), &traffic.unit);
        let (lowest, highest) = (lowest / scale.divisor, highest / scale.divisor);
        let highest = if highest > lowest { highest * HEADROOM } else { lowest + 1.0 };
        let mut marks: Vec<Mark> = marks.iter().filter(|mark| inside(mark.at)).cloned().collect();
        marks.sort_by_key(|mark| mark.at);
        let alarm =
            traffic.alarm.map(|window| (window.from.max(from), window.until.map_or(until, |end| end.min(until))));
        Some(Self {
            from,
            until,
            lowest,
            highest,
            scale,
            band: if band.len() < 2 { Vec::new() } else { band },
            peers,
            marks,
            alarm: alarm.filter(|(from, until)| from < until),
            points,
        })
    }

    /// Milliseconds from the left edge.
    pub fn x(&self, at: OffsetDateTime) -> i64 {
        i64::try_from(times::between(self.from, at).whole_milliseconds()).unwrap_or(i64::MAX)
    }

    pub fn width(&self) -> i64 {
        self.x(self.until)
    }

    pub fn y(&self, value: f64) -> f64 {
        (value / self.scale.divisor).clamp(self.lowest, self.highest)
    }

    /// Where the time axis has labels, on full minutes, hours or days of UTC; at most `most` of them.
    pub fn ticks(&self, most: usize) -> Vec<i64> {
        let (from, until) = (self.from.unix_timestamp(), self.until.unix_timestamp());
        let fits = |step: &&i64| usize::try_from((until - from) / **step).is_ok_and(|count| count < most);
        let step = STEPS.iter().find(fits).or(STEPS.last()).copied().unwrap_or(1);
        let first = from.div_euclid(step) * step;
        let ticks = (0..).map(|index| first + index * step).skip_while(|tick| *tick < from);
        ticks.take_while(|tick| *tick <= until).map(|tick| (tick - from) * 1_000).take(most + 1).collect()
    }

    /// The label of a place on the time axis: the time of day, or the date where the axis spans days.
    pub fn label(&self, x: i64) -> String {
        let at = self.from.saturating_add(Duration::milliseconds(x));
        if times::between(self.from, self.until) > DAYS { times::day(at) } else { times::minute(at) }
    }

    pub fn days(&self) -> String {
        let (from, until) = (times::day(self.from), times::day(self.until));
        if from == until { from } else { format!("{from} to {until}") }
    }
}
