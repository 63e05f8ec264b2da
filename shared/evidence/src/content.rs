//! What is known of bytes that needn't be in memory: their digest and how many they are.

use containment::ids::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
    pub bytes: u64,
}

impl Content {
    pub fn of(bytes: &[u8]) -> Self {
        let mut measure = Measure::default();
        measure.update(bytes);
        measure.finish()
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes with SHA-256 {}", self.bytes, self.sha256)
    }
}

/// Takes the bytes piece by piece.
#[derive(Debug, Clone, Default)]
pub struct Measure {
    digest: Sha256,
    bytes: u64,
}

impl Measure {
    pub fn update(&mut self, piece: &[u8]) {
        self.digest.update(piece);
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
    }

    pub fn finish(self) -> Content {
        Content { sha256: hex(&self.digest.finalize()), bytes: self.bytes }
    }
}
