//! An account beside what its principals used.

use crate::account::Account;
use crate::finding::Problem;
use crate::last_accessed::LastAccessed;

pub(crate) struct Usage<'a> {
    pub(crate) account: &'a Account<'a>,
    pub(crate) accessed: &'a LastAccessed,
    /// Principals that the dump doesn't have.
    unknown: Vec<Problem>,
}

impl<'a> Usage<'a> {
    pub(crate) fn of(account: &'a Account<'a>, accessed: &'a LastAccessed) -> Self {
        let unknown = accessed.principals.keys().filter(|arn| account.inventory.principal(arn).is_none());
        let problem = |arn: &String| Problem {
            at: format!("last accessed of {arn}"),
            problem: "isn't in the dump; which of its permissions are unused could not be judged".to_owned(),
        };
        Self { account, accessed, unknown: unknown.map(problem).collect() }
    }

    /// What can't be read of the file, or concerns nobody of the dump.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Problem> {
        self.accessed.unread.iter().chain(&self.unknown).cloned()
    }

    pub(crate) fn unread(&self) -> usize {
        self.accessed.unread.len() + self.unknown.len() + self.account.unread.len()
    }
}
