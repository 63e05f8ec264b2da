//! Who may be contained without asking. Read from the Auto Scaling group's tags (for standalone instances from the
//! table's list), because software on an instance may be able to write its own tags, an alarm and custom metrics.

use crate::decide::Subject;
use crate::ids::GroupName;
use crate::observed::ObservedGroup;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const MODE_TAG: &str = "cordon:mode";
pub const PROTECTED_TAG: &str = "cordon:protected";
pub const DRILLS_TAG: &str = "cordon:drills";

/// What happens to an instance that passed verification and guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Plan and report, touch nothing.
    Observe,
    Enforce,
}

impl Mode {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "observe" => Some(Self::Observe),
            "enforce" => Some(Self::Enforce),
            _ => None,
        }
    }
}

/// The answer to "may this instance be contained, and how far may Cordon go".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    pub source: AuthoritySource,
    pub mode: Mode,
    pub protected: bool,
    pub drills_allowed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuthoritySource {
    Group(GroupName),
    StandaloneList,
    /// Operators may contain any instance of the account, opted in or not.
    ManualScope,
}

/// A standalone instance's entry in the table, writable by operators only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandaloneEntry {
    pub mode: Option<Mode>,
    pub protected: bool,
    pub drills_allowed: bool,
}

/// The authority over what was observed; `None` where neither a group nor the list opts it in.
pub fn of(subject: &Subject) -> Option<Authority> {
    match &subject.group {
        Some(group) => of_group(group),
        // A membership whose group could not be read back is nobody's authority.
        None if subject.membership.is_some() => None,
        None => of_standalone(subject.standalone.as_ref()),
    }
}

/// `None` where the group has not opted in: no `cordon:mode`, or a value that is neither `observe` nor `enforce`.
pub fn of_group(group: &ObservedGroup) -> Option<Authority> {
    let mode = group.tags.get(MODE_TAG).and_then(|value| Mode::parse(value))?;
    Some(Authority {
        source: AuthoritySource::Group(group.name.clone()),
        mode,
        protected: is_protected(group),
        drills_allowed: allows_drills(group),
    })
}

pub fn is_protected(group: &ObservedGroup) -> bool {
    is_set(&group.tags, PROTECTED_TAG, "true")
}

pub fn allows_drills(group: &ObservedGroup) -> bool {
    is_set(&group.tags, DRILLS_TAG, "allowed")
}

/// `None` where the instance isn't listed or its entry names no mode.
pub fn of_standalone(entry: Option<&StandaloneEntry>) -> Option<Authority> {
    let entry = entry?;
    Some(Authority {
        source: AuthoritySource::StandaloneList,
        mode: entry.mode?,
        protected: entry.protected,
        drills_allowed: entry.drills_allowed,
    })
}

fn is_set(tags: &BTreeMap<String, String>, key: &str, value: &str) -> bool {
    tags.get(key).is_some_and(|found| found.eq_ignore_ascii_case(value))
}
