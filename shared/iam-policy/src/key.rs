//! Condition keys. Their names are compared without case (IAM User Guide, "Condition").

use std::fmt;

/// A key's name as the policy writes it, and as it is looked up.
#[derive(Clone)]
pub(crate) struct Key {
    shown: Box<str>,
    lower: Box<str>,
    derived: Option<Derived>,
}

/// Keys whose value follows from who asks and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derived {
    CallerAccount,
    PrincipalAccount,
    PrincipalArn,
    PrincipalIsAwsService,
    PrincipalServiceName,
    PrincipalTag,
    PrincipalType,
    ResourceAccount,
    UserId,
    UserName,
}

const TAG: &str = "aws:principaltag/";
const DERIVED: [(&str, Derived); 10] = [
    ("aws:principalaccount", Derived::PrincipalAccount),
    ("aws:principalarn", Derived::PrincipalArn),
    ("aws:principalisawsservice", Derived::PrincipalIsAwsService),
    ("aws:principalservicename", Derived::PrincipalServiceName),
    ("aws:principaltype", Derived::PrincipalType),
    ("aws:resourceaccount", Derived::ResourceAccount),
    ("aws:userid", Derived::UserId),
    ("aws:username", Derived::UserName),
    ("kms:calleraccount", Derived::CallerAccount),
    ("s3:resourceaccount", Derived::ResourceAccount),
];

impl Key {
    pub(crate) fn new(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let named = DERIVED.iter().find(|(known, _)| *known == lower).map(|(_, derived)| *derived);
        let derived = named.or_else(|| lower.starts_with(TAG).then_some(Derived::PrincipalTag));
        Self { shown: name.into(), lower: lower.into(), derived }
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    pub(crate) fn lower(&self) -> &str {
        &self.lower
    }

    pub(crate) fn derived(&self) -> Option<Derived> {
        self.derived
    }

    /// The tag's own name, in lower case: tag keys are compared without case, too.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.lower.strip_prefix(TAG)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.lower == other.lower
    }
}

impl Eq for Key {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_equal_without_case() {
        assert_eq!(Key::new("AWS:userName"), Key::new("aws:username"));
        assert_eq!(Key::new("aws:USERNAME").derived(), Some(Derived::UserName));
        assert_eq!(Key::new("aws:PrincipalTag/Team").tag(), Some("team"));
    }

    #[test]
    fn a_look_alike_of_another_script_is_another_key() {
        assert_ne!(Key::new("aws:usernаme"), Key::new("aws:username"));
    }
}
