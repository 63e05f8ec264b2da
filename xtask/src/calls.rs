//! The account's own record of calls and invocations, and the figures that follow from it.

use crate::account::LocalAccount;
use crate::failure::Result;
use serde::Deserialize;
use serde_json::Value;

/// One AWS call. Times are Unix milliseconds.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    pub n: u64,
    pub action: String,
    /// The function that made it, none for anybody else.
    pub function: Option<String>,
    pub request_id: Option<String>,
    pub started_ms: f64,
    pub ended_ms: f64,
    pub status: u16,
    pub error: Option<String>,
    pub params: serde_json::Map<String, Value>,
}

impl Call {
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status) && self.error.is_none()
    }

    /// A text parameter; empty where there is none.
    pub fn parameter(&self, name: &str) -> &str {
        self.params.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn is_read(&self) -> bool {
        ["Describe", "Get", "List", "BatchGet", "Query", "Head", "Scan"]
            .iter()
            .any(|verb| self.action.starts_with(verb))
    }
}

/// One attempt at one invocation of a function, listed once it has ended.
#[derive(Debug, Clone, Deserialize)]
pub struct Invocation {
    pub request_id: String,
    pub payload: Value,
}

impl Invocation {
    /// When SNS took the alarm's message, in its own words.
    pub fn published_at(&self) -> Option<&str> {
        self.payload.pointer("/Records/0/Sns/Timestamp").and_then(Value::as_str)
    }
}

pub fn since(account: &LocalAccount, n: u64) -> Result<Vec<Call>> {
    let mut answer = account.get(&format!("calls?since={n}"))?;
    Ok(serde_json::from_value(answer.get_mut("calls").map(Value::take).unwrap_or_default())?)
}

pub fn invocations(account: &LocalAccount) -> Result<Vec<Invocation>> {
    Ok(serde_json::from_value(account.get("invocations")?)?)
}

/// The last swap of one of the interfaces into a security group, by whichever function made it.
pub fn last_swap<'a>(calls: &'a [Call], interfaces: &[&str]) -> Option<&'a Call> {
    calls
        .iter()
        .filter(|call| call.action == "ModifyNetworkInterfaceAttribute" && call.succeeded())
        .filter(|call| interfaces.contains(&call.parameter("NetworkInterfaceId")))
        .max_by(|one, other| one.ended_ms.total_cmp(&other.ended_ms))
}

/// The longest chain of calls of one invocation none of which overlaps the next, up to `until` (Unix milliseconds).
/// Calls made at once count as one, however many they are.
pub fn round_trips(calls: &[Call], request_id: &str, until: f64) -> usize {
    let mut own: Vec<_> =
        calls.iter().filter(|call| call.request_id.as_deref() == Some(request_id) && call.ended_ms <= until).collect();
    own.sort_by(|one, other| one.ended_ms.total_cmp(&other.ended_ms));
    let mut chain = 0;
    let mut last_ended = f64::NEG_INFINITY;
    for call in own {
        // Taking the call that ends first leaves the most room for others: the chain is the longest there is.
        if call.started_ms >= last_ended {
            chain += 1;
            last_ended = call.ended_ms;
        }
    }
    chain
}

/// Unix milliseconds of an RFC 3339 time in UTC, `2026-11-22T10:00:00.123Z`.
pub fn unix_milliseconds(text: &str) -> Option<f64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut time = time.splitn(3, ':');
    let (hours, minutes) = (time.next()?.parse::<i32>().ok()?, time.next()?.parse::<i32>().ok()?);
    let seconds: f64 = time.next()?.parse().ok()?;
    // Days since 1970, by a calendar whose year begins in March, so that a leap day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    let days = f64::from(i32::try_from(days).ok()?);
    Some((days * 86_400.0 + f64::from(hours) * 3_600.0 + f64::from(minutes) * 60.0 + seconds) * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(started_ms: f64, ended_ms: f64) -> Call {
        Call {
            n: 0,
            action: "DescribeInstances".to_owned(),
            function: None,
            request_id: Some("a".to_owned()),
            started_ms,
            ended_ms,
            status: 200,
            error: None,
            params: serde_json::Map::new(),
        }
    }

    #[test]
    fn calls_at_once_are_one_round_trip() {
        let calls = [call(0.0, 50.0), call(1.0, 55.0), call(2.0, 49.0), call(56.0, 100.0), call(101.0, 150.0)];
        assert_eq!(round_trips(&calls, "a", 150.0), 3);
    }

    #[test]
    fn a_chain_beside_a_slow_call_counts_in_full() {
        let calls = [call(0.0, 200.0), call(0.0, 50.0), call(51.0, 100.0), call(101.0, 150.0)];
        assert_eq!(round_trips(&calls, "a", 200.0), 3);
    }

    #[test]
    fn calls_after_the_end_and_of_other_invocations_do_not_count() {
        let other = Call { request_id: Some("b".to_owned()), ..call(51.0, 60.0) };
        let calls = [call(0.0, 50.0), other, call(60.0, 110.0)];
        assert_eq!(round_trips(&calls, "a", 100.0), 1);
    }

    #[test]
    fn times_are_read_across_leap_days_and_year_ends() {
        assert_eq!(unix_milliseconds("1970-01-01T00:00:00.000Z"), Some(0.0));
        assert_eq!(unix_milliseconds("2024-02-29T12:00:00.250Z"), Some(1_709_208_000_250.0));
        assert_eq!(unix_milliseconds("2026-12-31T23:59:59Z"), Some(1_798_761_599_000.0));
        assert_eq!(unix_milliseconds("2026-12-31 23:59:59"), None);
    }
}
