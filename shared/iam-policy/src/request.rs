//! A request: who does what to which resource, and what else is known.

use crate::arn::{Arn, is_account_id};
use crate::caller::{Caller, CallerKind};
use crate::context::Context;
use crate::error::{PolicyError, quoted};
use crate::key::{Derived, Key};
use crate::pattern::Resolved;
use crate::template::Variable;

/// The longest resource that is read. AWS's longest ARNs, of objects, have some 1,100 bytes.
const MAX_RESOURCE_BYTES: usize = 8 * 1024;

/// `service:Action`, as a request has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    shown: Box<str>,
    lower: Box<str>,
    colon: usize,
}

impl Action {
    /// # Errors
    /// Where it is not a service and a name with one colon between them, or has wildcards.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let refused = || {
            let form = "expected SERVICE:ACTION without wildcards, such as s3:GetObject";
            PolicyError::new("action", format!("{}: {form}", quoted(text)))
        };
        let (service, name) = text.split_once(':').ok_or_else(refused)?;
        let is_name = |part: &str| !part.is_empty() && !part.contains([':', '*', '?', ' ']);
        if !is_name(service) || !is_name(name) {
            return Err(refused());
        }
        Ok(Self { shown: text.into(), lower: text.to_ascii_lowercase().into(), colon: service.len() })
    }

    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// In lower case.
    pub fn service(&self) -> &str {
        self.lower.get(..self.colon).unwrap_or_default()
    }

    /// In lower case.
    pub fn name(&self) -> &str {
        self.lower.get(self.colon + 1..).unwrap_or_default()
    }

    /// `service:action` in lower case.
    pub fn lower(&self) -> &str {
        &self.lower
    }
}

/// The resource of a request, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    arn: Box<str>,
    account: Option<Box<str>>,
}

impl Resource {
    /// An ARN, or `*` for an action that has no resource. Its account is what the ARN says; where that says none,
    /// as for S3, `account`. Where neither does, the resource counts as one of the caller's account.
    ///
    /// # Errors
    /// Where it is neither, too long for AWS, or `account` is no account id or not the ARN's.
    pub fn parse(text: &str, account: Option<&str>) -> Result<Self, PolicyError> {
        let arn = Arn::split(text);
        if text.len() > MAX_RESOURCE_BYTES || (text != "*" && arn.is_none()) {
            return Err(PolicyError::new(
                "resource",
                format!("{}: expected an ARN of at most {MAX_RESOURCE_BYTES} bytes, or *", quoted(text)),
            ));
        }
        if let Some(account) = account.filter(|account| !is_account_id(account)) {
            let problem = format!("{}: expected the 12 digits of an account id", quoted(account));
            return Err(PolicyError::new("resource_account", problem));
        }
        let own = arn.map(|arn| arn.account).filter(|account| is_account_id(account));
        if let (Some(own), Some(account)) = (own, account)
            && own != account
        {
            let problem = format!("{account} is not the account of the resource, which its ARN says is {own}");
            return Err(PolicyError::new("resource_account", problem));
        }
        Ok(Self { arn: text.into(), account: own.or(account).map(Into::into) })
    }

    pub fn arn(&self) -> &str {
        &self.arn
    }

    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The ARN's last part, where the ARN is of this service: `key/…` of `arn:aws:kms:…:key/…`.
    pub(crate) fn of_service(&self, service: &str) -> Option<&str> {
        Arn::split(&self.arn).filter(|arn| arn.service == service).map(|arn| arn.resource)
    }
}

/// What is asked of the policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub caller: Caller,
    pub action: Action,
    pub resource: Resource,
    pub context: Context,
    /// The caller is of the organization's management account, which service control policies don't limit.
    pub of_management_account: bool,
}

