//! A decision with its reasons.

use crate::decide::{Decision, View, decide};
use crate::policies::{Layer, Policies, ResourcePolicy};
use crate::request::{Lookup, Request};
use crate::statement::{Effect, Statement};
use crate::truth::Truth;
use serde::Serialize;

/// What was decided, by which statements, and on what it depends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub decision: Decision,
    /// An allow: those that allow, in every layer. An explicit deny: those that deny. `Depends`: those that allow as far as
    /// is known, and those that might allow or deny.
    pub statements: Vec<Decided>,
    /// Empty unless the decision is `Depends`.
    pub depends_on: Vec<Dependency>,
}

/// A statement that decided. Text says of a grant which one it is in `policy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Decided {
    /// `identity`, `boundary`, `session`, `scp`, `rcp`, `resource`, `grant`.
    pub layer: &'static str,
    /// The level of a control policy, from 0 at the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<usize>,
    pub policy: String,
    /// The policy's index in its layer.
    pub policy_index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The statement's index in its policy.
    pub index: usize,
    pub effect: &'static str,
}

/// What isn't known and would decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// A condition key, or `null` where it is something else: see `why`.
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<Decided>,
}

/// Decides, and says why.
pub fn explain(policies: &Policies<'_>, request: &Request) -> Explanation {
    let decision = decide(policies, request);
    let view = View::new(policies, request);
    let mut found = Explanation { decision, statements: Vec::new(), depends_on: Vec::new() };
    if decision == Decision::ImplicitDeny {
        return found;
    }
    for (layer, policy_index, policy) in view.layers() {
        let layer_allows = (decision == Decision::Depends).then(|| view.layer_allows(layer));
        for statement in policy.document.denies().iter().chain(policy.document.allows()) {
            let truth = view.applies(statement);
            let counts = match (decision, statement.effect, truth) {
                (_, _, Truth::No) | (Decision::ImplicitDeny, ..) => false,
                (Decision::ExplicitDeny, effect, truth) => effect == Effect::Deny && truth == Truth::Yes,
                (Decision::Allow, effect, truth) => effect == Effect::Allow && truth == Truth::Yes,
                // Where the layer allows anyway, a statement that might doesn't matter.
                (Decision::Depends, Effect::Allow, Truth::Unknown) => layer_allows != Some(Truth::Yes),
                (Decision::Depends, ..) => true,
            };
            if !counts {
                continue;
            }
            let decided = decided(layer, &policy.name, policy_index, statement);
            if truth == Truth::Unknown {
                found.depends_on.extend(dependencies(statement, request, &decided));
            }
            found.statements.push(decided);
        }
    }
    if decision != Decision::ExplicitDeny {
        add_grants(policies, request, &mut found);
    }
    if decision == Decision::Depends && matches!(policies.resource, ResourcePolicy::Unseen) {
        found.depends_on.push(because("the resource's own policy was not seen", None));
    }
    found
}

fn add_grants(policies: &Policies<'_>, request: &Request, found: &mut Explanation) {
    for (index, grant) in policies.grants.iter().enumerate() {
        let Some((_, truth)) = grant.apply(request) else { continue };
        if found.decision == Decision::Allow && truth != Truth::Yes {
            continue;
        }
        let decided = Decided {
            layer: Layer::Grant.name(),
            level: None,
            policy: grant.id.to_string(),
            policy_index: index,
            sid: None,
            index: 0,
            effect: effect_name(Effect::Allow),
        };
        if truth == Truth::Unknown {
            let why = "a constraint of the grant";
            let dependency = |key| Dependency { key: Some(key), ..because(why, Some(&decided)) };
            found.depends_on.extend(grant.keys().map(dependency));
        }
        found.statements.push(decided);
    }
}

fn dependencies(statement: &Statement, request: &Request, decided: &Decided) -> Vec<Dependency> {
    let mut found = Vec::new();
    for condition in statement.conditions.iter().filter(|condition| condition.holds(request) == Truth::Unknown) {
        let missing =
            condition.variables().map(|variable| &variable.key).find(|key| request.lookup(key) == Lookup::Unknown);
        let known = request.lookup(&condition.key) != Lookup::Unknown;
        found.push(Dependency {
            key: Some(missing.filter(|_| known).unwrap_or(&condition.key).shown().to_owned()),
            operator: Some(condition.name.to_string()),
            values: condition.shown.iter().map(ToString::to_string).collect(),
            why: None,
            statement: Some(decided.clone()),
        });
    }
    if statement.covers_resource(request) == Truth::Unknown {
        let unknown = statement.resource_keys().filter(|key| request.lookup(key) == Lookup::Unknown);
        let why = "a variable in the statement's resources";
        found
            .extend(unknown.map(|key| Dependency { key: Some(key.shown().to_owned()), ..because(why, Some(decided)) }));
    }
    if found.is_empty() {
        found.push(because("whether the caller is the principal that the statement names", Some(decided)));
    }
    found
}

fn because(why: &'static str, statement: Option<&Decided>) -> Dependency {
    Dependency { key: None, operator: None, values: Vec::new(), why: Some(why), statement: statement.cloned() }
}

fn decided(layer: Layer, policy: &str, policy_index: usize, statement: &Statement) -> Decided {
    Decided {
        layer: layer.name(),
        level: match layer {
            Layer::ServiceControl(level) | Layer::ResourceControl(level) => Some(level),
            _ => None,
        },
        policy: policy.to_owned(),
        policy_index,
        sid: statement.sid.as_deref().map(str::to_owned),
        index: statement.index,
        effect: effect_name(statement.effect),
    }
}

fn effect_name(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "Allow",
        Effect::Deny => "Deny",
    }
}
