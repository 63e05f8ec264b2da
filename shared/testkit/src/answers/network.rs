use crate::cloud::Cloud;
use crate::operations::{
    CREATE_QUARANTINE_GROUP, EMPTY_QUARANTINE_GROUP, INTERFACES, QUARANTINE_GROUPS, REVOKE_DEFAULT_RULES,
    SET_ONLY_GROUP,
};
use async_trait::async_trait;
use containment::ids::{InterfaceId, SecurityGroupId, VpcId};
use containment::observed::{ObservedInterface, ObservedSecurityGroup};
use ports::{Network, PortError, PortResult};
use signal::InstanceId;

#[async_trait]
impl Network for Cloud {
    async fn interfaces(&self, instance: &InstanceId) -> PortResult<Vec<ObservedInterface>> {
        self.call(INTERFACES, instance.to_string(), |world| Ok::<_, PortError>(world.interfaces_of(instance))).await
    }

    async fn quarantine_groups(&self) -> PortResult<Vec<ObservedSecurityGroup>> {
        self.call(QUARANTINE_GROUPS, String::new(), |world| Ok::<_, PortError>(world.quarantine_groups())).await
    }

    async fn create_quarantine_group(&self, vpc: &VpcId) -> PortResult<Option<SecurityGroupId>> {
        self.call(CREATE_QUARANTINE_GROUP, vpc.to_string(), |world| world.create_quarantine_group(vpc)).await
    }

    async fn empty_quarantine_group(&self, group: &SecurityGroupId) -> PortResult<()> {
        self.call(EMPTY_QUARANTINE_GROUP, group.to_string(), |world| {
            let group = world.usable_group(EMPTY_QUARANTINE_GROUP, group)?;
            (group.ingress_rules, group.default_egress_rules, group.other_egress_rules) = (0, 0, 0);
            Ok(())
        })
        .await
    }

    async fn revoke_default_rules(&self, group: &SecurityGroupId) -> PortResult<()> {
        self.call(REVOKE_DEFAULT_RULES, group.to_string(), |world| {
            world.usable_group(REVOKE_DEFAULT_RULES, group)?.default_egress_rules = 0;
            Ok(())
        })
        .await
    }

    async fn set_only_group(&self, interface: &InterfaceId, group: &SecurityGroupId) -> PortResult<()> {
        self.call(SET_ONLY_GROUP, format!("{interface} {group}"), |world| world.set_only_group(interface, group)).await
    }
}
