use super::{Handler, HandlerError, Response, read};
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

    async fn delete_inline_policy(&self, _: &str, policy: &str) -> PortResult<()> {
        self.written.lock().unwrap().retain(|(name, _)| name != policy);
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
    let manual_scope = containment::request::ManualScope::OptedIn;
    let settings = engine::Config {
        deployment,
        mode,
        manual_scope,
        untracking_allowed: false,
        snapshot_lock: None,
        limits,
        resources,
    };
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
    assert!(read(&json!({"incident": id})).is_some());
    let shapes = [
        json!(null),
        json!({}),
        json!({"incident": 7}),
        json!({"incident": "inc-2026"}),
        json!({"incident": "ref-20260101-000000-0123456789"}),
        json!({"incident": "inc-20260101-000000-01234567/9"}),
        json!({"incident": id, "role": "admin"}),
        json!({"incident": id, "restore": false}),
        json!({"incident": id, "restore": "yes"}),
        json!({"restore": true}),
        Value::Array(Vec::new()),
    ];
    for request in shapes {
        assert!(read(&request).is_none(), "{request}");
    }
}

/// The incident's release begins, and asks for the credentials while it runs.
async fn release(scene: &Scene, id: &IncidentId) {
    let (deployment, mode, limits, resources) = config();
    let manual_scope = containment::request::ManualScope::OptedIn;
    let settings = engine::Config {
        deployment,
        mode,
        manual_scope,
        untracking_allowed: false,
        snapshot_lock: None,
        limits,
        resources,
    };
    let process = scene.process();
    process.faults.fail("lambda:InvokeFunction", ErrorKind::Denied, 1);
    scene.pass(time::Duration::minutes(10));
    let now = scene.account().now;
    let run = engine::Engine::new(process.ports(), settings, "release".to_owned(), now + time::Duration::minutes(1));
    let action = signal::OperatorAction::Release { incident: id.to_string(), accept_drift: false, false_alarm: false };
    let request = testkit::request("arn:aws:iam::123456789012:user/alice", action, now, 1);
    run.release(&request).await.unwrap();
}

#[tokio::test]
async fn a_deny_is_removed_only_once_a_release_was_begun() {
    let scene = Scene::fleet(6);
    let id = contained(&scene).await;
    let role = Arc::new(OneRole::new(TRUSTED));
    let handler = handler(&scene, &role, &LISTED);
    handler.handle(&json!({"incident": id})).await.unwrap();
    let restore = json!({"incident": id, "restore": true});
    assert!(matches!(handler.handle(&restore).await, Err(HandlerError::NotReleasing(..))));
    assert_eq!(role.written.lock().unwrap().len(), 1);
    release(&scene, &id).await;
    assert_eq!(handler.handle(&restore).await.unwrap(), Response::Restored);
    assert_eq!(role.written.lock().unwrap().len(), 0);
    assert!(matches!(handler.handle(&json!({"incident": id})).await, Err(HandlerError::NotContaining(..))));
}

#[tokio::test]
async fn a_deny_whose_role_is_no_longer_listed_is_an_error_and_not_forgotten() {
    let scene = Scene::fleet(6);
    let id = contained(&scene).await;
    let role = Arc::new(OneRole::new(TRUSTED));
    release(&scene, &id).await;
    let restore = json!({"incident": id, "restore": true});
    assert!(matches!(handler(&scene, &role, &[]).handle(&restore).await, Err(HandlerError::OutOfReach(_))));
}
