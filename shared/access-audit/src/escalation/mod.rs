//! Who could make themselves administrator, and how: a graph over the account's principals.
//!
//! An edge is a way in which one principal acts as another; an administrator, or a principal that can choose its own
//! permissions, is where a path ends. Paths are searched from those ends backwards, the surest first and among the equally
//! sure the shortest, so each principal is looked at once for each end that it might reach.

mod admin;
mod alike;
mod crowds;
mod edges;
mod paths;
mod places;
#[cfg(test)]
mod plain;
mod reach;
#[cfg(test)]
mod tests;
mod told;
mod trusts;

use crate::account::Account;
use crate::finding::{Confidence, Witness};
use admin::Powers;
use crowds::Crowds;
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

pub use told::{Cut, Escalation, EscalationPath, EscalationStep};
pub(crate) use told::{Source, sources};

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
    /// Whom it acts as on its way, by index, with the ids of the paths to get there. The last acts as an administrator.
    pub(crate) steps: Vec<(usize, Vec<String>)>,
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
        let mut crowds = Crowds::of(&reach);
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
            let is_led = |who: usize| leads.get(who).is_none_or(Option::is_some);
            for asked in crowds.callers(&edges.alike, at, confidence, is_led) {
                let who = asked.who;
                let waits = best.get(who).copied().flatten();
                let no_better =
                    |sure: Confidence| waits.is_some_and(|waits| waits <= (confidence.max(sure), distance + 1));
                if is_led(who) || no_better(asked.at_best) || is_service_linked(account, who) {
                    continue;
                }
                let like = crowds.likeness(&edges.alike, &asked, at);
                let known = like.and_then(|like| crowds.known(who, like));
                if known.is_some_and(|known| known.is_none_or(no_better)) {
                    continue;
                }
                let way = edges.become_it(who, at);
                if let Some(like) = like {
                    crowds.learn(who, like, way.as_ref().map(|way| way.confidence));
                }
                let Some(way) = way else { continue };
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
        let mut found = Found {
            subject,
            confidence: Confidence::High,
            told: Vec::new(),
            paths: Vec::new(),
            steps: Vec::new(),
            witness: Vec::new(),
        };
        let mut at = Some(subject);
        while let Some((who, lead)) = at.and_then(|at| Some((at, self.0.get(at)?.as_ref()?))) {
            found.confidence = found.confidence.max(lead.confidence);
            let Some(way) = &lead.way else { break };
            found.steps.push((who, way.paths.iter().map(|path| path.id.clone()).collect()));
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
fn end(edges: &mut Edges<'_>, reach: &Reach<'_>, at: usize) -> Option<Lead> {
    let account = edges.account;
    if let Some(confidence) = edges.powers.held(account, at, &[]) {
        return Some(Lead { confidence, way: None, next: None });
    }
    if edges.changing(at).next().is_none() || is_service_linked(account, at) {
        return None;
    }
    let mut found: Option<Way> = edges.change(at, at);
    for other in reach.others(edges, at) {
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
