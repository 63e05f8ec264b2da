//! Roles that anybody may assume.

use super::{Control, Look};
use crate::account::Account;
use crate::escalation::Graph;
use crate::finding::{Confidence, Finding, Severity};
use iam_policy::{Action, Caller, Decision, Policies, Request, Resource, ResourcePolicy, decide};

pub(super) const CONTROL: Control = Control {
    id: "iam-trust-anyone",
    title: "Roles that any AWS account may assume",
    severity: Severity::Critical,
    look: Look::Principals(look),
};

/// No account has this number, so no policy can mean it.
const STRANGER: &str = "000000000000";

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let finding = |at: usize| {
        let subject = account.subject(at)?;
        let Some(Ok(trust)) = &subject.principal.trust else { return None };
        let arn = format!("arn:{}:iam::{STRANGER}:user/stranger", account.partition);
        let context = account
            .context()
            .with("aws:PrincipalOrgID", ["o-0000000000"])
            .with("aws:PrincipalOrgPaths", ["o-0000000000/r-0000/"]);
        let resource = Resource::parse(&subject.principal.arn, None).ok()?;
        let action = Action::parse("sts:AssumeRole").ok()?;
        let request = Request::new(Caller::parse(&arn).ok()?, action, resource, context);
        let own = std::slice::from_ref(&account.everything);
        let resource_policy = ResourcePolicy::Is(trust);
        let policies =
            Policies { identity: own, rcps: &account.rcps, resource: resource_policy, ..Policies::default() };
        let (confidence, unless) = match decide(&policies, &request) {
            Decision::Allow => (Confidence::High, ""),
            Decision::Depends => (Confidence::Low, ", if it meets the conditions"),
            Decision::ExplicitDeny | Decision::ImplicitDeny => return None,
        };
        let message = format!("any principal of any AWS account may assume it{unless}");
        let fix = "name the accounts or principals, or limit it to the organization with aws:PrincipalOrgID";
        let fail = Finding::fail(CONTROL.id, CONTROL.severity, message, fix);
        Some(fail.on(&subject.principal.arn).with(confidence, Vec::new()))
    };
    (0..account.subjects.len()).filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, names, trust};
    use crate::finding::Confidence;
    use serde_json::json;

    #[test]
    fn a_role_for_everybody_is_found_and_one_for_the_organization_or_an_account_is_not() {
        let dump = Dump::default()
            .trusting("open", &trust(json!({"AWS": "*"}), json!({})))
            .trusting("secret", &trust(json!("*"), json!({"StringEquals": {"sts:ExternalId": "x"}})))
            .trusting("ours", &trust(json!("*"), json!({"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}})))
            .trusting("one", &trust(json!({"AWS": "444455556666"}), json!({})));
        let found = failing(CONTROL.id, &dump);
        assert_eq!(names(&found), ["open", "secret"]);
        assert_eq!((found[0].confidence, found[1].confidence), (Confidence::High, Confidence::Low));
    }
}
