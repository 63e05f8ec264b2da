//! The decision whether a role may be written to, and the write.

use crate::config::Config;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::journal::{JournalFault, replay, up_to};
use containment::revocation::{document, policy_name, trusts_only_ec2, was_written};
use lambda_runtime::Diagnostic;
use ports::{ErrorKind, Journal, ObservedRole, PortError, Roles};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use thiserror::Error;

pub(crate) struct Handler {
    journal: Arc<dyn Journal>,
    roles: Arc<dyn Roles>,
    config: Config,
}

#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub(crate) enum Response {
    Revoked { role: String, policy: String },
    Restored,
    NotRevocable { why: String },
}

#[derive(Debug, Error)]
pub(crate) enum HandlerError {
    #[error("the request must be {{\"incident\": \"inc-…\"}}, with \"restore\": true beside it or nothing else")]
    Malformed,
    #[error("no incident {0} is in the journal")]
    Unknown(IncidentId),
    #[error("incident {0} is not being contained (its state is {1})")]
    NotContaining(IncidentId, &'static str),
    #[error("no release of incident {0} was begun (its state is {1})")]
    NotReleasing(IncidentId, &'static str),
    #[error("the deny that was written for the incident cannot be reached: {0}")]
    OutOfReach(String),
    #[error("the journal of the incident does not hold together: {0}")]
    BrokenJournal(#[from] JournalFault),
    #[error("failed to read or write: {0}")]
    Port(#[from] PortError),
    #[error("the policy that was read back is not the one that was written")]
    NotWritten,
}

/// Lambda's error document: a stable type to filter by, and the message.
impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        let error_type = match &error {
            HandlerError::Malformed => "RequestMalformed",
            HandlerError::Unknown(_) => "IncidentUnknown",
            HandlerError::NotContaining(..) => "IncidentNotContaining",
            HandlerError::NotReleasing(..) => "IncidentNotReleasing",
            HandlerError::OutOfReach(_) => "PolicyOutOfReach",
            HandlerError::BrokenJournal(_) => "JournalBroken",
            HandlerError::Port(_) => "CallFailed",
            HandlerError::NotWritten => "PolicyNotWritten",
        };
        Diagnostic { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

impl Handler {
    pub(crate) fn new(journal: Arc<dyn Journal>, roles: Arc<dyn Roles>, config: Config) -> Self {
        Self { journal, roles, config }
    }

    pub(crate) async fn handle(&self, request: &Value) -> Result<Response, HandlerError> {
        let (id, restore) = read(request).ok_or(HandlerError::Malformed)?;
        let incident = self.incident(&id).await?;
        if restore { self.restore(&incident).await } else { self.revoke(&incident).await }
    }

    async fn revoke(&self, incident: &Incident) -> Result<Response, HandlerError> {
        let id = &incident.id;
        let containing = matches!(
            incident.state,
            IncidentState::Committed
                | IncidentState::Isolated
                | IncidentState::Settling
                | IncidentState::Contained
                | IncidentState::Partial { .. }
        );
        if !containing {
            return Err(HandlerError::NotContaining(id.clone(), incident.state.name()));
        }
        let Some(instance) = incident.instance.as_ref() else {
            return Ok(not_revocable("the incident has no instance"));
        };
        let profile = incident.prior.as_ref().and_then(|prior| prior.profile_arn.as_deref());
        let Some(profile) = profile else { return Ok(not_revocable("the instance had no profile")) };
        let role = match self.role(profile).await? {
            Ok(role) => role,
            Err(why) => return Ok(not_revocable(&why)),
        };
        let policy = policy_name(id);
        let Config { partition, region, account, .. } = &self.config;
        let document = document(partition, region, account, instance, &role.unique_id);
        if let Err(error) = self.roles.put_inline_policy(&role.name, &policy, &document).await {
            return if is_full(&error) {
                Ok(not_revocable("the role has no room for another inline policy"))
            } else {
                Err(error.into())
            };
        }
        let written = self.roles.inline_policy(&role.name, &policy).await?;
        if written.is_none_or(|written| !is_same_json(&written, &document)) {
            return Err(HandlerError::NotWritten);
        }
        tracing::info!(incident = %id, role = %role.name, %policy, "the instance's sessions are denied");
        Ok(Response::Revoked { role: role.name, policy })
    }

    /// Only once a release was begun, by release-instance, in the journal. Where no deny was written there is nothing to
    /// find; where one was, not finding its role is an error, since the instance's sessions would stay denied.
    async fn restore(&self, incident: &Incident) -> Result<Response, HandlerError> {
        let releasing = matches!(incident.state, IncidentState::ReleasePartial { .. }) && incident.release.is_some();
        if !releasing {
            return Err(HandlerError::NotReleasing(incident.id.clone(), incident.state.name()));
        }
        if !was_written(incident) {
            return Ok(not_revocable("no policy was written for this incident"));
        }
        let profile = incident.prior.as_ref().and_then(|prior| prior.profile_arn.as_deref()).unwrap_or_default();
        let role = self.role(profile).await?.map_err(HandlerError::OutOfReach)?;
        let policy = policy_name(&incident.id);
        self.roles.delete_inline_policy(&role.name, &policy).await?;
        if self.roles.inline_policy(&role.name, &policy).await?.is_some() {
            return Err(HandlerError::NotWritten);
        }
        tracing::info!(incident = %incident.id, role = %role.name, %policy, "the instance's sessions are allowed again");
        Ok(Response::Restored)
    }

    /// The incident as its journal proves it.
    async fn incident(&self, id: &IncidentId) -> Result<Incident, HandlerError> {
        let stored = self.journal.load(id).await?.ok_or_else(|| HandlerError::Unknown(id.clone()))?;
        // Whoever asks appends while this runs.
        let events = up_to(self.journal.events(id).await?, &stored.head);
        Ok(replay(&events, &stored.head)?)
    }

    /// The profile's role if it may be written to, else why not. Listed, and assumable by EC2 alone: never a role that
    /// people or functions hold, Cordon's own among them.
    async fn role(&self, profile: &str) -> Result<Result<ObservedRole, String>, PortError> {
        let role = match self.roles.of_profile(profile).await {
            Ok(Some(role)) => role,
            Ok(None) => return Ok(Err("its instance profile holds no role".to_owned())),
            // The permission to read a role is given for listed roles only.
            Err(error) if error.kind == ErrorKind::Denied && error.operation == "iam:GetRole" => {
                return Ok(Err("its role is not listed in RevocableRoleArns".to_owned()));
            }
            Err(error) => return Err(error),
        };
        if !self.config.revocable_roles.contains(&role.arn) {
            return Ok(Err(format!("role {} is not listed in RevocableRoleArns", role.name)));
        }
        if !trusts_only_ec2(&role.trust_policy) {
            return Ok(Err(format!("role {} can be assumed by others than EC2", role.name)));
        }
        Ok(Ok(role))
    }
}

/// `{"incident": ID}` with an id of the form that Cordon makes, `"restore": true` where it is to be undone, and no other
/// member.
fn read(request: &Value) -> Option<(IncidentId, bool)> {
    let members = request.as_object()?;
    let restore = match members.get("restore") {
        None => false,
        Some(flag) => flag.as_bool().filter(|flag| *flag)?,
    };
    let id = members.get("incident").filter(|_| members.len() == 1 + usize::from(restore))?.as_str()?;
    let shape = |(at, character): (usize, char)| match at {
        0..=3 => "inc-".chars().nth(at) == Some(character),
        12 | 19 => character == '-',
        4..=18 => character.is_ascii_digit(),
        _ => character.is_ascii_hexdigit(),
    };
    (id.len() == 30 && id.chars().enumerate().all(shape)).then(|| (IncidentId::new(id), restore))
}

fn not_revocable(why: &str) -> Response {
    Response::NotRevocable { why: why.to_owned() }
}

/// IAM's quota of inline policy characters a role.
fn is_full(error: &PortError) -> bool {
    error.code.as_deref() == Some("LimitExceeded")
}

fn is_same_json(one: &str, other: &str) -> bool {
    let parse = |text| serde_json::from_str::<Value>(text).ok();
    parse(one).is_some_and(|one| parse(other) == Some(one))
}

#[cfg(test)]
#[path = "handler_tests.rs"]
mod tests;
