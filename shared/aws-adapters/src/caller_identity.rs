//! Forwards an operator's proof to STS. The SDK builds the request, finds the Region's own endpoint and reads the answer;
//! only the signed headers are the operator's.

use crate::error::map;
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sts::Client;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use ports::{CallerIdentity, Callers, PortError, PortResult};
use signal::Proof;

const IDENTIFY: &str = "sts:GetCallerIdentity";
/// AWS refuses a request with such a header that its signature doesn't cover; what the SDK put there isn't the operator's.
const AWS_HEADERS: &str = "x-amz-";

pub(crate) struct SecurityTokenService {
    client: Client,
}

impl SecurityTokenService {
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }
}

#[async_trait]
impl Callers for SecurityTokenService {
    async fn identify(&self, proof: &Proof, digest: &str) -> PortResult<CallerIdentity> {
        let forwarded = Forwarded { proof: proof.clone(), digest: digest.to_owned() };
        let call = self.client.get_caller_identity().customize().interceptor(forwarded);
        let answer = call.send().await.map_err(map(IDENTIFY))?;
        let text = |value: Option<&str>, what| {
            value.map(ToOwned::to_owned).ok_or_else(|| PortError::unreadable(IDENTIFY, format!("no {what}")))
        };
        Ok(CallerIdentity {
            arn: text(answer.arn(), "ARN")?,
            account: text(answer.account(), "account")?,
            user_id: text(answer.user_id(), "user id")?,
        })
    }
}

/// Puts the operator's signature in the place of the function's own.
#[derive(Debug)]
struct Forwarded {
    proof: Proof,
    digest: String,
}

#[dyn_dispatch_hint]
impl Intercept for Forwarded {
    fn name(&self) -> &'static str {
        "ForwardedProof"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let of_sdk: Vec<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        for name in of_sdk.iter().filter(|name| name.starts_with(AWS_HEADERS) || *name == "authorization") {
            headers.remove(name.as_str());
        }
        headers.try_insert("authorization", self.proof.authorization.clone())?;
        // The host is the connection's own, which is STS's.
        for (name, value) in self.proof.headers("", &self.digest).into_iter().filter(|(name, _)| *name != "host") {
            headers.try_insert(name, value.to_owned())?;
        }
        Ok(())
    }
}
