use crate::error::map;
use async_trait::async_trait;
use aws_sdk_iam::Client;
use ports::{ErrorKind, ObservedRole, PortError, PortResult, Roles};

const GET_PROFILE: &str = "iam:GetInstanceProfile";

pub(crate) struct IamRoles {
    client: Client,
}

impl IamRoles {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Roles for IamRoles {
    async fn of_profile(&self, profile_arn: &str) -> PortResult<Option<ObservedRole>> {
        let Some((_, name)) = profile_arn.rsplit_once('/') else {
            return Err(PortError::unreadable(GET_PROFILE, "a profile ARN without a name"));
        };
        let answer =
            match self.client.get_instance_profile().instance_profile_name(name).send().await.map_err(map(GET_PROFILE))
            {
                Ok(answer) => answer,
                Err(error) if error.kind == ErrorKind::Gone => return Ok(None),
                Err(error) => return Err(error),
            };
        // A profile holds at most one role.
        let Some(role) = answer.instance_profile().and_then(|profile| profile.roles().first()) else { return Ok(None) };
        // The profile's answer may carry no trust policy; the role's own always does.
        let answer = self.client.get_role().role_name(role.role_name()).send().await.map_err(map("iam:GetRole"))?;
        let Some(role) = answer.role() else { return Ok(None) };
        Ok(Some(ObservedRole {
            name: role.role_name().to_owned(),
            arn: role.arn().to_owned(),
            unique_id: role.role_id().to_owned(),
            trust_policy: percent_decoded(role.assume_role_policy_document().unwrap_or_default()),
        }))
    }

    async fn put_inline_policy(&self, role: &str, policy: &str, document: &str) -> PortResult<()> {
        let call = self.client.put_role_policy().role_name(role).policy_name(policy).policy_document(document);
        call.send().await.map(|_| ()).map_err(map("iam:PutRolePolicy"))
    }

    async fn delete_inline_policy(&self, role: &str, policy: &str) -> PortResult<()> {
        let call = self.client.delete_role_policy().role_name(role).policy_name(policy);
        match call.send().await.map_err(map("iam:DeleteRolePolicy")) {
            Err(error) if error.kind != ErrorKind::Gone => Err(error),
            _ => Ok(()),
        }
    }

    async fn inline_policy(&self, role: &str, policy: &str) -> PortResult<Option<String>> {
        let call = self.client.get_role_policy().role_name(role).policy_name(policy);
        match call.send().await.map_err(map("iam:GetRolePolicy")) {
            Ok(answer) => Ok(Some(percent_decoded(answer.policy_document()))),
            Err(error) if error.kind == ErrorKind::Gone => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// IAM answers documents percent-encoded (RFC 3986). JSON never holds a bare `%` outside a string, and IAM encodes
/// those too; text that isn't encoded is kept as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|digits| *first == b'%' && digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn documents_are_read_encoded_or_plain() {
        assert_eq!(percent_decoded("%7B%22a%22%3A%22%C3%A9%22%7D"), "{\"a\":\"é\"}");
        assert_eq!(percent_decoded("{\"a\": 1}"), "{\"a\": 1}");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%+f %zz"), "%+f %zz");
    }
}
