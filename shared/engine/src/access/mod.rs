//! Who may do what, on a schedule: the account is read page by page, audited, compared with the last time, and what is new
//! or gone is told.

mod collect;
mod findings;
mod inventory;
mod memory;
mod progress;
mod run;

pub use inventory::AccountFiles;
pub use run::{AccessAudit, AuditError, AuditOutcome, AuditSummary};

use collect::Collector;
use memory::InMemory;
use ports::{AccessReader, Clock, PortResult, Section};
use progress::Progress;
use signal::Region;
use time::Duration;

/// Reads sections of an account at once and keeps nothing of it; `told` hears of each page. What could not be read is told
/// by the files.
///
/// # Errors
/// Who there is could not be read.
pub async fn read_account(
    reader: &dyn AccessReader,
    clock: &dyn Clock,
    region: &Region,
    sections: &[Section],
    told: impl Fn(Section, u32),
) -> PortResult<AccountFiles> {
    let store = InMemory::default();
    let mut progress = Progress::begin(clock.now().unix_timestamp(), sections);
    while !progress.left.is_empty() {
        let collector = Collector { reader, store: &store, clock, deadline: clock.now() + Duration::DAY };
        let saved = async |progress: &Progress| {
            if let Some(section) = progress.left.first() {
                told(*section, progress.stored(*section));
            }
            Ok(())
        };
        collector.read(&mut progress, saved).await?;
    }
    AccountFiles::of(&store, &progress, region).await
}
