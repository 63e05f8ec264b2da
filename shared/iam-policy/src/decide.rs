//! The decision.
//!
//! Source: IAM User Guide, "Policy evaluation logic", "How AWS enforcement code logic evaluates requests", "Cross-account
//! policy evaluation logic"; KMS Developer Guide, "Key policies" and "Default key policy" for delegation to IAM; AWS
//! Organizations User Guide, "SCP evaluation" and "RCP evaluation".

use crate::caller::CallerKind;
use crate::catalogue::Catalogue;
use crate::policies::{Layer, Policies, Policy, ResourcePolicy};
use crate::principal::Naming;
use crate::request::Request;
use crate::statement::Statement;
use crate::truth::Truth;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
    /// On what the request's context holds, or on a policy that was not seen.
    Depends,
}

impl Decision {
    /// As JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ExplicitDeny => "explicit-deny",
            Self::ImplicitDeny => "implicit-deny",
            Self::Depends => "depends",
        }
    }
}

/// What the policies say to the request. Allocates nothing.
pub fn decide(policies: &Policies<'_>, request: &Request) -> Decision {
    let view = View::new(policies, request);
    let denied = view.denied();
    if denied == Truth::Yes {
        return Decision::ExplicitDeny;
    }
    match (view.allowed(), denied) {
        (Truth::No, _) => Decision::ImplicitDeny,
        (Truth::Yes, Truth::No) => Decision::Allow,
        _ => Decision::Depends,
    }
}

/// The policies as one request sees them.
pub(crate) struct View<'a> {
    pub(crate) policies: &'a Policies<'a>,
    pub(crate) request: &'a Request,
    bounded: bool,
    limited_by_scps: bool,
    limited_by_rcps: bool,
}

/// A grant can be retired whatever resource control policies say (KMS Developer Guide, "Resource control policies in AWS
/// KMS").
fn is_beyond_resource_control(request: &Request) -> bool {
    request.action.service() == "kms" && request.action.name() == "retiregrant"
}

/// What the resource's side allows, by how it names the caller.
struct Granted {
    to_itself: Truth,
    to_role: Truth,
    to_account: Truth,
}

impl<'a> View<'a> {
    pub(crate) fn new(policies: &'a Policies<'a>, request: &'a Request) -> Self {
        let caller = &request.caller;
        Self {
            policies,
            request,
            bounded: !policies.boundaries.is_empty() && (caller.kind == CallerKind::User || caller.is_role()),
            limited_by_scps: caller.is_of_account() && !caller.service_linked && !request.of_management_account,
            limited_by_rcps: !policies.rcps.is_empty()
                && !caller.service_linked
                && !is_beyond_resource_control(request)
                && Catalogue::shipped().has_resource_control(request.action.service()),
        }
    }

    /// Every policy that has a say, with where it stands and its index there.
    pub(crate) fn layers(&self) -> impl Iterator<Item = (Layer, usize, &'a Policy)> + use<'a> {
        let policies = self.policies;
        let flat = |layer: Layer, policies: &'a [Policy]| {
            policies.iter().enumerate().map(move |(index, policy)| (layer, index, policy))
        };
        let scps = if self.limited_by_scps { policies.scps } else { &[] };
        let rcps = if self.limited_by_rcps { policies.rcps } else { &[] };
        let scps = scps.iter().enumerate().flat_map(move |(level, each)| flat(Layer::ServiceControl(level), each));
        let rcps = rcps.iter().enumerate().flat_map(move |(level, each)| flat(Layer::ResourceControl(level), each));
        let resource = match policies.resource {
            ResourcePolicy::Is(policy) => Some((Layer::Resource, 0, policy)),
            ResourcePolicy::None | ResourcePolicy::Unseen => None,
        };
        flat(Layer::Identity, policies.identity)
            .chain(flat(Layer::Boundary, policies.boundaries))
            .chain(flat(Layer::Session, policies.session))
            .chain(scps)
            .chain(rcps)
            .chain(resource)
    }

    pub(crate) fn applies(&self, statement: &Statement) -> Truth {
        statement.apply(self.request, self.bounded).map_or(Truth::No, |(_, truth)| truth)
    }

    fn denied(&self) -> Truth {
        let unseen = matches!(self.policies.resource, ResourcePolicy::Unseen);
        let unseen = if unseen { Truth::Unknown } else { Truth::No };
        let statements = self.layers().flat_map(|(_, _, policy)| policy.document.denies());
        Truth::any(statements.map(|statement| self.applies(statement))).or(unseen)
    }

