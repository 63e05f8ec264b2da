//! The tables, as text that docs/DETECTION.md can take over.

use crate::measured::{HeldOut, Measured, OfSetting};
use crate::metrics::Marked;
use crate::setting::Sweep;
use crate::speed::{Compared, Speed};
use crate::sums::{ATTACKS, Figures};
use std::fmt::Write as _;

pub fn text(measured: &Measured) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("{} series; attacks of 60 minutes; parts of the time are begun anew\n", measured.series));
    if let Some(defaults) = measured.settings.first() {
        line(header("the defaults"));
        line(row("all", &defaults.all));
        for part in &defaults.parts {
            line(row(&format!("{}, {}", part.part.servers.name(), part.part.span.name()), &part.figures));
        }
        line("\nwhat turned episodes over the floor away, nothing injected, whole time:".to_owned());
        defaults.rules.iter().for_each(|(rule, episodes)| line(format!("  {rule:<14} {episodes:>8}")));
    }
    for (sweep, title) in [
        (Sweep::Novelty, "how much more than ever counts as new (default 4)"),
        (Sweep::Steadiness, "how steady (default 1.15)"),
        (Sweep::Without, "a rule taken out"),
        (Sweep::Other, "other figures"),
    ] {
        line(String::new());
        line(header(title));
        measured.settings.iter().filter(|one| one.sweep == sweep).for_each(|one| line(of_halves(one)));
    }
    line("\nchosen on one part, measured on the other (at most 0.1 false a 1,000 days, then most found):".to_owned());
    measured.held_out.iter().for_each(|one| line(held_out(one)));
    line(String::new());
    line(header("first 48 hours, in groups of 20 neighbours"));
    measured.first_48_hours.iter().for_each(|(servers, figures)| line(row(servers, figures)));
    if !measured.one_metric.is_empty() {
        line("\none metric:".to_owned());
        measured.one_metric.iter().for_each(|(files, marked)| line(windows(files, marked)));
    }
    line("\nthe verifier, one instance:".to_owned());
    for took in &measured.verifier {
        line(format!("  {:<64} {:.2} ms, one in twenty over {:.2}", took.case, took.median_ms, took.slowest_of_20_ms));
    }
    measured.speed.iter().for_each(|speed| line(compared(speed)));
    text
}

fn header(title: &str) -> String {
    let attacks = ATTACKS.map(|attack| format!("{:>20}", attack.name)).concat();
    format!("{title:<44} {:>6} {:>8} {:>7}{attacks}", "false", "days", "/1,000")
}

fn row(name: &str, figures: &Figures) -> String {
    let mut text = format!(
        "  {name:<42} {:>6} {:>8.0} {:>7}",
        figures.false_isolations,
        figures.instance_days,
        figures.false_per_1000_instance_days.map_or("-".to_owned(), |rate| format!("{rate:.2}")),
    );
    for found in &figures.found {
        let shown = match (found.recall, found.median_delay_minutes) {
            (Some(recall), Some(delay)) => format!("{recall:.3} ({delay} min)"),
            (Some(recall), None) => format!("{recall:.3}"),
            (None, _) => "-".to_owned(),
        };
        let _ = write!(text, "{shown:>20}");
    }
    text
}

fn of_halves(one: &OfSetting) -> String {
    let whole = one.parts.iter().filter(|part| part.part.span == crate::part::Span::Whole);
    let halves: Vec<_> = whole.map(|part| part.figures.false_isolations.to_string()).collect();
    format!("{}   false by servers: {}", row(&one.name, &one.all), halves.join(", "))
}

fn held_out(one: &HeldOut) -> String {
    let of = |figures: &Figures| {
        let recall = |at| figures.recall(at).map_or("-".to_owned(), |recall| format!("{recall:.3}"));
        let rate = figures.false_per_1000_instance_days.unwrap_or(f64::NAN);
        format!("{rate:.2} false, {} and {} found", recall(0), recall(1))
    };
    let HeldOut { chosen_on, measured_on, setting, there, here } = one;
    format!("  {chosen_on} chose {setting} ({}); on {measured_on}: {}", of(there), of(here))
}

fn windows(files: &str, marked: &Marked) -> String {
    let Marked { files: count, days, windows, found, false_detections, false_per_day } = marked;
    let rate = false_per_day.map_or("-".to_owned(), |rate| format!("{rate:.3}"));
    format!(
        "  {files:<8} {count:>3} files, {days:.1} days: {found} of {windows} windows, {false_detections} false, {rate} a day"
    )
}

fn compared(speed: &Compared) -> String {
    let of = |speed: &Speed| {
        let rate = speed.a_second() / 1e6;
        format!("{rate:.3} million datapoints a second ({} in {:.2} s)", speed.datapoints, speed.seconds)
    };
    let mut text = format!("\nspeed, one core, from uncompressed CSV:\n  core    {}", of(&speed.core));
    if let Some(pandas) = &speed.pandas {
        let same = &speed.core_of_same;
        let shared = pandas.isolations.iter().filter(|one| same.isolations.contains(one)).count();
        let _ = write!(
            text,
            "\n  core    {}, the files that pandas is given\n  pandas  {}\n  {:.0} times; both isolate {shared}, core \
             alone {}, pandas alone {}",
            of(same),
            of(pandas),
            same.a_second() / pandas.a_second(),
            same.isolations.len() - shared,
            pandas.isolations.len() - shared,
        );
    }
    text
}
