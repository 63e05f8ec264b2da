//! An account made ready to be asked: every principal with its policies, and what limits them all.

use crate::finding::{Confidence, Problem, Witness};
use crate::{Holdings, Inventory, Organization, Principal};
use iam_policy::{
    Action, Arn, Context, Decision, Document, DocumentKind, Policies, Policy, Request, Resource, ResourcePolicy,
    Statement, decide, explain,
};
use serde_json::json;
use std::collections::BTreeSet;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A user or role whose policies could all be read.
pub(crate) struct Subject<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) holdings: Holdings,
    is_service_linked: bool,
}

/// The principals of one account.
pub(crate) struct Account<'a> {
    pub(crate) id: String,
    pub(crate) partition: String,
    pub(crate) inventory: &'a Inventory,
    pub(crate) subjects: Vec<Subject<'a>>,
    /// Principals that can't be judged.
    pub(crate) unread: Vec<Problem>,
    pub(crate) everything: Policy,
    pub(crate) now: Option<OffsetDateTime>,
    organization: Option<&'a Organization>,
    pub(crate) scps: Vec<Vec<Policy>>,
    /// Over what is this account's.
    pub(crate) rcps: Vec<Vec<Policy>>,
    pub(crate) is_management: bool,
    base: Context,
    /// What is known even of a request that a service passes on.
    common: Context,
    /// Tag conditions that any policy has, in lower case.
    tag_keys: Vec<String>,
}

/// One thing that a subject does, as the evaluator is asked about it.
#[derive(Clone)]
pub(crate) struct Step {
    /// Index of the subject.
    pub(crate) who: usize,
    pub(crate) action: Action,
    pub(crate) resource: String,
    pub(crate) context: Context,
    /// Index of the role whose trust policy has a say.
    pub(crate) trust: Option<usize>,
}

impl<'a> Account<'a> {
    /// `now`: conditions on the time are decided by it.
    ///
    /// # Errors
    /// A control policy of the organization that can't be read.
    pub(crate) fn new(
        inventory: &'a Inventory,
        organization: Option<&'a Organization>,
        now: Option<OffsetDateTime>,
    ) -> Result<Self, Problem> {
        let first = inventory.principals().find_map(|principal| Arn::split(&principal.arn));
        let (partition, id) = first.map_or(("aws", ""), |arn| (arn.partition, arn.account));
        let (id, partition) = (id.to_owned(), partition.to_owned());
        let problem = |error: iam_policy::PolicyError| Problem { at: error.at, problem: error.problem };
        let levels = organization.map(|organization| organization.levels(&id)).transpose();
        let scps = levels.map_err(problem)?.flatten().unwrap_or_default();
        let levels = organization.map(|organization| organization.resource_levels(&id)).transpose();
        let rcps = levels.map_err(problem)?.flatten().unwrap_or_default();
        let (mut subjects, mut unread) = (Vec::new(), Vec::new());
        for principal in inventory.principals() {
            match inventory.holdings(principal, &principal.arn) {
                Ok(holdings) => {
                    let is_service_linked = principal.arn.contains(":role/aws-service-role/");
                    subjects.push(Subject { principal, holdings, is_service_linked });
                }
                Err(problems) => unread.extend(problems.into_iter().map(|error| Problem {
                    at: principal.arn.clone(),
                    problem: format!("{error}; who holds it could not be judged"),
                })),
            }
        }
        let is_management = organization.is_some_and(|organization| organization.is_management_account(&id));
        let tag_keys = tag_keys(&subjects);
        let everything = everything().map_err(problem)?;
        let common = common(now);
        let base = base(common.clone());
        let account = Self {
            id,
            partition,
            inventory,
            subjects,
            unread,
            everything,
            now,
            organization,
            scps,
            rcps,
            is_management,
            base,
            common,
            tag_keys,
        };
        Ok(account)
    }

