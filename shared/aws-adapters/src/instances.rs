use crate::error::map;
use crate::instance_mapping::observed;
use async_trait::async_trait;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, EbsInstanceBlockDeviceSpecification, Filter, IamInstanceProfileAssociationState,
    IamInstanceProfileSpecification, InstanceAttributeName, InstanceBlockDeviceMappingSpecification, Tag,
};
use containment::assess::INCIDENT_TAG;
use containment::ids::IncidentId;
use containment::observed::{ObservedInstance, Protection};
use ports::{ErrorKind, Instances, PortResult, ProfileAssociation};
use signal::InstanceId;

const DESCRIBE: &str = "ec2:DescribeInstances";
const ATTRIBUTE: &str = "ec2:DescribeInstanceAttribute";
const MODIFY: &str = "ec2:ModifyInstanceAttribute";
const ASSOCIATIONS: &str = "ec2:DescribeIamInstanceProfileAssociations";

pub(crate) struct Ec2Instances {
    client: Client,
}

impl Ec2Instances {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    async fn attribute(&self, instance: &InstanceId, name: InstanceAttributeName) -> PortResult<bool> {
        let call = self.client.describe_instance_attribute().instance_id(instance.as_str()).attribute(name.clone());
        let answer = call.send().await.map_err(map(ATTRIBUTE))?;
        let value = match name {
            InstanceAttributeName::DisableApiStop => answer.disable_api_stop(),
            _ => answer.disable_api_termination(),
        };
        Ok(value.and_then(AttributeBooleanValue::value).unwrap_or_default())
    }
}

#[async_trait]
impl Instances for Ec2Instances {
    async fn describe(&self, instance: &InstanceId) -> PortResult<Option<ObservedInstance>> {
        match self.client.describe_instances().instance_ids(instance.as_str()).send().await.map_err(map(DESCRIBE)) {
            Ok(answer) => {
                let found = answer.reservations().iter().flat_map(|reservation| reservation.instances()).next();
                found.map(observed).transpose()
            }
            Err(error) if error.kind == ErrorKind::Gone => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn protection(&self, instance: &InstanceId) -> PortResult<Protection> {
        let (termination, stop) = tokio::join!(
            self.attribute(instance, InstanceAttributeName::DisableApiTermination),
            self.attribute(instance, InstanceAttributeName::DisableApiStop),
        );
        Ok(Protection { termination: termination?, stop: stop? })
    }

    async fn set_termination_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()> {
        let value = AttributeBooleanValue::builder().value(on).build();
        let call =
            self.client.modify_instance_attribute().instance_id(instance.as_str()).disable_api_termination(value);
        call.send().await.map(|_| ()).map_err(map(MODIFY))
    }

    async fn set_stop_protection(&self, instance: &InstanceId, on: bool) -> PortResult<()> {
        let value = AttributeBooleanValue::builder().value(on).build();
        let call = self.client.modify_instance_attribute().instance_id(instance.as_str()).disable_api_stop(value);
        call.send().await.map(|_| ()).map_err(map(MODIFY))
    }

    async fn set_delete_on_termination(&self, instance: &InstanceId, devices: &[String], on: bool) -> PortResult<()> {
        let volumes = devices.iter().map(|device| {
            let volume = EbsInstanceBlockDeviceSpecification::builder().delete_on_termination(on).build();
            InstanceBlockDeviceMappingSpecification::builder().device_name(device).ebs(volume).build()
        });
        let call = self.client.modify_instance_attribute().instance_id(instance.as_str());
        let call = call.set_block_device_mappings(Some(volumes.collect()));
        call.send().await.map(|_| ()).map_err(map(MODIFY))
    }

    async fn stop(&self, instance: &InstanceId, hibernate: bool) -> PortResult<()> {
        let call = self.client.stop_instances().instance_ids(instance.as_str());
        // Absent rather than false: a role may be denied the parameter.
        let call = if hibernate { call.hibernate(true) } else { call };
        call.send().await.map(|_| ()).map_err(map("ec2:StopInstances"))
    }

    async fn start(&self, instance: &InstanceId) -> PortResult<()> {
        let call = self.client.start_instances().instance_ids(instance.as_str());
        call.send().await.map(|_| ()).map_err(map("ec2:StartInstances"))
    }

    async fn state_reason(&self, instance: &InstanceId) -> PortResult<Option<String>> {
        let call = self.client.describe_instances().instance_ids(instance.as_str());
        let answer = call.send().await.map_err(map(DESCRIBE))?;
        let found = answer.reservations().iter().flat_map(|reservation| reservation.instances()).next();
        let reason = found.and_then(|instance| instance.state_reason());
        Ok(reason.map(|reason| {
            let (code, message) = (reason.code().unwrap_or_default(), reason.message().unwrap_or_default());
            // AWS begins most messages with the code.
            if message.starts_with(code) { message.to_owned() } else { format!("{code}: {message}") }
        }))
    }

    async fn untag(&self, instance: &InstanceId) -> PortResult<()> {
        let tag = Tag::builder().key(INCIDENT_TAG).build();
        let call = self.client.delete_tags().resources(instance.as_str()).tags(tag);
        call.send().await.map(|_| ()).map_err(map("ec2:DeleteTags"))
    }

    async fn tag(&self, instance: &InstanceId, incident: &IncidentId) -> PortResult<()> {
        let tag = Tag::builder().key(INCIDENT_TAG).value(incident.as_str()).build();
        let call = self.client.create_tags().resources(instance.as_str()).tags(tag);
        call.send().await.map(|_| ()).map_err(map("ec2:CreateTags"))
    }

    async fn profile_association(&self, instance: &InstanceId) -> PortResult<Option<ProfileAssociation>> {
        let filter = Filter::builder().name("instance-id").values(instance.as_str()).build();
        let call = self.client.describe_iam_instance_profile_associations().filters(filter);
        let answer = call.send().await.map_err(map(ASSOCIATIONS))?;
        let live = answer.iam_instance_profile_associations().iter().find(|association| {
            matches!(
                association.state(),
                Some(IamInstanceProfileAssociationState::Associated | IamInstanceProfileAssociationState::Associating)
            )
        });
        Ok(live.and_then(|association| {
            let id = association.association_id()?.to_owned();
            let profile_arn = association.iam_instance_profile()?.arn()?.to_owned();
            Some(ProfileAssociation { id, profile_arn })
        }))
    }

    async fn associate_profile(&self, instance: &InstanceId, profile_arn: &str) -> PortResult<()> {
        let profile = IamInstanceProfileSpecification::builder().arn(profile_arn).build();
        let call = self.client.associate_iam_instance_profile().instance_id(instance.as_str());
        let call = call.iam_instance_profile(profile);
        call.send().await.map(|_| ()).map_err(map("ec2:AssociateIamInstanceProfile"))
    }

    async fn disassociate_profile(&self, association: &ProfileAssociation) -> PortResult<()> {
        let call = self.client.disassociate_iam_instance_profile().association_id(&association.id);
        call.send().await.map(|_| ()).map_err(map("ec2:DisassociateIamInstanceProfile"))
    }
}
