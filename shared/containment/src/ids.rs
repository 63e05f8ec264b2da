//! Identifiers that AWS gave us. They come from AWS's answers, so they are carried, not validated.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use signal::{AlarmArn, InstanceId};
use std::fmt;
use time::OffsetDateTime;

macro_rules! aws_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            pub fn new(value: impl Into<String>) -> Self { Self(value.into()) }
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
    )+};
}

aws_id! {
    /// The name of an Auto Scaling group, unique in an account and Region.
    GroupName,
    /// `eni-…`
    InterfaceId,
    /// `sg-…`
    SecurityGroupId,
    /// `vpc-…`
    VpcId,
    /// `vol-…`
    VolumeId,
    /// `snap-…`
    SnapshotId,
    /// The ARN of an Elastic Load Balancing target group.
    TargetGroupArn,
    /// `inc-YYYYMMDD-HHMMSS-xxxxxxxxxx`, or `ref-…` for a signal that AWS did not confirm; see [`IncidentId::of`].
    IncidentId,
}

impl GroupName {
    /// Whether CloudWatch takes it as a dimension's value: ASCII without control characters, and not blank (AWS: CloudWatch
    /// API reference, "Dimension"). Auto Scaling takes other names, too.
    pub fn is_dimension(&self) -> bool {
        let printable = self.0.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        printable && !self.0.trim().is_empty() && self.0.len() <= 1024
    }
}

impl IncidentId {
    /// The incident of one transition of one alarm for one instance: the same alarm delivered twice, late or to two
    /// processes gives the same id. `transitioned_at` is AWS's own `StateTransitionedTimestamp`, never the message's.
    pub fn of(instance: &InstanceId, alarm: &AlarmArn, transitioned_at: OffsetDateTime) -> Self {
        let milliseconds = transitioned_at.unix_timestamp_nanos() / 1_000_000;
        Self::derived("inc", transitioned_at, &format!("{instance}|{alarm}|{milliseconds}"))
    }

    /// The incident of a transition whose first look was refused by the verdict on its traffic. There is one at most.
    pub fn of_later_look(instance: &InstanceId, alarm: &AlarmArn, transitioned_at: OffsetDateTime) -> Self {
        let milliseconds = transitioned_at.unix_timestamp_nanos() / 1_000_000;
        Self::derived("inc", transitioned_at, &format!("{instance}|{alarm}|{milliseconds}|later"))
    }

    /// The record of a signal that was refused before AWS confirmed any transition: `ref-…`, derived from the hash of
    /// the received message, so that a forger can neither choose nor occupy the id of a true incident.
    pub fn of_unverified(received_at: OffsetDateTime, instance: Option<&InstanceId>, digest: &str) -> Self {
        let instance = instance.map(ToString::to_string).unwrap_or_default();
        Self::derived("ref", received_at, &format!("{instance}|{digest}"))
    }

    /// The incident of one request by an operator, named by the hash of its bytes. A proof counts once, so no request comes
    /// twice.
    pub fn of_request(requested_at: OffsetDateTime, instance: &InstanceId, digest: &str) -> Self {
        Self::derived("inc", requested_at, &format!("{instance}|request|{digest}"))
    }

    fn derived(prefix: &str, at: OffsetDateTime, key: &str) -> Self {
        let hash = hex(&Sha256::digest(key.as_bytes()));
        let at = at.to_offset(time::UtcOffset::UTC);
        Self(format!(
            "{prefix}-{:04}{:02}{:02}-{:02}{:02}{:02}-{}",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            hash.get(..10).unwrap_or(&hash)
        ))
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
