//! The figures of one containment, from the account's own record of calls and invocations.

use crate::calls::{Call, Invocation, last_swap, round_trips, unix_milliseconds};

/// Milliseconds count from the moment SNS took the alarm's message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    pub trips_to_isolated: Option<usize>,
    pub isolated_ms: Option<f64>,
    /// None where the stop was left to the reconciler: that is another chain of calls.
    pub trips_to_stop: Option<usize>,
    pub stop_ms: Option<f64>,
    pub contained_ms: Option<f64>,
}

pub fn figures(
    instance: &str,
    interfaces: &[&str],
    calls: &[Call],
    invocations: &[Invocation],
    contained_at: Option<f64>,
) -> Figures {
    let told =
        invocations.iter().find(|each| each.published_at().is_some() && each.payload.to_string().contains(instance));
    let Some(published) = told.and_then(|each| unix_milliseconds(each.published_at()?)) else {
        return Figures::default();
    };
    let request = told.map(|each| each.request_id.as_str()).unwrap_or_default();
    let swap = last_swap(calls, interfaces);
    let stop = calls
        .iter()
        .find(|call| call.action == "StopInstances" && call.succeeded() && call.parameter("InstanceId.1") == instance);
    let trips = |call: Option<&Call>| {
        let call = call.filter(|call| call.request_id.as_deref() == Some(request))?;
        Some(round_trips(calls, request, call.ended_ms))
    };
    Figures {
        trips_to_isolated: trips(swap),
        isolated_ms: swap.map(|swap| swap.ended_ms - published),
        trips_to_stop: trips(stop),
        stop_ms: stop.map(|stop| stop.ended_ms - published),
        contained_ms: contained_at.map(|at| at - published),
    }
}

/// The middle value; of an even number the lower of the two in the middle, so that it is one that was measured.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value, json};

    fn call(action: &str, request: &str, started_ms: f64, ended_ms: f64, params: Value) -> Call {
        let Value::Object(params) = params else { return call(action, request, started_ms, ended_ms, json!({})) };
        let function = Some("cordon-contain-instance".to_owned());
        let request_id = Some(request.to_owned());
        Call {
            n: 0,
            action: action.to_owned(),
            function,
            request_id,
            started_ms,
            ended_ms,
            status: 200,
            error: None,
            params,
        }
    }

    fn told() -> Invocation {
        let record = json!({"Sns": {"Timestamp": "1970-01-01T00:00:01.000Z", "Message": "about i-1"}});
        Invocation { request_id: "a".to_owned(), payload: json!({"Records": [record]}) }
    }

    #[test]
    fn the_clock_starts_when_the_message_was_taken() {
        let calls = [
            call("DescribeInstances", "a", 1_000.0, 1_050.0, Value::Object(Map::new())),
            call("ModifyNetworkInterfaceAttribute", "a", 1_060.0, 1_110.0, json!({"NetworkInterfaceId": "eni-1"})),
            call("StopInstances", "a", 1_120.0, 1_170.0, json!({"InstanceId.1": "i-1"})),
        ];
        let expected = Figures {
            trips_to_isolated: Some(2),
            isolated_ms: Some(110.0),
            trips_to_stop: Some(3),
            stop_ms: Some(170.0),
            contained_ms: Some(500.0),
        };
        assert_eq!(figures("i-1", &["eni-1"], &calls, &[told()], Some(1_500.0)), expected);
    }

    #[test]
    fn a_stop_by_the_reconciler_has_a_time_and_no_chain() {
        let calls = [call("StopInstances", "b", 3_000.0, 3_050.0, json!({"InstanceId.1": "i-1"}))];
        let figures = figures("i-1", &["eni-1"], &calls, &[told()], None);
        assert_eq!((figures.trips_to_stop, figures.stop_ms), (None, Some(2_050.0)));
    }

    #[test]
    fn the_median_is_a_value_that_was_measured() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.0));
        assert_eq!(median([]), None);
    }
}
