//! How far a run has read, kept between invocations: a large account takes several.

use ports::{PortError, Section};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SCHEMA: u32 = 1;

/// Where the store keeps it.
pub(super) const STATE: &str = "state.json";

/// What is known between invocations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    schema: u32,
    /// When the last run that came to its end began, in Unix seconds.
    pub(super) last_began_at: Option<i64>,
    /// A run that has not come to its end.
    pub(super) run: Option<Progress>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// In Unix seconds. It names the run.
    pub(super) began_at: i64,
    /// Pages that were stored of each section.
    pub(super) pages: BTreeMap<Section, u32>,
    /// Why a section could not be read.
    pub(super) unread: BTreeMap<Section, String>,
    /// What is still to be read, in this order. The first may have been begun.
    pub(super) left: Vec<Section>,
    /// Where the first's next page begins, as its last page said.
    pub(super) after: Option<String>,
    /// Invocations one after another that got no page.
    pub(super) stalls: u32,
}

impl State {
    /// `None`: what is stored is not a state of this version, and nothing may be concluded from it.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|state: &Self| state.schema == SCHEMA)
    }

    pub(super) fn new(last_began_at: Option<i64>, run: Option<Progress>) -> Self {
        Self { schema: SCHEMA, last_began_at, run }
    }
}

impl Progress {
    pub(super) fn begin(now: i64, sections: &[Section]) -> Self {
        let left = sections.to_vec();
        Self { began_at: now, pages: BTreeMap::new(), unread: BTreeMap::new(), left, after: None, stalls: 0 }
    }

    /// Where the store keeps a page.
    pub(super) fn key(&self, section: Section, page: u32) -> String {
        format!("{}/inventory/{}/{page:05}.json", self.folder(), section.name())
    }

    /// Where the store keeps everything of the run.
    pub(super) fn folder(&self) -> String {
        format!("runs/{}", self.began_at)
    }

    pub(super) fn stored(&self, section: Section) -> u32 {
        self.pages.get(&section).copied().unwrap_or(0)
    }

    /// A page was stored; `after` is where the next begins.
    pub(super) fn got(&mut self, section: Section, after: Option<String>) {
        *self.pages.entry(section).or_default() += 1;
        if after.is_none() {
            self.end(section);
        }
        (self.after, self.stalls) = (after, 0);
    }

    /// The whole section can't be read: what is known of a part would look like all of it.
    pub(super) fn lost(&mut self, section: Section, error: &PortError) {
        self.unread.insert(section, error.to_string());
        self.pages.remove(&section);
        self.end(section);
        (self.after, self.stalls) = (None, 0);
    }

    fn end(&mut self, section: Section) {
        self.left.retain(|one| *one != section);
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, STATE, State};
    use ports::{ErrorKind, PortError, Section};

    #[test]
    fn every_section_is_read_once_and_in_order() {
        let mut progress = Progress::begin(7, &Section::ALL);
        let mut seen = Vec::new();
        while let Some(section) = progress.left.first().copied() {
            seen.push(section);
            progress.got(section, None);
        }
        assert_eq!(seen, Section::ALL);
    }

    #[test]
    fn a_section_that_is_lost_midway_keeps_no_page_and_the_next_is_begun() {
        let mut progress = Progress::begin(7, &Section::ALL);
        progress.got(Section::AuthorizationDetails, Some("more".to_owned()));
        let denied = PortError::new("iam:GetAccountAuthorizationDetails", ErrorKind::Denied, None, "no");
        progress.lost(Section::AuthorizationDetails, &denied);
        assert_eq!(progress.stored(Section::AuthorizationDetails), 0);
        assert!(progress.unread[&Section::AuthorizationDetails].contains("denied"));
        assert_eq!((progress.left.first(), progress.after), (Some(&Section::ALL[1]), None));
    }

    #[test]
    fn a_state_is_read_as_it_was_written_and_nothing_else_is_one() {
        let state = State::new(Some(5), Some(Progress::begin(7, &Section::ALL)));
        assert_eq!(State::parse(&serde_json::to_vec(&state).unwrap()), Some(state));
        for other in ["", "null", "{}", r#"{"schema": 2, "last_began_at": null, "run": null}"#] {
            assert_eq!(State::parse(other.as_bytes()), None, "{STATE}: {other}");
        }
    }
}
