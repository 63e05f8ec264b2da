//! Which services may act as a role.

use crate::account::Account;
use crate::finding::Confidence;
use iam_policy::{Action, Caller, Decision, Policies, Request, Resource, ResourcePolicy, decide};

/// The services that a role's trust policy lets assume it, asked as their own requests.
pub(super) fn of(account: &Account<'_>, at: usize, services: &[&'static str]) -> Vec<(&'static str, Confidence)> {
    let Some(subject) = account.subject(at) else { return Vec::new() };
    let Some(Ok(trust)) = &subject.principal.trust else { return Vec::new() };
    let Ok(action) = Action::parse("sts:AssumeRole") else { return Vec::new() };
    let Ok(resource) = Resource::parse(&subject.principal.arn, None) else { return Vec::new() };
    let ask = |service: &&'static str| {
        let caller = Caller::parse(service).ok()?;
        let context = account.context().with("aws:SourceAccount", [&account.id]);
        let request = Request::new(caller, action.clone(), resource.clone(), context);
        let policies = Policies { rcps: &account.rcps, resource: ResourcePolicy::Is(trust), ..Policies::default() };
        match decide(&policies, &request) {
            // A condition on the source's ARN names a resource that the caller may make or hold.
            Decision::Allow => Some((*service, Confidence::High)),
            Decision::Depends => Some((*service, Confidence::Low)),
            Decision::ExplicitDeny | Decision::ImplicitDeny => None,
        }
    };
    services.iter().filter_map(ask).collect()
}
