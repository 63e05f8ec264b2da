use crate::cloud::Cloud;
use crate::operations::{DESCRIBE_GROUP, DETACH, ENTER_STANDBY, MEMBERSHIP};
use async_trait::async_trait;
use containment::ids::GroupName;
use containment::observed::{Membership, ObservedGroup};
use ports::{Groups, PortError, PortResult};
use signal::InstanceId;

#[async_trait]
impl Groups for Cloud {
    async fn membership(&self, instance: &InstanceId) -> PortResult<Option<Membership>> {
        self.call(MEMBERSHIP, instance.to_string(), |world| Ok::<_, PortError>(world.membership(instance))).await
    }

    async fn describe(&self, group: &GroupName) -> PortResult<Option<ObservedGroup>> {
        self.call(DESCRIBE_GROUP, group.to_string(), |world| {
            Ok::<_, PortError>(world.groups.get(group).map(|group| group.observed.clone()))
        })
        .await
    }

    async fn detach(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.call(DETACH, format!("{instance} {group}"), |world| world.detach(instance, group)).await
    }

    async fn enter_standby(&self, instance: &InstanceId, group: &GroupName) -> PortResult<()> {
        self.call(ENTER_STANDBY, format!("{instance} {group}"), |world| world.enter_standby(instance, group)).await
    }
}
