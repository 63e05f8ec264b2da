use super::{StackReader, absent_is_none};
use crate::error::map;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use ports::{PortError, PortResult};
use std::collections::BTreeMap;
use time::OffsetDateTime;

const CONFIGURATION: &str = "lambda:GetFunctionConfiguration";
const CONCURRENCY: &str = "lambda:GetFunctionConcurrency";
const POLICY: &str = "lambda:GetPolicy";
const METRICS: &str = "cloudwatch:GetMetricData";
const RULE: &str = "events:DescribeRule";
const TARGETS: &str = "events:ListTargetsByRule";
const PERIOD_SECONDS: i32 = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedFunction {
    pub arn: String,
    /// `Active`, `Pending`, `Inactive`, `Failed`, with Lambda's reason for it.
    pub state: String,
    pub state_reason: Option<String>,
    /// `Successful`, `Failed`, `InProgress`
    pub last_update: Option<String>,
    pub role_arn: String,
    pub variables: BTreeMap<String, String>,
}

/// A function's name and one of Lambda's metrics, such as `Errors`.
pub type FunctionMetric = (String, &'static str);

impl StackReader {
    pub async fn function(&self, name: &str) -> PortResult<DeployedFunction> {
        let call = self.lambda.get_function_configuration().function_name(name);
        let answer = call.send().await.map_err(map(CONFIGURATION))?;
        let variables = answer.environment().and_then(|environment| environment.variables());
        Ok(DeployedFunction {
            arn: answer.function_arn().unwrap_or_default().to_owned(),
            state: answer.state().map_or("(not said)", |state| state.as_str()).to_owned(),
            state_reason: answer.state_reason().map(ToOwned::to_owned),
            last_update: answer.last_update_status().map(|status| status.as_str().to_owned()),
            role_arn: answer.role().unwrap_or_default().to_owned(),
            variables: variables.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect(),
        })
    }

    /// `None` where the function shares the account's concurrency.
    pub async fn reserved_concurrency(&self, function: &str) -> PortResult<Option<i32>> {
        let call = self.lambda.get_function_concurrency().function_name(function);
        Ok(call.send().await.map_err(map(CONCURRENCY))?.reserved_concurrent_executions())
    }

    /// Who may invoke the function, as a policy document; `None` where nobody is named.
    pub async fn function_policy(&self, function: &str) -> PortResult<Option<String>> {
        let call = self.lambda.get_policy().function_name(function);
        let policy = absent_is_none(call.send().await.map_err(map(POLICY)))?;
        Ok(policy.and_then(|answer| answer.policy))
    }

    /// Sums from `since` to `until`. Where CloudWatch has no point the sum is 0, as it has none where nothing happened.
    pub async fn sums(
        &self,
        wanted: &[FunctionMetric],
        since: OffsetDateTime,
        until: OffsetDateTime,
    ) -> PortResult<BTreeMap<FunctionMetric, f64>> {
        let queries = wanted.iter().enumerate().map(|(number, (function, metric))| {
            let dimension = Dimension::builder().name("FunctionName").value(function).build();
            let metric = Metric::builder().namespace("AWS/Lambda").metric_name(*metric).dimensions(dimension).build();
            let stat = MetricStat::builder().metric(metric).period(PERIOD_SECONDS).stat("Sum").build();
            MetricDataQuery::builder().id(format!("m{number}")).metric_stat(stat).build()
        });
        let call = self.cloudwatch.get_metric_data().set_metric_data_queries(Some(queries.collect()));
        let call = call.start_time(time_of(since)).end_time(time_of(until));
        let mut pages = call.into_paginator().send();
        let mut sums: BTreeMap<_, f64> = wanted.iter().map(|one| (one.clone(), 0.0)).collect();
        while let Some(page) = pages.next().await {
            for result in page.map_err(map(METRICS))?.metric_data_results() {
                let number = result.id().and_then(|id| id.strip_prefix('m')).and_then(|id| id.parse::<usize>().ok());
                let of = number.and_then(|number| wanted.get(number));
                let of = of.ok_or_else(|| PortError::unreadable(METRICS, "a series that was not asked for"))?;
                *sums.entry(of.clone()).or_default() += result.values().iter().sum::<f64>();
            }
        }
        Ok(sums)
    }

    /// Whether the rule is enabled.
    pub async fn rule_enabled(&self, name: &str) -> PortResult<bool> {
        let answer = self.events.describe_rule().name(name).send().await.map_err(map(RULE))?;
        Ok(answer.state().is_some_and(|state| state.as_str().starts_with("ENABLED")))
    }

    /// The ARNs that the rule invokes.
    pub async fn rule_targets(&self, name: &str) -> PortResult<Vec<String>> {
        let answer = self.events.list_targets_by_rule().rule(name).send().await.map_err(map(TARGETS))?;
        Ok(answer.targets().iter().map(|target| target.arn().to_owned()).collect())
    }
}

fn time_of(at: OffsetDateTime) -> DateTime {
    DateTime::from_secs(at.unix_timestamp())
}
