//! What a metric showed against what it is compared with: few numbers, bounded, fit for the journal. They say why; no
//! decision reads them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Beyond this CloudWatch takes no value (PutMetricData: −2^360 to 2^360).
const LARGEST: f64 = 2.348_542_582_773_833e108;
/// A metric's name as CloudWatch bounds it (Metric, `MetricName`).
const NAME_LIMIT: usize = 255;
/// CloudWatch bounds an alarm's reason data at 4,000 characters (SetAlarmState); more is none of its own.
const DATA_LIMIT: usize = 16 * 1024;
/// Points of a reason that are looked at.
const MOST_POINTS: usize = 1_000;

/// A number that CloudWatch can hold, to six digits: so it is the same number after the journal was read back.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Amount(f64);

/// An [`Amount`] is never NaN.
impl Eq for Amount {}

impl Amount {
    pub fn new(value: f64) -> Option<Self> {
        let rounded = format!("{value:.5e}").parse::<f64>().ok()?;
        (rounded.abs() <= LARGEST).then_some(Self(rounded))
    }

    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Amount {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        Self::new(value).ok_or("a number that no metric has")
    }
}

impl From<Amount> for f64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// The most unusual value of a metric, and what it is compared with, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The metric's name, or the names that the alarm's arithmetic reads. Whoever made the alarm chose them.
    pub metric: String,
    pub value: Amount,
    /// CloudWatch's unit, where the metric is one that EC2 documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Seconds that one value stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
    /// Of a fixed threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Amount>,
    /// The anomaly band's edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<Amount>,
    /// Of the other instances of its group, at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peers_median: Option<Amount>,
    /// How many peers had a value.
    #[serde(default)]
    pub peers: usize,
}

/// On which side of its threshold a metric alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Above,
    Below,
}

impl Figure {
    pub fn new(metric: &str, value: Amount) -> Self {
        Self {
            metric: metric.chars().take(NAME_LIMIT).collect(),
            value,
            unit: unit_of(metric).map(ToOwned::to_owned),
            period: None,
            threshold: None,
            lower: None,
            upper: None,
            peers_median: None,
            peers: 0,
        }
    }

    /// What an alarm's `StateReasonData` says of its last evaluation. `None` where that holds no figure: another kind of
    /// alarm, a state set by hand, or a form that is not known.
    pub fn of_reason(metric: &str, data: &str, side: Side) -> Option<Self> {
        if data.len() > DATA_LIMIT {
            return None;
        }
        let data: Value = serde_json::from_str(data).ok()?;
        let list = |name: &str| data.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let at = |list: &[Value], index: usize| list.get(index).and_then(Value::as_f64).and_then(Amount::new);
        let (uppers, lowers) = (list("recentUpperThresholds"), list("recentLowerThresholds"));
        let threshold = data.get("threshold").and_then(Value::as_f64).and_then(Amount::new);
        let period = data.get("period").and_then(Value::as_u64).and_then(|period| u32::try_from(period).ok());
        let points = list("recentDatapoints").iter().take(MOST_POINTS).enumerate();
        let figures = points.filter_map(|(index, value)| {
            let value = value.as_f64().and_then(Amount::new)?;
            let (lower, upper) = (at(lowers, index), at(uppers, index));
            Some(Self { lower, upper, threshold, period, ..Self::new(metric, value) })
        });
        figures.max_by(|one, other| one.excess(side).total_cmp(&other.excess(side)))
    }

    /// How far the value lies beyond what it is compared with; the value itself where there is nothing.
    pub fn excess(&self, side: Side) -> f64 {
        let value = self.value.get();
        match (self.lower, self.upper, self.threshold) {
            (None, None, None) => value,
            (None, None, Some(threshold)) if side == Side::Below => threshold.get() - value,
            (None, None, Some(threshold)) => value - threshold.get(),
            (lower, upper, _) => {
                let above = upper.map_or(f64::NEG_INFINITY, |upper| value - upper.get());
                let below = lower.map_or(f64::NEG_INFINITY, |lower| lower.get() - value);
                above.max(below)
            }
        }
    }
}

/// The unit of EC2's own metrics (EC2's user guide, "List the available CloudWatch metrics for your instances").
pub fn unit_of(metric: &str) -> Option<&'static str> {
    match metric {
        "NetworkIn" | "NetworkOut" | "DiskReadBytes" | "DiskWriteBytes" | "EBSReadBytes" | "EBSWriteBytes" => {
            Some("Bytes")
        }
        "CPUUtilization" | "EBSIOBalance%" | "EBSByteBalance%" => Some("Percent"),
        "NetworkPacketsIn" | "NetworkPacketsOut" | "DiskReadOps" | "DiskWriteOps" | "EBSReadOps" | "EBSWriteOps" => {
            Some("Count")
        }
        _ => None,
    }
}

/// The middle of values; `None` where there are none.
pub fn median(values: &[f64]) -> Option<Amount> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = if sorted.len().is_multiple_of(2) { *sorted.get(sorted.len() / 2 - 1)? } else { upper };
    Amount::new(lower / 2.0 + upper / 2.0)
}