    /// The same account without one statement of a policy; of an inline one, `holder` says whose.
    pub(crate) fn without(&self, holder: Option<&str>, policy: &str, statement: usize) -> Self {
        // A managed policy's copies share their document, and go on sharing it.
        let mut cut: Option<Policy> = None;
        let mut less = |one: &Policy| {
            if &*one.name != policy {
                return one.clone();
            }
            let document = || Policy::new(policy, one.document.without(statement));
            match holder {
                Some(_) => document(),
                None => cut.get_or_insert_with(document).clone(),
            }
        };
        let subjects = self.subjects.iter().map(|subject| {
            let Holdings { caller, identity, boundaries } = &subject.holdings;
            let concerned = holder.is_none_or(|holder| holder == subject.principal.arn);
            let identity = if concerned { identity.iter().map(&mut less).collect() } else { identity.clone() };
            let holdings = Holdings { caller: caller.clone(), identity, boundaries: boundaries.clone() };
            Subject { principal: subject.principal, holdings, is_service_linked: subject.is_service_linked }
        });
        Self {
            subjects: subjects.collect(),
            id: self.id.clone(),
            partition: self.partition.clone(),
            inventory: self.inventory,
            unread: Vec::new(),
            everything: self.everything.clone(),
            now: self.now,
            organization: self.organization,
            scps: self.scps.clone(),
            rcps: self.rcps.clone(),
            is_management: self.is_management,
            base: self.base.clone(),
            common: self.common.clone(),
            tag_keys: self.tag_keys.clone(),
        }
    }

    /// Whether the organization that was given has this account, too.
    pub(crate) fn is_in_organization(&self, account: &str) -> bool {
        self.organization.is_some_and(|organization| matches!(organization.levels(account), Ok(Some(_))))
    }

    pub(crate) fn index_of(&self, arn: &str) -> Option<usize> {
        self.subjects.binary_search_by(|subject| subject.principal.arn.as_str().cmp(arn)).ok()
    }

    pub(crate) fn subject(&self, at: usize) -> Option<&Subject<'a>> {
        self.subjects.get(at)
    }

    /// What is known of every request.
    pub(crate) fn context(&self) -> Context {
        self.base.clone()
    }

    /// What is known of a request that a principal makes by itself, or lets a service make for it.
    pub(crate) fn context_of_any_way(&self) -> Context {
        self.common.clone()
    }

    /// What is known where the resource is a user or role of the dump.
    pub(crate) fn context_of_target(&self, target: &Principal) -> Context {
        let boundary = target.boundary_arn.iter();
        let mut context = self.context().with("iam:PermissionsBoundary", boundary);
        for (key, values) in self.tags_of_target(target) {
            context = context.with(key, values);
        }
        context
    }

    /// Of each tag that any policy looks at, what the target has of it.
    pub(crate) fn tags_of_target<'t>(&'t self, target: &'t Principal) -> impl Iterator<Item = (&'t str, Vec<&'t str>)> {
        self.tag_keys.iter().map(|key| {
            let name = key.split_once('/').map_or("", |(_, name)| name);
            let same = target.tags.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            (key.as_str(), same.map(|(_, value)| value.as_str()).collect())
        })
    }

    pub(crate) fn decide(&self, step: &Step) -> Option<Confidence> {
        let asked = self.asked(step, decide)?;
        match asked {
            Decision::Allow => Some(Confidence::High),
            Decision::Depends => Some(Confidence::Low),
            Decision::ExplicitDeny | Decision::ImplicitDeny => None,
        }
    }

    /// The same, with its reasons.
    pub(crate) fn witness(&self, step: &Step) -> Option<Witness> {
        let found = self.asked(step, explain)?;
        Some(Witness {
            principal: self.subject(step.who)?.principal.arn.clone(),
            action: step.action.as_str().to_owned(),
            resource: step.resource.clone(),
            decision: found.decision.name(),
            statements: found.statements,
            depends_on: found.depends_on,
            assumes: None,
        })
    }

    /// `None` where the resource is none that could be asked about.
    fn asked<T>(&self, step: &Step, judge: impl Fn(&Policies<'_>, &Request) -> T) -> Option<T> {
        let Holdings { caller, identity, boundaries } = &self.subject(step.who)?.holdings;
        let resource = Resource::parse(&step.resource, None).ok()?;
        let mut request = Request::new(caller.clone(), step.action.clone(), resource, step.context.clone());
        request.of_management_account = self.is_management;
        let resource = match step.trust {
            None => ResourcePolicy::None,
            Some(role) => ResourcePolicy::Is(self.subject(role)?.principal.trust.as_ref()?.as_ref().ok()?),
        };
        let policies =
            Policies { identity, boundaries, scps: &self.scps, rcps: &self.rcps, resource, ..Policies::default() };
        Some(judge(&policies, &request))
    }

    /// Whether the policies allow an action on a resource, apart from what limits the whole account.
    pub(crate) fn allows(&self, at: usize, more: &[Policy], action: &Action, resource: &str) -> Option<Confidence> {
        let Holdings { caller, identity, boundaries } = &self.subject(at)?.holdings;
        let resource = Resource::parse(resource, None).ok()?;
        let request = Request::new(caller.clone(), action.clone(), resource, self.context());
        let all = if more.is_empty() { Vec::new() } else { [identity, more].concat() };
        let identity = if more.is_empty() { identity } else { &all };
        match decide(&Policies { identity, boundaries, ..Policies::default() }, &request) {
            Decision::Allow => Some(Confidence::High),
            Decision::Depends => Some(Confidence::Low),
            Decision::ExplicitDeny | Decision::ImplicitDeny => None,
        }
    }
}

