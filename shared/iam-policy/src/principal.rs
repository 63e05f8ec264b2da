//! The Principal and NotPrincipal elements.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".

use crate::arn::{Arn, is_account_id};
use crate::caller::{Caller, CallerKind};
use crate::error::{PolicyError, Warning, quoted};
use crate::field::Field;
use crate::truth::Truth;

/// Whom a statement of a resource's policy is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principals {
    /// NotPrincipal.
    pub(crate) negated: bool,
    pub(crate) named: Box<[Named]>,
}

/// One principal that a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    Everyone,
    /// By its id: all of the account, as far as its own IAM policies let them.
    Account(Box<str>),
    /// A user, role, session, federated user, or a removed principal's unique id: compared as written.
    Arn {
        arn: Box<str>,
        account: Box<str>,
        role: Option<Box<str>>,
        session_of: Option<Box<str>>,
    },
    UniqueId(Box<str>),
    Service(Box<str>),
    Federated(Box<str>),
    /// An account, or a CloudFront identity, under a name that only S3 can resolve.
    CanonicalUser(Box<str>),
}

/// How a statement names the caller, which decides what its Allow is limited by. From the weakest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Naming {
    /// Through its account: the account's IAM policies must allow, too.
    Account,
    /// Its role: a boundary and session policies limit it.
    Role,
    /// Itself, or everyone: nothing but an explicit deny limits it within the account.
    Itself,
}

impl Principals {
    pub(crate) fn parse(field: &Field<'_>, negated: bool, warnings: &mut Vec<Warning>) -> Result<Self, PolicyError> {
        if let Some(text) = field.value.as_str() {
            if text != "*" {
                warnings.push(field.warning("a principal stands in an object: {\"AWS\": …}; read as that"));
            }
            return Ok(Self { negated, named: Box::new([aws(text, field)?]) });
        }
        let mut named = Vec::new();
        for (kind, field) in field.entries()? {
            for text in field.texts()? {
                named.push(match kind {
                    "AWS" => aws(text, &field)?,
                    "Service" => Named::Service(text.into()),
                    "Federated" => Named::Federated(text.into()),
                    "CanonicalUser" => {
                        warnings
                            .push(field.warning("whom a canonical user id means is not known here; never an allow"));
                        Named::CanonicalUser(text.into())
                    }
                    _ => return Err(field.error("unknown; write AWS, Service, Federated or CanonicalUser")),
                });
            }
        }
        if named.is_empty() {
            return Err(field.error("names nobody; write a principal, or \"*\" for everyone"));
        }
        Ok(Self { negated, named: named.into() })
    }

    /// Whether it is everyone and nothing else.
    pub(crate) fn is_everyone(&self) -> bool {
        !self.negated && self.named.iter().all(|named| *named == Named::Everyone)
    }

    /// Whether the caller is meant, by the strongest of the names that do. `bounded`: it has a permissions boundary.
    ///
    /// AWS never exempts a principal with a boundary from a Deny with NotPrincipal, whatever that names (IAM User Guide,
    /// "Permissions boundaries for IAM entities").
    pub(crate) fn name(&self, caller: &Caller, bounded: bool) -> Option<(Naming, Truth)> {
        if self.negated {
            let listed = Truth::any(self.named.iter().filter_map(|one| one.name(caller)).map(|(_, truth)| truth));
            let meant = if bounded { Truth::Yes } else { listed.negated(true) };
            return (meant != Truth::No).then_some((Naming::Itself, meant));
        }
        let certain = |truth: Truth| truth == Truth::Yes;
        self.named.iter().filter_map(|one| one.name(caller)).max_by_key(|(naming, truth)| (certain(*truth), *naming))
    }
}

impl Named {
    fn name(&self, caller: &Caller) -> Option<(Naming, Truth)> {
        let is = |naming, is: bool| is.then_some((naming, Truth::Yes));
        match self {
            Self::Everyone => is(Naming::Itself, true),
            Self::Account(account) => {
                let itself = if caller.kind == CallerKind::Root { Naming::Itself } else { Naming::Account };
                is(itself, caller.account() == Some(account))
            }
            Self::UniqueId(id) => is(Naming::Itself, caller.user_id().is_some_and(|own| own == &**id)),
            Self::Service(name) => is(Naming::Itself, caller.kind == CallerKind::Service && is_or_any(name, caller)),
            Self::Federated(name) => {
                is(Naming::Itself, caller.kind == CallerKind::Federated && is_or_any(name, caller))
            }
            Self::CanonicalUser(_) => caller.is_of_account().then_some((Naming::Account, Truth::Unknown)),
            Self::Arn { arn, account, role, session_of } => {
                if caller.id == *arn {
                    return is(if caller.kind == CallerKind::Role { Naming::Role } else { Naming::Itself }, true);
                }
                if !caller.is_role() || caller.account() != Some(account) {
                    return None;
                }
                // A role's name is unique in its account, and a session's ARN has no path: the names decide.
                match (role, session_of) {
                    (Some(role), _) => is(Naming::Role, caller.kind == CallerKind::RoleSession && caller.name == *role),
                    (_, Some(role)) if caller.kind == CallerKind::Role && caller.name == *role => {
                        Some((Naming::Itself, Truth::Unknown))
                    }
                    _ => None,
                }
            }
        }
    }
}

