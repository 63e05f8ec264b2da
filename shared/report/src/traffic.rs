//! What CloudWatch said of the instance's metric, of its anomaly band and of its peers.

use time::{Duration, OffsetDateTime};

/// Beyond this CloudWatch takes no value (PutMetricData: −2^360 to 2^360).
const LARGEST: f64 = 2.348_542_582_773_833e108;

/// One metric around an alarm. Points may come in any order, with gaps, and with values that are no numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// `NetworkOut`.
    pub metric: String,
    /// CloudWatch's unit: `Bytes`, `Percent`, `Count`, …
    pub unit: String,
    /// Seconds from one data point to the next.
    pub period: u32,
    pub points: Vec<Point>,
    /// Of the anomaly detection band; empty where the alarm has none.
    pub band: Vec<BandPoint>,
    /// Other instances of the same group.
    pub peers: Vec<Peer>,
    /// While the alarm was in ALARM.
    pub alarm: Option<Window>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub at: OffsetDateTime,
    pub value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    pub at: OffsetDateTime,
    pub lower: f64,
    pub upper: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    pub instance: String,
    pub points: Vec<Point>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub from: OffsetDateTime,
    /// `None` while it lasts.
    pub until: Option<OffsetDateTime>,
}

impl Traffic {
    pub(crate) fn period(&self) -> Duration {
        Duration::seconds(i64::from(self.period.max(1)))
    }
}

pub(crate) fn is_number(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// The points that have a number, in order of time.
pub(crate) fn usable(points: &[Point]) -> Vec<Point> {
    let mut usable: Vec<Point> = points.iter().copied().filter(|point| is_number(point.value)).collect();
    usable.sort_by_key(|point| point.at);
    usable
}

/// The band where both edges are numbers, in order of time.
pub(crate) fn usable_band(band: &[BandPoint]) -> Vec<BandPoint> {
    let is_usable = |point: &BandPoint| is_number(point.lower) && is_number(point.upper);
    let mut usable: Vec<BandPoint> = band.iter().copied().filter(is_usable).collect();
    usable.sort_by_key(|point| point.at);
    usable
}
