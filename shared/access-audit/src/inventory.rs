//! The principals of an account and the policies that they hold.

use crate::MAX_FILE_BYTES;
use crate::dump::{self, Attached, Boundary, Inline, Managed, Tag, decoded, section};
use iam_policy::{Arn, Caller, CallerKind, Document, DocumentKind, Policy, PolicyError, json};
use serde_json::Value;
use std::collections::BTreeMap;

/// A policy, or why it can't be read.
pub type Held = Result<Policy, PolicyError>;

/// What GetAccountAuthorizationDetails tells of an account.
#[derive(Debug)]
pub struct Inventory {
    /// By ARN. Users and roles.
    principals: BTreeMap<String, Principal>,
    /// By name: what a group gives to its members.
    groups: BTreeMap<String, Group>,
    /// By ARN: the default versions of managed policies, attached or not.
    managed: BTreeMap<String, Held>,
    /// By ARN: the versions that are not in force, by their id.
    other_versions: BTreeMap<String, Vec<(String, Held)>>,
}

/// What a group gives to its members.
#[derive(Debug)]
pub struct Group {
    pub arn: String,
    pub held: Vec<Held>,
    /// Names of the inline policies among them.
    pub inline: Vec<String>,
    /// ARNs of the managed policies among them.
    pub attached: Vec<String>,
}

/// When a role was last assumed, as RFC 3339; `None` in none of the last 400 days.
#[derive(Debug)]
pub struct LastUsed {
    pub created: String,
    pub used: Option<String>,
}

/// A user or role. Managed policies are shared between those that hold them.
#[derive(Debug)]
pub struct Principal {
    pub arn: String,
    pub name: String,
    /// AIDA…, AROA…
    pub unique_id: Option<String>,
    pub tags: Vec<(String, String)>,
    /// Inline and attached. Those of a user's groups are the groups'.
    pub own: Vec<Held>,
    /// Names of its inline policies.
    pub inline: Vec<String>,
    /// ARNs of the managed policies attached to it.
    pub attached: Vec<String>,
    pub groups: Vec<String>,
    pub boundary: Option<Held>,
    pub boundary_arn: Option<String>,
    /// Of a role.
    pub trust: Option<Held>,
    /// Of a role, where the dump tells.
    pub last_used: Option<LastUsed>,
}

/// Everything of a principal that an evaluation needs.
#[derive(Debug)]
pub struct Holdings {
    pub caller: Caller,
    pub identity: Vec<Policy>,
    pub boundaries: Vec<Policy>,
}

