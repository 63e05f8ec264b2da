//! What the evaluator says of old and new policies: those who used something keep it, and nobody gains anything.
//!
//! Asked for each policy by itself, so that no other hides a difference, in an open world and in a closed one, and on
//! every resource that a statement names. What is observed is asked of all that the principal holds, too.

use super::used::{Used, Verdict};
use crate::Holdings;
use iam_policy::{
    Action, Context, Decision, Document, DocumentKind, Policies, Policy, PolicyError, Request, Resource,
    ResourcePolicy, decide,
};
use serde::Serialize;
use serde_json::{Value, json};

/// More would take minutes; no policy within IAM's quotas comes near.
const MAX_REQUESTS: usize = 20_000_000;
/// Failed requests that an error names.
const NAMED: usize = 5;
/// One that policies rarely name, so that NotResource is asked about, too.
const ELSEWHERE: &str = "arn:aws:s3:::nobody-names-this/at-all";

/// What was asked, and came out as it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// Requests of what is kept or was observed that old and new decide the same.
    pub same: usize,
    /// Actions of the catalogue, and observed ones that it doesn't know, of which new allows nothing that old doesn't.
    pub no_wider: usize,
}

/// A policy's name, its old document, and the new one where a statement is left.
pub(super) type Pair<'a> = (&'a str, &'a Value, Option<&'a Value>);

