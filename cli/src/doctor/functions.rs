//! The functions: whether they run, as what, on which resources, and who may wake them.

use super::check::{Check, Verdict, advised, mended_by};
use super::stack::{
    ALARM_TOPIC, AUDIT_ACCESS, AUDIT_SCHEDULE, CONTAIN_INSTANCE, ENROLL_FLEET, ENROLMENT_RULE, ENROLMENT_SCHEDULE,
    EvidencePlace, FLEET_METRIC_SCHEDULE, FUNCTIONS, MEASURE_FLEET, RECONCILE_INCIDENTS, SCHEDULE, Stack, is_key,
};
use aws_adapters::deployed::{DeployedFunction, FunctionMetric};
use futures::future::join_all;
use ports::PortResult;
use serde_json::Value;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

/// Variable → the resource that it names.
const SETTINGS: [(&str, &str); 7] = [
    ("CORDON_TABLE", "JournalTable"),
    ("CORDON_EVIDENCE_BUCKET", "EvidenceBucket"),
    ("CORDON_EVIDENCE_KEY_ARN", "EvidenceKey"),
    ("CORDON_SIGNING_KEY_ARN", "SigningKey"),
    ("CORDON_NOTIFICATION_TOPIC_ARN", "NotificationTopic"),
    ("CORDON_ALARM_TOPIC_ARNS", "AlarmTopic"),
    ("CORDON_REVOKE_FUNCTION", "RevokeCredentialsFunction"),
];
/// enroll-fleet's own: it knows no incident.
const SETTINGS_OF_ENROLMENT: [(&str, &str); 2] =
    [("CORDON_TABLE", "JournalTable"), ("CORDON_ALARM_TOPIC_ARN", "AlarmTopic")];
/// audit-access's own.
const SETTINGS_OF_AUDITS: [(&str, &str); 3] = [
    ("CORDON_AUDIT_BUCKET", "AuditBucket"),
    ("CORDON_AUDIT_KEY_ARN", "AuditKey"),
    ("CORDON_NOTIFICATION_TOPIC_ARN", "NotificationTopic"),
];
const LOOK_BACK: Duration = Duration::hours(1);

pub(super) async fn checks(stack: &Stack, now: OffsetDateTime) -> Vec<Check> {
    let each = stack.ids(&FUNCTIONS).map(|(logical_id, name)| of_one(stack, logical_id, name));
    let (each, recent) = tokio::join!(join_all(each), recent(stack, now));
    each.into_iter().flatten().chain(recent).collect()
}

async fn of_one(stack: &Stack, logical_id: &'static str, name: &str) -> Vec<Check> {
    let (function, reserved) = tokio::join!(stack.reader.function(name), stack.reader.reserved_concurrency(name));
    let mut checks = vec![
        Check::of("function-active", logical_id, &function, |function| active(function, name)),
        Check::of("function-settings", logical_id, &function, |function| settings(stack, logical_id, function)),
        Check::of("function-role", logical_id, &function, |function| role(stack, logical_id, function)),
        Check::of("function-concurrency", logical_id, &reserved, |reserved| concurrency(*reserved, name)),
    ];
    let by_rule = |rule| ("events.amazonaws.com", stack.rule_arn(rule));
    let callers = match logical_id {
        CONTAIN_INSTANCE => vec![("sns.amazonaws.com", stack.id(ALARM_TOPIC).map(ToOwned::to_owned))],
        RECONCILE_INCIDENTS => vec![by_rule(SCHEDULE)],
        ENROLL_FLEET => vec![by_rule(ENROLMENT_SCHEDULE), by_rule(ENROLMENT_RULE)],
        MEASURE_FLEET => vec![by_rule(FLEET_METRIC_SCHEDULE)],
        AUDIT_ACCESS => vec![by_rule(AUDIT_SCHEDULE)],
        _ => return checks,
    };
    let policy = stack.reader.function_policy(name).await;
    for (service, source) in callers {
        let Some(source) = source else { continue };
        checks.push(Check::of("function-permission", logical_id, &policy, |policy| {
            permitted(policy.as_deref(), service, &source, name)
        }));
    }
    checks
}

