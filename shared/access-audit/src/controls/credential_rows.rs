//! What the credential report tells of passwords and access keys, row by row.

use crate::age::days_since;
use crate::credentials::Row;
use time::OffsetDateTime;

/// One of a user's two access keys.
pub(crate) struct AccessKey<'a> {
    pub(crate) number: u8,
    rotated: &'a str,
    used: &'a str,
}

pub(crate) fn active_keys(row: &Row) -> Vec<AccessKey<'_>> {
    let key = |number: u8| {
        let cell = |what: &str| row.cell(&format!("access_key_{number}_{what}"));
        let is_active = cell("active") == "true";
        is_active.then(|| AccessKey { number, rotated: cell("last_rotated"), used: cell("last_used_date") })
    };
    [key(1), key(2)].into_iter().flatten().collect()
}

impl AccessKey<'_> {
    /// Days since it was made.
    pub(crate) fn age(&self, now: OffsetDateTime) -> Option<i64> {
        days_since(self.rotated, now)
    }

    /// Days since it was used, if it ever was.
    pub(crate) fn used_days(&self, now: OffsetDateTime) -> Option<i64> {
        days_since(self.used, now)
    }

    /// Days since it was used; since it was made, if it never was.
    pub(crate) fn idle(&self, now: OffsetDateTime) -> Option<i64> {
        self.used_days(now).or_else(|| self.age(now))
    }
}

/// Days since a password was used; since it was set, or the user was made, if it never was.
pub(crate) fn password_idle(row: &Row, now: OffsetDateTime) -> Option<i64> {
    let columns = ["password_last_used", "password_last_changed", "user_creation_time"];
    columns.into_iter().find_map(|column| days_since(row.cell(column), now))
}
