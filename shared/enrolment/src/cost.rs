//! What enrolment costs a month. Integers: a sum of money must not depend on the order of adding.

use serde::Serialize;

/// In hundred-thousandths of a dollar a month. Prices change and differ by Region, so they are data and say whence they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Price {
    pub alarm_metric: u64,
    /// CloudWatch bills an anomaly alarm as three: the metric and the two edges of its band.
    pub metrics_an_alarm: u64,
    pub detailed_monitoring: u64,
    /// The fleet metric, of each group: a custom metric.
    pub custom_metric: u64,
    /// GetMetricData of one instance each five minutes, by which the fleet metric is measured.
    pub measured_instance: u64,
    pub source: &'static str,
}

impl Price {
    pub const LIST: Self = Self {
        alarm_metric: 10_000,
        metrics_an_alarm: 3,
        detailed_monitoring: 210_000,
        custom_metric: 30_000,
        measured_instance: 8_640,
        source: "Amazon CloudWatch pricing, US East (N. Virginia), first tier, no free tier: a standard-resolution alarm \
                 metric $0.10 a month; detailed monitoring as 7 metrics of $0.30; a custom metric $0.30; GetMetricData \
                 $0.01 for 1,000 metrics, in 30 days",
    };
}

/// What is paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Billed {
    /// Alarms of instances, each on a band.
    pub alarms: u64,
    /// Instances on which Cordon turns detailed monitoring on.
    pub detailed_instances: u64,
    /// Alarms of groups, each on a custom metric.
    pub fleet_alarms: u64,
    /// Instances of those groups.
    pub measured_instances: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    #[serde(flatten)]
    pub billed: Billed,
    /// Dollars and cents.
    pub usd_a_month: String,
    pub price: Price,
}

impl Cost {
    pub fn of(billed: Billed, price: Price) -> Self {
        let an_alarm = price.alarm_metric.saturating_mul(price.metrics_an_alarm);
        let parts = [
            (billed.alarms, an_alarm),
            (billed.detailed_instances, price.detailed_monitoring),
            (billed.fleet_alarms, price.alarm_metric.saturating_add(price.custom_metric)),
            (billed.measured_instances, price.measured_instance),
        ];
        let all = parts.iter().map(|(count, each)| count.saturating_mul(*each)).fold(0, u64::saturating_add);
        let cents = all.div_ceil(1000);
        Self { billed, usd_a_month: format!("{}.{:02}", cents / 100, cents % 100), price }
    }
}

#[cfg(test)]
mod tests {
    use super::{Billed, Cost, Price};

    #[test]
    fn an_anomaly_alarm_costs_three_metrics_and_a_fleet_its_metric_its_alarm_and_its_reads() {
        let cost = |billed| Cost::of(billed, Price::LIST).usd_a_month;
        let none = Billed::default();
        assert_eq!(cost(Billed { alarms: 1, ..none }), "0.30");
        assert_eq!(cost(Billed { alarms: 2000, ..none }), "600.00");
        assert_eq!(cost(Billed { alarms: 10, detailed_instances: 10, ..none }), "24.00");
        assert_eq!(cost(Billed { fleet_alarms: 1, measured_instances: 500, ..none }), "43.60");
        let most = Billed { alarms: u64::MAX, detailed_instances: u64::MAX, ..none };
        assert_eq!(Cost::of(most, Price::LIST).billed, most);
    }
}