fn active(function: &DeployedFunction, name: &str) -> Verdict {
    let advice = format!("see aws lambda get-function --function-name {name}, then deploy again");
    let because = function.state_reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    match (function.state.as_str(), function.last_update.as_deref()) {
        ("Active", Some("Failed")) => advised("its last update failed; the code before it runs on", advice),
        ("Active", _) => Ok(()),
        (state, _) => advised(format!("it is {state}{because}"), advice),
    }
}

/// A function whose variables name another deployment's table or topic looks healthy and contains nothing.
fn settings(stack: &Stack, logical_id: &str, function: &DeployedFunction) -> Verdict {
    let needed = match logical_id {
        "RevokeCredentialsFunction" => SETTINGS.get(..1).unwrap_or_default(),
        ENROLL_FLEET => &SETTINGS_OF_ENROLMENT[..],
        MEASURE_FLEET => &[],
        AUDIT_ACCESS => &SETTINGS_OF_AUDITS[..],
        _ => &SETTINGS[..],
    };
    let wrong = needed.iter().filter(|(variable, resource)| {
        let value = function.variables.get(*variable).map(String::as_str).unwrap_or_default();
        // The deployment's own topic is the first of the list.
        let value = value.split(',').next().unwrap_or_default();
        stack.id(resource).is_some_and(|id| !is_key(value, id))
    });
    let wrong = wrong.map(|(variable, resource)| format!("{variable} does not name {resource}"));
    let writes = needed.len() == SETTINGS.len();
    let differs = writes && stack.evidence.as_ref().is_ok_and(|place| *place != EvidencePlace::of(function));
    let differs = differs.then(|| "its evidence goes elsewhere than contain-instance's".to_owned());
    let wrong: Vec<_> = wrong.chain(differs).collect();
    if wrong.is_empty() { Ok(()) } else { advised(wrong.join("; "), "deploy the stack again") }
}

fn role(stack: &Stack, logical_id: &str, function: &DeployedFunction) -> Verdict {
    let role = logical_id.replace("Function", "Role");
    match stack.id(&role) {
        Some(id) if is_key(&function.role_arn, id) => Ok(()),
        _ => advised(format!("it runs as {}, not as {role}", function.role_arn), "deploy the stack again"),
    }
}

fn concurrency(reserved: Option<i32>, name: &str) -> Verdict {
    match reserved {
        Some(0) => mended_by(
            "its reserved concurrency is 0, so it never runs",
            format!("aws lambda delete-function-concurrency --function-name {name}"),
        ),
        _ => Ok(()),
    }
}

fn permitted(policy: Option<&str>, service: &str, source: &str, name: &str) -> Verdict {
    let document: Value = policy.and_then(|policy| serde_json::from_str(policy).ok()).unwrap_or_default();
    let statements = document.get("Statement").and_then(Value::as_array);
    let found = statements.into_iter().flatten().any(|statement| {
        let principal = statement.pointer("/Principal/Service").and_then(Value::as_str);
        let arn = statement.pointer("/Condition/ArnLike/AWS:SourceArn").and_then(Value::as_str);
        let allowed = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        allowed && principal == Some(service) && arn == Some(source)
    });
    if found {
        return Ok(());
    }
    mended_by(
        format!("{service} may not invoke it from {source}"),
        format!(
            "aws lambda add-permission --function-name {name} --statement-id cordon --action lambda:InvokeFunction \
             --principal {service} --source-arn {source}"
        ),
    )
}

