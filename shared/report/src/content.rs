//! Everything that a report says, once, before it gets a form.

use crate::entries::statement;
use crate::facts::{Fact, facts};
use crate::release::{Release, release};
use crate::steps::{StepRow, rows};
use crate::summary::{Summary, start, summary};
use crate::words::{self, Tone};
use crate::{Report, figures, times};
use serde::Serialize;
use time::{Duration, OffsetDateTime};

#[derive(Debug, Serialize)]
pub(crate) struct Content {
    /// The instance's id, or words for none.
    pub subject: String,
    pub headline: &'static str,
    pub tone: Tone,
    pub state: &'static str,
    /// What every "since" is counted from.
    #[serde(with = "time::serde::rfc3339")]
    pub start: OffsetDateTime,
    pub summary: Summary,
    pub facts: Vec<Fact>,
    pub timeline: Vec<Entry>,
    /// What of the traffic is missing, and why.
    pub traffic_lacks: Vec<String>,
    pub steps: Vec<StepRow>,
    pub decisions: Vec<DecisionRow>,
    pub release: Release,
}

/// One entry of the timeline.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub sequence: u32,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub since_start_seconds: f64,
    /// `None` for the first.
    pub since_previous_seconds: Option<f64>,
    pub text: String,
    pub detail: Option<String>,
    pub tone: Tone,
    pub actor: String,
}

/// Who decided something, and why.
#[derive(Debug, Serialize)]
pub(crate) struct DecisionRow {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub what: String,
    pub who: String,
    pub why: String,
}

impl Content {
    pub fn of(report: &Report<'_>) -> Self {
        let incident = report.incident;
        let (headline, tone) = words::headline(&incident.state);
        let (timeline, decisions) = told(report);
        Self {
            subject: incident.instance.as_ref().map_or_else(|| "No instance".to_owned(), ToString::to_string),
            headline,
            tone,
            state: incident.state.name(),
            start: start(incident),
            summary: summary(report),
            facts: facts(report),
            timeline,
            traffic_lacks: match report.traffic {
                Some(traffic) => figures::shortcomings(traffic, start(incident)),
                None => vec!["The traffic around the alarm is not in this report: it was not read.".to_owned()],
            },
            steps: rows(report),
            decisions,
            release: release(incident),
        }
    }
}

fn told(report: &Report<'_>) -> (Vec<Entry>, Vec<DecisionRow>) {
    let start = start(report.incident);
    let (mut timeline, mut decisions) = (Vec::new(), Vec::new());
    let mut before: Option<OffsetDateTime> = None;
    for event in report.events {
        let statement = statement(event);
        decisions.extend(statement.decision.map(|decision| DecisionRow {
            at: event.at,
            what: decision.what,
            who: decision.who,
            why: decision.why,
        }));
        timeline.push(Entry {
            sequence: event.sequence,
            at: event.at,
            since_start_seconds: times::between(start, event.at).as_seconds_f64(),
            since_previous_seconds: before.map(|before| times::between(before, event.at).as_seconds_f64()),
            text: statement.text,
            detail: statement.detail,
            tone: statement.tone,
            actor: event.actor.clone(),
        });
        before = Some(event.at);
    }
    (timeline, decisions)
}

impl Entry {
    pub fn since_start(&self) -> String {
        span(self.since_start_seconds)
    }

    pub fn since_previous(&self) -> Option<String> {
        self.since_previous_seconds.map(span)
    }

    pub fn clock(&self) -> String {
        times::clock(self.at)
    }

    pub fn machine(&self) -> String {
        times::machine(self.at)
    }
}

fn span(seconds: f64) -> String {
    times::span(Duration::seconds_f64(seconds))
}

impl DecisionRow {
    pub fn moment(&self) -> String {
        times::moment(self.at)
    }
}
