//! Whatever CloudWatch gives, a page is made, and it stays small.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected stops at once")]

#[path = "../examples/sample_report/scene.rs"]
mod scene;

use containment::incident::StepStatus;
use containment::journal::EventBody;
use containment::step::Step;
use proptest::prelude::*;
use report::{BandPoint, Peer, Point, Traffic, Window};
use scene::{ALARM, opening, partly_contained};
use std::time::Instant;
use time::{Duration, OffsetDateTime};

const LARGEST_PAGE: usize = 3 * 1024 * 1024;

fn any_time() -> impl Strategy<Value = OffsetDateTime> {
    let nearby = (-100_000_i64..100_000).prop_map(|seconds| ALARM + Duration::seconds(seconds));
    let any = (-377_705_116_800_i64..=253_402_300_799).prop_map(|at| OffsetDateTime::from_unix_timestamp(at).unwrap());
    prop_oneof![8 => nearby, 1 => any]
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1e9_f64, any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(0.0), Just(-0.0), Just(2e108)]
}

fn any_points() -> impl Strategy<Value = Vec<Point>> {
    let point = (any_time(), any_value()).prop_map(|(at, value)| Point { at, value });
    prop::collection::vec(point, 0..40)
}

prop_compose! {
    fn any_traffic()(
        points in any_points(),
        band in prop::collection::vec((any_time(), any_value(), any_value()), 0..20),
        peers in prop::collection::vec(any_points(), 0..4),
        period in any::<u32>(),
        alarm in prop::option::of((any_time(), prop::option::of(any_time()))),
    ) -> Traffic {
        Traffic {
            metric: "NetworkOut".to_owned(),
            unit: "Bytes".to_owned(),
            period,
            points,
            band: band.into_iter().map(|(at, lower, upper)| BandPoint { at, lower, upper }).collect(),
            peers: peers.into_iter().map(|points| Peer { instance: "i-1".to_owned(), points }).collect(),
            alarm: alarm.map(|(from, until)| Window { from, until }),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_traffic_makes_a_page_and_a_document(traffic in any_traffic()) {
        let has_number = traffic.points.iter().any(|point| point.value.abs() <= 1e9);
        let mut scene = partly_contained();
        scene.traffic = Some(traffic);
        let page = report::html(&scene.report()).unwrap();
        prop_assert!(!has_number || page.contains("<svg class=\"plot wide\""));
        prop_assert!(!page.contains("NaN") && !page.contains("inf "));
        let document: serde_json::Value = serde_json::from_str(&report::json(&scene.report()).unwrap()).unwrap();
        prop_assert_eq!(&document["traffic"]["period"], &serde_json::json!(scene.traffic.as_ref().unwrap().period));
    }
}

#[test]
fn one_point_is_drawn_as_a_dot() {
    let mut scene = partly_contained();
    let traffic = scene.traffic.as_mut().unwrap();
    traffic.points.truncate(1);
    traffic.peers.clear();
    let page = report::html(&scene.report()).unwrap();
    assert!(page.contains("<circle") && page.contains("There is only one data point."));
}

#[test]
fn a_gap_is_left_open_and_told() {
    let whole = partly_contained();
    let mut gapped = partly_contained();
    gapped.traffic.as_mut().unwrap().points.drain(60..90);
    let lines = |scene: &scene::Scene| report::html(&scene.report()).unwrap().matches("<polyline").count();
    // One line more in each of the two drawings.
    assert_eq!(lines(&gapped), lines(&whole) + 2);
    assert!(report::html(&gapped.report()).unwrap().contains("Data is missing for 31 min"));
}

#[test]
fn alarm_isolation_and_stop_are_marked() {
    let page = report::html(&partly_contained().report()).unwrap();
    for mark in ["alarm 02:47", "isolated 02:47", "stopped 02:49"] {
        assert_eq!(page.matches(mark).count(), 2, "{mark}");
    }
}

#[test]
fn the_largest_incident_makes_a_page_below_three_megabytes() {
    let detail = "eni-0123456789abcdef0, eni-0123456789abcdef1 into sg-0123456789abcdef0 ".repeat(3);
    let status = |number: usize| match number % 3 {
        0 => StepStatus::failed("RequestLimitExceeded: request limit exceeded"),
        1 => StepStatus::waiting("the group drains it from its load balancer"),
        _ => StepStatus::Done,
    };
    let report =
        |number: usize| EventBody::reported(Step::ALL[number % Step::ALL.len()], status(number), Some(detail.clone()));
    let bodies: Vec<_> = (0..499).map(|number| (number as f64, report(number))).collect();
    let mut scene = scene::scene(opening(), &bodies);
    let at = |index: i64| ALARM + Duration::minutes(index - 19_900);
    // Every other value is missing: as many pieces as can be.
    let value = |index: i64| if index % 2 == 0 { (index * 7_919 % 1_009) as f64 * 1e6 } else { f64::NAN };
    let points: Vec<_> = (0..20_000).map(|index| Point { at: at(index), value: value(index) }).collect();
    scene.traffic = Some(Traffic {
        band: (0..20_000).map(|index| BandPoint { at: at(index), lower: 1e6, upper: 9e7 }).collect(),
        peers: (0..8).map(|number| Peer { instance: format!("i-{number}"), points: points.clone() }).collect(),
        points,
        ..scene::traffic()
    });
    let started = Instant::now();
    let page = report::html(&scene.report()).unwrap();
    println!("largest incident: a page of {} bytes in {:?}", page.len(), started.elapsed());
    assert_eq!(scene.events.len(), 500);
    assert!(page.len() < LARGEST_PAGE, "{} bytes", page.len());
}
