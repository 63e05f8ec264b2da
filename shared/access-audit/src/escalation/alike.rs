//! Targets that no question tells apart: what a caller can do to one of them, it can do to all.
//!
//! What is asked about a target depends on its kind, its account, the services that it trusts and, where the caller's
//! policies look at them, its tags, its boundary, its ARN and its trust policy. So a caller need be asked once for all targets
//! in which these are the same, and the search does not grow with callers times targets. A target whose trust policy names
//! the caller itself is asked about apart.

use crate::account::{Account, Subject};
use crate::escalation::edges::Edges;
use crate::finding::Confidence;
use iam_policy::{Action, Document, Named, Policy, Request, Resource, Statement, Truth};
use std::cell::OnceCell;
use std::collections::HashMap;

/// What of targets the policies of a caller look at, beside what is asked of every target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Sight {
    pub(crate) tags: bool,
    pub(crate) boundary: bool,
    pub(crate) trust: bool,
}

/// How one caller tells targets apart.
pub(crate) struct Looks<'a> {
    pub(crate) sight: Sight,
    /// Statements that are about some resources only.
    names: Vec<&'a Statement>,
    /// Gives variables their values.
    request: Request,
    /// What it looks at is more than is followed here.
    each: bool,
}

/// Targets with one of these are alike to the caller: their group, and what of the caller's statements is about them.
pub(crate) type Like = (usize, u64);

/// The most statements of one caller that are followed.
const MOST: usize = 32;

/// Groups of targets, for each sight.
pub(crate) struct Alike<'a> {
    account: &'a Account<'a>,
    /// By what every caller looks at.
    general: Vec<usize>,
    tables: [OnceCell<Table>; 8],
}

/// The groups of one sight.
pub(crate) struct Table {
    /// Of each subject: its group.
    of: Vec<usize>,
    /// Of each group: its subjects, in their order.
    pub(crate) groups: Vec<Vec<usize>>,
}

