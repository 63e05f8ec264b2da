//! The decision whether a role may be written to, and the write.

use crate::config::Config;
use containment::ids::IncidentId;
use containment::incident::{Incident, IncidentState};
use containment::journal::{JournalFault, replay, up_to};
use containment::revocation::{document, policy_name, trusts_only_ec2};
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
    NotRevocable { why: String },
}

#[derive(Debug, Error)]
pub(crate) enum HandlerError {
    #[error("the request must be {{\"incident\": \"inc-…\"}} and nothing else")]
    Malformed,
    #[error("no incident {0} is in the journal")]
    Unknown(IncidentId),
    #[error("incident {0} is not being contained (its state is {1})")]
    NotContaining(IncidentId, &'static str),
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
        let id = incident_id(request).ok_or(HandlerError::Malformed)?;
        let incident = self.incident(&id).await?;
        let Some(instance) = incident.instance.as_ref() else {
            return Ok(not_revocable("the incident has no instance"));
        };
        let profile = incident.prior.as_ref().and_then(|prior| prior.profile_arn.as_deref());
        let Some(profile) = profile else { return Ok(not_revocable("the instance had no profile")) };
        let role = match self.role(profile).await? {
            Ok(role) => role,
            Err(why) => return Ok(not_revocable(&why)),
        };
        let policy = policy_name(&id);
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

    /// The incident as its journal proves it, while it is being contained.
    async fn incident(&self, id: &IncidentId) -> Result<Incident, HandlerError> {
        let stored = self.journal.load(id).await?.ok_or_else(|| HandlerError::Unknown(id.clone()))?;
        // contain-instance appends while this runs.
        let events = up_to(self.journal.events(id).await?, &stored.head);
        let incident = replay(&events, &stored.head)?;
        let containing = matches!(
            incident.state,
            IncidentState::Committed
                | IncidentState::Isolated
                | IncidentState::Settling
                | IncidentState::Contained
                | IncidentState::Partial { .. }
        );
        if containing { Ok(incident) } else { Err(HandlerError::NotContaining(id.clone(), incident.state.name())) }
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

/// `{"incident": ID}` with an id of the form that Cordon makes, and no other member.
fn incident_id(request: &Value) -> Option<IncidentId> {
    let members = request.as_object().filter(|members| members.len() == 1)?;
    let id = members.get("incident")?.as_str()?;
    let shape = |(at, character): (usize, char)| match at {
        0..=3 => "inc-".chars().nth(at) == Some(character),
        12 | 19 => character == '-',
        4..=18 => character.is_ascii_digit(),
        _ => character.is_ascii_hexdigit(),
    };
    (id.len() == 30 && id.chars().enumerate().all(shape)).then(|| IncidentId::new(id))
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
mod tests {
    use super::{Handler, HandlerError, Response, incident_id};
    use crate::config::Config;
    use async_trait::async_trait;
    use containment::ids::IncidentId;
    use ports::{ErrorKind, ObservedRole, PortError, PortResult, Roles};
    use serde_json::{Value, json};
    use std::sync::{Arc, Mutex};
    use testkit::{Scene, config, instance_id};

    const TRUSTED: &str = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"}}}"#;

    /// One role; what is written into it can be read back, and writing can fail.
    struct OneRole {
        trust_policy: &'static str,
        written: Mutex<Vec<(String, String)>>,
        fails: Option<&'static str>,
    }

    impl OneRole {
        fn new(trust_policy: &'static str) -> Self {
            Self { trust_policy, written: Mutex::default(), fails: None }
        }
    }

    #[async_trait]
    impl Roles for OneRole {
        async fn of_profile(&self, _: &str) -> PortResult<Option<ObservedRole>> {
            Ok(Some(ObservedRole {
                name: "web".to_owned(),
                arn: "arn:aws:iam::123456789012:role/web".to_owned(),
                unique_id: "AROAWEB".to_owned(),
                trust_policy: self.trust_policy.to_owned(),
            }))
        }

        async fn put_inline_policy(&self, _: &str, policy: &str, document: &str) -> PortResult<()> {
            if let Some(code) = self.fails {
                return Err(PortError::new("iam:PutRolePolicy", ErrorKind::Rejected, Some(code), "no"));
            }
            self.written.lock().unwrap().push((policy.to_owned(), document.to_owned()));
            Ok(())
        }

        async fn inline_policy(&self, _: &str, policy: &str) -> PortResult<Option<String>> {
            let written = self.written.lock().unwrap();
            Ok(written.iter().find(|(name, _)| name == policy).map(|(_, document)| document.clone()))
        }
    }

    /// An incident of an instance that is being contained, and its id.
    async fn contained(scene: &Scene) -> IncidentId {
        let (deployment, mode, limits, resources) = config();
        let settings = engine::Config { deployment, mode, limits, resources };
        let ports = scene.process().ports();
        let deadline = ports.clock.now() + time::Duration::minutes(1);
        let run = engine::Engine::new(ports, settings, "test".to_owned(), deadline);
        run.handle(&scene.signal(&instance_id(0))).await.unwrap();
        scene.account().incidents().first().unwrap().id.clone()
    }

    fn handler(scene: &Scene, role: &Arc<OneRole>, listed: &[&str]) -> Handler {
        let config = Config {
            table: "table".to_owned(),
            account: "123456789012".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            partition: "aws".to_owned(),
            revocable_roles: listed.iter().map(ToString::to_string).collect(),
        };
        Handler::new(scene.process().ports().journal, Arc::clone(role) as Arc<dyn Roles>, config)
    }

    const LISTED: [&str; 1] = ["arn:aws:iam::123456789012:role/web"];

    async fn revoke(role: OneRole, listed: &[&str]) -> (Result<Response, HandlerError>, usize) {
        let scene = Scene::fleet(6);
        let id = contained(&scene).await;
        let role = Arc::new(role);
        let answer = handler(&scene, &role, listed).handle(&json!({"incident": id})).await;
        let written = role.written.lock().unwrap().len();
        (answer, written)
    }

    #[tokio::test]
    async fn a_listed_role_that_trusts_ec2_alone_is_written_to_and_read_back() {
        let (answer, written) = revoke(OneRole::new(TRUSTED), &LISTED).await;
        assert!(matches!(answer.unwrap(), Response::Revoked { role, .. } if role == "web"));
        assert_eq!(written, 1);
    }

    #[tokio::test]
    async fn a_role_that_is_not_listed_or_that_others_may_assume_is_never_written_to() {
        let lambda = r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}}"#;
        for (trust, listed) in [(TRUSTED, &[][..]), (lambda, &LISTED[..])] {
            let (answer, written) = revoke(OneRole::new(trust), listed).await;
            assert!(matches!(answer.unwrap(), Response::NotRevocable { .. }));
            assert_eq!(written, 0);
        }
    }

    #[tokio::test]
    async fn a_full_role_is_said_and_any_other_refusal_is_an_error() {
        let full = OneRole { fails: Some("LimitExceeded"), ..OneRole::new(TRUSTED) };
        assert!(matches!(revoke(full, &LISTED).await.0.unwrap(), Response::NotRevocable { .. }));
        let refused = OneRole { fails: Some("UnmodifiableEntity"), ..OneRole::new(TRUSTED) };
        assert!(revoke(refused, &LISTED).await.0.is_err());
    }

    #[tokio::test]
    async fn only_an_incident_of_an_intact_journal_counts() {
        let scene = Scene::fleet(6);
        let id = contained(&scene).await;
        let role = Arc::new(OneRole::new(TRUSTED));
        let handler = handler(&scene, &role, &LISTED);
        let unknown = json!({"incident": "inc-20260101-000000-0123456789"});
        assert!(matches!(handler.handle(&unknown).await, Err(HandlerError::Unknown(_))));
        {
            let mut account = scene.account();
            let event = &mut account.journal(&id).0[0];
            event.document = event.document.replacen("web", "own", 1);
        }
        assert!(matches!(handler.handle(&json!({"incident": id})).await, Err(HandlerError::BrokenJournal(_))));
        assert_eq!(role.written.lock().unwrap().len(), 0);
    }

    #[test]
    fn a_request_is_an_incident_id_and_nothing_else() {
        let id = "inc-20260101-000000-0123456789";
        assert!(incident_id(&json!({"incident": id})).is_some());
        let shapes = [
            json!(null),
            json!({}),
            json!({"incident": 7}),
            json!({"incident": "inc-2026"}),
            json!({"incident": "ref-20260101-000000-0123456789"}),
            json!({"incident": "inc-20260101-000000-01234567/9"}),
            json!({"incident": id, "role": "admin"}),
            Value::Array(Vec::new()),
        ];
        for request in shapes {
            assert!(incident_id(&request).is_none(), "{request}");
        }
    }
}
