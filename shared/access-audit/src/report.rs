//! The whole audit, from files to findings.

use crate::account::Account;
use crate::compare::{Baseline, Changes};
use crate::controls::{CONTROLS, Control, Look};
use crate::credentials::{AccountSummary, CredentialReport, PasswordPolicy};
use crate::decrypt::{Access, Reader};
use crate::escalation::{Escalation, Graph};
use crate::finding::{Finding, Problem, Severity, Status};
use crate::keys::Keys;
use crate::last_accessed::LastAccessed;
use crate::own;
use crate::region::{Exposure, Regions};
use crate::root::Root;
use crate::suppress::Suppressions;
use crate::usage::Usage;
use crate::{Inventory, Organization};
use iam_policy::{Catalogue, PolicyError};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The files of an audit, as they were read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// GetAccountAuthorizationDetails, all pages.
    pub authorization_details: &'a [u8],
    /// `{"keys": [{"KeyMetadata", "Policy", "KeyRotationEnabled", "Grants"}]}`
    pub kms: Option<&'a [u8]>,
    /// GetCredentialReport's content: CSV.
    pub credential_report: Option<&'a [u8]>,
    /// GetAccountSummary.
    pub account_summary: Option<&'a [u8]>,
    /// GetAccountPasswordPolicy.
    pub password_policy: Option<&'a [u8]>,
    /// The organization's tree with its service control and resource control policies.
    pub scps: Option<&'a [u8]>,
    /// `{"Regions": [{"Region", "Volumes", "Buckets", …}]}`: what services' APIs answer of their resources.
    pub resources: Option<&'a [u8]>,
    /// Findings that are accepted, by whom nobody that is audited can be.
    pub suppressions: Option<&'a [u8]>,
    /// An earlier report, or what was kept of it: what changed since is told.
    pub since: Option<&'a [u8]>,
    /// The name of the deployment's stack: its roles come first.
    pub own_stack: Option<&'a str>,
    /// `{"principals": [{"Arn", and what GetServiceLastAccessedDetails answered for it}]}`
    pub last_accessed: Option<&'a [u8]>,
    /// Decides conditions on the time, and the age of credentials.
    pub now: Option<OffsetDateTime>,
}

/// The audit's answer, serialized as the command line gives it.
#[derive(Debug, Serialize)]
pub struct Report {
    pub schema: u32,
    pub account: String,
    pub catalogue: CatalogueUsed,
    /// The worst first.
    pub findings: Vec<Finding>,
    /// Who reaches which key. Without keys, or where they or their account could not be read: absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decrypt: Option<Vec<Reader>>,
    /// Who can make themselves administrator, as a graph. Where the account could not be read: absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// Since an earlier report. Without one, or where it could not be read: absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What deserves to be seen and is no finding, such as a suppression that is over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What could not be read. Each control that it concerns has a finding with status `error`, too.
    pub errors: Vec<Problem>,
}

#[derive(Debug, Serialize)]
pub struct CatalogueUsed {
    pub source: &'static str,
    pub version: &'static str,
    pub actions: usize,
}

impl Report {
    /// The worst severity of what failed.
    pub fn worst(&self) -> Option<Severity> {
        self.with(Status::Fail).filter(|finding| finding.suppressed.is_none()).map(|finding| finding.severity).max()
    }

    pub fn with(&self, status: Status) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.status == status)
    }
}

/// What a control looks at: read, not given, or not readable.
enum Source<T> {
    Read(T),
    NotGiven,
    Broken,
}

impl<T> Source<T> {
    fn read(&self) -> Option<&T> {
        if let Self::Read(read) = self { Some(read) } else { None }
    }

    fn into_read(self) -> Option<T> {
        if let Self::Read(read) = self { Some(read) } else { None }
    }

    fn parsed(
        bytes: Option<&[u8]>,
        parse: impl Fn(&[u8]) -> Result<T, PolicyError>,
        errors: &mut Vec<Problem>,
    ) -> Self {
        let read = |bytes| match unread(bytes) {
            Some(error) => Err(error),
            None => parse(bytes),
        };
        bytes.map_or(Self::NotGiven, |bytes| Self::of(read(bytes), errors))
    }

