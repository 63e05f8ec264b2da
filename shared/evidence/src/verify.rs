//! [`verify`]: a bundle and a public key to a verdict on each part.
//!
//! A signed statement that vouches for an event vouches, through the chain, for all before it. So the latest one counts:
//! it shows a journal that was cut short, because what it vouches for is gone, and it covers changes of state whose own
//! signature was never made, because the run ended first.

use crate::bundle::{Bundle, ObjectVersion, Reading};
use crate::chain::Chain;
use crate::public_key::PublicKey;
use crate::signed::SignedDocument;
use crate::statement::{Capture, JournalLink, ListedObject, Manifest, Statement};
use crate::verification::{Check, Fault, Outcome, SCHEMA, Subject, Verdict, Verification, Warning};
use containment::snapshot_lock::LockStatus;
use signal::Quoted;
use std::collections::BTreeSet;

/// Checks everything, also after a failure. `key` must come from where whoever could alter the bundle can't put another.
pub fn verify(bundle: &Bundle, key: &PublicKey) -> Verification {
    let mut checks = Vec::new();
    let chain = Chain::read(bundle, &mut checks);
    let mut run = Run { bundle, chain, checks, warnings: Vec::new(), signed_up_to: None };
    let manifests = run.statements(key);
    run.coverage();
    run.captures(&manifests);
    run.objects(&manifests);
    run.locks();
    Verification {
        schema: SCHEMA,
        incident: bundle.incident.clone(),
        fingerprint: key.fingerprint().to_owned(),
        outcome: run.checks.iter().map(|check| check.verdict.outcome()).max().unwrap_or(Outcome::NotChecked),
        signed_up_to: run.signed_up_to,
        checks: run.checks,
        warnings: run.warnings,
        locks: run.chain.locks,
    }
}

/// A manifest whose signature and place hold, and where it lies.
type Found<'a> = (&'a ObjectVersion, Manifest);

struct Run<'a> {
    bundle: &'a Bundle,
    chain: Chain,
    checks: Vec<Check>,
    warnings: Vec<Warning>,
    signed_up_to: Option<JournalLink>,
}

impl<'a> Run<'a> {
    fn check(&mut self, subject: Subject, verdict: impl Into<Verdict>) {
        self.checks.push(Check { subject, verdict: verdict.into() });
    }

