//! An account with keys, made for tests, and a second look at what is said of it.

use crate::finding::Witness;
use crate::{Files, Finding, Reader, Report, Status, audit};
use iam_policy::Case;
use serde_json::{Value, json};

pub(crate) const HOME: &str = "111122223333";
pub(crate) const OTHER: &str = "444455556666";

#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) users: Vec<Value>,
    pub(crate) roles: Vec<Value>,
    pub(crate) policies: Vec<Value>,
    pub(crate) keys: Vec<Value>,
    pub(crate) scp: Option<Value>,
    pub(crate) rcp: Option<Value>,
}

pub(crate) fn iam(rest: &str) -> String {
    format!("arn:aws:iam::{HOME}:{rest}")
}

pub(crate) fn key_arn(id: &str) -> String {
    format!("arn:aws:kms:eu-west-1:{HOME}:key/{id}")
}

pub(crate) fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

pub(crate) fn allow(actions: Value) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

/// Of a key's policy.
pub(crate) fn to(principal: Value, actions: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"})
}

pub(crate) fn delegation() -> Value {
    to(json!({"AWS": iam("root")}), json!("kms:*"))
}

pub(crate) fn grant(id: &str, grantee: &str, operations: Value) -> Value {
    json!({"GrantId": id, "GranteePrincipal": grantee, "Operations": operations,
        "IssuingAccount": iam("root"), "CreationDate": "2026-01-01T00:00:00Z"})
}

/// What makes an entry of the file whole.
pub(crate) fn entry(id: &str, statements: Value, grants: Value) -> Value {
    json!({
        "KeyMetadata": {"Arn": key_arn(id), "KeyId": id, "KeyManager": "CUSTOMER", "KeyState": "Enabled", "Enabled": true,
            "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": false,
            "CreationDate": "2025-01-01T00:00:00Z"},
        "Policy": policy(statements).to_string(), "KeyRotationEnabled": true, "Grants": grants,
    })
}

fn inline(statements: Value) -> Value {
    if statements == json!([]) {
        json!([])
    } else {
        json!([{"PolicyName": "own", "PolicyDocument": policy(statements)}])
    }
}

impl World {
    pub(crate) fn user(mut self, name: &str, statements: Value) -> Self {
        self.users
            .push(json!({"Arn": iam(&format!("user/{name}")), "UserName": name, "UserPolicyList": inline(statements)}));
        self
    }

    pub(crate) fn role(mut self, name: &str, trusted: Value, statements: Value) -> Self {
        let action = if trusted["Federated"].is_null() { "sts:AssumeRole" } else { "sts:AssumeRoleWithWebIdentity" };
        let trust = policy(json!([{"Effect": "Allow", "Principal": trusted, "Action": action}]));
        self.roles
            .push(json!({"Arn": iam(&format!("role/{name}")), "RoleName": name, "RolePolicyList": inline(statements),
            "AssumeRolePolicyDocument": trust}));
        self
    }

    pub(crate) fn key(mut self, id: &str, statements: Value, grants: Value) -> Self {
        self.keys.push(entry(id, statements, grants));
        self
    }

    pub(crate) fn report(&self) -> Report {
        let details = json!({"UserDetailList": self.users, "GroupDetailList": [], "RoleDetailList": self.roles,
            "Policies": self.policies})
        .to_string();
        let kms = json!({"keys": self.keys}).to_string();
        let limit = |(kind, content): (&str, &Value)| json!({"Name": "limit", "Type": kind, "Content": content});
        let service = self.scp.iter().map(|scp| limit(("SERVICE_CONTROL_POLICY", scp)));
        let resource = self.rcp.iter().map(|rcp| limit(("RESOURCE_CONTROL_POLICY", rcp)));
        let limits: Vec<_> = service.chain(resource).collect();
        let scps = (!limits.is_empty()).then(|| {
            let node = |id: &str, children: Value| {
                json!({"Id": id, "Arn": format!("arn:aws:organizations::999988887777:x/{id}"),
                "Policies": limits, "Children": children})
            };
            node("r-1", json!([node(HOME, json!([]))])).to_string()
        });
        audit(&Files {
            authorization_details: details.as_bytes(),
            kms: Some(kms.as_bytes()),
            scps: scps.as_ref().map(String::as_bytes),
            now: Some(time::macros::datetime!(2026-06-01 00:00 UTC)),
            ..Files::default()
        })
    }

