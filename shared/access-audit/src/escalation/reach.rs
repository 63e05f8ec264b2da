//! Whom a principal could act as, by what its policies and their trust policies name: all edges and some more, so that the
//! search needn't ask the evaluator about every pair.

use crate::account::{Account, Subject};
use crate::escalation::alike::{Looks, trusts_account};
use crate::escalation::crowds::Whom;
use crate::escalation::edges::Edges;
use crate::escalation::paths::{Gain, On, Path};
use crate::finding::Confidence;
use iam_policy::{Action, Named, Request, Resource};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

/// Indices of subjects.
pub(crate) struct Reach<'a> {
    /// Whom each subject names, or who names it, in their order.
    named: Vec<Vec<usize>>,
    /// Who names each subject, in their order.
    by: Vec<Vec<usize>>,
    /// Who reaches all of these, as far as names tell, and how surely at best.
    crowds: HashMap<Whom, BTreeMap<usize, Confidence>>,
    /// Who reaches any role by a path that trusts no service.
    by_themselves: HashSet<usize>,
    /// How those of the crowds tell targets apart.
    looks: HashMap<usize, Looks<'a>>,
    /// Whose permissions each subject could choose.
    changes: Vec<Changes>,
    /// Roles that anybody may be meant by.
    open: Vec<bool>,
    roles: Vec<bool>,
    trust_account: Vec<bool>,
}

/// What a subject's statements about an action say of resources.
enum Scope {
    /// Indices of subjects.
    Named(Vec<usize>),
    Any,
}

/// Whose permissions a subject could choose, as far as names tell.
enum Changes {
    /// Indices of subjects.
    Named(Vec<usize>),
    /// Anybody's, by what is allowed on themselves.
    Any,
    /// Anybody's, by their policies and groups, too.
    ByTheirs,
}

impl<'a> Reach<'a> {
    pub(crate) fn of(edges: &mut Edges<'a>) -> Self {
        let account = edges.account;
        let count = account.subjects.len();
        let mut reach = Self {
            named: vec![Vec::new(); count],
            by: vec![Vec::new(); count],
            crowds: HashMap::new(),
            by_themselves: HashSet::new(),
            looks: HashMap::new(),
            changes: (0..count).map(|who| changes(edges, who)).collect(),
            open: vec![false; count],
            roles: account.subjects.iter().map(Subject::is_role).collect(),
            trust_account: account.subjects.iter().map(|subject| trusts_account(account, subject)).collect(),
        };
        for who in 0..count {
            reach.assuming(account, who);
            for (path, at_best) in edges.solvable(who) {
                match target(path) {
                    Some(action) => match scope(account, who, action) {
                        Some(Scope::Any) => reach.join(Whom::Any(path.gain), who, at_best, path.trusts.is_empty()),
                        Some(Scope::Named(targets)) => reach.add(who, targets),
                        None => {}
                    },
                    None if path.needs.iter().any(|need| need.on == On::Trust) => {}
                    None => reach.join(Whom::Any(path.gain), who, at_best, path.trusts.is_empty()),
                }
            }
        }
        reach.trust(account);
        for named in &mut reach.named {
            named.sort_unstable();
            named.dedup();
        }
        for (who, named) in reach.named.iter().enumerate() {
            for target in named {
                if let Some(by) = reach.by.get_mut(*target) {
                    by.push(who);
                }
            }
        }
        let of_crowds: HashSet<usize> = reach.crowds.values().flat_map(BTreeMap::keys).copied().collect();
        let assume = |who: &usize| reach.is_of(Whom::TrustsAccount, *who);
        let looks = of_crowds.iter().filter_map(|who| Some((*who, Looks::of(edges, *who, assume(who))?)));
        reach.looks = looks.collect();
        reach
    }

    pub(crate) fn len(&self) -> usize {
        self.named.len()
    }

    /// Whether anybody may be meant by the role's trust policy.
    pub(crate) fn is_open(&self, target: usize) -> bool {
        self.open.get(target) == Some(&true)
    }

    /// Who names the target, or is named by it, in their order.
    pub(crate) fn by(&self, target: usize) -> &[usize] {
        self.by.get(target).map_or(&[], Vec::as_slice)
    }

    /// Those that reach all of these, in their order, and how surely at best.
    pub(crate) fn crowd(&self, whom: Whom) -> impl Iterator<Item = (usize, Confidence)> {
        self.crowds.get(&whom).into_iter().flatten().map(|(who, at_best)| (*who, *at_best))
    }

