//! The finding of each state.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected stops at once")]

mod support;

use containment::figure::Figure;
use containment::guards::Guard;
use containment::incident::{Incident, IncidentState};
use containment::refusal::Refusal;
use notice::{Finding, FindingSeverity, RecordState, WorkflowStatus, finding};
use support::*;
use time::Duration;

fn of(incident: &Incident) -> Option<Finding> {
    here(|place| finding(incident, place, at() + Duration::minutes(3)))
}

fn released() -> Incident {
    Incident { state: IncidentState::Released, ..contained() }
}

#[test]
fn an_incident_is_one_finding_for_its_whole_life() {
    let life = [isolated(), contained(), partial(), released()].map(|incident| of(&incident).unwrap());
    for finding in &life {
        assert_eq!(finding.id, "eu-west-1/123456789012/cordon/inc-20260921-141320-0a1b2c3d4e");
        assert_eq!((finding.created_at, finding.updated_at), (at(), at() + Duration::minutes(3)));
        assert_eq!(finding.resource_arn, format!("arn:aws:ec2:eu-west-1:123456789012:instance/{INSTANCE}"));
        assert_eq!(finding.finding_type, "Unusual Behaviors/Network Flow");
        assert!(finding.fields.contains(&("cordon/incident", "inc-20260921-141320-0a1b2c3d4e".to_owned())));
    }
}

#[test]
fn the_state_gives_severity_and_record_state() {
    let shown =
        |incident: &Incident| of(incident).map(|finding| (finding.severity, finding.record_state, finding.workflow));
    let active = |severity| Some((severity, RecordState::Active, WorkflowStatus::New));
    assert_eq!(shown(&isolated()), active(FindingSeverity::Medium));
    assert_eq!(shown(&contained()), active(FindingSeverity::Medium));
    assert_eq!(shown(&partial()), active(FindingSeverity::High));
    assert_eq!(shown(&web(IncidentState::Observed)), active(FindingSeverity::Low));
    let over = (FindingSeverity::Informational, RecordState::Archived, WorkflowStatus::Resolved);
    assert_eq!(shown(&released()), Some(over));
}

#[test]
fn a_refusal_is_a_finding_only_where_it_pages() {
    let refused = |reason| web(IncidentState::Refused { reason });
    let guarded = refused(Refusal::Guarded { guard: Guard::FleetEvent, why: "many".to_owned() });
    let finding = of(&guarded).unwrap();
    assert_eq!((finding.severity, finding.record_state), (FindingSeverity::High, RecordState::Active));
    assert!(finding.description.contains("It was left alone: guard fleet-event: many."), "{}", finding.description);
    assert_eq!(of(&refused(Refusal::NotOptedIn)), None);
    assert_eq!(of(&refused(Refusal::AlarmNotFound)), None);
    assert_eq!(of(&Incident { instance: None, ..isolated() }), None);
}

#[test]
fn the_description_says_why_and_the_advice_what_to_type() {
    let finding = of(&isolated()).unwrap();
    assert!(finding.description.contains("above the anomaly band's upper edge of 1.2 MB (750 times as much)"));
    assert!(finding.description.contains("the median of its 5 peers was 812 kB"), "{}", finding.description);
    assert!(finding.advice.contains("cordon show inc-") && finding.advice.contains("cordon release inc-"));
    assert_eq!(finding.title, format!("Cordon: {INSTANCE} is isolated"));
    assert!(of(&Incident { drill: true, ..isolated() }).unwrap().title.starts_with("DRILL: "));
}

#[test]
fn a_metric_that_is_none_of_the_networks_is_unusual_for_the_machine() {
    let figure = Some(Figure::new("CPUUtilization", amount(99.0)));
    assert_eq!(of(&Incident { figure, ..isolated() }).unwrap().finding_type, "Unusual Behaviors/VM");
}

#[test]
fn each_partition_has_its_own_arns() {
    let finding = with_place("aws-cn", "cn-north-1", |place| finding(&isolated(), place, at())).unwrap();
    assert_eq!(finding.product_arn, "arn:aws-cn:securityhub:cn-north-1:123456789012:product/123456789012/default");
    assert!(finding.resource_arn.starts_with("arn:aws-cn:ec2:cn-north-1:123456789012:instance/"));
}
