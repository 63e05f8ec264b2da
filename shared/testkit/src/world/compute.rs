//! Instances, their volumes and interfaces.

use super::World;
use super::schedule::Change;
use crate::operations::{DESCRIBE_INSTANCE, Operation, STOP};
use containment::ids::{InterfaceId, SecurityGroupId, VolumeId, VpcId};
use containment::observed::{Lifecycle, ObservedInstance, ObservedInterface, ObservedVolume, PowerState, Protection};
use ports::{ErrorKind, PortResult};
use signal::InstanceId;
use std::collections::BTreeMap;
use std::time::Duration;

/// EC2: "Terminated instances remain visible … for a short while (usually about an hour)".
const VISIBLE_AFTER_TERMINATION: Duration = Duration::from_secs(3600);

#[derive(Debug, Clone)]
pub struct Machine {
    pub observed: ObservedInstance,
    pub protection: Protection,
    /// `iip-assoc-…` of the profile in `observed`.
    pub association: String,
}

/// An interface and the instance it is attached to.
#[derive(Debug, Clone)]
pub struct Interface {
    pub instance: InstanceId,
    pub observed: ObservedInterface,
}

/// What an instance is launched from.
#[derive(Debug, Clone)]
pub struct Template {
    pub vpc: VpcId,
    pub security_group: SecurityGroupId,
    pub interfaces: i32,
    pub profile_arn: Option<String>,
}

impl World {
    /// A running instance with a root volume that goes with it, and a data volume that stays.
    pub fn launch(&mut self, template: &Template) -> InstanceId {
        let id: InstanceId = self.new_id("i").parse().unwrap();
        let mut volume = |device: &str, delete_on_termination| ObservedVolume {
            id: VolumeId::new(self.new_id("vol")),
            device: device.to_owned(),
            delete_on_termination,
        };
        let volumes = vec![volume("/dev/xvda", true), volume("/dev/sdf", false)];
        let observed = ObservedInstance {
            id: id.clone(),
            state: PowerState::Running,
            vpc: Some(template.vpc.clone()),
            root_is_instance_store: false,
            spot: false,
            hibernation_configured: false,
            operator_managed: false,
            profile_arn: template.profile_arn.clone(),
            public_ipv4: None,
            volumes,
            tags: BTreeMap::new(),
        };
        let association = self.new_id("iip-assoc");
        self.instances.insert(id.clone(), Machine { observed, protection: Protection::default(), association });
        for device_index in 0..template.interfaces {
            self.attach_interface(&id, &template.vpc, device_index, &template.security_group);
        }
        id
    }

    pub fn attach_interface(
        &mut self,
        instance: &InstanceId,
        vpc: &VpcId,
        device_index: i32,
        group: &SecurityGroupId,
    ) -> InterfaceId {
        let id = InterfaceId::new(self.new_id("eni"));
        let observed = ObservedInterface {
            id: id.clone(),
            vpc: vpc.clone(),
            subnet: format!("subnet-of-{vpc}"),
            device_index,
            groups: vec![group.clone()],
            managed_by: None,
        };
        self.interfaces.insert(id.clone(), Interface { instance: instance.clone(), observed });
        id
    }

    pub fn interfaces_of(&self, instance: &InstanceId) -> Vec<ObservedInterface> {
        let attached = self.interfaces.values().filter(|interface| interface.instance == *instance);
        attached.map(|interface| interface.observed.clone()).collect()
    }

    pub(crate) fn machine(&mut self, operation: Operation, id: &InstanceId) -> PortResult<&mut Machine> {
        self.instances.get_mut(id).ok_or_else(|| {
            operation.error(ErrorKind::Gone, "InvalidInstanceID.NotFound", &format!("{id} does not exist"))
        })
    }

    /// For what EC2 refuses to do with an instance that is being terminated.
    pub(crate) fn living_machine(&mut self, operation: Operation, id: &InstanceId) -> PortResult<&mut Machine> {
        let machine = self.machine(operation, id)?;
        if matches!(machine.observed.state, PowerState::ShuttingDown | PowerState::Terminated) {
            let message = format!("{id} is being terminated");
            return Err(operation.error(ErrorKind::Conflict, "IncorrectInstanceState", &message));
        }
        Ok(machine)
    }

    pub(crate) fn stop(&mut self, id: &InstanceId, hibernate: bool) -> PortResult<()> {
        let machine = self.living_machine(STOP, id)?;
        let refused = |code| Err(STOP.error(ErrorKind::Rejected, code, &format!("{id} may not be stopped")));
        match machine.observed.state {
            PowerState::Stopping | PowerState::Stopped => return Ok(()),
            PowerState::Pending => {
                return Err(STOP.error(ErrorKind::Conflict, "IncorrectInstanceState", &format!("{id} is pending")));
            }
            _ if machine.protection.stop => return refused("OperationNotPermitted"),
            _ if machine.observed.root_is_instance_store || machine.observed.spot => {
                return refused("UnsupportedOperation");
            }
            _ if hibernate && !machine.observed.hibernation_configured => {
                return refused("UnsupportedHibernationConfiguration");
            }
            _ => machine.observed.state = PowerState::Stopping,
        }
        self.after(self.delays.stop, Change::Stopped(id.clone()));
        self.after(self.delays.health_check, Change::HealthJudged(id.clone()));
        Ok(())
    }

    pub(super) fn stopped(&mut self, id: &InstanceId) {
        if let Some(machine) = self.instances.get_mut(id)
            && machine.observed.state == PowerState::Stopping
        {
            machine.observed.state = PowerState::Stopped;
            machine.observed.public_ipv4 = None;
        }
    }

    /// As Auto Scaling does it, which termination protection does not stop.
    pub fn terminate(&mut self, id: &InstanceId) {
        let machine = self.machine(DESCRIBE_INSTANCE, id).unwrap();
        machine.observed.state = PowerState::ShuttingDown;
        if let Some(member) = self.member_mut(id) {
            member.lifecycle = Lifecycle::Terminating;
        }
        self.after(self.delays.terminate, Change::Terminated(id.clone()));
    }

    pub(super) fn terminated(&mut self, id: &InstanceId) {
        let Some(machine) = self.instances.get_mut(id) else { return };
        machine.observed.state = PowerState::Terminated;
        machine.observed.public_ipv4 = None;
        machine.observed.profile_arn = None;
        let volumes = std::mem::take(&mut machine.observed.volumes);
        let lost = volumes.into_iter().filter(|volume| volume.delete_on_termination);
        self.lost_volumes.extend(lost.map(|volume| volume.id));
        self.interfaces.retain(|_, interface| interface.instance != *id);
        self.leave_group(id);
        self.after(VISIBLE_AFTER_TERMINATION, Change::Forgotten(id.clone()));
    }
}
