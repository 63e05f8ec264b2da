//! What IAM says of the account as a whole: its credentials, its counts, its password policy.

use super::{map, whole};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::ReportStateType;
use ports::{ErrorKind, Page, PortError, PortResult};
use serde_json::{Map, Value, json};
use std::time::Duration;

const GENERATE: &str = "iam:GenerateCredentialReport";
const GET: &str = "iam:GetCredentialReport";
/// IAM makes a report in seconds, and none within four hours of the last.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);
/// Where an account has no policy of its own, IAM asks for this many characters (IAM User Guide, "Set an account password
/// policy"), and for nothing that the policy's members could tell.
const DEFAULT_LENGTH: u32 = 8;

pub(super) async fn credential_report(client: &Client) -> PortResult<Page> {
    for _ in 0..ATTEMPTS {
        let answer = client.generate_credential_report().send().await.map_err(map(GENERATE))?;
        if answer.state() == Some(&ReportStateType::Complete) {
            let answer = client.get_credential_report().send().await.map_err(map(GET))?;
            let content = answer.content().map(|content| content.as_ref().to_vec()).unwrap_or_default();
            let content = String::from_utf8(content).map_err(|error| PortError::unreadable(GET, error))?;
            return Ok(whole(json!({"Content": content})));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(PortError::new(GENERATE, ErrorKind::Transient, None, "the report is still being made"))
}

pub(super) async fn account_summary(client: &Client) -> PortResult<Page> {
    let answer = client.get_account_summary().send().await.map_err(map("iam:GetAccountSummary"))?;
    let counts = answer.summary_map().into_iter().flatten();
    let counts: Map<String, Value> = counts.map(|(name, count)| (name.as_str().to_owned(), json!(count))).collect();
    Ok(whole(json!({"SummaryMap": counts})))
}

pub(super) async fn password_policy(client: &Client) -> PortResult<Page> {
    let answer = client.get_account_password_policy().send().await.map_err(map("iam:GetAccountPasswordPolicy"));
    let policy = match answer {
        Ok(answer) => answer.password_policy().map(|policy| {
            json!({
                "MinimumPasswordLength": policy.minimum_password_length(),
                "RequireSymbols": policy.require_symbols(), "RequireNumbers": policy.require_numbers(),
                "RequireUppercaseCharacters": policy.require_uppercase_characters(),
                "RequireLowercaseCharacters": policy.require_lowercase_characters(),
                "AllowUsersToChangePassword": policy.allow_users_to_change_password(),
                "ExpirePasswords": policy.expire_passwords(), "MaxPasswordAge": policy.max_password_age(),
                "PasswordReusePrevention": policy.password_reuse_prevention(), "HardExpiry": policy.hard_expiry(),
            })
        }),
        Err(error) if error.kind == ErrorKind::Gone => Some(json!({"MinimumPasswordLength": DEFAULT_LENGTH})),
        Err(error) => return Err(error),
    };
    Ok(whole(json!({"PasswordPolicy": policy})))
}
