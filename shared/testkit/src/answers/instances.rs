use crate::cloud::Cloud;
use crate::operations::{
    DESCRIBE_INSTANCE, DISASSOCIATE_PROFILE, KEEP_VOLUMES, PROFILE_ASSOCIATION, PROTECTION, SET_STOP_PROTECTION,
    SET_TERMINATION_PROTECTION, STOP, TAG,
};
use async_trait::async_trait;
use containment::assess::INCIDENT_TAG;
use containment::ids::IncidentId;
use containment::observed::{ObservedInstance, Protection};
use ports::{ErrorKind, Instances, PortError, PortResult, ProfileAssociation};
use signal::InstanceId;

#[async_trait]
impl Instances for Cloud {
    async fn describe(&self, instance: &InstanceId) -> PortResult<Option<ObservedInstance>> {
        self.call(DESCRIBE_INSTANCE, instance.to_string(), |world| {
            Ok::<_, PortError>(world.instances.get(instance).map(|machine| machine.observed.clone()))
        })
        .await
    }

    async fn protection(&self, instance: &InstanceId) -> PortResult<Protection> {
        self.call(PROTECTION, instance.to_string(), |world| Ok(world.machine(PROTECTION, instance)?.protection)).await
    }

    async fn set_termination_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()> {
        self.call(SET_TERMINATION_PROTECTION, format!("{instance} {on}"), |world| {
            world.living_machine(SET_TERMINATION_PROTECTION, instance)?.protection.termination = on;
            Ok(())
        })
        .await
    }

    async fn set_stop_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()> {
        self.call(SET_STOP_PROTECTION, format!("{instance} {on}"), |world| {
            world.living_machine(SET_STOP_PROTECTION, instance)?.protection.stop = on;
            Ok(())
        })
        .await
    }

    async fn keep_volumes(&self, instance: &InstanceId, devices: &[String]) -> PortResult<()> {
        self.call(KEEP_VOLUMES, format!("{instance} {}", devices.join(" ")), |world| {
            let machine = world.living_machine(KEEP_VOLUMES, instance)?;
            let volumes = &mut machine.observed.volumes;
            if !devices.iter().all(|device| volumes.iter().any(|volume| volume.device == *device)) {
                let message = "no volume is attached at that device";
                return Err(KEEP_VOLUMES.error(ErrorKind::Rejected, "InvalidInstanceAttributeValue", message));
            }
            for volume in volumes.iter_mut().filter(|volume| devices.contains(&volume.device)) {
                volume.delete_on_termination = false;
            }
            Ok(())
        })
        .await
    }

    async fn stop(&self, instance: &InstanceId, hibernate: bool) -> PortResult<()> {
        self.call(STOP, format!("{instance} hibernate={hibernate}"), |world| world.stop(instance, hibernate)).await
    }

    async fn tag(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<()> {
        self.call(TAG, format!("{instance} {incident}"), |world| {
            let tags = &mut world.machine(TAG, instance)?.observed.tags;
            tags.insert(INCIDENT_TAG.to_owned(), incident.to_string());
            Ok(())
        })
        .await
    }

    async fn profile_association(&self, instance: &InstanceId) -> PortResult<Option<ProfileAssociation>> {
        self.call(PROFILE_ASSOCIATION, instance.to_string(), |world| {
            let machine = world.instances.get(instance);
            Ok::<_, PortError>(machine.and_then(|machine| {
                let profile_arn = machine.observed.profile_arn.clone()?;
                Some(ProfileAssociation { id: machine.association.clone(), profile_arn })
            }))
        })
        .await
    }

    async fn disassociate_profile(&self, association: &ProfileAssociation) -> PortResult<()> {
        self.call(DISASSOCIATE_PROFILE, association.id.clone(), |world| {
            let holds = |id: &str| id == association.id;
            let mut machines =
                world.instances.values_mut().map(|machine| (&machine.association, &mut machine.observed));
            match machines.find(|(id, observed)| holds(id) && observed.profile_arn.is_some()) {
                Some((_, observed)) => observed.profile_arn = None,
                None => {
                    let message = "there is no such association";
                    return Err(DISASSOCIATE_PROFILE.error(ErrorKind::Gone, "InvalidAssociationID.NotFound", message));
                }
            }
            Ok(())
        })
        .await
    }
}
