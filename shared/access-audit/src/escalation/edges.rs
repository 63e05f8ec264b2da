//! What one principal can do to another: act as it, or choose its permissions.

use crate::account::{Account, Step};
use crate::escalation::admin::Powers;
use crate::escalation::alike::Alike;
use crate::escalation::paths::{Gain, Need, On, Path};
use crate::escalation::places::{solve, worst};
use crate::escalation::trusts;
use crate::finding::Confidence;
use iam_policy::{Action, Context, Named};
use std::collections::HashMap;
use std::rc::Rc;

/// One or two paths taken from a principal, with the steps that the evaluator accepts.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) paths: Vec<&'static Path>,
    pub(crate) steps: Vec<Step>,
    pub(crate) confidence: Confidence,
}

/// The steps that the evaluator accepts, and how surely.
type Solved = (Vec<Step>, Confidence);

/// Resources that a change is made on, and how sure it would be at best.
type Changed = Vec<(String, Confidence)>;

/// The principals' edges, asked for one by one.
pub(crate) struct Edges<'a> {
    pub(crate) account: &'a Account<'a>,
    pub(crate) powers: Powers,
    pub(crate) alike: Rc<Alike<'a>>,
    paths: &'static [Path],
    /// Of each subject: the paths all of whose actions its policies could allow.
    open: Vec<Rc<[usize]>>,
    /// Of each role: the services that it trusts, as far as paths need them.
    trusts: Vec<Vec<(&'static str, Confidence)>>,
    /// By subject and path: the steps that don't concern the target.
    solved: HashMap<(usize, usize), Option<Solved>>,
    could_be_admin: HashMap<usize, bool>,
    theirs: HashMap<usize, usize>,
    theirs_numbers: HashMap<Vec<Changed>, usize>,
}

