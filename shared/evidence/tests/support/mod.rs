//! A whole record of one incident, signed by a key of the tests', to be altered by each test.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod packing;

use containment::ids::IncidentId;
use containment::incident::{IncidentState, StepStatus};
use containment::journal::{EventBody, Head, Opening, Received, SealedEvent, seal};
use containment::plan::Plan;
use containment::step::Step;
use evidence::archive::{self, ArchiveFault};
use evidence::bundle::{Bundle, ObjectVersion, Reading};
use evidence::content::Content;
use evidence::keys;
use evidence::public_key::PublicKey;
use evidence::signed::SignedDocument;
use evidence::statement::*;
use evidence::verification::{Fault, Outcome, Subject, Verdict, Verification};
use evidence::verify::verify;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

pub const KEY_ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";

pub fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap()
}

pub fn signing_key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).unwrap()
}

pub fn public_key(key: &SigningKey) -> PublicKey {
    PublicKey::parse(key.verifying_key().to_public_key_der().unwrap().as_bytes()).unwrap()
}

pub fn signed(key: &SigningKey, statement: &Statement) -> Vec<u8> {
    signed_text(key, statement.document().unwrap())
}

pub fn signed_text(key: &SigningKey, document: String) -> Vec<u8> {
    let signature: Signature = key.sign(document.as_bytes());
    SignedDocument::new(document, signature.to_der().as_bytes().to_vec()).to_bytes().unwrap()
}

pub fn version(key: impl Into<String>, version_id: &str) -> ObjectVersion {
    ObjectVersion { key: key.into(), version_id: version_id.to_owned() }
}

#[derive(Clone)]
pub struct Scene {
    pub bundle: Bundle,
    pub contents: BTreeMap<ObjectVersion, Vec<u8>>,
}

/// Contained, with signed heads of events 1, 3, 5 and 6, and both captures.
pub fn scene() -> Scene {
    Scene::of("inc-20260921-140000-0123456789")
}

pub fn opening(incident: &IncidentId) -> EventBody {
    EventBody::Opened(Box::new(Opening {
        id: incident.clone(),
        instance: Some("i-0123456789abcdef0".parse().unwrap()),
        alarm: None,
        group: None,
        authority: None,
        mode: None,
        drill: false,
        transitioned_at: Some(now()),
        received: Received { via: "topic".to_owned(), digest: "d".to_owned(), published_at: None },
        state: IncidentState::Committed,
        plan: Plan::default(),
        prior: None,
        requested: None,
        figure: None,
        judged: None,
    }))
}

pub fn reported(step: Step) -> EventBody {
    EventBody::reported(step, StepStatus::Done, Some("as asked".to_owned()))
}

pub fn entered(state: IncidentState) -> EventBody {
    EventBody::StateChanged { state }
}

impl Scene {
    pub fn of(incident: &str) -> Self {
        let incident = IncidentId::new(incident);
        let bundle = Bundle {
            incident: incident.clone(),
            events: Vec::new(),
            head: None,
            signed: BTreeMap::new(),
            objects: BTreeMap::new(),
        };
        let mut scene = Self { bundle, contents: BTreeMap::new() };
        scene.append(opening(&incident));
        scene.sign_head("Committed");
        scene.append(reported(Step::QuarantineNetwork));
        scene.append(entered(IncidentState::Isolated));
        scene.sign_head("Isolated");
        scene.append(reported(Step::CaptureMetadata));
        scene.capture(Capture::AtContainment, &["instance.json", "console.txt"]);
        scene.append(entered(IncidentState::Settling));
        scene.sign_head("Settling");
        scene.append(entered(IncidentState::Contained));
        scene.sign_head("Contained");
        scene.capture(Capture::Later, &["cloudtrail.json"]);
        scene
    }

    pub fn head(&self) -> Head {
        self.bundle.head.clone().unwrap_or_else(Head::start)
    }

    pub fn append(&mut self, body: EventBody) {
        let at = now() + Duration::seconds(i64::from(self.head().sequence));
        let (event, head) = seal(&self.bundle.incident, &self.head(), at, "test", body).unwrap();
        self.bundle.events.push(event);
        self.bundle.head = Some(head);
    }

