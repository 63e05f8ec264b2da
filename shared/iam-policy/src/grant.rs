//! Grants of a KMS key.
//!
//! Source: KMS Developer Guide, "Grants in AWS KMS"; KMS API Reference, "GrantConstraints" and "ListGrants".

use crate::arn::Arn;
use crate::caller::{Caller, CallerKind};
use crate::error::PolicyError;
use crate::field::Field;
use crate::principal::Naming;
use crate::request::Request;
use crate::truth::Truth;
use serde_json::Value;

const CONTEXT_KEY: &str = "kms:encryptioncontext:";
/// Operations that take an encryption context; constraints on it don't limit the others. What CreateGrant passes on must be
/// as narrow, but it has no context itself.
const WITH_CONTEXT: [&str; 8] = [
    "decrypt",
    "encrypt",
    "generatedatakey",
    "generatedatakeypair",
    "generatedatakeypairwithoutplaintext",
    "generatedatakeywithoutplaintext",
    "reencryptfrom",
    "reencryptto",
];

/// One entry of ListGrants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: Box<str>,
    key: Option<Box<str>>,
    grantee: Box<str>,
    retiring: Option<Box<str>>,
    /// In lower case.
    operations: Box<[Box<str>]>,
    subset: Pairs,
    equals: Option<Pairs>,
    source_arn: Option<Box<str>>,
}

/// Of an encryption context: the names in lower case, as constraints ignore their case.
type Pairs = Box<[(Box<str>, Box<str>)]>;

impl Grant {
    /// # Errors
    /// Without GranteePrincipal or Operations, or where a field has another form than ListGrants gives it.
    pub fn from_value(value: &Value) -> Result<Self, PolicyError> {
        let field = Field::root("grant", value);
        let (mut id, mut key, mut grantee, mut retiring, mut operations) = (None, None, None, None, None);
        let (mut subset, mut equals, mut source_arn) = (Pairs::default(), None, None);
        for (name, field) in field.entries()? {
            match name {
                "GrantId" => id = Some(field.text()?.into()),
                "KeyId" => key = Some(field.text()?.into()),
                "GranteePrincipal" | "GranteeServicePrincipal" => grantee = Some(field.text()?.into()),
                "RetiringPrincipal" => retiring = Some(field.text()?.into()),
                "Operations" => {
                    let lower = field.texts()?.into_iter().map(|operation| operation.to_ascii_lowercase().into());
                    operations = Some(lower.collect());
                }
                "Constraints" if field.value.is_null() => {}
                "Constraints" => {
                    for (name, field) in field.entries()? {
                        match name {
                            "EncryptionContextSubset" => subset = pairs(&field)?,
                            "EncryptionContextEquals" => equals = Some(pairs(&field)?),
                            "SourceArn" => source_arn = Some(field.text()?.into()),
                            _ => return Err(field.error("no such constraint; what it limits isn't known")),
                        }
                    }
                }
                // Names, dates and who made it: nothing that decides.
                _ => {}
            }
        }
        let missing = |what: &str| field.error(&format!("has no {what}"));
        Ok(Self {
            id: id.unwrap_or_default(),
            key,
            grantee: grantee.ok_or_else(|| missing("GranteePrincipal"))?,
            retiring,
            operations: operations.ok_or_else(|| missing("Operations"))?,
            subset,
            equals,
            source_arn,
        })
    }

    /// A principal's ARN, or a service's name.
    pub fn grantee(&self) -> &str {
        &self.grantee
    }

    /// Who may retire it.
    pub fn retiring(&self) -> Option<&str> {
        self.retiring.as_deref()
    }

    /// Without their service, in lower case.
    pub fn operations(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|operation| &**operation)
    }

    /// Whether it holds for some encryption contexts, or one resource, only.
    pub fn has_constraints(&self) -> bool {
        !self.subset.is_empty() || self.equals.is_some() || self.source_arn.is_some()
    }

    /// `None` where it is for another principal, key or operation.
    pub(crate) fn apply(&self, request: &Request) -> Option<(Naming, Truth)> {
        let operation = request.action.name();
        let is_kms = request.action.service() == "kms" && self.is_of_key(request);
        if is_kms
            && operation == "retiregrant"
            && self.retiring.as_deref().is_some_and(|to| names(to, &request.caller).is_some())
        {
            return Some((Naming::Itself, Truth::Yes));
        }
        let naming = names(&self.grantee, &request.caller)?;
        if !is_kms || !self.operations.iter().any(|granted| **granted == *operation) {
            return None;
        }
        let mut applies = self.source_holds(request);
        if WITH_CONTEXT.contains(&operation) {
            applies = applies.and(self.constraints_hold(request));
        }
        if applies == Truth::Unknown && request.context.is_closed() {
            applies = Truth::No;
        }
        (applies != Truth::No).then_some((naming, applies))
    }

    fn is_of_key(&self, request: &Request) -> bool {
        let Some(key) = &self.key else { return true };
        let id = request.resource.of_service("kms").and_then(|resource| resource.strip_prefix("key/"));
        request.resource.arn() == &**key || id == Some(key)
    }

    fn source_holds(&self, request: &Request) -> Truth {
        let Some(source) = &self.source_arn else { return Truth::Yes };
        match request.context.get("aws:sourcearn") {
            Some(values) => values.contains(source).into(),
            None if request.context.is_closed() => Truth::No,
            None => Truth::Unknown,
        }
    }

    /// The keys that its constraints take from the request.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        let named = self
            .subset
            .iter()
            .chain(self.equals.iter().flatten())
            .map(|(name, _)| format!("kms:EncryptionContext:{name}"));
        named.chain(self.source_arn.iter().map(|_| "aws:SourceArn".to_owned()))
    }

    fn constraints_hold(&self, request: &Request) -> Truth {
        let pair_holds = |(name, value): &(Box<str>, Box<str>)| {
            let given = request.context.starting_with(CONTEXT_KEY).find(|(own, _)| *own == &**name);
            match given {
                Some((_, values)) => values.iter().any(|own| own == value).into(),
                None if request.context.is_closed() => Truth::No,
                None => Truth::Unknown,
            }
        };
        let subset = Truth::all(self.subset.iter().map(pair_holds));
        let Some(equals) = &self.equals else { return subset };
        let is_more = request
            .context
            .starting_with(CONTEXT_KEY)
            .any(|(name, values)| !values.is_empty() && !equals.iter().any(|(own, _)| **own == *name));
        // An open world may hold more of the encryption context.
        let no_more = match (is_more, request.context.is_closed()) {
            (true, _) => Truth::No,
            (false, true) => Truth::Yes,
            (false, false) => Truth::Unknown,
        };
        subset.and(no_more).and(Truth::all(equals.iter().map(pair_holds)))
    }
}

