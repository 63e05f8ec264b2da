//! Guards: the reasons not to contain an instance although its alarm is true. Pure; the two that several
//! processes race for (breaker slots, freeze) are conditions of the transaction as well.

use crate::breaker::Breaker;
use crate::observed::{Alarming, Lifecycle, ObservedGroup};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use signal::InstanceId;
use std::fmt;
use time::{Duration, OffsetDateTime};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guard {
    Freeze,
    Protected,
    CoolDown,
    FleetEvent,
    GroupLimit,
    AccountLimit,
    HealthyFloor,
}

impl Guard {
    pub const ALL: [Self; 7] = [
        Self::Freeze,
        Self::Protected,
        Self::CoolDown,
        Self::FleetEvent,
        Self::GroupLimit,
        Self::AccountLimit,
        Self::HealthyFloor,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Protected => "protected",
            Self::CoolDown => "cool-down",
            Self::FleetEvent => "fleet-event",
            Self::GroupLimit => "group-limit",
            Self::AccountLimit => "account-limit",
            Self::HealthyFloor => "healthy-floor",
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The deployment's limits. Percentages are whole percent, 0–100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// At most this many containments a group in `window`…
    pub group_count: usize,
    /// …and at most this part of the group's desired capacity, though always one.
    pub group_percent: usize,
    pub account_count: usize,
    pub window: Duration,
    /// In-service healthy instances that must remain.
    pub min_healthy: usize,
    /// A fleet event is at least this many *other* in-service instances alarming…
    pub fleet_event_count: usize,
    /// …that are at least this part of the others.
    pub fleet_event_percent: usize,
    /// After a release, how long no alarm contains the same instance again.
    pub cool_down: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            group_count: 3,
            group_percent: 25,
            account_count: 10,
            window: Duration::hours(1),
            min_healthy: 1,
            fleet_event_count: 3,
            fleet_event_percent: 20,
            cool_down: Duration::hours(1),
        }
    }
}

/// All containment is stopped while this exists and hasn't expired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    pub by: String,
    pub reason: String,
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub expires_at: Option<OffsetDateTime>,
}

impl Freeze {
    pub fn in_force(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|expiry| now < expiry)
    }
}

/// Everything the guards look at.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    pub now: OffsetDateTime,
    pub instance: &'a InstanceId,
    /// `None` for a standalone instance.
    pub group: Option<&'a ObservedGroup>,
    pub protected: bool,
    pub alarming: &'a Alarming,
    pub group_breaker: &'a Breaker,
    pub account_breaker: &'a Breaker,
    pub freeze: Option<&'a Freeze>,
    /// When an operator last released this instance.
    pub released_at: Option<OffsetDateTime>,
}

/// Every guard that stands in the way, in the order of [`Guard::ALL`]; empty means "go on".
pub fn standing(limits: &Limits, around: &Surroundings<'_>) -> Vec<(Guard, String)> {
    Guard::ALL.iter().filter_map(|guard| check(*guard, limits, around).map(|why| (*guard, why))).collect()
}

/// The first standing guard as a refusal.
pub fn refusal(limits: &Limits, around: &Surroundings<'_>) -> Option<Refusal> {
    Guard::ALL.iter().find_map(|guard| check(*guard, limits, around).map(|why| Refusal::Guarded { guard: *guard, why }))
}

fn check(guard: Guard, limits: &Limits, around: &Surroundings<'_>) -> Option<String> {
    match guard {
        Guard::Freeze => freeze(around),
        Guard::Protected => around.protected.then(|| "the instance or its group is protected".to_owned()),
        Guard::CoolDown => cool_down(limits, around),
        Guard::FleetEvent => fleet_event(limits, around),
        Guard::GroupLimit => group_limit(limits, around),
        Guard::AccountLimit => account_limit(limits, around),
        Guard::HealthyFloor => healthy_floor(limits, around),
    }
}

