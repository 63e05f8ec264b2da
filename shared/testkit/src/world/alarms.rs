//! CloudWatch alarms.

use super::World;
use super::schedule::Change;
use containment::observed::{AlarmDefinition, Contributor, HistoryItem, ObservedAlarm};
use signal::{AlarmHint, AlarmState, InstanceId};
use std::collections::BTreeSet;

#[derive(Debug, Clone)]
pub struct Alarm {
    pub observed: ObservedAlarm,
    /// What its metrics say, and what it returns to after its state was set by hand.
    pub true_state: AlarmState,
    /// Oldest first.
    pub history: Vec<HistoryItem>,
    pub contributors: Vec<Contributor>,
}

impl Alarm {
    /// The instance it nominates, by its name or by the only `InstanceId` that it reads.
    pub(crate) fn named_instance(&self) -> Option<InstanceId> {
        if let Some(hint) = AlarmHint::parse(self.observed.arn.name()) {
            return Some(hint.instance);
        }
        let AlarmDefinition::Metric { metrics } = &self.observed.definition else { return None };
        let dimensions = metrics.iter().flat_map(|metric| &metric.dimensions);
        let named = dimensions.filter(|(name, _)| name == "InstanceId").filter_map(|(_, value)| value.parse().ok());
        let mut named: BTreeSet<InstanceId> = named.collect();
        named.pop_first().filter(|_| named.is_empty())
    }
}

impl World {
    fn transition(&mut self, name: &str, to: AlarmState, evaluated: bool) {
        let now = self.now;
        let alarm = self.alarms.get_mut(name).expect("an alarm of this name");
        if alarm.observed.state != to {
            alarm.observed.transitioned_at = now;
            alarm.history.push(HistoryItem { at: now, to });
        }
        alarm.observed.state = to;
        alarm.observed.evaluated = evaluated;
    }

    /// CloudWatch evaluates the alarm to this state.
    pub fn evaluate_alarm(&mut self, name: &str, to: AlarmState) {
        self.transition(name, to, true);
        self.alarms.entry(name.to_owned()).and_modify(|alarm| alarm.true_state = to);
    }

    /// SetAlarmState: CloudWatch returns to the true state at its next evaluation.
    pub fn set_alarm_state(&mut self, name: &str, to: AlarmState) {
        self.transition(name, to, false);
        self.after(self.delays.evaluation, Change::Evaluated(name.to_owned()));
    }

    pub(super) fn evaluated(&mut self, name: &str) {
        if let Some(alarm) = self.alarms.get(name) {
            self.transition(name, alarm.true_state, true);
        }
    }
}
