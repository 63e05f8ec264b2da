//! `cordon evidence verify` and `cordon evidence export`.

use crate::arguments::Evidence;
use crate::bundle;
use crate::deployment::Deployment;
use crate::exit::{Exit, Failed, explained};
use evidence::archive::{self, Limits};
use evidence::public_key::PublicKey;
use evidence::verification::{Outcome, Verdict, Verification};
use evidence::verify::verify;
use signal::OneLine;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor};
use std::path::Path;

pub(crate) async fn run(deployment: &Deployment, command: &Evidence, as_json: bool) -> Result<(String, Exit), Failed> {
    let settings = deployment.settings().await?;
    let public_key = async || {
        let reader = settings.evidence(&deployment.clients)?;
        let der = reader.public_key(settings.get("CORDON_SIGNING_KEY_ARN")?).await;
        key(&der.map_err(|error| Failed::Unchecked(explained(&error)))?)
    };
    match command {
        Evidence::Verify { incident, public_key: given, .. } => {
            let id = incident.as_deref().unwrap_or_default();
            let trusted = match given {
                Some(path) => key_file(path)?,
                None => public_key().await?,
            };
            let kept = bundle::read(deployment, &settings, id).await?;
            Ok(told(&verify(&kept.bundle, &trusted), as_json))
        }
        Evidence::Export { incident, out } => {
            let trusted = public_key().await?;
            let kept = bundle::read(deployment, &settings, incident).await?;
            let file = File::create_new(out).map_err(|error| unusable("written", out, &error))?;
            let open = |version: &_| {
                let bytes = kept.bytes.get(version).cloned();
                bytes.map(Cursor::new).ok_or_else(|| io::Error::other("it was not read"))
            };
            archive::write(&kept.bundle, &trusted, open, file).map_err(|error| Failed::Other(error.to_string()))?;
            let verified = verify(&kept.bundle, &trusted);
            let (text, exit) = told(&verified, as_json);
            Ok((format!("{text}{}", exported(out, trusted.fingerprint(), as_json)), exit))
        }
    }
}

/// An archive is checked without AWS, and only with a key that did not come with it.
pub(crate) fn run_offline(archive: &Path, public_key: Option<&Path>, as_json: bool) -> Result<(String, Exit), Failed> {
    let Some(path) = public_key else {
        return Err(Failed::Usage(
            "an archive is checked with --public-key FILE: a key that came with it could be anybody's".to_owned(),
        ));
    };
    let trusted = key_file(path)?;
    let file = File::open(archive).map_err(|error| unusable("read", archive, &error))?;
    let unpacked = archive::read(BufReader::new(file), Limits::default());
    let unpacked = unpacked.map_err(|error| Failed::Other(format!("{}: {error}", archive.display())))?;
    Ok(told(&verify(&unpacked.bundle, &trusted), as_json))
}

fn key(bytes: &[u8]) -> Result<PublicKey, Failed> {
    PublicKey::parse(bytes).map_err(|error| Failed::Other(format!("the public key: {error}")))
}

fn key_file(path: &Path) -> Result<PublicKey, Failed> {
    key(&fs::read(path).map_err(|error| unusable("read", path, &error))?)
}

fn unusable(how: &str, path: &Path, error: &io::Error) -> Failed {
    Failed::Other(format!("{} cannot be {how}: {error}", path.display()))
}

fn exported(out: &Path, fingerprint: &str, as_json: bool) -> String {
    if as_json {
        return String::new();
    }
    format!(
        "\nWritten to {}. It verifies offline with the key of fingerprint\n{fingerprint}:\n  cordon evidence verify --archive {} --public-key FILE",
        out.display(),
        out.display()
    )
}

fn told(verified: &Verification, as_json: bool) -> (String, Exit) {
    let exit = match verified.outcome {
        Outcome::Passed => Exit::Done,
        Outcome::Failed => Exit::Error,
        Outcome::NotChecked => Exit::CouldNotCheck,
    };
    if as_json {
        let text = serde_json::to_string(verified).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
        return (text, exit);
    }
    (text(verified), exit)
}

fn text(verified: &Verification) -> String {
    let mut text = String::new();
    let passed = verified.checks.iter().filter(|check| check.verdict == Verdict::Passed).count();
    for check in verified.checks.iter().filter(|check| check.verdict != Verdict::Passed) {
        let _ = writeln!(text, "{}: {}", check.subject, check.verdict);
    }
    for warning in &verified.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    for lock in verified.locks.iter().filter(|lock| !lock.is_missing()) {
        let _ = writeln!(text, "by the journal: snapshot {}", OneLine(&lock.to_string()));
    }
    let said = match verified.outcome {
        Outcome::Passed => "INTACT",
        Outcome::Failed => "NOT INTACT",
        Outcome::NotChecked => "NOT CHECKED in full",
    };
    let _ = writeln!(text, "{said}: {passed} of {} checks passed for {}.", verified.checks.len(), verified.incident);
    match &verified.signed_up_to {
        Some(link) => {
            let _ = writeln!(
                text,
                "Signed up to event {} with the key of fingerprint\n{}",
                link.sequence, verified.fingerprint
            );
        }
        None => text.push_str("Nothing is signed.\n"),
    }
    text.trim_end().to_owned()
}
