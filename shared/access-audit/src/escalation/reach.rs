//! Whom a principal could act as, by what its policies and their trust policies name: all edges and some more, so that the
//! search needn't ask the evaluator about every pair.

use crate::account::{Account, Subject};
use crate::escalation::edges::Edges;
use crate::escalation::paths::{Gain, On, Path};
use crate::finding::Confidence;
use iam_policy::{Action, Named, Request, Resource};
use std::collections::{BTreeMap, HashMap};

/// Indices of subjects.
pub(crate) struct Reach {
    /// Whom each subject names.
    named: Vec<Vec<usize>>,
    /// Who names each subject.
    by: Vec<Vec<usize>>,
    /// Who reaches any role, or any user, as far as names tell, and how surely at best.
    any: HashMap<Gain, BTreeMap<usize, Confidence>>,
    /// Whose permissions each subject could choose. `None`: anybody's, as far as names tell.
    changes: Vec<Option<Vec<usize>>>,
    /// Roles that anybody may be meant by.
    open: Vec<usize>,
    roles: Vec<bool>,
}

/// What a subject's statements about an action say of resources.
enum Scope {
    /// Indices of subjects.
    Named(Vec<usize>),
    Any,
}

impl Reach {
    pub(crate) fn of(edges: &mut Edges<'_>) -> Self {
        let account = edges.account;
        let count = account.subjects.len();
        let roles = account.subjects.iter().map(Subject::is_role).collect();
        let mut reach = Self {
            named: vec![Vec::new(); count],
            by: Vec::new(),
            any: HashMap::new(),
            changes: Vec::with_capacity(count),
            open: Vec::new(),
            roles,
        };
        let mut assuming = Vec::with_capacity(count);
        for who in 0..count {
            assuming.push(Action::parse("sts:AssumeRole").ok().and_then(|action| scope(account, who, &action)));
            reach.changes.push(changes(edges, who));
            for (path, at_best) in edges.solvable(who) {
                match target(path) {
                    Some(action) => match scope(account, who, action) {
                        Some(Scope::Any) => reach.add_any(path.gain, who, at_best),
                        Some(Scope::Named(targets)) => reach.add(who, targets),
                        None => {}
                    },
                    None if path.needs.iter().any(|need| need.on == On::Trust) => {}
                    None => reach.add_any(path.gain, who, at_best),
                }
            }
        }
        for role in 0..count {
            reach.trust(account, role, &assuming);
        }
        for named in &mut reach.named {
            named.sort_unstable();
            named.dedup();
        }
        reach.by = vec![Vec::new(); count];
        for (who, named) in reach.named.iter().enumerate() {
            for target in named {
                if let Some(by) = reach.by.get_mut(*target) {
                    by.push(who);
                }
            }
        }
        reach
    }

    /// Who could act as `target`, in their order, and how surely at best.
    pub(crate) fn callers(&self, target: usize) -> BTreeMap<usize, Confidence> {
        if self.open.contains(&target) {
            return (0..self.named.len()).map(|who| (who, Confidence::High)).collect();
        }
        let gain = if self.roles.get(target) == Some(&true) { Gain::Role } else { Gain::User };
        let mut callers = self.any.get(&gain).cloned().unwrap_or_default();
        let by = self.by.get(target).map_or(&[][..], Vec::as_slice);
        callers.extend(by.iter().map(|who| (*who, Confidence::High)));
        callers
    }

    /// Whose permissions `who` could choose.
    pub(crate) fn may_change(&self, who: usize, target: usize) -> bool {
        match self.changes.get(who) {
            Some(Some(named)) => named.contains(&target),
            _ => true,
        }
    }

    /// Whom `who` could act as, in their order.
    pub(crate) fn targets(&self, who: usize) -> Vec<usize> {
        let reaches_any = |gain: &Gain| self.any.get(gain).is_some_and(|any| any.contains_key(&who));
        let (any_role, any_user) = (reaches_any(&Gain::Role), reaches_any(&Gain::User));
        let any = self.roles.iter().enumerate().filter(|(_, is_role)| if **is_role { any_role } else { any_user });
        let any = any.map(|(at, _)| at);
        let named = self.named.get(who).map_or(&[][..], Vec::as_slice);
        let mut targets: Vec<usize> = named.iter().chain(&self.open).copied().chain(any).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    fn add(&mut self, who: usize, targets: Vec<usize>) {
        if let Some(named) = self.named.get_mut(who) {
            named.extend(targets);
        }
    }

    fn add_any(&mut self, gain: Gain, who: usize, at_best: Confidence) {
        let known = self.any.entry(gain).or_default().entry(who).or_insert(at_best);
        *known = (*known).min(at_best);
    }

    /// Whom a role's trust policy names, itself or through the account.
    fn trust(&mut self, account: &Account<'_>, role: usize, assuming: &[Option<Scope>]) {
        let trust = account.subject(role).and_then(|subject| subject.principal.trust.as_ref()?.as_ref().ok());
        let Some(trust) = trust else { return };
        let mut whole_account = false;
        for statement in trust.document.allows() {
            if statement.is_not_principal() {
                self.open.push(role);
                return;
            }
            for named in statement.principals() {
                match named {
                    Named::Everyone | Named::UniqueId(_) => {
                        self.open.push(role);
                        return;
                    }
                    Named::Account(id) if **id == *account.id => whole_account = true,
                    Named::Arn { arn, .. } => {
                        if let Some(who) = account.index_of(arn) {
                            self.add(who, vec![role]);
                        }
                    }
                    _ => {}
                }
            }
        }
        if !whole_account {
            return;
        }
        for (who, scope) in assuming.iter().enumerate() {
            let covers = match scope {
                Some(Scope::Any) => true,
                Some(Scope::Named(targets)) => targets.contains(&role),
                None => false,
            };
            if covers {
                self.add(who, vec![role]);
            }
        }
    }
}

fn changes(edges: &Edges<'_>, who: usize) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    for need in edges.changing(who).flat_map(|path| &path.needs) {
        if !matches!(need.on, On::Role | On::User) {
            return None;
        }
        match scope(edges.account, who, &need.action) {
            Some(Scope::Any) => return None,
            Some(Scope::Named(targets)) => found.extend(targets),
            None => {}
        }
    }
    Some(found)
}

/// What must be allowed on the target itself.
fn target(path: &Path) -> Option<&Action> {
    path.needs.iter().find(|need| need.on == On::Target).map(|need| &need.action)
}

/// `None` where no statement is about the action.
fn scope(account: &Account<'_>, who: usize, action: &Action) -> Option<Scope> {
    let subject = account.subject(who)?;
    if !subject.mentions(action.lower()) {
        return None;
    }
    let anything = Resource::parse("*", None).ok()?;
    let request = Request::new(subject.holdings.caller.clone(), action.clone(), anything, account.context());
    let mut targets = Vec::new();
    for statement in subject.allows().filter(|statement| statement.covers_action(action.lower())) {
        let Some(named) = statement.named_resources(&request) else { return Some(Scope::Any) };
        targets.extend(named.iter().filter_map(|arn| account.index_of(arn)));
    }
    Some(Scope::Named(targets))
}
