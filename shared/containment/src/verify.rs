//! Zero trust: a signal only nominates. Whether the alarm really exists, is ours, is in ALARM and names this instance
//! is decided here, from what AWS answered when Cordon asked.

use crate::composite_rule;
use crate::figure::Figure;
use crate::ids::GroupName;
use crate::metric_query;
use crate::observed::{AlarmDefinition, Contributor, HistoryItem, ObservedAlarm, ObservedMetric};
use crate::refusal::Refusal;
use detection::fleet;
use serde::{Deserialize, Serialize};
use signal::{AccountId, AlarmArn, AlarmSignal, AlarmState, InstanceId, Region, Via};
use time::{Duration, OffsetDateTime};

/// The only namespace whose values nobody but EC2 can write: PutMetricData refuses `AWS/…`.
const TRUSTED_NAMESPACE: &str = "AWS/EC2";
const INSTANCE_DIMENSION: &str = "InstanceId";
/// A drill's message and AWS's history name the same transition; their clocks are AWS's own, rounded differently.
const SAME_TRANSITION: Duration = Duration::seconds(2);

/// What this deployment is, for judging whose alarm it is.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub account: AccountId,
    pub region: Region,
    pub partition: String,
    /// SNS topics whose alarms may nominate: our own first, then those of alarms made elsewhere.
    pub alarm_topics: Vec<String>,
    /// The function's own ARN, without qualifier, for alarms that invoke it directly.
    pub function_arn: Option<String>,
    pub drills_allowed: bool,
}

/// Everything read from CloudWatch about the nominated alarm.
#[derive(Debug, Clone, Default)]
pub struct AlarmEvidence {
    /// The alarm itself and, for a composite, the children that the signal named.
    pub alarms: Vec<ObservedAlarm>,
    /// Contributors of a multi-series alarm, read only for one.
    pub contributors: Vec<Contributor>,
    /// State changes around the signal's time, read only where the state may have been set by hand.
    pub history: Vec<HistoryItem>,
    /// Instances that stand out of their group by what EC2 counted, computed only for an alarm on the fleet metric.
    pub standing_out: Vec<InstanceId>,
}

impl AlarmEvidence {
    pub fn alarm(&self, arn: &AlarmArn) -> Option<&ObservedAlarm> {
        self.alarms.iter().find(|alarm| alarm.arn == *arn)
    }
}

/// A nomination that AWS confirmed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifiedAlarm {
    pub alarm: AlarmArn,
    pub instance: InstanceId,
    /// AWS's own time of the transition; part of the incident's id.
    #[serde(with = "time::serde::rfc3339")]
    pub transitioned_at: OffsetDateTime,
    /// The state was set by hand (SetAlarmState): only a group that allows drills may be contained for it.
    pub drill: bool,
    /// What AWS's own evaluation compared. `None` of a drill, whose data its caller writes.
    pub figure: Option<Figure>,
}

/// Verifies that `signal` truthfully nominates `instance`.
pub fn verify(
    signal: &AlarmSignal,
    instance: &InstanceId,
    evidence: &AlarmEvidence,
    deployment: &Deployment,
) -> Result<VerifiedAlarm, Refusal> {
    let (alarm, by_hand) = confirmed(signal, evidence, deployment)?;
    let (nominated_at, figure) = match &alarm.definition {
        // Its figure is of a metric that anybody may write.
        AlarmDefinition::Metric { .. } if watched_group(alarm, deployment).is_some() => {
            is_no_drill(by_hand)?;
            stands_out(instance, &evidence.standing_out)?;
            (alarm.transitioned_at, None)
        }
        AlarmDefinition::Metric { metrics } => {
            names_instance(metrics, instance, deployment)?;
            (alarm.transitioned_at, alarm.figure.clone())
        }
        AlarmDefinition::MultiSeries { query, account } => {
            elsewhere(account.as_ref(), deployment)?;
            is_trusted(metric_query::namespace(query).unwrap_or("that could not be read"))?;
            // Its reason is of all its series, not of this instance's.
            (is_contributor(instance, &evidence.contributors)?.unwrap_or(alarm.transitioned_at), None)
        }
        AlarmDefinition::Composite { rule } => {
            let child = named_by_child(rule, instance, evidence, deployment)?;
            (alarm.transitioned_at, child.figure.clone())
        }
    };
    Ok(VerifiedAlarm {
        alarm: signal.alarm.clone(),
        instance: instance.clone(),
        transitioned_at: by_hand.unwrap_or(nominated_at),
        drill: by_hand.is_some(),
        figure: figure.filter(|_| by_hand.is_none()),
    })
}

