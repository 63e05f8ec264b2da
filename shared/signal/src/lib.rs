//! Bytes to [`Signal`]: what a Lambda event asks Cordon to look at.
//!
//! Total and bounded: any bytes give signals or a typed [`SignalError`], never a panic. Everything here is foreign:
//! nothing that a signal says is believed until AWS has confirmed it.
//!
//! Unknown fields are ignored, because AWS adds new ones; what is read is read strictly. Repeated keys of a JSON
//! object are refused wherever they are: parsers disagree on which one counts, and AWS sends none.

mod alarm_event;
mod alarm_message;
mod arn;
mod document;
mod envelope;
mod error;
mod eventbridge;
mod hint;
mod identifiers;
mod lambda_action;
mod metrics;
mod model;
mod node;
mod nomination;
mod operator;
mod proof;
mod quoted;
mod timestamp;

pub use arn::{AlarmArn, TopicArn};
pub use error::SignalError;
pub use hint::{AlarmHint, FleetHint};
pub use identifiers::{AccountId, IdentifierError, InstanceId, Region};
pub use model::{AlarmKind, AlarmSignal, AlarmState, OperatorAction, OperatorRequest, Signal, Transition, Via};
pub use proof::{CONTENT_TYPE, DIGEST_HEADER, IDENTITY_BODY, NONCE_HEADER, Proof};
pub use quoted::{OneLine, Quoted};

use sha2::{Digest, Sha256};

/// The most bytes of an event that are read. CloudWatch's messages have a few KiB; SNS carries at most 256.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;
/// The most SNS records in one event. SNS has only ever sent one.
pub const MAX_RECORDS: usize = 10;

/// What the deployment expects.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// The ARN partition (`aws`, `aws-cn`, `aws-us-gov`) that Cordon is deployed in; signals of others are refused.
    pub partition: &'a str,
}

/// Reads all signals of one Lambda event.
///
/// The outer error means that the event as a whole is nothing Cordon knows. An SNS event may hold several records, each
/// with a result of its own, so that a bad one does not hide the others; every other form gives exactly one result.
pub fn parse(bytes: &[u8], expectation: &Expectation<'_>) -> Result<Vec<Result<Signal, SignalError>>, SignalError> {
    if bytes.len() > MAX_EVENT_BYTES {
        return Err(SignalError::TooLarge { bytes: bytes.len(), limit: MAX_EVENT_BYTES });
    }
    envelope::open(envelope::Received { message: bytes, expectation })
}

/// SHA-256 in lower-case hexadecimal: names what was received, also where it is no signal.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
