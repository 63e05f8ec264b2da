//! A signal nominates; only what AWS answered makes it true.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops at once"
)]

mod support;

use containment::figure::{Amount, Figure};
use containment::observed::{AlarmDefinition, Contributor, HistoryItem, ObservedAlarm, ObservedMetric};
use containment::refusal::Refusal;
use containment::verify::{AlarmEvidence, Deployment, VerifiedAlarm, nominated_by_children, verify, verify_group};
use signal::{AlarmKind, AlarmSignal, AlarmState, Transition, Via};
use std::collections::BTreeMap;
use support::*;
use time::Duration;

const NAME: &str = "cordon/web/i-00000000000000000/NetworkOut";

fn signal(name: &str) -> AlarmSignal {
    AlarmSignal {
        alarm: alarm_arn(name),
        kind: AlarmKind::AnomalyBand,
        transition: Transition { from: Some(AlarmState::Ok), to: AlarmState::Alarm, at: now() },
        nominated: vec![instance_id(0)],
        triggering_children: Vec::new(),
        contributor: None,
        metric_accounts: Vec::new(),
        via: Via::Sns {
            topic: deployment().alarm_topics[0].parse().unwrap(),
            message_id: "m".to_owned(),
            published_at: now(),
        },
        digest: "0".repeat(64),
    }
}

fn metric(number: usize) -> ObservedMetric {
    ObservedMetric {
        namespace: "AWS/EC2".to_owned(),
        name: "NetworkOut".to_owned(),
        dimensions: vec![("InstanceId".to_owned(), instance_id(number).to_string())],
        account: None,
    }
}

fn alarm(name: &str, definition: AlarmDefinition) -> ObservedAlarm {
    ObservedAlarm {
        arn: alarm_arn(name),
        definition,
        state: AlarmState::Alarm,
        transitioned_at: now() - Duration::seconds(1),
        evaluated: true,
        actions_enabled: true,
        actions: deployment().alarm_topics,
        figure: None,
    }
}

fn metric_alarm() -> ObservedAlarm {
    alarm(NAME, AlarmDefinition::Metric { metrics: vec![metric(0)] })
}

fn check_with(
    alarms: Vec<ObservedAlarm>,
    signal: &AlarmSignal,
    deployment: &Deployment,
) -> Result<VerifiedAlarm, Refusal> {
    let evidence = AlarmEvidence { alarms, ..AlarmEvidence::default() };
    verify(signal, &instance_id(0), &evidence, deployment)
}

fn check(alarms: Vec<ObservedAlarm>) -> Result<VerifiedAlarm, Refusal> {
    check_with(alarms, &signal(NAME), &deployment())
}

#[test]
fn a_true_alarm_is_verified_with_awss_own_time() {
    let verified = check(vec![metric_alarm()]).unwrap();
    assert_eq!(verified.transitioned_at, metric_alarm().transitioned_at);
    assert!(!verified.drill);
}

#[test]
fn a_forged_message_about_an_alarm_that_does_not_exist_is_refused() {
    assert_eq!(check(Vec::new()).unwrap_err(), Refusal::AlarmNotFound);
}

#[test]
fn a_replay_of_an_alarm_that_is_over_is_refused() {
    for state in [AlarmState::Ok, AlarmState::InsufficientData] {
        let over = ObservedAlarm { state, ..metric_alarm() };
        assert!(matches!(check(vec![over]).unwrap_err(), Refusal::NotInAlarm { .. }));
    }
}

#[test]
fn an_alarm_of_another_account_region_or_partition_is_refused() {
    for arn in [
        "arn:aws:cloudwatch:eu-west-1:999999999999:alarm:x",
        "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:x",
        "arn:aws-cn:cloudwatch:eu-west-1:123456789012:alarm:x",
    ] {
        let foreign = AlarmSignal { alarm: arn.parse().unwrap(), ..signal(NAME) };
        let refusal = check_with(vec![metric_alarm()], &foreign, &deployment()).unwrap_err();
        assert!(matches!(refusal, Refusal::AlarmElsewhere { .. }), "{arn}");
    }
}

#[test]
fn a_message_through_a_foreign_topic_is_refused() {
    let mut foreign = signal(NAME);
    foreign.via = Via::Sns {
        topic: "arn:aws:sns:eu-west-1:123456789012:other".parse().unwrap(),
        message_id: "m".to_owned(),
        published_at: now(),
    };
    let refusal = check_with(vec![metric_alarm()], &foreign, &deployment()).unwrap_err();
    assert!(matches!(refusal, Refusal::ForeignTopic { .. }));
}