    pub fn head_statement(&self, state: &str) -> Statement {
        Statement::Head(SignedHead {
            schema: SCHEMA,
            incident: self.bundle.incident.clone(),
            signing_key: KEY_ARN.to_owned(),
            journal: self.head().into(),
            state: state.to_owned(),
            at: now(),
        })
    }

    pub fn sign_head(&mut self, state: &str) {
        self.store(&self.head_statement(state));
    }

    pub fn store(&mut self, statement: &Statement) {
        let bytes = signed(&signing_key(7), statement);
        self.bundle.signed.insert(version(statement.key(), "v1"), Reading::Read(bytes));
    }

    pub fn put(&mut self, object: ObjectVersion, bytes: &[u8]) -> Content {
        let content = Content::of(bytes);
        self.bundle.objects.insert(object.clone(), Reading::Read(content.clone()));
        self.contents.insert(object, bytes.to_vec());
        content
    }

    pub fn object(&self, capture: Capture, name: &str) -> ObjectVersion {
        version(format!("{}{capture}/{name}", keys::prefix(&self.bundle.incident)), "v1")
    }

    pub fn head_object(&self, sequence: u32) -> ObjectVersion {
        version(keys::head(&self.bundle.incident, sequence), "v1")
    }

    pub fn manifest_object(&self, capture: Capture) -> ObjectVersion {
        version(keys::manifest(&self.bundle.incident, capture), "v1")
    }

    fn capture(&mut self, capture: Capture, names: &[&str]) {
        let mut objects = Vec::new();
        for name in names {
            let object = self.object(capture, name);
            let bytes = format!("what {name} holds of {}", self.bundle.incident).into_bytes();
            let content = self.put(object.clone(), &bytes);
            objects.push(ListedObject { name: (*name).to_owned(), key: object.key, content });
        }
        let missing = vec![MissingCapture { name: "screenshot".to_owned(), why: "it is stopped".to_owned() }];
        self.store(&Statement::Manifest(Manifest {
            schema: SCHEMA,
            incident: self.bundle.incident.clone(),
            signing_key: KEY_ARN.to_owned(),
            capture,
            captured_at: now(),
            journal: self.head().into(),
            objects,
            missing: if capture == Capture::Later { missing } else { Vec::new() },
        }));
    }

    pub fn verify(&self) -> Verification {
        verify(&self.bundle, &public_key(&signing_key(7)))
    }

    pub fn archive(&self) -> Result<Vec<u8>, ArchiveFault> {
        let mut bytes = Vec::new();
        let open = |object: &ObjectVersion| Ok(self.contents[object].as_slice());
        archive::write(&self.bundle, &public_key(&signing_key(7)), open, &mut bytes)?;
        Ok(bytes)
    }

    /// The events from `first` on, each with a true hash and link again, as who holds the table could write them.
    pub fn relink(&mut self, first: usize) {
        let events: Vec<SealedEvent> = self.bundle.events.drain(first..).collect();
        self.bundle.head =
            self.bundle.events.last().map(|event| Head { sequence: event.sequence, hash: event.hash.clone() });
        for event in events {
            let event: containment::journal::Event = serde_json::from_str(&event.document).unwrap();
            self.append(event.body);
        }
    }
}

/// What failed, and nothing else may have.
pub fn failures(verification: &Verification) -> Vec<(Subject, Fault)> {
    let failed = verification.checks.iter().filter_map(|check| match &check.verdict {
        Verdict::Failed { fault } => Some((check.subject.clone(), fault.clone())),
        _ => None,
    });
    let failed: Vec<_> = failed.collect();
    assert_eq!(!failed.is_empty(), verification.outcome == Outcome::Failed);
    failed
}

/// What could not be checked.
pub fn unchecked(verification: &Verification) -> Vec<(Subject, String)> {
    let unchecked = verification.checks.iter().filter_map(|check| match &check.verdict {
        Verdict::NotChecked { why } => Some((check.subject.clone(), why.clone())),
        _ => None,
    });
    unchecked.collect()
}
