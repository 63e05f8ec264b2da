//! What people ask contain-instance for by hand: contain, approve.

use crate::Engine;
use crate::nomination::Nomination;
use crate::outcome::{ContainmentPlan, EngineError, Outcome};
use containment::guards::Guard;
use containment::ids::IncidentId;
use containment::operator::Operator;
use containment::plan::plan;
use containment::refusal::Refusal;
use containment::request::{APPROVAL_TIME, ApprovalFault, PendingApproval, Requested};
use signal::{InstanceId, OperatorAction, OperatorRequest};
use std::collections::BTreeSet;

impl Engine {
    /// Handles one request to contain-instance. Nothing is done before AWS has said who asks.
    pub async fn operate(&self, request: &OperatorRequest) -> Result<Outcome, EngineError> {
        match &request.action {
            OperatorAction::Contain { instance, hold, untrack, overrides } => {
                let overrides = guards_named(overrides)?;
                if *untrack && !self.config.untracking_allowed {
                    return Err(EngineError::UntrackingNotAllowed);
                }
                let by = self.identify(request).await?;
                let requested = Requested {
                    by,
                    reason: request.reason.clone(),
                    hold: *hold,
                    untrack: *untrack,
                    overrides,
                    approved_by: None,
                    approval_reason: None,
                };
                let id = IncidentId::of_request(self.ports.clock.now(), instance, &request.digest);
                self.contain_by_hand(id, instance, requested, &request.digest, request.dry_run).await
            }
            OperatorAction::Approve { request: id } => {
                let by = self.identify(request).await?;
                self.approve(id, &by, &request.reason, request.dry_run).await
            }
            // Who contains can neither release nor lift the freeze that stops it.
            OperatorAction::Release { .. } | OperatorAction::Freeze { .. } | OperatorAction::Unfreeze => {
                Err(EngineError::NotOffered { function: "release-instance" })
            }
        }
    }

    async fn contain_by_hand(
        &self,
        id: IncidentId,
        instance: &InstanceId,
        requested: Requested,
        digest: &str,
        dry_run: bool,
    ) -> Result<Outcome, EngineError> {
        let observation = self.observe_instance(instance).await?;
        let nomination = Nomination::Request { instance: instance.clone(), requested, digest: digest.to_owned() };
        let decided = self.decide(&nomination, &id, &observation);
        match (&decided, &nomination) {
            (Err(Refusal::Guarded { guard: Guard::Protected, .. }), Nomination::Request { requested, .. })
                if requested.approved_by.is_none() && !dry_run =>
            {
                self.ask_for_approval(&id, instance, requested, digest).await
            }
            _ if dry_run => Ok(match decided {
                Ok(target) => Outcome::Planned(Box::new(ContainmentPlan {
                    instance: instance.clone(),
                    plan: plan(&target, self.config.snapshot_lock),
                    prior: target.prior_state(),
                    group: target.group().map(|group| group.name.clone()),
                })),
                Err(reason) => Outcome::WouldRefuse { instance: instance.clone(), reason },
            }),
            _ => self.commit_and_run(&nomination, &id, observation).await,
        }
    }

    async fn ask_for_approval(
        &self,
        id: &IncidentId,
        instance: &InstanceId,
        requested: &Requested,
        digest: &str,
    ) -> Result<Outcome, EngineError> {
        let now = self.ports.clock.now();
        let pending = PendingApproval {
            id: id.as_str().replacen("inc-", "req-", 1),
            instance: instance.clone(),
            requested: requested.clone(),
            digest: digest.to_owned(),
            expires_at: now + APPROVAL_TIME,
        };
        self.ports.journal.put_approval(&pending).await.map_err(EngineError::Unrecorded)?;
        let notice = notice::of_approval(&pending, &self.config.place());
        let told = self.ports.notifier.notify(&notice).await;
        if let Err(error) = told {
            tracing::error!(%error, request = %pending.id, "nobody was told that a request waits for approval");
        }
        Ok(Outcome::ApprovalNeeded { request: pending.id, expires_at: pending.expires_at })
    }

    async fn approve(&self, id: &str, by: &Operator, reason: &str, dry_run: bool) -> Result<Outcome, EngineError> {
        let pending = self.ports.journal.approval(id).await.map_err(EngineError::Unread)?;
        let now = self.ports.clock.now();
        let approved =
            pending.ok_or(ApprovalFault::Unknown).and_then(|pending| Ok((pending.approved(by, reason, now)?, pending)));
        match approved {
            Ok((requested, pending)) => {
                // One request makes one incident, however often it is approved.
                let incident = IncidentId::new(pending.id.replacen("req-", "inc-", 1));
                self.contain_by_hand(incident, &pending.instance, requested, &pending.digest, dry_run).await
            }
            Err(fault) => Ok(Outcome::NotApproved { request: id.to_owned(), fault }),
        }
    }
}

fn guards_named(names: &[String]) -> Result<BTreeSet<Guard>, EngineError> {
    let named = |name: &String| {
        let guard = Guard::ALL.into_iter().find(|guard| guard.name() == name && *guard != Guard::Protected);
        guard.ok_or_else(|| EngineError::UnknownGuard { name: name.clone() })
    };
    names.iter().map(named).collect()
}
