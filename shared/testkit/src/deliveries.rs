//! Evidence, notices and the door to revoke-credentials.

use crate::process::Process;
use async_trait::async_trait;
use containment::ids::IncidentId;
use containment::observed::PowerState;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use ports::{
    CaptureSubject, Credentials, Evidence, Exhibit, Exhibits, Finding, Findings, Notice, Notifier, PortResult,
    Revocation, Signer,
};
use signal::InstanceId;

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
    async fn put(&self, key: &str, bytes: Vec<u8>) -> PortResult<()> {
        self.change("s3:PutObject", |account| {
            account.evidence.insert(key.to_owned(), bytes);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Signer for Process {
    async fn sign(&self, digest: [u8; 32]) -> PortResult<Vec<u8>> {
        self.read("kms:Sign", |account| {
            let signature: Signature = account.signing_key.sign_prehash(&digest).unwrap();
            Ok(signature.to_der().as_bytes().to_vec())
        })
        .await
    }
}

#[async_trait]
impl Exhibits for Process {
    async fn console(&self, instance: &InstanceId) -> Vec<Exhibit> {
        let answer = self
            .read("ec2:GetConsoleOutput", |account| {
                let running = account.instance(instance).state == PowerState::Running;
                Ok(format!("console of {instance}, running: {running}").into_bytes())
            })
            .await;
        vec![Exhibit { name: "console-output.xml", answer }]
    }

    async fn surroundings(&self, subject: &CaptureSubject) -> Vec<Exhibit> {
        let answer =
            self.read("cloudtrail:LookupEvents", |account| Ok(format!("{} {subject:?}", account.now).into_bytes()));
        vec![Exhibit { name: "cloudtrail-events.json", answer: answer.await }]
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

/// As Security Hub does: an update that isn't newer than what it has is ignored.
#[async_trait]
impl Findings for Process {
    async fn import(&self, findings: &[Finding]) -> PortResult<()> {
        self.change("securityhub:BatchImportFindings", |account| {
            for finding in findings {
                let known = account.findings.get(&finding.id);
                if known.is_none_or(|known| known.updated_at < finding.updated_at) {
                    account.findings.insert(finding.id.clone(), finding.clone());
                }
            }
            Ok(())
        })
        .await
    }
}
