//! How large policies are, as IAM counts: characters without whitespace.
//!
//! Source: IAM User Guide, "IAM and AWS STS quotas".

use serde::Serialize;
use serde_json::Value;

const MANAGED: usize = 6_144;
const INLINE_OF_USER: usize = 2_048;
const INLINE_OF_ROLE: usize = 10_240;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    pub old: usize,
    /// 0 where no statement is left.
    pub new: usize,
    /// Of one managed policy, or of all inline policies of the principal together.
    pub quota: usize,
}

impl Size {
    pub(super) fn of(old: &Value, new: Option<&Value>, is_managed: bool, is_role: bool) -> Self {
        let quota = match (is_managed, is_role) {
            (true, _) => MANAGED,
            (false, true) => INLINE_OF_ROLE,
            (false, false) => INLINE_OF_USER,
        };
        Self { old: characters(old), new: new.map_or(0, characters), quota }
    }
}

fn characters(document: &Value) -> usize {
    document.to_string().chars().filter(|character| !character.is_whitespace()).count()
}
