use crate::cloud::Cloud;
use crate::operations::{INLINE_POLICY, OF_PROFILE, PUT_INLINE_POLICY};
use async_trait::async_trait;
use ports::{ObservedRole, PortError, PortResult, Roles};

#[async_trait]
impl Roles for Cloud {
    async fn of_profile(&self, profile_arn: &str) -> PortResult<Option<ObservedRole>> {
        self.call(OF_PROFILE, profile_arn.to_owned(), |world| {
            Ok::<_, PortError>(world.roles.get(profile_arn).map(|role| role.observed.clone()))
        })
        .await
    }

    async fn put_inline_policy(&self, role: &str, policy: &str, document: &str) -> PortResult<()> {
        self.call(PUT_INLINE_POLICY, format!("{role} {policy}"), |world| {
            world.put_inline_policy(role, policy, document)
        })
        .await
    }

    async fn inline_policy(&self, role: &str, policy: &str) -> PortResult<Option<String>> {
        self.call(INLINE_POLICY, format!("{role} {policy}"), |world| {
            Ok::<_, PortError>(world.role(role).and_then(|role| role.inline_policies.get(policy).cloned()))
        })
        .await
    }
}