/// # Errors
/// Each obligation that fails, or that could not be looked at.
pub(super) fn of(holdings: &Holdings, pairs: &[Pair<'_>], used: &Used<'_>) -> Result<Proof, Vec<String>> {
    let unread = |error: PolicyError| vec![error.to_string()];
    let universe: Vec<(Action, Verdict)> = used
        .services()
        .into_iter()
        .flat_map(|service| used.actions_of(service))
        .map(|action| Ok((Action::parse(&action)?, used.verdict(&action.to_ascii_lowercase()))))
        .collect::<Result<_, _>>()
        .map_err(unread)?;
    let observed: Vec<Action> =
        used.observed().map(|action| Action::parse(&action)).collect::<Result<_, _>>().map_err(unread)?;
    let mut asking = Asking::new(holdings).map_err(unread)?;
    let mut smaller = Vec::new();
    let mut resources = vec![star().map_err(unread)?];
    for (name, old, new) in pairs {
        if !super::document::differs_in_actions_alone(old, *new) {
            asking.failed.push(format!("{name}: more than the actions of Allow statements changed"));
        }
        let old = policy(name, old).map_err(unread)?;
        let new = new.map(|new| policy(name, new)).transpose().map_err(unread)?;
        let probes = Probes::of(&old, &asking.open);
        for (action, verdict) in &universe {
            asking.one_policy(&old, new.as_ref(), action, *verdict, &probes);
            if asking.asked > MAX_REQUESTS {
                return Err(vec![format!("{name}: too large to be asked about everything that it names")]);
            }
        }
        resources.extend(probes.by_statement.into_iter().flat_map(|(_, resources)| resources));
        smaller.extend(new);
    }
    smaller.extend(holdings.identity.iter().skip(pairs.len()).cloned());
    for action in &observed {
        for resource in &resources {
            asking.all_policies(holdings, &smaller, action, resource);
        }
    }
    if asking.failed.is_empty() {
        Ok(Proof { same: asking.same, no_wider: universe.len() })
    } else {
        asking.failed.truncate(NAMED);
        Err(asking.failed)
    }
}

/// Resources, by the statement that names them; `usize` is its place among those of the policy.
struct Probes {
    anywhere: Vec<Resource>,
    by_statement: Vec<(usize, Vec<Resource>)>,
}

impl Probes {
    fn of(old: &Policy, request: &Request) -> Self {
        let parse = |arn: &str| Resource::parse(arn, None).ok();
        let statements = old.document.denies().iter().chain(old.document.allows());
        let by_statement = statements.map(|statement| {
            // A wildcard that is no ARN by itself, such as `arn:aws:s3*`, is filled up.
            let filled = |arn: String| parse(&arn).or_else(|| parse(&format!("{arn}:::::")));
            (statement.index, statement.example_resources(request).filter_map(filled).collect())
        });
        Self {
            by_statement: by_statement.collect(),
            anywhere: ["*", ELSEWHERE].into_iter().filter_map(parse).collect(),
        }
    }
}

struct Asking {
    open: Request,
    closed: Request,
    /// The owner of whatever is asked about leaves it to IAM, as every account may: so the policies alone decide.
    owner: Policy,
    asked: usize,
    same: usize,
    failed: Vec<String>,
}

impl Asking {
    fn new(holdings: &Holdings) -> Result<Self, PolicyError> {
        let account = holdings.caller.account().unwrap_or_default();
        let statement = json!({"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"});
        let owner = Document::from_value(&json!({"Statement": statement}), DocumentKind::Resource)?;
        let request = |context| {
            let action = Action::parse("sts:GetCallerIdentity")?;
            Ok(Request::new(holdings.caller.clone(), action, star()?, context))
        };
        Ok(Self {
            open: request(Context::open())?,
            closed: request(Context::closed())?,
            owner: Policy::new("owner", owner),
            asked: 0,
            same: 0,
            failed: Vec::new(),
        })
    }

    fn one_policy(&mut self, old: &Policy, new: Option<&Policy>, action: &Action, verdict: Verdict, probes: &Probes) {
        let lower = action.lower();
        let covers = |policy: &Policy| policy.document.allows().iter().any(|statement| statement.covers_action(lower));
        let is_allowed = covers(old) || new.is_some_and(covers);
        let new = new.map_or(&[][..], std::slice::from_ref);
        let old = std::slice::from_ref(old);
        // Whatever no statement allows is asked about once.
        let anywhere = probes.anywhere.get(..if is_allowed { probes.anywhere.len() } else { 1 }).unwrap_or_default();
        for resource in anywhere {
            self.ask(old, new, &[], action, resource, (verdict, is_allowed));
        }
        if !is_allowed {
            return;
        }
        let statements = |index: usize| {
            let document = old.first().map(|policy| &policy.document);
            let mut all = document.into_iter().flat_map(|document| document.denies().iter().chain(document.allows()));
            all.any(|statement| statement.index == index && statement.covers_action(lower))
        };
        for (_, resources) in probes.by_statement.iter().filter(|(index, _)| statements(*index)) {
            for resource in resources {
                self.ask(old, new, &[], action, resource, (verdict, is_allowed));
            }
        }
    }

    fn all_policies(&mut self, holdings: &Holdings, new: &[Policy], action: &Action, resource: &Resource) {
        let Holdings { identity, boundaries, .. } = holdings;
        self.ask(identity, new, boundaries, action, resource, (Verdict::Used, true));
    }

    fn ask(
        &mut self,
        old: &[Policy],
        new: &[Policy],
        boundaries: &[Policy],
        action: &Action,
        resource: &Resource,
        (verdict, counts): (Verdict, bool),
    ) {
        for request in [&mut self.open, &mut self.closed] {
            request.action = action.clone();
            request.resource = resource.clone();
            let decided = |identity| {
                let resource = ResourcePolicy::Is(&self.owner);
                decide(&Policies { identity, boundaries, resource, ..Policies::default() }, request)
            };
            let (was, is) = (decided(old), decided(new));
            self.asked += 1;
            let holds = if verdict == Verdict::Unused { no_wider(was, is) } else { was == is };
            if !holds && self.failed.len() < NAMED {
                let (was, is) = (was.name(), is.name());
                self.failed.push(format!("{} on {}: {was} became {is}", action.as_str(), resource.arn()));
            }
            if holds && counts && verdict != Verdict::Unused {
                self.same += 1;
            }
        }
    }
}

/// An explicit deny stays one, and nothing becomes one.
fn no_wider(was: Decision, is: Decision) -> bool {
    let rank = |decision| match decision {
        Decision::ExplicitDeny | Decision::ImplicitDeny => 0,
        Decision::Depends => 1,
        Decision::Allow => 2,
    };
    rank(is) <= rank(was) && (was == Decision::ExplicitDeny) == (is == Decision::ExplicitDeny)
}

fn policy(name: &str, document: &Value) -> Result<Policy, PolicyError> {
    let document = Document::from_value(document, DocumentKind::Identity).map_err(|error| error.within(name))?;
    Ok(Policy::new(name, document))
}

fn star() -> Result<Resource, PolicyError> {
    Resource::parse("*", None)
}
