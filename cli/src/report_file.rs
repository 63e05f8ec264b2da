//! `cordon report`: the incident as a page, or for machines, with what the evidence holds of its traffic.

use crate::arguments::{Format, ReportArguments};
use crate::bundle::{self, Kept};
use crate::deployment::Deployment;
use crate::exit::{Exit, Failed};
use crate::told::{Beside, Told};
use evidence::bundle::Reading;
use evidence::content::Content;
use report::{BandPoint, EvidenceItem, MissingEvidence, Peer, Point, ReportError, Traffic};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use time::OffsetDateTime;

pub(crate) async fn run(deployment: &Deployment, arguments: &ReportArguments) -> Result<(String, Exit), Failed> {
    let settings = deployment.settings().await?;
    let told = Told::load(deployment, &settings, &arguments.incident).await?;
    let kept = bundle::read(deployment, &settings, &arguments.incident).await?;
    let bucket = settings.get("CORDON_EVIDENCE_BUCKET")?;
    let beside = beside(&told, &kept, bucket);
    let report = told.report(&beside);
    let unwritten = |error: ReportError| Failed::Other(format!("the report was not made: {error}"));
    let text = match arguments.format {
        Format::Html => report::html(&report),
        Format::Json => report::json(&report),
        Format::Ocsf => report::ocsf(&report),
    }
    .map_err(unwritten)?;
    let Some(out) = &arguments.out else { return Ok((text, Exit::Done)) };
    fs::write(out, &text).map_err(|error| Failed::Other(format!("{} cannot be written: {error}", out.display())))?;
    Ok((format!("Written to {} ({} bytes).", out.display(), text.len()), Exit::Done))
}

fn beside(told: &Told, kept: &Kept, bucket: &str) -> Beside {
    let mut beside = Beside::default();
    for (version, content) in &kept.bundle.objects {
        let Reading::Read(Content { sha256, bytes }) = content else { continue };
        let what = version.key.rsplit('/').next().unwrap_or_default().to_owned();
        let later = version.key.contains("/later/");
        let captured =
            told.incident.evidence.iter().rfind(|captured| (captured.capture.to_string() == "later") == later);
        beside.evidence.push(EvidenceItem {
            what: if later { format!("{what}, later") } else { what.clone() },
            location: format!("s3://{bucket}/{}", version.key),
            version: Some(version.version_id.clone()),
            bytes: Some(*bytes),
            sha256: Some(sha256.clone()),
            captured_at: captured.map_or(told.incident.opened_at, |captured| captured.captured_at),
        });
        if what == "metrics.json" && (beside.traffic.is_none() || later) {
            let read = kept.bytes.get(version).and_then(|bytes| serde_json::from_slice(bytes).ok());
            beside.traffic = read.and_then(traffic).or(beside.traffic);
        }
    }
    for captured in &told.incident.evidence {
        beside.missing.extend(captured.missing.iter().map(|missing| MissingEvidence {
            what: format!("{} ({})", missing.name, captured.capture),
            why: missing.why.clone(),
        }));
    }
    if told.incident.evidence.is_empty() && told.incident.isolated_at.is_some() {
        beside.missing.push(MissingEvidence {
            what: "everything".to_owned(),
            why: "no capture ended with a signed manifest".to_owned(),
        });
    }
    beside
}

/// The form of `metrics.json`, as the capture writes it.
#[derive(Deserialize)]
struct Metrics {
    period_s: u32,
    series: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    id: Option<String>,
    label: Option<String>,
    epoch_s: Vec<i64>,
    values: Vec<f64>,
}

impl Series {
    fn points(&self) -> Vec<Point> {
        let at = |seconds: &i64| OffsetDateTime::from_unix_timestamp(*seconds).ok();
        let both = self.epoch_s.iter().zip(&self.values);
        both.filter_map(|(seconds, value)| Some(Point { at: at(seconds)?, value: *value })).collect()
    }
}

/// NetworkOut with its band and peers. Pages of one series are joined; the band's two series are told apart by their values, since
/// CloudWatch's labels are not documented.
fn traffic(metrics: Metrics) -> Option<Traffic> {
    let of = |id: &str| metrics.series.iter().filter(|series| series.id.as_deref() == Some(id)).collect::<Vec<_>>();
    let points: Vec<Point> = of("m0").into_iter().flat_map(Series::points).collect();
    let band = match of("band").as_slice() {
        [one, two] => {
            let pairs = one.points().into_iter().zip(two.points()).filter(|(a, b)| a.at == b.at);
            pairs
                .map(|(a, b)| BandPoint { at: a.at, lower: a.value.min(b.value), upper: a.value.max(b.value) })
                .collect()
        }
        _ => Vec::new(),
    };
    let peers = metrics.series.iter().filter(|series| series.id.as_deref().is_some_and(|id| id.starts_with('p')));
    let mut by_peer: BTreeMap<String, Vec<Point>> = BTreeMap::new();
    for peer in peers {
        by_peer.entry(peer.label.clone().unwrap_or_default()).or_default().extend(peer.points());
    }
    (!points.is_empty()).then(|| Traffic {
        metric: "NetworkOut".to_owned(),
        unit: "Bytes".to_owned(),
        period: metrics.period_s,
        points,
        band,
        peers: by_peer.into_iter().map(|(instance, points)| Peer { instance, points }).collect(),
        alarm: None,
    })
}
