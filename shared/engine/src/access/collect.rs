//! Reading an account page by page, so that each page counts, whatever becomes of the next.

use super::progress::Progress;
use crate::retry::persist;
use ports::{AccessReader, AuditStore, Clock, ErrorKind, Page, PortError, PortResult, Section};
use time::{Duration, OffsetDateTime};

/// What a page may take, with the calls that are repeated. One isn't begun with less.
const PAGE: Duration = Duration::seconds(150);
/// Invocations that may end at the same page before its section is given up: AWS throttles for minutes, not for hours.
const STALLS: u32 = 6;
/// A section of more pages than any account fills repeats itself.
const PAGES: u32 = 20_000;

/// One invocation's reading.
pub(super) struct Collector<'a> {
    pub(super) reader: &'a dyn AccessReader,
    pub(super) store: &'a dyn AuditStore,
    pub(super) clock: &'a dyn Clock,
    pub(super) deadline: OffsetDateTime,
}

impl Collector<'_> {
    /// Reads until everything is read, the time is short, or AWS wants fewer calls; `saved` is called after each page.
    ///
    /// # Errors
    /// The store could not be written, or who there is could not be read.
    pub(super) async fn read(
        &self,
        progress: &mut Progress,
        saved: impl AsyncFn(&Progress) -> PortResult<()>,
    ) -> PortResult<()> {
        while let Some(section) = progress.left.first().copied() {
            if self.clock.now() + PAGE > self.deadline {
                return Ok(());
            }
            match self.page(section, progress.after.as_deref(), progress.stored(section)).await {
                Ok(page) => {
                    let number = progress.stored(section);
                    let bytes = page.content.to_string().into_bytes();
                    self.store.put(&progress.key(section, number), bytes).await?;
                    progress.got(section, page.next);
                }
                Err(error) if error.kind.is_temporary() && progress.stalls + 1 < STALLS => {
                    tracing::warn!(section = section.name(), %error, "the next invocation goes on here");
                    progress.stalls += 1;
                    return saved(progress).await;
                }
                // Nothing can be said without it, and the rest is not worth reading.
                Err(error) if section == Section::AuthorizationDetails => return Err(error),
                Err(error) => {
                    tracing::error!(section = section.name(), %error, "the section could not be read");
                    progress.lost(section, &error);
                }
            }
            saved(progress).await?;
        }
        Ok(())
    }

    async fn page(&self, section: Section, after: Option<&str>, number: u32) -> PortResult<Page> {
        let page = persist(self.clock, |error| Some(error), async || self.reader.page(section, after).await).await?;
        let is_stuck = page.next.is_some() && page.next.as_deref() == after;
        if is_stuck || number >= PAGES {
            return Err(PortError::new("page", ErrorKind::Rejected, None, "AWS gives the same page again and again"));
        }
        Ok(page)
    }
}
