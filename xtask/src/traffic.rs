//! Traffic of a scene's instances, as EC2 counts it under basic monitoring: a datapoint of five minutes each.

use crate::account::LocalAccount;
use crate::failure::Result;
use crate::scene;
use serde_json::{Value, json};
use std::ops::Range;

const STEP_S: u64 = 300;
const STEPS_A_DAY: u64 = 288;
/// How far back a scene's instances have a past: beyond the two days of life in which peers alone can tell.
const PAST: u64 = 3 * STEPS_A_DAY;
/// How many datapoints a surge has: half an hour.
const SURGED: u64 = 6;
/// Bytes of five minutes.
const CALM: f64 = 6.0e5;
pub const SURGE: f64 = 9.0e8;

/// What an instance sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Traffic {
    Calm,
    /// Half an hour of 1,500 times as much, which ends now.
    Surging,
    /// The same surge, and at the same time of every day before, as of a backup.
    Nightly,
}

impl Traffic {
    /// Bytes sent in the datapoint that ended `back` datapoints before the last.
    fn sent(self, back: u64) -> f64 {
        let surges = match self {
            Self::Calm => false,
            Self::Surging => back < SURGED,
            Self::Nightly => back % STEPS_A_DAY < SURGED,
        };
        if surges { SURGE } else { calm(back) }
    }
}

/// What no human hand makes is never constant.
fn calm(back: u64) -> f64 {
    let wobble = u32::try_from(back % 7).unwrap_or_default();
    CALM * (1.0 + 0.1 * f64::from(wobble))
}

/// The time of a scene: its last datapoint is the last that is over.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    account: &'a LocalAccount,
    ended_s: u64,
}

impl<'a> Scene<'a> {
    pub fn now(account: &'a LocalAccount) -> Result<Self> {
        Ok(Self { account, ended_s: scene::now()? / STEP_S * STEP_S })
    }

    /// Three days, up to half an hour ago.
    pub fn past<'i>(&self, of: impl IntoIterator<Item = (&'i String, Traffic)>) -> Result {
        self.put(of, SURGED..PAST)
    }

    /// The last half hour of all of them, as one: CloudWatch doesn't show one instance's datapoint minutes before another's.
    pub fn last<'i>(&self, of: impl IntoIterator<Item = (&'i String, Traffic)>) -> Result {
        self.put(of, 0..SURGED)
    }

    fn put<'i>(&self, of: impl IntoIterator<Item = (&'i String, Traffic)>, back: Range<u64>) -> Result {
        let series: Vec<_> = of
            .into_iter()
            .flat_map(|(instance, traffic)| {
                let [sent, came_in]: [&dyn Fn(u64) -> f64; 2] = [&|back| traffic.sent(back), &calm];
                [self.series(instance, "NetworkIn", &back, came_in), self.series(instance, "NetworkOut", &back, sent)]
            })
            .collect();
        self.account.post("metrics", &json!({"series": series})).map(drop)
    }

    fn series(&self, instance: &str, metric: &str, back: &Range<u64>, bytes: &dyn Fn(u64) -> f64) -> Value {
        let points: Vec<_> = back
            .clone()
            .rev()
            .map(|back| json!({"timestamp": self.ended_s - (back + 1) * STEP_S, "value": bytes(back)}))
            .collect();
        json!({"namespace": "AWS/EC2", "metric": metric, "dimensions": {"InstanceId": instance}, "points": points})
    }
}
