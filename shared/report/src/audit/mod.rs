//! An audit of who can do what, told to people and to machines: a page, and OCSF. Both are of one report and say the same.

mod graph;
mod ocsf;
mod page;

pub use ocsf::audit_ocsf;
pub use page::audit_html;

use access_audit::{Severity, Status};
use time::OffsetDateTime;

/// What a page or a finding is made from.
#[derive(Debug, Clone, Copy)]
pub struct Audit<'a> {
    pub report: &'a access_audit::Report,
    pub at: OffsetDateTime,
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Fail => "fail",
        Status::Error => "error",
        Status::NotEvaluated => "not evaluated",
        Status::Pass => "pass",
    }
}
