//! A containment as it is usually written: read, then write, one call after another. `cargo xtask bench contain` runs it in
//! place of contain-instance, on the same account, to show what doing things at once is worth.
//!
//! It makes the calls of an undisturbed run and has neither races, retries nor resumption, so it is a lower bound of
//! its kind.

use containment::authority::Mode;
use containment::decide::{Standing, Subject, authorize};
use containment::ids::{GroupName, IncidentId};
use containment::incident::{Incident, IncidentState};
use containment::journal::{EventBody, Head, Opening, Received, seal};
use containment::judged::Judged;
use containment::plan::plan;
use containment::quarantine::ready;
use containment::verify::{AlarmEvidence, VerifiedAlarm, verify};
use detection::reason::DetectorState;
use detection::thresholds::Thresholds;
use detection::verify::{Group, Question};
use detection::watch::STEP_S;
use engine::Config;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use ports::{AlarmScope, Notice, Ports, Severity, Wanted};
use serde_json::value::RawValue;
use signal::{AlarmHint, AlarmSignal, Expectation, InstanceId, Signal};
use time::OffsetDateTime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let config = Config::from_env()?;
    let clients = aws_adapters::connect().await;
    let ports = &aws_adapters::ports(&clients, &config.resources);
    let config = &config;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let expectation = Expectation { partition: &config.deployment.partition };
        for signal in signal::parse(event.payload.get().as_bytes(), &expectation)? {
            if let Signal::Alarm(alarm) = signal? {
                for instance in &alarm.nominated {
                    contain(ports, config, &alarm, instance).await?;
                }
            }
        }
        Ok::<(), Error>(())
    }))
    .await
}

async fn contain(ports: &Ports, config: &Config, alarm: &AlarmSignal, instance: &InstanceId) -> Result<(), Error> {
    let alarms = ports.alarms.describe(&[alarm.alarm.name().to_owned()]).await?;
    let evidence = AlarmEvidence { alarms, ..AlarmEvidence::default() };
    let verified = &verify(alarm, instance, &evidence, &config.deployment)?;
    let described = ports.instances.describe(instance).await?;
    let interfaces = ports.network.interfaces(instance).await?;
    let protection = ports.instances.protection(instance).await?;
    let membership = ports.groups.membership(instance).await?;
    let group = match &membership {
        Some(membership) => ports.groups.describe(&membership.group).await?,
        None => None,
    };
    let quarantine_groups = ports.network.quarantine_groups().await?;
    let prefix = AlarmHint::parse(alarm.alarm.name()).map(|hint| hint.group_prefix());
    let alarming = ports.alarms.in_alarm(&AlarmScope { name_prefix: prefix, action_prefix: None }).await?;
    let name = membership.as_ref().map(|membership| membership.group.clone());
    let glance = ports.journal.glance(&Wanted { instance: instance.clone(), group: name.clone() }).await?;
    let subject =
        Subject { instance: described, interfaces, protection, membership, group, standalone: glance.standalone };
    let standing = Standing {
        alarming,
        group_breaker: glance.group_breaker,
        account_breaker: glance.account_breaker,
        freeze: glance.freeze,
        released_at: glance.released_at,
    };
    let now = OffsetDateTime::now_utc();
    let judged = judge(ports, name.as_ref(), &subject, now).await?;
    let target = authorize(verified, Some(&judged), &subject, &standing, &config.limits, Mode::Enforce, now)?;
    let incident = record(ports, name, verified, &target, judged, now).await?;
    let ready = ready(&quarantine_groups);
    for interface in target.interfaces() {
        let quarantine = ready.get(&interface.vpc).ok_or("the quarantine group is missing")?;
        ports.network.set_groups(&interface.id, std::slice::from_ref(quarantine)).await?;
    }
    if let Some(membership) = target.membership() {
        ports.groups.detach(instance, &membership.group).await?;
    }
    ports.network.interfaces(instance).await?;
    ports.groups.membership(instance).await?;
    ports.targets.groups().await?;
    ports.instances.set_termination_protection(instance, true).await?;
    let devices: Vec<String> = target.instance().volumes.iter().map(|volume| volume.device.clone()).collect();
    ports.instances.set_delete_on_termination(instance, &devices, false).await?;
    ports.snapshots.create(instance, &incident.id).await?;
    ports.evidence.put(&format!("evidence/{}/metadata.json", incident.id), serde_json::to_vec(&incident)?).await?;
    ports.instances.stop(instance, false).await?;
    ports.instances.tag(instance, &incident.id).await?;
    let notice = Notice {
        incident: incident.id.clone(),
        severity: Severity::Action,
        subject: "contained".to_owned(),
        text: "contained".to_owned(),
        details: "{}".to_owned(),
    };
    Ok(ports.notifier.notify(&notice).await?)
}

/// By the group's mean alone.
async fn judge(
    ports: &Ports,
    group: Option<&GroupName>,
    subject: &Subject,
    now: OffsetDateTime,
) -> Result<Judged, Error> {
    let instance = subject.instance.as_ref().ok_or("the instance is gone")?;
    let history = ports.traffic.history(&instance.id, group, engine::traffic_span(now)).await?;
    ports.traffic.detector(&instance.id).await?;
    let refresh = match group {
        Some(group) => ports.groups.latest_refresh(group).await?,
        None => None,
    };
    let events_s: Vec<i64> = refresh.iter().map(|refresh| refresh.ended_at.unwrap_or(now).unix_timestamp()).collect();
    let members = subject.group.iter().flat_map(|group| group.in_service()).count();
    let question = Question {
        series: &history.instance,
        period_s: STEP_S,
        detector: DetectorState::NotABand,
        launched_s: instance.launched_at.map(OffsetDateTime::unix_timestamp),
        group: Group::Aggregate { mean: &history.group, instances: members },
        events_s: &events_s,
        excluded_s: &[],
        now_s: now.unix_timestamp(),
    };
    Ok(Judged::from(&detection::verify::verify(&question, &Thresholds::default())))
}

/// The intent, in one write, without the breaker's conditions.
async fn record(
    ports: &Ports,
    group: Option<GroupName>,
    verified: &VerifiedAlarm,
    target: &containment::decide::AuthorizedInstance,
    judged: Judged,
    now: OffsetDateTime,
) -> Result<Incident, Error> {
    let opening = Opening {
        id: IncidentId::of(&verified.instance, &verified.alarm, verified.transitioned_at),
        instance: Some(verified.instance.clone()),
        alarm: Some(verified.alarm.clone()),
        group,
        authority: Some(target.authority().clone()),
        mode: Some(target.mode()),
        drill: verified.drill,
        transitioned_at: Some(verified.transitioned_at),
        received: Received { via: "plain".to_owned(), digest: String::new(), published_at: None },
        // Closed from the start, so that no reconciler takes it up.
        state: IncidentState::Observed,
        plan: plan(target, None),
        prior: Some(target.prior_state()),
        requested: None,
        figure: None,
        judged: Some(judged),
    };
    let incident = Incident::opened(&opening, now);
    let body = EventBody::Opened(Box::new(opening));
    let (event, head) = seal(&incident.id, &Head::start(), now, "plain-containment", body)?;
    ports.journal.record(&incident, &event, &head).await?;
    Ok(incident)
}
