//! Cordon's own roles: what an audit is expected to find on them, and why that is as it should be. Anything else comes first.

use crate::finding::{Finding, Status, Suppressed};
use iam_policy::{Arn, PolicyError};
use serde::Deserialize;

/// One kind of finding that is as it should be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Justified {
    pub control: String,
    /// The role's name in the template, such as `ContainInstanceRole`; `*` for each.
    pub role: String,
    pub why: String,
}

/// The printed list. Whoever changes it changes the code.
///
/// # Errors
/// The list that is built in can't be read; a test sees to it that it can.
pub fn justified() -> Result<Vec<Justified>, PolicyError> {
    serde_json::from_slice(include_bytes!("../data/own-roles.json"))
        .map_err(|error| PolicyError::new("own-roles.json", error.to_string()))
}

/// Whether an ARN is that of a role of this deployment, and the role's name in the template.
pub(crate) fn role_of<'a>(stack: &str, arn: &'a str) -> Option<&'a str> {
    let parts = Arn::split(arn).filter(|parts| parts.service == "iam")?;
    let name = parts.resource.strip_prefix("role/cordon/")?.strip_prefix(stack)?.strip_prefix('-')?;
    name.rsplit_once('-').map(|(logical, _)| logical)
}

/// Marks what is about a role of Cordon's, and accepts what is on the list.
pub(crate) fn mark(stack: &str, findings: &mut [Finding], justified: &[Justified]) {
    for finding in findings.iter_mut().filter(|finding| finding.status == Status::Fail) {
        let names = finding.principal.iter().chain(&finding.resource);
        let Some(role) = names.into_iter().find_map(|name| role_of(stack, name)) else { continue };
        let reason = justified
            .iter()
            .find(|one| one.control == finding.control && (one.role == "*" || one.role == role))
            .map(|one| one.why.clone());
        finding.own = true;
        if let Some(reason) = reason {
            finding.suppressed = Some(Suppressed { reason, expires: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{justified, mark, role_of};
    use crate::controls::CONTROLS;
    use crate::finding::{Finding, Severity};

    const ROLE: &str = "arn:aws:iam::123456789012:role/cordon/prod-ContainInstanceRole-1A2B";

    #[test]
    fn the_list_names_controls_that_there_are_and_says_why_for_each() {
        for one in justified().unwrap() {
            assert!(CONTROLS.iter().any(|control| control.id == one.control), "{}", one.control);
            assert!(one.why.len() > 40, "{}", one.why);
        }
    }

    #[test]
    fn a_role_of_the_deployment_is_told_from_any_other() {
        assert_eq!(role_of("prod", ROLE), Some("ContainInstanceRole"));
        for (stack, arn) in [
            ("prod2", ROLE),
            ("prod", "arn:aws:iam::123456789012:role/prod-ContainInstanceRole-1A2B"),
            ("prod", "arn:aws:iam::123456789012:role/cordon/prodigal-1A2B"),
            ("prod", "arn:aws:iam::123456789012:user/cordon/prod-ContainInstanceRole-1A2B"),
        ] {
            assert_eq!(role_of(stack, arn), None, "{stack} {arn}");
        }
    }

    #[test]
    fn only_what_is_on_the_list_is_accepted() {
        let of = |control| Finding::fail(control, Severity::Critical, "x".to_owned(), "").of(ROLE);
        let mut findings = vec![of("iam-inline-policy"), of("iam-administrator")];
        mark("prod", &mut findings, &justified().unwrap());
        assert!(findings.iter().all(|one| one.own));
        assert!(findings[0].suppressed.is_some() && findings[1].suppressed.is_none());
    }
}
