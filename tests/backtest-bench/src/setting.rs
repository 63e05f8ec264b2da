//! Figures of the rule to be compared: the defaults, what trades false isolations against recall, and the rule without
//! one of its parts.

use detection::thresholds::Thresholds;
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sweep {
    Defaults,
    Novelty,
    Steadiness,
    Without,
    Other,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub sweep: Sweep,
    /// As a group's tag would have it, or the part that is taken out.
    pub name: String,
    /// Where it lies on its sweep.
    pub value: f64,
    pub figures: Thresholds,
}

/// Where the defaults lie on the second sweep.
pub const DEFAULT_STEADINESS: f64 = 1.15;
const NOVELTY: [f64; 9] = [1.0, 1.5, 2.0, 3.0, 6.0, 8.0, 12.0, 16.0, 32.0];
const STEADINESS: [f64; 7] = [1.02, 1.05, 1.1, 1.25, 1.5, 2.0, 4.0];

/// The defaults come first.
pub fn all() -> Vec<Setting> {
    let of = |sweep, name: String, value, figures| Setting { sweep, name, value, figures };
    let defaults = Thresholds::default();
    let least = defaults.novelty.first().copied().unwrap_or(1.0);
    let mut settings = vec![of(Sweep::Defaults, "defaults".to_owned(), least, defaults.clone())];
    settings.extend(NOVELTY.map(|value| {
        let novelty = defaults.novelty.map(|factor| (factor * value / least).max(1.0));
        of(Sweep::Novelty, format!("novelty {value}"), value, Thresholds { novelty, ..defaults.clone() })
    }));
    settings.extend(STEADINESS.map(|value| {
        let figures = Thresholds { steadiness: value, ..defaults.clone() };
        of(Sweep::Steadiness, format!("steadiness {value}"), value, figures)
    }));
    let without = [
        ("floor", Thresholds { floor_bytes_per_s: 1.0, ..defaults.clone() }),
        ("steadiness", Thresholds { steadiness: f64::MAX, ..defaults.clone() }),
        ("inbound", Thresholds { answered_part: defaults.answered_part.map(|_| 0.0), ..defaults.clone() }),
        ("novelty", Thresholds { novelty: defaults.novelty.map(|_| 0.0), ..defaults.clone() }),
        ("the young's margins", Thresholds { youth_margin: 0.0, week_s: 0, young_s: 0, ..defaults.clone() }),
    ];
    settings.extend(without.map(|(name, figures)| of(Sweep::Without, format!("without {name}"), 0.0, figures)));
    let answered = Thresholds { answered_part: defaults.answered_part.map(|_| 1.0 / 30.0), ..defaults.clone() };
    settings.push(of(Sweep::Other, "answered-percent 3.33".to_owned(), 3.33, answered));
    settings
}
