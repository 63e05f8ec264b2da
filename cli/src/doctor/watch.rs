//! What watches Cordon itself: the schedule and the operational alarms; and the groups' own word of what they want.

use super::check::{Check, Verdict, advised, mended_by, word};
use super::stack::{
    AUDIT_ACCESS, AUDIT_SCHEDULE, CONTAIN_INSTANCE, ENROLL_FLEET, ENROLMENT_RULE, ENROLMENT_SCHEDULE,
    FLEET_METRIC_SCHEDULE, LOOK_AGAIN_SCHEDULE, MEASURE_FLEET, NOTIFICATION_TOPIC, RECONCILE_INCIDENTS, SCHEDULE,
    Stack,
};
use containment::coverage::ModeTag;
use containment::observed::{ObservedAlarm, ObservedGroup};
use futures::future::join_all;
use ports::{Alarms, Coverage, PortResult};
use signal::{AlarmState, Quoted};

pub(super) async fn checks(stack: &Stack, alarms: &dyn Alarms, account: &dyn Coverage) -> Vec<Check> {
    let (rules, operational, groups) = tokio::join!(rules(stack), operational_alarms(stack, alarms), account.groups());
    rules.into_iter().chain(operational).chain(group_modes(&groups)).collect()
}

/// A rule of EventBridge, the function that it invokes, and what comes of it where it is disabled.
struct Rule {
    logical_id: &'static str,
    function: &'static str,
    loss: &'static str,
}

async fn rules(stack: &Stack) -> Vec<Check> {
    let mut rules = vec![
        Rule {
            logical_id: SCHEDULE,
            function: RECONCILE_INCIDENTS,
            loss: "it is disabled: nothing settles or resumes an incident",
        },
        Rule {
            logical_id: LOOK_AGAIN_SCHEDULE,
            function: CONTAIN_INSTANCE,
            loss: "it is disabled: an alarm that was in doubt, or whose message was lost, is not looked at again",
        },
    ];
    if wants(stack, AUDIT_ACCESS, "CORDON_AUDIT_ACCESS").await {
        let loss = "it is disabled: nobody is told who gained what permission";
        rules.push(Rule { logical_id: AUDIT_SCHEDULE, function: AUDIT_ACCESS, loss });
    }
    if wants(stack, ENROLL_FLEET, "CORDON_ENROLL_FLEET").await {
        let loss = "it is disabled: new instances are not watched";
        rules.extend([ENROLMENT_SCHEDULE, ENROLMENT_RULE].map(|logical_id| Rule {
            logical_id,
            function: ENROLL_FLEET,
            loss,
        }));
        rules.push(Rule {
            logical_id: FLEET_METRIC_SCHEDULE,
            function: MEASURE_FLEET,
            loss: "it is disabled: no fleet alarm rings, and what has no alarm of its own is not watched",
        });
    }
    join_all(rules.iter().map(|rule| of_rule(stack, rule))).await.concat()
}

/// Whether the deployment wants it. What can't be read is no "no": the function's own checks say that it can't.
async fn wants(stack: &Stack, function: &str, variable: &str) -> bool {
    let Some(name) = stack.id(function) else { return true };
    let function = stack.reader.function(name).await;
    function.map_or(true, |function| function.variables.get(variable).is_none_or(|value| value != "off"))
}

async fn of_rule(stack: &Stack, rule: &Rule) -> Vec<Check> {
    let Some(name) = stack.id(rule.logical_id) else { return Vec::new() };
    let (enabled, targets) = tokio::join!(stack.reader.rule_enabled(name), stack.reader.rule_targets(name));
    vec![
        Check::of("schedule-enabled", rule.logical_id, &enabled, |enabled| schedule_enabled(*enabled, name, rule.loss)),
        Check::of("schedule-target", rule.logical_id, &targets, |targets| {
            schedule_target(stack, rule.function, targets)
        }),
    ]
}

