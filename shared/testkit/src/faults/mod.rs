//! A wrapper around any ports, in which chosen calls fail, lose their answer, or are the last of their process.

mod account;
mod record;
mod rules;

use crate::operations::Operation;
use ports::{ErrorKind, PortError, Ports, Roles};
use rules::Rules;
pub use rules::{Calls, Fault};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// One process's faults: every port wrapped with the same `Faults` counts, stops and dies together.
#[derive(Clone)]
pub struct Faults {
    rules: Arc<Mutex<Rules>>,
    phase: Arc<watch::Sender<Phase>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Held,
    Dead,
}

struct Faulty<T: ?Sized> {
    inner: Arc<T>,
    faults: Faults,
}

impl Faults {
    pub fn none() -> Self {
        Self { rules: Arc::default(), phase: Arc::new(watch::Sender::new(Phase::Running)) }
    }

    /// `fault` at the `number`th (from 1) of `calls`, counted from now on.
    pub fn at(self, calls: Calls, number: usize, fault: Fault) -> Self {
        self.rules.lock().unwrap().add(calls, number, number, fault);
        self
    }

    /// The next `times` calls of an operation fail before they take effect. It is named as in an IAM policy
    /// (`autoscaling:DetachInstances`) or by its port (`groups.detach`).
    pub fn fail_operation(self, name: &'static str, kind: ErrorKind, times: usize) -> Self {
        self.rules.lock().unwrap().add(Calls::Of(name), 1, times, Fault::Fail(kind));
        self
    }

    /// The next `times` calls of an operation take effect, and their answer is lost.
    pub fn lose_answers_of(self, name: &'static str, times: usize) -> Self {
        self.rules.lock().unwrap().add(Calls::Of(name), 1, times, Fault::LoseAnswer);
        self
    }

    pub fn wrap(&self, ports: &Ports) -> Ports {
        Ports {
            alarms: self.around(&ports.alarms),
            instances: self.around(&ports.instances),
            network: self.around(&ports.network),
            groups: self.around(&ports.groups),
            targets: self.around(&ports.targets),
            snapshots: self.around(&ports.snapshots),
            credentials: self.around(&ports.credentials),
            evidence: self.around(&ports.evidence),
            notifier: self.around(&ports.notifier),
            journal: self.around(&ports.journal),
            clock: self.around(&ports.clock),
        }
    }

    pub fn wrap_roles(&self, roles: &Arc<dyn Roles>) -> Arc<dyn Roles> {
        self.around(roles)
    }

    fn around<T: ?Sized>(&self, inner: &Arc<T>) -> Arc<Faulty<T>> {
        Arc::new(Faulty { inner: Arc::clone(inner), faults: self.clone() })
    }

    /// How many of `calls` were made so far.
    pub fn seen(&self, calls: Calls) -> usize {
        self.rules.lock().unwrap().seen(calls)
    }

    /// The calls that a fault has met so far.
    pub fn met(&self) -> Vec<Operation> {
        self.rules.lock().unwrap().met()
    }

    /// Runs a process until it ends; `None` where it was killed, and then nothing of it goes on.
    pub async fn run<T>(&self, process: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.until(Phase::Dead) => None,
            answer = process => Some(answer),
        }
    }

    /// Waits until a [`Fault::Hold`] has stopped the process.
    pub async fn held(&self) {
        self.until(Phase::Held).await;
    }

    /// Lets a held process go on.
    pub fn let_go(&self) {
        self.phase.send_if_modified(|phase| {
            let held = *phase == Phase::Held;
            if held {
                *phase = Phase::Running;
            }
            held
        });
    }

    async fn until(&self, awaited: Phase) {
        // The sender is ours, so the channel can't close while we wait.
        self.phase.subscribe().wait_for(|phase| *phase == awaited).await.expect("an open channel");
    }
}

impl<T: ?Sized> Faulty<T> {
    /// Makes one call, or what its fault makes of it. A dead process's calls never return.
    async fn call<A, E: From<PortError>>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<A, E>>,
    ) -> Result<A, E> {
        let faults = &self.faults;
        faults.until(Phase::Running).await;
        let fault = faults.rules.lock().unwrap().meet(operation);
        match fault {
            Some(Fault::Fail(kind)) => {
                tokio::task::yield_now().await;
                return Err(operation.error(kind, "InjectedFault", "it was made to fail").into());
            }
            Some(Fault::KillBefore) => self.die().await,
            Some(Fault::Hold) => self.hold().await,
            Some(Fault::LoseAnswer | Fault::KillAfter) | None => {}
        }
        let answer = call.await;
        match fault {
            Some(Fault::LoseAnswer) => {
                return Err(operation.error(ErrorKind::Transient, "InjectedFault", "its answer was lost").into());
            }
            Some(Fault::KillAfter) => self.die().await,
            Some(Fault::Fail(_) | Fault::KillBefore | Fault::Hold) | None => {}
        }
        faults.until(Phase::Running).await;
        answer
    }

    async fn die(&self) {
        self.faults.phase.send_replace(Phase::Dead);
        std::future::pending().await
    }

    async fn hold(&self) {
        self.faults.phase.send_replace(Phase::Held);
        self.faults.until(Phase::Running).await;
    }
}
