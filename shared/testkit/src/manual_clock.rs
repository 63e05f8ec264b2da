//! A clock that stands still until somebody moves it.

use async_trait::async_trait;
use ports::Clock;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use time::OffsetDateTime;

/// Copies share the same time. Sleeping moves it, so that no test waits.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<OffsetDateTime>>);

impl ManualClock {
    pub fn at(start: OffsetDateTime) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    pub fn time(&self) -> OffsetDateTime {
        *self.0.lock().unwrap()
    }

    pub fn advance(&self, duration: Duration) {
        let mut time = self.0.lock().unwrap();
        *time += duration;
    }

    /// Moves on to `until`, never back.
    fn reach(&self, until: OffsetDateTime) {
        let mut time = self.0.lock().unwrap();
        *time = until.max(*time);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        self.time()
    }

    /// Those who sleep at the same time sleep at once, not one after the other.
    async fn sleep(&self, duration: Duration) {
        let until = self.time() + duration;
        tokio::task::yield_now().await;
        self.reach(until);
    }
}
