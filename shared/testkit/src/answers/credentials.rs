use crate::cloud::Cloud;
use crate::operations::REVOKE_CREDENTIALS;
use async_trait::async_trait;
use containment::ids::IncidentId;
use ports::{Credentials, PortResult, Revocation};

#[async_trait]
impl Credentials for Cloud {
    async fn revoke(&self, incident: &IncidentId) -> PortResult<Revocation> {
        self.call(REVOKE_CREDENTIALS, incident.to_string(), |world| world.revoke_credentials(incident)).await
    }
}
