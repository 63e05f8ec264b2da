//! Keeps what AWS shows of an instance, with a signed manifest of it, and signs the journal's head: so that nobody can
//! change the record unseen. What could not be captured is listed in the manifest and in the journal.

use crate::Engine;
use crate::apply::Facts;
use crate::journal_writer::JournalWriter;
use crate::retry::persist;
use crate::window::window;
use containment::capture::{Capture, Captured, Missing};
use containment::figure::Figure;
use containment::ids::{SecurityGroupId, hex};
use containment::incident::{Incident, StepStatus};
use containment::journal::EventBody;
use containment::step::Step;
use evidence::content::Content;
use evidence::keys;
use evidence::metrics::{METRICS, Metrics};
use evidence::signed::{SignedDocument, signing_digest};
use evidence::statement::{ListedObject, Manifest, MissingCapture, SCHEMA, SignedHead, Statement};
use futures::future::join_all;
use ports::{CaptureSubject, Exhibit, PortError};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// Captures what `console` doesn't show yet, stores all of it, and signs a manifest. The reports say what became of it.
pub(crate) async fn capture(
    engine: &Engine,
    writer: &JournalWriter,
    facts: &Facts,
    console: Vec<Exhibit>,
    steps: &BTreeSet<Step>,
) -> Vec<EventBody> {
    if !steps.contains(&Step::CaptureMetadata) {
        return Vec::new();
    }
    let incident = writer.incident().await;
    let first = incident.evidence.iter().any(|captured| captured.capture == Capture::AtContainment);
    let capture = if first { Capture::Later } else { Capture::AtContainment };
    let subject = subject(facts, &incident);
    let (mut exhibits, window) =
        tokio::join!(engine.ports.exhibits.surroundings(&subject), window(engine, &facts.id, &incident));
    exhibits.extend(window);
    exhibits.extend(console);
    exhibits.push(metadata(facts, &incident));
    let figure = figure(&exhibits, &incident);
    match store(engine, writer, &incident, capture, exhibits).await {
        Ok(captured) => {
            let captured = Captured { figure, ..captured };
            let detail = Some(describe(&captured));
            let report = EventBody::reported(Step::CaptureMetadata, StepStatus::Done, detail);
            vec![EventBody::EvidenceCaptured(captured), report]
        }
        Err(why) => {
            let status = StepStatus::failed(why);
            vec![EventBody::reported(Step::CaptureMetadata, status, None)]
        }
    }
}

fn describe(captured: &Captured) -> String {
    let missing: Vec<String> = captured.missing.iter().map(|one| format!("{} ({})", one.name, one.why)).collect();
    let missing = if missing.is_empty() { String::new() } else { format!("; MISSING: {}", missing.join(", ")) };
    format!("{} objects{missing}", captured.objects)
}

fn subject(facts: &Facts, incident: &Incident) -> CaptureSubject {
    let prior = incident.prior.as_ref();
    let interfaces = prior.map(|prior| prior.interfaces.as_slice()).unwrap_or_default();
    let security_groups: BTreeSet<&SecurityGroupId> =
        interfaces.iter().flat_map(|interface| &interface.groups).collect();
    CaptureSubject {
        instance: facts.id.clone(),
        vpc: interfaces.first().map(|interface| interface.vpc.clone()),
        security_groups: security_groups.into_iter().cloned().collect(),
        profile_arn: prior.and_then(|prior| prior.profile_arn.clone()),
        group: incident.group.clone(),
        alarm: incident.alarm.clone(),
        metric: incident.figure.as_ref().map(|figure| figure.metric.clone()),
        peers: prior.and_then(|prior| prior.group.as_ref()).map(|group| group.peers.clone()).unwrap_or_default(),
        at: incident.opened_at,
    }
}

/// What Cordon itself knew: the decision's facts, in its own words.
fn metadata(facts: &Facts, incident: &Incident) -> Exhibit {
    let document = json!({
        "schema": containment::incident::SCHEMA,
        "incident": incident.id,
        "instance": facts.instance,
        "interfaces": facts.interfaces,
        "membership": facts.membership,
        "prior": incident.prior,
        "judged": incident.judged,
    });
    Exhibit { name: "cordon-metadata.json", answer: Ok(document.to_string().into_bytes()) }
}

