//! What an enrolled instance needs around it: its VPC's quarantine group, and metrics each minute.

use crate::calls::{BATCH, Call};
use crate::plan::{Plan, stays_in};
use crate::seen::Seen;
use crate::settings::Settings;
use containment::authority::Mode;
use containment::ids::VpcId;
use containment::observed::ObservedGroup;
use containment::quarantine::{Readiness, readiness};
use signal::{InstanceId, Quoted};
use std::collections::BTreeSet;

/// The quarantine group of each VPC in which an opted-in instance is, so that a containment needn't make it.
pub(crate) fn quarantine(seen: &Seen, opted_in: &[(&ObservedGroup, Mode)], plan: &mut Plan) {
    let members = opted_in.iter().flat_map(|(group, _)| &group.members);
    let vpcs: BTreeSet<&VpcId> =
        members.filter_map(|member| seen.machines.get(&member.instance)?.vpc.as_ref()).collect();
    for vpc in vpcs {
        match readiness(vpc, &seen.quarantine) {
            Readiness::Ready(_) => {}
            Readiness::Missing => plan.calls.push(Call::MakeQuarantineGroup(vpc.clone())),
            Readiness::NotEmpty(group) => plan.calls.push(Call::EmptyQuarantineGroup(group.id)),
            Readiness::Squatted(group) => plan.warnings.push(format!(
                "{}: {} has the quarantine group's name and not its tag; nothing in this VPC can be isolated",
                Quoted(vpc.as_str()),
                Quoted(group.as_str())
            )),
        }
    }
}

pub(crate) fn monitoring(settings: &Settings, seen: &Seen, opted_in: &[(&ObservedGroup, Mode)], plan: &mut Plan) {
    for (group, _) in opted_in {
        let basic = group.members.iter().filter(|member| {
            stays_in(member.lifecycle)
                && !seen.held.contains(&member.instance)
                && seen.machines.get(&member.instance).is_some_and(|machine| !machine.detailed)
        });
        let basic: Vec<InstanceId> = basic.map(|member| member.instance.clone()).collect();
        if basic.is_empty() {
            continue;
        }
        if settings.detailed_monitoring {
            plan.calls.extend(basic.chunks(BATCH).map(|some| Call::TurnOnMonitoring(some.to_vec())));
        } else {
            plan.warnings.push(format!(
                "{}: detailed monitoring is off for {} instances; an alarm takes five minutes a datapoint",
                Quoted(group.name.as_str()),
                basic.len()
            ));
        }
    }
}
