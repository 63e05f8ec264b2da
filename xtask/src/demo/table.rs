//! Before and after, side by side.

use super::result::Demonstrated;
use crate::readback::Seen;

pub fn print(before: &Seen, demonstrated: &Demonstrated) {
    let after = &demonstrated.after;
    let rows = [rows(before), rows(after)];
    println!();
    println!("  {:<34} {:<34} after", "read back from the account", "before");
    let [before, after] = rows;
    for ((name, before), (_, after)) in before.into_iter().zip(after) {
        println!("  {name:<34} {before:<34} {after}");
    }
    println!();
    let shown = |value: Option<f64>| value.map_or("unknown".to_owned(), |value| format!("{value:.0} ms"));
    println!("  alarm's message to no new flow:    {}", shown(demonstrated.milliseconds_to_isolated));
    println!("  alarm's message to instance off:   {}", shown(demonstrated.milliseconds_to_severed));
    let trips = demonstrated.round_trips_to_isolated.map_or("unknown".to_owned(), |trips| trips.to_string());
    println!("  round trips to no new flow:        {trips}");
    println!();
}

fn rows(seen: &Seen) -> Vec<(String, String)> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    let mut rows = vec![
        ("incident".to_owned(), or_none(&seen.incident)),
        ("its state in the journal".to_owned(), or_none(&seen.state)),
        ("instance".to_owned(), seen.instance_state.clone()),
        ("in its Auto Scaling group".to_owned(), yes(seen.instance_in_group)),
        ("instances in service".to_owned(), seen.group_size.to_string()),
    ];
    rows.extend(seen.eni_groups.iter().map(|(interface, groups)| (interface.clone(), groups.join(", "))));
    rows.extend([
        ("quarantine group".to_owned(), or_none(&seen.quarantine_group)),
        ("its rules".to_owned(), seen.quarantine_rules.map_or("-".to_owned(), |rules| rules.to_string())),
        ("snapshots of its volumes".to_owned(), format!("{} of {}", seen.snapshots.len(), seen.volumes.len())),
        ("its sessions denied in IAM".to_owned(), yes(seen.credentials_revoked == Some(true))),
    ]);
    rows
}

fn yes(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}