impl Inventory {
    /// Reads a dump.
    ///
    /// # Errors
    /// No JSON, a section missing (the error names what that hides), cut off, or an entry of another form. A policy that
    /// can't be read is no error of the dump, but of its holders.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "authorization details";
        let Value::Object(mut dump) = json::read(bytes, MAX_FILE_BYTES, name)? else {
            return Err(PolicyError::new(name, "expected an object with UserDetailList, GroupDetailList, …"));
        };
        if dump.get("IsTruncated").and_then(Value::as_bool) == Some(true) {
            return Err(PolicyError::new("IsTruncated", "the dump is one page of several; get all of them"));
        }
        let mut other_versions = BTreeMap::new();
        let policies = section(&mut dump, "Policies", "what managed policies and boundaries allow")?;
        let managed = managed(policies, &mut other_versions);
        let mut groups = BTreeMap::new();
        for group in section::<dump::Group>(&mut dump, "GroupDetailList", "what users get from groups")? {
            let attached = arns(&group.attached_managed_policies);
            let inline = names(&group.group_policy_list);
            let held = held(group.group_policy_list, group.attached_managed_policies, &managed);
            groups.insert(group.group_name, Group { arn: group.arn, held, inline, attached });
        }
        let mut principals = BTreeMap::new();
        for user in section::<dump::User>(&mut dump, "UserDetailList", "every user")? {
            let principal = Principal {
                name: user.user_name,
                unique_id: user.user_id,
                tags: pairs(user.tags),
                inline: names(&user.user_policy_list),
                attached: arns(&user.attached_managed_policies),
                boundary_arn: user.permissions_boundary.as_ref().map(|one| one.permissions_boundary_arn.clone()),
                own: held(user.user_policy_list, user.attached_managed_policies, &managed),
                groups: user.group_list,
                boundary: boundary(user.permissions_boundary, &managed),
                trust: None,
                last_used: None,
                arn: user.arn,
            };
            principals.insert(principal.arn.clone(), principal);
        }
        for role in section::<dump::Role>(&mut dump, "RoleDetailList", "every role")? {
            let last_used = role.create_date.zip(role.role_last_used);
            let principal = Principal {
                last_used: last_used.map(|(created, last)| LastUsed { created, used: last.last_used_date }),
                trust: Some(read("trust policy", role.assume_role_policy_document, DocumentKind::Resource)),
                name: role.role_name,
                unique_id: role.role_id,
                tags: pairs(role.tags),
                inline: names(&role.role_policy_list),
                attached: arns(&role.attached_managed_policies),
                boundary_arn: role.permissions_boundary.as_ref().map(|one| one.permissions_boundary_arn.clone()),
                own: held(role.role_policy_list, role.attached_managed_policies, &managed),
                groups: Vec::new(),
                boundary: boundary(role.permissions_boundary, &managed),
                arn: role.arn,
            };
            principals.insert(principal.arn.clone(), principal);
        }
        Ok(Self { principals, groups, managed, other_versions })
    }

    pub fn groups(&self) -> impl Iterator<Item = (&str, &Group)> {
        self.groups.iter().map(|(name, group)| (name.as_str(), group))
    }

    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    /// Each policy that people of the account wrote and that could be read, once: the ARN of who holds it, or its own.
    pub fn written(&self) -> impl Iterator<Item = (&str, &Policy)> {
        let users_and_roles = self.principals.values().map(|one| (one.arn.as_str(), &one.own, one.inline.len()));
        let groups = self.groups.values().map(|one| (one.arn.as_str(), &one.held, one.inline.len()));
        // What is inline comes first.
        let inline = users_and_roles.chain(groups).flat_map(|(arn, held, inline)| {
            held.iter().take(inline).filter_map(move |held| Some((arn, held.as_ref().ok()?)))
        });
        let own = self.managed.iter().filter(|(arn, _)| Arn::split(arn).is_none_or(|arn| arn.account != "aws"));
        inline.chain(own.filter_map(|(arn, held)| Some((arn.as_str(), held.as_ref().ok()?))))
    }

    /// Managed policies by their ARN, attached or not, each as its default version has it.
    pub fn managed(&self) -> impl Iterator<Item = (&str, &Held)> {
        self.managed.iter().map(|(arn, held)| (arn.as_str(), held))
    }

    /// Of a managed policy: the versions that could be made the default, by their id.
    pub fn other_versions(&self, policy_arn: &str) -> &[(String, Held)] {
        self.other_versions.get(policy_arn).map_or(&[], Vec::as_slice)
    }

    pub fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.principals.values()
    }

    /// Whether the dump is of this account. One without users and roles is of none.
    pub fn is_of_account(&self, account: &str) -> bool {
        self.principals.keys().any(|arn| Arn::split(arn).is_some_and(|arn| arn.account == account))
    }

    /// By ARN; a session's ARN finds its role.
    pub fn principal(&self, arn: &str) -> Option<&Principal> {
        self.principals.get(arn).or_else(|| {
            let session = Arn::split(arn).filter(|arn| arn.service == "sts")?;
            let (role, _) = session.resource.strip_prefix("assumed-role/")?.split_once('/')?;
            let is_role = |principal: &&Principal| {
                principal.trust.is_some()
                    && principal.name == role
                    && Arn::split(&principal.arn).is_some_and(|own| own.account == session.account)
            };
            self.principals().find(is_role)
        })
    }

    /// Everything that a request of `principal`, asked as `arn` (its own, or a session's), is judged by.
    ///
    /// # Errors
    /// Every policy of it, or of its groups, that can't be read or isn't in the dump.
    pub fn holdings(&self, principal: &Principal, arn: &str) -> Result<Holdings, Vec<PolicyError>> {
        let mut problems = Vec::new();
        let mut sound = |held: &Held| held.clone().map_err(|error| problems.push(error)).ok();
        let mut identity: Vec<Policy> = principal.own.iter().filter_map(&mut sound).collect();
        let mut unknown = Vec::new();
        for group in &principal.groups {
            match self.groups.get(group) {
                Some(group) => identity.extend(group.held.iter().filter_map(&mut sound)),
                None => unknown.push(PolicyError::new("GroupList", format!("the group {group:?} isn't in the dump"))),
            }
        }
        let boundaries = principal.boundary.iter().filter_map(&mut sound).collect();
        let caller = Caller::parse(arn).map(|caller| {
            let tags = principal.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            let caller = caller.with_role(&principal.arn).with_tags(tags);
            match (&principal.unique_id, caller.kind()) {
                (Some(id), CallerKind::User) => caller.with_user_id(id),
                (Some(id), CallerKind::RoleSession) => {
                    let session = arn.rsplit('/').next().unwrap_or_default();
                    caller.with_user_id(&format!("{id}:{session}"))
                }
                _ => caller,
            }
        });
        problems.extend(unknown);
        match caller {
            Ok(caller) if problems.is_empty() => Ok(Holdings { caller, identity, boundaries }),
            Ok(_) => Err(problems),
            Err(error) => Err([problems, vec![error]].concat()),
        }
    }
}