#[test]
fn an_alarm_that_does_not_lead_here_is_refused_however_it_came() {
    let elsewhere =
        ObservedAlarm { actions: vec!["arn:aws:sns:eu-west-1:123456789012:other".to_owned()], ..metric_alarm() };
    let disabled = ObservedAlarm { actions_enabled: false, ..metric_alarm() };
    for via in [signal(NAME).via, Via::LambdaAction, Via::EventBridge { event_id: "e".to_owned() }] {
        let signal = AlarmSignal { via, ..signal(NAME) };
        for alarm in [&elsewhere, &disabled] {
            let refusal = check_with(vec![alarm.clone()], &signal, &deployment()).unwrap_err();
            assert_eq!(refusal, Refusal::NotRoutedHere);
        }
    }
    let direct = ObservedAlarm { actions: deployment().function_arn.into_iter().collect(), ..metric_alarm() };
    let signal = AlarmSignal { via: Via::LambdaAction, ..signal(NAME) };
    assert!(check_with(vec![direct], &signal, &deployment()).is_ok());
}

#[test]
fn an_alarm_about_another_instance_is_refused() {
    let other = alarm(NAME, AlarmDefinition::Metric { metrics: vec![metric(1)] });
    assert!(matches!(check(vec![other]).unwrap_err(), Refusal::DoesNotNameInstance { .. }));
}

#[test]
fn an_alarm_that_also_reads_another_instance_is_refused() {
    let both = alarm(NAME, AlarmDefinition::Metric { metrics: vec![metric(0), metric(1)] });
    assert!(matches!(check(vec![both]).unwrap_err(), Refusal::DoesNotNameInstance { .. }));
    let none = alarm(NAME, AlarmDefinition::Metric { metrics: Vec::new() });
    assert!(matches!(check(vec![none]).unwrap_err(), Refusal::DoesNotNameInstance { .. }));
}

#[test]
fn a_metric_that_others_than_ec2_can_write_is_refused() {
    for namespace in ["Custom", "AWS/EC2/x", "aws/ec2", ""] {
        let custom = ObservedMetric { namespace: namespace.to_owned(), ..metric(0) };
        let refusal =
            check(vec![alarm(NAME, AlarmDefinition::Metric { metrics: vec![metric(0), custom] })]).unwrap_err();
        assert!(matches!(refusal, Refusal::UntrustedMetric { .. }), "{namespace}");
    }
}

#[test]
fn a_metric_of_another_account_is_refused() {
    let foreign = ObservedMetric { account: Some("999999999999".parse().unwrap()), ..metric(0) };
    let refusal = check(vec![alarm(NAME, AlarmDefinition::Metric { metrics: vec![foreign] })]).unwrap_err();
    assert!(matches!(refusal, Refusal::MetricElsewhere { .. }));
}

#[test]
fn a_further_dimension_beside_the_instance_is_refused() {
    let mut more = metric(0);
    more.dimensions.push(("Mine".to_owned(), "x".to_owned()));
    let refusal = check(vec![alarm(NAME, AlarmDefinition::Metric { metrics: vec![more] })]).unwrap_err();
    assert!(matches!(refusal, Refusal::DoesNotNameInstance { .. }));
}

fn composite(rule: &str, child: ObservedAlarm) -> Result<VerifiedAlarm, Refusal> {
    let parent =
        ObservedAlarm { evaluated: false, ..alarm("both", AlarmDefinition::Composite { rule: rule.to_owned() }) };
    check_with(vec![parent, child], &signal("both"), &deployment())
}

#[test]
fn a_composite_is_verified_through_a_child_that_its_rule_names_and_that_is_in_alarm() {
    let rule = format!("ALARM(\"{NAME}\") AND NOT ALARM(\"deploying\")");
    assert!(composite(&rule, metric_alarm()).is_ok());
    assert!(composite(&format!("ALARM(\"{}\")", alarm_arn(NAME)), metric_alarm()).is_ok());
    assert_eq!(composite("ALARM(\"other\")", metric_alarm()).unwrap_err(), Refusal::NoChildInAlarm);
    assert_eq!(composite(&format!("NOT ALARM(\"{NAME}\")"), metric_alarm()).unwrap_err(), Refusal::NoChildInAlarm);
    let over = ObservedAlarm { state: AlarmState::Ok, ..metric_alarm() };
    assert_eq!(composite(&rule, over).unwrap_err(), Refusal::NoChildInAlarm);
    let by_hand = ObservedAlarm { evaluated: false, ..metric_alarm() };
    assert_eq!(composite(&rule, by_hand).unwrap_err(), Refusal::NoChildInAlarm);
    let other = alarm(NAME, AlarmDefinition::Metric { metrics: vec![metric(1)] });
    assert!(matches!(composite(&rule, other).unwrap_err(), Refusal::DoesNotNameInstance { .. }));
}

