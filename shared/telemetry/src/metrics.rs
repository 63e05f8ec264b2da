//! CloudWatch embedded metric format: a JSON line with an `_aws` member, which CloudWatch Logs turns into metrics
//! (AWS: "Specification: Embedded metric format").

use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const NAMESPACE: &str = "Cordon";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    Milliseconds,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    pub name: &'static str,
    pub value: f64,
    pub unit: Unit,
}

impl Metric {
    pub fn count(name: &'static str) -> Self {
        Self { name, value: 1.0, unit: Unit::Count }
    }

    pub fn milliseconds(name: &'static str, value: f64) -> Self {
        Self { name, value, unit: Unit::Milliseconds }
    }
}

/// Writes the metrics without dimensions, which is what the alarms watch, and `fields` beside them for searching.
pub fn emit(metrics: &[Metric], fields: &[(&'static str, String)]) {
    let milliseconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    println!("{}", document(metrics, fields, u64::try_from(milliseconds).unwrap_or(u64::MAX)));
}

fn document(metrics: &[Metric], fields: &[(&'static str, String)], milliseconds: u64) -> Value {
    let unit = |unit| match unit {
        Unit::Count => "Count",
        Unit::Milliseconds => "Milliseconds",
    };
    let definitions: Vec<Value> =
        metrics.iter().map(|metric| json!({"Name": metric.name, "Unit": unit(metric.unit)})).collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({"Timestamp": milliseconds, "CloudWatchMetrics": [
            {"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": definitions}
        ]}),
    );
    for metric in metrics {
        line.insert(metric.name.to_owned(), json!(metric.value));
    }
    for (name, value) in fields {
        line.insert((*name).to_owned(), json!(value));
    }
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::{Metric, document};

    #[test]
    fn a_line_defines_and_holds_every_metric_and_escapes_its_fields() {
        let metrics = [Metric::count("SignalRejected"), Metric::milliseconds("MillisecondsToIsolated", 412.0)];
        let line = document(&metrics, &[("reason", "a\n\u{1b}[31mb".to_owned())], 1_700_000_000_000);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "Cordon");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Metrics"][1]["Unit"], "Milliseconds");
        assert_eq!(line["SignalRejected"], 1.0);
        assert_eq!(line["MillisecondsToIsolated"], 412.0);
        let text = line.to_string();
        assert!(!text.contains('\n') && !text.contains('\u{1b}'), "{text}");
    }
}
