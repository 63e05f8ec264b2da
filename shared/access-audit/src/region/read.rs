//! One Region's object, section by section.

use super::{Encryption, Gap, Kind, Region, Thing};
use crate::finding::Status;
use iam_policy::{Document, DocumentKind, Policy};
use serde_json::Value;

const KINDS: [Kind; 7] =
    [Kind::Volume, Kind::Snapshot, Kind::Bucket, Kind::Topic, Kind::Queue, Kind::Table, Kind::Function];

pub(super) fn region(name: &str, entry: &Value) -> Region {
    let mut read = Region { name: name.to_owned(), encrypts_volumes: None, things: Vec::new(), gaps: Vec::new() };
    match entry.get(Kind::Ebs.section()) {
        Some(Value::Bool(encrypts)) => read.encrypts_volumes = Some(*encrypts),
        given => read.gaps.extend(gap(Kind::Ebs, given, name, "true or false")),
    }
    for kind in KINDS {
        match entry.get(kind.section()) {
            Some(Value::Array(entries)) => read.things.extend(entries.iter().enumerate().map(|(index, one)| {
                thing(kind, one).unwrap_or_else(|problem| Thing {
                    gaps: vec![Gap { kind, member: "", status: Status::Error, problem }],
                    ..Thing::unknown(kind, format!("{}[{index}] of {name}", kind.section()))
                })
            })),
            given => read.gaps.extend(gap(kind, given, name, "a list")),
        }
    }
    read
}

fn gap(kind: Kind, given: Option<&Value>, region: &str, expected: &str) -> Option<Gap> {
    let section = kind.section();
    let (status, problem) = match given {
        None | Some(Value::Null) => (Status::NotEvaluated, format!("{section} of {region} are not given")),
        Some(other) => (Status::Error, format!("{section} of {region}: {}", wrong(other, expected))),
    };
    Some(Gap { kind, member: "", status, problem })
}

/// Who reads a live account puts `{"Unread": why}` in place of what AWS would not let be read.
fn wrong(value: &Value, expected: &str) -> String {
    let why = value.get("Unread").and_then(Value::as_str);
    why.map_or_else(|| format!("expected {expected}"), |why| format!("could not be read: {why}"))
}

impl Thing {
    fn unknown(kind: Kind, id: String) -> Self {
        Self {
            kind,
            id,
            policy: None,
            encryption: Encryption::Unknown,
            shared_with: Vec::new(),
            acl: Vec::new(),
            restricts_public_policy: false,
            ignores_public_acls: false,
            gaps: Vec::new(),
        }
    }

    fn broken(&mut self, member: &'static str, value: &Value, expected: &str) {
        let problem = format!("{member}: {}", wrong(value, expected));
        self.gaps.push(Gap { kind: self.kind, member, status: Status::Error, problem });
    }

    fn missing(&mut self, member: &'static str) {
        let problem = format!("{member} is not given");
        self.gaps.push(Gap { kind: self.kind, member, status: Status::NotEvaluated, problem });
    }

    fn read_policy(&mut self, member: &'static str, given: Option<&Value>) {
        let Some(policy) = given.filter(|policy| !policy.is_null()) else { return };
        if policy.get("Unread").is_some() {
            return self.broken(member, policy, "a policy");
        }
        match Document::from_value(policy, DocumentKind::Resource) {
            Ok(document) => self.policy = Some(Policy::new("resource policy", document)),
            Err(error) => {
                let problem = format!("{}; who is let in could not be judged", error.within(member));
                self.gaps.push(Gap { kind: self.kind, member, status: Status::Error, problem });
            }
        }
    }
}

