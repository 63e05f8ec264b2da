use signal::{AccountId, Region};
use thiserror::Error;

#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) table: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) partition: String,
    /// Roles that may be written to.
    pub(crate) revocable_roles: Vec<String>,
}

/// Every problem of the environment at once.
#[derive(Debug, Error)]
#[error("problems in the environment; set them in template.yaml: {}", .0.join("; "))]
pub(crate) struct ConfigError(Vec<String>);

impl Config {
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut text = |name: &str| match std::env::var(name) {
            Ok(value) if !value.is_empty() => value,
            _ => {
                problems.push(format!("{name} is missing"));
                String::new()
            }
        };
        let (table, partition) = (text("CORDON_TABLE"), text("CORDON_PARTITION"));
        let (account, region) = (text("CORDON_ACCOUNT_ID"), text("AWS_REGION"));
        let account =
            account.parse::<AccountId>().map_err(|error| problems.push(format!("CORDON_ACCOUNT_ID: {error}")));
        let region = region.parse::<Region>().map_err(|error| problems.push(format!("AWS_REGION: {error}")));
        let (Ok(account), Ok(region), true) = (account, region, problems.is_empty()) else {
            return Err(ConfigError(problems));
        };
        // No listed role is a valid choice: then every revocation falls back to disassociating the profile.
        let roles = std::env::var("CORDON_REVOCABLE_ROLE_ARNS").unwrap_or_default();
        let revocable_roles =
            roles.split(',').map(str::trim).filter(|role| !role.is_empty()).map(ToOwned::to_owned).collect();
        Ok(Self { table, account, region, partition, revocable_roles })
    }
}
