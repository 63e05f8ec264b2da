//! The result for people, in 80 columns.

use crate::table::cut;
use detection::inject::Order;
use detection::labels::Fate;
use detection::results::{Backtest, Said};
use std::fmt::Write;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]");
/// Beyond these the text names a count, and JSON has them all.
const NAMED: usize = 20;
const WIDTH: usize = 80;

pub(super) fn of(found: &Backtest, order: Option<&Order>) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} series, {:.1} instance-days", found.series, found.instance_days);
    let false_ones: Vec<_> = found.isolations.iter().filter(|isolation| !isolation.injected).collect();
    if let Some(rate) = found.false_per_1000_instance_days {
        let _ = writeln!(text, "would isolate: {} ({rate:.2} a 1,000 instance-days)", false_ones.len());
    }
    for isolation in false_ones.iter().take(NAMED) {
        let _ = writeln!(text, "  {} UTC  {}", at(isolation.epoch_s), cut(&isolation.series, WIDTH - 24));
        if isolation.label == Some(Said::FalseAlarm) {
            let _ = writeln!(text, "    people called it a false alarm");
        }
        for reason in &isolation.reasons {
            let _ = writeln!(text, "{}", wrapped(&reason.to_string()));
        }
    }
    if false_ones.len() > NAMED {
        let _ = writeln!(text, "  and {} more: --json has all", false_ones.len() - NAMED);
    }
    if !found.false_alarms.is_empty() {
        let [repeated, avoided, beyond] =
            [Fate::Repeated, Fate::Avoided, Fate::NotCovered].map(|fate| found.fates(fate));
        let _ = writeln!(
            text,
            "labelled false alarms: {}; {repeated} would come again, {avoided} would not, {beyond} not in the data",
            found.false_alarms.len()
        );
    }
    if let (Some(order), Some(recall)) = (order, found.recall) {
        let found_ones = found.injected.iter().filter(|injection| injection.detected_epoch_s.is_some()).count();
        let _ = writeln!(
            text,
            "injected: {} of {:.1} MB/s for {} minutes; found {found_ones} (recall {recall:.3})",
            found.injected.len(),
            order.rate_bytes_per_s / 1e6,
            order.minutes
        );
        if let Some(delay) = found.median_delay_s {
            let _ = writeln!(text, "  median delay {:.0} minutes", delay as f64 / 60.0);
        }
    }
    for detection in found.detections.iter().take(NAMED) {
        let _ = writeln!(text, "changed: {}  {}", detection.timestamp, cut(&detection.series, WIDTH - 31));
    }
    if found.detections.len() > NAMED {
        let _ = writeln!(text, "  and {} more: --json has all", found.detections.len() - NAMED);
    }
    if !found.rules.is_empty() {
        let _ = writeln!(text, "\nwhat each rule turned away    datapoints  episodes");
        for (rule, count) in &found.rules {
            let _ = writeln!(text, "  {rule:<26}  {:>10}  {:>8}", count.datapoints, count.episodes);
        }
    }
    for (odd, count) in &found.odd_datapoints {
        let _ = writeln!(text, "odd datapoints: {count} {odd:?}");
    }
    text.trim_end().to_owned()
}

fn wrapped(reason: &str) -> String {
    textwrap::fill(reason, textwrap::Options::new(WIDTH).initial_indent("    ").subsequent_indent("      "))
}

fn at(epoch_s: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(epoch_s).ok();
    at.and_then(|at| at.format(MINUTE).ok()).unwrap_or_else(|| epoch_s.to_string())
}
