//! The account: its state, its clock and the log of calls, shared by all copies.

use crate::call_log::{Call, CallLog};
use crate::manual_clock::ManualClock;
use crate::operations::Operation;
use crate::world::World;
use ports::{Clock, Ports, Roles};
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use time::OffsetDateTime;

#[derive(Clone)]
pub struct Cloud {
    clock: ManualClock,
    calls: CallLog,
    world: Arc<Mutex<World>>,
}

impl Cloud {
    /// An empty account at `start`.
    pub fn at(start: OffsetDateTime) -> Self {
        Self { clock: ManualClock::at(start), calls: CallLog::default(), world: Arc::new(Mutex::new(World::at(start))) }
    }

    pub fn ports(&self) -> Ports {
        Ports {
            alarms: Arc::new(self.clone()),
            instances: Arc::new(self.clone()),
            network: Arc::new(self.clone()),
            groups: Arc::new(self.clone()),
            targets: Arc::new(self.clone()),
            snapshots: Arc::new(self.clone()),
            credentials: Arc::new(self.clone()),
            evidence: Arc::new(self.clone()),
            notifier: Arc::new(self.clone()),
            journal: Arc::new(self.clone()),
            clock: Arc::new(self.clock.clone()),
        }
    }

    pub fn roles(&self) -> Arc<dyn Roles> {
        Arc::new(self.clone())
    }

    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    pub fn calls(&self) -> &CallLog {
        &self.calls
    }

    pub fn now(&self) -> OffsetDateTime {
        self.clock.time()
    }

    pub fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// The account's state as it is now, to look at or to change behind everybody's back.
    pub fn world<T>(&self, visit: impl FnOnce(&mut World) -> T) -> T {
        // A test that fails while it looks must not hide its reason behind a poisoned lock.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.catch_up(self.clock.time());
        visit(&mut world)
    }

    /// One call: others may run before it takes effect, and it takes effect as a whole.
    pub(crate) async fn call<T, E: Display>(
        &self,
        operation: Operation,
        arguments: String,
        act: impl FnOnce(&mut World) -> Result<T, E> + Send,
    ) -> Result<T, E> {
        tokio::task::yield_now().await;
        let latency = self.world(|world| world.delays.call);
        if !latency.is_zero() {
            self.clock.sleep(latency).await;
        }
        self.world(|world| {
            let answer = act(world);
            let error = answer.as_ref().err().map(ToString::to_string);
            self.calls.push(Call { operation, arguments, at: world.now(), error });
            answer
        })
    }
}
