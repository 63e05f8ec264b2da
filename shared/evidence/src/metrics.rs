//! `metrics.json`: the captured metrics of an instance, of its anomaly band and of its peers. Written by the capture, read
//! for the figure in the journal and for the report's plot.

use containment::figure::{Amount, Figure, Side, median, unit_of};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// CloudWatch evaluates what lies before the transition; this many periods of it count as the time of the alarm.
const EVALUATED: i64 = 5;
/// How long after the incident's time a value still counts.
const LASTING: Duration = Duration::hours(1);

/// The exhibit's name.
pub const METRICS: &str = "metrics.json";
/// The instance's own metric that everything is about: the alarm's, where it is one that EC2 documents.
pub const OWN: &str = "m0";
/// The band over [`OWN`].
pub const BAND: &str = "band";
/// [`OWN`] of each peer: this and a number.
pub const PEER: &str = "p";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    pub instance: String,
    pub namespace: String,
    pub statistic: String,
    pub period_s: u32,
    pub series: Vec<Series>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub id: Option<String>,
    /// The metric's name; of a peer, its instance id.
    pub label: Option<String>,
    pub epoch_s: Vec<i64>,
    /// What is no number has no form in JSON.
    pub values: Vec<Option<f64>>,
    #[serde(default)]
    pub status: Option<String>,
}

/// Seconds since 1970, and a value.
pub type Point = (i64, f64);

impl Series {
    pub fn points(&self) -> impl Iterator<Item = Point> {
        self.epoch_s.iter().zip(&self.values).filter_map(|(at, value)| Some((*at, (*value)?)))
    }
}

impl Metrics {
    /// The name of the metric that everything is about.
    pub fn metric(&self) -> Option<&str> {
        self.of(OWN).find_map(|series| series.label.as_deref())
    }

    pub fn own(&self) -> Vec<Point> {
        self.of(OWN).flat_map(Series::points).collect()
    }

    /// Time, lower and upper edge. The two series of a band are told apart by their values, since CloudWatch's labels of
    /// them are not documented.
    pub fn band(&self) -> Vec<(i64, f64, f64)> {
        let edges: Vec<&Series> = self.of(BAND).collect();
        let [one, two] = edges.as_slice() else { return Vec::new() };
        let pairs = one.points().zip(two.points()).filter(|(one, two)| one.0 == two.0);
        pairs.map(|((at, one), (_, two))| (at, one.min(two), one.max(two))).collect()
    }

    /// Instance id and points of each peer that has any.
    pub fn peers(&self) -> Vec<(&str, Vec<Point>)> {
        let mut peers: Vec<(&str, Vec<Point>)> = Vec::new();
        for series in &self.series {
            let number = series.id.as_deref().and_then(|id| id.strip_prefix(PEER)).map(str::parse::<usize>);
            let (Some(Ok(_)), Some(label)) = (number, series.label.as_deref()) else { continue };
            match peers.iter_mut().find(|(known, _)| *known == label) {
                Some((_, points)) => points.extend(series.points()),
                None => peers.push((label, series.points().collect())),
            }
        }
        peers.retain(|(_, points)| !points.is_empty());
        peers
    }

    /// The most unusual value around `at`, with the band and the peers at its time.
    pub fn figure(&self, at: OffsetDateTime) -> Option<Figure> {
        let metric = self.metric()?;
        let (period, at) = (i64::from(self.period_s), at.unix_timestamp());
        let around = at - EVALUATED * period..=at + LASTING.whole_seconds();
        let band = self.band();
        let figures = self.own().into_iter().filter(|(at, _)| around.contains(at)).filter_map(|(at, value)| {
            let edges = band.iter().find(|(edge, _, _)| *edge == at);
            let (lower, upper) =
                edges.map_or((None, None), |(_, lower, upper)| (Amount::new(*lower), Amount::new(*upper)));
            Some((at, Figure { lower, upper, ..Figure::new(metric, Amount::new(value)?) }))
        });
        let excess = |figure: &Figure| figure.excess(Side::Above);
        let (at, figure) = figures.max_by(|one, other| excess(&one.1).total_cmp(&excess(&other.1)))?;
        let near = |points: &[Point]| {
            let nearest = points.iter().min_by_key(|(of, _)| of.abs_diff(at))?;
            (nearest.0.abs_diff(at) <= period.unsigned_abs()).then_some(nearest.1)
        };
        let beside: Vec<f64> = self.peers().iter().filter_map(|(_, points)| near(points)).collect();
        Some(Figure { period: Some(self.period_s), peers: beside.len(), peers_median: median(&beside), ..figure })
    }

    pub fn unit(&self) -> &'static str {
        self.metric().and_then(unit_of).unwrap_or("None")
    }

    /// By id: pages of one series are several entries, in order.
    fn of<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Series> {
        self.series.iter().filter(move |series| series.id.as_deref() == Some(id))
    }
}