fn schedule_enabled(enabled: bool, name: &str, loss: &str) -> Verdict {
    if enabled {
        return Ok(());
    }
    mended_by(loss, format!("aws events enable-rule --name {name}"))
}

fn schedule_target(stack: &Stack, function: &str, targets: &[String]) -> Verdict {
    let Some(name) = stack.id(function) else { return Ok(()) };
    if targets.iter().any(|target| target.rsplit(':').next() == Some(name)) {
        return Ok(());
    }
    advised(format!("it does not invoke {function}"), "deploy the stack again")
}

async fn operational_alarms(stack: &Stack, alarms: &dyn Alarms) -> Vec<Check> {
    let wanted = stack.alarms();
    let names: Vec<_> = wanted.keys().cloned().collect();
    // DescribeAlarms takes 100 names.
    let mut read = Ok(Vec::new());
    for some in names.chunks(100) {
        match (&mut read, alarms.describe(some).await) {
            (Ok(read), Ok(found)) => read.extend(found),
            (read, Err(error)) => *read = Err(error),
            (Err(_), Ok(_)) => {}
        }
    }
    let found = match &read {
        Ok(found) => found,
        Err(error) => return vec![Check::unchecked("alarm-exists", "operational alarms", error)],
    };
    let topic = stack.id(NOTIFICATION_TOPIC).unwrap_or_default();
    let of = |name: &str| found.iter().find(|alarm| alarm.arn.name() == name);
    let mut checks = Vec::new();
    for (name, logical_id) in &wanted {
        let Some(alarm) = of(name) else {
            let advice = "make it again as the template has it, or take it out of the stack and deploy again";
            checks.push(Check::new("alarm-exists", logical_id, advised("the stack made it, and it is gone", advice)));
            continue;
        };
        checks.push(Check::new("alarm-acts", logical_id, alarm_acts(alarm, topic)));
        checks.push(Check::new("alarm-quiet", logical_id, alarm_quiet(alarm)));
    }
    checks
}

fn alarm_acts(alarm: &ObservedAlarm, topic: &str) -> Verdict {
    if !alarm.actions_enabled {
        let command = format!("aws cloudwatch enable-alarm-actions --alarm-names {}", word(alarm.arn.name()));
        return mended_by("its actions are off: nobody is told", command);
    }
    if !alarm.actions.iter().any(|action| action == topic) {
        return advised("its actions do not lead to NotificationTopic", "deploy the stack again");
    }
    Ok(())
}

fn alarm_quiet(alarm: &ObservedAlarm) -> Verdict {
    match alarm.state {
        AlarmState::Alarm => advised("it is in ALARM", "docs/OPERATIONS.md says what each alarm asks for"),
        AlarmState::Ok | AlarmState::InsufficientData => Ok(()),
    }
}

/// One check for each group whose tag is not understood, or one that all are.
fn group_modes(groups: &PortResult<Vec<ObservedGroup>>) -> Vec<Check> {
    const SUBJECT: &str = "all groups";
    let Ok(found) = groups else { return vec![Check::of("group-modes", SUBJECT, groups, |_| Ok(()))] };
    let wrong = found.iter().filter_map(|group| match ModeTag::of(group) {
        ModeTag::NotUnderstood(value) => Some((group.name.as_str(), value)),
        ModeTag::Absent | ModeTag::Observe | ModeTag::Enforce => None,
    });
    let wrong: Vec<_> =
        wrong.map(|(name, value)| Check::new("group-modes", name, unreadable_mode(name, &value))).collect();
    if wrong.is_empty() { vec![Check::new("group-modes", SUBJECT, Ok(()))] } else { wrong }
}

fn unreadable_mode(group: &str, value: &str) -> Verdict {
    mended_by(
        format!("its cordon:mode is {}, so Cordon leaves it alone; it must be observe or enforce", Quoted(value)),
        format!(
            "aws autoscaling create-or-update-tags --tags \
             ResourceId={},ResourceType=auto-scaling-group,Key=cordon:mode,Value=observe,PropagateAtLaunch=false",
            word(group)
        ),
    )
}
