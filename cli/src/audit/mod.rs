//! `cordon audit`: who holds more than they need, and who could make themselves administrator. From files alone.

mod sarif;
mod text;

use crate::arguments::{Audit, AuditFormat};
use crate::exit::{Exit, Failed};
use access_audit::{Files, Report, Severity, Status, audit};
use std::fs;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;

pub(crate) fn run(asked: &Audit, json: bool) -> Result<(String, Exit), Failed> {
    let details = read(&asked.authorization_details)?;
    let optional = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
    let (kms, scps) = (optional(&asked.kms)?, optional(&asked.scps)?);
    let credentials = optional(&asked.credential_report)?;
    let (summary, password) = (optional(&asked.account_summary)?, optional(&asked.password_policy)?);
    let report = audit(&Files {
        authorization_details: &details,
        kms: kms.as_deref(),
        credential_report: credentials.as_deref(),
        account_summary: summary.as_deref(),
        password_policy: password.as_deref(),
        scps: scps.as_deref(),
        now: Some(OffsetDateTime::now_utc()),
    });
    let unwritten = |error: serde_json::Error| Failed::Other(format!("the report can't be written: {error}"));
    let printed = match asked.format {
        AuditFormat::Text if !json => text::of(&report),
        AuditFormat::Text | AuditFormat::Json => serde_json::to_string(&report).map_err(unwritten)?,
        AuditFormat::Sarif => serde_json::to_string(&sarif::of(&report)).map_err(unwritten)?,
    };
    Ok((printed, exit(&report)))
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

fn read(path: impl AsRef<Path>) -> Result<Vec<u8>, Failed> {
    let path = path.as_ref();
    fs::read(path).map_err(|error| Failed::Other(format!("{}: {error}", path.display())))
}