/// Verifies that `signal` truthfully nominates a group, as an alarm on the fleet metric does. That nominates no instance
/// yet: anybody who may call PutMetricData can make such an alarm ring.
pub fn verify_group(
    signal: &AlarmSignal,
    evidence: &AlarmEvidence,
    deployment: &Deployment,
) -> Result<GroupName, Refusal> {
    let (alarm, by_hand) = confirmed(signal, evidence, deployment)?;
    let group = watched_group(alarm, deployment).ok_or(Refusal::NothingNominated)?;
    is_no_drill(by_hand)?;
    Ok(group)
}

/// The alarm, once it is ours, leads here and is in ALARM; and when its state was set by hand, if it was.
fn confirmed<'a>(
    signal: &AlarmSignal,
    evidence: &'a AlarmEvidence,
    deployment: &Deployment,
) -> Result<(&'a ObservedAlarm, Option<OffsetDateTime>), Refusal> {
    is_ours(&signal.alarm, deployment)?;
    came_through_our_topic(signal, deployment)?;
    let alarm = evidence.alarm(&signal.alarm).ok_or(Refusal::AlarmNotFound)?;
    is_routed_here(alarm, signal, deployment)?;
    let by_hand = in_alarm_or_drill(alarm, signal, evidence, deployment)?;
    Ok((alarm, by_hand))
}

/// Instances that a composite's children name, for a signal that itself names none: they still pass [`verify`].
pub fn nominated_by_children(alarms: &[ObservedAlarm]) -> Vec<InstanceId> {
    let mut found = Vec::new();
    for alarm in alarms {
        let AlarmDefinition::Metric { metrics } = &alarm.definition else { continue };
        for (name, value) in metrics.iter().flat_map(|metric| &metric.dimensions) {
            let instance = (name == INSTANCE_DIMENSION).then(|| value.parse::<InstanceId>().ok()).flatten();
            found.extend(instance.filter(|instance| !found.contains(instance)));
        }
    }
    found
}

fn is_ours(alarm: &AlarmArn, deployment: &Deployment) -> Result<(), Refusal> {
    if alarm.account == deployment.account
        && alarm.region == deployment.region
        && alarm.partition == deployment.partition
    {
        return Ok(());
    }
    Err(Refusal::AlarmElsewhere { account: alarm.account.to_string(), region: alarm.region.to_string() })
}

fn came_through_our_topic(signal: &AlarmSignal, deployment: &Deployment) -> Result<(), Refusal> {
    match &signal.via {
        Via::Sns { topic, .. } if !deployment.alarm_topics.contains(&topic.to_string()) => {
            Err(Refusal::ForeignTopic { topic: topic.to_string() })
        }
        _ => Ok(()),
    }
}

/// The alarm's own definition leads here, so that nobody can forward alarms that were never meant to contain.
fn is_routed_here(alarm: &ObservedAlarm, signal: &AlarmSignal, deployment: &Deployment) -> Result<(), Refusal> {
    let leads_here = |action: &String| match &signal.via {
        Via::Sns { topic, .. } => *action == topic.to_string(),
        Via::LambdaAction => is_function(action, deployment),
        // The event bus carries every alarm of the account; the alarm must point to us by an action all the same.
        Via::EventBridge { .. } => is_ours_to_act(action, deployment),
    };
    if alarm.actions_enabled && alarm.actions.iter().any(leads_here) { Ok(()) } else { Err(Refusal::NotRoutedHere) }
}

