//! Findings that somebody accepts for a while, and says why.

use crate::MAX_FILE_BYTES;
use crate::controls::CONTROLS;
use crate::finding::{Finding, Problem, Status, Suppressed};
use iam_policy::{PolicyError, is_like, json};
use serde::Deserialize;
use serde_json::Value;
use time::{Date, Month, OffsetDateTime};

/// `{"suppressions": [{"control", "resource", "principal", "reason", "expires"}]}`
#[derive(Debug)]
pub(crate) struct Suppressions {
    all: Vec<Suppression>,
    /// Entries that can't be read, and suppress nothing.
    pub(crate) unread: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suppression {
    control: String,
    /// An ARN; `*` and `?` are wildcards.
    resource: String,
    principal: Option<String>,
    reason: String,
    /// The last day, as 2027-01-31.
    expires: String,
}

impl Suppressions {
    /// # Errors
    /// No JSON, or no list of suppressions. An entry that can't be read is kept apart.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "suppressions";
        let mut file = json::read(bytes, MAX_FILE_BYTES, name)?;
        let Some(Value::Array(entries)) = file.get_mut(name).map(Value::take) else {
            return Err(PolicyError::new(name, "expected an object with a list suppressions"));
        };
        let mut read = Self { all: Vec::new(), unread: Vec::new() };
        for (index, entry) in entries.into_iter().enumerate() {
            let one = serde_json::from_value::<Suppression>(entry).map_err(|error| error.to_string());
            match one.and_then(|one| one.checked()) {
                Ok(one) => read.all.push(one),
                Err(problem) => {
                    let problem = format!("{problem}; it suppresses nothing");
                    read.unread.push(Problem { at: format!("{name}[{index}]"), problem });
                }
            }
        }
        Ok(read)
    }

    /// Marks what is suppressed. Answers what deserves to be seen: suppressions that are over, or concern nothing.
    pub(crate) fn apply(&self, findings: &mut [Finding], now: Option<OffsetDateTime>) -> Vec<String> {
        let today = now.map(OffsetDateTime::date);
        let mut notes = Vec::new();
        for one in &self.all {
            let is_over = match (today, date(&one.expires)) {
                (Some(today), Some(last)) => today > last,
                // Without the time nobody knows whether it is.
                _ => true,
            };
            let mut concerned = 0_usize;
            for finding in findings.iter_mut().filter(|finding| one.concerns(finding)) {
                concerned += 1;
                if !is_over {
                    let (reason, expires) = (one.reason.clone(), Some(one.expires.clone()));
                    finding.suppressed = Some(Suppressed { reason, expires });
                }
            }
            let what = format!("the suppression of {} on {}", one.control, one.resource);
            if concerned == 0 {
                notes.push(format!("{what} concerns no finding: remove it"));
            } else if is_over {
                notes.push(format!("{what} expired on {}: renew it, or mend what it was for", one.expires));
            }
        }
        notes
    }
}

impl Suppression {
    fn checked(self) -> Result<Self, String> {
        if !CONTROLS.iter().any(|control| control.id == self.control) {
            return Err(format!("there is no control {:?}; each is suppressed by its own name", self.control));
        }
        if self.reason.trim().is_empty() {
            return Err("has no reason".to_owned());
        }
        if date(&self.expires).is_none() {
            return Err(format!("expires {:?} is no day; write it as 2027-01-31", self.expires));
        }
        if self.resource.chars().all(|character| matches!(character, '*' | '?')) {
            return Err("its resource is everything; name what it is for".to_owned());
        }
        Ok(self)
    }

    fn concerns(&self, finding: &Finding) -> bool {
        let by = |wanted: &Option<String>, found: &Option<String>| match wanted {
            None => true,
            Some(wanted) => found.as_ref().is_some_and(|found| is_like(found, wanted)),
        };
        finding.status == Status::Fail
            && finding.control == self.control
            && finding.resource.as_ref().is_some_and(|resource| is_like(resource, &self.resource))
            && by(&self.principal, &finding.principal)
    }
}

fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::Suppressions;
    use crate::finding::{Finding, Severity, Status};
    use serde_json::{Value, json};
    use time::macros::datetime;

    fn finding(resource: &str) -> Finding {
        Finding::fail("iam-inline-policy", Severity::Low, "has it".to_owned(), "").of(resource)
    }

    fn entry(change: &Value) -> Value {
        let mut entry = json!({"control": "iam-inline-policy", "resource": "arn:aws:iam::1:role/app-*", "reason": "agreed",
            "expires": "2026-12-31"});
        for (name, value) in change.as_object().unwrap() {
            entry[name] = value.clone();
        }
        entry
    }

    fn parsed(entries: &[Value]) -> Suppressions {
        Suppressions::parse(json!({"suppressions": entries}).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_suppressed_still_fails_and_says_why_until_its_last_day_is_over() {
        let suppressions = parsed(&[entry(&json!({}))]);
        for (now, counts) in [(datetime!(2026-12-31 23:59 UTC), false), (datetime!(2027-01-01 00:00 UTC), true)] {
            let mut findings = vec![finding("arn:aws:iam::1:role/app-one"), finding("arn:aws:iam::1:role/other")];
            let notes = suppressions.apply(&mut findings, Some(now));
            assert!(findings.iter().all(|one| one.status == Status::Fail));
            assert_eq!(findings[0].suppressed.is_none(), counts, "{now}");
            assert!(findings[1].suppressed.is_none());
            assert_eq!(notes.iter().any(|note| note.contains("expired on 2026-12-31")), counts);
        }
        let mut findings = vec![finding("arn:aws:iam::1:role/app-one")];
        suppressions.apply(&mut findings, None);
        assert!(findings[0].suppressed.is_none(), "without the time none holds");
    }

    #[test]
    fn one_that_concerns_nothing_is_told() {
        let notes = parsed(&[entry(&json!({}))]).apply(&mut [], Some(datetime!(2026-01-01 00:00 UTC)));
        assert!(notes[0].contains("concerns no finding"), "{notes:?}");
    }

    #[test]
    fn what_is_too_wide_unknown_or_without_reason_or_end_suppresses_nothing_and_is_an_error() {
        for change in [
            json!({"control": "*"}),
            json!({"control": "iam-misspelt"}),
            json!({"resource": "*"}),
            json!({"resource": "**?"}),
            json!({"reason": "  "}),
            json!({"expires": "never"}),
            json!({"expires": "2026-02-30"}),
            json!({"resourse": "a typing error"}),
        ] {
            let suppressions = parsed(&[entry(&change)]);
            assert_eq!((suppressions.all.len(), suppressions.unread.len()), (0, 1), "{change}");
        }
        for file in ["", "[]", "{}", r#"{"suppressions": {}}"#] {
            assert!(Suppressions::parse(file.as_bytes()).is_err(), "{file}");
        }
    }
}