/// A condition key in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookup<'a> {
    One(&'a str),
    Many(&'a [Box<str>]),
    Absent,
    Unknown,
}

impl Request {
    pub fn new(caller: Caller, action: Action, resource: Resource, context: Context) -> Self {
        Self { caller, action, resource, context, of_management_account: false }
    }

    /// Whether caller and resource are of one account. What has no account of its own is the caller's.
    pub(crate) fn is_same_account(&self) -> bool {
        match (self.caller.account(), self.resource.account()) {
            (Some(caller), Some(resource)) => caller == resource,
            (caller, _) => caller.is_some(),
        }
    }

    pub(crate) fn lookup(&self, key: &Key) -> Lookup<'_> {
        if let Some(values) = self.context.get(key.lower()) {
            return match values {
                [] => Lookup::Absent,
                [one] => Lookup::One(one),
                many => Lookup::Many(many),
            };
        }
        let derived = key.derived().map_or(Lookup::Unknown, |derived| self.derive(derived, key));
        match derived {
            Lookup::Unknown if self.context.is_closed() => Lookup::Absent,
            known => known,
        }
    }

    /// Source: IAM User Guide, "AWS global condition context keys", and "Where principal key values" for who has which.
    fn derive(&self, derived: Derived, key: &Key) -> Lookup<'_> {
        let caller = &self.caller;
        let is_iam = caller.is_of_account();
        match derived {
            Derived::PrincipalArn => {
                if is_iam {
                    Lookup::One(&caller.arn)
                } else {
                    Lookup::Absent
                }
            }
            Derived::PrincipalAccount | Derived::CallerAccount => caller.account().map_or(Lookup::Absent, Lookup::One),
            Derived::PrincipalType => match caller.kind {
                CallerKind::User => Lookup::One("User"),
                CallerKind::Role | CallerKind::RoleSession => Lookup::One("AssumedRole"),
                CallerKind::FederatedUser => Lookup::One("FederatedUser"),
                CallerKind::Root => Lookup::One("Account"),
                CallerKind::Anonymous => Lookup::One("Anonymous"),
                CallerKind::Service | CallerKind::Federated => Lookup::Unknown,
            },
            Derived::PrincipalIsAwsService => {
                Lookup::One(if caller.kind == CallerKind::Service { "true" } else { "false" })
            }
            Derived::PrincipalServiceName => {
                if caller.kind == CallerKind::Service {
                    Lookup::One(&caller.id)
                } else {
                    Lookup::Absent
                }
            }
            Derived::UserName => {
                if caller.kind == CallerKind::User {
                    Lookup::One(&caller.name)
                } else {
                    Lookup::Absent
                }
            }
            Derived::UserId => caller.user_id().map_or(Lookup::Unknown, Lookup::One),
            Derived::ResourceAccount => self.resource.account.as_deref().map_or(Lookup::Unknown, Lookup::One),
            Derived::PrincipalTag => match key.tag().and_then(|tag| caller.tag(tag)) {
                Some(value) => Lookup::One(value),
                None if caller.has_no_other_tags() => Lookup::Absent,
                None => Lookup::Unknown,
            },
        }
    }

    /// A variable takes a key with one value (IAM User Guide, "Variables and tags").
    pub(crate) fn resolve<'a>(&'a self, variable: &'a Variable) -> Resolved<'a> {
        match self.lookup(&variable.key) {
            Lookup::One(value) => Resolved::Value(value),
            Lookup::Unknown => Resolved::Unknown,
            Lookup::Many(_) | Lookup::Absent => variable.default.as_deref().map_or(Resolved::Absent, Resolved::Value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(caller: &str, context: Context) -> Request {
        let resource = Resource::parse("arn:aws:s3:::b", None).unwrap();
        Request::new(Caller::parse(caller).unwrap(), Action::parse("s3:GetObject").unwrap(), resource, context)
    }

    const ANN: &str = "arn:aws:iam::123456789012:user/x/ann";

    #[test]
    fn what_follows_from_the_request_is_known_in_an_open_world() {
        let request = request(ANN, Context::open());
        let lookup = |key| request.lookup(&Key::new(key));
        assert_eq!(lookup("aws:username"), Lookup::One("ann"));
        assert_eq!(lookup("aws:PrincipalArn"), Lookup::One(ANN));
        assert_eq!(lookup("aws:PrincipalType"), Lookup::One("User"));
        assert_eq!(lookup("kms:CallerAccount"), Lookup::One("123456789012"));
        assert_eq!(lookup("aws:PrincipalServiceName"), Lookup::Absent);
        assert_eq!(lookup("aws:userid"), Lookup::Unknown);
        assert_eq!(lookup("aws:SourceIp"), Lookup::Unknown);
    }

    #[test]
    fn in_a_closed_world_nothing_is_unknown_and_what_is_given_counts_first() {
        let request = request(ANN, Context::closed().with("aws:username", ["bob"]));
        let lookup = |key| request.lookup(&Key::new(key));
        assert_eq!((lookup("aws:username"), lookup("aws:userid")), (Lookup::One("bob"), Lookup::Absent));
    }

    #[test]
    fn tags_that_a_session_may_have_are_unknown_and_those_that_a_user_lacks_absent() {
        let mut request = request(ANN, Context::open());
        request.caller = request.caller.with_tags([("Team", "red")]);
        let lookup = |request: &Request, key| request.lookup(&Key::new(key)) == Lookup::Unknown;
        assert_eq!(request.lookup(&Key::new("aws:PrincipalTag/team")), Lookup::One("red"));
        assert!(!lookup(&request, "aws:PrincipalTag/other"));
        request.caller = Caller::parse("arn:aws:iam::123456789012:role/r").unwrap().with_tags([("Team", "red")]);
        assert!(lookup(&request, "aws:PrincipalTag/other"));
    }

    #[test]
    fn a_resource_without_an_account_is_the_callers() {
        assert!(request(ANN, Context::open()).is_same_account());
        let parse = |account| Resource::parse("arn:aws:lambda:eu-west-1:123456789012:function:f", account);
        assert_eq!(parse(None).unwrap().account(), Some("123456789012"));
        assert!(parse(Some("210987654321")).is_err() && parse(Some("x")).is_err());
        assert!(Resource::parse("bucket", None).is_err());
        assert!(Resource::parse(&format!("arn:aws:s3:::{}", "b".repeat(10_000)), None).is_err());
    }

    #[test]
    fn an_action_is_a_service_and_a_name() {
        let action = Action::parse("S3:GetObject").unwrap();
        assert_eq!((action.service(), action.name(), action.as_str()), ("s3", "getobject", "S3:GetObject"));
        for bad in ["", "s3", "s3:", ":x", "s3:*", "*", "a:b:c", "s3:Get Object"] {
            assert!(Action::parse(bad).is_err(), "{bad}");
        }
    }
}
