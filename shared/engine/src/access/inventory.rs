//! What was read, in the forms that the audit takes: the same files that people give it by hand.

use super::progress::Progress;
use access_audit::Files;
use ports::{AuditStore, ErrorKind, PortError, PortResult, Section};
use serde_json::{Map, Value, json};
use signal::Region;
use time::OffsetDateTime;

/// The parts of `--resources`.
const OF_REGION: [Section; 8] = [
    Section::Ebs,
    Section::Volumes,
    Section::Snapshots,
    Section::Buckets,
    Section::Topics,
    Section::Queues,
    Section::Tables,
    Section::Functions,
];

/// An account as it was read, from which [`Files`] are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFiles {
    authorization_details: Vec<u8>,
    kms: Vec<u8>,
    credential_report: Vec<u8>,
    account_summary: Vec<u8>,
    password_policy: Vec<u8>,
    last_accessed: Vec<u8>,
    resources: Vec<u8>,
}

impl AccountFiles {
    /// # Errors
    /// The store could not be read, or a page is not there any more.
    pub(super) async fn of(store: &dyn AuditStore, progress: &Progress, region: &Region) -> PortResult<Self> {
        let whole = async |section| -> PortResult<Vec<u8>> {
            Ok(merged(store, progress, section).await?.to_string().into_bytes())
        };
        let mut of_region = Map::from_iter([("Region".to_owned(), json!(region.as_str()))]);
        for section in OF_REGION {
            match merged(store, progress, section).await? {
                Value::Object(read) if !progress.unread.contains_key(&section) => of_region.extend(read),
                unread => of_region.extend(members(section).iter().map(|name| ((*name).to_owned(), unread.clone()))),
            }
        }
        let report = merged(store, progress, Section::CredentialReport).await?;
        let report = report.get("Content").and_then(Value::as_str).map_or_else(|| report.to_string(), str::to_owned);
        Ok(Self {
            authorization_details: whole(Section::AuthorizationDetails).await?,
            kms: whole(Section::Keys).await?,
            credential_report: report.into_bytes(),
            account_summary: whole(Section::AccountSummary).await?,
            password_policy: whole(Section::PasswordPolicy).await?,
            last_accessed: whole(Section::LastAccessed).await?,
            resources: json!({"Regions": [of_region]}).to_string().into_bytes(),
        })
    }

    pub fn files(&self, now: OffsetDateTime) -> Files<'_> {
        Files {
            authorization_details: &self.authorization_details,
            kms: Some(&self.kms),
            credential_report: Some(&self.credential_report),
            account_summary: Some(&self.account_summary),
            password_policy: Some(&self.password_policy),
            last_accessed: Some(&self.last_accessed),
            resources: Some(&self.resources),
            now: Some(now),
            ..Files::default()
        }
    }

    /// GetAccountAuthorizationDetails, all pages as one.
    pub fn authorization_details(&self) -> &[u8] {
        &self.authorization_details
    }
}

/// What a section is called in its Region's object.
fn members(section: Section) -> &'static [&'static str] {
    match section {
        Section::Ebs => &["EbsEncryptionByDefault", "EbsDefaultKmsKeyId"],
        Section::Volumes => &["Volumes"],
        Section::Snapshots => &["Snapshots"],
        Section::Buckets => &["Buckets"],
        Section::Topics => &["Topics"],
        Section::Queues => &["Queues"],
        Section::Tables => &["Tables"],
        Section::Functions => &["Functions"],
        _ => &[],
    }
}

/// All pages of a section as one; `{"Unread": why}` in place of one that could not be read.
async fn merged(store: &dyn AuditStore, progress: &Progress, section: Section) -> PortResult<Value> {
    if let Some(why) = progress.unread.get(&section) {
        return Ok(json!({"Unread": why}));
    }
    let mut all = Value::Object(Map::new());
    for number in 0..progress.stored(section) {
        let key = progress.key(section, number);
        let unreadable =
            |problem: &str| PortError::new("s3:GetObject", ErrorKind::Rejected, None, &format!("{key}: {problem}"));
        let bytes = store.get(&key).await?.ok_or_else(|| unreadable("is not there any more"))?;
        let page = serde_json::from_slice(&bytes).map_err(|error| unreadable(&error.to_string()))?;
        merge(&mut all, page);
    }
    Ok(all)
}

/// Lists are joined; anything else is the same on every page.
fn merge(all: &mut Value, page: Value) {
    match (all, page) {
        (Value::Object(all), Value::Object(page)) => {
            for (name, value) in page {
                match all.get_mut(&name) {
                    Some(known) => merge(known, value),
                    None => drop(all.insert(name, value)),
                }
            }
        }
        (Value::Array(all), Value::Array(page)) => all.extend(page),
        (all, page) => *all = page,
    }
}

#[cfg(test)]
mod tests {
    use super::merge;
    use serde_json::json;

    #[test]
    fn pages_are_joined_list_by_list() {
        let mut all = json!({"Users": [1], "Roles": []});
        merge(&mut all, json!({"Users": [2, 3], "Roles": [4], "Policies": [5]}));
        assert_eq!(all, json!({"Users": [1, 2, 3], "Roles": [4], "Policies": [5]}));
    }
}
