//! Files of one metric against windows that people marked: how many are found, and how many false detections a day.

use detection::metric::{MetricReplay, MetricThresholds};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use time::PrimitiveDateTime;
use time::macros::format_description;

/// From and to, epoch seconds, by the file's name.
pub type Windows = BTreeMap<String, Vec<(i64, i64)>>;

#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Marked {
    pub files: u32,
    pub days: f64,
    pub windows: u32,
    pub found: u32,
    pub false_detections: u32,
    pub false_per_day: Option<f64>,
}

impl Marked {
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.days += other.days;
        self.windows += other.windows;
        self.found += other.found;
        self.false_detections += other.false_detections;
        self.false_per_day = (self.days > 0.0).then(|| f64::from(self.false_detections) / self.days);
    }
}

/// A JSON object: file name to pairs of `YYYY-MM-DD HH:MM:SS`, with a fraction at will, UTC.
pub fn windows(path: &Path) -> io::Result<Windows> {
    let wrong = |why: String| io::Error::other(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let marked: BTreeMap<String, Vec<(String, String)>> =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let pairs = |pairs: Vec<(String, String)>| pairs.into_iter().map(|(from, to)| Ok((epoch_s(&from)?, epoch_s(&to)?)));
    marked
        .into_iter()
        .map(|(file, marked)| Ok((file, pairs(marked).collect::<Result<_, String>>().map_err(wrong)?)))
        .collect()
}

fn epoch_s(text: &str) -> Result<i64, String> {
    let whole = text.split('.').next().unwrap_or(text);
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    let at = PrimitiveDateTime::parse(whole, format).map_err(|error| format!("{text:?}: {error}"))?;
    Ok(at.assume_utc().unix_timestamp())
}

pub fn marked(values: &[(i64, Option<f64>)], windows: &[(i64, i64)]) -> Marked {
    let mut replay = MetricReplay::new(MetricThresholds::default());
    let found = values.iter().filter_map(|(epoch_s, value)| replay.push(*epoch_s, *value));
    let found: Vec<_> = found.map(|change| change.epoch_s).collect();
    let is_in = |at: i64, window: &(i64, i64)| (window.0..=window.1).contains(&at);
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let mut one = Marked::default();
    one.add(&Marked {
        files: 1,
        days: replay.tally().instance_days(),
        windows: count(windows.len()),
        found: count(windows.iter().filter(|window| found.iter().any(|at| is_in(*at, window))).count()),
        false_detections: count(found.iter().filter(|at| !windows.iter().any(|window| is_in(**at, window))).count()),
        false_per_day: None,
    });
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detection_in_a_window_finds_it_and_one_outside_is_false() {
        let level = |at: i64| if (2000..2100).contains(&at) { 90.0 } else { (at * 7919 % 101) as f64 / 50.0 };
        let values: Vec<_> = (0..3000).map(|at| (at * 300, Some(level(at)))).collect();
        let inside = marked(&values, &[(599_000, 620_000), (100, 200)]);
        assert_eq!((inside.windows, inside.found, inside.false_detections), (2, 1, 0));
        let outside = marked(&values, &[]);
        assert_eq!((outside.windows, outside.false_detections), (0, 1));
        assert!(outside.false_per_day.is_some_and(|rate| (rate - 1.0 / (2999.0 / 288.0)).abs() < 1e-9));
    }

    #[test]
    fn a_window_that_is_no_time_is_an_error() {
        assert_eq!(epoch_s("2014-02-26 13:45:00.000000"), Ok(1_393_422_300));
        assert!(epoch_s("yesterday").is_err());
    }
}
