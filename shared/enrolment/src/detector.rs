//! One anomaly detector: of one metric of one instance. CloudWatch gives detectors neither names nor tags.

use crate::settings::MetricName;
use signal::InstanceId;
use std::fmt;
use std::str::FromStr;

/// Bytes a period are a sum. A band over another statistic is another detector.
pub(crate) const STATISTIC: &str = "Sum";

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Detector {
    pub instance: InstanceId,
    pub metric: MetricName,
}

impl Detector {
    pub const NAMESPACE: &'static str = "AWS/EC2";
    pub const DIMENSION: &'static str = "InstanceId";
    pub const STATISTIC: &'static str = STATISTIC;
}

/// As Cordon keeps it in its record of what it made.
impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.instance, self.metric)
    }
}

impl FromStr for Detector {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (instance, metric) = text.split_once('/').ok_or(())?;
        Ok(Self { instance: instance.parse().map_err(|_| ())?, metric: metric.parse().map_err(|_| ())? })
    }
}
