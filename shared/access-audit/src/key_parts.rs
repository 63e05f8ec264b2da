//! What KMS says of a key beside its policy: dates, its last use, and who made a grant.

use iam_policy::{Arn, Caller, CallerKind, PolicyError};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What GetKeyLastUsage says (KMS API Reference).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastUsage {
    /// The last successful cryptographic operation. `None`: none since KMS began to track.
    pub(crate) last: Option<OffsetDateTime>,
    /// When KMS began to track.
    pub(crate) tracked_since: Option<OffsetDateTime>,
}

impl LastUsage {
    /// Of a key's entry: `KeyLastUsage` as GetKeyLastUsage's element or as its whole answer, or `LastUsedDate`. `None` where
    /// it has neither.
    ///
    /// # Errors
    /// One of them has another form, or a date that is none.
    pub(crate) fn read(entry: &Value) -> Result<Option<Self>, PolicyError> {
        let given = |value: &Value, name: &str| value.get(name).filter(|value| !value.is_null()).cloned();
        let date = |value: Value, name: &str| {
            moment(&value).map(Some).ok_or_else(|| PolicyError::new(name, "expected a date or seconds since 1970"))
        };
        let mut tracked = given(entry, "TrackingStartDate");
        let mut last = given(entry, "LastUsedDate");
        let mut is_known = last.is_some() || tracked.is_some();
        if let Some(usage) = given(entry, "KeyLastUsage") {
            if !usage.is_object() {
                return Err(PolicyError::new("KeyLastUsage", "expected an object"));
            }
            is_known = true;
            tracked = tracked.or_else(|| given(&usage, "TrackingStartDate"));
            let within = given(&usage, "KeyLastUsage");
            last = last.or_else(|| given(within.as_ref().unwrap_or(&usage), "Timestamp"));
        }
        if !is_known {
            return Ok(None);
        }
        Ok(Some(Self {
            last: last.map_or(Ok(None), |last| date(last, "KeyLastUsage.Timestamp"))?,
            tracked_since: tracked.map_or(Ok(None), |tracked| date(tracked, "TrackingStartDate"))?,
        }))
    }
}

/// What ListGrants says of a grant that doesn't decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) name: Option<String>,
    pub(crate) created: Option<OffsetDateTime>,
    /// Made by a service for a resource of its own, or made for a service: its grantee, its issuer or who retires it is one.
    pub(crate) is_of_service: bool,
}

impl Listed {
    pub(crate) fn read(grant: &Value) -> Self {
        let text = |name: &str| grant.get(name).and_then(Value::as_str);
        let parties = ["GranteePrincipal", "RetiringPrincipal", "IssuingAccount"];
        let is_named = ["GranteeServicePrincipal", "RetiringServicePrincipal"].iter().any(|name| text(name).is_some());
        Self {
            name: text("Name").filter(|name| !name.is_empty()).map(str::to_owned),
            created: grant.get("CreationDate").and_then(moment),
            is_of_service: is_named || parties.iter().filter_map(|name| text(name)).any(is_service),
        }
    }
}

/// A service, a role that only a service assumes, or a session that a service opened for itself (`assumed-role/aws:…`).
pub(crate) fn is_service(principal: &str) -> bool {
    let of_service = |arn: Arn<'_>| {
        (arn.service == "iam" && arn.resource.starts_with("role/aws-service-role/"))
            || (arn.service == "sts" && arn.resource.starts_with("assumed-role/aws:"))
            || (arn.service == "sts" && arn.resource.starts_with("assumed-role/AWSServiceRoleFor"))
    };
    Arn::split(principal)
        .map_or_else(|| Caller::parse(principal).is_ok_and(|caller| caller.kind() == CallerKind::Service), of_service)
}

/// A date as KMS gives it: RFC 3339, as command lines print it too, or seconds since 1970.
pub(crate) fn moment(value: &Value) -> Option<OffsetDateTime> {
    match value {
        Value::String(text) => OffsetDateTime::parse(&text.replacen(' ', "T", 1), &Rfc3339).ok(),
        Value::Number(seconds) => {
            let seconds = seconds.as_f64().filter(|seconds| seconds.abs() < 1e11)?;
            OffsetDateTime::from_unix_timestamp(seconds as i64).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_date_is_text_or_seconds() {
        let seconds = |value: Value| moment(&value).map(OffsetDateTime::unix_timestamp);
        assert_eq!(seconds(json!("2026-01-01T00:00:00.5+00:00")), Some(1_767_225_600));
        assert_eq!(seconds(json!("2026-01-01 00:00:00Z")), Some(1_767_225_600));
        assert_eq!(seconds(json!(1_767_225_600.25)), Some(1_767_225_600));
        for none in [json!("soon"), json!(1e300), json!(null), json!(true)] {
            assert_eq!(seconds(none), None);
        }
    }

    #[test]
    fn the_last_use_is_found_in_each_of_its_forms_and_its_absence_told_from_none() {
        let at = moment(&json!("2026-01-01T00:00:00Z"));
        let usage = |entry: Value| LastUsage::read(&entry).unwrap();
        let element = json!({"KeyLastUsage": {"Operation": "Decrypt", "Timestamp": "2026-01-01T00:00:00Z"}});
        let answer = json!({"KeyLastUsage": {"KeyId": "k", "KeyLastUsage": element["KeyLastUsage"]}});
        for entry in [element, answer, json!({"LastUsedDate": "2026-01-01T00:00:00Z"})] {
            assert_eq!(usage(entry), Some(LastUsage { last: at, tracked_since: None }));
        }
        let tracked = json!({"KeyLastUsage": {}, "TrackingStartDate": "2026-01-01T00:00:00Z"});
        assert_eq!(usage(tracked), Some(LastUsage { last: None, tracked_since: at }));
        assert_eq!(usage(json!({"KeyLastUsage": null})), None);
        assert!(LastUsage::read(&json!({"KeyLastUsage": "soon"})).is_err());
        assert!(LastUsage::read(&json!({"LastUsedDate": "soon"})).is_err());
    }

    #[test]
    fn a_grant_of_a_service_is_known_by_any_of_its_parties() {
        let is = |grant: Value| Listed::read(&grant).is_of_service;
        let role = "arn:aws:iam::111122223333:role/app";
        assert!(is(json!({"GranteePrincipal": "dynamodb.eu-west-1.amazonaws.com"})));
        assert!(is(json!({"GranteePrincipal": "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-1"})));
        assert!(is(json!({"GranteePrincipal": "arn:aws:iam::111122223333:role/aws-service-role/a.amazonaws.com/A"})));
        assert!(is(json!({"GranteePrincipal": role, "RetiringPrincipal": "rds.eu-west-1.amazonaws.com"})));
        assert!(is(json!({"GranteeServicePrincipal": "x.amazonaws.com"})));
        assert!(!is(json!({"GranteePrincipal": role, "IssuingAccount": "arn:aws:iam::111122223333:root"})));
    }
}
