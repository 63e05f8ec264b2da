use crate::account::Account;
use crate::process::Process;
use async_trait::async_trait;
use containment::assess::INCIDENT_TAG;
use containment::ids::IncidentId;
use containment::observed::{Lifecycle, ObservedInstance, PowerState, Protection};
use ports::{ErrorKind, Instances, PortError, PortResult, ProfileAssociation};
use signal::InstanceId;

fn rejected(code: &str) -> PortError {
    PortError::new("ec2:StopInstances", ErrorKind::Rejected, Some(code), "EC2 refuses")
}

fn existing<'a>(account: &'a mut Account, id: &InstanceId) -> PortResult<&'a mut crate::account::Machine> {
    let gone = PortError::new("ec2:any", ErrorKind::Gone, Some("InvalidInstanceID.NotFound"), "no such instance");
    account.machines.get_mut(id).ok_or(gone)
}

#[async_trait]
impl Instances for Process {
    async fn describe(&self, instance: &InstanceId) -> PortResult<Option<ObservedInstance>> {
        self.read("ec2:DescribeInstances", |account| {
            Ok(account.machines.get(instance).map(|machine| {
                let mut shown = machine.shown.clone();
                shown.profile_arn = shown.profile_arn.filter(|_| machine.has_profile);
                shown
            }))
        })
        .await
    }

    async fn protection(&self, instance: &InstanceId) -> PortResult<Protection> {
        self.read("ec2:DescribeInstanceAttribute", |account| Ok(existing(account, instance)?.protection)).await
    }

    async fn set_termination_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()> {
        self.change("ec2:ModifyInstanceAttribute", |account| {
            existing(account, instance)?.protection.termination = on;
            Ok(())
        })
        .await
    }

    async fn set_stop_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()> {
        self.change("ec2:ModifyInstanceAttribute", |account| {
            existing(account, instance)?.protection.stop = on;
            Ok(())
        })
        .await
    }

    async fn set_delete_on_termination(&self, instance: &InstanceId, devices: &[String], on: bool) -> PortResult<()> {
        self.change("ec2:ModifyInstanceAttribute", |account| {
            let volumes = &mut existing(account, instance)?.shown.volumes;
            for volume in volumes.iter_mut().filter(|volume| devices.contains(&volume.device)) {
                volume.delete_on_termination = on;
            }
            Ok(())
        })
        .await
    }

    async fn stop(&self, instance: &InstanceId, hibernate: bool) -> PortResult<()> {
        self.change("ec2:StopInstances", |account| {
            let until = account.now + account.delays.stop;
            let machine = existing(account, instance)?;
            if machine.shown.root_is_instance_store || machine.shown.spot {
                return Err(rejected("UnsupportedOperation"));
            }
            if machine.protection.stop {
                return Err(rejected("OperationNotPermitted"));
            }
            if hibernate && !machine.shown.hibernation_configured {
                return Err(rejected("UnsupportedHibernationConfiguration"));
            }
            if matches!(machine.shown.state, PowerState::Running | PowerState::Pending) {
                machine.shown.state = PowerState::Stopping;
                machine.stopped_at = Some(until);
            }
            Ok(())
        })
        .await
    }

    async fn start(&self, instance: &InstanceId) -> PortResult<()> {
        self.change("ec2:StartInstances", |account| {
            let at = account.now + account.delays.start;
            let machine = existing(account, instance)?;
            if machine.shown.state != PowerState::Stopped {
                return Err(rejected("IncorrectInstanceState"));
            }
            machine.shown.state = PowerState::Pending;
            machine.running_at = Some(at);
            machine.state_reason = None;
            Ok(())
        })
        .await
    }

    async fn state_reason(&self, instance: &InstanceId) -> PortResult<Option<String>> {
        self.read("ec2:DescribeInstances", |account| Ok(existing(account, instance)?.state_reason.clone())).await
    }

    async fn untag(&self, instance: &InstanceId) -> PortResult<()> {
        self.change("ec2:DeleteTags", |account| {
            existing(account, instance)?.shown.tags.remove(INCIDENT_TAG);
            Ok(())
        })
        .await
    }

    async fn tag(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<()> {
        self.change("ec2:CreateTags", |account| {
            existing(account, instance)?.shown.tags.insert(INCIDENT_TAG.to_owned(), incident.to_string());
            Ok(())
        })
        .await
    }

    async fn profile_association(&self, instance: &InstanceId) -> PortResult<Option<ProfileAssociation>> {
        self.read("ec2:DescribeIamInstanceProfileAssociations", |account| {
            let machine = existing(account, instance)?;
            let arn = machine.shown.profile_arn.clone().filter(|_| machine.has_profile);
            Ok(arn.map(|profile_arn| ProfileAssociation { id: instance.to_string(), profile_arn }))
        })
        .await
    }

    async fn disassociate_profile(&self, association: &ProfileAssociation) -> PortResult<()> {
        self.change("ec2:DisassociateIamInstanceProfile", |account| {
            existing(account, &association.id.parse().unwrap())?.has_profile = false;
            Ok(())
        })
        .await
    }

    async fn associate_profile(&self, instance: &InstanceId, profile_arn: &str) -> PortResult<()> {
        self.change("ec2:AssociateIamInstanceProfile", |account| {
            let machine = existing(account, instance)?;
            if machine.has_profile {
                return Err(rejected("IncorrectState"));
            }
            machine.has_profile = machine.shown.profile_arn.as_deref() == Some(profile_arn);
            Ok(())
        })
        .await
    }
}

impl Account {
    /// What no run may ever do: stop a member that its group still judges.
    pub fn is_stopped_in_service(&self, id: &InstanceId) -> bool {
        let in_service = self.membership(id).is_some_and(|membership| membership.lifecycle == Lifecycle::InService);
        in_service && self.machines[id].shown.state != PowerState::Running
    }
}
