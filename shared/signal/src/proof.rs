//! What an operator sends to prove who asks: the parts of a signed sts:GetCallerIdentity request that its sender
//! chooses. Everything else of that request is made again by whoever forwards it (see [`Proof::headers`]), so that
//! nothing in it can lead elsewhere.

use crate::error::SignalError;
use crate::identifiers::Region;
use crate::node::Node;
use crate::quoted::Quoted;
use serde::Serialize;

/// The form of sts:GetCallerIdentity (AWS Security Token Service API reference).
pub const IDENTITY_BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";
pub const NONCE_HEADER: &str = "x-cordon-nonce";
/// Lower-case hexadecimal SHA-256 of the request's text.
pub const DIGEST_HEADER: &str = "x-cordon-request-sha256";
const TOKEN_HEADER: &str = "x-amz-security-token";

/// The signed parts that only the sender knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    /// The `Authorization` header of Signature Version 4.
    pub authorization: String,
    /// `X-Amz-Date`: `YYYYMMDDTHHMMSSZ`.
    pub date: String,
    pub security_token: Option<String>,
    /// 32 lower-case hexadecimal digits, never used before.
    pub nonce: String,
}

/// A session's token is good for more than the proof; it is in no log and no journal.
impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof").field("date", &self.date).field("nonce", &self.nonce).finish_non_exhaustive()
    }
}

impl Serialize for Proof {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.nonce)
    }
}

impl Proof {
    /// The headers to send, in order of their names: exactly those that must have been signed. `host` is STS's own and
    /// `digest` that of the request as it was received, so a signature over anything else does not hold.
    pub fn headers<'a>(&'a self, host: &'a str, digest: &'a str) -> Vec<(&'static str, &'a str)> {
        let mut headers = vec![("content-type", CONTENT_TYPE), ("host", host), ("x-amz-date", &self.date)];
        headers.extend(self.security_token.as_deref().map(|token| (TOKEN_HEADER, token)));
        headers.extend([(NONCE_HEADER, self.nonce.as_str()), (DIGEST_HEADER, digest)]);
        headers
    }

    /// Whether the authorization is for STS in `region` and its signature covers all of [`Proof::headers`]. STS checks
    /// the signature itself; a header that it does not cover could be anybody's.
    pub fn covers_everything(&self, region: &Region) -> bool {
        let parts = self
            .authorization
            .strip_prefix("AWS4-HMAC-SHA256 ")
            .map(|rest| rest.split(',').filter_map(|part| part.trim().split_once('=')).collect::<Vec<_>>());
        let Some([("Credential", credential), ("SignedHeaders", signed), ("Signature", _)]) = parts.as_deref() else {
            return false;
        };
        let names: Vec<_> = self.headers("", "").into_iter().map(|(name, _)| name).collect();
        let date = self.date.get(..8).unwrap_or_default();
        *signed == names.join(";") && credential.split('/').skip(1).eq([date, region.as_str(), "sts", "aws4_request"])
    }
}

pub(crate) fn read(proof: &Node<'_>) -> Result<Proof, SignalError> {
    let header = |name: &str, limit: usize| {
        let node = proof.require(name)?;
        let text = node.text()?;
        let is_header = (1..=limit).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if is_header {
            return Ok(text.to_owned());
        }
        // What was found may be a secret.
        Err(node.invalid(format!("expected 1 to {limit} printable ASCII characters, found {}", text.len())))
    };
    let nonce = header("nonce", 32)?;
    if nonce.len() != 32 || !nonce.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        let problem = format!("expected 32 lower-case hexadecimal digits, found {}", Quoted(&nonce));
        return Err(proof.require("nonce")?.invalid(problem));
    }
    Ok(Proof {
        authorization: header("authorization", 1024)?,
        date: header("date", 16)?,
        // Tokens have no documented limit; those seen have one to two thousand characters.
        security_token: proof.get("security_token")?.map(|_| header("security_token", 16_384)).transpose()?,
        nonce,
    })
}
