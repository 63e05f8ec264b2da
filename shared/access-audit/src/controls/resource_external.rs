//! Buckets, topics, queues, tables and functions that another account may use without a condition.

use super::resource_public::{POLICIES, WITH_POLICY};
use super::{Control, Look};
use crate::finding::{Finding, Severity};
use crate::region::Exposure;
use iam_policy::Named;
use std::collections::BTreeSet;

pub(super) const CONTROL: Control = Control {
    id: "resource-external-account",
    title: "Resources that another account may use",
    severity: Severity::Medium,
    look: Look::Exposure(look),
};

fn look(exposure: &Exposure<'_>) -> Vec<Finding> {
    let mut findings = exposure.unjudged(&CONTROL, WITH_POLICY, &POLICIES);
    let account = exposure.account;
    for (region, thing) in exposure.things(WITH_POLICY) {
        let statements = thing.policy.iter().flat_map(|policy| policy.document.allows());
        let unconditional = statements.filter(|statement| !statement.has_conditions() && !statement.is_not_principal());
        let named = unconditional.flat_map(|statement| statement.principals()).filter_map(|named| match named {
            Named::Account(other) | Named::Arn { account: other, .. } => Some(&**other),
            _ => None,
        });
        let others: BTreeSet<&str> =
            named.filter(|other| *other != account.id && !account.is_in_organization(other)).collect();
        for other in others {
            let message = format!("account {other} may use it, by its policy, without a condition");
            let fix = "is it still needed? If so, name its principals, and keep the actions to what they use";
            let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, fix);
            findings.push(fail.on(&exposure.arn(region, thing)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::decrypt::world::{HOME, OTHER};
    use crate::region::tests::{findings, topic};
    use serde_json::{Value, json};

    fn to(principal: &Value, condition: &Value) -> Vec<String> {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal,
            "Action": "sns:Publish", "Resource": "*", "Condition": condition}]});
        let found = findings(CONTROL.id, &json!({"Topics": topic(&policy.to_string())}));
        found.into_iter().map(|one| one.message).collect()
    }

    #[test]
    fn another_account_is_found_and_neither_ones_own_nor_a_condition_s() {
        let none = json!({});
        assert!(to(&json!({"AWS": OTHER}), &none)[0].contains(OTHER));
        assert!(to(&json!({"AWS": format!("arn:aws:iam::{OTHER}:role/x")}), &none)[0].contains(OTHER));
        assert!(to(&json!({"AWS": HOME}), &none).is_empty());
        assert!(to(&json!({"Service": "s3.amazonaws.com"}), &none).is_empty());
        assert!(to(&json!({"AWS": OTHER}), &json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})).is_empty());
    }
}