/// `{"Service": "*"}` is every service.
fn is_or_any(name: &str, caller: &Caller) -> bool {
    name == "*" || name == &*caller.id
}

fn aws(text: &str, field: &Field<'_>) -> Result<Named, PolicyError> {
    if text == "*" {
        return Ok(Named::Everyone);
    }
    if is_account_id(text) {
        return Ok(Named::Account(text.into()));
    }
    if text.contains(['*', '?']) {
        let advice = "a principal takes no wildcards but \"*\" alone; name it, or use a condition on aws:PrincipalArn";
        return Err(field.error(&format!("{}: {advice}", quoted(text))));
    }
    let Some(arn) = Arn::split(text) else {
        let unique = text.len() >= 16 && text.starts_with('A') && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        return match unique {
            true => Ok(Named::UniqueId(text.into())),
            false => Err(field.error(&format!("{}: expected an ARN, a 12-digit account id or \"*\"", quoted(text)))),
        };
    };
    if arn.service == "iam" && arn.resource == "root" && is_account_id(arn.account) {
        return Ok(Named::Account(arn.account.into()));
    }
    let last = |path: &str| path.rsplit('/').next().map(Into::into);
    let role = arn.resource.strip_prefix("role/").filter(|_| arn.service == "iam").and_then(last);
    let session = arn.resource.strip_prefix("assumed-role/").filter(|_| arn.service == "sts");
    let session_of = session.and_then(|session| session.split('/').next()).map(Into::into);
    Ok(Named::Arn { arn: text.into(), account: arn.account.into(), role, session_of })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn principals(value: &Value, negated: bool) -> Result<Principals, PolicyError> {
        Principals::parse(&Field::root("Principal", value), negated, &mut Vec::new())
    }

    fn named(value: Value, caller: &str) -> Option<(Naming, Truth)> {
        principals(&value, false).unwrap().name(&Caller::parse(caller).unwrap(), false)
    }

    const USER: &str = "arn:aws:iam::123456789012:user/ann";
    const ROLE: &str = "arn:aws:iam::123456789012:role/x/app";
    const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/app/i-1";

    #[test]
    fn an_account_is_named_by_its_id_or_its_root_and_names_all_in_it() {
        for value in [json!({"AWS": "123456789012"}), json!({"AWS": ["arn:aws:iam::123456789012:root"]})] {
            for caller in [USER, ROLE, SESSION] {
                assert_eq!(named(value.clone(), caller), Some((Naming::Account, Truth::Yes)));
            }
            assert_eq!(named(value, "arn:aws:iam::210987654321:user/ann"), None);
        }
    }

    #[test]
    fn a_role_names_its_sessions_as_their_role() {
        let value = json!({"AWS": ROLE});
        assert_eq!(named(value.clone(), SESSION), Some((Naming::Role, Truth::Yes)));
        assert_eq!(named(value, ROLE), Some((Naming::Role, Truth::Yes)));
        assert_eq!(named(json!({"AWS": SESSION}), SESSION), Some((Naming::Itself, Truth::Yes)));
    }

    #[test]
    fn whether_a_role_is_a_named_session_is_unknown() {
        assert_eq!(named(json!({"AWS": SESSION}), ROLE), Some((Naming::Itself, Truth::Unknown)));
    }

    #[test]
    fn a_service_is_not_a_federated_principal_of_the_same_name() {
        let service = json!({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]});
        assert_eq!(named(service, "ec2.amazonaws.com"), Some((Naming::Itself, Truth::Yes)));
        assert_eq!(named(json!({"Federated": "ec2.amazonaws.com"}), "ec2.amazonaws.com"), None);
        assert!(named(json!({"Service": "*"}), "ec2.amazonaws.com").is_some());
        assert_eq!(named(json!({"Service": "*"}), USER), None);
    }

    #[test]
    fn the_strongest_naming_counts() {
        let value = json!({"AWS": ["123456789012", USER]});
        assert_eq!(named(value, USER), Some((Naming::Itself, Truth::Yes)));
    }

    #[test]
    fn a_bounded_principal_is_never_exempt_from_not_principal() {
        let exempt = principals(&json!({"AWS": [USER, "123456789012"]}), true).unwrap();
        let ann = Caller::parse(USER).unwrap();
        assert_eq!(exempt.name(&ann, false), None);
        assert_eq!(exempt.name(&ann, true), Some((Naming::Itself, Truth::Yes)));
        assert!(exempt.name(&Caller::parse("arn:aws:iam::210987654321:user/b").unwrap(), false).is_some());
    }

    #[test]
    fn what_aws_does_not_take_as_a_principal_is_an_error() {
        for value in [
            json!({"AWS": "arn:aws:iam::123456789012:user/*"}),
            json!({"aws": "*"}),
            json!({}),
            json!(7),
            json!({"AWS": []}),
            json!({"AWS": "ann"}),
            json!({"AWS": [null]}),
        ] {
            assert!(principals(&value, false).is_err(), "{value}");
        }
    }
}
