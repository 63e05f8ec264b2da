//! Asks a function for something, with a proof of who asks, and waits for the answer.

use crate::answer;
use crate::arguments::{Command, Contain};
use crate::deployment::Deployment;
use crate::exit::{Exit, Failed, explained};
use aws_adapters::{Invoked, prove};
use engine::Outcome;
use serde_json::{Value, json};
use signal::Proof;
use std::io::{IsTerminal, Write};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

pub(crate) async fn run(deployment: &Deployment, command: &Command, as_json: bool) -> Result<(String, Exit), Failed> {
    let (name, action) = action(command)?;
    let function = deployment.function(name);
    let mut request = json!({"version": 1, "function": function, "source": source()});
    merge(&mut request, action);
    let text = request.to_string();
    let proof = prove(&deployment.clients, &signal::digest(text.as_bytes()), &nonce()?).await;
    let proof = proof.map_err(|error| Failed::Other(error.to_string()))?;
    let payload = json!({"cordon": text, "proof": members(&proof)});
    let functions = deployment.functions();
    let invoked = waiting(&function, functions.invoke(&function, &payload)).await;
    let outcome = match invoked.map_err(|error| Failed::Other(explained(&error)))? {
        Invoked::Answered(answer) => outcome(answer)?,
        Invoked::Failed { error_type, message } => return Err(Failed::Other(advise(&error_type, &message))),
    };
    let (text, exit) = answer::render(&outcome, as_json);
    let is_release = matches!(command, Command::Release { .. });
    Ok((text, if is_release && exit == Exit::PartlyContained { Exit::ReleaseIncomplete } else { exit }))
}

/// The function that the command is for, and the request's own fields.
fn action(command: &Command) -> Result<(&'static str, Value), Failed> {
    Ok(match command {
        Command::Contain(contain) => ("contain-instance", containing(contain)),
        Command::Approve { request, reason } => {
            ("contain-instance", json!({"action": "approve", "request": request, "reason": reason}))
        }
        Command::Release { incident, reason, accept_drift, false_alarm, dry_run } => {
            let mut action = json!({"action": "release", "incident": incident, "reason": reason, "accept_drift": accept_drift, "dry_run": dry_run});
            // A deployment that is older than this command doesn't know the field.
            if *false_alarm {
                merge(&mut action, json!({"false_alarm": true}));
            }
            ("release-instance", action)
        }
        Command::Freeze { reason, minutes } => {
            ("release-instance", json!({"action": "freeze", "reason": reason, "minutes": minutes}))
        }
        Command::Unfreeze { reason } => ("release-instance", json!({"action": "unfreeze", "reason": reason})),
        _ => {
            return Err(Failed::Other("this command asks no function".to_owned()));
        }
    })
}

fn containing(Contain { instance, reason, hold, untrack, overrides, dry_run }: &Contain) -> Value {
    let mut action = json!({"action": "contain", "instance": instance, "reason": reason, "hold": hold, "overrides": overrides, "dry_run": dry_run});
    // A deployment that is older than this command doesn't know the field.
    if *untrack {
        merge(&mut action, json!({"untrack": true}));
    }
    action
}

fn merge(request: &mut Value, action: Value) {
    if let (Value::Object(request), Value::Object(action)) = (request, action) {
        request.extend(action);
    }
}

fn members(proof: &Proof) -> Value {
    json!({
        "authorization": proof.authorization,
        "date": proof.date,
        "security_token": proof.security_token,
        "nonce": proof.nonce,
    })
}

fn nonce() -> Result<String, Failed> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| Failed::Other(format!("no random numbers: {error}")))?;
    Ok(containment::ids::hex(&bytes))
}

/// The address that this machine would send from. Nobody checks it, and the journal says so. Nothing is sent: connecting
/// a UDP socket only picks a route, here to an address that is reserved for documentation.
fn source() -> Option<String> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip().to_string())
}

/// contain-instance answers a list, since one alarm may nominate many; release-instance answers one.
fn outcome(answer: Value) -> Result<Outcome, Failed> {
    let unreadable = |error: String| {
        Failed::Other(format!(
            "the function's answer cannot be read ({error}); is this command as new as the deployment?"
        ))
    };
    let one = match answer.get("outcomes").and_then(Value::as_array) {
        None => answer,
        Some(outcomes) => outcomes.first().cloned().ok_or_else(|| unreadable("it is empty".to_owned()))?,
    };
    serde_json::from_value(one).map_err(|error| unreadable(error.to_string()))
}

fn advise(error_type: &str, message: &str) -> String {
    match error_type {
        "JournalBroken" => format!(
            "{message}\nNothing was changed. Keep the table as it is, compare it with its backups, and see cordon show."
        ),
        "OperatorUnproved" => {
            format!("{message}\nNothing was changed. Check your credentials, this machine's clock and the Region.")
        }
        "EngineFailed" => format!(
            "{message}\nIt may be half done: look with cordon incidents and cordon show. What was begun is journaled, and \
             reconcile-incidents goes on with a containment every minute."
        ),
        _ => message.to_owned(),
    }
}

/// Shows on a terminal that something is still being waited for; says nothing into a pipe.
async fn waiting<T>(function: &str, call: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let shows = std::io::stderr().is_terminal();
    let mut call = std::pin::pin!(call);
    loop {
        match tokio::time::timeout(Duration::from_secs(1), &mut call).await {
            Ok(answer) => {
                if shows && begun.elapsed() >= Duration::from_secs(1) {
                    eprint!("\r\u{1b}[K");
                }
                return answer;
            }
            Err(_) if shows => {
                eprint!("\rwaiting for {function}, {} s", begun.elapsed().as_secs());
                let _ = std::io::stderr().flush();
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{nonce, outcome};
    use engine::Outcome;
    use serde_json::json;

    #[test]
    fn a_nonce_has_32_hexadecimal_digits_and_is_never_the_same() {
        let (one, two) = (nonce().unwrap(), nonce().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, two);
    }

    #[test]
    fn both_functions_answers_are_read_and_anything_else_is_an_error() {
        let unfrozen = json!({"outcome": "unfrozen", "dry_run": false});
        assert_eq!(outcome(unfrozen.clone()).unwrap(), Outcome::Unfrozen { dry_run: false });
        assert_eq!(outcome(json!({"outcomes": [unfrozen]})).unwrap(), Outcome::Unfrozen { dry_run: false });
        for broken in [json!(null), json!({"outcomes": []}), json!({"outcome": "levitated"})] {
            assert!(outcome(broken).is_err());
        }
    }
}