impl<'a> Edges<'a> {
    pub(crate) fn new(account: &'a Account<'a>, powers: Powers, paths: &'static [Path]) -> Self {
        let open = |at: usize| {
            let Some(subject) = account.subject(at) else { return Rc::default() };
            let mut could: HashMap<&str, bool> = HashMap::new();
            let mut usable = |path: &'static Path| {
                path.needs.iter().all(|need| {
                    let lower = need.action.lower();
                    need.on == On::Trust || *could.entry(lower).or_insert_with(|| subject.could(lower))
                })
            };
            let found = paths.iter().enumerate().filter(|(_, path)| usable(path));
            found.map(|(index, _)| index).collect()
        };
        let mut services: Vec<&'static str> =
            paths.iter().flat_map(|path| path.trusts.iter().map(String::as_str)).collect();
        services.sort_unstable();
        services.dedup();
        let subjects = 0..account.subjects.len();
        let trusts: Vec<_> = subjects.clone().map(|at| trusts::of(account, at, &services)).collect();
        Self {
            account,
            powers,
            alike: Rc::new(Alike::new(account, &trusts)),
            paths,
            open: subjects.map(open).collect(),
            trusts,
            solved: HashMap::new(),
            could_be_admin: HashMap::new(),
            theirs: HashMap::new(),
            theirs_numbers: HashMap::new(),
        }
    }

    /// As if everybody's policies could allow all actions of every path.
    #[cfg(test)]
    pub(crate) fn open_every_path(&mut self) {
        let every: Rc<[usize]> = (0..self.paths.len()).collect();
        self.open.fill(every);
    }

    /// The paths by which it could act as somebody: those whose other steps it may take, and how sure they can be.
    pub(crate) fn solvable(&mut self, who: usize) -> Vec<(&'static Path, Confidence)> {
        let mut found = Vec::new();
        for at in self.open.get(who).map(Rc::clone).unwrap_or_default().iter().copied() {
            let Some(path) = self.paths.get(at).filter(|path| path.gain != Gain::Change) else { continue };
            if let Some((_, how_sure)) = self.solved(who, at, path) {
                found.push((path, path.at_best().max(*how_sure)));
            }
        }
        found
    }

    /// The actions that paths of its own would need on a target.
    pub(crate) fn asked_of_targets(&self, who: usize) -> Vec<&'static Action> {
        let open: &[usize] = self.open.get(who).map_or(&[], |open| open);
        let needs = open.iter().filter_map(|path| self.paths.get(*path)).flat_map(|path| &path.needs);
        let on_target = needs.filter(|need| matches!(need.on, On::Target | On::Trust | On::Role | On::User));
        let mut actions: Vec<&Action> = on_target.map(|need| &need.action).collect();
        actions.sort_unstable_by_key(|action| action.lower());
        actions.dedup();
        actions
    }

    fn solved(&mut self, who: usize, at: usize, path: &Path) -> Option<&Solved> {
        let account = self.account;
        self.solved.entry((who, at)).or_insert_with(|| solve(account, who, path)).as_ref()
    }

    /// The paths by which it could choose somebody's permissions.
    pub(crate) fn changing(&self, who: usize) -> impl Iterator<Item = &'static Path> {
        let open: &[usize] = self.open.get(who).map_or(&[], |open| open);
        open.iter().filter_map(|path| self.paths.get(*path)).filter(|path| path.gain == Gain::Change)
    }

    /// The surest way in which `who` can act as `target`.
    pub(crate) fn become_it(&mut self, who: usize, target: usize) -> Option<Way> {
        let subject = self.account.subject(target)?;
        if who == target || subject.is_service_linked() {
            return None;
        }
        let gain = if subject.is_role() { Gain::Role } else { Gain::User };
        let mut best: Option<Way> = None;
        for at in self.open.get(who).map(Rc::clone)?.iter().copied() {
            let Some(path) = self.paths.get(at).filter(|path| path.gain == gain) else { continue };
            let known = best.as_ref().map(|best| best.confidence);
            if let Some(way) = self.along(who, target, at, path, known) {
                best = Some(way);
            }
            if best.as_ref().is_some_and(|best| best.confidence == Confidence::High) {
                break;
            }
        }
        best
    }

    /// `None`, too, where it would be no surer than what is known. What needs no question comes first.
    fn along(
        &mut self,
        who: usize,
        target: usize,
        at: usize,
        path: &'static Path,
        known: Option<Confidence>,
    ) -> Option<Way> {
        let (account, role) = (self.account, self.account.subject(target)?);
        let is_better = |confidence: Confidence| known.is_none_or(|known| confidence < known);
        let (service, trusted) = self.trusted_service(target, path)?;
        if path.needs.iter().any(|need| need.on == On::Trust) && !self.may_be_named(who, target) {
            return None;
        }
        let (more, how_sure) = self.solved(who, at, path)?;
        let at_best = (*how_sure).max(trusted).max(path.at_best());
        if !is_better(at_best) {
            return None;
        }
        let mut steps = Vec::new();
        for need in path.needs.iter().filter(|need| matches!(need.on, On::Target | On::Trust)) {
            let mut context = account.context_of_target(role.principal);
            if let Some(service) = service.filter(|_| need.action.name() == "passrole") {
                context = context.with("iam:PassedToService", [service]);
            }
            let trust = (need.on == On::Trust).then_some(target);
            steps.push(step(who, need, &role.principal.arn, context, trust));
        }
        let confidence = worst(steps.iter().map(|step| account.decide(step)))?.max(at_best);
        if !is_better(confidence) {
            return None;
        }
        steps.extend(more.iter().cloned());
        Some(Way { paths: vec![path], steps, confidence })
    }

    /// Which of the path's services the target trusts. Without any that the path needs: none, and surely.
    fn trusted_service(&self, target: usize, path: &Path) -> Option<(Option<&'static str>, Confidence)> {
        if path.trusts.is_empty() {
            return Some((None, Confidence::High));
        }
        let trusted =
            self.trusts.get(target)?.iter().filter(|(service, _)| path.trusts.iter().any(|one| one == service));
        trusted.min_by_key(|(_, confidence)| *confidence).map(|(service, confidence)| (Some(*service), *confidence))
    }

    /// A role that names neither the caller nor its account needn't be asked about, and one that names the account only
    /// where the caller's own policies speak of assuming.
    fn may_be_named(&self, who: usize, target: usize) -> bool {
        let (Some(caller), Some(role)) = (self.account.subject(who), self.account.subject(target)) else {
            return false;
        };
        let Some(Ok(trust)) = &role.principal.trust else { return false };
        trust.document.allows().iter().any(|statement| {
            statement.is_not_principal()
                || statement.principals().iter().any(|named| match named {
                    Named::Everyone | Named::UniqueId(_) => true,
                    Named::Account(account) => **account == *self.account.id && caller.mentions("sts:assumerole"),
                    Named::Arn { arn, .. } => **arn == *caller.principal.arn,
                    _ => false,
                })
        })
    }

    /// The surest way in which `who` can give `target` the permissions of an administrator.
    pub(crate) fn change(&mut self, who: usize, target: usize) -> Option<Way> {
        if self.account.subject(target)?.is_service_linked() || !self.could_be_admin(target) {
            return None;
        }
        let mut best: Option<Way> = None;
        for at in self.open.get(who).map(Rc::clone)?.iter().copied() {
            let Some(path) = self.paths.get(at).filter(|path| path.gain == Gain::Change) else { continue };
            for (steps, at_best) in path.needs.iter().flat_map(|need| self.changes(who, target, need)) {
                let Some(confidence) = self.account.decide(&steps).map(|confidence| confidence.max(at_best)) else {
                    continue;
                };
                if best.as_ref().is_none_or(|best| confidence < best.confidence) {
                    best = Some(Way { paths: vec![path], steps: vec![steps], confidence });
                }
            }
        }
        best
    }

    pub(crate) fn could_be_admin(&mut self, target: usize) -> bool {
        let (account, powers) = (self.account, &self.powers);
        *self.could_be_admin.entry(target).or_insert_with(|| powers.could_hold(account, target))
    }

    /// What to ask for a change, and how sure it would be at best.
    fn changes(&self, who: usize, target: usize, need: &Need) -> Vec<(Step, Confidence)> {
        let Some(subject) = self.account.subject(target) else { return Vec::new() };
        let admin = format!("arn:{}:iam::aws:policy/AdministratorAccess", self.account.partition);
        let is_principal = matches!(need.on, On::Role | On::User);
        let context = || {
            let known =
                if is_principal { self.account.context_of_target(subject.principal) } else { self.account.context() };
            if need.action.name().starts_with("attach") { known.with("iam:PolicyARN", [&admin]) } else { known }
        };
        let resources = self.changed(target, &need.on).into_iter();
        resources.map(|(arn, sure)| (step(who, need, &arn, context(), None), sure)).collect()
    }

    /// What would be changed for the target to have other permissions.
    fn changed(&self, target: usize, on: &On) -> Changed {
        let Some(subject) = self.account.subject(target) else { return Vec::new() };
        let principal = subject.principal;
        let groups = || principal.groups.iter().filter_map(|name| self.account.inventory.group(name));
        let sure = |resource: &str| (resource.to_owned(), Confidence::High);
        let customer = |arn: &&String| arn.contains(&format!(":iam::{}:policy/", self.account.id));
        let attached = || principal.attached.iter().chain(groups().flat_map(|group| &group.attached)).filter(customer);
        match on {
            On::Role if subject.is_role() => vec![sure(&principal.arn)],
            On::User if !subject.is_role() => vec![sure(&principal.arn)],
            On::Group => groups().map(|group| sure(&group.arn)).collect(),
            On::Policy => attached().map(|arn| sure(arn)).collect(),
            On::OtherVersion => attached().map(|arn| (arn.clone(), self.best_version(target, arn))).collect(),
            On::OtherGroup if !subject.is_role() => self.groups_to_join(target),
            _ => Vec::new(),
        }
    }

    /// A number for the groups and policies by which others could change what the target may do: two targets with the same
    /// number have the same.
    pub(crate) fn theirs(&mut self, target: usize) -> usize {
        if let Some(known) = self.theirs.get(&target) {
            return *known;
        }
        let kinds = [On::Group, On::Policy, On::OtherVersion, On::OtherGroup];
        let changed = kinds.iter().map(|on| self.changed(target, on)).collect();
        let next = self.theirs_numbers.len();
        let number = *self.theirs_numbers.entry(changed).or_insert(next);
        self.theirs.insert(target, number);
        number
    }

    /// High where another version makes an administrator now. Otherwise somebody must write one first.
    fn best_version(&self, target: usize, policy_arn: &str) -> Confidence {
        let versions = self.account.inventory.other_versions(policy_arn).iter();
        let mut readable = versions.filter_map(|(_, held)| held.as_ref().ok());
        let makes_admin = |policy: &iam_policy::Policy| {
            self.powers.held(self.account, target, std::slice::from_ref(policy)) == Some(Confidence::High)
        };
        if readable.any(makes_admin) { Confidence::High } else { Confidence::Low }
    }

    fn groups_to_join(&self, target: usize) -> Changed {
        let Some(subject) = self.account.subject(target) else { return Vec::new() };
        let others =
            self.account.inventory.groups().filter(|(name, _)| !subject.principal.groups.iter().any(|own| own == name));
        let makes_admin = |(_, group): (&str, &crate::inventory::Group)| {
            let held: Vec<_> = group.held.iter().filter_map(|held| held.as_ref().ok().cloned()).collect();
            let confidence = self.powers.held(self.account, target, &held)?;
            Some((group.arn.clone(), confidence))
        };
        others.filter_map(makes_admin).collect()
    }
}

fn step(who: usize, need: &Need, resource: &str, context: Context, trust: Option<usize>) -> Step {
    Step { who, action: need.action.clone(), resource: resource.to_owned(), context, trust }
}