    pub(crate) fn report_with_resources(&self, resources: &str) -> Report {
        let details = json!({"UserDetailList": self.users, "GroupDetailList": [], "RoleDetailList": self.roles,
            "Policies": self.policies})
        .to_string();
        audit(&Files {
            authorization_details: details.as_bytes(),
            resources: Some(resources.as_bytes()),
            ..Files::default()
        })
    }

    pub(crate) fn readers(&self) -> Vec<Reader> {
        self.report().decrypt.unwrap()
    }

    /// Who reaches an operation of any key, with how surely and by what.
    pub(crate) fn who(&self, operation: &str) -> Vec<(String, &'static str, String)> {
        let readers = self.readers().into_iter().filter(|reader| reader.reaches(operation));
        readers.map(|reader| (reader.principal, reader.decision, reader.by.join("+"))).collect()
    }

    /// What one control says other than pass.
    pub(crate) fn findings(&self, control: &str) -> Vec<Finding> {
        let all = self.report().findings.into_iter();
        all.filter(|one| one.control == control && one.status != Status::Pass).collect()
    }

    /// What the batch evaluator says of a step, read anew from the same JSON.
    pub(crate) fn again(&self, step: &Witness, action: &str) -> &'static str {
        let all = self.users.iter().chain(&self.roles);
        let holder = all.clone().find(|one| one["Arn"] == json!(step.principal));
        let own = |holder: &Value| {
            let policies = holder["UserPolicyList"].as_array().or(holder["RolePolicyList"].as_array());
            policies.into_iter().flatten().map(|policy| policy["PolicyDocument"].clone()).collect::<Vec<_>>()
        };
        let is_foreign = !step.principal.contains(HOME) && step.principal.starts_with("arn:");
        let identity = match holder {
            Some(holder) => own(holder),
            None if is_foreign => vec![policy(json!([allow(json!("*"))]))],
            None => Vec::new(),
        };
        let key = self.keys.iter().find(|key| key["KeyMetadata"]["Arn"] == json!(step.resource));
        let role = self.roles.iter().find(|role| role["Arn"] == json!(step.resource));
        let resource = key.map(|key| &key["Policy"]).or(role.map(|role| &role["AssumeRolePolicyDocument"]));
        let scps: Vec<_> = self.scp.iter().filter(|_| !is_foreign).map(|scp| vec![scp.clone()]).collect();
        let full = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
        let rcps: Vec<_> = self.rcp.iter().map(|rcp| vec![rcp.clone(), policy(json!([full]))]).collect();
        let case = json!({"principal": step.principal, "action": action, "resource": step.resource, "scps": scps, "rcps": rcps,
            "identity_policies": identity, "resource_policy": resource.unwrap(), "kms_grants": key.map(|key| &key["Grants"])});
        Case::from_value(&case).unwrap().explain().decision.name()
    }

    /// Every witness, asked again for every operation that it stands for.
    pub(crate) fn check_witnesses(&self) {
        for reader in self.readers() {
            let (last, first) = reader.witness.split_last().unwrap();
            let accepts = |step: &Witness, action: &str| {
                let again = self.again(step, action);
                // Another account's IAM policies are assumed to allow, and not known to.
                let is_open = step.depends_on.iter().any(|one| one.why.is_some_and(|why| why.contains("IAM policies")));
                assert!(again == step.decision || (is_open && again == "allow"), "{again}: {action} {reader:?}");
            };
            first.iter().for_each(|step| accepts(step, &step.action));
            reader.operations.iter().for_each(|operation| accepts(last, operation));
            assert_eq!(first.len(), reader.via.len());
            assert_eq!(last.action, reader.operations[0]);
        }
    }
}
