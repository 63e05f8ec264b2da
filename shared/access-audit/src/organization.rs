//! The organization's tree with its service control and resource control policies.

use crate::MAX_FILE_BYTES;
use iam_policy::{Arn, Document, DocumentKind, Policy, PolicyError, json};
use serde::Deserialize;
use serde_json::{Value, json};

const SERVICE: &str = "SERVICE_CONTROL_POLICY";
const RESOURCE: &str = "RESOURCE_CONTROL_POLICY";
/// AWS attaches it everywhere once resource control policies are enabled, and nobody can detach it.
const FULL_ACCESS: &str = "RCPFullAWSAccess";

/// A root, unit or account, with what is attached and what is below.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    id: String,
    arn: String,
    #[serde(default)]
    policies: Vec<Attached>,
    #[serde(default)]
    children: Vec<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    name: String,
    #[serde(rename = "Type")]
    kind: Option<String>,
    content: Value,
}

/// `{Id, Arn, Policies: [{Name, Type, Content}], Children: [the same]}`, from the root to the accounts. Without a type it is a
/// service control policy.
#[derive(Debug)]
pub struct Organization {
    root: Node,
}

impl Organization {
    /// # Errors
    /// No JSON, or a node of another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "the organization's policies";
        let tree = json::read(bytes, MAX_FILE_BYTES, name)?;
        let root = serde_json::from_value(tree).map_err(|error| {
            PolicyError::new(name, error.to_string().chars().flat_map(char::escape_debug).collect::<String>())
        })?;
        Ok(Self { root })
    }

    /// Whether the account is the management account, which service control policies don't limit.
    pub fn is_management_account(&self, account: &str) -> bool {
        Arn::split(&self.root.arn).is_some_and(|arn| arn.account == account)
    }

    /// The service control policies of the account, level by level from the root. `None` where it isn't in the tree. No levels
    /// where all that stands on its way is of another kind: then service control policies are not enabled, and limit nothing.
    ///
    /// # Errors
    /// A policy on the way that can't be read.
    pub fn levels(&self, account: &str) -> Result<Option<Vec<Vec<Policy>>>, PolicyError> {
        let levels = self.of_kind(account, SERVICE, DocumentKind::ServiceControl)?;
        let others = self.of_kind(account, RESOURCE, DocumentKind::ResourceControl)?;
        let is_other_kind_only =
            levels.iter().flatten().all(Vec::is_empty) && others.iter().flatten().any(|level| !level.is_empty());
        Ok(if is_other_kind_only { levels.map(|_| Vec::new()) } else { levels })
    }

    /// The resource control policies over the account's resources, likewise. Levels without any are left out: where they are
    /// enabled, each has at least the one that allows everything, and it has a say even where the tree doesn't show it. The
    /// management account's resources are not limited (AWS Organizations User Guide, "Resource control policies").
    ///
    /// # Errors
    /// A policy on the way that can't be read.
    pub fn resource_levels(&self, account: &str) -> Result<Option<Vec<Vec<Policy>>>, PolicyError> {
        let levels = self.of_kind(account, RESOURCE, DocumentKind::ResourceControl)?;
        if self.is_management_account(account) {
            return Ok(levels.map(|_| Vec::new()));
        }
        let statement = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}});
        let full = Policy::new(FULL_ACCESS, Document::from_value(&statement, DocumentKind::ResourceControl)?);
        let whole = |mut level: Vec<Policy>| {
            if level.iter().all(|policy| policy.document.allows().is_empty()) {
                level.push(full.clone());
            }
            level
        };
        Ok(levels.map(|levels| levels.into_iter().filter(|level| !level.is_empty()).map(whole).collect()))
    }

    fn of_kind(&self, account: &str, kind: &str, form: DocumentKind) -> Result<Option<Vec<Vec<Policy>>>, PolicyError> {
        let mut path = Vec::new();
        if !find(&self.root, account, &mut path) {
            return Ok(None);
        }
        path.iter().map(|node| policies(node, kind, form)).collect::<Result<_, _>>().map(Some)
    }
}

/// Leaves the way from the root in `path`.
fn find<'a>(node: &'a Node, account: &str, path: &mut Vec<&'a Node>) -> bool {
    path.push(node);
    if node.id == account || node.children.iter().any(|child| find(child, account, path)) {
        return true;
    }
    path.pop();
    false
}

fn policies(node: &Node, kind: &str, form: DocumentKind) -> Result<Vec<Policy>, PolicyError> {
    let is_of_kind = |one: &&Attached| one.kind.as_deref().unwrap_or(SERVICE) == kind;
    let read = |one: &Attached| {
        let name = format!("{} of {}", one.name, node.id);
        let document = Document::from_value(&one.content, form);
        document.map(|document| Policy::new(&name, document)).map_err(|error| error.within(&name))
    };
    node.policies.iter().filter(is_of_kind).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization() -> Organization {
        let allow = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        let node = |id: &str, children: Value| {
            json!({"Id": id, "Arn": format!("arn:aws:organizations::999988887777:x/o-1/{id}"),
                "Policies": [{"Name": "Full", "Content": allow}], "Children": children})
        };
        let accounts = json!([node("111122223333", json!([]))]);
        let tree = node("r-1", json!([node("ou-1", json!([])), node("ou-2", accounts)]));
        Organization::parse(tree.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_account_has_the_levels_on_its_way_from_the_root() {
        let names: Vec<_> = organization().levels("111122223333").unwrap().unwrap().concat();
        let names: Vec<_> = names.iter().map(|policy| policy.name.to_string()).collect();
        assert_eq!(names, ["Full of r-1", "Full of ou-2", "Full of 111122223333"]);
    }

    #[test]
    fn an_account_outside_the_tree_and_the_management_account_are_told_apart() {
        assert!(organization().levels("444455556666").unwrap().is_none());
        assert!(organization().is_management_account("999988887777"));
    }

    #[test]
    fn resource_control_policies_are_told_from_the_others_and_limit_no_resource_of_the_management_account() {
        let node = |id: &str, policies: Value, children: Value| {
            json!({"Id": id, "Arn": format!("arn:aws:organizations::999988887777:x/o-1/{id}"), "Policies": policies,
                "Children": children})
        };
        let deny = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}});
        let limits = json!([{"Name": "perimeter", "Type": RESOURCE, "Content": deny}]);
        let accounts =
            json!([node("111122223333", json!([]), json!([])), node("999988887777", limits.clone(), json!([]))]);
        let tree = node("r-1", limits, accounts);
        let organization = Organization::parse(tree.to_string().as_bytes()).unwrap();
        let levels = organization.resource_levels("111122223333").unwrap().unwrap();
        let names: Vec<_> = levels.concat().iter().map(|policy| policy.name.to_string()).collect();
        assert_eq!((levels.len(), names), (1, vec!["perimeter of r-1".to_owned(), FULL_ACCESS.to_owned()]));
        assert_eq!(organization.levels("111122223333").unwrap().unwrap().len(), 0);
        assert_eq!(organization.resource_levels("999988887777").unwrap().unwrap().len(), 0);
        assert!(organization.resource_levels("444455556666").unwrap().is_none());
    }
}
