//! `cargo xtask demo`: one alarm, from the metric to the clean replacement, on a local AWS account.

mod ending;
mod result;
mod table;
mod timeline;

use crate::account::{Behaviour, LocalAccount};
use crate::calls;
use crate::failure::{Doing, Failure, Result};
use crate::lines::Lines;
use crate::readback::{self, Seen};
use crate::scene::{self, Enrolment, Fleet, Launch};
use crate::{build, setup, workspace};
use result::Demonstrated;
use std::time::{Duration, Instant};
use timeline::Timeline;

/// What a call takes, as over a network: it makes calls at once tell from calls one after another.
const LATENCY_MS: u32 = 50;
const SCHEDULE_SECONDS: f64 = 2.0;
const GROUP: &str = "web";
const SIZE: usize = 6;
const PATIENCE: Duration = Duration::from_secs(90);
const ENROLMENT: Enrolment = Enrolment { hint: true, quarantine_group: true, threshold: None };

/// Bytes of a quiet minute, and of one in which data is carried away.
const QUIET: f64 = 2.0e6;
const BURST: f64 = 9.0e8;

/// Fails unless the account shows a whole containment. With `as_json` the last line is one object.
pub fn run(as_json: bool) -> Result {
    setup::run()?;
    build::packages(&["cli"])?;
    println!(
        "A local AWS account: {LATENCY_MS} ms a call; schedules every {SCHEDULE_SECONDS} s instead of every minute"
    );
    let behaviour = Behaviour { latency_ms: LATENCY_MS, schedule_seconds: SCHEDULE_SECONDS };
    let account = LocalAccount::start("demo", &behaviour)?;
    println!("Group {GROUP}: {SIZE} instances behind a load balancer; the first has two network interfaces");
    let fleet = Fleet::launch(&account, &Launch { group: GROUP, size: SIZE, interfaces: 2 })?;
    println!("template.yaml, deployed with the functions just compiled");
    let stack = account.deploy(&scene::enforcing([&fleet], &[]), &build::code(&workspace::binaries()))?;
    let instance = fleet.first()?;
    fleet.enroll(&account, &stack, ENROLMENT, &[instance.to_owned()])?;
    let watch = readback::watch(&account, &stack, &fleet)?;
    let before = watch.next(PATIENCE)?.doing("read the account before anything happens")?;

    println!("An hour of ordinary traffic of {instance}, then three minutes in which it sends 450 times as much:");
    raise_the_metric(&account, instance)?;
    let (after, severed_ms) = follow(&account, &watch, &before)?;

    let demonstrated = Demonstrated::read(&account, instance, &before, after, severed_ms)?;
    table::print(&before, &demonstrated);
    let amiss = demonstrated.amiss(&before);
    for what in &amiss {
        println!("not as it must be: {what}");
    }
    let ended = match &demonstrated.after.incident {
        Some(incident) => ending::show(&account, incident),
        None => Err(Failure::new("there is no incident to report and release")),
    };
    if as_json {
        println!("{}", demonstrated.as_json());
    }
    if amiss.is_empty() { ended } else { Err(Failure::new("the containment is not whole")) }
}

fn raise_the_metric(account: &LocalAccount, instance: &str) -> Result {
    let now = scene::now()?;
    let quiet: Vec<f64> = (0..60).map(|minute| QUIET * (1.0 + 0.1 * f64::from(minute % 7))).collect();
    account.network_out(instance, &quiet, now - 3 * 60)?;
    for minute in (0..3).rev() {
        account.network_out(instance, &[BURST], now - minute * 60)?;
    }
    Ok(())
}

/// Shows what happens until nothing more is expected: what was seen last, and when the instance was seen stopped.
fn follow(account: &LocalAccount, watch: &Lines<Seen>, before: &Seen) -> Result<(Seen, Option<f64>)> {
    let mut timeline = Timeline::begin(before.clone());
    let give_up = Instant::now() + PATIENCE;
    let mut severed_ms = None;
    let mut read = 0;
    while Instant::now() < give_up && !timeline.is_over() {
        if let Some(seen) = watch.next(Duration::from_millis(100))? {
            if seen.instance_state == "stopped" {
                severed_ms = severed_ms.or(Some(seen.power_at_ms));
            }
            timeline.seen(seen);
        }
        for call in calls::since(account, read)? {
            read = read.max(call.n);
            timeline.call(&call);
        }
        timeline.show_settled();
    }
    Ok((timeline.end(), severed_ms))
}