fn is_ours_to_act(action: &str, deployment: &Deployment) -> bool {
    deployment.alarm_topics.iter().any(|topic| topic == action) || is_function(action, deployment)
}

fn is_function(action: &str, deployment: &Deployment) -> bool {
    let rest = deployment.function_arn.as_deref().and_then(|own| action.strip_prefix(own));
    rest.is_some_and(|qualifier| qualifier.is_empty() || qualifier.starts_with(':'))
}

/// Whether the alarm's own enabled actions lead to this deployment.
pub fn leads_here(alarm: &ObservedAlarm, deployment: &Deployment) -> bool {
    alarm.actions_enabled && alarm.actions.iter().any(|action| is_ours_to_act(action, deployment))
}

/// The one instance whose metrics the alarm reads, as [`verify`] would accept it. `None` for a composite or multi-series
/// alarm too: which instances those nominate shows only when they ring.
pub fn watched_instance(alarm: &ObservedAlarm, deployment: &Deployment) -> Option<InstanceId> {
    let AlarmDefinition::Metric { metrics } = &alarm.definition else { return None };
    let (_, value) = metrics.first()?.dimensions.first()?;
    let instance = value.parse().ok()?;
    names_instance(metrics, &instance, deployment).ok().map(|()| instance)
}

/// The group whose instances the alarm watches against each other: it reads the fleet metric of one group and nothing
/// else. Other alarms on metrics that others than EC2 may write nominate nothing.
pub fn watched_group(alarm: &ObservedAlarm, deployment: &Deployment) -> Option<GroupName> {
    let AlarmDefinition::Metric { metrics } = &alarm.definition else { return None };
    let [metric] = metrics.as_slice() else { return None };
    let [(dimension, group)] = metric.dimensions.as_slice() else { return None };
    let of_fleet = (metric.namespace.as_str(), metric.name.as_str(), dimension.as_str())
        == (fleet::NAMESPACE, fleet::METRIC, fleet::DIMENSION);
    (of_fleet && elsewhere(metric.account.as_ref(), deployment).is_ok()).then(|| GroupName::new(group))
}

/// When the state was set by hand, if it was. CloudWatch takes such a state back within seconds, so a drill is
/// confirmed by the alarm's history instead of its present state.
fn in_alarm_or_drill(
    alarm: &ObservedAlarm,
    signal: &AlarmSignal,
    evidence: &AlarmEvidence,
    deployment: &Deployment,
) -> Result<Option<OffsetDateTime>, Refusal> {
    let alarming = alarm.state == AlarmState::Alarm;
    // Whether a composite's own state was set by hand cannot be told; its children's must be true either way.
    let derived = alarm.evaluated || matches!(alarm.definition, AlarmDefinition::Composite { .. });
    if alarming && derived {
        return Ok(None);
    }
    let same =
        |item: &&HistoryItem| item.to == AlarmState::Alarm && (item.at - signal.transition.at).abs() <= SAME_TRANSITION;
    let drill = evidence.history.iter().find(same).filter(|_| deployment.drills_allowed);
    if let Some(drill) = drill {
        return Ok(Some(drill.at));
    }
    let why = if deployment.drills_allowed { "its history shows no such transition" } else { "AllowDrills is off" };
    if alarming {
        return Err(Refusal::DrillNotAllowed { why: why.to_owned() });
    }
    Err(Refusal::NotInAlarm { state: alarm.state.to_string() })
}

