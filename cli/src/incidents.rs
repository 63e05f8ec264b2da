//! `cordon incidents`: a list, newest first.

use crate::arguments::Incidents;
use crate::deployment::Deployment;
use crate::exit::{Exit, Failed, explained};
use containment::incident::SCHEMA;
use futures::future::try_join_all;
use ports::{Journal, ListedIncident};
use serde_json::json;
use signal::Quoted;
use std::fmt::Write;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Month, OffsetDateTime};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]");
const MONTHS: usize = 12;

pub(crate) async fn run(deployment: &Deployment, filter: &Incidents, as_json: bool) -> Result<(String, Exit), Failed> {
    let today = OffsetDateTime::now_utc().date();
    let since = filter.since.as_deref().map(day).transpose()?;
    let journal = deployment.journal().await?;
    let found = matching(&*journal, filter, today, since).await?;
    Ok((if as_json { document(&found, filter) } else { table(&found, filter) }, Exit::Done))
}

fn day(text: &str) -> Result<Date, Failed> {
    Date::parse(text, DAY).map_err(|_| Failed::Usage(format!("--since {}: expected YYYY-MM-DD", Quoted(text))))
}

/// The newest month first: most often it fills the page. The others are read at once.
async fn matching(
    journal: &dyn Journal,
    filter: &Incidents,
    today: Date,
    since: Option<Date>,
) -> Result<Vec<ListedIncident>, Failed> {
    // A filter may drop any number of what is read.
    let unfiltered = filter.state.is_none() && filter.group.is_none() && filter.since.is_none() && !filter.false_alarms;
    let limit = if unfiltered { filter.limit } else { usize::MAX };
    let months = months(today, since);
    let (newest, older) = months.split_at(1.min(months.len()));
    let mut found: Vec<ListedIncident> = Vec::new();
    for some in [newest, older] {
        let read = some.iter().map(|month| journal.opened_in(*month, limit));
        let by_month = try_join_all(read).await.map_err(|error| Failed::Unchecked(explained(&error)))?;
        found.extend(by_month.into_iter().flatten().filter(|incident| matches(incident, filter, since)));
        if found.len() >= filter.limit {
            break;
        }
    }
    found.truncate(filter.limit);
    Ok(found)
}

/// First days of months, newest first.
fn months(today: Date, since: Option<Date>) -> Vec<Date> {
    let mut months = Vec::new();
    let (mut year, mut month) = (today.year(), today.month());
    let (last_year, last_month) = since.map_or((i32::MIN, Month::January), |since| (since.year(), since.month()));
    let most = if since.is_some() { usize::MAX } else { MONTHS };
    while months.len() < most && (year, u8::from(month)) >= (last_year, u8::from(last_month)) {
        let Ok(first) = Date::from_calendar_date(year, month, 1) else { break };
        months.push(first);
        if month == Month::January {
            year -= 1;
        }
        month = month.previous();
    }
    months
}

fn matches(incident: &ListedIncident, filter: &Incidents, since: Option<Date>) -> bool {
    filter.state.as_ref().is_none_or(|state| state.eq_ignore_ascii_case(&incident.state))
        && (!filter.false_alarms || incident.false_alarm)
        && filter.group.as_ref().is_none_or(|group| incident.group.as_ref() == Some(group))
        && since.is_none_or(|since| incident.opened_at.date() >= since)
}

fn table(found: &[ListedIncident], filter: &Incidents) -> String {
    if found.is_empty() {
        return "No incident matches.".to_owned();
    }
    let mut text = String::from("opened (UTC)      state           incident                        instance\n");
    for incident in found {
        let opened = incident.opened_at.format(MINUTE).unwrap_or_default();
        let instance = incident.instance.as_deref().unwrap_or("-");
        let _ = writeln!(text, "{opened}  {:<15} {:<31} {instance}", incident.state, incident.id.as_str());
    }
    if found.len() == filter.limit {
        let _ = writeln!(text, "There may be more: --limit, --since, --state, --group.");
    }
    text.trim_end().to_owned()
}

fn document(found: &[ListedIncident], filter: &Incidents) -> String {
    let one = |incident: &ListedIncident| {
        json!({
            "incident": incident.id,
            "opened_at": incident.opened_at.format(&Rfc3339).unwrap_or_default(),
            "state": incident.state,
            "instance": incident.instance,
            "group": incident.group,
            "false_alarm": incident.false_alarm,
        })
    };
    let incidents: Vec<_> = found.iter().map(one).collect();
    json!({"schema": SCHEMA, "incidents": incidents, "complete": found.len() < filter.limit}).to_string()
}

#[cfg(test)]
mod tests {
    use super::{day, months};
    use time::macros::date;

    #[test]
    fn months_go_back_over_the_turn_of_a_year() {
        let found = months(date!(2026 - 02 - 14), Some(date!(2025 - 12 - 31)));
        assert_eq!(found, [date!(2026 - 02 - 01), date!(2026 - 01 - 01), date!(2025 - 12 - 01)]);
        assert_eq!(months(date!(2026 - 02 - 14), None).len(), 12);
        assert!(months(date!(2026 - 02 - 14), Some(date!(2026 - 03 - 01))).is_empty());
    }

    #[test]
    fn a_day_is_written_in_one_way() {
        assert!(day("2026-11-23").is_ok());
        for wrong in ["23.11.2026", "2026-13-01", "", "yesterday"] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }
}
