//! One run of a function: the account, seen through ports of its own, with faults of its own.

use crate::account::Account;
use crate::faults::{Fate, Faults};
use async_trait::async_trait;
use ports::{Clock, EnrolmentPorts, Findings, FleetPorts, PortError, PortResult, Ports};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::OffsetDateTime;

#[derive(Clone)]
pub struct Process {
    pub(crate) account: Arc<Mutex<Account>>,
    pub faults: Arc<Faults>,
}

impl Process {
    pub(crate) fn new(account: Arc<Mutex<Account>>) -> Self {
        Self { account, faults: Arc::default() }
    }

    pub fn ports(&self) -> Ports {
        Ports {
            alarms: Arc::new(self.clone()),
            instances: Arc::new(self.clone()),
            network: Arc::new(self.clone()),
            groups: Arc::new(self.clone()),
            targets: Arc::new(self.clone()),
            traffic: Arc::new(self.clone()),
            snapshots: Arc::new(self.clone()),
            credentials: Arc::new(self.clone()),
            evidence: Arc::new(self.clone()),
            exhibits: Arc::new(self.clone()),
            signer: Arc::new(self.clone()),
            notifier: Arc::new(self.clone()),
            findings: self
                .account
                .lock()
                .unwrap()
                .has_security_hub
                .then(|| Arc::new(self.clone()) as Arc<dyn Findings>),
            journal: Arc::new(self.clone()),
            callers: Arc::new(self.clone()),
            clock: Arc::new(self.clone()),
        }
    }

    pub fn enrolment_ports(&self) -> EnrolmentPorts {
        EnrolmentPorts {
            groups: Arc::new(self.clone()),
            watches: Arc::new(self.clone()),
            enrolments: Arc::new(self.clone()),
            network: Arc::new(self.clone()),
            clock: Arc::new(self.clone()),
        }
    }

    pub fn fleet_ports(&self) -> FleetPorts {
        FleetPorts {
            groups: Arc::new(self.clone()),
            traffic: Arc::new(self.clone()),
            metric: Arc::new(self.clone()),
            clock: Arc::new(self.clone()),
        }
    }

    pub(crate) async fn read<T>(
        &self,
        operation: &'static str,
        look: impl FnOnce(&mut Account) -> PortResult<T>,
    ) -> PortResult<T> {
        self.call(operation, false, look).await
    }

    pub(crate) async fn change<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(&mut Account) -> PortResult<T>,
    ) -> PortResult<T> {
        self.call(operation, true, effect).await
    }

    /// Yields first, so that runs at the same time interleave at every call.
    pub(crate) async fn call<T, E: From<PortError>>(
        &self,
        operation: &'static str,
        mutates: bool,
        effect: impl FnOnce(&mut Account) -> Result<T, E>,
    ) -> Result<T, E> {
        tokio::task::yield_now().await;
        let fate = self.faults.meet(operation, mutates);
        if matches!(fate, Fate::DiesBefore | Fate::NeverAnswers) {
            return std::future::pending().await;
        }
        if let Fate::Fails(error) = fate {
            return Err(error.into());
        }
        let result = {
            let mut account = self.account.lock().unwrap();
            account.settle_time();
            effect(&mut account)
        };
        match fate {
            Fate::LosesItsAnswer(error) => Err(error.into()),
            Fate::DiesAfter => std::future::pending().await,
            _ => result,
        }
    }
}

#[async_trait]
impl Clock for Process {
    fn now(&self) -> OffsetDateTime {
        self.account.lock().unwrap().now
    }

    async fn sleep(&self, duration: Duration) {
        self.account.lock().unwrap().now += duration;
        tokio::task::yield_now().await;
    }
}
