//! A bundle as one file, `tar.gz`, that verifies offline: nothing in it is believed for being there, and nothing but
//! the public key is needed to judge it. The key that it carries is for convenience and proves nothing.
//!
//! The same bundle gives the same bytes. Its names are Cordon's own, never an object's key: `README.txt`, `index.json`,
//! `public-key.pem`, and numbered files in `journal/`, `signed/` and `objects/`.

mod index;
mod read;
mod readme;
mod write;

pub use read::{Limits, Unpacked, read};
pub use write::write;

use crate::bundle::ObjectVersion;
use crate::content::Content;
use crate::public_key::KeyFault;
use std::io;
use thiserror::Error;

const README: &str = "README.txt";
const INDEX: &str = "index.json";
const PUBLIC_KEY: &str = "public-key.pem";
const JOURNAL: &str = "journal/";
const SIGNED: &str = "signed/";
const OBJECTS: &str = "objects/";

/// Names from an archive are in quotation marks already.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ArchiveFault {
    #[error("the archive cannot be read: {problem}")]
    Unreadable { problem: String },
    #[error("the archive cannot be written: {problem}")]
    Unwritable { problem: String },
    #[error("the archive unpacks to more than {limit} bytes")]
    TooLong { limit: u64 },
    #[error("the archive has more than {limit} entries")]
    TooManyEntries { limit: usize },
    #[error("{name} is longer than {limit} bytes")]
    EntryTooLong { name: String, limit: u64 },
    #[error("the documents in the archive have more than {limit} bytes together")]
    DocumentsTooLong { limit: u64 },
    #[error("{name} is no name that an archive of Cordon's has")]
    StrangeName { name: String },
    #[error("{name} is no ordinary file")]
    NotAFile { name: String },
    #[error("{name} is in the archive twice")]
    Repeated { name: String },
    #[error("{name} is not in the archive, or is used twice")]
    Absent { name: String },
    #[error("{name} is in the archive, and its index does not mention it")]
    Unmentioned { name: String },
    #[error("{name} is not text in UTF-8")]
    NotText { name: String },
    #[error("something follows the end of the archive")]
    Trailing,
    #[error("its index cannot be read: {problem}")]
    Index { problem: String },
    #[error("it has schema {found}; this version knows schema {}", index::SCHEMA)]
    UnknownSchema { found: u32 },
    #[error("its public key: {0}")]
    PublicKey(#[from] KeyFault),
    #[error("{object} changed while it was being written: {expected} expected, {found} found")]
    ContentChanged { object: ObjectVersion, expected: Content, found: Content },
}

/// A limit that is met within a stream comes out of it as an I/O error.
impl From<io::Error> for ArchiveFault {
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(fault) => fault,
            Err(error) => Self::Unreadable { problem: signal::Quoted(&error.to_string()).to_string() },
        }
    }
}
