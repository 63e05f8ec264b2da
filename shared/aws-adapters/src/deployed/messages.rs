use super::StackReader;
use crate::error::map;
use aws_sdk_sqs::types::QueueAttributeName;
use ports::{PortError, PortResult};

const TOPIC: &str = "sns:GetTopicAttributes";
const SUBSCRIPTIONS: &str = "sns:ListSubscriptionsByTopic";
const QUEUE: &str = "sqs:GetQueueAttributes";
/// What ListSubscriptionsByTopic shows instead of an ARN.
const PENDING: &str = "PendingConfirmation";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedTopic {
    /// Id, ARN or alias of the KMS key; `None` where it is not encrypted.
    pub key: Option<String>,
    /// A policy document.
    pub policy: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub protocol: String,
    pub endpoint: String,
    pub confirmed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployedQueue {
    pub key: Option<String>,
    /// Waiting, delayed or being read.
    pub messages: u64,
}

impl StackReader {
    pub async fn topic(&self, arn: &str) -> PortResult<DeployedTopic> {
        let answer = self.sns.get_topic_attributes().topic_arn(arn).send().await.map_err(map(TOPIC))?;
        let of = |name: &str| answer.attributes().and_then(|attributes| attributes.get(name)).cloned();
        Ok(DeployedTopic { key: of("KmsMasterKeyId"), policy: of("Policy") })
    }

    pub async fn subscriptions(&self, topic: &str) -> PortResult<Vec<Subscription>> {
        let mut pages = self.sns.list_subscriptions_by_topic().topic_arn(topic).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for subscription in page.map_err(map(SUBSCRIPTIONS))?.subscriptions() {
                found.push(Subscription {
                    protocol: subscription.protocol().unwrap_or_default().to_owned(),
                    endpoint: subscription.endpoint().unwrap_or_default().to_owned(),
                    confirmed: subscription.subscription_arn().is_some_and(|arn| arn != PENDING),
                });
            }
        }
        Ok(found)
    }

    pub async fn queue(&self, url: &str) -> PortResult<DeployedQueue> {
        const COUNTS: [QueueAttributeName; 3] = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let names = COUNTS.into_iter().chain([QueueAttributeName::KmsMasterKeyId]);
        let call = self.sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(names.collect()));
        let answer = call.send().await.map_err(map(QUEUE))?;
        let of = |name: &QueueAttributeName| answer.attributes().and_then(|attributes| attributes.get(name));
        let count = |name: &QueueAttributeName| of(name).and_then(|count| count.parse::<u64>().ok());
        let counts: Option<Vec<u64>> = COUNTS.iter().map(count).collect();
        let counts = counts.ok_or_else(|| PortError::unreadable(QUEUE, "a queue without its number of messages"))?;
        Ok(DeployedQueue { key: of(&QueueAttributeName::KmsMasterKeyId).cloned(), messages: counts.iter().sum() })
    }
}
