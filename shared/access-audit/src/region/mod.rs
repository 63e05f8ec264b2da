//! A Region's resources: who is let in, and whose key encrypts them.
//!
//! What of it can't be read, or was not given, is a gap: controls that need it say so, and the others go on.

mod read;
#[cfg(test)]
pub(crate) mod tests;

use crate::MAX_FILE_BYTES;
use crate::account::Account;
use crate::controls::Control;
use crate::finding::{Finding, Problem, Status};
use iam_policy::{Policy, PolicyError, json};
use serde_json::Value;

/// `{"Regions": [{"Region", "EbsEncryptionByDefault", "Volumes", "Snapshots", "Buckets", "Topics", "Queues", "Tables",
/// "Functions"}]}`: what each service's API answers of them.
#[derive(Debug)]
pub(crate) struct Regions {
    pub(crate) regions: Vec<Region>,
}

#[derive(Debug)]
pub(crate) struct Region {
    pub(crate) name: String,
    pub(crate) encrypts_volumes: Option<bool>,
    pub(crate) things: Vec<Thing>,
    pub(crate) gaps: Vec<Gap>,
}

/// Sections by the name that they have in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ebs,
    Volume,
    Snapshot,
    Bucket,
    Topic,
    Queue,
    Table,
    Function,
}

#[derive(Debug)]
pub(crate) struct Thing {
    pub(crate) kind: Kind,
    /// As far as the ARN needs an account, the audit fills it in.
    pub(crate) id: String,
    pub(crate) policy: Option<Policy>,
    pub(crate) encryption: Encryption,
    /// `all`, or an account's id.
    pub(crate) shared_with: Vec<String>,
    /// URIs of groups to which a bucket's access control list grants something, with what.
    pub(crate) acl: Vec<(String, String)>,
    pub(crate) restricts_public_policy: bool,
    pub(crate) ignores_public_acls: bool,
    pub(crate) gaps: Vec<Gap>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encryption {
    Nothing,
    /// With a key that AWS owns or manages.
    OfAws,
    /// With a key of the customer's.
    OfCustomer,
    Unknown,
}

/// What is not known, and what that hides.
#[derive(Debug)]
pub(crate) struct Gap {
    pub(crate) kind: Kind,
    /// The member: `Policy`, …; a whole section or entry where it is empty.
    pub(crate) member: &'static str,
    /// Error where it can't be read, not-evaluated where it was not given.
    pub(crate) status: Status,
    pub(crate) problem: String,
}

/// An account with its Regions' resources.
pub(crate) struct Exposure<'a> {
    pub(crate) account: &'a Account<'a>,
    pub(crate) regions: &'a Regions,
}

impl Kind {
    pub(crate) fn section(self) -> &'static str {
        match self {
            Self::Ebs => "EbsEncryptionByDefault",
            Self::Volume => "Volumes",
            Self::Snapshot => "Snapshots",
            Self::Bucket => "Buckets",
            Self::Topic => "Topics",
            Self::Queue => "Queues",
            Self::Table => "Tables",
            Self::Function => "Functions",
        }
    }

    /// As its actions begin.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Ebs | Self::Volume | Self::Snapshot => "ec2",
            Self::Bucket => "s3",
            Self::Topic => "sns",
            Self::Queue => "sqs",
            Self::Table => "dynamodb",
            Self::Function => "lambda",
        }
    }
}

impl Regions {
    /// # Errors
    /// No JSON, or no list of Regions. What of one can't be read is kept as a gap of it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "resources";
        let file = json::read(bytes, MAX_FILE_BYTES, name)?;
        let Some(Value::Array(entries)) = file.get("Regions") else {
            return Err(PolicyError::new(name, "expected an object with a list Regions"));
        };
        let region = |(index, entry): (usize, &Value)| {
            let name = entry.get("Region").and_then(Value::as_str);
            let name = name.ok_or_else(|| PolicyError::new(format!("Regions[{index}]"), "has no Region"))?;
            Ok(read::region(name, entry))
        };
        Ok(Self { regions: entries.iter().enumerate().map(region).collect::<Result<_, PolicyError>>()? })
    }

    /// Everything that can't be read. What was not given is said by the controls that need it.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem> {
        let of_region = |region: &Region| {
            let own = region.gaps.iter().map(|gap| (region.name.clone(), gap));
            let of_things = region.things.iter().flat_map(|thing| thing.gaps.iter().map(|gap| (thing.id.clone(), gap)));
            let broken = own.chain(of_things).filter(|(_, gap)| gap.status == Status::Error);
            broken.map(|(at, gap)| Problem { at, problem: gap.problem.clone() }).collect::<Vec<_>>()
        };
        self.regions.iter().flat_map(of_region)
    }
}

impl Exposure<'_> {
    pub(crate) fn things(&self, kinds: &'static [Kind]) -> impl Iterator<Item = (&Region, &Thing)> {
        let of_region = move |region| Region::things_of(region, kinds).map(move |thing| (region, thing));
        self.regions.regions.iter().flat_map(of_region)
    }

    /// What a control can't say, for want of these sections, or of these members of their entries.
    pub(crate) fn unjudged(&self, control: &Control, kinds: &[Kind], members: &[&str]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for region in &self.regions.regions {
            let told = |gap: &Gap| {
                let message = format!("{}: {}", control.title, gap.problem);
                Finding::new(control.id, gap.status, control.severity, message)
            };
            let own = region.gaps.iter().filter(|gap| kinds.contains(&gap.kind));
            findings.extend(own.map(told));
            for thing in region.things.iter().filter(|thing| kinds.contains(&thing.kind)) {
                let concerns = |gap: &&Gap| gap.member.is_empty() || members.contains(&gap.member);
                let gaps = thing.gaps.iter().filter(concerns);
                findings.extend(gaps.map(|gap| told(gap).on(&self.arn(region, thing))));
            }
        }
        findings
    }

    pub(crate) fn arn(&self, region: &Region, thing: &Thing) -> String {
        if thing.id.starts_with("arn:") {
            return thing.id.clone();
        }
        let Account { partition, id, .. } = self.account;
        let (region, name) = (&region.name, &thing.id);
        match thing.kind {
            Kind::Bucket => format!("arn:{partition}:s3:::{name}"),
            Kind::Volume => format!("arn:{partition}:ec2:{region}:{id}:volume/{name}"),
            Kind::Snapshot => format!("arn:{partition}:ec2:{region}:{id}:snapshot/{name}"),
            _ => name.clone(),
        }
    }
}

impl Region {
    fn things_of(&self, kinds: &'static [Kind]) -> impl Iterator<Item = &Thing> {
        self.things.iter().filter(|thing| kinds.contains(&thing.kind))
    }
}