    fn of(read: Result<T, PolicyError>, errors: &mut Vec<Problem>) -> Self {
        match read {
            Ok(read) => Self::Read(read),
            Err(PolicyError { at, problem }) => {
                errors.push(Problem { at, problem });
                Self::Broken
            }
        }
    }
}

/// Who reads a live account puts `{"Unread": why}` in a file's place where AWS would not let it be read.
fn unread(bytes: &[u8]) -> Option<PolicyError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Unread {
        unread: String,
    }
    if !bytes.starts_with(b"{\"Unread\"") {
        return None;
    }
    let Unread { unread } = serde_json::from_slice(bytes).ok()?;
    Some(PolicyError::new("the account", format!("could not be read: {unread}")))
}

/// Looks at everything. Nothing that goes wrong ends it: what could not be read is in the report.
pub fn audit(files: &Files<'_>) -> Report {
    let mut errors = Vec::new();
    let inventory = Source::parsed(Some(files.authorization_details), Inventory::parse, &mut errors);
    let organization = Source::parsed(files.scps, Organization::parse, &mut errors);
    let keys = Source::parsed(files.kms, Keys::parse, &mut errors);
    let credentials = Source::parsed(files.credential_report, CredentialReport::parse, &mut errors);
    let summary = Source::parsed(files.account_summary, AccountSummary::parse, &mut errors);
    let password = Source::parsed(files.password_policy, PasswordPolicy::parse, &mut errors);
    let parse = |bytes: &[u8]| LastAccessed::parse(bytes, None);
    let accessed = Source::parsed(files.last_accessed, parse, &mut errors);
    let account = match (&inventory, &organization) {
        // Without the control policies that were given, what is allowed would be overstated.
        (Source::Broken | Source::NotGiven, _) | (_, Source::Broken) => Source::Broken,
        (Source::Read(inventory), organization) => ready(inventory, organization.read(), files.now, &mut errors),
    };
    let id = if let Source::Read((account, _)) = &account { account.id.clone() } else { String::new() };
    let root = match (&credentials, &summary) {
        (Source::Broken, _) | (_, Source::Broken) => Source::Broken,
        (report, summary) => Root::of(&id, report.read(), summary.read()).map_or(Source::NotGiven, Source::Read),
    };
    let access = match (&account, &keys) {
        (_, Source::NotGiven) => Source::NotGiven,
        (Source::Read((account, _)), Source::Read(keys)) => Source::of(Access::of(account, keys), &mut errors),
        _ => Source::Broken,
    };
    let usage = match (&account, &accessed) {
        (_, Source::NotGiven) => Source::NotGiven,
        (Source::Read((account, _)), Source::Read(accessed)) => Source::Read(Usage::of(account, accessed)),
        _ => Source::Broken,
    };
    let regions = Source::parsed(files.resources, Regions::parse, &mut errors);
    let exposure = match (&account, &regions) {
        (_, Source::NotGiven) => Source::NotGiven,
        (Source::Read((account, _)), Source::Read(regions)) => Source::Read(Exposure { account, regions }),
        _ => Source::Broken,
    };
    let mut findings = Vec::new();
    for control in CONTROLS {
        findings.extend(match control.look {
            Look::Principals(look) => with(control, &account, |(account, graph)| look(account, graph)),
            Look::Keys(look) => with(control, &keys, |keys| look(keys, files.now)),
            Look::Access(look) => with(control, &access, |access| look(access, files.now)),
            Look::Exposure(look) => with(control, &exposure, look),
            Look::Credentials(look) => match files.now {
                Some(now) => with(control, &credentials, |report| look(report, now)),
                None => with(control, &Source::<CredentialReport>::NotGiven, |_| Vec::new()),
            },
            Look::Root(look) => with(control, &root, look),
            Look::PasswordPolicy(look) => with(control, &password, look),
            Look::Usage(look) => match files.now {
                Some(now) => with(control, &usage, |usage| look(usage, now)),
                None => with(control, &Source::<Usage<'_>>::NotGiven, |_| Vec::new()),
            },
        });
    }
    let decrypt = if let Source::Read(access) = access { Some(access.into_readers()) } else { None };
    errors.extend(regions.read().into_iter().flat_map(Regions::problems));
    if let Source::Read(keys) = &keys {
        errors.extend(keys.problems());
    }
    errors.extend(usage.read().into_iter().flat_map(Usage::problems));
    let escalation = match account.read().map(|(account, graph)| Escalation::of(account, graph)) {
        None => None,
        Some(escalation) => Source::of(escalation, &mut errors).into_read(),
    };
    if let Source::Read((account, _)) = account {
        errors.extend(account.unread);
    }
    let notes = accept(files, &mut findings, &mut errors);
    findings.sort_by(|one, other| {
        let rank =
            |finding: &Finding| (!finding.own, finding.status, std::cmp::Reverse(finding.severity), finding.confidence);
        rank(one).cmp(&rank(other)).then_with(|| {
            (one.control, &one.principal, &one.resource).cmp(&(other.control, &other.principal, &other.resource))
        })
    });
    let catalogue = Catalogue::shipped();
    let catalogue =
        CatalogueUsed { source: catalogue.source, version: catalogue.version, actions: catalogue.actions().len() };
    let mut report =
        Report { schema: 1, account: id, catalogue, findings, decrypt, escalation, changes: None, notes, errors };
    if let Source::Read(before) = Source::parsed(files.since, Baseline::parse, &mut report.errors) {
        let is_own = |arn: &str| files.own_stack.is_some_and(|stack| own::role_of(stack, arn).is_some());
        report.changes = Some(Changes::between(&before, &report, is_own));
    }
    report
}

/// Marks what is accepted, on Cordon's own roles and by people.
fn accept(files: &Files<'_>, findings: &mut [Finding], errors: &mut Vec<Problem>) -> Vec<String> {
    if let Some(stack) = files.own_stack
        && let Source::Read(justified) = Source::of(own::justified(), errors)
    {
        own::mark(stack, findings, &justified);
    }
    match Source::parsed(files.suppressions, Suppressions::parse, errors) {
        Source::Read(suppressions) => {
            let notes = suppressions.apply(findings, files.now);
            errors.extend(suppressions.unread);
            notes
        }
        Source::NotGiven | Source::Broken => Vec::new(),
    }
}

fn ready<'a>(
    inventory: &'a Inventory,
    organization: Option<&'a Organization>,
    now: Option<OffsetDateTime>,
    errors: &mut Vec<Problem>,
) -> Source<(Account<'a>, Graph)> {
    let account = match Account::new(inventory, organization, now) {
        Ok(account) => account,
        Err(problem) => {
            errors.push(problem);
            return Source::Broken;
        }
    };
    match Graph::of(&account) {
        Ok(graph) => Source::Read((account, graph)),
        Err(PolicyError { at, problem }) => {
            errors.push(Problem { at, problem });
            Source::Broken
        }
    }
}

