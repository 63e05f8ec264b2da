//! Who sends an operator's request. Lambda does not tell a function who invoked it, so the sender signs a request to
//! sts:GetCallerIdentity that is bound to what is asked, and AWS says who signed it.

use crate::Engine;
use crate::outcome::EngineError;
use containment::operator::Operator;
use ports::ErrorKind;
use signal::OperatorRequest;
use thiserror::Error;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

/// `X-Amz-Date`.
const AMZ_DATE: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
/// How old a proof may be, and how far an operator's clock may be ahead.
const MAX_AGE: Duration = Duration::seconds(60);
/// A nonce is remembered for longer than its proof can be of use.
const NONCE_KEPT: Duration = Duration::minutes(15);

/// Why nobody is believed to have asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProofFault {
    #[error("it is meant for function {meant}, not for this one")]
    OtherFunction { meant: String },
    #[error("its date cannot be read")]
    Undated,
    #[error("it is {seconds} s old (or ahead, if negative); at most {} s count: check the clock", MAX_AGE.whole_seconds())]
    Stale { seconds: i64 },
    #[error("its signature does not cover everything that matters, or is for another service or Region")]
    Uncovered,
    #[error("STS does not accept its signature: {why}")]
    NotAccepted { why: String },
    #[error("it was signed in account {account}")]
    OtherAccount { account: String },
    #[error("it was used before")]
    Replayed,
}

impl Engine {
    /// The person behind a request. The nonce is taken last: what proves nothing must not use one up.
    pub(crate) async fn identify(&self, request: &OperatorRequest) -> Result<Operator, EngineError> {
        let now = self.ports.clock.now();
        self.is_plausible(request, now).map_err(EngineError::Unproved)?;
        let caller = match self.ports.callers.identify(&request.proof, &request.digest).await {
            Ok(caller) => caller,
            Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Rejected) => {
                // STS repeats the request in its message, session token included: only its code may be shown.
                let why = error.code.unwrap_or_else(|| error.kind.to_string());
                return Err(EngineError::Unproved(ProofFault::NotAccepted { why }));
            }
            Err(error) => return Err(EngineError::Unread(error)),
        };
        if caller.account != self.config.deployment.account.as_str() {
            return Err(EngineError::Unproved(ProofFault::OtherAccount { account: caller.account }));
        }
        let until = now + NONCE_KEPT;
        if !self.ports.journal.claim_nonce(&request.proof.nonce, until).await.map_err(EngineError::Uncommitted)? {
            return Err(EngineError::Unproved(ProofFault::Replayed));
        }
        Ok(Operator {
            arn: caller.arn,
            account: caller.account,
            user_id: caller.user_id,
            claimed_source: request.claimed_source.clone(),
        })
    }

    fn is_plausible(&self, request: &OperatorRequest, now: OffsetDateTime) -> Result<(), ProofFault> {
        let own = self.config.deployment.function_arn.as_deref().and_then(|arn| arn.rsplit(':').next());
        if own != Some(request.function.as_str()) {
            return Err(ProofFault::OtherFunction { meant: request.function.clone() });
        }
        let date = PrimitiveDateTime::parse(&request.proof.date, AMZ_DATE).map_err(|_| ProofFault::Undated)?;
        let age = now - date.assume_utc();
        if age.abs() > MAX_AGE {
            return Err(ProofFault::Stale { seconds: age.whole_seconds() });
        }
        if !request.proof.covers_everything(&self.config.deployment.region) {
            return Err(ProofFault::Uncovered);
        }
        Ok(())
    }
}
