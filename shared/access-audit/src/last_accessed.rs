//! When principals last used services and actions, as IAM tells it.
//!
//! Source: IAM API Reference, "GetServiceLastAccessedDetails"; IAM User Guide, "Refine permissions in AWS using last
//! accessed information". IAM looks back 400 days, and counts attempts that were denied as well.

use crate::MAX_FILE_BYTES;
use crate::finding::Problem;
use crate::key_parts::moment;
use iam_policy::{PolicyError, json};
use serde_json::Value;
use std::collections::BTreeMap;
use time::OffsetDateTime;

/// `{"principals": [{"Arn", "JobStatus", "JobCompletionDate", "ServicesLastAccessed": […]}]}`: for each what
/// GetServiceLastAccessedDetails answered, all pages, of a job with granularity ACTION_LEVEL.
#[derive(Debug, Default)]
pub(crate) struct LastAccessed {
    /// By ARN.
    pub(crate) principals: BTreeMap<String, Accessed>,
    /// Entries that can't be used.
    pub(crate) unread: Vec<Problem>,
}

/// What one principal used.
#[derive(Debug, PartialEq)]
pub(crate) struct Accessed {
    /// What it did later is not told.
    pub(crate) completed: Option<OffsetDateTime>,
    /// By namespace in lower case. One that isn't here is not tracked, or was not allowed when the job ran.
    pub(crate) services: BTreeMap<String, Service>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Service {
    /// `None`: not within the time that IAM looks back.
    pub(crate) last: Option<OffsetDateTime>,
    /// By name in lower case. `None`: nothing is known by action.
    pub(crate) actions: Option<BTreeMap<String, TrackedAction>>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct TrackedAction {
    /// As AWS writes it.
    pub(crate) name: String,
    pub(crate) last: Option<OffsetDateTime>,
}

impl LastAccessed {
    /// `named`: whose a bare answer of GetServiceLastAccessedDetails is. Without it such an answer can't be used.
    ///
    /// # Errors
    /// No JSON, or neither of the two forms. An entry that can't be used is kept apart, with what that hides.
    pub(crate) fn parse(bytes: &[u8], named: Option<&str>) -> Result<Self, PolicyError> {
        let name = "last accessed";
        let file = json::read(bytes, MAX_FILE_BYTES, name)?;
        let mut read = Self::default();
        match (file.get("principals"), file.get("JobStatus"), named) {
            (Some(Value::Array(entries)), ..) => {
                for (index, entry) in entries.iter().enumerate() {
                    match entry.get("Arn").and_then(Value::as_str) {
                        Some(arn) => read.add(arn, entry),
                        None => read.unread.push(Problem {
                            at: format!("principals[{index}]"),
                            problem: "has no Arn; whose last use it tells is not known".to_owned(),
                        }),
                    }
                }
            }
            (None, Some(_), Some(arn)) => read.add(arn, &file),
            (None, Some(_), None) => {
                let form = "is one answer that doesn't say whose it is; write {\"principals\": [{\"Arn\": …, and the answer}]}";
                return Err(PolicyError::new(name, form));
            }
            _ => return Err(PolicyError::new(name, "expected an object with a list principals")),
        }
        Ok(read)
    }

    fn add(&mut self, arn: &str, entry: &Value) {
        let hides = "which of its permissions are used could not be judged";
        let problem = match accessed(entry) {
            Ok(_) if self.principals.contains_key(arn) => "stands twice; only its first entry was judged".to_owned(),
            Ok(accessed) => {
                self.principals.insert(arn.to_owned(), accessed);
                return;
            }
            Err(error) => format!("{error}; {hides}"),
        };
        self.unread.push(Problem { at: format!("last accessed of {arn}"), problem });
    }
}

impl Service {
    /// Whether it, or an action of it, was tried at this time or later.
    pub(crate) fn used_since(&self, since: OffsetDateTime) -> bool {
        let actions = self.actions.iter().flat_map(BTreeMap::values);
        self.last.into_iter().chain(actions.filter_map(|action| action.last)).any(|last| last >= since)
    }
}

fn accessed(entry: &Value) -> Result<Accessed, PolicyError> {
    match entry.get("JobStatus").and_then(Value::as_str) {
        Some("COMPLETED") => {}
        Some(_) => return Err(PolicyError::new("JobStatus", "is not COMPLETED: the job failed or is not done")),
        None => return Err(PolicyError::new("JobStatus", "is not given: whether the job is done is not known")),
    }
    if !matches!(entry.get("IsTruncated"), None | Some(Value::Null | Value::Bool(false))) {
        return Err(PolicyError::new("IsTruncated", "the answer is one page of several; get all of them"));
    }
    let Some(Value::Array(listed)) = entry.get("ServicesLastAccessed") else {
        return Err(PolicyError::new("ServicesLastAccessed", "expected a list"));
    };
    let mut services = BTreeMap::new();
    for (index, one) in listed.iter().enumerate() {
        let at = format!("ServicesLastAccessed[{index}]");
        let (name, service) = service(one).map_err(|error| error.within(&at))?;
        if services.insert(name, service).is_some() {
            return Err(PolicyError::new(at, "the service stands twice"));
        }
    }
    Ok(Accessed { completed: date(entry, "JobCompletionDate")?, services })
}

fn service(one: &Value) -> Result<(String, Service), PolicyError> {
    let name = name(one, "ServiceNamespace")?.to_ascii_lowercase();
    let actions = match one.get("TrackedActionsLastAccessed") {
        None | Some(Value::Null) => None,
        Some(Value::Array(listed)) => Some(listed.iter().map(action).collect::<Result<Vec<_>, _>>()?),
        Some(_) => return Err(PolicyError::new("TrackedActionsLastAccessed", "expected a list")),
    };
    // AWS gives an empty list where it tracks no action of the service.
    let actions = actions.filter(|actions| !actions.is_empty()).map(|actions| {
        let mut latest: BTreeMap<String, TrackedAction> = BTreeMap::new();
        for action in actions {
            let known = latest.entry(action.name.to_ascii_lowercase());
            let known = known.or_insert_with(|| TrackedAction { name: action.name.clone(), last: None });
            known.last = known.last.max(action.last);
        }
        latest
    });
    Ok((name, Service { last: date(one, "LastAuthenticated")?, actions }))
}

fn action(one: &Value) -> Result<TrackedAction, PolicyError> {
    Ok(TrackedAction { name: name(one, "ActionName")?.to_owned(), last: date(one, "LastAccessedTime")? })
}

/// The name becomes part of a policy, so it may hold no wildcard and no colon.
fn name<'a>(one: &'a Value, field: &str) -> Result<&'a str, PolicyError> {
    let is_name = |text: &&str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let text = one.get(field).and_then(Value::as_str).filter(is_name);
    text.ok_or_else(|| PolicyError::new(field, "expected a name of letters and digits"))
}

