//! Broad access to a key without the condition that belongs to it.
//!
//! Source: KMS Developer Guide, "Least-privilege permissions"; IAM User Guide, "The confused deputy problem".

use super::{Control, Look};
use crate::decrypt::{Access, Reader};
use crate::finding::{Confidence, Finding, Severity};
use crate::keys::{Key, Section};
use iam_policy::{Named, Statement};
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "kms-missing-conditions",
    title: "Broad access to keys without a condition",
    severity: Severity::Medium,
    look: Look::Access(look),
};

fn look(access: &Access<'_>, _: Option<OffsetDateTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, readers) in access.keys().filter(|(key, _)| !key.is_aws_managed) {
        findings.extend(key.unjudged(&CONTROL, &[Section::Policy]));
        let by_policy = |reader: &&Reader| reader.is_sure() && reader.by.contains(&"key-policy");
        let mut told: Vec<&str> = Vec::new();
        for reader in readers.iter().filter(by_policy) {
            let Some((who, message, fix)) = missing(key, reader) else { continue };
            if told.contains(&who) {
                continue;
            }
            told.push(who);
            let message = format!("{message} ({})", reader.operations.join(", "));
            let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, fix).of(who).on(&key.arn);
            findings.push(fail.with(Confidence::High, reader.witness.clone()));
        }
    }
    findings
}

/// Whom, what is wrong, and what to add. The evaluator allowed it whatever else the request holds.
fn missing<'a>(key: &'a Key, reader: &'a Reader) -> Option<(&'a str, String, &'static str)> {
    let who = reader.principal.as_str();
    match reader.kind {
        "service" if is_named(key, reader, |named| matches!(named, Named::Service(_))) => Some((
            who,
            format!("{who} may use the key for anybody's resource"),
            "add aws:SourceArn or aws:SourceAccount, or kms:EncryptionContext where the service sets one",
        )),
        "account" if is_named(key, reader, |named| matches!(named, Named::Account(_))) => Some((
            who,
            "all of another account may use the key, for anything".to_owned(),
            "name its roles, or add kms:ViaService, kms:EncryptionContext or aws:PrincipalOrgID",
        )),
        "user" | "role" | "root" if through_everyone(key, reader) => Some((
            &key.account,
            "every principal of the account may use the key, whatever its own policies say".to_owned(),
            "add kms:ViaService, so that only services use it for them, or name the principals",
        )),
        _ => None,
    }
}

/// Through `"*"` with a condition that holds. Without one the key is open to all, which is another control's.
fn through_everyone(key: &Key, reader: &Reader) -> bool {
    deciding(key, reader).any(|one| one.principals().contains(&Named::Everyone) && one.has_conditions())
}

fn is_named(key: &Key, reader: &Reader, is: impl Fn(&Named) -> bool) -> bool {
    deciding(key, reader).any(|statement| statement.principals().iter().any(&is))
}

/// The statements of the key's policy that allow it.
fn deciding<'a>(key: &'a Key, reader: &'a Reader) -> impl Iterator<Item = &'a Statement> {
    let decided = |index: usize| {
        let mut statements = reader.witness.iter().flat_map(|step| &step.statements);
        statements.any(|one| one.layer == "resource" && one.index == index)
    };
    let allows = key.policy.iter().flat_map(|policy| policy.document.allows());
    allows.filter(move |statement| decided(statement.index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::world::{HOME, OTHER, World, allow, delegation, grant, to};
    use serde_json::{Value, json};

    fn found(principal: Value, condition: Value) -> Vec<String> {
        let mut statement = to(principal, json!(["kms:Decrypt", "kms:GenerateDataKey"]));
        statement["Condition"] = condition;
        let world = World::default().user("ann", json!([allow(json!("kms:*"))])).user("bob", json!([]));
        let findings = world.key("k", json!([delegation(), statement]), json!([])).findings(CONTROL.id);
        findings.into_iter().map(|one| one.principal.unwrap()).collect()
    }

    #[test]
    fn services_accounts_and_everyone_of_the_account_without_a_condition_are_found() {
        assert_eq!(found(json!({"Service": "sns.amazonaws.com"}), json!({})), ["sns.amazonaws.com"]);
        assert_eq!(found(json!({"AWS": OTHER}), json!({})), [format!("arn:aws:iam::{OTHER}:root")]);
        let caller = json!({"StringEquals": {"kms:CallerAccount": HOME}});
        assert_eq!(found(json!({"AWS": "*"}), caller), [HOME]);
    }

    #[test]
    fn with_the_condition_and_for_the_delegation_to_iam_there_is_nothing_to_say() {
        let service = json!({"Service": "sns.amazonaws.com"});
        for (principal, condition) in [
            (service.clone(), json!({"StringEquals": {"aws:SourceAccount": HOME}})),
            (service, json!({"ArnLike": {"aws:SourceArn": format!("arn:aws:sns:*:{HOME}:*")}})),
            (json!({"AWS": OTHER}), json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}})),
            (
                json!({"AWS": "*"}),
                json!({"StringEquals": {"kms:CallerAccount": HOME, "kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
            ),
            (json!({"AWS": HOME}), json!({})),
        ] {
            assert_eq!(found(principal, condition.clone()), Vec::<String>::new(), "{condition}");
        }
    }

    #[test]
    fn who_reads_by_a_grant_or_because_all_may_lacks_no_condition() {
        let grants = json!([grant("g", "dynamodb.eu-west-1.amazonaws.com", json!(["Decrypt"]))]);
        let open =
            World::default().user("ann", json!([])).key("k", json!([to(json!("*"), json!("kms:Decrypt"))]), grants);
        assert_eq!(open.findings(CONTROL.id), []);
    }

    #[test]
    fn a_condition_that_holds_for_every_request_is_none() {
        let tls = json!({"Bool": {"aws:SecureTransport": "true"}});
        assert_eq!(found(json!({"Service": "sns.amazonaws.com"}), tls), ["sns.amazonaws.com"]);
    }
}
