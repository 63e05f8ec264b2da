//! Callers that reach any role, or any user, as far as names tell: asked once for all targets that are alike to them.

use crate::escalation::alike::{Alike, Like, Sight};
use crate::escalation::paths::Gain;
use crate::escalation::reach::Reach;
use crate::finding::Confidence;
use std::collections::{HashMap, HashSet};

/// A caller that could act as a target.
pub(crate) struct Asked {
    pub(crate) who: usize,
    /// How sure it can be.
    pub(crate) at_best: Confidence,
    /// The target is like others to it.
    is_of_crowd: bool,
}

/// Whom a crowd reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whom {
    Any(Gain),
    /// Roles that leave it to the account's policies who may assume them.
    TrustsAccount,
}

/// Those who are not led yet.
struct Crowd {
    whom: Whom,
    /// Callers that tell no target from another of its group.
    plain: HashMap<Sight, Plain>,
    others: Vec<(usize, Confidence)>,
}

#[derive(Default)]
struct Plain {
    callers: Vec<(usize, Confidence)>,
    /// What they have been asked. The search goes from the surest to the least sure, and among the equally sure from the
    /// shortest to the longest: so of a group's targets that are equally sure, the first is the best.
    asked: HashSet<(usize, Confidence)>,
}

pub(crate) struct Crowds<'r> {
    reach: &'r Reach<'r>,
    crowds: Vec<Crowd>,
    /// What callers were answered; `None`: no.
    known: HashMap<(usize, Like), Option<Confidence>>,
}

impl<'r> Crowds<'r> {
    pub(crate) fn of(reach: &'r Reach<'r>) -> Self {
        let crowd = |whom: Whom| {
            let mut crowd = Crowd { whom, plain: HashMap::new(), others: Vec::new() };
            for (who, at_best) in reach.crowd(whom) {
                match reach.looks(who) {
                    Some(looks) if looks.is_plain() => {
                        crowd.plain.entry(looks.sight).or_default().callers.push((who, at_best));
                    }
                    _ => crowd.others.push((who, at_best)),
                }
            }
            crowd
        };
        let whom = [Whom::Any(Gain::Role), Whom::Any(Gain::User), Whom::TrustsAccount];
        Self { reach, crowds: whom.map(crowd).into(), known: HashMap::new() }
    }

    /// Who is to be asked about a target that leads to administrator: at least everyone whose best way begins there.
    pub(crate) fn callers(
        &mut self,
        alike: &Alike<'_>,
        target: usize,
        confidence: Confidence,
        is_led: impl Fn(usize) -> bool,
    ) -> Vec<Asked> {
        let reach = self.reach;
        if reach.is_open(target) {
            return (0..reach.len()).map(|who| Asked { who, at_best: Confidence::High, is_of_crowd: false }).collect();
        }
        let by = reach.by(target);
        let mut asked: Vec<Asked> =
            by.iter().map(|who| Asked { who: *who, at_best: Confidence::High, is_of_crowd: false }).collect();
        let is_apart = |who: usize| by.binary_search(&who).is_ok();
        for crowd in self.crowds.iter_mut().filter(|crowd| reach.is_among(target, crowd.whom)) {
            for (sight, plain) in &mut crowd.plain {
                let Some(group) = alike.table(*sight).and_then(|table| table.of(target)) else { continue };
                if !plain.asked.insert((group, confidence)) {
                    continue;
                }
                plain.callers.retain(|(who, _)| !is_led(*who));
                let callers = plain.callers.iter().filter(|(who, _)| !is_apart(*who));
                asked.extend(callers.map(|(who, at_best)| Asked { who: *who, at_best: *at_best, is_of_crowd: false }));
            }
            crowd.others.retain(|(who, _)| !is_led(*who));
            let others = crowd.others.iter().filter(|(who, _)| !is_apart(*who));
            asked.extend(others.map(|(who, at_best)| Asked { who: *who, at_best: *at_best, is_of_crowd: true }));
        }
        asked
    }

    /// What makes a target alike to others for the caller, where it is one of a crowd.
    pub(crate) fn likeness(&self, alike: &Alike<'_>, asked: &Asked, target: usize) -> Option<Like> {
        self.reach.looks(asked.who).filter(|_| asked.is_of_crowd).and_then(|looks| alike.like(looks, target))
    }

    /// What the caller was answered about a target like this. `None`: it was not asked.
    pub(crate) fn known(&self, who: usize, like: Like) -> Option<Option<Confidence>> {
        self.known.get(&(who, like)).copied()
    }

    pub(crate) fn learn(&mut self, who: usize, like: Like, answer: Option<Confidence>) {
        self.known.insert((who, like), answer);
    }
}
