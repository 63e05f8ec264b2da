//! The public half of the key that signs: ECDSA on P-256.

use containment::ids::hex;
use p256::ecdsa::VerifyingKey;
use p256::pkcs8::{DecodePublicKey, EncodePublicKey, LineEnding};
use sha2::{Digest, Sha256};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyFault {
    #[error("this is no public key on the curve P-256 (PEM or DER of a SubjectPublicKeyInfo): {problem}")]
    Unreadable { problem: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    pub(crate) key: VerifyingKey,
    fingerprint: String,
    pem: String,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo: DER, as KMS GetPublicKey gives it, or PEM.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyFault> {
        let unreadable = |problem: &dyn ToString| KeyFault::Unreadable { problem: problem.to_string() };
        let key = match std::str::from_utf8(bytes).map(str::trim) {
            Ok(text) if text.starts_with("-----BEGIN") => VerifyingKey::from_public_key_pem(text),
            _ => VerifyingKey::from_public_key_der(bytes),
        }
        .map_err(|error| unreadable(&error))?;
        // Written anew, so that one key has one fingerprint however it was encoded.
        let der = key.to_public_key_der().map_err(|error| unreadable(&error))?;
        let pem = key.to_public_key_pem(LineEnding::LF).map_err(|error| unreadable(&error))?;
        Ok(Self { key, fingerprint: hex(&Sha256::digest(der.as_bytes())), pem })
    }

    /// Lower-case hexadecimal SHA-256 of the DER SubjectPublicKeyInfo.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }
}
