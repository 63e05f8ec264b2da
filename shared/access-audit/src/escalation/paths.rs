//! The known ways to gain permissions, as data: `data/escalation-paths.json`.
//!
//! One entry: `{id, gain, trusts[], needs[{action, on[]}], assumes, how}`. `gain`: `role` or `user` (the caller acts as the
//! target afterwards) or `change` (the target's permissions become the caller's choice). `trusts`: the target trusts one of
//! these services. `on`: `target`; `trust` (the role, whose trust policy has a say); `role`, `user`, `group`, `policy`,
//! `other-version`, `other-group` for a change; `*`; or a resource type of the catalogue. Needs on one type are on one resource.

use crate::finding::Confidence;
use iam_policy::{Action, Catalogue, PolicyError};
use serde::Deserialize;
use std::sync::OnceLock;

static DATA: &[u8] = include_bytes!("../../data/escalation-paths.json");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Gain {
    Role,
    User,
    Change,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    gain: Gain,
    trusts: Vec<String>,
    needs: Vec<Listed>,
    assumes: Option<String>,
    how: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    action: String,
    on: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) id: String,
    pub(crate) gain: Gain,
    pub(crate) trusts: Vec<String>,
    pub(crate) needs: Vec<Need>,
    /// What must exist that the dump doesn't hold.
    pub(crate) assumes: Option<String>,
    /// What the caller does, after "it".
    pub(crate) how: String,
}

impl Path {
    pub(crate) fn at_best(&self) -> Confidence {
        if self.assumes.is_some() { Confidence::Medium } else { Confidence::High }
    }
}

#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) action: Action,
    pub(crate) on: On,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    Target,
    Trust,
    Role,
    User,
    Group,
    Policy,
    OtherVersion,
    OtherGroup,
    Anything,
    /// A resource type by its ARN's form in the catalogue.
    Type(&'static str),
}

/// Read at first use.
///
/// # Errors
/// Data of another form: a test holds that there is none.
pub(crate) fn shipped() -> Result<&'static [Path], PolicyError> {
    static SHIPPED: OnceLock<Result<Vec<Path>, PolicyError>> = OnceLock::new();
    SHIPPED.get_or_init(read).as_ref().map(Vec::as_slice).map_err(Clone::clone)
}

fn read() -> Result<Vec<Path>, PolicyError> {
    let broken = |problem: String| PolicyError::new("escalation paths", problem);
    let entries: Vec<Entry> = serde_json::from_slice(DATA).map_err(|error| broken(error.to_string()))?;
    let path = |entry: Entry| {
        let mut needs = Vec::new();
        for Listed { action, on } in &entry.needs {
            let action = Action::parse(action)?;
            for name in on {
                let on = on_what(name, &action).ok_or_else(|| broken(format!("{}: {name}", entry.id)))?;
                needs.push(Need { action: action.clone(), on });
            }
        }
        let Entry { id, gain, trusts, assumes, how, .. } = entry;
        Ok(Path { id, gain, trusts, needs, assumes, how })
    };
    entries.into_iter().map(path).collect()
}

fn on_what(name: &str, action: &Action) -> Option<On> {
    Some(match name {
        "target" => On::Target,
        "trust" => On::Trust,
        "*" => On::Anything,
        _ if action.service() != "iam" => {
            let catalogue = Catalogue::shipped();
            let known = catalogue.action(action.lower())?;
            On::Type(catalogue.types_of_action(known).find(|kind| kind.name == name)?.arn)
        }
        "role" => On::Role,
        "user" => On::User,
        "group" => On::Group,
        "policy" => On::Policy,
        "other-version" => On::OtherVersion,
        "other-group" => On::OtherGroup,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_is_read_and_names_actions_and_resource_types_of_the_catalogue() {
        let paths = shipped().unwrap();
        assert!(paths.len() >= 65, "{}", paths.len());
        for need in paths.iter().flat_map(|path| &path.needs) {
            let known = Catalogue::shipped().action(need.action.lower()).unwrap();
            let types = Catalogue::shipped().types_of_action(known).count();
            assert_eq!(need.on == On::Anything, types == 0, "{}", need.action.as_str());
        }
    }

    #[test]
    fn no_two_paths_have_one_id() {
        let mut ids: Vec<_> = shipped().unwrap().iter().map(|path| &path.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), shipped().unwrap().len());
    }
}
