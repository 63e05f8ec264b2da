//! The reads before a decision: as many as can be at once, so that a valid hint costs one round trip.

use crate::Engine;
use crate::judge::{Traffic, traffic_span};
use crate::outcome::EngineError;
use containment::decide::{Standing, Subject};
use containment::ids::{GroupName, TargetGroupArn};
use containment::observed::{AlarmDefinition, ObservedInstance, ObservedSecurityGroup, PowerState, Protection};
use containment::verify::{AlarmEvidence, needs_history};
use ports::{AlarmScope, Glance, PortError, PortResult, Wanted};
use signal::{AlarmHint, AlarmSignal, FleetHint, InstanceId, Via};
use time::Duration;

/// CloudWatch keeps an alarm's history for two weeks; a drill's own change is at most minutes old.
const HISTORY: Duration = Duration::minutes(10);

/// Everything known about one nomination.
pub(crate) struct Observation {
    pub(crate) evidence: AlarmEvidence,
    pub(crate) subject: Subject,
    pub(crate) standing: Standing,
    pub(crate) glance: Glance,
    pub(crate) quarantine_groups: Vec<ObservedSecurityGroup>,
    /// Only deregistration needs it, so a failure here must not hold back the cut.
    pub(crate) target_groups: PortResult<Vec<TargetGroupArn>>,
    /// `None` where a person names the instance: nobody judges their word by it.
    pub(crate) traffic: Option<Traffic>,
}

impl Engine {
    /// The alarm and the children it came with, for a signal that names no instance itself.
    pub(crate) async fn observe_alarms(&self, signal: &AlarmSignal) -> Result<AlarmEvidence, EngineError> {
        let alarms = self.ports.alarms.describe(&alarm_names(signal)).await.map_err(EngineError::Unread)?;
        Ok(AlarmEvidence { alarms, ..AlarmEvidence::default() })
    }

    pub(crate) async fn observe(
        &self,
        signal: &AlarmSignal,
        instance: &InstanceId,
        standing_out: &[InstanceId],
    ) -> Result<Observation, EngineError> {
        let hint = hinted_group(signal, instance);
        // The alarms of a hinted group say nothing of another one.
        let (hinted, all) = (self.scope(signal, hint.as_ref()), self.scope(signal, None));
        let mut observation = self.observe_around(instance, &alarm_names(signal), hint, (hinted, all)).await?;
        observation.evidence.standing_out = standing_out.to_vec();
        self.observe_what_the_alarm_needs(signal, &mut observation).await.map_err(EngineError::Unread)?;
        observation.take_up_the_glance();
        Ok(observation)
    }

    /// The same for an instance that a person names: there is no alarm to read and no hint.
    pub(crate) async fn observe_instance(&self, instance: &InstanceId) -> Result<Observation, EngineError> {
        let topic = self.config.deployment.alarm_topics.first().cloned();
        let scope = AlarmScope { name_prefix: None, action_prefix: topic };
        let mut observation = self.observe_around(instance, &[], None, (scope.clone(), scope)).await?;
        observation.take_up_the_glance();
        Ok(observation)
    }

    async fn observe_around(
        &self,
        instance: &InstanceId,
        names: &[String],
        hint: Option<GroupName>,
        (scope, wider_scope): (AlarmScope, AlarmScope),
    ) -> Result<Observation, EngineError> {
        let ports = &self.ports;
        let wanted = Wanted { instance: instance.clone(), group: hint.clone() };
        let (
            alarms,
            described,
            interfaces,
            protection,
            membership,
            group,
            quarantine_groups,
            alarming,
            glance,
            target_groups,
            traffic,
        ) = tokio::join!(
            async { if names.is_empty() { Ok(Vec::new()) } else { ports.alarms.describe(names).await } },
            ports.instances.describe(instance),
            ports.network.interfaces(instance),
            ports.instances.protection(instance),
            ports.groups.membership(instance),
            self.group(hint.as_ref()),
            ports.network.quarantine_groups(),
            ports.alarms.in_alarm(&scope),
            ports.journal.glance(&wanted),
            ports.targets.groups(),
            self.traffic(instance, hint.as_ref(), !names.is_empty()),
        );
        let unread = |error: PortError| EngineError::Unread(error);
        let described = described.map_err(unread)?;
        let membership = membership.map_err(unread)?;
        // Protection attributes of an instance that doesn't exist are no error of their own.
        let protection = if exists(described.as_ref()) { protection.map_err(unread)? } else { Protection::default() };
        let evidence = AlarmEvidence { alarms: alarms.map_err(unread)?, ..AlarmEvidence::default() };
        let mut observation = Observation {
            evidence,
            subject: Subject {
                instance: described,
                interfaces: interfaces.map_err(unread)?,
                protection,
                membership,
                group: group.map_err(unread)?,
                standalone: None,
            },
            standing: Standing { alarming: alarming.map_err(unread)?, ..Standing::default() },
            glance: glance.map_err(unread)?,
            quarantine_groups: quarantine_groups.map_err(unread)?,
            target_groups,
            traffic: traffic.map_err(unread)?,
        };
        self.believe_or_correct_the_hint(instance, hint, &wider_scope, &mut observation).await.map_err(unread)?;
        Ok(observation)
    }