#[test]
fn the_children_of_a_composite_nominate_each_instance_once() {
    let children = [metric_alarm(), alarm("b", AlarmDefinition::Metric { metrics: vec![metric(0), metric(2)] })];
    assert_eq!(nominated_by_children(&children), [instance_id(0), instance_id(2)]);
}

fn multi_series(query: &str, contributor: usize) -> Result<VerifiedAlarm, Refusal> {
    let definition = AlarmDefinition::MultiSeries { query: query.to_owned(), account: None };
    let attributes = BTreeMap::from([("InstanceId".to_owned(), instance_id(contributor).to_string())]);
    let transitioned_at = Some(now() - Duration::seconds(9));
    let evidence = AlarmEvidence {
        alarms: vec![alarm("fleet", definition)],
        contributors: vec![Contributor { attributes, transitioned_at }],
        history: Vec::new(),
        ..AlarmEvidence::default()
    };
    verify(&signal("fleet"), &instance_id(0), &evidence, &deployment())
}

#[test]
fn a_multi_series_alarm_is_verified_through_its_contributors() {
    let query = r#"SELECT SUM(NetworkOut) FROM SCHEMA("AWS/EC2", InstanceId) GROUP BY InstanceId"#;
    let verified = multi_series(query, 0).unwrap();
    assert_eq!(verified.transitioned_at, now() - Duration::seconds(9), "the contributor's own transition");
    assert_eq!(multi_series(query, 1).unwrap_err(), Refusal::NotAContributor);
    let custom = r#"SELECT SUM(x) FROM "Mine" GROUP BY InstanceId"#;
    assert!(matches!(multi_series(custom, 0).unwrap_err(), Refusal::UntrustedMetric { .. }));
    assert!(matches!(multi_series("sum by (InstanceId) (x)", 0).unwrap_err(), Refusal::UntrustedMetric { .. }));
}

/// The alarm's state was set by hand; `at` is when its history says so.
fn drill(state: AlarmState, at: Option<Duration>, allowed: bool) -> Result<VerifiedAlarm, Refusal> {
    let evidence = AlarmEvidence {
        alarms: vec![ObservedAlarm { state, evaluated: false, ..metric_alarm() }],
        contributors: Vec::new(),
        history: at.map(|at| HistoryItem { at: now() + at, to: AlarmState::Alarm }).into_iter().collect(),
        ..AlarmEvidence::default()
    };
    verify(&signal(NAME), &instance_id(0), &evidence, &Deployment { drills_allowed: allowed, ..deployment() })
}

#[test]
fn a_state_set_by_hand_is_a_drill_only_where_drills_are_allowed_and_history_agrees() {
    let by = Duration::milliseconds(900);
    let near = Some(by);
    for state in [AlarmState::Alarm, AlarmState::Ok] {
        let verified = drill(state, near, true).unwrap();
        assert!(verified.drill);
        assert_eq!(verified.transitioned_at, now() + by, "AWS's record of the drill: the state is long back");
        assert!(drill(state, near, false).is_err());
        assert!(drill(state, Some(Duration::seconds(30)), true).is_err());
        assert!(drill(state, None, true).is_err());
    }
    assert!(matches!(drill(AlarmState::Alarm, near, false).unwrap_err(), Refusal::DrillNotAllowed { .. }));
    assert!(matches!(drill(AlarmState::Ok, near, false).unwrap_err(), Refusal::NotInAlarm { .. }));
}

#[test]
fn the_figure_is_that_of_the_alarm_that_names_the_instance_and_never_a_drills() {
    let figure = Amount::new(9e8).map(|value| Figure::new("NetworkOut", value));
    let with_figure = || ObservedAlarm { figure: figure.clone(), ..metric_alarm() };
    assert_eq!(check(vec![with_figure()]).unwrap().figure, figure);
    assert_eq!(composite(&format!("ALARM(\"{NAME}\")"), with_figure()).unwrap().figure, figure);
    let evidence = AlarmEvidence {
        alarms: vec![ObservedAlarm { evaluated: false, ..with_figure() }],
        contributors: Vec::new(),
        history: vec![HistoryItem { at: now(), to: AlarmState::Alarm }],
        ..AlarmEvidence::default()
    };
    let allowed = Deployment { drills_allowed: true, ..deployment() };
    let drilled = verify(&signal(NAME), &instance_id(0), &evidence, &allowed).unwrap();
    assert!(drilled.drill && drilled.figure.is_none());
}