/// Of a target: whether it is a role, a service's own, its account, and the services that it trusts.
type General<'t> = (bool, bool, Option<Option<String>>, &'t [(&'static str, Confidence)]);

impl<'a> Alike<'a> {
    pub(crate) fn new(account: &'a Account<'a>, trusts: &[Vec<(&'static str, Confidence)>]) -> Self {
        let mut numbers: HashMap<General<'_>, usize> = HashMap::new();
        let number = |(subject, trusts): (&Subject<'_>, _)| {
            let resource = Resource::parse(&subject.principal.arn, None).ok();
            let of_account = resource.map(|resource| resource.account().map(str::to_owned));
            let next = numbers.len();
            *numbers.entry((subject.is_role(), subject.is_service_linked(), of_account, trusts)).or_insert(next)
        };
        let general = account.subjects.iter().zip(trusts.iter().map(Vec::as_slice)).map(number).collect();
        Self { account, general, tables: Default::default() }
    }

    pub(crate) fn table(&self, sight: Sight) -> Option<&Table> {
        let at = usize::from(sight.tags) + 2 * usize::from(sight.boundary) + 4 * usize::from(sight.trust);
        self.tables.get(at).map(|table| table.get_or_init(|| self.grouped(sight)))
    }

    /// `None`: the target is like no other.
    pub(crate) fn like(&self, looks: &Looks<'_>, target: usize) -> Option<Like> {
        let group = self.table(looks.sight)?.of(target)?;
        let arn = &self.account.subject(target)?.principal.arn;
        if looks.each {
            return None;
        }
        let about = |so_far: u64, statement: &&Statement| {
            let truth = match statement.covers_arn(arn, &looks.request) {
                Truth::No => 0,
                Truth::Unknown => 1,
                Truth::Yes => 2,
            };
            so_far << 2 | truth
        };
        Some((group, looks.names.iter().fold(0, about)))
    }

    fn grouped(&self, sight: Sight) -> Table {
        let (mut of, mut groups): (Vec<usize>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
        let mut numbers: HashMap<_, usize> = HashMap::new();
        let mut documents = Documents::default();
        for (at, subject) in self.account.subjects.iter().enumerate() {
            let tags = sight.tags.then(|| self.account.tags_of_target(subject.principal).collect::<Vec<_>>());
            let boundary = sight.boundary.then_some(&subject.principal.boundary_arn);
            let trust = sight.trust.then(|| documents.number(at, self.account, subject)).flatten();
            let next = groups.len();
            let key = (self.general.get(at), tags, boundary, trust);
            let group = *numbers.entry(key).or_insert(next);
            match groups.get_mut(group) {
                Some(group) => group.push(at),
                None => groups.push(vec![at]),
            }
            of.push(group);
        }
        Table { of, groups }
    }
}

impl Table {
    pub(crate) fn of(&self, target: usize) -> Option<usize> {
        self.of.get(target).copied()
    }
}

impl<'a> Looks<'a> {
    /// `trust`: it may assume roles that trust the whole account.
    pub(crate) fn of(edges: &Edges<'a>, who: usize, trust: bool) -> Option<Self> {
        let account = edges.account;
        let subject = account.subject(who)?;
        let asked: Vec<&Action> = edges.asked_of_targets(who);
        let request = Request::new(
            subject.holdings.caller.clone(),
            asked.first().map(|action| (*action).clone())?,
            Resource::parse("*", None).ok()?,
            account.context(),
        );
        let mut looks = Self { sight: Sight { trust, ..Sight::default() }, names: Vec::new(), request, each: false };
        let held = subject.holdings.identity.iter().chain(&subject.holdings.boundaries);
        let statements = held.chain(account.scps.iter().chain(&account.rcps).flatten()).flat_map(statements);
        for statement in statements.filter(|one| asked.iter().any(|action| one.covers_action(action.lower()))) {
            for key in statement.keys_in_conditions() {
                looks.sight.tags |= is_tag(key);
                looks.sight.boundary |= is_boundary(key);
            }
            looks.each |= statement.keys_in_resources().any(|key| !is_of_caller(key));
            if !statement.covers_every_resource() {
                looks.names.push(statement);
            }
        }
        looks.each |= looks.names.len() > MOST;
        Some(looks)
    }

    /// Whether it tells no target from another of its group.
    pub(crate) fn is_plain(&self) -> bool {
        self.names.is_empty() && !self.each
    }
}

fn statements(policy: &Policy) -> impl Iterator<Item = &Statement> {
    policy.document.allows().iter().chain(policy.document.denies())
}

fn is_tag(key: &str) -> bool {
    key.contains(":resourcetag/")
}

fn is_boundary(key: &str) -> bool {
    key == "iam:permissionsboundary"
}

/// Keys that are the same whatever the target.
fn is_of_caller(key: &str) -> bool {
    ["aws:username", "aws:userid"].contains(&key) || key.starts_with("aws:principal")
}

/// Whether the role's trust policy leaves to the account's own policies who may assume it.
pub(crate) fn trusts_account(account: &Account<'_>, subject: &Subject<'_>) -> bool {
    let Some(Ok(trust)) = &subject.principal.trust else { return false };
    let is_it = |named: &Named| matches!(named, Named::Account(id) if **id == *account.id);
    trust.document.allows().iter().any(|statement| statement.principals().iter().any(is_it))
}

/// Trust policies, told apart by what they say.
#[derive(Default)]
struct Documents<'a> {
    count: usize,
    /// By the text of their conditions, so that few must be compared.
    known: HashMap<Vec<&'a str>, Vec<(&'a Document, usize)>>,
}

impl<'a> Documents<'a> {
    /// `None` where it doesn't leave to the account's policies who may assume the role.
    fn number(&mut self, at: usize, account: &Account<'_>, subject: &Subject<'a>) -> Option<Trust> {
        let trust = subject.principal.trust.as_ref()?.as_ref().ok().filter(|_| trusts_account(account, subject))?;
        let document: &'a Document = &trust.document;
        let all = || statements(trust);
        if all().any(|statement| statement.keys_in_conditions().any(|key| is_tag(key) || is_boundary(key))) {
            return Some(Trust::Own(at));
        }
        let texts = all().flat_map(|statement| {
            statement.conditions().flat_map(|(operator, key, values)| {
                [operator, key].into_iter().chain(values.iter().map(|value| &**value))
            })
        });
        let same = self.known.entry(texts.collect()).or_default();
        let found = same.iter().find(|(known, _)| *known == document).map(|(_, number)| *number);
        Some(Trust::Said(found.unwrap_or_else(|| {
            self.count += 1;
            same.push((document, self.count));
            self.count
        })))
    }
}

#[derive(PartialEq, Eq, Hash)]
enum Trust {
    /// The same as of others.
    Said(usize),
    /// It looks at the role itself, which is that subject.
    Own(usize),
}
