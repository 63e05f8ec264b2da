//! One run of a case: raise the alarms, wait for the end, take the figures from the account's record.

use super::cases::Case;
use super::measure::{Figures, figures};
use crate::account::{LocalAccount, Stack};
use crate::calls;
use crate::failure::{Failure, Result};
use crate::journal_watch::JournalWatch;
use crate::scene::Fleet;
use crate::traffic::{Scene, Traffic};
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
/// More for every instance beyond the first: they share one machine's processors.
const PATIENCE_MORE: Duration = Duration::from_secs(8);

pub struct Bench<'a> {
    account: &'a LocalAccount,
    stack: &'a Stack,
    journal: JournalWatch,
    until_contained: bool,
    /// The calls before this one belong to earlier runs.
    since: u64,
}

impl<'a> Bench<'a> {
    pub fn begin(account: &'a LocalAccount, stack: &'a Stack, until_contained: bool) -> Result<Self> {
        Ok(Self { account, stack, journal: JournalWatch::start(account, stack)?, until_contained, since: 0 })
    }

    /// The figures of each instance whose alarm fired.
    pub fn run(&mut self, case: &Case, fleet: &Fleet) -> Result<Vec<Figures>> {
        let instances: Vec<_> = fleet.instance_ids.iter().take(case.alarms).cloned().collect();
        let scene = Scene::now(self.account)?;
        scene.past(fleet.instance_ids.iter().map(|instance| (instance, Traffic::Calm)))?;
        let interfaces = fleet.enroll(self.account, self.stack, case.enrolment, &instances)?;
        scene.last(
            fleet.instance_ids.iter().map(|instance| {
                (instance, if instances.contains(instance) { Traffic::Surging } else { Traffic::Calm })
            }),
        )?;
        let patience = PATIENCE + PATIENCE_MORE * u32::try_from(instances.len()).unwrap_or(u32::MAX);
        let contained = if self.until_contained {
            self.journal.contained(&instances, patience)?
        } else {
            self.stopped(&instances, patience)?;
            BTreeMap::new()
        };
        for instance in instances.iter().filter(|id| self.until_contained && !contained.contains_key(*id)) {
            eprintln!("{}: {instance} is not contained in time: {}", case.name, self.journal.state(instance));
        }
        let calls = calls::since(self.account, self.since)?;
        let invocations = calls::invocations(self.account)?;
        self.since = calls.iter().map(|call| call.n).max().unwrap_or(self.since);
        let of = |instance: &String| {
            let own: Vec<_> = interfaces.get(instance).into_iter().flatten().map(String::as_str).collect();
            figures(instance, &own, &calls, &invocations, contained.get(instance).copied())
        };
        Ok(instances.iter().map(of).collect())
    }

    /// Waits until the stop of each was accepted and its invocation has ended.
    fn stopped(&self, instances: &[String], patience: Duration) -> Result {
        let give_up = Instant::now() + patience;
        while Instant::now() < give_up {
            let ended = calls::invocations(self.account)?;
            let is_over =
                |instance: &String| ended.iter().any(|each| each.payload.to_string().contains(instance.as_str()));
            if instances.iter().all(is_over) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(Failure::new(format!("the comparison did not end in {} s", patience.as_secs())))
    }
}
