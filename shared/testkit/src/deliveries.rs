//! Evidence, notices and the door to revoke-credentials.

use crate::process::Process;
use async_trait::async_trait;
use containment::ids::{IncidentId, hex};
use ports::{Credentials, Evidence, EvidenceObject, Notice, Notifier, PortResult, Revocation};

#[async_trait]
impl Credentials for Process {
    async fn revoke(&self, incident: &IncidentId) -> PortResult<Revocation> {
        self.change("lambda:InvokeFunction", |account| {
            if !account.roles_are_listed {
                return Ok(Revocation::NotRevocable { why: "its role is not listed".to_owned() });
            }
            account.revoked.insert(incident.clone());
            Ok(Revocation::Revoked { role: "web".to_owned(), policy: format!("cordon-{incident}") })
        })
        .await
    }

    async fn restore(&self, incident: &IncidentId) -> PortResult<()> {
        self.change("lambda:InvokeFunction", |account| {
            account.revoked.remove(incident);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Evidence for Process {
    async fn put(&self, incident: &IncidentId, name: &str, bytes: Vec<u8>) -> PortResult<EvidenceObject> {
        self.change("s3:PutObject", |account| {
            let key = format!("evidence/{incident}/{name}");
            account.evidence.insert(key.clone());
            Ok(EvidenceObject { key, sha256: hex(&bytes.len().to_be_bytes()) })
        })
        .await
    }
}

#[async_trait]
impl Notifier for Process {
    async fn notify(&self, notice: &Notice) -> PortResult<()> {
        self.change("sns:Publish", |account| {
            account.notices.push(notice.clone());
            Ok(())
        })
        .await
    }
}