async fn recent(stack: &Stack, now: OffsetDateTime) -> Vec<Check> {
    let functions: Vec<_> = stack.ids(&FUNCTIONS).collect();
    let metrics = |metric| functions.iter().map(move |(_, name)| ((*name).to_owned(), metric));
    let wanted: Vec<FunctionMetric> = metrics("Errors").chain(metrics("Throttles")).collect();
    let sums = stack.reader.sums(&wanted, now - LOOK_BACK, now).await;
    let each = functions.iter().flat_map(|(logical_id, name)| {
        let (errors, throttles) = (sum(&sums, name, "Errors"), sum(&sums, name, "Throttles"));
        [
            Check::of("function-errors", logical_id, &errors, |count| errors_in_the_last_hour(*count, name)),
            Check::of("function-throttles", logical_id, &throttles, |count| throttles_in_the_last_hour(*count)),
        ]
    });
    each.collect()
}

fn sum(sums: &PortResult<BTreeMap<FunctionMetric, f64>>, name: &str, metric: &'static str) -> PortResult<f64> {
    let sums = sums.as_ref().map_err(Clone::clone)?;
    Ok(sums.get(&(name.to_owned(), metric)).copied().unwrap_or_default())
}

fn errors_in_the_last_hour(count: f64, name: &str) -> Verdict {
    if count <= 0.0 {
        return Ok(());
    }
    mended_by(
        format!("{count} of its invocations failed in the last hour; its log says why"),
        format!("aws logs tail /aws/lambda/{name} --since 1h"),
    )
}

fn throttles_in_the_last_hour(count: f64) -> Verdict {
    if count <= 0.0 {
        return Ok(());
    }
    let advice = "ask for more concurrent executions in Lambda's quotas, or raise ContainReservedConcurrency";
    advised(format!("{count} of its invocations were throttled in the last hour"), advice)
}

#[cfg(test)]
mod tests {
    use super::{active, concurrency, errors_in_the_last_hour, permitted};
    use aws_adapters::deployed::DeployedFunction;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn function(state: &str, last_update: Option<&str>) -> DeployedFunction {
        DeployedFunction {
            arn: String::new(),
            state: state.to_owned(),
            state_reason: None,
            last_update: last_update.map(ToOwned::to_owned),
            role_arn: String::new(),
            variables: BTreeMap::new(),
        }
    }

    #[test]
    fn a_function_is_well_only_while_it_is_active_and_its_last_update_went_through() {
        assert!(active(&function("Active", Some("Successful")), "f").is_ok());
        assert!(active(&function("Active", Some("Failed")), "f").is_err());
        for state in ["Pending", "Inactive", "Failed", "(not said)"] {
            assert!(active(&function(state, None), "f").is_err(), "{state}");
        }
    }

    #[test]
    fn only_a_reservation_of_none_stops_a_function() {
        assert!(concurrency(None, "f").is_ok());
        assert!(concurrency(Some(5), "f").is_ok());
        assert!(concurrency(Some(0), "f").is_err());
    }

    #[test]
    fn a_permission_counts_for_its_service_and_its_source() {
        let topic = "arn:aws:sns:eu-west-1:123456789012:alarms";
        let statement = |service: &str, source: &str| {
            let statement = json!({"Effect": "Allow", "Principal": {"Service": service},
                "Condition": {"ArnLike": {"AWS:SourceArn": source}}});
            json!({"Statement": [statement]}).to_string()
        };
        let judged = |policy: &str| permitted(Some(policy), "sns.amazonaws.com", topic, "f").is_ok();
        assert!(judged(&statement("sns.amazonaws.com", topic)));
        assert!(!judged(&statement("sns.amazonaws.com", "arn:aws:sns:eu-west-1:123456789012:other")));
        assert!(!judged(&statement("events.amazonaws.com", topic)));
        assert!(!judged("{}"));
        assert!(permitted(None, "sns.amazonaws.com", topic, "f").is_err());
    }

    #[test]
    fn one_error_is_a_problem() {
        assert!(errors_in_the_last_hour(0.0, "f").is_ok());
        assert!(errors_in_the_last_hour(1.0, "f").unwrap_err().what.starts_with("1 of"));
    }
}
