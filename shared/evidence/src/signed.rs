//! A statement's document with its signature, as one object of two lines: so the document's bytes stand in the file as
//! they were signed, and ordinary tools can cut them out.

use crate::public_key::PublicKey;
use crate::statement::{Statement, StatementFault};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Verifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use signal::Quoted;
use thiserror::Error;

/// The longest signed document that is read: a manifest of some thousand objects.
pub const MAX_BYTES: usize = 1024 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedDocument {
    document: String,
    /// ASN.1 DER, as KMS Sign gives it.
    signature: Vec<u8>,
}

/// The second line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureLine {
    algorithm: Algorithm,
    /// Base64 of the DER.
    signature: String,
}

/// By KMS's name for it.
#[derive(Serialize, Deserialize)]
enum Algorithm {
    #[serde(rename = "ECDSA_SHA_256")]
    EcdsaSha256,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentFault {
    #[error("{bytes} bytes are too many for a signed document ({MAX_BYTES} at most)")]
    TooLong { bytes: usize },
    #[error("it is not two lines of text: a document and its signature")]
    NotTwoLines,
    #[error("its second line is no signature: {problem}")]
    NoSignature { problem: String },
    #[error("the signature is not that of the key with fingerprint {fingerprint}")]
    WrongSignature { fingerprint: String },
    #[error(transparent)]
    Statement(#[from] StatementFault),
}

/// What KMS Sign is given, as `DIGEST`: `RAW` takes no more than 4096 bytes.
pub fn signing_digest(document: &str) -> [u8; 32] {
    Sha256::digest(document.as_bytes()).into()
}

impl SignedDocument {
    /// `signature` is ASN.1 DER. Nothing is checked: that is [`SignedDocument::verify`]'s.
    pub fn new(document: String, signature: Vec<u8>) -> Self {
        Self { document, signature }
    }

    /// The bytes to store.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DocumentFault> {
        Ok(format!("{}\n{}\n", self.document, self.signature_line()?).into_bytes())
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentFault> {
        if bytes.len() > MAX_BYTES {
            return Err(DocumentFault::TooLong { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| DocumentFault::NotTwoLines)?;
        let lines = text.strip_suffix('\n').and_then(|lines| lines.split_once('\n'));
        let (document, line) = lines.ok_or(DocumentFault::NotTwoLines)?;
        let parsed: SignatureLine = serde_json::from_str(line).map_err(no_signature)?;
        let signed =
            Self { document: document.to_owned(), signature: STANDARD.decode(parsed.signature).map_err(no_signature)? };
        // One spelling only, so that what is stored can't be changed in any way that nobody sees.
        if signed.signature_line()? == line { Ok(signed) } else { Err(no_signature("spelled in another way")) }
    }

    /// What was stated, if the owner of `key` signed it.
    pub fn verify(&self, key: &PublicKey) -> Result<Statement, DocumentFault> {
        let wrong = |_| DocumentFault::WrongSignature { fingerprint: key.fingerprint().to_owned() };
        let signature = Signature::from_der(&self.signature).map_err(wrong)?;
        key.key.verify(self.document.as_bytes(), &signature).map_err(wrong)?;
        Ok(Statement::parse(&self.document)?)
    }

    fn signature_line(&self) -> Result<String, DocumentFault> {
        let line = SignatureLine { algorithm: Algorithm::EcdsaSha256, signature: STANDARD.encode(&self.signature) };
        serde_json::to_string(&line).map_err(no_signature)
    }
}

fn no_signature(problem: impl ToString) -> DocumentFault {
    DocumentFault::NoSignature { problem: Quoted(&problem.to_string()).to_string() }
}
