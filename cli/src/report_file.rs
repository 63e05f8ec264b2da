//! `cordon report`: the incident as a page, or for machines, with what the evidence holds of its traffic.

use crate::arguments::{Format, ReportArguments};
use crate::bundle::{self, Kept};
use crate::deployment::Deployment;
use crate::exit::{Exit, Failed};
use crate::told::{Beside, Told};
use evidence::bundle::Reading;
use evidence::content::Content;
use evidence::metrics::{METRICS, Metrics};
use report::{BandPoint, EvidenceItem, MissingEvidence, Peer, Point, ReportError, Traffic};
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
        if what == METRICS && (beside.traffic.is_none() || later) {
            let read = kept.bytes.get(version).and_then(|bytes| serde_json::from_slice(bytes).ok());
            beside.traffic = read.and_then(|metrics| traffic(&metrics)).or(beside.traffic);
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

fn traffic(metrics: &Metrics) -> Option<Traffic> {
    let at = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).ok();
    let points = |points: Vec<(i64, f64)>| -> Vec<Point> {
        points.into_iter().filter_map(|(seconds, value)| Some(Point { at: at(seconds)?, value })).collect()
    };
    let band = metrics.band().into_iter();
    let band = band.filter_map(|(seconds, lower, upper)| Some(BandPoint { at: at(seconds)?, lower, upper }));
    let peers = metrics.peers().into_iter();
    let own = points(metrics.own());
    (!own.is_empty()).then(|| Traffic {
        metric: metrics.metric().unwrap_or_default().to_owned(),
        unit: metrics.unit().to_owned(),
        period: metrics.period_s,
        points: own,
        band: band.collect(),
        peers: peers.map(|(instance, of)| Peer { instance: instance.to_owned(), points: points(of) }).collect(),
        alarm: None,
    })
}
