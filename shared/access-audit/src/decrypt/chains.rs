//! Who reaches a key by acting as a role that reaches it.

use crate::account::{Account, Step};
use crate::decrypt::ask::Mask;
use crate::decrypt::meant;
use crate::decrypt::outsiders::Outsider;
use crate::finding::{Confidence, Witness};
use iam_policy::{
    Action, CallerKind, Decision, Named, Policies, PolicyError, Request, Resource, ResourcePolicy, explain,
};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::rc::Rc;

/// Who assumes a role.
#[derive(Clone)]
pub(crate) enum From {
    /// Index of a subject.
    Subject(usize),
    Outsider(Rc<Outsider>),
}

/// One that may assume a role. The evaluator is asked when the answer would change something.
struct Hop {
    from: From,
    asked: Cell<Asked>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    NotYet,
    Is(Option<Confidence>),
}

/// One that reaches operations through a role.
pub(crate) struct Link {
    pub(crate) from: From,
    /// Index of the role.
    pub(crate) role: usize,
    pub(crate) mask: Mask,
    /// The role's own link, where it reaches them through another.
    next: Option<usize>,
}

/// What is reached surely, and what surely or perhaps.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reached {
    pub(crate) surely: Mask,
    pub(crate) perhaps: Mask,
}

struct Actions {
    assume: Action,
    web: Action,
    saml: Action,
}

/// Who can assume whom, asked when it is needed.
pub(crate) struct Chains<'a> {
    account: &'a Account<'a>,
    actions: Actions,
    /// Subjects whose policies speak of assuming roles.
    speaking: Vec<usize>,
    /// By role.
    known: HashMap<usize, Rc<[Hop]>>,
}

/// A role that reaches operations, with its link.
type Waiting = VecDeque<(usize, Mask, Option<usize>)>;

impl<'a> Chains<'a> {
    pub(crate) fn new(account: &'a Account<'a>) -> Result<Self, PolicyError> {
        let actions = Actions {
            assume: Action::parse("sts:AssumeRole")?,
            web: Action::parse("sts:AssumeRoleWithWebIdentity")?,
            saml: Action::parse("sts:AssumeRoleWithSAML")?,
        };
        let speaks = |(at, subject): (usize, &crate::account::Subject<'_>)| {
            subject.mentions(actions.assume.lower()).then_some(at)
        };
        let speaking = account.subjects.iter().enumerate().filter_map(speaks).collect();
        Ok(Self { account, actions, speaking, known: HashMap::new() })
    }

    /// From those that reach a key directly, by subject and by outsider, backwards: the sure ways first, the short ones
    /// before the long. Each principal is visited as often as it gains operations, so circles end.
    pub(crate) fn search(
        &mut self,
        direct: &BTreeMap<usize, Reached>,
        outside: &BTreeMap<String, Reached>,
    ) -> Vec<Link> {
        let (mut reached, mut beyond) = (direct.clone(), outside.clone());
        let mut links: Vec<Link> = Vec::new();
        let start = |of: fn(&Reached) -> Mask| direct.iter().map(move |(at, reached)| (*at, of(reached), None));
        let mut again: Waiting = start(|reached| reached.perhaps).collect();
        for is_sure in [true, false] {
            let mut waiting: Waiting =
                if is_sure { start(|reached| reached.surely).collect() } else { std::mem::take(&mut again) };
            while let Some((role, mask, next)) = waiting.pop_front() {
                for hop in self.assumers(role).iter() {
                    let known = match &hop.from {
                        From::Subject(at) => reached.entry(*at).or_default(),
                        From::Outsider(outsider) => beyond.entry(outsider.shown.clone()).or_default(),
                    };
                    let gained = mask & !(if is_sure { known.surely } else { known.perhaps });
                    let lets = |confidence| confidence == Confidence::High || !is_sure;
                    if gained == 0 || !self.confidence(hop, role).is_some_and(lets) {
                        continue;
                    }
                    known.perhaps |= gained;
                    if is_sure {
                        known.surely |= gained;
                    }
                    if let From::Subject(at) = hop.from {
                        waiting.push_back((at, gained, Some(links.len())));
                        if is_sure {
                            again.push_back((at, gained, Some(links.len())));
                        }
                    }
                    links.push(Link { from: hop.from.clone(), role, mask: gained, next });
                }
            }
        }
        links
    }

    /// The roles of a way, in the order in which they are assumed, and the steps up to the last of them.
    pub(crate) fn way(&self, links: &[Link], link: &Link) -> (Vec<usize>, Vec<Witness>) {
        let (mut roles, mut steps) = (Vec::new(), Vec::new());
        let mut at = Some(link);
        while let Some(link) = at {
            roles.push(link.role);
            steps.extend(match &link.from {
                From::Subject(who) => self.step(*who, link.role).and_then(|step| self.account.witness(&step)),
                From::Outsider(outsider) => self.witness(outsider, link.role),
            });
            at = link.next.and_then(|next| links.get(next));
        }
        (roles, steps)
    }

