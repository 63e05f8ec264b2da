//! The policies that a principal holds by itself, as the dump has their text.

use crate::dump::{Attached, Inline, Managed, Role, User, decoded, section};
use crate::{MAX_FILE_BYTES, Principal};
use iam_policy::{MAX_DOCUMENT_BYTES, PolicyError, json};
use serde_json::{Map, Value};

#[derive(Debug)]
pub(super) struct Original {
    pub(super) name: String,
    /// Of a managed policy.
    pub(super) arn: Option<String>,
    pub(super) document: Value,
}

/// Inline first, then attached, as the inventory has them.
///
/// # Errors
/// The dump can't be read, or it doesn't have one of them.
pub(super) fn of(details: &[u8], principal: &Principal) -> Result<Vec<Original>, PolicyError> {
    let Value::Object(mut dump) = json::read(details, MAX_FILE_BYTES, "authorization details")? else {
        return Err(PolicyError::new("authorization details", "expected an object"));
    };
    let (inline, attached) = lists(&mut dump, principal)?;
    let managed = section::<Managed>(&mut dump, "Policies", "what managed policies allow")?;
    let mut found = Vec::new();
    for Inline { policy_name: name, policy_document } in inline {
        let document = object(policy_document).map_err(|error| error.within(&name))?;
        found.push(Original { name, arn: None, document });
    }
    for Attached { policy_arn: arn } in attached {
        let document = managed.iter().find(|policy| policy.arn == arn).and_then(in_force);
        let missing = || PolicyError::new(&arn, "its default version isn't in the dump");
        let document = object(document.ok_or_else(missing)?).map_err(|error| error.within(&arn))?;
        let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
        found.push(Original { name, arn: Some(arn), document });
    }
    Ok(found)
}

fn lists(dump: &mut Map<String, Value>, principal: &Principal) -> Result<(Vec<Inline>, Vec<Attached>), PolicyError> {
    let missing = || PolicyError::new(&principal.arn, "isn't in the dump");
    if principal.trust.is_some() {
        let roles = section::<Role>(dump, "RoleDetailList", "every role")?;
        let role = roles.into_iter().rfind(|one| one.arn == principal.arn).ok_or_else(missing)?;
        return Ok((role.role_policy_list, role.attached_managed_policies));
    }
    let users = section::<User>(dump, "UserDetailList", "every user")?;
    let user = users.into_iter().rfind(|one| one.arn == principal.arn).ok_or_else(missing)?;
    Ok((user.user_policy_list, user.attached_managed_policies))
}

fn in_force(policy: &Managed) -> Option<Value> {
    let is_default = |id: &String| Some(id) == policy.default_version_id.as_ref();
    let mut versions = policy.policy_version_list.iter();
    versions.find(|one| one.is_default_version || is_default(&one.version_id)).map(|one| one.document.clone())
}

/// As an object, whether it was text, encoded or not.
fn object(document: Value) -> Result<Value, PolicyError> {
    match decoded(document)? {
        Value::String(text) => json::read(text.as_bytes(), MAX_DOCUMENT_BYTES, "policy"),
        other => Ok(other),
    }
}
