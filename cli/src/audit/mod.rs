//! `cordon audit`: who holds more than they need, and who could make themselves administrator. From files, or from the live account.

mod sarif;
mod text;

use crate::arguments::{Audit, AuditFormat};
use crate::exit::{Exit, Failed};
use crate::live_account;
use access_audit::{Files, Report, Severity, Status, audit};
use ports::Section;
use std::fs;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

pub(crate) async fn run(stack: &str, asked: &Audit, json: bool) -> Result<(String, Exit), Failed> {
    let now = OffsetDateTime::now_utc();
    let given = Given::read(asked)?;
    let live = match &given.authorization_details {
        Some(_) => None,
        None => Some(live_account::read(&Section::ALL).await?),
    };
    let known = match (&given.authorization_details, &live) {
        (None, Some(account)) => account.files(now),
        (details, _) => {
            let authorization_details = details.as_deref().unwrap_or_default();
            Files { authorization_details, now: Some(now), ..Files::default() }
        }
    };
    let found = audit(&Files { own_stack: Some(stack), ..given.over(known) });
    let unwritten = |error: serde_json::Error| Failed::Other(format!("the report can't be written: {error}"));
    let unrendered = |error: report::ReportError| Failed::Other(format!("the report can't be written: {error}"));
    let told = report::Audit { report: &found, at: now };
    let printed = match asked.format {
        AuditFormat::Text if !json => text::of(&found),
        AuditFormat::Text | AuditFormat::Json => serde_json::to_string(&found).map_err(unwritten)?,
        AuditFormat::Html => report::audit_html(&told).map_err(unrendered)?,
        AuditFormat::Ocsf => report::audit_ocsf(&told).map_err(unrendered)?,
        AuditFormat::Sarif => serde_json::to_string(&sarif::of(&found)).map_err(unwritten)?,
    };
    Ok((printed, exit(&found)))
}

/// Part of the command-line contract. What was found counts before what could not be looked at; neither is a 0.
fn exit(report: &Report) -> Exit {
    match report.worst() {
        Some(Severity::Low) => Exit::FoundLow,
        Some(Severity::Medium) => Exit::FoundMedium,
        Some(Severity::High) => Exit::FoundHigh,
        Some(Severity::Critical) => Exit::FoundCritical,
        None if report.errors.is_empty() && report.with(Status::Error).next().is_none() => Exit::Done,
        None => Exit::CouldNotCheck,
    }
}

/// The files that were given.
struct Given {
    authorization_details: Option<Vec<u8>>,
    kms: Option<Vec<u8>>,
    credential_report: Option<Vec<u8>>,
    account_summary: Option<Vec<u8>>,
    password_policy: Option<Vec<u8>>,
    scps: Option<Vec<u8>>,
    last_accessed: Option<Vec<u8>>,
    resources: Option<Vec<u8>>,
    suppressions: Option<Vec<u8>>,
    since: Option<Vec<u8>>,
}

impl Given {
    fn read(asked: &Audit) -> Result<Self, Failed> {
        let file = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
        Ok(Self {
            authorization_details: file(&asked.authorization_details)?,
            kms: file(&asked.kms)?,
            credential_report: file(&asked.credential_report)?,
            account_summary: file(&asked.account_summary)?,
            password_policy: file(&asked.password_policy)?,
            scps: file(&asked.scps)?,
            last_accessed: file(&asked.last_accessed)?,
            resources: file(&asked.resources)?,
            suppressions: file(&asked.suppressions)?,
            since: file(&asked.since)?,
        })
    }

    /// A file that was given counts before what is known without it.
    fn over<'a>(&'a self, known: Files<'a>) -> Files<'a> {
        Files {
            kms: self.kms.as_deref().or(known.kms),
            credential_report: self.credential_report.as_deref().or(known.credential_report),
            account_summary: self.account_summary.as_deref().or(known.account_summary),
            password_policy: self.password_policy.as_deref().or(known.password_policy),
            scps: self.scps.as_deref().or(known.scps),
            last_accessed: self.last_accessed.as_deref().or(known.last_accessed),
            resources: self.resources.as_deref().or(known.resources),
            suppressions: self.suppressions.as_deref(),
            since: self.since.as_deref(),
            ..known
        }
    }
}

fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, Failed> {
    let path = path.as_ref();
    fs::read(path).map_err(|error| Failed::Other(format!("{}: {error}", path.display())))
}
