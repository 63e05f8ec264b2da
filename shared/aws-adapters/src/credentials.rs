use crate::error::map;
use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use containment::ids::IncidentId;
use ports::{Credentials, ErrorKind, PortError, PortResult, Revocation};
use serde_json::{Value, json};

const INVOKE: &str = "lambda:InvokeFunction";

pub(crate) struct RevokeFunction {
    client: Client,
    function: String,
}

impl RevokeFunction {
    pub(crate) fn new(client: Client, function: &str) -> Self {
        Self { client, function: function.to_owned() }
    }
}

impl RevokeFunction {
    async fn ask(&self, request: Value) -> PortResult<Value> {
        let call = self.client.invoke().function_name(&self.function).payload(Blob::new(request.to_string()));
        let answer = call.send().await.map_err(map(INVOKE))?;
        let payload = answer.payload().map(AsRef::as_ref).unwrap_or_default();
        let payload: Value = serde_json::from_slice(payload).map_err(|error| PortError::unreadable(INVOKE, error))?;
        if answer.function_error().is_some() {
            let message = payload.get("errorMessage").and_then(Value::as_str).unwrap_or("no message");
            return Err(PortError::new(INVOKE, ErrorKind::Rejected, Some("FunctionError"), message));
        }
        Ok(payload)
    }
}

#[async_trait]
impl Credentials for RevokeFunction {
    async fn revoke(&self, incident: &IncidentId) -> PortResult<Revocation> {
        read(&self.ask(json!({"incident": incident})).await?)
    }

    async fn restore(&self, incident: &IncidentId) -> PortResult<()> {
        let answer = self.ask(json!({"incident": incident, "restore": true})).await?;
        match answer.get("status").and_then(Value::as_str) {
            // A role that may not be written to never was.
            Some("restored" | "not-revocable") => Ok(()),
            _ => Err(PortError::unreadable(INVOKE, "an unknown status")),
        }
    }
}

fn read(payload: &Value) -> PortResult<Revocation> {
    let text = |name: &str| {
        let value = payload.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        value.ok_or_else(|| PortError::unreadable(INVOKE, format!("{name} is missing")))
    };
    match text("status")?.as_str() {
        "revoked" => Ok(Revocation::Revoked { role: text("role")?, policy: text("policy")? }),
        "not-revocable" => Ok(Revocation::NotRevocable { why: text("why")? }),
        _ => Err(PortError::unreadable(INVOKE, "an unknown status")),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use ports::Revocation;
    use serde_json::json;

    #[test]
    fn only_the_two_known_answers_are_answers() {
        let revoked = read(&json!({"status": "revoked", "role": "r", "policy": "p"})).unwrap();
        assert_eq!(revoked, Revocation::Revoked { role: "r".to_owned(), policy: "p".to_owned() });
        assert!(read(&json!({"status": "not-revocable", "why": "w"})).is_ok());
        for broken in [json!(null), json!({}), json!({"status": "revoked"}), json!({"status": "ok"})] {
            assert!(read(&broken).is_err(), "{broken}");
        }
    }
}