    fn assumers(&mut self, role: usize) -> Rc<[Hop]> {
        if let Some(known) = self.known.get(&role) {
            return Rc::clone(known);
        }
        let found: Rc<[Hop]> = self.find(role).into();
        self.known.insert(role, Rc::clone(&found));
        found
    }

    fn find(&self, role: usize) -> Vec<Hop> {
        let subject = self.account.subject(role);
        let Some(Ok(trust)) = subject.and_then(|subject| subject.principal.trust.as_ref()) else { return Vec::new() };
        let (mut subjects, mut outsiders) = (Vec::new(), BTreeMap::new());
        let all = || 0..self.account.subjects.len();
        for statement in trust.document.allows() {
            if statement.is_not_principal() {
                subjects.extend(all());
                outsiders.extend(Outsider::everyone().map(|one| (one.shown.clone(), one)));
                continue;
            }
            for named in statement.principals() {
                match named {
                    Named::Everyone => subjects.extend(all()),
                    Named::Account(id) if **id == self.account.id => {
                        subjects.extend(&self.speaking);
                        continue;
                    }
                    Named::Service(_) => continue,
                    _ => subjects.extend(meant(self.account, named)),
                }
                outsiders.extend(Outsider::named(self.account, named).map(|one| (one.shown.clone(), one)));
            }
        }
        subjects.sort_unstable();
        subjects.dedup();
        let inside = subjects.into_iter().filter(|at| *at != role).map(From::Subject);
        let outside = outsiders.into_values().map(|outsider| From::Outsider(Rc::new(outsider)));
        inside.chain(outside).map(|from| Hop { from, asked: Cell::new(Asked::NotYet) }).collect()
    }

    fn confidence(&self, hop: &Hop, role: usize) -> Option<Confidence> {
        if let Asked::Is(known) = hop.asked.get() {
            return known;
        }
        let found = match &hop.from {
            From::Subject(at) => self.step(*at, role).and_then(|step| self.account.decide(&step)),
            From::Outsider(outsider) => self.witness(outsider, role).map(|witness| match witness.decision {
                "allow" => Confidence::High,
                _ => Confidence::Low,
            }),
        };
        hop.asked.set(Asked::Is(found));
        found
    }

    fn step(&self, who: usize, role: usize) -> Option<Step> {
        let target = self.account.subject(role)?.principal;
        let context = self.account.context_of_target(target);
        Some(Step {
            who,
            action: self.actions.assume.clone(),
            resource: target.arn.clone(),
            context,
            trust: Some(role),
        })
    }

    /// An outsider assumes the role: what its own account says is assumed.
    fn witness(&self, outsider: &Outsider, role: usize) -> Option<Witness> {
        let target = self.account.subject(role)?.principal;
        let trust = target.trust.as_ref()?.as_ref().ok()?;
        let caller = outsider.holdings.caller.clone();
        let action = match caller.kind() {
            CallerKind::Federated if caller.id().contains(":saml-provider/") => &self.actions.saml,
            CallerKind::Federated => &self.actions.web,
            _ => &self.actions.assume,
        };
        let resource = Resource::parse(&target.arn, None).ok()?;
        let context = self.account.context_of_target(target);
        let request = Request::new(caller, action.clone(), resource, context);
        let identity = std::slice::from_ref(&self.account.everything);
        let identity = if outsider.is_foreign { identity } else { &outsider.holdings.identity };
        let is_own = outsider.holdings.caller.account() == Some(&self.account.id);
        let policies = Policies {
            identity,
            boundaries: &outsider.holdings.boundaries,
            scps: if is_own { &self.account.scps } else { &[] },
            rcps: &self.account.rcps,
            resource: ResourcePolicy::Is(trust),
            ..Policies::default()
        };
        let found = explain(&policies, &request);
        if !matches!(found.decision, Decision::Allow | Decision::Depends) {
            return None;
        }
        let foreign = outsider.is_foreign.then_some("its own account lets it");
        Some(Witness {
            principal: outsider.holdings.caller.id().to_owned(),
            action: action.as_str().to_owned(),
            resource: target.arn.clone(),
            decision: found.decision.name(),
            statements: found.statements.into_iter().filter(|one| one.layer != "identity").collect(),
            depends_on: found.depends_on,
            assumes: outsider.assumes.or(foreign).map(str::to_owned),
        })
    }
}