/// How a grant's principal names the caller. A grant to an account's root is to the account.
fn names(principal: &str, caller: &Caller) -> Option<Naming> {
    if &*caller.id == principal {
        return Some(if caller.kind == CallerKind::Role { Naming::Role } else { Naming::Itself });
    }
    let arn = Arn::split(principal).filter(|arn| Some(arn.account) == caller.account())?;
    let role = arn.resource.strip_prefix("role/").and_then(|path| path.rsplit('/').next());
    match (caller.kind, role) {
        (CallerKind::RoleSession, Some(role)) => (role == &*caller.name).then_some(Naming::Role),
        (_, None) if arn.resource == "root" => Some(Naming::Account),
        _ => None,
    }
}

fn pairs(field: &Field<'_>) -> Result<Pairs, PolicyError> {
    field.entries()?.map(|(name, value)| Ok((name.to_ascii_lowercase().into(), value.text()?.into()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, Context, Resource};
    use serde_json::json;

    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/k-1";
    const ROLE: &str = "arn:aws:iam::123456789012:role/app";

    fn truth(grant: Value, caller: &str, action: &str, context: Context) -> Truth {
        let request = Request::new(
            Caller::parse(caller).unwrap(),
            Action::parse(action).unwrap(),
            Resource::parse(KEY, None).unwrap(),
            context,
        );
        Grant::from_value(&grant).unwrap().apply(&request).map_or(Truth::No, |(_, truth)| truth)
    }

    #[test]
    fn a_grant_is_for_its_grantee_operations_and_key() {
        let grant =
            json!({"KeyId": KEY, "GranteePrincipal": ROLE, "Operations": ["Decrypt"], "GrantId": "g", "Name": "n"});
        let closed = Context::closed;
        assert_eq!(truth(grant.clone(), ROLE, "kms:Decrypt", closed()), Truth::Yes);
        assert_eq!(
            truth(grant.clone(), "arn:aws:sts::123456789012:assumed-role/app/s", "kms:decrypt", closed()),
            Truth::Yes
        );
        assert_eq!(truth(grant.clone(), ROLE, "kms:Encrypt", closed()), Truth::No);
        assert_eq!(truth(grant, "arn:aws:iam::123456789012:role/other", "kms:Decrypt", closed()), Truth::No);
        let other = json!({"KeyId": "k-2", "GranteePrincipal": ROLE, "Operations": ["Decrypt"]});
        assert_eq!(truth(other, ROLE, "kms:Decrypt", closed()), Truth::No);
    }

    #[test]
    fn a_subset_may_be_exceeded_and_an_equal_context_may_not() {
        let grant = |constraint: &str| json!({"GranteePrincipal": ROLE, "Operations": ["Decrypt", "DescribeKey"], "Constraints": {constraint: {"App": "x"}}});
        let (subset, equals) = (grant("EncryptionContextSubset"), grant("EncryptionContextEquals"));
        let exact = || Context::closed().with("kms:EncryptionContext:app", ["x"]);
        let more = || exact().with("kms:EncryptionContext:env", ["y"]);
        assert_eq!(
            (truth(subset.clone(), ROLE, "kms:Decrypt", exact()), truth(subset.clone(), ROLE, "kms:Decrypt", more())),
            (Truth::Yes, Truth::Yes)
        );
        assert_eq!(
            (truth(equals.clone(), ROLE, "kms:Decrypt", exact()), truth(equals.clone(), ROLE, "kms:Decrypt", more())),
            (Truth::Yes, Truth::No)
        );
        assert_eq!(truth(subset.clone(), ROLE, "kms:Decrypt", Context::closed()), Truth::No);
        assert_eq!(truth(subset, ROLE, "kms:Decrypt", Context::open()), Truth::Unknown);
        assert_eq!(truth(equals, ROLE, "kms:DescribeKey", Context::closed()), Truth::Yes);
    }

    #[test]
    fn the_retiring_principal_may_retire_and_nothing_else() {
        let other = "arn:aws:iam::123456789012:role/other";
        let grant = json!({"GranteePrincipal": ROLE, "Operations": ["Decrypt"], "RetiringPrincipal": other});
        assert_eq!(truth(grant.clone(), other, "kms:RetireGrant", Context::closed()), Truth::Yes);
        assert_eq!(truth(grant, other, "kms:Decrypt", Context::closed()), Truth::No);
    }

    #[test]
    fn a_constraint_that_is_not_known_is_an_error() {
        let grant = json!({"GranteePrincipal": ROLE, "Operations": ["Decrypt"], "Constraints": {"Colour": "x"}});
        assert!(Grant::from_value(&grant).is_err());
        assert!(Grant::from_value(&json!({"Operations": []})).is_err());
    }
}
