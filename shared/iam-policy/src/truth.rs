//! Three-valued truth: what holds, what doesn't, and what can't be told yet.

/// Ordered: the smaller of two is their "and", the larger their "or" (Kleene's strong logic).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    No,
    Unknown,
    Yes,
}

impl Truth {
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Negated where `negate` says so.
    #[must_use]
    pub fn negated(self, negate: bool) -> Self {
        match (self, negate) {
            (Self::Yes, true) => Self::No,
            (Self::No, true) => Self::Yes,
            _ => self,
        }
    }

    /// True where one of them is; stops at the first that is.
    pub fn any(each: impl IntoIterator<Item = Self>) -> Self {
        let mut found = Self::No;
        for one in each {
            found = found.or(one);
            if found == Self::Yes {
                break;
            }
        }
        found
    }

    /// True where all of them are; stops at the first that is not.
    pub fn all(each: impl IntoIterator<Item = Self>) -> Self {
        let mut found = Self::Yes;
        for one in each {
            found = found.and(one);
            if found == Self::No {
                break;
            }
        }
        found
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, No, Unknown, Yes};

    #[test]
    fn what_is_unknown_stays_so_unless_the_other_side_decides() {
        assert_eq!((Unknown.and(No), Unknown.and(Yes)), (No, Unknown));
        assert_eq!((Unknown.or(No), Unknown.or(Yes)), (Unknown, Yes));
        assert_eq!((Unknown.negated(true), Yes.negated(true), No.negated(false)), (Unknown, No, No));
    }

    #[test]
    fn none_of_nothing_holds_and_all_of_nothing_does() {
        assert_eq!((Truth::any([]), Truth::all([])), (No, Yes));
    }
}