/// A control's findings; one that says so where there are none, or where it could not look.
fn with<T: Unread>(control: &Control, source: &Source<T>, look: impl Fn(&T) -> Vec<Finding>) -> Vec<Finding> {
    let source = match source {
        Source::Read(source) => source,
        Source::Broken => return vec![not_read(control)],
        Source::NotGiven => {
            let message = format!("{}: not looked at, for want of {}", control.title, control.look.file());
            return vec![Finding::new(control.id, Status::NotEvaluated, control.severity, message)];
        }
    };
    let mut findings = look(source);
    if source.unread() > 0 {
        let message = format!("{}: {} could not be judged; errors name them", control.title, source.unread());
        findings.push(Finding::new(control.id, Status::Error, control.severity, message));
    }
    if findings.is_empty() {
        findings.push(Finding::new(control.id, Status::Pass, control.severity, format!("{}: none", control.title)));
    }
    findings
}

fn not_read(control: &Control) -> Finding {
    let message = format!("{}: {} could not be read; errors say why", control.title, control.look.file());
    Finding::new(control.id, Status::Error, control.severity, message)
}

/// How much of a source could not be read.
trait Unread {
    fn unread(&self) -> usize {
        0
    }
}

impl Unread for (Account<'_>, Graph) {
    fn unread(&self) -> usize {
        self.0.unread.len()
    }
}

impl Unread for Keys {
    fn unread(&self) -> usize {
        self.unread.len()
    }
}

impl Unread for Access<'_> {
    fn unread(&self) -> usize {
        self.unread()
    }
}

impl Unread for Usage<'_> {
    fn unread(&self) -> usize {
        self.unread()
    }
}

impl Unread for CredentialReport {}
impl Unread for Exposure<'_> {}
impl Unread for Root {}
impl Unread for PasswordPolicy {}
