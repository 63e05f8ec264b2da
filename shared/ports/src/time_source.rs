use async_trait::async_trait;
use std::time::Duration;
use time::OffsetDateTime;

#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> OffsetDateTime;

    async fn sleep(&self, duration: Duration);
}
