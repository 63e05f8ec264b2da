//! The datapoints that the verdict looked at, kept as evidence beside it: CloudWatch itself forgets five-minute data after
//! 63 days (AWS: "Metrics retention").

use crate::{Engine, traffic_span};
use containment::incident::{Incident, SCHEMA};
use detection::watch::STEP_S;
use ports::{Exhibit, PortError};
use serde_json::json;
use signal::InstanceId;

const NAME: &str = "traffic-window.json";

/// The two weeks before the incident was opened, as EC2 counted them, with the verdict. Read anew: CloudWatch may have
/// revised the newest datapoints since. `None` where nothing was judged.
pub(crate) async fn window(engine: &Engine, instance: &InstanceId, incident: &Incident) -> Option<Exhibit> {
    let judged = incident.judged.as_ref()?;
    let span = traffic_span(incident.opened_at);
    let read = engine.ports.traffic.history(instance, incident.group.as_ref(), span).await;
    let answer = read.and_then(|history| {
        let reporting: Vec<_> = history.reporting.iter().map(|one| (one.epoch_s, one.instances)).collect();
        let document = json!({
            "schema": SCHEMA,
            "incident": incident.id,
            "judged": judged,
            "period_s": STEP_S,
            "instance": history.instance,
            "group_mean": history.group,
            "instances_reporting": reporting,
        });
        serde_json::to_vec(&document).map_err(|error| PortError::unreadable("cloudwatch:GetMetricData", error))
    });
    Some(Exhibit { name: NAME, answer })
}
