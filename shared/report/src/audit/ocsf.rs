//! An audit's findings as OCSF Compliance Findings, one JSON object a line.
//!
//! Source: the Open Cybersecurity Schema Framework, class 2003 of category 2, with the profile cloud.

use super::{Audit, severity, status};
use crate::{OCSF_VERSION, ReportError};
use access_audit::{Finding, Severity, Status};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const CATEGORY: u32 = 2;
const CLASS: u32 = 2003;
const CREATE: u32 = 1;
const AWS_ACCOUNT: u32 = 10;

/// Every finding of every status: what passed, failed, could not be looked at, and was not.
pub fn audit_ocsf(audit: &Audit<'_>) -> Result<String, ReportError> {
    let lines = audit.report.findings.iter().map(|finding| Ok(serde_json::to_string(&document(audit, finding))?));
    Ok(lines.collect::<Result<Vec<_>, ReportError>>()?.join("\n"))
}

fn document(audit: &Audit<'_>, finding: &Finding) -> Value {
    let milliseconds = audit.at.unix_timestamp() * 1000;
    let accepted = finding.suppressed.as_ref();
    // Nothing that was not looked at is a pass, nor a fail: the schema leaves it to the caption.
    let compliance = match finding.status {
        Status::Pass => (1, "Pass"),
        Status::Fail => (3, "Fail"),
        Status::NotEvaluated => (99, "Not Evaluated"),
        Status::Error => (99, "Error"),
    };
    let severity_id = match (finding.status, finding.severity) {
        (Status::Fail, Severity::Low) => 2,
        (Status::Fail, Severity::Medium) => 3,
        (Status::Fail, Severity::High) => 4,
        (Status::Fail, Severity::Critical) => 5,
        _ => 1,
    };
    let caption = if finding.status == Status::Fail { severity(finding.severity) } else { "informational" };
    let state = match (finding.status, accepted) {
        (Status::Fail, Some(_)) => (3, "Suppressed"),
        (Status::Pass, _) => (99, "Passed"),
        _ => (1, "New"),
    };
    let about = finding.resource.as_deref().or(finding.principal.as_deref());
    let mut document = json!({
        "category_uid": CATEGORY, "category_name": "Findings", "class_uid": CLASS, "class_name": "Compliance Finding",
        "activity_id": CREATE, "activity_name": "Create", "type_uid": CLASS * 100 + CREATE,
        "type_name": "Compliance Finding: Create",
        "severity_id": severity_id, "severity": capital(caption),
        "status_id": state.0, "status": state.1,
        "time": milliseconds,
        "message": finding.message,
        "compliance": {
            "control": finding.control, "standards": ["Cordon's controls"],
            "status_id": compliance.0, "status": compliance.1, "status_detail": status(finding.status),
        },
        "finding_info": {
            "uid": uid(finding), "title": finding.control, "desc": finding.message, "created_time": milliseconds,
        },
        "cloud": {
            "provider": "AWS",
            "account": {"uid": audit.report.account, "type_id": AWS_ACCOUNT, "type": "AWS Account"},
        },
        "metadata": {
            "version": OCSF_VERSION, "profiles": ["cloud"],
            "product": {"name": "Cordon", "vendor_name": "Cordon"},
        },
        "unmapped": {
            "confidence": finding.confidence, "principal": finding.principal, "witness": finding.witness,
            "suppressed": accepted, "own": finding.own,
            "catalogue": {"source": audit.report.catalogue.source, "version": audit.report.catalogue.version},
        },
    });
    if let Some(members) = document.as_object_mut() {
        if let Some(about) = about {
            members.insert("resources".to_owned(), json!([{"uid": about, "type": "AWS resource"}]));
        }
        if !finding.fix.is_empty() {
            members.insert("remediation".to_owned(), json!({"desc": finding.fix}));
        }
    }
    document
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The same for the same finding of each audit.
fn uid(finding: &Finding) -> String {
    let names =
        [finding.control, finding.resource.as_deref().unwrap_or(""), finding.principal.as_deref().unwrap_or("")];
    let digest = Sha256::digest(names.join("\n").as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
