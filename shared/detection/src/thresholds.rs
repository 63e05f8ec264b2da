//! The rule's figures. They are data: the defaults come from measurement (docs/DETECTION.md), and a group's tags may
//! set them otherwise for its instances.

use crate::heights::SCALES;
use serde::Serialize;
use std::collections::BTreeMap;
use thiserror::Error;

pub const HOUR_S: i64 = 3600;
pub const DAY_S: i64 = 24 * HOUR_S;
/// What CloudWatch Anomaly Detection looks back on, and so does the rule.
pub const HISTORY_S: i64 = 14 * DAY_S;

/// Every figure of the rule. Rates are bytes a second, times are seconds; lists are by scale, shortest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Thresholds {
    /// Less than this is never worth stopping a server for.
    pub floor_bytes_per_s: f64,
    /// How many times what was seen before, while as little came in, counts as new. The longer it lasts, the less.
    pub novelty: [f64; SCALES.len()],
    /// This part of the largest surplus (sent beyond what came in) counts as seen before too, whatever came in.
    pub burst_part: f64,
    /// An inbound rise by this part of what goes out explains it: acknowledgements are 0.2 % to 3 %, requests more.
    /// The longer it lasts, the more rise is put up with.
    pub answered_part: [f64; SCALES.len()],
    /// Inbound is usual up to this quantile of its own history.
    pub usual_quantile: f64,
    /// The largest of the datapoints may be this many times the least.
    pub steadiness: f64,
    /// Younger instances are judged by their peers alone.
    pub young_s: i64,
    /// Before this, weekly work has not been seen: an answered rise is not put up with.
    pub week_s: i64,
    /// By how much `novelty` grows for an instance of no age; it shrinks to nothing over [`HISTORY_S`].
    pub youth_margin: f64,
    /// Fewer reporting peers say nothing.
    pub min_peers: usize,
    /// How many times the peers' median rise the instance's own must be.
    pub peer_factor: f64,
    /// This part of the peers rising by `peer_factor` is a fleet's event.
    pub surge_part: f64,
    /// After a deployment or a change of scale, how long nothing is isolated.
    pub event_quiet_s: i64,
    /// How long after its end a datapoint may still be revised.
    pub settle_s: i64,
    /// A last datapoint that ended longer ago says nothing of now.
    pub stale_s: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            floor_bytes_per_s: 900_000.0,
            novelty: [4.0, 3.0, 2.0],
            burst_part: 0.3,
            answered_part: [1.0 / 300.0, 1.0 / 60.0, 1.0 / 30.0],
            usual_quantile: 0.9,
            steadiness: 1.15,
            young_s: 2 * DAY_S,
            week_s: 7 * DAY_S,
            youth_margin: 1.0,
            min_peers: 5,
            peer_factor: 4.0,
            surge_part: 0.2,
            event_quiet_s: HOUR_S,
            settle_s: 60,
            stale_s: 1800,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TagError {
    #[error("tag {name} is not one of Cordon's: it has {known}")]
    Unknown { name: String, known: String },
    #[error("tag {name} is {value:?}, which is not a number: write digits, as in {example}")]
    NotANumber { name: String, value: String, example: String },
    #[error("tag {name} is {value}: it must be from {least} to {most}")]
    OutOfRange { name: String, value: String, least: String, most: String },
}

/// A figure that a tag may set.
struct Dial {
    tag: &'static str,
    least: f64,
    most: f64,
    set: fn(&mut Thresholds, f64),
    example: &'static str,
}

