//! Who reaches a key: what it encrypts, or the power over who may.
//!
//! Every answer is the evaluator's. Asked about is who could be answered yes: whom the key's policy, its grants, or their own
//! policies bring in. Roles lead on to those who can assume them.

mod alike;
mod ask;
mod chains;
mod everywhere;
mod outsiders;
#[cfg(test)]
mod properties;
mod reader;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;

pub(crate) use everywhere::{EveryKey, keeps, open_to_everyone};
pub(crate) use outsiders::ABSENT;
pub use reader::Reader;

use crate::Principal;
use crate::account::Account;
use crate::finding::{Problem, Witness};
use crate::keys::{Key, Keys};
use alike::Alike;
use ask::{Lock, Mask, OPERATIONS, Who};
use chains::{Chains, From, Reached};
use iam_policy::{Action, Arn, Decision, Explanation, Named, PolicyError, Statement};
use outsiders::Outsider;
use reader::Way;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The keys of an account with those who reach them.
pub(crate) struct Access<'a> {
    pub(crate) account: &'a Account<'a>,
    pub(crate) keys: &'a Keys,
    readers: Vec<Reader>,
    /// Of each key, in the readers.
    ranges: Vec<Range<usize>>,
}

impl<'a> Access<'a> {
    /// # Errors
    /// None that a file could cause: an operation's own name.
    pub(crate) fn of(account: &'a Account<'a>, keys: &'a Keys) -> Result<Self, PolicyError> {
        let mut search = Search::new(account)?;
        let (mut readers, mut ranges) = (Vec::new(), Vec::new());
        for key in &keys.keys {
            let from = readers.len();
            readers.extend(search.readers(key));
            ranges.push(from..readers.len());
        }
        Ok(Self { account, keys, readers, ranges })
    }

    /// Each key with its readers.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&'a Key, &[Reader])> {
        let readers = |range: &Range<usize>| self.readers.get(range.clone()).unwrap_or_default();
        self.keys.keys.iter().zip(self.ranges.iter().map(readers))
    }

    pub(crate) fn into_readers(self) -> Vec<Reader> {
        self.readers
    }

    /// Principals and entries that could not be judged: one of them may reach any key.
    pub(crate) fn unread(&self) -> usize {
        self.account.unread.len() + self.keys.unread.len()
    }

    pub(crate) fn unread_principals(&self) -> &[Problem] {
        &self.account.unread
    }
}

struct Search<'a> {
    account: &'a Account<'a>,
    actions: Vec<Action>,
    /// The account's root user.
    root: String,
    /// Subjects whose own policies speak of one of the operations.
    speaking: Vec<usize>,
    /// Of each subject, as far as its own policies tell operations apart.
    alike: Vec<Alike>,
    chains: Chains<'a>,
}

/// What reaches one key directly.
#[derive(Default)]
struct Direct {
    subjects: BTreeMap<usize, Vec<Way>>,
    outsiders: BTreeMap<String, (Outsider, Vec<Way>)>,
}

