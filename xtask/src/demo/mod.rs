//! `cargo xtask demo`: from the metric to the clean replacement, on a local AWS account; two alarms that must isolate
//! nobody; and who can do what in the account.

mod audit;
mod command;
mod ending;
mod refusals;
mod result;
mod table;
mod timeline;
mod watching;

use crate::account::{Behaviour, LocalAccount};
use crate::calls;
use crate::failure::{Doing, Failure, Result};
use crate::lines::Lines;
use crate::readback::{self, Seen};
use crate::scene::{self, Fleet, Launch};
use crate::traffic::{Scene, Traffic};
use crate::{build, setup, workspace};
use refusals::Refusals;
use result::Demonstrated;
use std::time::{Duration, Instant};
use timeline::Timeline;

/// What a call takes, as over a network: it makes calls at once tell from calls one after another.
const LATENCY_MS: u32 = 50;
const SCHEDULE_SECONDS: f64 = 2.0;
const WEB: Launch<'_> = Launch { group: "web", size: 6, interfaces: 2 };
const SHOP: Launch<'_> = Launch { group: "shop", size: 6, interfaces: 1 };
const BACKUP: Launch<'_> = Launch { group: "backup", size: 2, interfaces: 1 };
const PATIENCE: Duration = Duration::from_secs(90);

/// Fails unless the account shows a whole containment, and none where none may be. With `as_json` the last line is one
/// object.
pub fn run(as_json: bool) -> Result {
    setup::run()?;
    build::packages(&["cli"])?;
    println!(
        "A local AWS account: {LATENCY_MS} ms a call; schedules every {SCHEDULE_SECONDS} s instead of every minute"
    );
    let behaviour = Behaviour { latency_ms: LATENCY_MS, schedule_seconds: SCHEDULE_SECONDS };
    let account = LocalAccount::start("demo", &behaviour)?;
    println!("Group web: 6 instances behind a load balancer; the first has two network interfaces");
    println!("Group shop: 6 instances. Group backup: 2, of which the first sends a backup every day at this hour");
    let web = Fleet::launch(&account, &WEB)?;
    let shop = Fleet::launch(&account, &SHOP)?;
    let backup = Fleet::launch(&account, &BACKUP)?;
    let fleets = [&web, &shop, &backup];
    let [suspect, saver] = [web.first()?, backup.first()?];
    let scene = Scene::now(&account)?;
    let nightly = |instance: &String| if instance == saver { Traffic::Nightly } else { Traffic::Calm };
    scene.past(fleets.iter().flat_map(|fleet| &fleet.instance_ids).map(|instance| (instance, nightly(instance))))?;
    println!("template.yaml, deployed with the functions just compiled: enrolment gives each instance its own alarm");
    let stack =
        account.deploy(&scene::enforcing(fleets, &[("EnrollFleet", "on")]), &build::code(&workspace::binaries()))?;
    watching::wait(&account, &fleets, PATIENCE)?;

    println!(
        "\nA sale: for half an hour every instance of shop sends 1,500 times as much. Each of their alarms rings:"
    );
    scene.last(shop.instance_ids.iter().map(|instance| (instance, Traffic::Surging)))?;
    let sale = Refusals::read(&account, &shop, &shop.instance_ids, PATIENCE)?;
    println!("\nThe daily backup of {saver}. Its alarm rings, since a band is no calendar:");
    scene.last(backup.instance_ids.iter().map(|instance| (instance, nightly(instance))))?;
    let noise = Refusals::read(&account, &backup, &[saver.to_owned()], PATIENCE)?;

    let watch = readback::watch(&account, &stack, &web)?;
    let before = watch.next(PATIENCE)?.doing("read the account before anything happens")?;
    println!("\n{suspect} of web, and no other of its group, sends 1,500 times as much for half an hour:");
    let read = calls::since(&account, 0)?.iter().map(|call| call.n).max().unwrap_or_default();
    let suspicious = |instance: &String| if instance == suspect { Traffic::Surging } else { Traffic::Calm };
    scene.last(web.instance_ids.iter().map(|instance| (instance, suspicious(instance))))?;
    let (after, severed_ms) = follow(&account, &watch, &before, read)?;

    let demonstrated = Demonstrated::read(&account, suspect, &before, after, severed_ms)?;
    table::print(&before, &demonstrated);
    let amiss = demonstrated.amiss(&before);
    for what in &amiss {
        println!("not as it must be: {what}");
    }
    let ended = match &demonstrated.after.incident {
        Some(incident) => ending::show(&account, incident),
        None => Err(Failure::new("there is no incident to report and release")),
    };
    let audited = audit::show(&account);
    if as_json {
        println!("{}", demonstrated.as_json(&[sale, noise], audited.as_ref().ok()));
    }
    if amiss.is_empty() { ended.and(audited.map(drop)) } else { Err(Failure::new("the containment is not whole")) }
}

/// Shows what happens after the call numbered `read` until nothing more is expected: what was seen last, and when the
/// instance was seen stopped.
fn follow(account: &LocalAccount, watch: &Lines<Seen>, before: &Seen, mut read: u64) -> Result<(Seen, Option<f64>)> {
    let mut timeline = Timeline::begin(before.clone());
    let give_up = Instant::now() + PATIENCE;
    let mut severed_ms = None;
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
