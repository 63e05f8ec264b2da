//! Small accounts for the controls' tests.

use crate::finding::{Finding, Status};
use crate::{Files, audit};
use serde_json::{Map, Value, json};
use time::macros::datetime;

const HOME: &str = "111122223333";
const COLUMNS: [&str; 15] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "cert_1_active",
    "cert_2_active",
];

/// The files of an audit at the beginning of 2026.
#[derive(Clone, Default)]
pub(super) struct Dump {
    users: Vec<Value>,
    groups: Vec<Value>,
    roles: Vec<Value>,
    policies: Vec<Value>,
    credentials: Vec<String>,
    summary: Option<Value>,
    password_policy: Option<Value>,
    accessed: Vec<Value>,
}

pub(super) fn allow(actions: Value, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

pub(super) fn trust(principal: Value, condition: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition})
}

pub(super) fn trust_web(provider: &str, condition: Value) -> Value {
    let action = "sts:AssumeRoleWithWebIdentity";
    json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": action, "Condition": condition})
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn inline(statements: &[Value]) -> Value {
    if statements.is_empty() {
        return json!([]);
    }
    json!([{"PolicyName": "inline", "PolicyDocument": document(statements)}])
}

fn arn(rest: &str) -> String {
    format!("arn:aws:iam::{HOME}:{rest}")
}

impl Dump {
    pub(super) fn user(mut self, name: &str, statements: &[Value]) -> Self {
        let user = json!({"Arn": arn(&format!("user/{name}")), "UserName": name, "UserPolicyList": inline(statements)});
        self.users.push(user);
        self
    }

    pub(super) fn group(mut self, name: &str, statements: &[Value]) -> Self {
        let arn = arn(&format!("group/{name}"));
        self.groups.push(json!({"Arn": arn, "GroupName": name, "GroupPolicyList": inline(statements)}));
        self
    }

    pub(super) fn member(mut self, user: &str, group: &str) -> Self {
        let user = self.users.iter_mut().find(|one| one["UserName"] == user).unwrap();
        user["GroupList"] = json!([group]);
        self
    }

    /// One that its own account's EC2 may assume.
    pub(super) fn role(self, name: &str, statements: &[Value]) -> Self {
        let ec2 = trust(json!({"Service": "ec2.amazonaws.com"}), json!({}));
        self.with_role(name, &ec2, json!({"RolePolicyList": inline(statements)}))
    }

    pub(super) fn trusting(self, name: &str, statement: &Value) -> Self {
        self.with_role(name, statement, json!({}))
    }

    pub(super) fn role_with(self, name: &str, more: &Value) -> Self {
        self.with_role(name, &trust(json!({"Service": "ec2.amazonaws.com"}), json!({})), more.clone())
    }

    fn with_role(mut self, name: &str, trust: &Value, more: Value) -> Self {
        let mut role = json!({"Arn": arn(&format!("role/{name}")), "RoleName": name,
            "AssumeRolePolicyDocument": document(std::slice::from_ref(trust))});
        role.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.roles.push(role);
        self
    }

    pub(super) fn managed(mut self, name: &str, statements: &[Value]) -> Self {
        let version = json!({"VersionId": "v1", "IsDefaultVersion": true, "Document": document(statements)});
        let arn = arn(&format!("policy/{name}"));
        self.policies.push(json!({"Arn": arn, "DefaultVersionId": "v1", "PolicyVersionList": [version]}));
        self
    }

    /// A user who holds a managed policy.
    pub(super) fn attach(mut self, user: &str, policy: &str) -> Self {
        let attached = json!([{"PolicyName": policy, "PolicyArn": arn(&format!("policy/{policy}"))}]);
        let user = json!({"Arn": arn(&format!("user/{user}")), "UserName": user, "AttachedManagedPolicies": attached});
        self.users.push(user);
        self
    }

    /// A row of the credential report: what is not said is not there, or not on. The root user has one in any case.
    pub(super) fn credential(mut self, user: &str, cells: &[(&str, &str)]) -> Self {
        let rest = if user == "<root_account>" { "root".to_owned() } else { format!("user/{user}") };
        let cell = |column: &str| match cells.iter().find(|(name, _)| *name == column) {
            Some((_, value)) => (*value).to_owned(),
            None if column == "user" => user.to_owned(),
            None if column == "arn" => arn(&rest),
            None if column.ends_with("active") || column == "password_enabled" => "false".to_owned(),
            None => "N/A".to_owned(),
        };
        self.credentials.push(COLUMNS.map(cell).join(","));
        self
    }

    pub(super) fn summary(mut self, numbers: &[(&str, u64)]) -> Self {
        let map: Map<String, Value> =
            numbers.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect();
        self.summary = Some(json!({"SummaryMap": map}));
        self
    }

    pub(super) fn password_policy(mut self, policy: &Value) -> Self {
        self.password_policy = Some(json!({"PasswordPolicy": policy}));
        self
    }

    /// What a role used, as GetServiceLastAccessedDetails told at the beginning of 2026.
    pub(super) fn accessed(mut self, role: &str, services: &[Value]) -> Self {
        self.accessed.push(json!({"Arn": arn(&format!("role/{role}")), "JobStatus": "COMPLETED",
            "JobCompletionDate": "2026-01-01T00:00:00Z", "ServicesLastAccessed": services}));
        self
    }

    fn findings(&self, control: &str) -> Vec<Finding> {
        let dump = json!({"UserDetailList": self.users, "GroupDetailList": self.groups, "RoleDetailList": self.roles,
            "Policies": self.policies});
        let mut rows = self.credentials.clone();
        if !rows.is_empty() && !rows.iter().any(|row| row.starts_with("<root_account>")) {
            rows.extend(Self::default().credential("<root_account>", &[]).credentials);
        }
        let credentials = (!rows.is_empty()).then(|| format!("{}\n{}\n", COLUMNS.join(","), rows.join("\n")));
        let (dump, summary) = (dump.to_string(), self.summary.as_ref().map(Value::to_string));
        let password_policy = self.password_policy.as_ref().map(Value::to_string);
        let accessed = (!self.accessed.is_empty()).then(|| json!({"principals": self.accessed}).to_string());
        let report = audit(&Files {
            authorization_details: dump.as_bytes(),
            credential_report: credentials.as_deref().map(str::as_bytes),
            account_summary: summary.as_deref().map(str::as_bytes),
            password_policy: password_policy.as_deref().map(str::as_bytes),
            last_accessed: accessed.as_deref().map(str::as_bytes),
            now: Some(datetime!(2026-01-01 00:00 UTC)),
            ..Files::default()
        });
        assert!(report.errors.is_empty(), "{:?}", report.errors);
        report.findings.into_iter().filter(|finding| finding.control == control).collect()
    }
}

pub(super) fn looked(control: &str, dump: &Dump, status: Status) -> Vec<Finding> {
    dump.findings(control).into_iter().filter(|finding| finding.status == status).collect()
}

pub(super) fn failing(control: &str, dump: &Dump) -> Vec<Finding> {
    looked(control, dump, Status::Fail)
}

pub(super) fn passes(control: &str, dump: &Dump) -> bool {
    matches!(dump.findings(control).as_slice(), [one] if one.status == Status::Pass)
}

/// Names of what findings are about, in their order.
pub(super) fn names(findings: &[Finding]) -> Vec<&str> {
    findings.iter().filter_map(|one| one.resource.as_deref()?.rsplit('/').next()).collect()
}
