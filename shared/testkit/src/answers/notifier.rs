use crate::cloud::Cloud;
use crate::operations::NOTIFY;
use async_trait::async_trait;
use ports::{Notice, Notifier, PortError, PortResult};

#[async_trait]
impl Notifier for Cloud {
    async fn notify(&self, notice: &Notice) -> PortResult<()> {
        self.call(NOTIFY, notice.subject.clone(), |world| {
            world.notices.push(notice.clone());
            Ok::<_, PortError>(())
        })
        .await
    }
}