    fn allows(&self, policy: &Policy) -> Truth {
        Truth::any(policy.document.allows().iter().map(|statement| self.applies(statement)))
    }

    /// Whether the layer allows, whatever the others say.
    pub(crate) fn layer_allows(&self, layer: Layer) -> Truth {
        let any = |policies: &[Policy]| Truth::any(policies.iter().map(|policy| self.allows(policy)));
        match layer {
            Layer::Identity if self.request.caller.kind == CallerKind::Root => Truth::Yes,
            Layer::Identity => any(self.policies.identity),
            Layer::Boundary => Truth::all(self.policies.boundaries.iter().map(|policy| self.allows(policy))),
            Layer::Session if self.policies.session.is_empty() => Truth::Yes,
            Layer::Session => any(self.policies.session),
            Layer::ServiceControl(level) => self.policies.scps.get(level).map_or(Truth::Yes, |level| any(level)),
            Layer::ResourceControl(level) => self.policies.rcps.get(level).map_or(Truth::Yes, |level| any(level)),
            Layer::Resource | Layer::Grant => self.granted().to_itself,
        }
    }

    /// All levels of both kinds of control policies, as far as they have a say.
    fn within_controls(&self) -> Truth {
        let levels = |limited: bool, levels: &[Vec<Policy>]| if limited { levels.len() } else { 0 };
        let scps = (0..levels(self.limited_by_scps, self.policies.scps)).map(Layer::ServiceControl);
        let rcps = (0..levels(self.limited_by_rcps, self.policies.rcps)).map(Layer::ResourceControl);
        Truth::all(scps.chain(rcps).map(|level| self.layer_allows(level)))
    }

    fn allowed(&self) -> Truth {
        let controls = self.within_controls();
        if controls == Truth::No {
            return Truth::No;
        }
        let granted = self.granted();
        let allowed = if !self.request.caller.is_of_account() {
            // A service, an identity provider or nobody: no IAM policy speaks for it.
            granted.to_itself
        } else {
            let limits = self.layer_allows(Layer::Boundary).and(self.layer_allows(Layer::Session));
            // A role named by its ARN stays within its boundary and its session policies; a user, a session or everyone
            // is granted to directly.
            let directly = granted.to_itself.or(granted.to_role.and(limits));
            if self.request.is_same_account() {
                let delegated = if self.needs_resource_policy() { granted.to_account } else { Truth::Yes };
                let through_iam = if delegated == Truth::No { Truth::No } else { self.layer_allows(Layer::Identity) };
                directly.or(delegated.and(through_iam).and(limits))
            } else {
                // A grant reaches into another account by itself; a policy needs that account's leave.
                let trusted = granted.to_itself.or(granted.to_role).or(granted.to_account);
                let through_iam = trusted.and(limits).and(self.layer_allows(Layer::Identity));
                through_iam.or(self.granted_by_grants().and(limits))
            }
        };
        controls.and(allowed)
    }

    /// Keys and roles: IAM policies of their own account have a say only where the key's or trust policy gives it to them.
    fn needs_resource_policy(&self) -> bool {
        let request = self.request;
        match request.action.service() {
            "kms" => request.resource.of_service("kms").is_some_and(|resource| resource.starts_with("key/")),
            "sts" => request.resource.of_service("iam").is_some_and(|resource| resource.starts_with("role/")),
            _ => false,
        }
    }

    fn granted(&self) -> Granted {
        let mut granted = Granted { to_itself: Truth::No, to_role: Truth::No, to_account: Truth::No };
        let mut add = |(naming, truth): (Naming, Truth)| {
            let side = match naming {
                Naming::Itself => &mut granted.to_itself,
                Naming::Role => &mut granted.to_role,
                Naming::Account => &mut granted.to_account,
            };
            *side = side.or(truth);
        };
        match self.policies.resource {
            ResourcePolicy::None => {}
            ResourcePolicy::Unseen => add((Naming::Itself, Truth::Unknown)),
            ResourcePolicy::Is(policy) => {
                policy
                    .document
                    .allows()
                    .iter()
                    .filter_map(|each| each.apply(self.request, self.bounded))
                    .for_each(&mut add);
            }
        }
        self.policies.grants.iter().filter_map(|grant| grant.apply(self.request)).for_each(add);
        granted
    }

    fn granted_by_grants(&self) -> Truth {
        Truth::any(self.policies.grants.iter().filter_map(|grant| grant.apply(self.request)).map(|(_, truth)| truth))
    }
}
