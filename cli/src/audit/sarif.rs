//! The report as SARIF 2.1.0 (OASIS), for tools that show findings beside code.

use access_audit::{CONTROLS, Finding, Report, Severity, Status};
use serde_json::{Value, json};

pub(super) fn of(report: &Report) -> Value {
    let rules: Vec<_> =
        CONTROLS.iter().map(|control| json!({"id": control.id, "shortDescription": {"text": control.title}})).collect();
    let results: Vec<_> = report.findings.iter().map(result).collect();
    let notes: Vec<_> = report
        .errors
        .iter()
        .map(|problem| json!({"level": "error", "message": {"text": format!("{}: {}", problem.at, problem.problem)}}))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "cordon", "rules": rules}},
            "invocations": [{"executionSuccessful": report.errors.is_empty(), "toolExecutionNotifications": notes}],
            "results": results,
        }],
    })
}

fn result(finding: &Finding) -> Value {
    // What could not be looked at is open, not a pass.
    let kind = match finding.status {
        Status::Fail => "fail",
        Status::Pass => "pass",
        Status::Error | Status::NotEvaluated => "open",
    };
    let level = match (finding.status, finding.severity) {
        (Status::Fail, Severity::Critical | Severity::High) => "error",
        (Status::Fail, Severity::Medium) => "warning",
        (Status::Fail, Severity::Low) => "note",
        _ => "none",
    };
    let about = finding.resource.iter().chain(&finding.principal);
    let places: Vec<_> = about
        .take(1)
        .map(|name| json!({"logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}]}))
        .collect();
    json!({
        "ruleId": finding.control,
        "kind": kind,
        "level": level,
        "message": {"text": finding.message},
        "locations": places,
        "properties": {
            "status": finding.status, "severity": finding.severity, "confidence": finding.confidence,
            "principal": finding.principal, "witness": finding.witness, "fix": finding.fix,
        },
    })
}
