//! The record of an incident, made so that a change of it shows: statements that are signed, the objects they list,
//! the journal they link to, and one archive of it all that anybody can check with the public key alone.
//!
//! Bytes in, verdict out. Nothing here awaits, reads a clock or opens anything; where an object or an archive may be
//! too big for memory, the caller hands in a stream. What a [`statement::Statement`] says comes out of a
//! [`signed::SignedDocument`] only by checking its signature.

pub mod archive;
pub mod bundle;
mod chain;
pub mod content;
pub mod keys;
pub mod metrics;
pub mod public_key;
pub mod signed;
pub mod statement;
pub mod verification;
pub mod verify;
