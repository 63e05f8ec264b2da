//! False alarms as labels: from a file, and from the journal.

use crate::deployment::Deployment;
use crate::exit::{Failed, explained};
use containment::observed::ObservedGroup;
use detection::labels::Label;
use futures::future::try_join_all;
use ports::{ListedIncident, PortError};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

/// As `cordon incidents --false --json` prints it.
#[derive(Deserialize)]
struct Document {
    incidents: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    instance: Option<String>,
    opened_at: String,
    false_alarm: bool,
}

/// Labels of a file: JSON of `cordon incidents --false --json`, or CSV of `series,epoch_s` with or without that header.
fn of_file(path: &Path) -> Result<Vec<Label>, Failed> {
    let wrong = |why: String| Failed::Usage(format!("--labels {}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let labels = if text.trim_start().starts_with('{') { of_document(&text) } else { of_csv(&text) };
    labels.map_err(wrong)
}

/// None without a file.
pub(super) fn of_file_if_any(path: Option<&Path>) -> Result<Vec<Label>, Failed> {
    path.map_or(Ok(Vec::new()), of_file)
}

fn of_document(text: &str) -> Result<Vec<Label>, String> {
    let document: Document = serde_json::from_str(text)
        .map_err(|error| format!("{error}; give what `cordon incidents --false --json` prints"))?;
    let mut labels = Vec::new();
    for Entry { instance, opened_at, .. } in document.incidents.into_iter().filter(|entry| entry.false_alarm) {
        let Some(series) = instance else { continue };
        let at = OffsetDateTime::parse(&opened_at, &Rfc3339).map_err(|error| format!("opened_at: {error}"))?;
        labels.push(Label { series, epoch_s: at.unix_timestamp() });
    }
    Ok(labels)
}

fn of_csv(text: &str) -> Result<Vec<Label>, String> {
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let rows = lines.filter(|(number, line)| !line.is_empty() && (*number > 1 || *line != "series,epoch_s"));
    let label = |(number, line): (usize, &str)| {
        // A name may have commas, a number has none.
        let (series, epoch_s) = line.rsplit_once(',').unwrap_or((line, ""));
        let epoch_s = epoch_s.trim().parse().map_err(|_| format!("line {number}: write series,epoch_s"))?;
        Ok(Label { series: series.trim().to_owned(), epoch_s })
    };
    rows.map(label).collect()
}

/// False alarms that the journal has of these groups' incidents, opened since.
pub(super) async fn of_journal(
    deployment: &Deployment,
    groups: &[ObservedGroup],
    since: OffsetDateTime,
) -> Result<Vec<Label>, Failed> {
    let journal = deployment.journal().await?;
    let months = months(since.date(), OffsetDateTime::now_utc().date());
    let read = months.iter().map(|month| journal.opened_in(*month, usize::MAX));
    let listed = try_join_all(read).await.map_err(|error: PortError| Failed::Unchecked(explained(&error)))?;
    let is_of_them =
        |incident: &ListedIncident| groups.iter().any(|group| incident.group.as_deref() == Some(group.name.as_str()));
    let is_label =
        |incident: &ListedIncident| incident.false_alarm && incident.opened_at >= since && is_of_them(incident);
    let label = |incident: ListedIncident| {
        Some(Label { epoch_s: incident.opened_at.unix_timestamp(), series: incident.instance? })
    };
    Ok(listed.into_iter().flatten().filter(is_label).filter_map(label).collect())
}

/// First days of the months from one day to another; they lie less than a month apart.
fn months(from: Date, to: Date) -> Vec<Date> {
    let first = |date: Date| date.replace_day(1).unwrap_or(date);
    let mut months = vec![first(from), first(to)];
    months.dedup();
    months
}

#[cfg(test)]
mod tests {
    use super::{months, of_csv, of_document};
    use detection::labels::Label;
    use time::macros::date;

    fn label(series: &str, epoch_s: i64) -> Label {
        Label { series: series.to_owned(), epoch_s }
    }

    #[test]
    fn labels_are_read_of_both_forms() {
        let csv = "series,epoch_s\ni-1,1790000000\n\na,b.csv, 5\n";
        assert_eq!(of_csv(csv).unwrap(), [label("i-1", 1_790_000_000), label("a,b.csv", 5)]);
        let document = r#"{"schema": 1, "complete": true, "incidents": [
            {"instance": "i-1", "opened_at": "1970-01-01T00:01:00Z", "false_alarm": true, "state": "Released"},
            {"instance": "i-2", "opened_at": "1970-01-01T00:01:00Z", "false_alarm": false},
            {"instance": null, "opened_at": "1970-01-01T00:01:00Z", "false_alarm": true}]}"#;
        assert_eq!(of_document(document).unwrap(), [label("i-1", 60)]);
    }

    #[test]
    fn what_is_no_label_is_named_by_its_line() {
        assert!(of_csv("i-1,1\ni-2\n").unwrap_err().contains("line 2"));
        assert!(of_csv("i-1,yesterday").is_err() && of_document("{}").is_err());
        let undated = r#"{"incidents": [{"instance": "i-1", "opened_at": "yesterday", "false_alarm": true}]}"#;
        assert!(of_document(undated).is_err());
    }

    #[test]
    fn two_weeks_lie_in_one_month_or_two() {
        assert_eq!(months(date!(2026 - 11 - 09), date!(2026 - 11 - 23)), [date!(2026 - 11 - 01)]);
        assert_eq!(
            months(date!(2026 - 12 - 20), date!(2027 - 01 - 03)),
            [date!(2026 - 12 - 01), date!(2027 - 01 - 01)]
        );
    }
}