/// The default version of each managed policy, by its ARN; the others are put aside.
fn managed(policies: Vec<Managed>, others: &mut BTreeMap<String, Vec<(String, Held)>>) -> BTreeMap<String, Held> {
    let mut found = BTreeMap::new();
    for policy in policies {
        let default = policy.default_version_id;
        let is_default =
            |version: &dump::Version| version.is_default_version || Some(&version.version_id) == default.as_ref();
        let (now, other): (Vec<_>, Vec<_>) = policy.policy_version_list.into_iter().partition(is_default);
        let held = match now.into_iter().next() {
            Some(version) => read(&policy.arn, version.document, DocumentKind::Identity),
            None => Err(PolicyError::new(&policy.arn, "its default version isn't in the dump")),
        };
        let read_other = |version: dump::Version| {
            let held = read(&policy.arn, version.document, DocumentKind::Identity);
            (version.version_id, held)
        };
        let other: Vec<_> = other.into_iter().map(read_other).collect();
        if !other.is_empty() {
            others.insert(policy.arn.clone(), other);
        }
        found.insert(policy.arn, held);
    }
    found
}

fn names(inline: &[Inline]) -> Vec<String> {
    inline.iter().map(|one| one.policy_name.clone()).collect()
}

fn arns(attached: &[Attached]) -> Vec<String> {
    attached.iter().map(|one| one.policy_arn.clone()).collect()
}

fn held(inline: Vec<Inline>, attached: Vec<Attached>, managed: &BTreeMap<String, Held>) -> Vec<Held> {
    let inline = inline.into_iter().map(|one| read(&one.policy_name, one.policy_document, DocumentKind::Identity));
    inline.chain(attached.into_iter().map(|one| find(&one.policy_arn, managed))).collect()
}

fn boundary(boundary: Option<Boundary>, managed: &BTreeMap<String, Held>) -> Option<Held> {
    boundary.map(|boundary| find(&boundary.permissions_boundary_arn, managed))
}

fn find(arn: &str, managed: &BTreeMap<String, Held>) -> Held {
    managed.get(arn).cloned().unwrap_or_else(|| Err(PolicyError::new(arn, "is attached, but isn't in the dump")))
}

fn read(name: &str, document: Value, kind: DocumentKind) -> Held {
    let document = decoded(document).and_then(|document| Document::from_value(&document, kind));
    document.map(|document| Policy::new(name, document)).map_err(|error| error.within(name))
}

