//! An incident as its journal proves it, ready to be told.

use crate::deployment::{Deployment, Settings};
use crate::exit::{Failed, explained};
use containment::ids::IncidentId;
use containment::incident::Incident;
use containment::journal::{Event, Head, JournalFault, SealedEvent, open, replay, up_to};
use ports::{Journal, PortError};
use report::{EvidenceItem, MissingEvidence, Report, Traffic};
use signal::{AccountId, Quoted, Region};
use time::OffsetDateTime;

pub(crate) struct Told {
    pub(crate) incident: Incident,
    events: Vec<Event>,
    pub(crate) head: Head,
    account: AccountId,
    region: Region,
    partition: String,
}

/// What is shown beside the journal, where it was read.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) traffic: Option<Traffic>,
    pub(crate) evidence: Vec<EvidenceItem>,
    pub(crate) missing: Vec<MissingEvidence>,
}

impl Told {
    pub(crate) async fn load(deployment: &Deployment, settings: &Settings, id: &str) -> Result<Self, Failed> {
        let journal = settings.journal(&deployment.clients)?;
        let (sealed, head) = read(&*journal, id).await?;
        let incident = replay(&sealed, &head).map_err(|fault| broken(&fault))?;
        Ok(Self {
            incident,
            events: opened(&sealed).map_err(|fault| broken(&fault))?,
            head,
            account: settings.account()?,
            region: deployment.region().clone(),
            partition: settings.get("CORDON_PARTITION")?.to_owned(),
        })
    }

    pub(crate) fn report<'a>(&'a self, beside: &'a Beside) -> Report<'a> {
        Report {
            incident: &self.incident,
            events: &self.events,
            head: &self.head,
            account: &self.account,
            region: &self.region,
            partition: &self.partition,
            instance_name: None,
            generated_at: OffsetDateTime::now_utc(),
            traffic: beside.traffic.as_ref(),
            evidence: &beside.evidence,
            missing: &beside.missing,
        }
    }
}

/// The events that the head vouches for.
pub(crate) async fn read(journal: &dyn Journal, id: &str) -> Result<(Vec<SealedEvent>, Head), Failed> {
    let unread = |error: PortError| Failed::Unchecked(explained(&error));
    let incident = IncidentId::new(id);
    let stored = journal.load(&incident).await.map_err(unread)?;
    let stored = stored.ok_or_else(|| {
        Failed::Other(format!(
            "no incident {} is in this journal; check the id, the account, the Region and --stack",
            Quoted(id)
        ))
    })?;
    Ok((up_to(journal.events(&incident).await.map_err(unread)?, &stored.head), stored.head))
}

fn opened(sealed: &[SealedEvent]) -> Result<Vec<Event>, JournalFault> {
    let mut head = Head::start();
    let mut events = Vec::with_capacity(sealed.len());
    for one in sealed {
        events.push(open(one, &head)?);
        head = Head { sequence: one.sequence, hash: one.hash.clone() };
    }
    Ok(events)
}

fn broken(fault: &JournalFault) -> Failed {
    Failed::Other(format!(
        "the incident's journal was altered or is incomplete: {fault}; keep the table as it is and compare its backups"
    ))
}
