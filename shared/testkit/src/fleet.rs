//! Making instances and groups.

use crate::account::{Account, Machine};
use containment::authority::MODE_TAG;
use containment::ids::{GroupName, InterfaceId, SecurityGroupId, VolumeId, VpcId};
use containment::observed::*;
use signal::InstanceId;
use std::collections::BTreeMap;

pub(crate) const VPC: &str = "vpc-1";
/// The start of the names of the groups that exist beside the quarantine group.
pub(crate) const SERVICE_GROUP: &str = "sg-service";

impl Account {
    /// A running instance with one interface, one volume and a profile.
    pub(crate) fn add_instance(&mut self, id: &InstanceId) {
        let shown = ObservedInstance {
            id: id.clone(),
            state: PowerState::Running,
            vpc: Some(VpcId::new(VPC)),
            root_is_instance_store: false,
            spot: false,
            hibernation_configured: false,
            launched_at: Some(self.now - time::Duration::days(30)),
            operator_managed: false,
            profile_arn: Some("arn:aws:iam::123456789012:instance-profile/web".to_owned()),
            public_ipv4: None,
            volumes: vec![ObservedVolume {
                id: VolumeId::new(format!("vol-of-{id}")),
                device: "/dev/xvda".to_owned(),
                delete_on_termination: true,
            }],
            tags: BTreeMap::new(),
        };
        let machine = Machine {
            shown,
            protection: Protection::default(),
            stopped_at: None,
            running_at: None,
            start_fails: None,
            state_reason: None,
            has_profile: true,
        };
        self.machines.insert(id.clone(), machine);
        self.add_interface(id, "subnet-1");
    }

    pub fn add_interface(&mut self, id: &InstanceId, subnet: &str) -> InterfaceId {
        let device_index = i32::try_from(self.groups_of(id).len()).unwrap();
        let interface = InterfaceId::new(self.new_id("eni"));
        let shown = ObservedInterface {
            id: interface.clone(),
            vpc: VpcId::new(VPC),
            subnet: subnet.to_owned(),
            device_index,
            groups: vec![SecurityGroupId::new(SERVICE_GROUP)],
            managed_by: None,
        };
        self.interfaces.push((id.clone(), shown));
        interface
    }

    /// A group in mode enforce with new instances, all in service.
    pub fn add_group(&mut self, name: &GroupName, members: &[InstanceId]) {
        let size = u32::try_from(members.len()).unwrap();
        let member = |id: &InstanceId| GroupMember {
            instance: id.clone(),
            lifecycle: Lifecycle::InService,
            healthy: true,
            protected_from_scale_in: false,
        };
        let group = ObservedGroup {
            name: name.clone(),
            desired: size,
            min: 1,
            max: size * 2,
            members: members.iter().map(member).collect(),
            target_groups: Vec::new(),
            tags: BTreeMap::from([(MODE_TAG.to_owned(), "enforce".to_owned())]),
        };
        members.iter().for_each(|id| self.add_instance(id));
        self.groups.insert(name.clone(), group);
    }
}
