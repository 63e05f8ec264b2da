//! Operators and what they ask. A signature is made of the caller's ARN and the digest that it is bound to.

use crate::process::Process;
use crate::scene::FUNCTION;
use async_trait::async_trait;
use ports::{CallerIdentity, Callers, ErrorKind, PortError, PortResult};
use signal::{OperatorAction, OperatorRequest, Proof};
use time::OffsetDateTime;
use time::macros::format_description;

const IDENTIFY: &str = "sts:GetCallerIdentity";

#[async_trait]
impl Callers for Process {
    async fn identify(&self, proof: &Proof, digest: &str) -> PortResult<CallerIdentity> {
        self.read(IDENTIFY, |_| {
            let signature = proof.authorization.rsplit("Signature=").next().unwrap_or_default();
            let arn = signature.strip_suffix(&format!("|{digest}|{}", proof.date));
            let arn =
                arn.ok_or_else(|| PortError::new(IDENTIFY, ErrorKind::Denied, Some("SignatureDoesNotMatch"), "no"))?;
            let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
            Ok(CallerIdentity { arn: arn.to_owned(), account, user_id: format!("AIDA of {arn}") })
        })
        .await
    }
}

/// A request that `arn` signed at `at`; `nonce` counts requests apart.
pub fn request(arn: &str, action: OperatorAction, at: OffsetDateTime, nonce: u32) -> OperatorRequest {
    let date = at.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap();
    let digest = format!("digest of {action:?} {nonce}");
    let day = &date[..8];
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{day}/eu-west-1/sts/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-cordon-nonce;x-cordon-request-sha256, Signature={arn}|{digest}|{date}"
    );
    OperatorRequest {
        action,
        function: FUNCTION.to_owned(),
        reason: "case 4711".to_owned(),
        dry_run: false,
        claimed_source: None,
        proof: Proof { authorization, date, security_token: None, nonce: format!("{nonce:032x}") },
        digest,
    }
}
