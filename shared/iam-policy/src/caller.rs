//! Who asks.

use crate::arn::{Arn, is_account_id};
use crate::error::{PolicyError, quoted};
use std::collections::BTreeMap;

/// What kind of principal makes the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallerKind {
    User,
    /// A role, whatever its session is called.
    Role,
    /// One session of a role, by its name.
    RoleSession,
    /// Of GetFederationToken.
    FederatedUser,
    /// The account's root user.
    Root,
    /// `lambda.amazonaws.com`
    Service,
    /// An identity provider, for AssumeRoleWithWebIdentity and AssumeRoleWithSAML.
    Federated,
    Anonymous,
}

/// A principal that makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub(crate) kind: CallerKind,
    /// As it was given: an ARN, a service's or a provider's name, `*`.
    pub(crate) id: Box<str>,
    /// What `aws:PrincipalArn` holds: of a session, its role's.
    pub(crate) arn: Box<str>,
    pub(crate) account: Option<Box<str>>,
    pub(crate) name: Box<str>,
    user_id: Option<Box<str>>,
    tags: Option<BTreeMap<Box<str>, Box<str>>>,
    pub(crate) service_linked: bool,
}

impl Caller {
    /// Reads an ARN of a user, role, session, federated user, account root or identity provider; an account id (its root
    /// user); a service's name; a web identity provider's name; or `*` for an anonymous request.
    ///
    /// A session's ARN doesn't hold its role's path: without [`Caller::with_role`] `aws:PrincipalArn` has none.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        if text == "*" {
            return Ok(Self::named(CallerKind::Anonymous, text));
        }
        if is_account_id(text) {
            return Self::parse(&format!("arn:aws:iam::{text}:root"));
        }
        let Some(arn) = Arn::split(text) else { return Self::without_arn(text) };
        let refused = || {
            let forms = "expected the ARN of an IAM user, role, role session, federated user or account root";
            PolicyError::new("principal", format!("{}: {forms}", quoted(text)))
        };
        if !is_account_id(arn.account) {
            return Err(refused());
        }
        let (kind, path) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        let last = path.rsplit('/').next().unwrap_or_default();
        let mut caller = match (arn.service, kind) {
            ("iam", "root") if path.is_empty() => Self::named(CallerKind::Root, text),
            ("iam", "user") if !last.is_empty() => Self::named(CallerKind::User, text),
            ("iam", "role") if !last.is_empty() => Self::named(CallerKind::Role, text),
            ("iam", "oidc-provider" | "saml-provider") if !path.is_empty() => Self::named(CallerKind::Federated, text),
            ("sts", "federated-user") if !path.is_empty() => Self::named(CallerKind::FederatedUser, text),
            ("sts", "assumed-role") => {
                let (role, session) = path.split_once('/').ok_or_else(refused)?;
                if role.is_empty() || session.is_empty() {
                    return Err(refused());
                }
                let role_arn = format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account);
                let named = Self::named(CallerKind::RoleSession, text);
                Self { arn: role_arn.into(), name: role.into(), ..named }
            }
            _ => return Err(refused()),
        };
        if caller.kind != CallerKind::RoleSession {
            caller.name = last.into();
        }
        // A provider's account does not make its requests: before the role is assumed nobody of it asks.
        caller.account = (caller.kind != CallerKind::Federated).then(|| arn.account.into());
        caller.service_linked = caller.kind == CallerKind::Role && path.starts_with("aws-service-role/");
        Ok(caller)
    }

    fn without_arn(text: &str) -> Result<Self, PolicyError> {
        if text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn") || text.ends_with(".amazon.com") {
            let provider = text == "cognito-identity.amazonaws.com" || text == "www.amazon.com";
            return Ok(Self::named(if provider { CallerKind::Federated } else { CallerKind::Service }, text));
        }
        if text.contains('.') && !text.contains([':', ' ', '*']) {
            return Ok(Self::named(CallerKind::Federated, text));
        }
        let forms = "expected an ARN, a 12-digit account id, a service such as lambda.amazonaws.com, or *";
        Err(PolicyError::new("principal", format!("{}: {forms}", quoted(text))))
    }

    fn named(kind: CallerKind, text: &str) -> Self {
        Self {
            kind,
            id: text.into(),
            arn: text.into(),
            account: None,
            name: text.into(),
            user_id: None,
            tags: None,
            service_linked: false,
        }
    }

    pub fn kind(&self) -> CallerKind {
        self.kind
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The session's role with its path.
    #[must_use]
    pub fn with_role(mut self, role_arn: &str) -> Self {
        if self.kind == CallerKind::RoleSession {
            self.service_linked = role_arn.contains(":role/aws-service-role/");
            self.arn = role_arn.into();
        }
        self
    }

    /// `aws:userid`: a user's unique id, or `ROLE_ID:SESSION`.
    #[must_use]
    pub fn with_user_id(mut self, user_id: &str) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// All of the principal's tags. Those of a role are not all that its session may have.
    #[must_use]
    pub fn with_tags<'a>(mut self, tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let lower = tags.into_iter().map(|(key, value)| (key.to_ascii_lowercase().into(), value.into()));
        self.tags = Some(lower.collect());
        self
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        match self.kind {
            CallerKind::Root => self.account(),
            _ => self.user_id.as_deref(),
        }
    }

    pub(crate) fn tag(&self, lower: &str) -> Option<&str> {
        self.tags.as_ref()?.get(lower).map(|value| &**value)
    }

    /// Whether a tag that isn't among those given is known to be absent. A session may have tags of its own.
    pub(crate) fn has_no_other_tags(&self) -> bool {
        match self.kind {
            CallerKind::User => self.tags.is_some(),
            CallerKind::Root | CallerKind::Service | CallerKind::Anonymous => true,
            CallerKind::Role | CallerKind::RoleSession | CallerKind::FederatedUser | CallerKind::Federated => false,
        }
    }

    /// Whether IAM of an account answers for it, and so do that account's service control policies.
    pub(crate) fn is_of_account(&self) -> bool {
        self.account.is_some()
    }

    pub(crate) fn is_role(&self) -> bool {
        matches!(self.kind, CallerKind::Role | CallerKind::RoleSession)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(text: &str) -> Caller {
        Caller::parse(text).unwrap()
    }

    #[test]
    fn every_form_of_principal_is_told_apart() {
        for (text, kind) in [
            ("arn:aws:iam::123456789012:user/team/ann", CallerKind::User),
            ("arn:aws:iam::123456789012:role/app", CallerKind::Role),
            ("arn:aws:sts::123456789012:assumed-role/app/i-1", CallerKind::RoleSession),
            ("arn:aws:sts::123456789012:federated-user/bob", CallerKind::FederatedUser),
            ("arn:aws-cn:iam::123456789012:root", CallerKind::Root),
            ("123456789012", CallerKind::Root),
            ("lambda.amazonaws.com", CallerKind::Service),
            ("accounts.google.com", CallerKind::Federated),
            ("cognito-identity.amazonaws.com", CallerKind::Federated),
            ("arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", CallerKind::Federated),
            ("*", CallerKind::Anonymous),
        ] {
            assert_eq!(caller(text).kind(), kind, "{text}");
        }
    }

    #[test]
    fn a_session_is_of_its_role_and_keeps_its_own_arn() {
        let session = caller("arn:aws:sts::123456789012:assumed-role/app/i-1");
        assert_eq!((&*session.arn, &*session.name), ("arn:aws:iam::123456789012:role/app", "app"));
        assert_eq!(
            &*session.with_role("arn:aws:iam::123456789012:role/x/app").arn,
            "arn:aws:iam::123456789012:role/x/app"
        );
    }

    #[test]
    fn a_service_linked_role_is_known_by_its_path() {
        assert!(
            caller("arn:aws:iam::123456789012:role/aws-service-role/a.amazonaws.com/AWSServiceRoleForA").service_linked
        );
        assert!(!caller("arn:aws:iam::123456789012:role/AWSServiceRoleForA").service_linked);
    }

    #[test]
    fn what_is_no_principal_is_refused_with_what_would_be() {
        for bad in [
            "",
            "ann",
            "arn:aws:iam::1:user/a",
            "arn:aws:iam::123456789012:user/",
            "arn:aws:iam::123456789012:group/g",
            "arn:aws:sts::123456789012:assumed-role/app",
            "arn:aws:s3:::bucket",
            "user:ann",
        ] {
            assert!(Caller::parse(bad).is_err_and(|error| error.to_string().contains("expected")), "{bad}");
        }
    }
}
