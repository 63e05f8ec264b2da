//! Who could make themselves administrator, and how: a graph over the account's principals.
//!
//! An edge is a way in which one principal acts as another; an administrator, or a principal that can choose its own
//! permissions, is where a path ends. Paths are searched from those ends backwards, the surest first and among the equally
//! sure the shortest, so each principal is looked at once for each end that it might reach.

mod admin;
mod edges;
mod paths;
mod places;
mod reach;
#[cfg(test)]
mod tests;

use crate::account::Account;
use crate::finding::{Confidence, Witness};
use admin::Powers;
use edges::{Edges, Way};
use iam_policy::PolicyError;
use reach::Reach;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Of one subject: how it becomes administrator.
struct Lead {
    confidence: Confidence,
    /// `None`: it is one.
    way: Option<Way>,
    /// Whom it acts as next. `None`: it is an administrator after this way.
    next: Option<usize>,
}

/// Of every subject, as far as it is or can become an administrator.
pub(crate) struct Graph(Vec<Option<Lead>>);

/// A principal's path to administrator.
pub(crate) struct Found {
    pub(crate) subject: usize,
    pub(crate) confidence: Confidence,
    /// What is done, in order.
    pub(crate) told: Vec<String>,
    /// Ids of the paths taken.
    pub(crate) paths: Vec<String>,
    pub(crate) witness: Vec<Witness>,
}

/// A way that waits for its turn: the surest first, then the shortest.
type Waiting = Reverse<(Confidence, usize, usize, usize)>;

impl Graph {
    /// # Errors
    /// The data of the paths can't be read.
    pub(crate) fn of(account: &Account<'_>) -> Result<Self, PolicyError> {
        let mut edges = Edges::new(account, Powers::of(account)?, paths::shipped()?);
        let reach = Reach::of(&mut edges);
        let count = account.subjects.len();
        let mut leads: Vec<Option<Lead>> = Vec::with_capacity(count);
        leads.resize_with(count, || None);
        // Of each subject: the best way that waits. One that can't be better is not asked about.
        let mut best: Vec<Option<(Confidence, usize)>> = vec![None; count];
        let mut heap: BinaryHeap<Waiting> = BinaryHeap::new();
        let mut ways: Vec<Option<Lead>> = Vec::new();
        for at in 0..count {
            if let Some(lead) = end(&mut edges, &reach, at) {
                let rank = (lead.confidence, usize::from(lead.way.is_some()));
                wait(&mut heap, &mut ways, &mut best, at, rank, lead);
            }
        }
        while let Some(Reverse((confidence, distance, at, way))) = heap.pop() {
            let Some(lead) = ways.get_mut(way).and_then(Option::take) else { continue };
            let Some(slot) = leads.get_mut(at).filter(|slot| slot.is_none()) else { continue };
            *slot = Some(lead);
            for (who, at_best) in reach.callers(at) {
                let is_led = leads.get(who).is_none_or(Option::is_some);
                let waits = best.get(who).copied().flatten();
                if is_led
                    || waits.is_some_and(|waits| waits <= (confidence.max(at_best), distance + 1))
                    || is_service_linked(account, who)
                {
                    continue;
                }
                let Some(way) = edges.become_it(who, at) else { continue };
                let rank = (confidence.max(way.confidence), distance + 1);
                if waits.is_none_or(|waits| rank < waits) {
                    let lead = Lead { confidence: rank.0, way: Some(way), next: Some(at) };
                    wait(&mut heap, &mut ways, &mut best, who, rank, lead);
                }
            }
        }
        Ok(Self(leads))
    }

    pub(crate) fn administrators(&self) -> impl Iterator<Item = (usize, Confidence)> {
        let is_one = |(at, lead): (usize, &Option<Lead>)| {
            lead.as_ref().filter(|lead| lead.way.is_none()).map(|lead| (at, lead.confidence))
        };
        self.0.iter().enumerate().filter_map(is_one)
    }

