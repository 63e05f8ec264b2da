//! One statement: whom, what, on which resources, and under which conditions.

use crate::condition::Condition;
use crate::document::DocumentKind;
use crate::error::{PolicyError, Warning, quoted};
use crate::field::Field;
use crate::pattern::Pattern;
use crate::principal::{Named, Naming, Principals};
use crate::request::{Action, Request};
use crate::truth::Truth;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub effect: Effect,
    pub sid: Option<Box<str>>,
    /// From 0, in the document.
    pub index: usize,
    pub(crate) principals: Option<Principals>,
    actions: Listed,
    /// A trust policy has none.
    resources: Option<Listed>,
    pub(crate) conditions: Box<[Condition]>,
}

/// Action or NotAction; Resource or NotResource.
#[derive(Debug, Clone, PartialEq)]
struct Listed {
    negated: bool,
    patterns: Box<[Pattern]>,
}

/// How far a statement applies, and how it names the caller where it names any.
pub(crate) type Applied = (Naming, Truth);

impl Statement {
    pub(crate) fn parse(
        field: &Field<'_>,
        index: usize,
        kind: DocumentKind,
        variables: bool,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, PolicyError> {
        let (mut effect, mut sid, mut principals, mut actions, mut resources) = (None, None, None, None, None);
        let mut conditions: Box<[Condition]> = Box::new([]);
        for (name, element) in field.entries()? {
            let negated = name.starts_with("Not");
            let twice = element.error("stands beside its opposite; keep one of the two");
            match name {
                "Sid" => sid = Some(element.text()?.into()),
                "Effect" => effect = Some(read_effect(&element)?),
                "Action" | "NotAction" if actions.is_some() => return Err(twice),
                "Action" | "NotAction" => actions = Some(read_actions(&element, negated)?),
                "Resource" | "NotResource" if resources.is_some() => return Err(twice),
                "Resource" | "NotResource" => resources = Some(read_resources(&element, negated, variables, warnings)?),
                "Principal" | "NotPrincipal" if principals.is_some() => return Err(twice),
                "Principal" | "NotPrincipal" => principals = Some(Principals::parse(&element, negated, warnings)?),
                "Condition" => conditions = Condition::parse_all(&element, variables)?,
                _ => return Err(element.error("no such element of a statement; names are exact, such as NotAction")),
            }
        }
        let missing = |what: &str| field.error(&format!("has no {what}"));
        check_place(field, kind, principals.as_ref(), resources.is_some())?;
        Ok(Self {
            effect: effect.ok_or_else(|| missing("Effect; write Allow or Deny"))?,
            sid,
            index,
            principals,
            actions: actions.ok_or_else(|| missing("Action or NotAction"))?,
            resources,
            conditions,
        })
    }

    /// Whether it is about this action, given in lower case as `service:action`. Principals, resources and conditions
    /// are not looked at.
    pub fn covers_action(&self, lower: &str) -> bool {
        self.actions.negated != self.actions.patterns.iter().any(|pattern| pattern.matches(lower))
    }

    /// Whether it covers all actions: `"*"`, or NotAction of none.
    pub fn covers_every_action(&self) -> bool {
        !self.actions.negated && self.actions.patterns.iter().any(Pattern::is_everything)
    }

    /// Whether it says what it is not about: NotAction.
    pub fn is_not_action(&self) -> bool {
        self.actions.negated
    }

    /// Whether it covers all resources: `"*"`, or none named.
    pub fn covers_every_resource(&self) -> bool {
        self.resources
            .as_ref()
            .is_none_or(|listed| !listed.negated && listed.patterns.iter().any(Pattern::is_everything))
    }

    /// For each resource that it names, one that it covers: an ARN in which `*` and `?` stand as they do in the policy, and
    /// the request's values for variables. Of NotResource there are none.
    pub fn example_resources(&self, request: &Request) -> impl Iterator<Item = String> {
        let listed = self.resources.as_ref().filter(|listed| !listed.negated);
        let patterns: &[Pattern] = listed.map_or(&[], |listed| &listed.patterns);
        patterns.iter().filter_map(|pattern| pattern.example(|variable| request.resolve(variable)))
    }

    /// The resources that it covers, where it names each of them: `None` for NotResource, wildcards, and variables of which
    /// the request leaves the value open.
    pub fn named_resources(&self, request: &Request) -> Option<Vec<String>> {
        let listed = self.resources.as_ref().filter(|listed| !listed.negated)?;
        let named = |pattern: &Pattern| {
            pattern.example(|variable| request.resolve(variable)).filter(|example| !example.contains(['*', '?']))
        };
        listed.patterns.iter().map(named).collect()
    }

    /// Whom it names, or with [`Statement::is_not_principal`] whom it does not mean. None outside a resource's policy.
    pub fn principals(&self) -> &[Named] {
        self.principals.as_ref().map_or(&[], |principals| &principals.named)
    }

    pub fn is_not_principal(&self) -> bool {
        self.principals.as_ref().is_some_and(|principals| principals.negated)
    }

    /// Operator, key and values of each condition, as the policy has them.
    pub fn conditions(&self) -> impl Iterator<Item = (&str, &str, &[Box<str>])> {
        self.conditions.iter().map(|condition| (&*condition.name, condition.key.shown(), &*condition.shown))
    }

    pub fn has_conditions(&self) -> bool {
        !self.conditions.is_empty()
    }

    /// `None` where it is about something else.
    ///
    /// In a closed world everything that isn't in the request is absent, so what is left unknown (whom a canonical user
    /// id means, what a session is called) is decided against access.
    pub(crate) fn apply(&self, request: &Request, bounded: bool) -> Option<Applied> {
        if !self.covers_action(request.action.lower()) {
            return None;
        }
        let (naming, named) = match &self.principals {
            None => (Naming::Itself, Truth::Yes),
            Some(principals) => principals.name(&request.caller, bounded)?,
        };
        let rest = Truth::all(
            [self.covers_resource(request)]
                .into_iter()
                .chain(self.conditions.iter().map(|condition| condition.holds(request))),
        );
        let mut applies = named.and(rest);
        if applies == Truth::Unknown && request.context.is_closed() {
            applies = (self.effect == Effect::Deny).into();
        }
        (applies != Truth::No).then_some((naming, applies))
    }

    pub(crate) fn covers_resource(&self, request: &Request) -> Truth {
        self.covers_arn(request.resource.arn(), request)
    }

    /// Whether it is about the resource of this ARN, whatever the request's own is; variables are the request's.
    pub fn covers_arn(&self, arn: &str, request: &Request) -> Truth {
        let Some(listed) = &self.resources else { return Truth::Yes };
        let matches = |pattern| Pattern::matches_with(pattern, arn, |variable| request.resolve(variable));
        Truth::any(listed.patterns.iter().map(matches)).negated(listed.negated)
    }

    /// The keys of variables in Resource or NotResource, in lower case.
    pub fn keys_in_resources(&self) -> impl Iterator<Item = &str> {
        self.resource_keys().map(crate::key::Key::lower)
    }

    /// The keys of conditions and of variables in their values, in lower case.
    pub fn keys_in_conditions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().flat_map(|condition| {
            condition.variables().map(|variable| variable.key.lower()).chain([condition.key.lower()])
        })
    }

