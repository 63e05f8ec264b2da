//! The graph as a report tells it: each principal's shortest path, and the one change that breaks most of them.

use super::{Found, Graph};
use crate::account::Account;
use crate::finding::{Confidence, Witness};
use iam_policy::PolicyError;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Changes that are tried out: for each the whole graph is made again.
const TRIED: usize = 3;
/// In an account of more principals, only the likeliest is.
const LARGE: usize = 3000;

/// Who can make themselves administrator, as a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Escalation {
    pub paths: Vec<EscalationPath>,
    /// What breaks most first. Each was tried: the graph was made again without the statement.
    pub cuts: Vec<Cut>,
}

/// A principal's shortest path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EscalationPath {
    pub principal: String,
    pub confidence: Confidence,
    pub steps: Vec<EscalationStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EscalationStep {
    pub from: String,
    /// An ARN, or `administrator`.
    pub to: String,
    /// Ids of the paths that lead there.
    pub ways: Vec<String>,
}

/// A statement without which fewer can make themselves administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Whose the policy is, where it is an inline one.
    pub holder: Option<String>,
    /// An ARN, or an inline policy's name.
    pub policy: String,
    /// Its index in the policy.
    pub statement: usize,
    /// Principals that then have no way any more.
    pub breaks: usize,
    /// Principals that have one.
    pub of: usize,
}

/// A policy's statement: whose policy, where it has no ARN, its name, and its index.
pub(crate) type Source<'a> = (&'a str, &'a str, usize);

/// The statements that grant what a step needs. A managed policy is one wherever it is attached.
pub(crate) fn sources(witness: &Witness) -> impl Iterator<Item = Source<'_>> {
    let granting = witness.statements.iter().filter(|one| one.effect == "Allow");
    granting.filter_map(|one| match one.layer {
        "identity" if one.policy.starts_with("arn:") => Some(("", one.policy.as_str(), one.index)),
        "identity" => Some((witness.principal.as_str(), one.policy.as_str(), one.index)),
        "resource" => Some((witness.resource.as_str(), one.policy.as_str(), one.index)),
        _ => None,
    })
}

impl Escalation {
    /// # Errors
    /// The data of the paths can't be read.
    pub(crate) fn of(account: &Account<'_>, graph: &Graph) -> Result<Self, PolicyError> {
        let found = graph.found(account);
        let arn = |at: usize| account.subject(at).map_or(String::new(), |subject| subject.principal.arn.clone());
        let told = |one: &Found| {
            let targets = one.steps.iter().skip(1).map(|(at, _)| arn(*at)).chain(["administrator".to_owned()]);
            let step = |((from, ways), to): (&(usize, Vec<String>), String)| EscalationStep {
                from: arn(*from),
                to,
                ways: ways.clone(),
            };
            let steps = one.steps.iter().zip(targets).map(step).collect();
            EscalationPath { principal: arn(one.subject), confidence: one.confidence, steps }
        };
        Ok(Self { paths: found.iter().map(told).collect(), cuts: cuts(account, &found)? })
    }
}

/// Of the statements on most paths, those whose absence breaks most. A trust policy's is not tried: who trusts whom is seldom
/// the mistake.
fn cuts(account: &Account<'_>, found: &[Found]) -> Result<Vec<Cut>, PolicyError> {
    let mut counts: BTreeMap<Source<'_>, usize> = BTreeMap::new();
    for one in found {
        let own: BTreeSet<Source<'_>> = one.witness.iter().flat_map(sources).collect();
        for source in own {
            *counts.entry(source).or_default() += 1;
        }
    }
    let mut likely: Vec<(Source<'_>, usize)> = counts.into_iter().filter(|(source, _)| is_identity(source)).collect();
    likely.sort_by_key(|(source, count)| (Reverse(*count), *source));
    let tried = if account.subjects.len() > LARGE { 1 } else { TRIED };
    let before: BTreeSet<usize> = found.iter().map(|one| one.subject).collect();
    let mut cuts = Vec::new();
    for ((holder, policy, statement), _) in likely.into_iter().take(tried) {
        let holder = Some(holder).filter(|holder| !holder.is_empty());
        let less = account.without(holder, policy, statement);
        let after: BTreeSet<usize> = Graph::of(&less)?.found(&less).iter().map(|one| one.subject).collect();
        let breaks = before.difference(&after).count();
        let (holder, policy) = (holder.map(str::to_owned), policy.to_owned());
        cuts.push(Cut { holder, policy, statement, breaks, of: before.len() });
    }
    cuts.retain(|cut| cut.breaks > 0);
    cuts.sort_by_key(|cut| Reverse(cut.breaks));
    Ok(cuts)
}

/// A managed policy, or an inline one of a user or role; a trust policy goes by its role's ARN and the name `trust policy`.
fn is_identity((_, policy, _): &Source<'_>) -> bool {
    *policy != "trust policy"
}

#[cfg(test)]
mod tests {
    use crate::decrypt::world::{World, allow, iam};
    use serde_json::json;

    #[test]
    fn the_cut_that_breaks_most_is_tried_and_comes_first() {
        let mut world = World::default();
        for name in ["a", "b", "c"] {
            world = world.role(name, json!({"Service": "ec2.amazonaws.com"}), json!([]));
        }
        let shared = json!({"PolicyName": "shared", "Arn": iam("policy/shared"), "DefaultVersionId": "v1",
            "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true,
                "Document": {"Version": "2012-10-17", "Statement": [allow(json!("iam:PutRolePolicy"))]}}]});
        world.policies = vec![shared];
        for role in &mut world.roles {
            role["AttachedManagedPolicies"] = json!([{"PolicyArn": iam("policy/shared"), "PolicyName": "shared"}]);
        }
        world = world.user("alone", json!([allow(json!("iam:AttachUserPolicy"))]));
        let escalation = world.report().escalation.unwrap();
        assert_eq!(escalation.paths.len(), 4);
        let first = &escalation.cuts[0];
        assert_eq!((first.policy.as_str(), first.holder.as_deref()), (iam("policy/shared").as_str(), None));
        assert_eq!((first.breaks, first.of), (3, 4));
        let second = &escalation.cuts[1];
        assert_eq!((second.holder.as_deref(), second.breaks), (Some(iam("user/alone").as_str()), 1));
    }

    #[test]
    fn a_statement_that_others_make_up_for_breaks_nothing_and_is_no_cut() {
        let twice = json!([allow(json!("iam:PutUserPolicy")), allow(json!("iam:PutUserPolicy"))]);
        let escalation = World::default().user("ann", twice).report().escalation.unwrap();
        assert_eq!((escalation.paths.len(), escalation.cuts.len()), (1, 0), "{escalation:?}");
    }

    #[test]
    fn a_path_is_told_step_by_step_to_its_end() {
        let world = World::default()
            .role("admin", json!({"AWS": iam("user/ann")}), json!([allow(json!("iam:PutRolePolicy"))]))
            .user("ann", json!([allow(json!("sts:AssumeRole"))]));
        let escalation = world.report().escalation.unwrap();
        let path = escalation.paths.iter().find(|path| path.principal == iam("user/ann")).unwrap();
        let ends: Vec<_> = path.steps.iter().map(|step| (step.from.as_str(), step.to.as_str())).collect();
        assert_eq!(ends.last().unwrap().1, "administrator");
        assert_eq!(ends[0].0, iam("user/ann"));
        assert!(path.steps.iter().all(|step| !step.ways.is_empty()));
    }
}