const PREFIX: &str = "cordon:detect-";
const DIALS: [Dial; 7] = [
    Dial {
        tag: "cordon:detect-floor-bytes-per-s",
        least: 1_000.0,
        most: 1e12,
        set: |figures, value| figures.floor_bytes_per_s = value,
        example: "900000",
    },
    Dial {
        tag: "cordon:detect-novelty",
        least: 1.0,
        most: 1000.0,
        // One number for all scales keeps their proportion.
        set: |figures, value| {
            let scale = value / Thresholds::default().novelty.first().copied().unwrap_or(value);
            figures.novelty = Thresholds::default().novelty.map(|factor| (factor * scale).max(1.0));
        },
        example: "4",
    },
    Dial {
        tag: "cordon:detect-answered-percent",
        least: 0.0,
        most: 100.0,
        set: |figures, value| figures.answered_part = [value / 100.0; SCALES.len()],
        example: "3.3",
    },
    Dial {
        tag: "cordon:detect-steadiness",
        least: 1.0,
        most: 1000.0,
        set: |figures, value| figures.steadiness = value,
        example: "1.15",
    },
    Dial {
        tag: "cordon:detect-peer-factor",
        least: 1.0,
        most: 1000.0,
        set: |figures, value| figures.peer_factor = value,
        example: "4",
    },
    Dial {
        tag: "cordon:detect-young-hours",
        least: 24.0,
        most: 336.0,
        set: |figures, value| figures.young_s = (value * 3600.0) as i64,
        example: "48",
    },
    Dial {
        tag: "cordon:detect-event-quiet-minutes",
        least: 0.0,
        most: 1440.0,
        set: |figures, value| figures.event_quiet_s = (value * 60.0) as i64,
        example: "60",
    },
];

impl Thresholds {
    /// The defaults with what a group's tags set otherwise. Tags without the prefix `cordon:detect-` are not looked at.
    /// Every error is in the list; none is passed over, for a misspelt tag would leave a group with figures that its
    /// owners think they changed.
    pub fn from_tags(tags: &BTreeMap<String, String>) -> Result<Self, Vec<TagError>> {
        let mut figures = Self::default();
        let ours = tags.iter().filter(|(name, _)| name.starts_with(PREFIX));
        let errors: Vec<_> = ours.filter_map(|(name, value)| figures.set(name, value).err()).collect();
        if errors.is_empty() { Ok(figures) } else { Err(errors) }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), TagError> {
        let Some(dial) = DIALS.iter().find(|dial| dial.tag == name) else {
            let known: Vec<_> = DIALS.iter().map(|dial| dial.tag).collect();
            return Err(TagError::Unknown { name: name.to_owned(), known: known.join(", ") });
        };
        let not_a_number = || TagError::NotANumber {
            name: name.to_owned(),
            value: value.to_owned(),
            example: dial.example.to_owned(),
        };
        let number: f64 = value.trim().parse().map_err(|_| not_a_number())?;
        if !number.is_finite() {
            return Err(not_a_number());
        }
        if number < dial.least || number > dial.most {
            return Err(TagError::OutOfRange {
                name: name.to_owned(),
                value: value.to_owned(),
                least: dial.least.to_string(),
                most: dial.most.to_string(),
            });
        }
        (dial.set)(self, number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn without_tags_the_measured_figures_stand() {
        assert_eq!(
            Thresholds::from_tags(&tags(&[("Name", "web"), ("cordon:mode", "enforce")])),
            Ok(Thresholds::default())
        );
    }

    #[test]
    fn a_tag_sets_its_figure_and_no_other() {
        let set = Thresholds::from_tags(&tags(&[("cordon:detect-floor-bytes-per-s", "2000000")])).unwrap();
        assert_eq!(set, Thresholds { floor_bytes_per_s: 2e6, ..Thresholds::default() });
    }

    #[test]
    fn one_novelty_keeps_the_proportion_of_the_scales() {
        let set = Thresholds::from_tags(&tags(&[("cordon:detect-novelty", "8")])).unwrap();
        assert_eq!(set.novelty, [8.0, 6.0, 4.0]);
    }

    #[test]
    fn every_wrong_tag_is_named_with_what_to_write() {
        let wrong = tags(&[
            ("cordon:detect-flor", "1"),
            ("cordon:detect-novelty", "many"),
            ("cordon:detect-steadiness", "0.5"),
            ("cordon:detect-peer-factor", "NaN"),
        ]);
        let errors = Thresholds::from_tags(&wrong).unwrap_err();
        let text: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(text.len(), 4);
        assert!(text[0].contains("cordon:detect-floor-bytes-per-s"), "{}", text[0]);
        assert!(text.iter().any(|line| line.contains("write digits, as in 4")));
        assert!(text.iter().any(|line| line.contains("from 1 to 1000")));
    }
}