impl<'a> Search<'a> {
    fn new(account: &'a Account<'a>) -> Result<Self, PolicyError> {
        let actions = ask::operations()?;
        let speaks = |(at, subject): (usize, &crate::account::Subject<'_>)| {
            actions.iter().any(|action| subject.mentions(action.lower())).then_some(at)
        };
        let speaking = account.subjects.iter().enumerate().filter_map(speaks).collect();
        let root = format!("arn:{}:iam::{}:root", account.partition, account.id);
        let above = Alike::all().told_apart_by(account.scps.iter().chain(&account.rcps).flatten(), &actions);
        let own = |subject: &crate::account::Subject<'_>| {
            let holdings = &subject.holdings;
            above.clone().told_apart_by(holdings.identity.iter().chain(&holdings.boundaries), &actions)
        };
        let alike = account.subjects.iter().map(own).collect();
        Ok(Self { account, root, speaking, alike, chains: Chains::new(account)?, actions })
    }

    fn readers(&mut self, key: &Key) -> Vec<Reader> {
        let lock = Lock::new(self.account, key);
        let direct = self.direct(&lock);
        let mut readers = Vec::new();
        for (at, ways) in &direct.subjects {
            let Some(subject) = self.account.subject(*at) else { continue };
            let arn = &subject.principal.arn;
            let kind = reader::kind(arn, subject.is_role());
            readers.extend(ways.iter().map(|way| told(&lock, arn, kind, None, way)));
        }
        for (shown, (outsider, ways)) in &direct.outsiders {
            readers.extend(ways.iter().map(|way| told(&lock, shown, outsider.kind, Some(outsider), way)));
        }
        readers.extend(self.through_roles(&lock, &direct));
        readers
            .sort_by(|one, other| (&one.principal, &one.by, &one.via).cmp(&(&other.principal, &other.by, &other.via)));
        readers
    }

    fn direct(&self, lock: &Lock<'a>) -> Direct {
        let mut found = Direct::default();
        for at in self.candidates(lock) {
            let Some(subject) = self.account.subject(at) else { continue };
            let who = Who { holdings: &subject.holdings, is_foreign: false };
            let granted = lock.granted(&subject.holdings.caller);
            let Some(own) = self.alike.get(at) else { continue };
            let alike = lock.alike(own, &self.actions, &granted);
            let reached = lock.decisions(who, &self.actions, &granted, &alike);
            if !reached.is_empty() {
                found.subjects.insert(at, reader::ways(lock, who, &self.actions, &granted, &reached));
            }
        }
        let outsiders =
            outsiders::of_key(self.account, lock.key, lock.grantees(), |statement| self.is_about(statement));
        for (shown, outsider) in outsiders {
            let granted = lock.granted(&outsider.holdings.caller);
            let reached = lock.decisions(outsider.who(), &self.actions, &granted, &Alike::none());
            if !reached.is_empty() {
                let ways = reader::ways(lock, outsider.who(), &self.actions, &granted, &reached);
                found.outsiders.insert(shown, (outsider, ways));
            }
        }
        found
    }

    fn is_about(&self, statement: &Statement) -> bool {
        self.actions.iter().any(|action| statement.covers_action(action.lower()))
    }

    /// Subjects that could be answered yes. A key that AWS manages is open to its account through a service: the account's
    /// root stands for all of it.
    fn candidates(&self, lock: &Lock<'_>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let grantees = lock.grantees();
        for grantee in grantees {
            found.extend(self.account.index_of(grantee));
            if grantee == self.root {
                found.extend(&self.speaking);
            }
        }
        let allows = lock.key.policy.iter().flat_map(|policy| policy.document.allows());
        for statement in allows.filter(|statement| self.is_about(statement)) {
            let all = 0..self.account.subjects.len();
            if statement.is_not_principal() && !lock.key.is_aws_managed {
                found.extend(all.clone());
            }
            for named in statement.principals() {
                match named {
                    Named::Everyone if !lock.key.is_aws_managed => found.extend(all.clone()),
                    Named::Account(id) if **id == self.account.id => found.extend(&self.speaking),
                    _ => found.extend(meant(self.account, named)),
                }
            }
        }
        found
    }

    fn through_roles(&mut self, lock: &Lock<'_>, direct: &Direct) -> Vec<Reader> {
        let inside = direct.subjects.iter().map(|(at, ways)| (*at, reached(ways))).collect();
        let outside = direct.outsiders.iter().map(|(shown, (_, ways))| (shown.clone(), reached(ways))).collect();
        let links = self.chains.search(&inside, &outside);
        let mut readers = Vec::new();
        for link in &links {
            let (roles, witness) = self.chains.way(&links, link);
            let last = roles.last().and_then(|role| Some((self.account.subject(*role)?, direct.subjects.get(role)?)));
            let Some((role, ways)) = last else { continue };
            let (principal, kind) = match &link.from {
                From::Subject(at) => {
                    let Some(subject) = self.account.subject(*at) else { continue };
                    (subject.principal.arn.clone(), reader::kind(&subject.principal.arn, subject.is_role()))
                }
                From::Outsider(outsider) => (outsider.shown.clone(), outsider.kind),
            };
            for way in ways.iter().filter(|way| way.mask & link.mask != 0) {
                let mask = way.mask & link.mask;
                let mut steps = witness.clone();
                steps.extend(step(lock, &role.principal.arn, mask, &way.found));
                let is_sure = steps.iter().all(|step| step.decision == "allow");
                readers.push(Reader {
                    key: lock.key.arn.clone(),
                    principal: principal.clone(),
                    kind,
                    operations: reader::named(mask),
                    by: vec!["role-chain"],
                    via: roles.iter().filter_map(|at| Some(self.account.subject(*at)?.principal.arn.clone())).collect(),
                    made_by_service: None,
                    decision: if is_sure { Decision::Allow } else { Decision::Depends }.name(),
                    witness: steps,
                });
            }
        }
        readers
    }
}

/// Subjects that are named by themselves. A session is its role's; whether the role is it, the evaluator leaves open.
fn meant(account: &Account<'_>, named: &Named) -> Vec<usize> {
    let each = || account.subjects.iter().enumerate();
    let found =
        |is: &dyn Fn(&Principal) -> bool| each().filter(|(_, one)| is(one.principal)).map(|(at, _)| at).collect();
    match named {
        Named::Arn { account: of, session_of: Some(name), .. } if **of == *account.id => {
            found(&|principal| principal.trust.is_some() && *principal.name == **name)
        }
        Named::Arn { arn, .. } => account.index_of(arn).into_iter().collect(),
        Named::UniqueId(id) => found(&|principal| principal.unique_id.as_deref() == Some(id)),
        _ => Vec::new(),
    }
}

fn reached(ways: &[Way]) -> Reached {
    let mut reached = Reached::default();
    for way in ways {
        reached.perhaps |= way.mask;
        if way.found.decision == Decision::Allow {
            reached.surely |= way.mask;
        }
    }
    reached
}

fn told(lock: &Lock<'_>, shown: &str, kind: &'static str, outsider: Option<&Outsider>, way: &Way) -> Reader {
    let is_owner = Arn::split(shown).is_some_and(|arn| arn.account == lock.key.account);
    let kind = if kind == "account" && is_owner { "root" } else { kind };
    let asked = outsider.map_or(shown, |outsider| outsider.holdings.caller.id());
    let assumes = outsider.and_then(|outsider| outsider.assumes).map(str::to_owned);
    Reader {
        key: lock.key.arn.clone(),
        principal: shown.to_owned(),
        kind,
        operations: reader::named(way.mask),
        by: way.by.clone(),
        via: Vec::new(),
        made_by_service: reader::made_by_service(lock, &way.found),
        decision: way.found.decision.name(),
        witness: step(lock, asked, way.mask, &way.found).map(|step| Witness { assumes, ..step }).into_iter().collect(),
    }
}

fn step(lock: &Lock<'_>, principal: &str, mask: Mask, found: &Explanation) -> Option<Witness> {
    Some(Witness {
        principal: principal.to_owned(),
        action: (*OPERATIONS.get(mask.trailing_zeros() as usize)?).to_owned(),
        resource: lock.key.arn.clone(),
        decision: found.decision.name(),
        statements: found.statements.clone(),
        depends_on: found.depends_on.clone(),
        assumes: None,
    })
}