    /// How one of a crowd tells targets apart.
    pub(crate) fn looks(&self, who: usize) -> Option<&Looks<'a>> {
        self.looks.get(&who)
    }

    pub(crate) fn is_among(&self, target: usize, whom: Whom) -> bool {
        match whom {
            Whom::Any(Gain::Role) => self.roles.get(target) == Some(&true),
            Whom::Any(Gain::User) => self.roles.get(target) == Some(&false),
            Whom::Any(Gain::Change) => false,
            Whom::TrustsAccount => self.trust_account.get(target) == Some(&true),
        }
    }

    fn is_of(&self, whom: Whom, who: usize) -> bool {
        self.crowds.get(&whom).is_some_and(|crowd| crowd.contains_key(&who))
    }

    /// Whose permissions `who` could choose and then use, in their order; of those that are alike in all that is asked, the
    /// first.
    pub(crate) fn others(&self, edges: &mut Edges<'_>, who: usize) -> Vec<usize> {
        let named = self.named.get(who).map_or(&[][..], Vec::as_slice);
        let crowds: Vec<Whom> = self.crowds.keys().copied().filter(|whom| self.is_of(*whom, who)).collect();
        let reaches = |other: usize| crowds.iter().any(|whom| self.is_among(other, *whom));
        let is_apart = |other: usize| self.is_open(other) || named.binary_search(&other).is_ok();
        let holders = self.holders(who);
        let mut others: Vec<usize> = match self.changes.get(who) {
            Some(Changes::Named(changes)) => {
                let acts = |other: &usize| is_apart(*other) || reaches(*other) || holders.contains(other);
                changes.iter().copied().filter(acts).collect()
            }
            changes => {
                let open = self.open.iter().enumerate().filter(|(_, open)| **open).map(|(at, _)| at);
                let mut others: Vec<usize> = named.iter().copied().chain(open).chain(holders.iter().copied()).collect();
                let can_matter = |other: &usize| *other != who && reaches(*other) && !is_apart(*other);
                let alike = Rc::clone(&edges.alike);
                let by_theirs = !matches!(changes, Some(Changes::Any));
                match self.looks(who) {
                    Some(looks) if looks.is_plain() && !by_theirs => {
                        for group in alike.table(looks.sight).map_or(&[][..], |table| &table.groups) {
                            let mut alike = group.iter().copied().filter(can_matter);
                            others.extend(alike.find(|other| edges.could_be_admin(*other)));
                        }
                    }
                    Some(looks) => {
                        let mut seen = HashSet::new();
                        for other in (0..self.len()).filter(can_matter) {
                            if !edges.could_be_admin(other) {
                                continue;
                            }
                            let theirs = by_theirs.then(|| edges.theirs(other));
                            if alike.like(looks, other).is_none_or(|like| seen.insert((like, theirs))) {
                                others.push(other);
                            }
                        }
                    }
                    None => others.extend((0..self.len()).filter(can_matter)),
                }
                others
            }
        };
        others.retain(|other| *other != who);
        others.sort_unstable();
        others.dedup();
        others
    }

    /// Users who may hold a session of the role without a service between them.
    fn holders(&self, role: usize) -> Vec<usize> {
        let is_user = |at: &usize| self.roles.get(*at) == Some(&false);
        if is_user(&role) {
            return Vec::new();
        }
        if self.is_open(role) {
            return (0..self.len()).filter(is_user).collect();
        }
        let mut holders: Vec<usize> = self.by(role).iter().copied().filter(is_user).collect();
        holders.extend(self.by_themselves.iter().copied().filter(is_user));
        if self.is_among(role, Whom::TrustsAccount) {
            holders.extend(self.crowd(Whom::TrustsAccount).map(|(who, _)| who).filter(is_user));
        }
        holders
    }

    fn add(&mut self, who: usize, targets: impl IntoIterator<Item = usize>) {
        if let Some(named) = self.named.get_mut(who) {
            named.extend(targets);
        }
    }

    fn join(&mut self, whom: Whom, who: usize, at_best: Confidence, by_itself: bool) {
        let known = self.crowds.entry(whom).or_default().entry(who).or_insert(at_best);
        *known = (*known).min(at_best);
        if by_itself && whom == Whom::Any(Gain::Role) {
            self.by_themselves.insert(who);
        }
    }

    /// Which roles that trust the account its own policies let it assume.
    fn assuming(&mut self, account: &Account<'_>, who: usize) {
        match Action::parse("sts:AssumeRole").ok().and_then(|action| scope(account, who, &action)) {
            Some(Scope::Any) => self.join(Whom::TrustsAccount, who, Confidence::High, true),
            Some(Scope::Named(mut targets)) => {
                targets.retain(|role| self.is_among(*role, Whom::TrustsAccount));
                self.add(who, targets);
            }
            None => {}
        }
    }

    /// Whom roles' trust policies name.
    fn trust(&mut self, account: &Account<'_>) {
        let mut by_unique_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, subject) in account.subjects.iter().enumerate() {
            by_unique_id.entry(subject.principal.unique_id.as_deref().unwrap_or_default()).or_default().push(at);
        }
        for (role, subject) in account.subjects.iter().enumerate() {
            let Some(Ok(trust)) = &subject.principal.trust else { continue };
            for statement in trust.document.allows() {
                let mut open = statement.is_not_principal();
                for named in statement.principals() {
                    match named {
                        Named::Everyone => open = true,
                        Named::UniqueId(id) => {
                            let whose = by_unique_id.get(&**id).map_or(&[][..], Vec::as_slice);
                            whose.iter().for_each(|who| self.add(*who, [role]));
                        }
                        Named::Arn { arn, .. } => {
                            account.index_of(arn).into_iter().for_each(|who| self.add(who, [role]))
                        }
                        _ => {}
                    }
                }
                if let Some(is_open) = self.open.get_mut(role) {
                    *is_open |= open;
                }
            }
        }
    }
}

fn changes(edges: &Edges<'_>, who: usize) -> Changes {
    let mut found = Vec::new();
    let mut any = false;
    for need in edges.changing(who).flat_map(|path| &path.needs) {
        if !matches!(need.on, On::Role | On::User) {
            return Changes::ByTheirs;
        }
        match scope(edges.account, who, &need.action) {
            Some(Scope::Any) => any = true,
            Some(Scope::Named(targets)) => found.extend(targets),
            None => {}
        }
    }
    if any { Changes::Any } else { Changes::Named(found) }
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
