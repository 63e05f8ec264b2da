//! Who asks for something by hand. What counts is what AWS says of them, never what the request says.

use serde::{Deserialize, Serialize};

/// Role names under which IAM Identity Center signs people in. Nobody else can make roles of this name, and their
/// sessions are named after the person.
const SSO_ROLE_PREFIX: &str = "AWSReservedSSO_";

/// A caller as sts:GetCallerIdentity answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    pub arn: String,
    pub account: String,
    pub user_id: String,
    /// Where the request says it comes from. Claimed: nobody proved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_source: Option<String>,
}

impl Operator {
    /// What tells two people apart. A role's session name is chosen by whoever assumes it, so it counts only for the
    /// roles of IAM Identity Center; federated users name themselves, so all of an account are one.
    pub fn principal(&self) -> String {
        let resource = self.arn.splitn(6, ':').nth(5).unwrap_or(&self.arn);
        let account = &self.account;
        match resource.split('/').collect::<Vec<_>>().as_slice() {
            ["assumed-role", role, session] if role.starts_with(SSO_ROLE_PREFIX) => {
                format!("{account}:role/{role}/{session}")
            }
            ["assumed-role", role, ..] => format!("{account}:role/{role}"),
            ["federated-user", ..] => format!("{account}:federated-user"),
            _ => format!("{account}:{resource}"),
        }
    }

    /// Whether the two are different people as far as AWS can tell.
    pub fn differs_from(&self, other: &Self) -> bool {
        self.principal() != other.principal()
    }
}
