//! Roles for web identities that don't say whose.

use super::{Control, Look, trusts};
use crate::account::Account;
use crate::escalation::Graph;
use crate::finding::{Finding, Severity};
use iam_policy::{Named, Statement};

pub(super) const CONTROL: Control = Control {
    id: "iam-trust-oidc-subject",
    title: "Roles for any subject of a web identity provider",
    severity: Severity::High,
    look: Look::Principals(look),
};

/// Cognito's subjects are made by the pool; the pool is its audience.
const BY_AUDIENCE: &str = "cognito-identity.amazonaws.com";

fn look(account: &Account<'_>, _: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (arn, statement) in trusts(account) {
        let providers = statement.principals().iter().filter_map(provider);
        for provider in providers.filter(|provider| !names_subject(statement, provider)) {
            let what = if provider == BY_AUDIENCE { "identity pool" } else { "subject" };
            let message = format!("whoever {provider} lets sign in may assume it: no condition names the {what}");
            let claim = if provider == BY_AUDIENCE { "aud" } else { "sub" };
            let fix = format!("add a condition on {provider}:{claim}; of a wildcard, its start must be yours alone");
            findings.push(Finding::fail(CONTROL.id, CONTROL.severity, message, &fix).on(arn));
        }
    }
    findings
}

/// The provider as its claims' keys begin. SAML providers are not among them: their assertions name the roles.
fn provider(named: &Named) -> Option<&str> {
    let Named::Federated(provider) = named else { return None };
    match provider.split_once(":oidc-provider/") {
        Some((_, host)) => Some(host),
        None if provider.starts_with("arn:") => None,
        None => Some(provider),
    }
}

fn names_subject(statement: &Statement, provider: &str) -> bool {
    let claim = if provider == BY_AUDIENCE { "aud" } else { "sub" };
    let key_of = format!("{provider}:{claim}");
    statement.conditions().any(|(operator, key, values)| {
        let operator = operator.to_ascii_lowercase();
        let is_positive = !operator.contains("not") && !operator.contains("ifexists") && operator != "null";
        key.eq_ignore_ascii_case(&key_of) && is_positive && !values.iter().any(|value| is_anyones(value))
    })
}

/// `*`, or a wildcard before anything that tells one subject from another: of GitHub's `repo:OWNER/…` the owner does.
fn is_anyones(value: &str) -> bool {
    let start = value.split(['*', '?']).next().unwrap_or_default();
    start.len() < value.len() && matches!(start.trim_end_matches(':'), "" | "repo" | "project_path" | "organization")
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, names, trust_web};
    use serde_json::json;

    #[test]
    fn a_web_identity_needs_a_subject_that_is_somebodys() {
        let host = "token.actions.githubusercontent.com";
        let provider = format!("arn:aws:iam::111122223333:oidc-provider/{host}");
        let sub = |operator: &str, value: &str| json!({operator: {format!("{host}:sub"): value}});
        let with = |condition| trust_web(&provider, condition);
        let dump = Dump::default()
            .trusting("audience-only", &with(json!({"StringEquals": {format!("{host}:aud"): "sts.amazonaws.com"}})))
            .trusting("everybody", &with(sub("StringLike", "repo:*")))
            .trusting("if-exists", &with(sub("StringLikeIfExists", "repo:mine/app:*")))
            .trusting("pool", &trust_web("cognito-identity.amazonaws.com", json!({})))
            .trusting("mine", &with(sub("StringLike", "repo:mine/app:*")))
            .trusting("saml", &trust_web("arn:aws:iam::111122223333:saml-provider/x", json!({})));
        assert_eq!(names(&failing(CONTROL.id, &dump)), ["audience-only", "everybody", "if-exists", "pool"]);
    }
}
