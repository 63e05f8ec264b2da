use crate::cloud::Cloud;
use crate::operations::PUT_EVIDENCE;
use async_trait::async_trait;
use containment::ids::{IncidentId, hex};
use ports::{Evidence, EvidenceObject, PortError, PortResult};
use sha2::{Digest, Sha256};

#[async_trait]
impl Evidence for Cloud {
    async fn put(&self, incident: &IncidentId, name: &str, bytes: Vec<u8>) -> PortResult<EvidenceObject> {
        let key = format!("evidence/{incident}/{name}");
        self.call(PUT_EVIDENCE, key.clone(), |world| {
            let sha256 = hex(&Sha256::digest(&bytes));
            world.evidence.insert(key.clone(), bytes);
            Ok::<_, PortError>(EvidenceObject { key, sha256 })
        })
        .await
    }
}
