//! The figure that captured metrics give.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected stops at once")]

use containment::figure::Amount;
use evidence::metrics::Metrics;
use serde_json::json;
use time::OffsetDateTime;

const AT: i64 = 1_790_000_100;

fn metrics(series: &serde_json::Value) -> Metrics {
    let document =
        json!({"instance": "i-1", "namespace": "AWS/EC2", "statistic": "Average", "period_s": 300, "series": series});
    serde_json::from_value(document).unwrap()
}

fn series(id: &str, label: &str, points: &[(i64, Option<f64>)]) -> serde_json::Value {
    let (at, values): (Vec<_>, Vec<_>) = points.iter().copied().unzip();
    json!({"id": id, "label": label, "epoch_s": at, "values": values})
}

fn at() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(AT).unwrap()
}

#[test]
fn the_figure_is_the_peak_around_the_alarm_with_its_band_and_its_peers_at_that_time() {
    let (before, peak, long_ago) = (AT - 700, AT - 400, AT - 80_000);
    let captured = metrics(&json!([
        series("m0", "NetworkOut", &[(long_ago, Some(9e12)), (before, Some(100.0)), (peak, Some(900.0))]),
        series("band", "a", &[(before, Some(80.0)), (peak, Some(120.0))]),
        series("band", "b", &[(before, Some(10.0)), (peak, Some(20.0))]),
        series("p0", "i-a", &[(before, Some(1.0)), (peak, Some(30.0))]),
        series("p1", "i-b", &[(peak, Some(50.0))]),
        series("p2", "i-c", &[(long_ago, Some(7.0))]),
        series("p3", "i-d", &[]),
    ]));
    let figure = captured.figure(at()).unwrap();
    assert_eq!(
        (figure.metric.as_str(), figure.unit.as_deref(), figure.period),
        ("NetworkOut", Some("Bytes"), Some(300))
    );
    let amount = |value| Amount::new(value);
    assert_eq!((Some(figure.value), figure.lower, figure.upper), (amount(900.0), amount(20.0), amount(120.0)));
    assert_eq!((figure.peers, figure.peers_median), (2, amount(40.0)));
}

#[test]
fn what_is_missing_is_left_out_and_without_a_value_there_is_no_figure() {
    let alone = metrics(&json!([series("m0", "CPUUtilization", &[(AT, None), (AT - 300, Some(99.0))])]));
    let figure = alone.figure(at()).unwrap();
    assert_eq!((figure.upper, figure.peers, figure.peers_median), (None, 0, None));
    assert_eq!(metrics(&json!([])).figure(at()), None);
    assert_eq!(metrics(&json!([series("m0", "NetworkOut", &[(AT, None)])])).figure(at()), None);
    assert_eq!(metrics(&json!([series("m0", "NetworkOut", &[(AT - 90_000, Some(1.0))])])).figure(at()), None);
}

#[test]
fn pages_of_one_series_are_one_series() {
    let captured = metrics(&json!([
        series("m0", "NetworkOut", &[(AT - 300, Some(1.0))]),
        series("p0", "i-a", &[(AT - 300, Some(3.0))]),
        series("m0", "NetworkOut", &[(AT, Some(2.0))]),
        series("p0", "i-a", &[(AT, Some(5.0))]),
    ]));
    assert_eq!(captured.own(), [(AT - 300, 1.0), (AT, 2.0)]);
    assert_eq!(captured.peers(), [("i-a", vec![(AT - 300, 3.0), (AT, 5.0)])]);
}
