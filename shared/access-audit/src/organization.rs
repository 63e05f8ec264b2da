//! The organization's tree with its service control policies.

use crate::MAX_FILE_BYTES;
use iam_policy::{Arn, Document, DocumentKind, Policy, PolicyError, json};
use serde::Deserialize;
use serde_json::Value;

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

/// `{Id, Arn, Policies: [{Name, Content}], Children: [the same]}`, from the root to the accounts.
#[derive(Debug)]
pub struct Organization {
    root: Node,
}

impl Organization {
    /// # Errors
    /// No JSON, or a node of another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let name = "service control policies";
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

    /// The service control policies of the account, level by level from the root. `None` where it isn't in the tree.
    ///
    /// # Errors
    /// A policy on the way that can't be read.
    pub fn levels(&self, account: &str) -> Result<Option<Vec<Vec<Policy>>>, PolicyError> {
        let mut path = Vec::new();
        if !find(&self.root, account, &mut path) {
            return Ok(None);
        }
        path.iter().map(|node| policies(node)).collect::<Result<_, _>>().map(Some)
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

fn policies(node: &Node) -> Result<Vec<Policy>, PolicyError> {
    let is_scp = |one: &&Attached| one.kind.as_deref().is_none_or(|kind| kind == "SERVICE_CONTROL_POLICY");
    let read = |one: &Attached| {
        let name = format!("{} of {}", one.name, node.id);
        let document = Document::from_value(&one.content, DocumentKind::ServiceControl);
        document.map(|document| Policy::new(&name, document)).map_err(|error| error.within(&name))
    };
    node.policies.iter().filter(is_scp).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
}