fn date(one: &Value, field: &str) -> Result<Option<OffsetDateTime>, PolicyError> {
    match one.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            moment(value).map(Some).ok_or_else(|| PolicyError::new(field, "expected a date or seconds since 1970"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const APP: &str = "arn:aws:iam::111122223333:role/app";

    fn entry() -> Value {
        json!({"Arn": APP, "JobStatus": "COMPLETED", "JobCompletionDate": "2026-01-01T00:00:00Z", "ServicesLastAccessed": [
            {"ServiceName": "Amazon S3", "ServiceNamespace": "S3", "LastAuthenticated": 1_767_225_600, "TrackedActionsLastAccessed":
                [{"ActionName": "CreateBucket", "LastAccessedTime": "2025-12-31T00:00:00Z"}, {"ActionName": "DeleteBucket"}]},
            {"ServiceNamespace": "ec2", "TotalAuthenticatedEntities": 0}]})
    }

    fn parsed(file: &Value, named: Option<&str>) -> Result<LastAccessed, PolicyError> {
        LastAccessed::parse(file.to_string().as_bytes(), named)
    }

    #[test]
    fn services_and_actions_are_known_in_lower_case_with_their_last_use() {
        let read = parsed(&json!({"principals": [entry()]}), None).unwrap();
        let app = &read.principals[APP];
        assert_eq!(app.completed, Some(datetime!(2026-01-01 00:00 UTC)));
        let actions = app.services["s3"].actions.as_ref().unwrap();
        assert_eq!(actions["createbucket"].last, Some(datetime!(2025-12-31 00:00 UTC)));
        assert_eq!((actions["deletebucket"].name.as_str(), actions["deletebucket"].last), ("DeleteBucket", None));
        assert_eq!(app.services["ec2"], Service { last: None, actions: None });
    }

    #[test]
    fn a_bare_answer_is_of_the_principal_that_is_named_and_of_nobody_without() {
        assert!(parsed(&entry(), Some("arn:x")).unwrap().principals.contains_key("arn:x"));
        assert!(parsed(&entry(), None).unwrap_err().to_string().contains("whose it is"));
        assert!(parsed(&json!([]), None).is_err() && LastAccessed::parse(b"{", None).is_err());
    }

    #[test]
    fn what_is_not_whole_is_unread_with_what_it_hides() {
        for (field, value) in [
            ("JobStatus", json!("IN_PROGRESS")),
            ("JobStatus", json!(null)),
            ("IsTruncated", json!(true)),
            ("ServicesLastAccessed", json!({})),
            ("JobCompletionDate", json!("soon")),
            ("ServicesLastAccessed", json!([{"ServiceNamespace": "s3:*"}])),
            ("ServicesLastAccessed", json!([{"ServiceNamespace": "s3"}, {"ServiceNamespace": "S3"}])),
            ("ServicesLastAccessed", json!([{"ServiceNamespace": "s3", "TrackedActionsLastAccessed": 7}])),
            (
                "ServicesLastAccessed",
                json!([{"ServiceNamespace": "s3", "TrackedActionsLastAccessed": [{"ActionName": "*"}]}]),
            ),
        ] {
            let mut broken = entry();
            broken[field] = value;
            let read = parsed(&json!({"principals": [broken]}), None).unwrap();
            assert!(read.principals.is_empty(), "{field}");
            assert!(
                read.unread[0].at.contains(APP) && read.unread[0].problem.contains("could not be judged"),
                "{field}"
            );
        }
        let twice = parsed(&json!({"principals": [entry(), entry(), {}]}), None).unwrap();
        assert_eq!((twice.principals.len(), twice.unread.len()), (1, 2));
    }
}
