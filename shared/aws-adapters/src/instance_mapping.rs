//! An instance as DescribeInstances answers it, in the shape that decisions need.

use aws_sdk_ec2::types::{DeviceType, Instance, InstanceLifecycleType, InstanceStateName};
use containment::ids::{VolumeId, VpcId};
use containment::observed::{ObservedInstance, ObservedVolume, PowerState};
use ports::{PortError, PortResult};
use time::OffsetDateTime;

const DESCRIBE: &str = "ec2:DescribeInstances";

pub(crate) fn observed(instance: &Instance) -> PortResult<ObservedInstance> {
    let id = instance.instance_id().unwrap_or_default();
    let volumes = instance.block_device_mappings().iter().filter_map(|mapping| {
        let ebs = mapping.ebs()?;
        Some(ObservedVolume {
            id: VolumeId::new(ebs.volume_id()?),
            device: mapping.device_name()?.to_owned(),
            delete_on_termination: ebs.delete_on_termination().unwrap_or_default(),
        })
    });
    let tags = instance.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    Ok(ObservedInstance {
        id: id.parse().map_err(|error| PortError::unreadable(DESCRIBE, error))?,
        state: power_state(instance)?,
        vpc: instance.vpc_id().map(VpcId::new),
        root_is_instance_store: instance.root_device_type() == Some(&DeviceType::InstanceStore),
        spot: instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot),
        launched_at: instance.launch_time().and_then(|at| OffsetDateTime::from_unix_timestamp(at.secs()).ok()),
        hibernation_configured: instance
            .hibernation_options()
            .and_then(|options| options.configured())
            .unwrap_or_default(),
        operator_managed: instance.operator().and_then(|operator| operator.managed()).unwrap_or_default(),
        profile_arn: instance.iam_instance_profile().and_then(|profile| profile.arn()).map(ToOwned::to_owned),
        public_ipv4: instance.public_ip_address().filter(|address| !address.is_empty()).map(ToOwned::to_owned),
        volumes: volumes.collect(),
        tags: tags.collect(),
    })
}

fn power_state(instance: &Instance) -> PortResult<PowerState> {
    match instance.state().and_then(|state| state.name()) {
        Some(InstanceStateName::Pending) => Ok(PowerState::Pending),
        Some(InstanceStateName::Running) => Ok(PowerState::Running),
        Some(InstanceStateName::Stopping) => Ok(PowerState::Stopping),
        Some(InstanceStateName::Stopped) => Ok(PowerState::Stopped),
        Some(InstanceStateName::ShuttingDown) => Ok(PowerState::ShuttingDown),
        Some(InstanceStateName::Terminated) => Ok(PowerState::Terminated),
        _ => Err(PortError::unreadable(DESCRIBE, "an instance without a known state")),
    }
}

#[cfg(test)]
mod tests {
    use super::observed;
    use aws_sdk_ec2::types::{Instance, InstanceLifecycleType, InstanceState, InstanceStateName, OperatorResponse};

    #[test]
    fn an_instance_without_a_state_is_unreadable_and_flags_default_to_off() {
        let bare = Instance::builder().instance_id("i-00000000000000001");
        assert!(observed(&bare.clone().build()).is_err());
        let running = bare.state(InstanceState::builder().name(InstanceStateName::Running).build());
        let plain = observed(&running.clone().build()).unwrap();
        assert!(!plain.spot && !plain.operator_managed && !plain.root_is_instance_store);
        let managed = running
            .instance_lifecycle(InstanceLifecycleType::Spot)
            .operator(OperatorResponse::builder().managed(true).build())
            .build();
        let managed = observed(&managed).unwrap();
        assert!(managed.spot && managed.operator_managed);
    }
}