/// What the captured metrics say, in few numbers, for people who have no access to the evidence.
fn figure(exhibits: &[Exhibit], incident: &Incident) -> Option<Figure> {
    let metrics = exhibits.iter().find(|exhibit| exhibit.name == METRICS)?;
    let metrics: Metrics = serde_json::from_slice(metrics.answer.as_ref().ok()?).ok()?;
    metrics.figure(incident.transitioned_at.unwrap_or(incident.opened_at))
}

async fn store(
    engine: &Engine,
    writer: &JournalWriter,
    incident: &Incident,
    capture: Capture,
    exhibits: Vec<Exhibit>,
) -> Result<Captured, String> {
    let stored = join_all(exhibits.into_iter().map(async |exhibit| {
        let key = format!("{}{capture}/{}", keys::prefix(&incident.id), exhibit.name);
        let listed = match exhibit.answer {
            Ok(bytes) => {
                let content = Content::of(&bytes);
                put(engine, &key, bytes).await.map(|()| ListedObject { name: exhibit.name.to_owned(), key, content })
            }
            Err(error) => Err(error),
        };
        listed.map_err(|error| MissingCapture { name: exhibit.name.to_owned(), why: error.to_string() })
    }))
    .await;
    let (mut objects, mut missing) = (Vec::new(), Vec::new());
    for one in stored {
        match one {
            Ok(listed) => objects.push(listed),
            Err(lacking) => missing.push(lacking),
        }
    }
    let statement = Statement::Manifest(Manifest {
        schema: SCHEMA,
        incident: incident.id.clone(),
        signing_key: engine.config.resources.signing_key_arn.clone(),
        capture,
        captured_at: engine.ports.clock.now(),
        journal: writer.head().await.into(),
        objects: objects.clone(),
        missing: missing.clone(),
    });
    let bytes = signed(engine, &statement).await?;
    let sha256 = hex(&Sha256::digest(&bytes));
    let key = statement.key();
    put(engine, &key, bytes).await.map_err(|error| format!("the manifest was not stored: {error}"))?;
    let missing = missing.into_iter().map(|lacking| Missing { name: lacking.name, why: lacking.why }).collect();
    Ok(Captured {
        capture,
        manifest: key,
        sha256,
        objects: objects.len(),
        missing,
        captured_at: engine.ports.clock.now(),
        figure: None,
    })
}

/// Signs the head and stores the signature, if the state changed since. A failure is shown by `cordon evidence verify`,
/// and the next run signs a later head, which vouches for all before it.
pub(crate) async fn sign_head(engine: &Engine, writer: &JournalWriter) {
    let Some((incident, head)) = writer.unsigned().await else { return };
    let statement = Statement::Head(SignedHead {
        schema: SCHEMA,
        incident: incident.id.clone(),
        signing_key: engine.config.resources.signing_key_arn.clone(),
        journal: head.clone().into(),
        state: incident.state.name().to_owned(),
        at: engine.ports.clock.now(),
    });
    let stored = match signed(engine, &statement).await {
        Ok(bytes) => put(engine, &statement.key(), bytes).await.map_err(|error| error.to_string()),
        Err(why) => Err(why),
    };
    match stored {
        Ok(()) => writer.signed(&head).await,
        Err(why) => tracing::error!(incident = %incident.id, sequence = head.sequence, %why, "the head was not signed"),
    }
}

async fn signed(engine: &Engine, statement: &Statement) -> Result<Vec<u8>, String> {
    let document = statement.document().map_err(|error| error.to_string())?;
    let digest = signing_digest(&document);
    let signer = &engine.ports.signer;
    let signature = persist(&*engine.ports.clock, |error: &PortError| Some(error), async || signer.sign(digest).await);
    let signature = signature.await.map_err(|error| format!("it was not signed: {error}"))?;
    SignedDocument::new(document, signature).to_bytes().map_err(|error| error.to_string())
}

async fn put(engine: &Engine, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
    let bucket = &engine.ports.evidence;
    let stored =
        persist(&*engine.ports.clock, |error: &PortError| Some(error), async || bucket.put(key, bytes.clone()).await);
    stored.await
}
