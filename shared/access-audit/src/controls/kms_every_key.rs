//! Principals that really reach the plaintext of every key, whatever lets them.

use super::{Control, Look};
use crate::decrypt::{Access, Reader};
use crate::finding::{Confidence, Finding, Severity, Status};
use crate::keys::Section;
use std::collections::BTreeMap;
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "kms-decrypts-every-key",
    title: "Principals that can decrypt with every key",
    severity: Severity::Medium,
    look: Look::Access(look),
};

const DECRYPTS: [&str; 2] = ["kms:Decrypt", "kms:ReEncryptFrom"];
const FEWEST: usize = 2;

fn look(access: &Access<'_>, _: Option<OffsetDateTime>) -> Vec<Finding> {
    let encrypts = |usage: &Option<String>| usage.as_deref().is_none_or(|usage| usage == "ENCRYPT_DECRYPT");
    let keys: Vec<_> =
        access.keys().filter(|(key, _)| !key.is_aws_managed && key.is_enabled() && encrypts(&key.usage)).collect();
    let mut findings: Vec<_> =
        keys.iter().flat_map(|(key, _)| key.unjudged(&CONTROL, &[Section::Policy, Section::Grants])).collect();
    if keys.len() < FEWEST {
        let message = format!("{}: told from at least {FEWEST} enabled customer managed keys", CONTROL.title);
        findings.push(Finding::new(CONTROL.id, Status::NotEvaluated, CONTROL.severity, message));
        return findings;
    }
    let mut reached: BTreeMap<&str, (usize, bool, &Reader)> = BTreeMap::new();
    for (_, readers) in &keys {
        let mut of_key: BTreeMap<&str, &Reader> = BTreeMap::new();
        for reader in readers.iter().filter(|one| DECRYPTS.iter().any(|action| one.reaches(action))) {
            let known = of_key.entry(&reader.principal).or_insert(reader);
            if reader.is_sure() && !known.is_sure() {
                *known = reader;
            }
        }
        for (principal, reader) in of_key {
            let (count, is_sure, _) = reached.entry(principal).or_insert((0, true, reader));
            *count += 1;
            *is_sure &= reader.is_sure();
        }
    }
    // The account's root user is kept out of no key, and a service's own role acts for its service.
    let counts = |reader: &Reader| reader.kind != "root" && reader.kind != "service-linked-role";
    for (principal, (count, is_sure, reader)) in reached {
        if count == keys.len() && counts(reader) {
            let message = format!("can decrypt with each of the {count} enabled customer managed keys");
            let fix = "name the keys that it needs; keep those who may use all keys few";
            let confidence = if is_sure { Confidence::High } else { Confidence::Low };
            let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(principal);
            findings.push(fail.with(confidence, reader.witness.clone()));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::world::{World, allow, delegation, grant, iam, to};
    use serde_json::json;

    fn two_keys() -> World {
        let app = iam("role/app");
        let trusts = json!({"AWS": iam("user/eve")});
        World::default()
            .user("ann", json!([allow(json!("kms:Decrypt"))]))
            .user("eve", json!([]))
            .role("app", trusts, json!([]))
            .key("k", json!([delegation(), to(json!({"AWS": app}), json!("kms:Decrypt"))]), json!([]))
            .key("l", json!([delegation()]), json!([grant("g", &app, json!(["Decrypt"]))]))
    }

    fn principals(world: &World) -> Vec<String> {
        world.findings(CONTROL.id).into_iter().filter_map(|one| one.principal).collect()
    }

    #[test]
    fn all_ways_count_and_each_key_must_be_reached() {
        let world = two_keys();
        assert_eq!(principals(&world), [iam("role/app"), iam("user/ann"), iam("user/eve")]);
        let third = world.key("m", json!([to(json!({"AWS": iam("root")}), json!("kms:PutKeyPolicy"))]), json!([]));
        assert_eq!(principals(&third), Vec::<String>::new());
    }

    #[test]
    fn fewer_than_two_keys_tell_nothing() {
        let world = World::default().user("ann", json!([allow(json!("*"))])).key("k", json!([delegation()]), json!([]));
        assert_eq!(world.findings(CONTROL.id)[0].status, Status::NotEvaluated);
    }
}
