//! What the verifier said of an instance's traffic, as the journal keeps it.

use crate::refusal::Refusal;
use detection::reason::Decision;
use detection::verify::Verdict;
use serde::{Deserialize, Serialize};

/// A verdict on the traffic behind a nomination. Its figures are in the words; the datapoints are kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub decision: Decision,
    /// Each rule's answer in plain words.
    pub reasons: Vec<String>,
    /// The end of the last datapoint that was used, epoch seconds. `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_until: Option<i64>,
}

impl Judged {
    /// What could not be judged: it is never "isolate".
    pub fn impossible(why: impl ToString) -> Self {
        Self { decision: Decision::AlertOnly, reasons: vec![why.to_string()], data_until: None }
    }

    /// Nothing but "isolate" lets a nomination go on.
    pub fn allows(&self) -> Result<(), Refusal> {
        let why = self.reasons.join("; ");
        match self.decision {
            Decision::Isolate => Ok(()),
            Decision::AlertOnly => Err(Refusal::InDoubt { why }),
            Decision::Reject => Err(Refusal::NotUnusual { why }),
        }
    }
}

impl From<&Verdict> for Judged {
    fn from(verdict: &Verdict) -> Self {
        Self {
            decision: verdict.decision,
            reasons: verdict.reasons.iter().map(ToString::to_string).collect(),
            data_until: verdict.detected_epoch_s,
        }
    }
}