    /// Everyone who isn't an administrator and can become one.
    pub(crate) fn found(&self, account: &Account<'_>) -> Vec<Found> {
        let has_way = |(at, lead): (usize, &Option<Lead>)| {
            lead.as_ref().is_some_and(|lead| lead.way.is_some()) && !is_service_linked(account, at)
        };
        let subjects = self.0.iter().enumerate().filter(|(at, lead)| has_way((*at, lead)));
        subjects.map(|(at, _)| self.path(account, at)).collect()
    }

    fn path(&self, account: &Account<'_>, subject: usize) -> Found {
        let mut found =
            Found { subject, confidence: Confidence::High, told: Vec::new(), paths: Vec::new(), witness: Vec::new() };
        let mut at = Some(subject);
        while let Some(lead) = at.and_then(|at| self.0.get(at)?.as_ref()) {
            found.confidence = found.confidence.max(lead.confidence);
            let Some(way) = &lead.way else { break };
            for path in &way.paths {
                found.told.push(path.how.clone());
                found.paths.push(path.id.clone());
            }
            let assumes = way.paths.iter().find_map(|path| path.assumes.clone());
            let first = found.witness.len();
            found.witness.extend(way.steps.iter().filter_map(|step| account.witness(step)));
            if let Some(witness) = found.witness.get_mut(first) {
                witness.assumes = assumes;
            }
            at = lead.next;
        }
        found
    }
}

fn wait(
    heap: &mut BinaryHeap<Waiting>,
    ways: &mut Vec<Option<Lead>>,
    best: &mut [Option<(Confidence, usize)>],
    who: usize,
    rank: (Confidence, usize),
    lead: Lead,
) {
    if let Some(best) = best.get_mut(who) {
        *best = Some(rank);
    }
    heap.push(Reverse((rank.0, rank.1, who, ways.len())));
    ways.push(Some(lead));
}

fn is_service_linked(account: &Account<'_>, at: usize) -> bool {
    account.subject(at).is_some_and(crate::account::Subject::is_service_linked)
}

/// What makes one an administrator by itself: it is one, or it can choose its own permissions, or those of another that it
/// can act as, or those of a user who acts as it.
fn end(edges: &mut Edges<'_>, reach: &Reach, at: usize) -> Option<Lead> {
    let account = edges.account;
    if let Some(confidence) = edges.powers.held(account, at, &[]) {
        return Some(Lead { confidence, way: None, next: None });
    }
    if edges.changing(at).next().is_none() || is_service_linked(account, at) {
        return None;
    }
    let mut found: Option<Way> = edges.change(at, at);
    let mut others = reach.targets(at);
    others.extend(reach.callers(at).keys());
    others.retain(|other| reach.may_change(at, *other));
    others.sort_unstable();
    others.dedup();
    for other in others {
        if found.as_ref().is_some_and(|way| way.confidence == Confidence::High) {
            break;
        }
        let acts = match edges.become_it(at, other) {
            Some(way) => Some(way),
            None => held_by(edges, at, other),
        };
        let Some(acts) = acts else { continue };
        let Some(change) = edges.change(at, other) else { continue };
        let way = both(change, acts);
        if found.as_ref().is_none_or(|known| way.confidence < known.confidence) {
            found = Some(way);
        }
    }
    found.map(|way| Lead { confidence: way.confidence, way: Some(way), next: None })
}

/// A role's session is in the hands of the user who assumed it: what is given to that user, the session's holder has.
fn held_by(edges: &mut Edges<'_>, role: usize, user: usize) -> Option<Way> {
    let is_user = |at: usize| edges.account.subject(at).is_some_and(|subject| !subject.is_role());
    if !is_user(user) || is_user(role) {
        return None;
    }
    edges.become_it(user, role).filter(|way| way.paths.iter().any(|path| path.trusts.is_empty()))
}

fn both(first: Way, second: Way) -> Way {
    let confidence = first.confidence.max(second.confidence);
    let (mut paths, mut steps) = (first.paths, first.steps);
    paths.extend(second.paths);
    steps.extend(second.steps);
    Way { paths, steps, confidence }
}
