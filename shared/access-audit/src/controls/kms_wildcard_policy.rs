//! Key policies that give one principal everything: to use the key, and to choose who does.

use super::{Control, Look};
use crate::finding::{Confidence, Finding, Severity};
use crate::keys::{Key, Keys, Section};
use iam_policy::{Arn, Named, Statement};
use time::OffsetDateTime;

pub(super) const CONTROL: Control = Control {
    id: "kms-wildcard-key-policy",
    title: "Key policies that allow somebody every action",
    severity: Severity::High,
    look: Look::Keys(look),
};

/// Using, administering and destroying; in lower case.
const EACH: [&str; 4] = ["kms:decrypt", "kms:encrypt", "kms:putkeypolicy", "kms:schedulekeydeletion"];

fn look(keys: &Keys, _: Option<OffsetDateTime>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in keys.keys.iter().filter(|key| !key.is_aws_managed) {
        findings.extend(key.unjudged(&CONTROL, &[Section::Policy]));
        let allows = key.policy.iter().flat_map(|policy| policy.document.allows());
        for statement in allows.filter(|one| !one.is_not_principal() && EACH.iter().all(|each| one.covers_action(each)))
        {
            findings.extend(statement.principals().iter().filter_map(|named| finding(key, statement, named)));
        }
    }
    findings
}

/// The account itself gets everything so that IAM can decide; everyone is another control's.
fn finding(key: &Key, statement: &Statement, named: &Named) -> Option<Finding> {
    let (principal, account) = match named {
        Named::Account(id) => (&**id, &**id),
        Named::Arn { arn, account, .. } => (&**arn, &**account),
        Named::Service(name) | Named::Federated(name) => (&**name, ""),
        Named::Everyone | Named::UniqueId(_) | Named::CanonicalUser(_) => return None,
    };
    let is_own = account == key.account;
    if is_own && Arn::split(principal).is_none() {
        return None;
    }
    let severity = if is_own { Severity::Low } else { CONTROL.severity };
    let message = format!("statement {} allows {principal} every action: using and administering", statement.index);
    let fix = "let some administer the key and others use it: name the actions that each needs";
    let confidence = if statement.has_conditions() { Confidence::Low } else { Confidence::High };
    let fail = Finding::fail(CONTROL.id, severity, message, fix).of(principal).on(&key.arn);
    Some(fail.with(confidence, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::world::{OTHER, World, delegation, iam, to};
    use serde_json::{Value, json};

    fn found(principal: Value, actions: Value) -> Vec<(Severity, Option<String>)> {
        let world = World::default().user("ann", json!([]));
        let findings = world.key("k", json!([delegation(), to(principal, actions)]), json!([])).findings(CONTROL.id);
        findings.into_iter().map(|one| (one.severity, one.principal)).collect()
    }

    #[test]
    fn everything_for_a_role_or_another_account_is_found_and_the_delegation_to_iam_is_not() {
        let app = iam("role/app");
        assert_eq!(found(json!({"AWS": app}), json!("kms:*")), [(Severity::Low, Some(app.clone()))]);
        assert_eq!(found(json!({"AWS": OTHER}), json!("*")), [(Severity::High, Some(OTHER.to_owned()))]);
        assert_eq!(found(json!({"AWS": app}), json!(["kms:Decrypt", "kms:PutKeyPolicy"])), []);
        assert_eq!(found(json!({"AWS": iam("root")}), json!("*")), []);
    }
}
