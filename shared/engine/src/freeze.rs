//! Stopping and resuming all automatic containment.

use crate::Engine;
use crate::outcome::{EngineError, Outcome};
use containment::guards::Freeze;
use containment::operator::Operator;
use time::Duration;

impl Engine {
    pub(crate) async fn freeze(
        &self,
        by: &Operator,
        reason: &str,
        minutes: u64,
        dry_run: bool,
    ) -> Result<Outcome, EngineError> {
        let until = self.ports.clock.now() + Duration::minutes(i64::try_from(minutes).unwrap_or(i64::MAX / 60));
        let freeze = Freeze { by: by.arn.clone(), reason: reason.to_owned(), expires_at: Some(until) };
        if !dry_run {
            self.ports.journal.freeze(&freeze).await.map_err(EngineError::Unrecorded)?;
            self.tell_of_freeze(&format!("frozen until {until}"), by, reason).await;
        }
        Ok(Outcome::Frozen { until, dry_run })
    }

    pub(crate) async fn unfreeze(&self, by: &Operator, reason: &str, dry_run: bool) -> Result<Outcome, EngineError> {
        if !dry_run {
            self.ports.journal.unfreeze().await.map_err(EngineError::Unrecorded)?;
            self.tell_of_freeze("no longer frozen", by, reason).await;
        }
        Ok(Outcome::Unfrozen { dry_run })
    }

    /// The freeze holds whether or not people could be told.
    async fn tell_of_freeze(&self, what: &str, by: &Operator, reason: &str) {
        let notice = notice::of_freeze(what, by, reason, &self.config.place());
        if let Err(error) = self.ports.notifier.notify(&notice).await {
            tracing::error!(%error, "nobody was told that containment is {what}");
        }
    }
}