    /// Nothing that a statement says counts before its signature and its place hold.
    fn statements(&mut self, key: &PublicKey) -> Vec<Found<'a>> {
        let mut manifests = Vec::new();
        for (object, reading) in &self.bundle.signed {
            let signature = Subject::Signature { object: object.clone() };
            let statement = match reading {
                Reading::Unread(why) => {
                    self.check(signature, unread(why));
                    continue;
                }
                Reading::Read(bytes) => SignedDocument::parse(bytes).and_then(|document| document.verify(key)),
            };
            let statement = match statement {
                Ok(statement) => statement,
                Err(fault) => {
                    self.check(signature, Err(fault.into()));
                    continue;
                }
            };
            self.check(signature, Ok(()));
            let place = self.belongs(object, &statement);
            let in_place = place.is_ok();
            self.check(Subject::Place { object: object.clone() }, place);
            if in_place {
                self.link(object, &statement);
                if let Statement::Manifest(manifest) = statement {
                    manifests.push((object, manifest));
                }
            }
        }
        manifests
    }

    fn belongs(&self, object: &ObjectVersion, statement: &Statement) -> Result<(), Fault> {
        if *statement.incident() != self.bundle.incident {
            return Err(Fault::OtherIncident { found: statement.incident().clone() });
        }
        let belongs = statement.key();
        if belongs == object.key { Ok(()) } else { Err(Fault::Misplaced { belongs }) }
    }

    fn link(&mut self, object: &ObjectVersion, statement: &Statement) {
        let held = self.chain.holds(statement);
        let link = statement.journal();
        if held.is_ok() && self.signed_up_to.as_ref().is_none_or(|latest| latest.sequence < link.sequence) {
            self.signed_up_to = Some(link.clone());
        }
        self.check(Subject::JournalLink { object: object.clone() }, held);
    }

    /// A run may be killed between the write and the signature, so a change without one is no proof of tampering. But
    /// neither is it proof of anything else.
    fn coverage(&mut self) {
        let signed = self.signed_up_to.as_ref().map_or(0, |link| link.sequence);
        let verdict = match self.chain.last_change {
            Some((sequence, _)) if sequence <= signed => Verdict::Passed,
            Some((sequence, state)) => Verdict::not_checked(format!(
                "event {sequence} changed the state to {state}, and nothing signed is as late: \
                 the run may have ended before it could sign, or the event may be forged"
            )),
            None => Verdict::not_checked("no event that sets the state could be read"),
        };
        self.check(Subject::Coverage, verdict);
        let last = self.chain.last();
        if signed < last {
            self.warnings.push(Warning::UnsignedEvents { first: signed.saturating_add(1), last });
        }
    }

    fn captures(&mut self, manifests: &[Found]) {
        let has = |capture| manifests.iter().any(|(_, manifest)| manifest.capture == capture);
        if self.chain.committed {
            let verdict = match has(Capture::AtContainment) {
                true => Verdict::Passed,
                false => Verdict::not_checked("no manifest was found that is signed and in its place"),
            };
            self.check(Subject::Captured { capture: Capture::AtContainment }, verdict);
            if !has(Capture::Later) {
                self.warnings.push(Warning::NoLaterCapture);
            }
        }
        for (_, manifest) in manifests {
            self.warnings.extend(manifest.missing.iter().map(|missing| Warning::MissingCapture {
                capture: manifest.capture,
                name: missing.name.clone(),
                why: missing.why.clone(),
            }));
        }
    }

    fn locks(&mut self) {
        for lock in &self.chain.locks {
            if let LockStatus::Missing { why } = &lock.status {
                let (snapshot, why) = (lock.snapshot.clone(), why.clone());
                self.warnings.push(Warning::SnapshotNotLocked { snapshot, why });
            }
        }
    }

    fn objects(&mut self, manifests: &[Found]) {
        let mut listed = BTreeSet::new();
        for (at, manifest) in manifests {
            for entry in &manifest.objects {
                let subject = Subject::Object { key: entry.key.clone(), manifest: (*at).clone() };
                let verdict = self.object(entry);
                self.check(subject, verdict);
                listed.insert((&entry.key, &entry.content));
            }
        }
        for (object, reading) in &self.bundle.objects {
            let subject = || Subject::Unlisted { object: object.clone() };
            match reading {
                Reading::Read(content) if listed.contains(&(&object.key, content)) => {}
                Reading::Read(content) => {
                    self.check(subject(), Verdict::not_checked(format!("no manifest vouches for its {content}")));
                }
                Reading::Unread(why) => self.check(subject(), unread(why)),
            }
        }
    }

    /// One version that is as listed is enough: others are reported as unlisted.
    fn object(&self, entry: &ListedObject) -> Verdict {
        let start = ObjectVersion { key: entry.key.clone(), version_id: String::new() };
        let versions = || self.bundle.objects.range(&start..).take_while(|(object, _)| object.key == entry.key);
        let mut contents = versions().filter_map(|(_, reading)| match reading {
            Reading::Read(content) => Some(content),
            Reading::Unread(_) => None,
        });
        let not_read = versions().find_map(|(_, reading)| match reading {
            Reading::Read(_) => None,
            Reading::Unread(why) => Some(why),
        });
        let expected = entry.content.clone();
        if contents.clone().any(|found| *found == expected) {
            return Verdict::Passed;
        }
        match (not_read, contents.next()) {
            (Some(why), _) => unread(why),
            (None, Some(found)) => Verdict::Failed { fault: Fault::ObjectDiffers { expected, found: found.clone() } },
            (None, None) => Verdict::Failed { fault: Fault::ObjectMissing { expected } },
        }
    }
}

fn unread(why: &str) -> Verdict {
    Verdict::not_checked(format!("it could not be read: {}", Quoted(why)))
}