    /// The hint is a name that anybody may have chosen: it counts only if it is the group that has the instance.
    async fn believe_or_correct_the_hint(
        &self,
        instance: &InstanceId,
        hint: Option<GroupName>,
        wider_scope: &AlarmScope,
        observation: &mut Observation,
    ) -> PortResult<()> {
        let actual = observation.subject.membership.as_ref().map(|membership| membership.group.clone());
        if actual == hint {
            return Ok(());
        }
        let wanted = Wanted { instance: instance.clone(), group: actual.clone() };
        // Without a hint all that lead here were read already.
        let (group, glance, alarming, traffic) = tokio::join!(
            self.group(actual.as_ref()),
            self.ports.journal.glance(&wanted),
            async { if hint.is_some() { self.ports.alarms.in_alarm(wider_scope).await.map(Some) } else { Ok(None) } },
            self.traffic(instance, actual.as_ref(), observation.traffic.is_some()),
        );
        observation.traffic = traffic?;
        observation.subject.group = group?;
        observation.glance = glance?;
        if let Some(alarming) = alarming? {
            observation.standing.alarming = alarming;
        }
        Ok(())
    }

    async fn traffic(
        &self,
        instance: &InstanceId,
        group: Option<&GroupName>,
        wanted: bool,
    ) -> PortResult<Option<Traffic>> {
        if !wanted {
            return Ok(None);
        }
        let traffic = &self.ports.traffic;
        let refresh = async {
            match group {
                Some(group) => self.ports.groups.latest_refresh(group).await,
                None => Ok(None),
            }
        };
        let span = traffic_span(self.ports.clock.now());
        let (history, detector, refresh) =
            tokio::join!(traffic.history(instance, group, span), traffic.detector(instance), refresh);
        Ok(Some(Traffic { history: history?, detector: detector?, refresh }))
    }

    async fn observe_what_the_alarm_needs(
        &self,
        signal: &AlarmSignal,
        observation: &mut Observation,
    ) -> PortResult<()> {
        let Some(alarm) = observation.evidence.alarm(&signal.alarm) else { return Ok(()) };
        let name = signal.alarm.name().to_owned();
        let multi_series = matches!(alarm.definition, AlarmDefinition::MultiSeries { .. });
        if needs_history(alarm, &self.config.deployment) {
            let at = signal.transition.at;
            observation.evidence.history = {
                let (since, until) = (at.checked_sub(HISTORY).unwrap_or(at), at.checked_add(HISTORY).unwrap_or(at));
                self.ports.alarms.history(&name, since, until).await?
            };
        }
        if multi_series {
            observation.evidence.contributors = self.ports.alarms.contributors(&name).await?;
        }
        Ok(())
    }

    async fn group(&self, name: Option<&GroupName>) -> PortResult<Option<containment::observed::ObservedGroup>> {
        match name {
            Some(name) => self.ports.groups.describe(name).await,
            None => Ok(None),
        }
    }

    /// Alarms that lead to the same place as this one; of the hinted group alone, where there is a hint.
    fn scope(&self, signal: &AlarmSignal, hint: Option<&GroupName>) -> AlarmScope {
        let action_prefix = match &signal.via {
            Via::Sns { topic, .. } => Some(topic.to_string()),
            Via::LambdaAction => self.config.deployment.function_arn.clone(),
            Via::EventBridge { .. } => None,
        };
        AlarmScope { name_prefix: hint.map(|group| format!("cordon/{group}/")), action_prefix }
    }
}

impl Observation {
    /// What the table says counts for the guards and for a standalone instance's authority.
    fn take_up_the_glance(&mut self) {
        let glance = &self.glance;
        self.subject.standalone.clone_from(&glance.standalone);
        self.standing.freeze.clone_from(&glance.freeze);
        self.standing.group_breaker.clone_from(&glance.group_breaker);
        self.standing.account_breaker.clone_from(&glance.account_breaker);
        self.standing.released_at = glance.released_at;
    }

    /// Replaces what a lost race made stale.
    pub(crate) fn refresh(&mut self, glance: Glance) {
        self.glance = glance;
        self.take_up_the_glance();
    }
}

fn exists(instance: Option<&ObservedInstance>) -> bool {
    instance.is_some_and(|instance| instance.state != PowerState::Terminated)
}

/// DescribeAlarms takes at most 100 names.
fn alarm_names(signal: &AlarmSignal) -> Vec<String> {
    let children = signal.triggering_children.iter().take(99).map(|child| child.name().to_owned());
    std::iter::once(signal.alarm.name().to_owned()).chain(children).collect()
}

/// The group that the name of the alarm, or of a child alarm, hints at for this instance.
fn hinted_group(signal: &AlarmSignal, instance: &InstanceId) -> Option<GroupName> {
    let of_fleet = || FleetHint::parse(signal.alarm.name()).map(|hint| GroupName::new(hint.group));
    std::iter::once(&signal.alarm)
        .chain(&signal.triggering_children)
        .filter_map(|alarm| AlarmHint::parse(alarm.name()))
        .find(|hint| hint.instance == *instance)
        .map(|hint| GroupName::new(hint.group))
        .or_else(of_fleet)
}
