//! Publishing the fleet metric.

use crate::error::map;
use async_trait::async_trait;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use detection::fleet::{DIMENSION, METRIC, NAMESPACE};
use ports::{FleetDatapoint, FleetMetric, PortResult};

pub(crate) struct CloudWatchFleetMetric {
    client: Client,
}

impl CloudWatchFleetMetric {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl FleetMetric for CloudWatchFleetMetric {
    async fn publish(&self, datapoints: &[FleetDatapoint]) -> PortResult<()> {
        let data = datapoints.iter().map(datum).collect();
        let call = self.client.put_metric_data().namespace(NAMESPACE).set_metric_data(Some(data));
        call.send().await.map(|_| ()).map_err(map("cloudwatch:PutMetricData"))
    }
}

fn datum(datapoint: &FleetDatapoint) -> MetricDatum {
    MetricDatum::builder()
        .metric_name(METRIC)
        .dimensions(Dimension::builder().name(DIMENSION).value(datapoint.group.as_str()).build())
        .timestamp(DateTime::from_secs(datapoint.at.unix_timestamp()))
        .value(datapoint.log_ratio)
        .unit(StandardUnit::None)
        .build()
}