/// # Errors
/// It has no name.
fn thing(kind: Kind, entry: &Value) -> Result<Thing, String> {
    let empty = Value::Null;
    let of = match kind {
        Kind::Topic | Kind::Queue => entry.get("Attributes").unwrap_or(&empty),
        Kind::Table => entry.get("Table").unwrap_or(entry),
        _ => entry,
    };
    let names: &[&str] = match kind {
        Kind::Volume => &["VolumeId"],
        Kind::Snapshot => &["SnapshotId"],
        Kind::Bucket => &["Name"],
        Kind::Topic => &["TopicArn"],
        Kind::Queue => &["QueueArn", "QueueUrl"],
        Kind::Table => &["TableArn", "TableName"],
        Kind::Ebs | Kind::Function => &["FunctionArn"],
    };
    let id = names.iter().find_map(|name| of.get(*name).and_then(Value::as_str));
    let mut thing = Thing::unknown(kind, id.ok_or_else(|| format!("has no {}", names.join(" or ")))?.to_owned());
    if let Some(why) = entry.get("Unread").and_then(Value::as_str) {
        let problem = format!("could not be read: {why}");
        thing.gaps.push(Gap { kind, member: "", status: Status::Error, problem });
        return Ok(thing);
    }
    let text = |name: &str| of.get(name).and_then(Value::as_str);
    match kind {
        Kind::Ebs => {}
        Kind::Volume | Kind::Snapshot => {
            match of.get("Encrypted") {
                Some(Value::Bool(true)) => thing.encryption = Encryption::OfAws,
                Some(Value::Bool(false)) => thing.encryption = Encryption::Nothing,
                _ => thing.missing("Encrypted"),
            }
            if kind == Kind::Snapshot {
                shared(&mut thing, of.get("CreateVolumePermissions"));
            }
        }
        Kind::Bucket => bucket(&mut thing, of),
        Kind::Topic => {
            thing.read_policy("Policy", of.get("Policy"));
            thing.encryption = text("KmsMasterKeyId").map_or(Encryption::Nothing, by_key);
        }
        Kind::Queue => {
            thing.read_policy("Policy", of.get("Policy"));
            thing.encryption = match (text("KmsMasterKeyId"), text("SqsManagedSseEnabled")) {
                (Some(key), _) => by_key(key),
                (None, Some("true")) => Encryption::OfAws,
                (None, _) => Encryption::Nothing,
            };
        }
        Kind::Table => {
            thing.read_policy("ResourcePolicy", entry.get("ResourcePolicy"));
            let key = of.get("SSEDescription").and_then(|sse| sse.get("KMSMasterKeyArn")).and_then(Value::as_str);
            thing.encryption = key.map_or(Encryption::OfAws, by_key);
        }
        Kind::Function => thing.read_policy("Policy", of.get("Policy")),
    }
    Ok(thing)
}

/// AWS's own keys go by an alias that begins so.
fn by_key(key: &str) -> Encryption {
    if key.contains("alias/aws/") { Encryption::OfAws } else { Encryption::OfCustomer }
}

fn shared(thing: &mut Thing, given: Option<&Value>) {
    match given {
        None | Some(Value::Null) => thing.missing("CreateVolumePermissions"),
        Some(Value::Array(permissions)) => {
            let whom = |one: &Value| {
                let given = |name: &str| one.get(name).filter(|value| !value.is_null());
                given("Group").or_else(|| given("UserId")).and_then(Value::as_str).map(str::to_owned)
            };
            thing.shared_with = permissions.iter().filter_map(whom).collect();
            if let Some(unnamed) = permissions.iter().find(|one| whom(one).is_none()) {
                thing.broken("CreateVolumePermissions", unnamed, "a Group or a UserId in each");
            }
        }
        Some(other) => thing.broken("CreateVolumePermissions", other, "a list"),
    }
}

fn bucket(thing: &mut Thing, of: &Value) {
    thing.read_policy("Policy", of.get("Policy"));
    const ENCRYPTION: &str = "ServerSideEncryptionConfiguration";
    match of.get(ENCRYPTION) {
        Some(unread) if unread.get("Unread").is_some() => thing.broken(ENCRYPTION, unread, "rules"),
        // S3 encrypts whatever no rule speaks of with keys of its own.
        given => {
            let rule = given.and_then(|rules| rules.pointer("/Rules/0/ApplyServerSideEncryptionByDefault"));
            let key = rule.and_then(|rule| rule.get("KMSMasterKeyID")).and_then(Value::as_str);
            thing.encryption = key.map_or(Encryption::OfAws, by_key);
        }
    }
    match of.get("PublicAccessBlockConfiguration") {
        Some(unread) if unread.get("Unread").is_some() => {
            thing.broken("PublicAccessBlockConfiguration", unread, "an object");
        }
        given => {
            let is = |name: &str| given.and_then(|block| block.get(name)).and_then(Value::as_bool).unwrap_or(false);
            thing.restricts_public_policy = is("RestrictPublicBuckets");
            thing.ignores_public_acls = is("IgnorePublicAcls");
        }
    }
    match of.get("Grants") {
        None | Some(Value::Null) => thing.missing("Grants"),
        Some(Value::Array(grants)) => {
            let group = |grant: &Value| {
                let uri = grant.pointer("/Grantee/URI")?.as_str()?.to_owned();
                Some((uri, grant.get("Permission").and_then(Value::as_str).unwrap_or("something").to_owned()))
            };
            thing.acl = grants.iter().filter_map(group).collect();
            let is_known = |grant: &Value| {
                let grantee = grant.get("Grantee").and_then(Value::as_object);
                grantee.is_some_and(|grantee| grantee.get("URI").is_none_or(|uri| uri.is_string() || uri.is_null()))
            };
            if let Some(other) = grants.iter().find(|grant| !is_known(grant)) {
                thing.broken("Grants", other, "a Grantee in each");
            }
        }
        Some(other) => thing.broken("Grants", other, "a list"),
    }
}