impl Subject<'_> {
    pub(crate) fn is_role(&self) -> bool {
        self.principal.trust.is_some()
    }

    /// Only its service assumes it, and nobody else can change or pass it.
    pub(crate) fn is_service_linked(&self) -> bool {
        self.is_service_linked
    }

    pub(crate) fn allows(&self) -> impl Iterator<Item = &Statement> {
        self.holdings.identity.iter().flat_map(|policy| policy.document.allows())
    }

    /// Whether any of its statements is about the action, in lower case: without one the evaluator need not be asked.
    pub(crate) fn mentions(&self, lower: &str) -> bool {
        self.allows().any(|statement| statement.covers_action(lower))
    }

    /// Whether its own policies and boundaries could allow the action on anything: where not, the evaluator need not be asked
    /// about any resource.
    pub(crate) fn could(&self, lower: &str) -> bool {
        let Holdings { identity, boundaries, .. } = &self.holdings;
        let covers = |statement: &Statement| statement.covers_action(lower);
        let is_final = |statement: &Statement| {
            statement.covers_every_resource() && !statement.has_conditions() && statement.covers_action(lower)
        };
        self.mentions(lower)
            && boundaries.iter().all(|policy| policy.document.allows().iter().any(covers))
            && !identity.iter().chain(boundaries).any(|policy| policy.document.denies().iter().any(is_final))
    }
}

/// A caller calls by itself.
fn base(common: Context) -> Context {
    let base = common.with("aws:ViaAWSService", ["false"]);
    base.with::<&str>("aws:CalledVia", []).with::<&str>("aws:CalledViaFirst", [])
}

/// A caller chooses TLS.
fn common(now: Option<OffsetDateTime>) -> Context {
    let common = Context::open().with("aws:SecureTransport", ["true"]);
    match now {
        Some(now) => {
            let text = now.format(&Rfc3339).unwrap_or_default();
            common.with("aws:CurrentTime", [text]).with("aws:EpochTime", [now.unix_timestamp().to_string()])
        }
        None => common,
    }
}

fn everything() -> Result<Policy, iam_policy::PolicyError> {
    let statement = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    Ok(Policy::new("AdministratorAccess", Document::from_value(&statement, DocumentKind::Identity)?))
}

fn tag_keys(subjects: &[Subject<'_>]) -> Vec<String> {
    let mut keys = BTreeSet::new();
    for subject in subjects {
        let policies = subject.holdings.identity.iter().chain(&subject.holdings.boundaries);
        for policy in policies {
            for statement in policy.document.allows().iter().chain(policy.document.denies()) {
                let tags = statement.conditions().map(|(_, key, _)| key.to_ascii_lowercase());
                keys.extend(tags.filter(|key| key.contains(":resourcetag/")));
            }
        }
    }
    keys.into_iter().collect()
}
