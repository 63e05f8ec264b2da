//! Signs what an operator sends to prove who asks (see `signal::Proof`), with the credentials of the environment.

use crate::Clients;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use signal::{CONTENT_TYPE, DIGEST_HEADER, IDENTITY_BODY, NONCE_HEADER, Proof};
use std::time::SystemTime;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum ProofError {
    #[error("no AWS credentials were found: {0}; sign in (aws sso login), or set AWS_PROFILE")]
    NoCredentials(String),
    #[error("no Region is set; set AWS_REGION or a Region in the profile")]
    NoRegion,
    #[error("the request could not be signed: {0}")]
    Unsigned(String),
}

/// Signs sts:GetCallerIdentity for the request whose SHA-256 is `digest`. `nonce` is 32 hexadecimal digits that were never
/// used before.
pub async fn prove(clients: &Clients, digest: &str, nonce: &str) -> Result<Proof, ProofError> {
    let config = clients.config();
    let provider = config.credentials_provider().ok_or_else(|| ProofError::NoCredentials("none are set".to_owned()))?;
    let credentials = provider.provide_credentials().await;
    // The SDK's own message says little; what went wrong is among its sources.
    let credentials = credentials.map_err(|error| ProofError::NoCredentials(with_sources(&error)))?;
    let security_token = credentials.session_token().map(ToOwned::to_owned);
    let region = config.region().ok_or(ProofError::NoRegion)?.to_string();
    let url = match config.endpoint_url() {
        Some(url) => url.to_owned(),
        None => endpoint(&region).await?,
    };
    let unsigned = |error: &dyn std::error::Error| ProofError::Unsigned(with_sources(error));
    let identity = credentials.into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(&region)
        .name("sts")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unsigned(&error))?
        .into();
    let headers = [("content-type", CONTENT_TYPE), (NONCE_HEADER, nonce), (DIGEST_HEADER, digest)];
    let body = SignableBody::Bytes(IDENTITY_BODY.as_bytes());
    let request =
        SignableRequest::new("POST", with_path(&url), headers.into_iter(), body).map_err(|error| unsigned(&error))?;
    let (instructions, _) = sign(request, &params).map_err(|error| unsigned(&error))?.into_parts();
    let header = |wanted: &str| {
        let mut found = instructions.headers().filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.next().map(|(_, value)| value.to_owned())
    };
    let missing = |what: &str| ProofError::Unsigned(format!("no {what} header"));
    Ok(Proof {
        authorization: header("authorization").ok_or_else(|| missing("authorization"))?,
        date: header("x-amz-date").ok_or_else(|| missing("x-amz-date"))?,
        security_token,
        nonce: nonce.to_owned(),
    })
}

/// The Region's own STS, never the global one.
async fn endpoint(region: &str) -> Result<String, ProofError> {
    let params = Params::builder().region(region).use_global_endpoint(false).build();
    let params = params.map_err(|error| ProofError::Unsigned(error.to_string()))?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&params).await;
    endpoint.map(|endpoint| endpoint.url().to_owned()).map_err(|error| ProofError::Unsigned(error.to_string()))
}

fn with_path(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(Some(error), |error| error.source());
    sources.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
