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
    /// `inc-YYYYMMDD-HHMMSS-xxxxxxxxxx`; see [`IncidentId::of`].
    IncidentId,
}

impl IncidentId {
    /// The incident of one transition of one alarm for one instance: the same alarm delivered twice, late or to two
    /// processes gives the same id. `transitioned_at` is AWS's own `StateTransitionedTimestamp`, never the message's.
    pub fn of(instance: &InstanceId, alarm: &AlarmArn, transitioned_at: OffsetDateTime) -> Self {
        let milliseconds = transitioned_at.unix_timestamp_nanos() / 1_000_000;
        Self::derived(transitioned_at, &format!("{instance}|{alarm}|{milliseconds}"))
    }

    /// The incident that records a signal which was refused before AWS confirmed any transition. `digest` is the
    /// hash of the received message, so that a forger can neither choose nor occupy the id of a true incident.
    pub fn of_unverified(received_at: OffsetDateTime, digest: &str) -> Self {
        Self::derived(received_at, &format!("unverified|{digest}"))
    }

    fn derived(at: OffsetDateTime, key: &str) -> Self {
        let hash = hex(&Sha256::digest(key.as_bytes()));
        let at = at.to_offset(time::UtcOffset::UTC);
        Self(format!(
            "inc-{:04}{:02}{:02}-{:02}{:02}{:02}-{}",
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
