//! The report as one JSON document, for programs.

use crate::content::Content;
use crate::evidence::{EvidenceItem, MissingEvidence};
use crate::figures::{Figures, figures};
use crate::traffic::{Point, Traffic, usable, usable_band};
use crate::{Report, ReportError, summary};
use containment::incident::Incident;
use containment::journal::Event;
use serde::Serialize;
use serde_json::{Value, json};
use signal::{AccountId, Region};
use time::OffsetDateTime;

/// The version of the document. Fields may be added under the same number; none changes its meaning or goes.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    #[serde(with = "time::serde::rfc3339")]
    generated_at: OffsetDateTime,
    account: &'a AccountId,
    region: &'a Region,
    partition: &'a str,
    instance_name: Option<&'a str>,
    /// The journal's head, which vouches for `events`.
    head: Value,
    incident: &'a Incident,
    events: &'a [Event],
    traffic: Option<Value>,
    figures: Option<Figures>,
    evidence: &'a [EvidenceItem],
    missing: &'a [MissingEvidence],
    /// What the other forms say, in the same words.
    told: Content,
}

/// The document, on one line.
pub fn json(report: &Report<'_>) -> Result<String, ReportError> {
    let start = summary::start(report.incident);
    Ok(serde_json::to_string(&Document {
        schema: SCHEMA,
        generated_at: report.generated_at,
        account: report.account,
        region: report.region,
        partition: report.partition,
        instance_name: report.instance_name,
        head: json!({"sequence": report.head.sequence, "hash": report.head.hash}),
        incident: report.incident,
        events: report.events,
        traffic: report.traffic.map(series),
        figures: report.traffic.and_then(|traffic| figures(traffic, start)),
        evidence: report.evidence,
        missing: report.missing,
        told: Content::of(report),
    })?)
}

/// Points as `[epoch seconds, value]`, in order, without those that are no numbers: JSON has none.
fn series(traffic: &Traffic) -> Value {
    let points = |points: &[Point]| -> Vec<(i64, f64)> {
        usable(points).iter().map(|point| (point.at.unix_timestamp(), point.value)).collect()
    };
    let band = usable_band(&traffic.band);
    json!({
        "metric": traffic.metric,
        "unit": traffic.unit,
        "period": traffic.period,
        "points_given": traffic.points.len(),
        "points": points(&traffic.points),
        "band": band.iter().map(|p| (p.at.unix_timestamp(), p.lower, p.upper)).collect::<Vec<_>>(),
        "peers": traffic.peers.iter()
            .map(|peer| json!({"instance": peer.instance, "points": points(&peer.points)}))
            .collect::<Vec<_>>(),
        "alarm": traffic.alarm.map(|window| json!({
            "from": window.from.unix_timestamp(),
            "until": window.until.map(OffsetDateTime::unix_timestamp),
        })),
    })
}
