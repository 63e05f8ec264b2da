//! The audit's page: one file that loads nothing and runs nothing.

use super::graph::{Graph, graph};
use super::{Audit, severity};
use crate::html::policy;
use crate::{ReportError, times};
use access_audit::{Confidence, Cut, Finding, Reader, Severity, Status, Witness};
use askama::Template;

/// Findings of one control that a page shows; the JSON form has them all.
const OF_CONTROL: usize = 200;
/// Ways to keys that a page shows.
const READERS: usize = 500;

/// Renders the page.
pub fn audit_html(audit: &Audit<'_>) -> Result<String, ReportError> {
    let style = Style {}.render()?;
    let report = audit.report;
    let page = Page { policy: policy(&style), style: &style, graph: report.escalation.as_ref().and_then(graph), audit };
    Ok(page.render()?)
}

#[derive(Template)]
#[template(path = "audit.css", escape = "none")]
struct Style {}

#[derive(Template)]
#[template(path = "audit.html")]
struct Page<'a> {
    policy: String,
    style: &'a str,
    graph: Option<Graph>,
    audit: &'a Audit<'a>,
}

/// A control's failing findings.
struct Group<'a> {
    control: &'a str,
    severity: &'static str,
    tone: &'static str,
    shown: Vec<&'a Finding>,
    left_out: usize,
}

impl Page<'_> {
    fn account(&self) -> &str {
        if self.audit.report.account.is_empty() {
            "an account that could not be read"
        } else {
            &self.audit.report.account
        }
    }

    fn at(&self) -> String {
        times::moment(self.audit.at)
    }

    fn counted(&self) -> impl Iterator<Item = &Finding> {
        self.audit.report.with(Status::Fail).filter(|finding| finding.suppressed.is_none())
    }

    /// From the worst, without those of which there is none.
    fn counts(&self) -> Vec<(usize, &'static str, &'static str)> {
        let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].into_iter();
        let counted =
            all.map(|one| (self.counted().filter(|finding| finding.severity == one).count(), severity(one), tone(one)));
        counted.filter(|(count, _, _)| *count > 0).collect()
    }

    fn tone(&self) -> &'static str {
        match self.audit.report.worst() {
            Some(worst) => tone(worst),
            None if self.is_whole() => "good",
            None => "waiting",
        }
    }

    /// Whether everything could be read that was given.
    fn is_whole(&self) -> bool {
        self.audit.report.errors.is_empty() && self.audit.report.with(Status::Error).next().is_none()
    }

    fn groups(&self) -> Vec<Group<'_>> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        for finding in self.counted() {
            let at = groups.iter().position(|group| group.control == finding.control);
            let at = at.unwrap_or_else(|| {
                let (severity, tone) = (severity(finding.severity), tone(finding.severity));
                groups.push(Group { control: finding.control, severity, tone, shown: Vec::new(), left_out: 0 });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(at) {
                if group.shown.len() < OF_CONTROL {
                    group.shown.push(finding);
                } else {
                    group.left_out += 1;
                }
            }
        }
        groups
    }

    fn with(&self, status: &str) -> Vec<&Finding> {
        let is_it = |finding: &&Finding| super::status(finding.status) == status;
        self.audit.report.findings.iter().filter(is_it).collect()
    }

    fn change_lines(&self) -> Vec<String> {
        let text = self.audit.report.changes.as_ref().map(access_audit::Changes::text);
        text.iter().flat_map(|text| text.lines()).map(str::to_owned).collect()
    }

    fn accepted(&self) -> Vec<&Finding> {
        self.audit.report.with(Status::Fail).filter(|finding| finding.suppressed.is_some()).collect()
    }

    fn best_cut(&self) -> Option<&Cut> {
        self.audit.report.escalation.as_ref()?.cuts.first()
    }

    fn readers(&self) -> &[Reader] {
        let all = self.audit.report.decrypt.as_deref().unwrap_or_default();
        all.get(..READERS).unwrap_or(all)
    }

    fn readers_left_out(&self) -> usize {
        self.audit.report.decrypt.as_ref().map_or(0, Vec::len).saturating_sub(READERS)
    }

    fn sure(&self, finding: &Finding) -> &'static str {
        match finding.confidence {
            Confidence::High => "",
            Confidence::Medium => "assumes something that was not read",
            Confidence::Low => "depends on conditions",
        }
    }

    fn granted(&self, witness: &Witness) -> String {
        let allowing = witness.statements.iter().filter(|one| one.effect == "Allow");
        allowing
            .map(|one| format!("{} {}, statement {}", one.layer, one.policy, one.index))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn depends(&self, witness: &Witness) -> String {
        let keys = witness.depends_on.iter().filter_map(|one| one.key.as_deref().or(one.why));
        keys.collect::<Vec<_>>().join(", ")
    }
}

fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "bad",
        Severity::Medium => "waiting",
        Severity::Low => "plain",
    }
}
