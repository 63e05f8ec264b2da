//! Telling people, and Security Hub beside them. Neither waits for the other, and neither undoes or holds up anything.

use crate::Engine;
use crate::apply::settle_state;
use crate::journal_writer::{JournalWriter, RunEnd};
use containment::finding::FindingStatus;
use containment::incident::{Incident, StepStatus};
use containment::journal::EventBody;
use containment::step::Step;
use ports::PortResult;

/// Tells what was not told yet.
pub(crate) async fn tell(engine: &Engine, writer: &JournalWriter) -> Result<(), RunEnd> {
    let incident = writer.incident().await;
    let notify = incident.status(Step::Notify).filter(|status| **status != StepStatus::Done);
    let people = notify.is_some() && incident.is_due(Step::Notify, engine.ports.clock.now());
    // A notice that is sent again has nothing new for the finding.
    let news = people && !matches!(notify, Some(StepStatus::Failed { .. }));
    let hub = news || incident.finding_is_due();
    let (told, imported) =
        tokio::join!(async { if people { Some(announce(engine, &incident).await) } else { None } }, async {
            if hub { import(engine, &incident).await } else { None }
        },);
    let reports: Vec<EventBody> = told.into_iter().chain(imported).collect();
    if reports.is_empty() { Ok(()) } else { settle_state(writer, reports).await }
}

/// Tells people what became of the incident so far; the report says whether they could be told.
async fn announce(engine: &Engine, incident: &Incident) -> EventBody {
    let notice = notice::news(incident, &engine.config.place());
    let status = match engine.ports.notifier.notify(&notice).await {
        Ok(()) => StepStatus::Done,
        Err(error) => StepStatus::failed(error),
    };
    EventBody::reported(Step::Notify, status, None)
}

/// Brings the incident's finding up to date. `None` where there is none to import.
pub(crate) async fn import(engine: &Engine, incident: &Incident) -> Option<EventBody> {
    let Some(findings) = &engine.ports.findings else {
        // It failed before, and was switched off since.
        let off = || FindingStatus::Declined { error: "SecurityHubFindings is off".to_owned() };
        return incident.finding_is_due().then(|| EventBody::FindingReported { status: off() });
    };
    let finding = notice::finding(incident, &engine.config.place(), engine.ports.clock.now())?;
    let status = match findings.import(std::slice::from_ref(&finding)).await {
        Ok(()) => FindingStatus::Imported,
        Err(error) => {
            tracing::error!(incident = %incident.id, %error, "the finding was not imported");
            let temporary = error.kind.is_temporary();
            let error = error.to_string();
            if temporary { FindingStatus::Failed { error } } else { FindingStatus::Declined { error } }
        }
    };
    Some(EventBody::FindingReported { status })
}

impl Engine {
    /// Tells people of a refusal or an observation, which is on record already.
    pub(crate) async fn announce_decision(&self, incident: &Incident) -> PortResult<()> {
        let notice = notice::news(incident, &self.config.place());
        // Nothing goes on with a decision, so what becomes of its finding is in the log alone.
        let (told, _) = tokio::join!(self.ports.notifier.notify(&notice), import(self, incident));
        logged(incident, told)
    }

    /// Tells people how a release ended, and Security Hub beside them.
    pub(crate) async fn announce_release(&self, incident: &Incident) -> Vec<EventBody> {
        let notice = notice::news(incident, &self.config.place());
        let (told, imported) = tokio::join!(self.ports.notifier.notify(&notice), import(self, incident));
        let status = logged(incident, told).map_or_else(StepStatus::failed, |()| StepStatus::Done);
        let told = EventBody::reported(Step::Notify, status, None);
        std::iter::once(told).chain(imported).collect()
    }
}

fn logged(incident: &Incident, told: PortResult<()>) -> PortResult<()> {
    told.inspect_err(
        |error| tracing::error!(incident = %incident.id, %error, "the notice of this decision was not sent"),
    )
}
