//! The cut: every interface into its VPC's quarantine group and the instance out of its group, at the same time.

use crate::apply::Facts;
use containment::ids::{SecurityGroupId, VpcId};
use containment::incident::StepStatus;
use containment::observed::{Lifecycle, ObservedInterface, ObservedSecurityGroup};
use containment::quarantine::{self, Readiness};
use containment::step::Step;
use futures::future::join_all;
use ports::Ports;
use std::collections::BTreeSet;
use std::fmt::Display;

/// What the calls of the cut answered. What AWS shows afterwards decides; these are for the reasons.
pub(crate) struct Cut {
    pub(crate) network_errors: Vec<String>,
    pub(crate) group: Option<StepStatus>,
}

pub(crate) async fn cut(ports: &Ports, facts: &Facts, steps: &BTreeSet<Step>) -> Cut {
    let (network_errors, group) = tokio::join!(
        async {
            if steps.contains(&Step::QuarantineNetwork) { quarantine_all(ports, facts).await } else { Vec::new() }
        },
        async { if steps.contains(&Step::DetachFromGroup) { Some(leave_group(ports, facts).await) } else { None } },
    );
    Cut { network_errors, group }
}

/// Each VPC's interfaces wait for that VPC's quarantine group only. (An instance's interfaces share one VPC today;
/// nothing here depends on it.)
async fn quarantine_all(ports: &Ports, facts: &Facts) -> Vec<String> {
    let vpcs = quarantine::vpcs(&facts.interfaces);
    let by_vpc = join_all(vpcs.iter().map(|vpc| quarantine_vpc(ports, facts, vpc))).await;
    by_vpc.into_iter().flatten().collect()
}

async fn quarantine_vpc(ports: &Ports, facts: &Facts, vpc: &VpcId) -> Vec<String> {
    let group = match ready_group(ports, &facts.quarantine_groups, vpc).await {
        Ok(group) => group,
        Err(why) => return vec![why],
    };
    let of_vpc = |interface: &&ObservedInterface| interface.vpc == *vpc && interface.groups != [group.clone()];
    let moves = quarantine::movable(&facts.interfaces).filter(of_vpc).map(async |interface| {
        let moved = ports.network.set_groups(&interface.id, std::slice::from_ref(&group)).await;
        moved.err().map(|error| format!("{}: {error}", interface.id))
    });
    join_all(moves).await.into_iter().flatten().collect()
}

/// The VPC's quarantine group, made or emptied first where it must be. It is used only once AWS showed it empty.
pub(crate) async fn ready_group(
    ports: &Ports,
    groups: &[ObservedSecurityGroup],
    vpc: &VpcId,
) -> Result<SecurityGroupId, String> {
    match quarantine::readiness(vpc, groups) {
        Readiness::Ready(group) => return Ok(group),
        Readiness::Squatted(group) => {
            return Err(format!(
                "{group} has the quarantine group's name in {vpc} without Cordon's tag; remove or tag it"
            ));
        }
        Readiness::NotEmpty(group) => {
            tracing::warn!(group = %group.id, "the quarantine group had rules; they are revoked");
            ports.network.empty_quarantine_group(&group.id).await.map_err(text)?;
        }
        Readiness::Missing => {
            let made = ports.network.create_quarantine_group(vpc).await.map_err(text)?;
            // Whoever else made it at the same time revokes its rules; the read-back below sees whether that was done.
            if let Some(group) = made {
                ports.network.revoke_default_rules(&group).await.map_err(text)?;
            }
        }
    }
    for _ in 0..READ_BACKS {
        let groups = ports.network.quarantine_groups().await.map_err(text)?;
        match quarantine::readiness(vpc, &groups) {
            Readiness::Ready(group) => return Ok(group),
            Readiness::NotEmpty(group) => ports.network.empty_quarantine_group(&group.id).await.map_err(text)?,
            Readiness::Missing => ports.clock.sleep(READ_BACK_PAUSE).await,
            Readiness::Squatted(group) => {
                return Err(format!("{group} lost Cordon's tag while it was being made ready"));
            }
        }
    }
    Err(format!("the quarantine group of {vpc} was not seen empty"))
}

/// A new group is not visible everywhere at once.
const READ_BACKS: u32 = 5;
const READ_BACK_PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

/// Out of the group by detaching; in Standby where that fails. `Failed` where both did.
async fn leave_group(ports: &Ports, facts: &Facts) -> StepStatus {
    let Some(membership) = &facts.membership else { return StepStatus::Done };
    match membership.lifecycle {
        Lifecycle::InService | Lifecycle::Standby => {}
        Lifecycle::Pending => {
            return StepStatus::waiting("it is pending: a group lets go of in-service instances only");
        }
        Lifecycle::Detaching => return StepStatus::waiting("detaching: its target groups drain connections"),
        Lifecycle::Detached => return StepStatus::Done,
        Lifecycle::Terminating => return StepStatus::waiting("its group is terminating it"),
        Lifecycle::Warmed => return StepStatus::failed("an instance of a warm pool cannot be detached"),
    }
    let instance = &facts.id;
    let Err(not_detached) = ports.groups.detach(instance, &membership.group).await else {
        return StepStatus::waiting("asked to detach");
    };
    if membership.lifecycle == Lifecycle::Standby {
        return StepStatus::failed(format!("in Standby; {not_detached}"));
    }
    match ports.groups.enter_standby(instance, &membership.group).await {
        Ok(()) => StepStatus::failed(format!("put into Standby instead; {not_detached}")),
        Err(not_standby) => StepStatus::failed(format!("{not_detached}; {not_standby}")),
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}
