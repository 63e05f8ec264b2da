//! Over CloudWatch's own history: two weeks of every instance of the groups that are opted in, each with its peers.

use super::{Terms, labels};
use crate::arguments::Backtest as Asked;
use crate::deployment::Deployment;
use crate::exit::{Failed, explained};
use containment::authority::MODE_TAG;
use containment::observed::ObservedGroup;
use detection::group::GroupReplay;
use detection::inject::{Injection, Order, plan_over};
use detection::results::Backtest;
use detection::sample::Sample;
use detection::thresholds::{HISTORY_S, Thresholds};
use detection::watch::STEP_S;
use ports::{PortError, Span};
use signal::InstanceId;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

pub(super) async fn run(deployment: &Deployment, asked: &Asked, terms: &Terms) -> Result<Backtest, Failed> {
    let unread = |error: PortError| Failed::Unchecked(explained(&error));
    let settings = deployment.settings().await?;
    let account = aws_adapters::coverage(&deployment.clients, settings.get("CORDON_TABLE")?);
    let groups = chosen(account.groups().await.map_err(unread)?, &asked.auto_scaling_group)?;
    let traffic = aws_adapters::traffic(&deployment.clients);
    let now = OffsetDateTime::now_utc();
    let until = now - Duration::seconds(now.unix_timestamp().rem_euclid(STEP_S));
    let span = Span { since: until - Duration::seconds(HISTORY_S), until };
    let mut labels = labels::of_file_if_any(asked.labels.as_deref())?;
    labels.extend(labels::of_journal(deployment, &groups, span.since).await?);
    let mut found = Backtest::labelled(labels);
    for group in &groups {
        let members: Vec<_> = group.members.iter().map(|member| member.instance.clone()).collect();
        let series = traffic.of_instances(&members, span).await.map_err(unread)?;
        replay(&series, &figures(group, terms)?, terms.order.as_ref(), &mut found);
    }
    Ok(found.finish())
}

/// The named groups, or all that are opted in.
fn chosen(groups: Vec<ObservedGroup>, names: &[String]) -> Result<Vec<ObservedGroup>, Failed> {
    if let Some(unknown) = names.iter().find(|name| !groups.iter().any(|group| group.name.as_str() == **name)) {
        return Err(Failed::Usage(format!("--auto-scaling-group {unknown}: there is no such group here")));
    }
    let is_chosen = |group: &ObservedGroup| {
        if names.is_empty() {
            group.tags.contains_key(MODE_TAG)
        } else {
            names.iter().any(|name| *name == group.name.as_str())
        }
    };
    let chosen: Vec<_> = groups.into_iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        return Err(Failed::Usage(format!("no group is tagged {MODE_TAG}; name one with --auto-scaling-group")));
    }
    Ok(chosen)
}

/// A group's own figures, as the verifier takes them from its tags, unless the command sets others.
fn figures(group: &ObservedGroup, terms: &Terms) -> Result<Thresholds, Failed> {
    if terms.figures != Thresholds::default() {
        return Ok(terms.figures.clone());
    }
    Thresholds::from_tags(&group.tags).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Failed::Unchecked(format!("group {}: {}", group.name, errors.join("; ")))
    })
}

/// Attacks are injected into what was read: nothing is written to CloudWatch.
fn replay(
    series: &BTreeMap<InstanceId, Vec<Sample>>,
    figures: &Thresholds,
    order: Option<&Order>,
    found: &mut Backtest,
) {
    let planned = |(instance, samples): (&InstanceId, &Vec<Sample>)| {
        order.map_or(Vec::new(), |order| plan_over(order, instance.as_str(), samples, STEP_S))
    };
    let injected: Vec<Vec<Injection>> = series.iter().map(planned).collect();
    let mut replay = GroupReplay::new(figures.clone(), series.len(), STEP_S);
    let all = series.values().zip(&injected).enumerate();
    let mut merged: Vec<_> = all
        .flat_map(|(place, (samples, injected))| samples.iter().map(move |sample| (with(sample, injected), place)))
        .collect();
    merged.sort_by_key(|(sample, place)| (sample.epoch_s, *place));
    let mut isolations = vec![Vec::new(); series.len()];
    let decided: Vec<_> = merged.into_iter().flat_map(|(sample, place)| replay.push(place, &sample)).collect();
    for (place, isolation) in decided.into_iter().chain(replay.finish()) {
        if let Some(of) = isolations.get_mut(place) {
            of.push(isolation);
        }
    }
    for (((instance, isolations), injected), tally) in series.keys().zip(isolations).zip(injected).zip(replay.tallies())
    {
        found.add(instance.as_str(), isolations, injected, tally);
    }
}

fn with(sample: &Sample, injected: &[Injection]) -> Sample {
    let mut sample = *sample;
    injected.iter().for_each(|injection| injection.add_to(&mut sample, STEP_S));
    sample
}