/// Whether [`verify`] needs the alarm's history: only where a drill is the one thing that could make the signal true.
pub fn needs_history(alarm: &ObservedAlarm, deployment: &Deployment) -> bool {
    let derived = alarm.evaluated || matches!(alarm.definition, AlarmDefinition::Composite { .. });
    deployment.drills_allowed && !(alarm.state == AlarmState::Alarm && derived)
}

/// A drill goes around the verdict on the traffic, so it must name its instance.
fn is_no_drill(by_hand: Option<OffsetDateTime>) -> Result<(), Refusal> {
    let why = "an alarm on the fleet metric names no instance to drill with";
    by_hand.map_or(Ok(()), |_| Err(Refusal::DrillNotAllowed { why: why.to_owned() }))
}

fn stands_out(instance: &InstanceId, standing_out: &[InstanceId]) -> Result<(), Refusal> {
    if standing_out.contains(instance) {
        return Ok(());
    }
    Err(Refusal::NothingStandsOut { why: "the instance is not among those that do".to_owned() })
}

/// Every metric the alarm reads is EC2's, of this account, and about this instance alone.
fn names_instance(metrics: &[ObservedMetric], instance: &InstanceId, deployment: &Deployment) -> Result<(), Refusal> {
    if metrics.is_empty() {
        return Err(Refusal::DoesNotNameInstance { why: "it reads no metric".to_owned() });
    }
    for metric in metrics {
        elsewhere(metric.account.as_ref(), deployment)?;
        is_trusted(&metric.namespace)?;
        match metric.dimensions.as_slice() {
            [(name, value)] if name == INSTANCE_DIMENSION && value == instance.as_ref() => {}
            [(name, value)] if name == INSTANCE_DIMENSION => {
                let why = format!("metric {} is about {}", metric.name, signal::Quoted(value));
                return Err(Refusal::DoesNotNameInstance { why });
            }
            _ => {
                let why = format!("metric {} has dimensions other than InstanceId alone", metric.name);
                return Err(Refusal::DoesNotNameInstance { why });
            }
        }
    }
    Ok(())
}

fn elsewhere(account: Option<&AccountId>, deployment: &Deployment) -> Result<(), Refusal> {
    match account {
        Some(account) if *account != deployment.account => {
            Err(Refusal::MetricElsewhere { account: account.to_string() })
        }
        _ => Ok(()),
    }
}

fn is_trusted(namespace: &str) -> Result<(), Refusal> {
    if namespace == TRUSTED_NAMESPACE {
        Ok(())
    } else {
        Err(Refusal::UntrustedMetric { namespace: namespace.to_owned() })
    }
}

fn is_contributor(instance: &InstanceId, contributors: &[Contributor]) -> Result<Option<OffsetDateTime>, Refusal> {
    contributors
        .iter()
        .find(|contributor| {
            contributor.attributes.get(INSTANCE_DIMENSION).is_some_and(|value| value == instance.as_ref())
        })
        .map(|contributor| contributor.transitioned_at)
        .ok_or(Refusal::NotAContributor)
}

/// A child that the rule itself names is in ALARM by evaluation and is about this instance. The first reason found for
/// a child that does name the instance is more useful than "no child", so it is kept.
fn named_by_child<'a>(
    rule: &str,
    instance: &InstanceId,
    evidence: &'a AlarmEvidence,
    deployment: &Deployment,
) -> Result<&'a ObservedAlarm, Refusal> {
    let named = composite_rule::alarms_named(rule);
    let mut reason = Refusal::NoChildInAlarm;
    for child in &evidence.alarms {
        let AlarmDefinition::Metric { metrics } = &child.definition else { continue };
        let in_rule = named.iter().any(|name| name == child.arn.name() || *name == child.arn.to_string());
        if !in_rule || child.state != AlarmState::Alarm || !child.evaluated {
            continue;
        }
        match is_ours(&child.arn, deployment).and_then(|()| names_instance(metrics, instance, deployment)) {
            Ok(()) => return Ok(child),
            Err(why) => reason = why,
        }
    }
    Err(reason)
}
