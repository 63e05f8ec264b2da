//! Roles of instance profiles, and what revoke-credentials does with them.

use super::World;
use crate::operations::{Operation, PUT_INLINE_POLICY, REVOKE_CREDENTIALS};
use containment::ids::IncidentId;
use containment::revocation::{document, policy_name};
use ports::{ErrorKind, ObservedRole, PortResult, Revocation};
use std::collections::BTreeMap;

/// IAM: "The total aggregate policy size … per role cannot exceed 10,240 characters".
const INLINE_POLICY_LIMIT: usize = 10_240;

#[derive(Debug, Clone)]
pub struct Role {
    pub observed: ObservedRole,
    /// Whether the deployment lists it as one that may be written to.
    pub listed: bool,
    pub inline_policies: BTreeMap<String, String>,
}

impl World {
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.observed.name == name)
    }

    pub(crate) fn put_inline_policy(&mut self, role: &str, policy: &str, document: &str) -> PortResult<()> {
        let operation = PUT_INLINE_POLICY;
        let role = self.roles.values_mut().find(|known| known.observed.name == role);
        let role = role.ok_or_else(|| operation.error(ErrorKind::Gone, "NoSuchEntity", "no such role"))?;
        let others = role.inline_policies.iter().filter(|(name, _)| *name != policy);
        let size = document.len() + others.map(|(_, document)| document.len()).sum::<usize>();
        if size > INLINE_POLICY_LIMIT {
            return Err(operation.error(ErrorKind::Rejected, "LimitExceeded", "Maximum policy size exceeded"));
        }
        role.inline_policies.insert(policy.to_owned(), document.to_owned());
        Ok(())
    }

    /// The function's own rules in short: it knows the incident from the journal and writes to listed roles only.
    pub(crate) fn revoke_credentials(&mut self, incident: &IncidentId) -> PortResult<Revocation> {
        let not_revocable = |why: &str| Ok(Revocation::NotRevocable { why: why.to_owned() });
        let operation: Operation = REVOKE_CREDENTIALS;
        let Some(stored) = self.table.load(incident) else {
            return Err(operation.error(ErrorKind::Rejected, "Unhandled", "no such incident"));
        };
        let prior = stored.incident.prior.as_ref().and_then(|prior| prior.profile_arn.clone());
        let role = prior.and_then(|profile| self.roles.get(&profile));
        let (Some(role), Some(instance)) = (role, &stored.incident.instance) else {
            return not_revocable("its instance profile holds no role");
        };
        if !role.listed {
            return not_revocable("its role is not listed");
        }
        let (name, policy) = (role.observed.name.clone(), policy_name(incident));
        let region = crate::scene::REGION.parse().unwrap();
        let account = crate::scene::ACCOUNT.parse().unwrap();
        let document = document("aws", &region, &account, instance, &role.observed.unique_id);
        match self.put_inline_policy(&name, &policy, &document) {
            Ok(()) => Ok(Revocation::Revoked { role: name, policy }),
            Err(_) => not_revocable("the role has no room for another inline policy"),
        }
    }
}
