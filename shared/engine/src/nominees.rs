//! Whom a signal nominates. Most name their instance; a composite's children do, and of a group whose fleet alarm rings
//! those that stand out by what EC2 itself counted.

use crate::Engine;
use crate::contain::{LOOK_PAUSE, LOOKS};
use crate::measure::{last_periods, statistics};
use crate::outcome::EngineError;
use containment::authority;
use containment::ids::GroupName;
use containment::observed::ObservedAlarm;
use containment::refusal::Refusal;
use containment::verify::{nominated_by_children, verify_group, watched_group, watched_instance};
use detection::fleet::{FleetStatistic, threshold};
use detection::fleet_periods::standing_out;
use ports::PortResult;
use signal::{AlarmSignal, InstanceId};

/// Instances of a group that one look takes up, the largest first: each costs the reads of a whole decision, and where
/// more stand out it is the fleet that does it.
const MOST: usize = 5;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Nominees {
    pub(crate) instances: Vec<InstanceId>,
    /// Whether they were found by what EC2 counted, and not named.
    pub(crate) by_group: bool,
}

impl Nominees {
    pub(crate) fn named(instances: Vec<InstanceId>) -> Self {
        Self { instances, by_group: false }
    }

    /// What verification may believe of a fleet alarm: never what a message named.
    pub(crate) fn standing_out(&self) -> &[InstanceId] {
        if self.by_group { &self.instances } else { &[] }
    }
}

impl Engine {
    /// Of a delivered signal; or why it nominates nobody.
    pub(crate) async fn nominees(&self, signal: &AlarmSignal) -> Result<Result<Nominees, Refusal>, EngineError> {
        if !signal.nominated.is_empty() {
            return Ok(Ok(Nominees::named(signal.nominated.clone())));
        }
        if !signal.triggering_children.is_empty() {
            let instances = nominated_by_children(&self.observe_alarms(signal).await?.alarms);
            let named = Nominees::named(instances);
            return Ok(if named.instances.is_empty() { Err(Refusal::NothingNominated) } else { Ok(named) });
        }
        let mut looks = 1;
        loop {
            let evidence = self.observe_alarms(signal).await?;
            match verify_group(signal, &evidence, &self.config.deployment) {
                Ok(group) => return self.standing_out(&group).await.map_err(EngineError::Unread),
                Err(refusal) if looks < LOOKS && self.may_be_stale(signal, &refusal) => {
                    self.ports.clock.sleep(LOOK_PAUSE).await;
                    looks += 1;
                }
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
    }

    /// Of an alarm that rings; nobody, where it is one that shows only in its message whom it is about.
    pub(crate) async fn nominated_by(&self, alarm: &ObservedAlarm) -> PortResult<Nominees> {
        let deployment = &self.config.deployment;
        if let Some(group) = watched_group(alarm, deployment) {
            return Ok(self.standing_out(&group).await?.unwrap_or_default());
        }
        Ok(Nominees::named(watched_instance(alarm, deployment).into_iter().collect()))
    }

    async fn standing_out(&self, name: &GroupName) -> PortResult<Result<Nominees, Refusal>> {
        let nothing = |why: String| Ok(Err(Refusal::NothingStandsOut { why }));
        let Some(group) = self.ports.groups.describe(name).await? else {
            return nothing(format!("there is no group {}", signal::Quoted(name.as_str())));
        };
        if authority::of_group(&group).is_none() {
            return Ok(Err(Refusal::NotOptedIn));
        }
        let members: Vec<InstanceId> = group.in_service().map(|member| member.instance.clone()).collect();
        let span = last_periods(self.ports.clock.now());
        let sent = self.ports.traffic.sent(&members, span).await?;
        let (periods, figures) = statistics(&group, &sent, span);
        let found = standing_out(&periods, threshold(&figures));
        if found.is_empty() {
            let abstains = periods.values().all(|one| matches!(one, FleetStatistic::Abstains { .. }));
            let why = if abstains { "too few of its instances report" } else { "none sends more than the others do" };
            return nothing(why.to_owned());
        }
        let instances = found.iter().take(MOST).filter_map(|one| one.instance.parse().ok()).collect();
        Ok(Ok(Nominees { instances, by_group: true }))
    }
}
