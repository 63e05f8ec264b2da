//! The metrics and expressions that an alarm watches.
//!
//! SNS and the two event forms carry the same MetricDataQuery list (CloudWatch API reference), spelled differently:
//! SNS lists dimensions as `[{"name", "value"}]`, events as a map.

use crate::error::SignalError;
use crate::identifiers::{AccountId, InstanceId};
use crate::model::AlarmKind;
use crate::node::Node;

/// Far above what an alarm can have (10 queries in metric math), far below what could cost time.
const QUERY_LIMIT: usize = 100;
/// PutMetricData, `Dimensions`.
const DIMENSION_LIMIT: usize = 30;
const EC2_NAMESPACE: &str = "AWS/EC2";
const INSTANCE_DIMENSION: &str = "InstanceId";
const BAND_FUNCTION: &str = "ANOMALY_DETECTION_BAND";

/// The names of the same fields in the two spellings.
pub(crate) struct Spelling {
    metric_stat: &'static str,
    metric: &'static str,
    namespace: &'static str,
    dimensions: &'static str,
    expression: &'static str,
    account: &'static str,
}

pub(crate) const IN_SNS: Spelling = Spelling {
    metric_stat: "MetricStat",
    metric: "Metric",
    namespace: "Namespace",
    dimensions: "Dimensions",
    expression: "Expression",
    account: "AccountId",
};

pub(crate) const IN_EVENTS: Spelling = Spelling {
    metric_stat: "metricStat",
    metric: "metric",
    namespace: "namespace",
    dimensions: "dimensions",
    expression: "expression",
    account: "accountId",
};

/// What the queries of one alarm say together.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    pub(crate) instances: Vec<InstanceId>,
    pub(crate) accounts: Vec<AccountId>,
    metrics: usize,
    expressions: Vec<String>,
}

impl Watched {
    /// Reads a list of queries.
    pub(crate) fn queries(&mut self, list: &Node<'_>, spelling: &Spelling) -> Result<(), SignalError> {
        for query in list.list(QUERY_LIMIT)? {
            if let Some(account) = query.get(spelling.account)? {
                self.accounts.push(account.parse()?);
            }
            if let Some(expression) = query.get(spelling.expression)? {
                self.expressions.push(expression.text()?.to_owned());
            }
            if let Some(stat) = query.get(spelling.metric_stat)? {
                self.metric(&stat.require(spelling.metric)?, spelling)?;
            }
        }
        Ok(())
    }

    /// Reads one metric: an object with a namespace and dimensions.
    pub(crate) fn metric(&mut self, metric: &Node<'_>, spelling: &Spelling) -> Result<(), SignalError> {
        self.metrics += 1;
        let namespace = metric.get(spelling.namespace)?.map(|namespace| namespace.text()).transpose()?;
        let Some(dimensions) = metric.get(spelling.dimensions)? else { return Ok(()) };
        let dimensions = read_dimensions(&dimensions)?;
        for (name, value) in dimensions {
            if name != INSTANCE_DIMENSION {
                continue;
            }
            match value.parse::<InstanceId>() {
                Ok(instance) => self.instances.push(instance),
                // Other services use the same dimension for ids of their own; EC2 itself never writes another form.
                Err(error) if namespace == Some(EC2_NAMESPACE) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }

    pub(crate) fn kind(&self) -> AlarmKind {
        let any = |is: fn(&str) -> bool| self.expressions.iter().any(|expression| is(&expression.to_ascii_uppercase()));
        if any(|expression| expression.contains(BAND_FUNCTION)) {
            AlarmKind::AnomalyBand
        } else if any(|expression| expression.trim_start().starts_with("SELECT") && expression.contains("GROUP BY")) {
            AlarmKind::MultiSeries
        } else if !self.expressions.is_empty() {
            AlarmKind::MetricMath
        } else if self.metrics > 0 {
            AlarmKind::Metric
        } else {
            AlarmKind::Unspecified
        }
    }
}

/// The dimensions of one metric, each name once.
fn read_dimensions<'a>(dimensions: &Node<'a>) -> Result<Vec<(&'a str, Node<'a>)>, SignalError> {
    if dimensions.is_object() {
        dimensions.at_most(DIMENSION_LIMIT, dimensions.object()?.len())?;
        return Ok(dimensions.entries()?.collect());
    }
    let mut read: Vec<(&str, Node<'_>)> = Vec::new();
    for entry in dimensions.list(DIMENSION_LIMIT)? {
        let name = entry.require("name")?.text()?;
        if read.iter().any(|(earlier, _)| *earlier == name) {
            return Err(SignalError::repeated_dimension(dimensions.path(), name));
        }
        read.push((name, entry.require("value")?));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn watched(queries: &Value) -> Result<Watched, SignalError> {
        let mut watched = Watched::default();
        watched.queries(&Node::root("Metrics", queries), &IN_SNS)?;
        Ok(watched)
    }

    fn metric(namespace: &str, dimensions: Value) -> Value {
        json!({"MetricStat": {"Metric": {"Namespace": namespace, "Dimensions": dimensions}}})
    }

    #[test]
    fn a_dimension_given_twice_is_refused_even_with_equal_values() {
        let dimension = json!({"name": "InstanceId", "value": "i-1a2b3c4d"});
        let error = watched(&json!([metric("AWS/EC2", json!([dimension, dimension]))])).unwrap_err();
        insta::assert_snapshot!(error, @r#"Metrics[0].MetricStat.Metric.Dimensions: the dimension "InstanceId" occurs more than once in one metric"#);
    }

    #[test]
    fn an_instance_dimension_of_ec2_must_hold_an_instance_id() {
        let error =
            watched(&json!([metric("AWS/EC2", json!([{"name": "InstanceId", "value": "../../i-1"}]))])).unwrap_err();
        insta::assert_snapshot!(error, @r#"Metrics[0].MetricStat.Metric.Dimensions[0].value: expected an instance id (i- and 8 or 17 lower-case hexadecimal digits), found "../../i-1""#);
    }

    #[test]
    fn an_instance_dimension_of_another_service_may_hold_an_id_of_its_own() {
        let read = watched(&json!([metric("AWS/Connect", json!([{"name": "InstanceId", "value": "11111111-2222"}]))]))
            .unwrap();
        assert!(read.instances.is_empty());
    }

    #[test]
    fn the_kind_follows_from_the_expressions() {
        let of = |expressions: &[&str]| {
            let queries: Vec<Value> = expressions.iter().map(|expression| json!({"Expression": expression})).collect();
            watched(&Value::Array(queries)).unwrap().kind()
        };
        assert_eq!(of(&["ANOMALY_DETECTION_BAND(m1, 2)"]), AlarmKind::AnomalyBand);
        assert_eq!(of(&["m1 / m2"]), AlarmKind::MetricMath);
        assert_eq!(of(&["select avg(CPUUtilization) from \"AWS/EC2\" group by InstanceId"]), AlarmKind::MultiSeries);
        assert_eq!(of(&["SELECT AVG(CPUUtilization) FROM \"AWS/EC2\""]), AlarmKind::MetricMath);
        assert_eq!(of(&[]), AlarmKind::Unspecified);
    }
}
