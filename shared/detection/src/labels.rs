//! What people said of isolations: a false alarm is a label, and a backtest shows whether it would come again.

use crate::thresholds::HOUR_S;
use serde::{Deserialize, Serialize};

/// A backtest decides as soon as the data are there, Cordon once an alarm rings: so far apart they are still the same.
const NEAR_S: i64 = HOUR_S;

/// Somebody released an incident of this series as a false alarm; `epoch_s` is when it was opened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// A series' name as a backtest gives it, its file's name, or that without its extension.
    pub series: String,
    pub epoch_s: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It would be isolated again.
    Repeated,
    Avoided,
    /// The series, or that time of it, is not in the data.
    NotCovered,
}

/// A label and what a backtest makes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Labelled {
    pub series: String,
    pub epoch_s: i64,
    pub fate: Fate,
}

impl From<Label> for Labelled {
    fn from(Label { series, epoch_s }: Label) -> Self {
        Self { series, epoch_s, fate: Fate::NotCovered }
    }
}

impl Labelled {
    /// Takes a series in that was replayed from when to when, and when it was isolated.
    pub(crate) fn meet(&mut self, series: &str, covered: Option<(i64, i64)>, isolated_s: &[i64]) {
        if !is_named(series, &self.series) || !covered.is_some_and(|(from, to)| (from..=to).contains(&self.epoch_s)) {
            return;
        }
        let again = isolated_s.iter().any(|epoch_s| self.is_near(*epoch_s));
        self.fate = if again { Fate::Repeated } else { Fate::Avoided };
    }

    pub(crate) fn is_near(&self, epoch_s: i64) -> bool {
        self.epoch_s.abs_diff(epoch_s) <= NEAR_S.unsigned_abs()
    }
}

/// Whether a series goes by this name: its own, its file's, or that without the extension.
pub fn is_named(series: &str, name: &str) -> bool {
    let file = series.rsplit('/').next().unwrap_or(series);
    let stem = file.strip_suffix(".gz").unwrap_or(file);
    let stem = stem.strip_suffix(".csv").unwrap_or(stem);
    !name.is_empty() && [series, file, stem].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::{Fate, Label, Labelled, is_named};

    #[test]
    fn a_series_goes_by_its_path_its_file_and_the_files_stem() {
        for name in ["/data/i-1.csv.gz", "i-1.csv.gz", "i-1"] {
            assert!(is_named("/data/i-1.csv.gz", name), "{name}");
        }
        for name in ["", "i-", "data", "i-1.csv"] {
            assert!(!is_named("/data/i-1.csv.gz", name), "{name}");
        }
    }

    #[test]
    fn a_label_that_the_data_do_not_reach_is_neither_repeated_nor_avoided() {
        let fate = |series: &str, covered, isolated_s: &[i64]| {
            let mut label = Labelled::from(Label { series: "i-1".to_owned(), epoch_s: 10_000 });
            label.meet(series, covered, isolated_s);
            label.fate
        };
        let around = Some((0, 20_000));
        assert_eq!(fate("i-1", around, &[6_400]), Fate::Repeated);
        assert_eq!(fate("i-1", around, &[6_399, 13_601]), Fate::Avoided);
        assert_eq!(fate("i-1", Some((0, 9_999)), &[9_999]), Fate::NotCovered);
        assert_eq!(fate("i-1", None, &[]), Fate::NotCovered);
        assert_eq!(fate("i-2", around, &[10_000]), Fate::NotCovered);
    }
}
