//! Operations that the same statements are about: what the evaluator says of one of them, it says of all.

use crate::decrypt::ask::{Mask, OPERATIONS};
use iam_policy::{Action, Policy};

/// Sets of operations, each of them in one. Nothing but the action differs between requests for operations of one set, and
/// statements, the only ones to look at it, all cover either the whole set or nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alike(Vec<Mask>);

impl Alike {
    /// As long as no statement is known.
    pub(crate) fn all() -> Self {
        Self(vec![(1 << OPERATIONS.len()) - 1])
    }

    /// Each by itself.
    pub(crate) fn none() -> Self {
        Self((0..OPERATIONS.len()).map(|index| 1 << index).collect())
    }

    #[must_use]
    pub(crate) fn told_apart_by<'p>(
        mut self,
        policies: impl IntoIterator<Item = &'p Policy>,
        actions: &[Action],
    ) -> Self {
        for policy in policies {
            for statement in policy.document.allows().iter().chain(policy.document.denies()) {
                let covers = |(index, action): (usize, &Action)| {
                    if statement.covers_action(action.lower()) { 1 << index } else { 0 }
                };
                self.split(actions.iter().enumerate().map(covers).fold(0, |mask: Mask, bit: Mask| mask | bit));
            }
        }
        self
    }

    pub(crate) fn masks(&self) -> impl Iterator<Item = Mask> {
        self.0.iter().copied()
    }

    fn split(&mut self, covered: Mask) {
        let cut = |mask: &Mask| [mask & covered, mask & !covered];
        self.0 = self.0.iter().flat_map(cut).filter(|mask| *mask != 0).collect();
        // The first of a set stands for it: the sets keep the operations' order.
        self.0.sort_unstable_by_key(|mask| mask.trailing_zeros());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decrypt::ask::operations;
    use iam_policy::{Document, DocumentKind};
    use serde_json::json;

    #[test]
    fn statements_tell_apart_what_they_cover_from_what_they_do_not() {
        let statement = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        let policy = |action: &str| {
            let document = json!({"Statement": statement(action)});
            Policy::new("p", Document::from_value(&document, DocumentKind::Identity).unwrap())
        };
        let actions = operations().unwrap();
        let alike = |of: &[&str]| {
            let policies: Vec<_> = of.iter().map(|action| policy(action)).collect();
            Alike::all().told_apart_by(&policies, &actions).0
        };
        assert_eq!(alike(&["kms:*", "s3:Get*"]), [0b1_1111_1111]);
        assert_eq!(alike(&["kms:Decrypt", "kms:ReEncrypt*"]), [0b1, 0b110, 0b1_1111_1000]);
        assert_eq!(alike(&["kms:?e*"]), [0b0_0111_1111, 0b1_1000_0000]);
    }
}
