//! What an alarm's reason gives as a figure, and what becomes of numbers on their way through the journal.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

use containment::figure::{Amount, Figure, Side, median};
use proptest::prelude::*;
use serde_json::json;

fn amount(value: f64) -> Option<Amount> {
    Amount::new(value)
}

fn of(data: &serde_json::Value) -> Option<Figure> {
    Figure::of_reason("NetworkOut", &data.to_string(), Side::Above)
}

#[test]
fn a_bands_figure_is_the_point_that_lies_furthest_outside_it() {
    let figure = of(&json!({"period": 60, "queryDate": "x", "recentDatapoints": [90.0, 500.0, 300.0],
        "recentLowerThresholds": [10.0, 10.0, 10.0], "recentUpperThresholds": [100.0, 450.0, 120.0]}));
    let figure = figure.unwrap();
    assert_eq!((figure.value, figure.upper, figure.lower), (amount(300.0).unwrap(), amount(120.0), amount(10.0)));
    assert_eq!((figure.unit.as_deref(), figure.period, figure.peers), (Some("Bytes"), Some(60), 0));
    let low = of(&json!({"recentDatapoints": [50.0, 1.0], "recentLowerThresholds": [40.0, 40.0]})).unwrap();
    assert_eq!((low.value, low.lower, low.upper), (amount(1.0).unwrap(), amount(40.0), None));
}

#[test]
fn a_thresholds_figure_is_the_point_furthest_on_the_side_that_alarms() {
    let data = json!({"recentDatapoints": [0.0, 1.1e6, null], "threshold": 1e6}).to_string();
    let of = |side| Figure::of_reason("NetworkOut", &data, side).unwrap().value;
    assert_eq!(of(Side::Above), amount(1.1e6).unwrap());
    assert_eq!(of(Side::Below), amount(0.0).unwrap());
}

#[test]
fn what_holds_no_figure_gives_none_and_does_not_fail() {
    for none in
        [json!({}), json!([1]), json!("x"), json!({"recentDatapoints": "1"}), json!({"recentDatapoints": [null, "7"]})]
    {
        assert_eq!(of(&none), None, "{none}");
    }
    for text in ["", "not JSON", "{\"recentDatapoints\":[1e999]}"] {
        assert_eq!(Figure::of_reason("m", text, Side::Above), None, "{text}");
    }
    let long = format!("{{\"recentDatapoints\":[1.0],\"x\":\"{}\"}}", "x".repeat(20_000));
    assert_eq!(Figure::of_reason("m", &long, Side::Above), None);
}

#[test]
fn an_unknown_metric_has_no_unit_and_a_long_name_is_cut() {
    let figure = Figure::new(&"é".repeat(1_000), amount(1.0).unwrap());
    assert_eq!((figure.unit, figure.metric.chars().count()), (None, 255));
}

#[test]
fn the_median_is_the_middle_and_nothing_has_none() {
    assert_eq!(median(&[5.0, 1.0, 3.0]), amount(3.0));
    assert_eq!(median(&[1.0, 3.0]), amount(2.0));
    assert_eq!(median(&[f64::NAN]), None);
}

proptest! {
    #[test]
    fn a_figure_is_the_same_after_the_journal_was_read_back(value in any::<f64>(), upper in any::<f64>()) {
        if let Some(value) = amount(value) {
            let figure = Figure { upper: amount(upper), ..Figure::new("NetworkOut", value) };
            let text = serde_json::to_string(&figure).unwrap();
            prop_assert_eq!(serde_json::from_str::<Figure>(&text).unwrap(), figure);
        }
    }

    #[test]
    fn no_reason_makes_the_reading_fail(text in any::<String>()) {
        let figure = Figure::of_reason("m", &text, Side::Above);
        prop_assert!(figure.is_none() || serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }
}