fn freeze(around: &Surroundings<'_>) -> Option<String> {
    let freeze = around.freeze.filter(|freeze| freeze.in_force(around.now))?;
    Some(format!("containment is frozen by {}: {}", freeze.by, freeze.reason))
}

fn cool_down(limits: &Limits, around: &Surroundings<'_>) -> Option<String> {
    let since = around.now - around.released_at?;
    (since < limits.cool_down)
        .then(|| format!("released {} s ago; alarms leave it alone for {}", since.whole_seconds(), limits.cool_down))
}

fn fleet_event(limits: &Limits, around: &Surroundings<'_>) -> Option<String> {
    let group = around.group?;
    if !around.alarming.complete {
        return Some("more alarms are in ALARM than could be read: this may be a fleet event".to_owned());
    }
    let others = group.in_service().filter(|member| member.instance != *around.instance);
    let (mut count, mut alarming) = (0_usize, 0_usize);
    for other in others {
        count += 1;
        alarming += usize::from(around.alarming.instances.contains(&other.instance));
    }
    let is_event = alarming >= limits.fleet_event_count && alarming * 100 >= limits.fleet_event_percent * count;
    is_event
        .then(|| format!("{alarming} of {count} other in-service instances alarm too: a fleet event, not one instance"))
}

fn group_limit(limits: &Limits, around: &Surroundings<'_>) -> Option<String> {
    let Some(group) = around.group else {
        let used = around.group_breaker.within(around.now, limits.window);
        return (used >= limits.group_count).then(|| {
            format!("{used} standalone instances were contained within the window; the limit is {}", limits.group_count)
        });
    };
    let desired = usize::try_from(group.desired).unwrap_or(usize::MAX);
    let share = (desired.saturating_mul(limits.group_percent) / 100).max(1);
    let allowed = limits.group_count.min(share);
    let used = around.group_breaker.within(around.now, limits.window) + unreplaced(limits, around, desired);
    (used >= allowed)
        .then(|| format!("{used} instances of the group are contained or not yet replaced; the limit is {allowed}"))
}

/// Containments older than the window whose place in the group is still empty. The instance in question is no gap,
/// however unhealthy it is: what it runs may see to that.
fn unreplaced(limits: &Limits, around: &Surroundings<'_>, desired: usize) -> usize {
    let filled = healthy_after_open_containments(around) + usize::from(!is_one_of_the_healthy(around));
    around.group_breaker.before(around.now, limits.window).min(desired.saturating_sub(filled))
}

fn account_limit(limits: &Limits, around: &Surroundings<'_>) -> Option<String> {
    let used = around.account_breaker.within(around.now, limits.window);
    (used >= limits.account_count).then(|| {
        format!(
            "{used} instances of the account were contained within the window; the limit is {}",
            limits.account_count
        )
    })
}

fn healthy_floor(limits: &Limits, around: &Surroundings<'_>) -> Option<String> {
    around.group?;
    let left = healthy_after_open_containments(around).saturating_sub(usize::from(is_one_of_the_healthy(around)));
    (left < limits.min_healthy)
        .then(|| format!("{left} healthy in-service instances would be left; at least {} must be", limits.min_healthy))
}

fn is_one_of_the_healthy(around: &Surroundings<'_>) -> bool {
    let member = around.group.and_then(|group| group.member(around.instance));
    member.is_some_and(|member| {
        member.healthy
            && member.lifecycle == Lifecycle::InService
            && !around.group_breaker.holds(around.instance, around.now)
    })
}

/// Healthy in-service members, less those that a committed containment is about to take out: right after a
/// commit the group still lists its instance as in service.
fn healthy_after_open_containments(around: &Surroundings<'_>) -> usize {
    around.group.map_or(0, |group| {
        group
            .in_service()
            .filter(|member| member.healthy && !around.group_breaker.holds(&member.instance, around.now))
            .count()
    })
}
