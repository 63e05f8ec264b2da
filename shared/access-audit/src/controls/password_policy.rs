//! A weak password policy (FSBP IAM.7; CIS 1.7 and 1.8).

use super::{Control, Look};
use crate::credentials::PasswordPolicy;
use crate::finding::{Finding, Severity};

pub(super) const CONTROL: Control = Control {
    id: "iam-password-policy",
    title: "A weak password policy",
    severity: Severity::Medium,
    look: Look::PasswordPolicy(look),
};

const LENGTH: u64 = 14;
const REMEMBERED: u64 = 24;
const CLASSES: [(&str, &str); 4] = [
    ("RequireUppercaseCharacters", "upper-case letters"),
    ("RequireLowercaseCharacters", "lower-case letters"),
    ("RequireNumbers", "digits"),
    ("RequireSymbols", "symbols"),
];

fn look(policy: &PasswordPolicy) -> Vec<Finding> {
    let mut weak = Vec::new();
    let length = policy.number("MinimumPasswordLength");
    if length < LENGTH {
        weak.push(format!("takes {length} characters, fewer than {LENGTH}"));
    }
    let remembered = policy.number("PasswordReusePrevention");
    if remembered < REMEMBERED {
        weak.push(format!("remembers {remembered} passwords, fewer than {REMEMBERED}"));
    }
    weak.extend(CLASSES.iter().filter(|(name, _)| !policy.is(name)).map(|(_, what)| format!("asks for no {what}")));
    if weak.is_empty() {
        return Vec::new();
    }
    let message = format!("the password policy {}", weak.join("; "));
    let fix = "set it with aws iam update-account-password-policy, or have no passwords in IAM";
    vec![Finding::fail(CONTROL.id, CONTROL.severity, message, fix)]
}

#[cfg(test)]
mod tests {
    use super::CONTROL;
    use crate::controls::fixture::{Dump, failing, passes};
    use serde_json::json;

    #[test]
    fn each_thing_that_a_policy_does_not_ask_for_is_named() {
        let strong = json!({"MinimumPasswordLength": 14, "PasswordReusePrevention": 24, "RequireNumbers": true,
            "RequireSymbols": true, "RequireUppercaseCharacters": true, "RequireLowercaseCharacters": true});
        assert!(passes(CONTROL.id, &Dump::default().password_policy(&strong)));
        let mut weak = strong;
        weak["MinimumPasswordLength"] = json!(8);
        weak["RequireSymbols"] = json!(false);
        let found = failing(CONTROL.id, &Dump::default().password_policy(&weak));
        assert!(
            found.len() == 1 && found[0].message.contains("8 characters") && found[0].message.contains("no symbols")
        );
    }
}
