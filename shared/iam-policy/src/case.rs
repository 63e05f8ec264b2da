//! A request with all its policies in one JSON object: a line of `cordon can --batch`.

use crate::arn::is_account_id;
use crate::caller::Caller;
use crate::context::Context;
use crate::document::{Document, DocumentKind};
use crate::error::PolicyError;
use crate::explain::{Explanation, explain};
use crate::field::Field;
use crate::grant::Grant;
use crate::policies::{Policies, Policy, ResourcePolicy, read_policies};
use crate::request::{Action, Request, Resource};
use serde_json::Value;

/// `{principal, principal_account, action, resource, resource_account, context, identity_policies[], boundaries[],
/// session_policies[], scps[][], rcps[][], resource_policy, kms_grants[], management_account}`. All but the first, third and
/// fourth may be left out or null.
///
/// A context, be it empty, makes the world a closed one. Policies are objects, or text that holds one.
#[derive(Debug, Clone)]
pub struct Case {
    pub request: Request,
    identity: Vec<Policy>,
    boundaries: Vec<Policy>,
    session: Vec<Policy>,
    scps: Vec<Vec<Policy>>,
    rcps: Vec<Vec<Policy>>,
    resource: Option<Policy>,
    grants: Vec<Grant>,
}

/// The fields of a case as they are read.
#[derive(Default)]
struct Fields<'a> {
    principal: Option<&'a str>,
    principal_account: Option<&'a str>,
    action: Option<&'a str>,
    resource: Option<&'a str>,
    resource_account: Option<&'a str>,
    context: Option<Context>,
    management_account: bool,
}

impl Case {
    /// Reads a case from a tree that [`crate::json::read`] gave.
    ///
    /// # Errors
    /// A field that is unknown, missing or of another form, or a policy that can't be read: nothing is evaluated in part.
    pub fn from_value(value: &Value) -> Result<Self, PolicyError> {
        let mut fields = Fields::default();
        let (mut identity, mut boundaries, mut session) = (Vec::new(), Vec::new(), Vec::new());
        let (mut scps, mut rcps, mut resource, mut grants) = (Vec::new(), Vec::new(), None, Vec::new());
        for (name, field) in Field::root("request", value).entries()? {
            if field.value.is_null() {
                known(name, &field)?;
                continue;
            }
            match name {
                "id" => {}
                "principal" => fields.principal = Some(field.text()?),
                "principal_account" => fields.principal_account = Some(field.text()?),
                "action" => fields.action = Some(field.text()?),
                "resource" => fields.resource = Some(field.text()?),
                "resource_account" => fields.resource_account = Some(field.text()?),
                "context" => fields.context = Some(context(&field)?),
                "management_account" => {
                    fields.management_account = field.value.as_bool().ok_or_else(|| field.mistyped("true or false"))?;
                }
                "identity_policies" => identity = read_policies(list(&field)?, DocumentKind::Identity, name)?,
                "boundaries" => boundaries = read_policies(list(&field)?, DocumentKind::Identity, name)?,
                "session_policies" => session = read_policies(list(&field)?, DocumentKind::Identity, name)?,
                "scps" => scps = levels(&field, DocumentKind::ServiceControl, name)?,
                "rcps" => rcps = levels(&field, DocumentKind::ResourceControl, name)?,
                "resource_policy" => {
                    let document = Document::from_value(field.value, DocumentKind::Resource);
                    resource = Some(Policy::new(name, document.map_err(|error| error.within(name))?));
                }
                "kms_grants" => {
                    let read = |(index, grant)| {
                        Grant::from_value(grant).map_err(|error: PolicyError| error.within(&format!("{name}[{index}]")))
                    };
                    grants = list(&field)?.iter().enumerate().map(read).collect::<Result<_, _>>()?;
                }
                _ => known(name, &field)?,
            }
        }
        Ok(Self { request: fields.request()?, identity, boundaries, session, scps, rcps, resource, grants })
    }

    pub fn policies(&self) -> Policies<'_> {
        Policies {
            identity: &self.identity,
            boundaries: &self.boundaries,
            session: &self.session,
            scps: &self.scps,
            rcps: &self.rcps,
            resource: self.resource.as_ref().map_or(ResourcePolicy::None, ResourcePolicy::Is),
            grants: &self.grants,
        }
    }

    /// What was accepted in its policies but deserves to be seen.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let levels = self.scps.iter().chain(&self.rcps).flatten();
        let own = self.identity.iter().chain(&self.boundaries).chain(&self.session);
        own.chain(levels)
            .chain(&self.resource)
            .flat_map(|policy| policy.document.warnings().iter().map(|warning| format!("{}: {warning}", policy.name)))
    }

    pub fn explain(&self) -> Explanation {
        explain(&self.policies(), &self.request)
    }
}

impl Fields<'_> {
    fn request(self) -> Result<Request, PolicyError> {
        let missing = |name: &str| PolicyError::new("request", format!("has no {name}"));
        let caller = Caller::parse(self.principal.ok_or_else(|| missing("principal"))?)?;
        if let Some(account) = self.principal_account {
            if !is_account_id(account) {
                return Err(PolicyError::new("principal_account", "expected the 12 digits of an account id"));
            }
            if caller.account().is_some_and(|own| own != account) {
                return Err(PolicyError::new("principal_account", "is not the account that the principal's ARN says"));
            }
        }
        let action = Action::parse(self.action.ok_or_else(|| missing("action"))?)?;
        let resource = Resource::parse(self.resource.ok_or_else(|| missing("resource"))?, self.resource_account)?;
        let context = self.context.unwrap_or_else(Context::open);
        Ok(Request {
            of_management_account: self.management_account,
            ..Request::new(caller, action, resource, context)
        })
    }
}

/// The names that a case may have, for those that are null.
fn known(name: &str, field: &Field<'_>) -> Result<(), PolicyError> {
    const NAMES: [&str; 15] = [
        "id",
        "principal",
        "principal_account",
        "action",
        "resource",
        "resource_account",
        "context",
        "identity_policies",
        "boundaries",
        "session_policies",
        "scps",
        "rcps",
        "resource_policy",
        "kms_grants",
        "management_account",
    ];
    match NAMES.contains(&name) {
        true => Ok(()),
        false => Err(field.error("no such field; what it would limit isn't known")),
    }
}

fn context(field: &Field<'_>) -> Result<Context, PolicyError> {
    let mut context = Context::closed();
    for (key, value) in field.entries()? {
        let values = if value.value.is_null() { &Value::Array(Vec::new()) } else { value.value };
        let with = context.with_json(key, values);
        context = with.ok_or_else(|| value.mistyped("text, a number, true or false, or a list of them"))?;
    }
    Ok(context)
}

fn list<'a>(field: &Field<'a>) -> Result<&'a [Value], PolicyError> {
    field.value.as_array().map(Vec::as_slice).ok_or_else(|| field.mistyped("a list"))
}

fn levels(field: &Field<'_>, kind: DocumentKind, name: &str) -> Result<Vec<Vec<Policy>>, PolicyError> {
    let level = |(index, level)| {
        let name = format!("{name}[{index}]");
        let field = Field { path: name.clone(), value: level };
        read_policies(list(&field)?, kind, &name)
    };
    list(field)?.iter().enumerate().map(level).collect()
}