    /// The keys that Resource or NotResource takes from the request.
    pub(crate) fn resource_keys(&self) -> impl Iterator<Item = &crate::key::Key> {
        let patterns: &[Pattern] = self.resources.as_ref().map_or(&[], |listed| &listed.patterns);
        patterns.iter().flat_map(Pattern::variables).map(|variable| &variable.key)
    }
}

/// An action's pattern by itself, for what is asked of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionPattern(Pattern);

impl ActionPattern {
    /// `s3:Get*`, `*`. Any text is a pattern; one that no action has matches none.
    pub fn new(text: &str) -> Self {
        Self(Pattern::action(text))
    }

    pub fn matches(&self, action: &Action) -> bool {
        self.0.matches(action.lower())
    }

    /// `lower`: `service:action` in lower case.
    pub fn matches_lower(&self, lower: &str) -> bool {
        self.0.matches(lower)
    }
}

fn read_effect(field: &Field<'_>) -> Result<Effect, PolicyError> {
    match field.text()? {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(field.error(&format!("{}: expected Allow or Deny", quoted(other)))),
    }
}

fn read_actions(field: &Field<'_>, negated: bool) -> Result<Listed, PolicyError> {
    let mut patterns = Vec::new();
    for item in field.items() {
        let text = item.text()?;
        let service = text.split_once(':').map(|(service, _)| service);
        if text.trim_matches('*').is_empty() && !text.is_empty() || service.is_some_and(|service| !service.is_empty()) {
            patterns.push(Pattern::action(text));
        } else {
            return Err(item.error(&format!("{}: expected SERVICE:ACTION, such as s3:Get*, or *", quoted(text))));
        }
    }
    nonempty(field, negated, patterns)
}

fn read_resources(
    field: &Field<'_>,
    negated: bool,
    variables: bool,
    warnings: &mut Vec<Warning>,
) -> Result<Listed, PolicyError> {
    let mut patterns = Vec::new();
    for item in field.items() {
        let text = item.text()?;
        let is_arn = text.starts_with("arn:") || text.starts_with(['*', '$']);
        if !is_arn {
            warnings.push(item.warning("neither an ARN nor *; matches no resource"));
        }
        patterns.push(Pattern::resource(text, variables, &item.path)?);
    }
    nonempty(field, negated, patterns)
}

/// An empty list matches nothing, and its negation everything: AWS refuses both.
fn nonempty(field: &Field<'_>, negated: bool, patterns: Vec<Pattern>) -> Result<Listed, PolicyError> {
    if patterns.is_empty() {
        return Err(field.error("is empty; name at least one"));
    }
    Ok(Listed { negated, patterns: patterns.into() })
}

fn check_place(
    field: &Field<'_>,
    kind: DocumentKind,
    principals: Option<&Principals>,
    has_resources: bool,
) -> Result<(), PolicyError> {
    match (kind, principals) {
        (DocumentKind::Resource, None) => Err(field.error("has no Principal, which a resource's policy needs")),
        (DocumentKind::ResourceControl, principals) if !principals.is_some_and(Principals::is_everyone) => {
            Err(field.error("a resource control policy needs \"Principal\": \"*\""))
        }
        (DocumentKind::Identity | DocumentKind::ServiceControl, Some(_)) => {
            Err(field.error("has a Principal, which only a resource's policy takes"))
        }
        (DocumentKind::Resource, _) => Ok(()),
        _ if !has_resources => Err(field.error("has no Resource or NotResource")),
        _ => Ok(()),
    }
}