fn pairs(tags: Vec<Tag>) -> Vec<(String, String)> {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use iam_policy::{Action, Context, Decision, Policies, Request, Resource, decide};
    use serde_json::json;

    const ANN: &str = "arn:aws:iam::111122223333:user/ann";
    const ROLE: &str = "arn:aws:iam::111122223333:role/x/app";

    fn policy(effect: &str) -> Value {
        json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "s3:*", "Resource": "*"}})
    }

    fn dump() -> Value {
        let encoded: String = policy("Allow").to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        json!({
            "UserDetailList": [{"Arn": ANN, "UserName": "ann", "UserId": "AIDAEXAMPLE", "GroupList": ["readers"],
                "Tags": [{"Key": "team", "Value": "red"}]}],
            "GroupDetailList": [{"GroupName": "readers", "Arn": "arn:aws:iam::111122223333:group/readers",
                "GroupPolicyList": [{"PolicyName": "read", "PolicyDocument": encoded}]}],
            "RoleDetailList": [{"Arn": ROLE, "RoleName": "app", "RoleId": "AROAEXAMPLE",
                "AssumeRolePolicyDocument": {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}},
                "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": "arn:aws:iam::111122223333:policy/p"}],
                "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/p"}}],
            "Policies": [{"Arn": "arn:aws:iam::111122223333:policy/p", "DefaultVersionId": "v2", "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": false, "Document": policy("Deny")},
                {"VersionId": "v2", "IsDefaultVersion": true, "Document": policy("Allow")}]}],
        })
    }

    fn parsed(dump: &Value) -> Result<Inventory, PolicyError> {
        Inventory::parse(dump.to_string().as_bytes())
    }

    fn decision(inventory: &Inventory, arn: &str) -> Decision {
        let holdings = inventory.holdings(inventory.principal(arn).unwrap(), arn).unwrap();
        let policies =
            Policies { identity: &holdings.identity, boundaries: &holdings.boundaries, ..Policies::default() };
        let resource = Resource::parse("arn:aws:s3:::b", None).unwrap();
        let request = Request::new(holdings.caller, Action::parse("s3:ListBucket").unwrap(), resource, Context::open());
        decide(&policies, &request)
    }

    #[test]
    fn a_user_has_what_its_groups_have_and_a_role_the_default_version_of_what_is_attached() {
        let inventory = parsed(&dump()).unwrap();
        assert_eq!(decision(&inventory, ANN), Decision::Allow);
        assert_eq!(decision(&inventory, ROLE), Decision::Allow);
        assert_eq!(decision(&inventory, "arn:aws:sts::111122223333:assumed-role/app/s"), Decision::Allow);
        assert!(inventory.principal("arn:aws:sts::444455556666:assumed-role/app/s").is_none());
        assert!(inventory.is_of_account("111122223333") && !inventory.is_of_account("444455556666"));
    }

    #[test]
    fn a_missing_section_is_an_error_that_names_what_it_hides() {
        for section in ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"] {
            let mut dump = dump();
            dump.as_object_mut().unwrap().remove(section);
            let error = parsed(&dump).unwrap_err().to_string();
            assert!(error.starts_with(section) && error.contains("can't be seen"), "{error}");
        }
    }

    #[test]
    fn what_is_attached_but_not_there_or_cannot_be_read_is_an_error_of_its_holder_alone() {
        let mut missing = dump();
        missing["Policies"] = json!([]);
        let inventory = parsed(&missing).unwrap();
        let problems = inventory.holdings(inventory.principal(ROLE).unwrap(), ROLE).unwrap_err();
        assert_eq!(problems.len(), 2);
        assert!(problems[0].to_string().contains("isn't in the dump"));
        assert_eq!(decision(&inventory, ANN), Decision::Allow);
        let mut broken = dump();
        broken["GroupDetailList"][0]["GroupPolicyList"][0]["PolicyDocument"] =
            json!({"Statement": {"Effect": "allow"}});
        let inventory = parsed(&broken).unwrap();
        let problems = inventory.holdings(inventory.principal(ANN).unwrap(), ANN).unwrap_err();
        assert!(problems[0].to_string().starts_with("read: Statement.Effect"));
    }

    #[test]
    fn a_dump_that_is_cut_off_or_of_another_form_is_an_error() {
        let mut truncated = dump();
        truncated["IsTruncated"] = json!(true);
        assert!(parsed(&truncated).unwrap_err().to_string().contains("one page"));
        let mut wrong = dump();
        wrong["UserDetailList"][0]["Arn"] = json!(7);
        assert!(parsed(&wrong).unwrap_err().to_string().starts_with("UserDetailList[0]"));
        assert!(parsed(&json!([])).is_err() && Inventory::parse(b"{").is_err());
    }
}
