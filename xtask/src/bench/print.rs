//! The table of figures.

use super::measure::{Figures, median};

pub fn header() {
    println!("{:<34} {:>15} {:>23} {:>13}", "", "round trips to", "milliseconds to", "");
    println!(
        "{:<34} {:>9} {:>5} {:>9} {:>13} {:>13} {:>6}",
        "case", "isolated", "stop", "isolated", "stop accepted", "Contained", "runs"
    );
}

/// One line for a case. For several instances at once the medians, and the slowest in a line of its own.
pub fn row(name: &str, runs: &[Figures], several: bool) {
    line(name, runs, median, runs.len());
    if several {
        line("  the slowest of them", runs, |values| values.into_iter().max_by(f64::total_cmp), runs.len());
    }
}

fn line(name: &str, runs: &[Figures], pick: impl Fn(Vec<f64>) -> Option<f64>, count: usize) {
    let shown = |of: fn(&Figures) -> Option<f64>| {
        let values: Vec<_> = runs.iter().filter_map(of).collect();
        // A figure that some runs lack would be a figure of the better runs only.
        let complete = values.len() == runs.len();
        pick(values).filter(|_| complete).map_or("-".to_owned(), |value| format!("{value:.0}"))
    };
    println!(
        "{name:<34} {:>9} {:>5} {:>9} {:>13} {:>13} {count:>6}",
        shown(|run| whole(run.trips_to_isolated)),
        shown(|run| whole(run.trips_to_stop)),
        shown(|run| run.isolated_ms),
        shown(|run| run.stop_ms),
        shown(|run| run.contained_ms),
    );
}

fn whole(count: Option<usize>) -> Option<f64> {
    count.and_then(|count| u32::try_from(count).ok()).map(f64::from)
}