const OF_FLEET: &str = "cordon/web/fleet/FleetLogRatio";

fn fleet_metric() -> ObservedMetric {
    ObservedMetric {
        namespace: "Cordon".to_owned(),
        name: "FleetLogRatio".to_owned(),
        dimensions: vec![("AutoScalingGroupName".to_owned(), "web".to_owned())],
        account: None,
    }
}

fn fleet_alarm(metrics: Vec<ObservedMetric>) -> ObservedAlarm {
    alarm(OF_FLEET, AlarmDefinition::Metric { metrics })
}

fn by_fleet(alarm: ObservedAlarm, standing_out: &[usize]) -> Result<VerifiedAlarm, Refusal> {
    let standing_out = standing_out.iter().map(|number| instance_id(*number)).collect();
    let evidence = AlarmEvidence { alarms: vec![alarm], standing_out, ..AlarmEvidence::default() };
    verify(&signal(OF_FLEET), &instance_id(0), &evidence, &deployment())
}

fn group_of(alarm: ObservedAlarm) -> Result<String, Refusal> {
    let evidence = AlarmEvidence { alarms: vec![alarm], ..AlarmEvidence::default() };
    verify_group(&signal(OF_FLEET), &evidence, &deployment()).map(|group| group.to_string())
}

#[test]
fn a_fleet_alarm_nominates_its_group_and_of_it_only_who_stands_out() {
    let ringing = || fleet_alarm(vec![fleet_metric()]);
    assert_eq!(group_of(ringing()), Ok("web".to_owned()));
    assert!(by_fleet(ringing(), &[1, 0]).is_ok());
    assert!(matches!(by_fleet(ringing(), &[1]), Err(Refusal::NothingStandsOut { .. })));
    let figure = Amount::new(9.0).map(|value| Figure::new("FleetLogRatio", value));
    assert_eq!(by_fleet(ObservedAlarm { figure, ..ringing() }, &[0]).unwrap().figure, None);
    let over = ObservedAlarm { state: AlarmState::Ok, ..ringing() };
    assert!(matches!(group_of(over), Err(Refusal::NotInAlarm { .. })));
    let elsewhere = ObservedAlarm { actions: Vec::new(), ..ringing() };
    assert_eq!(group_of(elsewhere), Err(Refusal::NotRoutedHere));
}

#[test]
fn an_alarm_on_any_other_custom_metric_nominates_no_group_and_no_instance() {
    let changes: [fn(&mut ObservedMetric); 5] = [
        |metric| metric.namespace = "Mine".to_owned(),
        |metric| metric.name = "Other".to_owned(),
        |metric| metric.dimensions[0].0 = "InstanceId".to_owned(),
        |metric| metric.dimensions.push(("Zone".to_owned(), "a".to_owned())),
        |metric| metric.account = Some("210987654321".parse().unwrap()),
    ];
    for change in changes {
        let mut metric = fleet_metric();
        change(&mut metric);
        assert_eq!(group_of(fleet_alarm(vec![metric.clone()])), Err(Refusal::NothingNominated), "{metric:?}");
        assert!(by_fleet(fleet_alarm(vec![metric.clone()]), &[0]).is_err(), "{metric:?}");
    }
    assert!(by_fleet(fleet_alarm(vec![fleet_metric(), fleet_metric()]), &[0]).is_err());
}

#[test]
fn a_fleet_alarm_is_no_drill() {
    let by_hand = ObservedAlarm { evaluated: false, ..fleet_alarm(vec![fleet_metric()]) };
    let evidence = AlarmEvidence {
        alarms: vec![by_hand],
        history: vec![HistoryItem { at: now(), to: AlarmState::Alarm }],
        standing_out: vec![instance_id(0)],
        ..AlarmEvidence::default()
    };
    let allowed = Deployment { drills_allowed: true, ..deployment() };
    let refused = verify(&signal(OF_FLEET), &instance_id(0), &evidence, &allowed).unwrap_err();
    assert!(matches!(refused, Refusal::DrillNotAllowed { .. }));
    let refused = verify_group(&signal(OF_FLEET), &evidence, &allowed).unwrap_err();
    assert!(matches!(refused, Refusal::DrillNotAllowed { .. }));
}
