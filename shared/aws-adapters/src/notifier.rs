use crate::error::map;
use async_trait::async_trait;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use ports::{Notice, Notifier, PortError, PortResult, Severity};

const PUBLISH: &str = "sns:Publish";
/// SNS takes a subject of at most 100 printable ASCII characters.
const SUBJECT_LIMIT: usize = 100;

pub(crate) struct NotificationTopic {
    client: Client,
    topic: String,
}

impl NotificationTopic {
    pub(crate) fn new(client: Client, topic: &str) -> Self {
        Self { client, topic: topic.to_owned() }
    }
}

#[async_trait]
impl Notifier for NotificationTopic {
    async fn notify(&self, notice: &Notice) -> PortResult<()> {
        let severity = match notice.severity {
            Severity::Info => "info",
            Severity::Action => "action",
            Severity::Page => "page",
        };
        let call = self
            .client
            .publish()
            .topic_arn(&self.topic)
            .subject(subject(&notice.subject))
            .message(format!("{}\n{}\n", notice.text, notice.details))
            .message_attributes("severity", attribute(severity)?)
            .message_attributes("incident", attribute(notice.incident.as_str())?);
        call.send().await.map(|_| ()).map_err(map(PUBLISH))
    }
}

fn attribute(text: &str) -> PortResult<MessageAttributeValue> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(text)
        .build()
        .map_err(|error| PortError::unreadable(PUBLISH, error))
}

fn subject(text: &str) -> String {
    text.chars().map(|one| if one == ' ' || one.is_ascii_graphic() { one } else { '?' }).take(SUBJECT_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_subject_is_short_plain_ascii() {
        assert_eq!(subject("i-1 \u{1b}[31m é\n"), "i-1 ?[31m ??");
        assert_eq!(subject(&"x".repeat(300)).len(), 100);
    }
}
