//! What enrolment costs a month. Integers: a sum of money must not depend on the order of adding.

use serde::Serialize;

/// In hundred-thousandths of a dollar a month. Prices change and differ by Region, so they are data and say whence they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Price {
    pub alarm_metric: u64,
    /// CloudWatch bills an anomaly alarm as three: the metric and the two edges of its band.
    pub metrics_an_alarm: u64,
    pub detailed_monitoring: u64,
    pub source: &'static str,
}

impl Price {
    pub const LIST: Self = Self {
        alarm_metric: 10_000,
        metrics_an_alarm: 3,
        detailed_monitoring: 210_000,
        source: "Amazon CloudWatch pricing, US East (N. Virginia), first tier, no free tier: a standard-resolution alarm \
                 metric $0.10 a month; detailed monitoring as 7 metrics of $0.30",
    };
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    pub alarms: u64,
    pub detailed_instances: u64,
    /// Dollars and cents.
    pub usd_a_month: String,
    pub price: Price,
}

impl Cost {
    /// Of these alarms, and of detailed monitoring on these instances where Cordon turns it on.
    pub fn of(alarms: usize, detailed_instances: usize, price: Price) -> Self {
        let (alarms, detailed_instances) = (alarms as u64, detailed_instances as u64);
        let an_alarm = price.alarm_metric.saturating_mul(price.metrics_an_alarm);
        let all = alarms
            .saturating_mul(an_alarm)
            .saturating_add(detailed_instances.saturating_mul(price.detailed_monitoring));
        let cents = all.div_ceil(1000);
        Self { alarms, detailed_instances, usd_a_month: format!("{}.{:02}", cents / 100, cents % 100), price }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cost, Price};

    #[test]
    fn an_anomaly_alarm_costs_three_metrics() {
        assert_eq!(Cost::of(1, 0, Price::LIST).usd_a_month, "0.30");
        assert_eq!(Cost::of(2000, 0, Price::LIST).usd_a_month, "600.00");
        assert_eq!(Cost::of(10, 10, Price::LIST).usd_a_month, "24.00");
        assert_eq!(Cost::of(usize::MAX, usize::MAX, Price::LIST).alarms, u64::MAX);
    }
}
