//! Why: the figure against its threshold or band, and against its peers, by AWS's own numbers. What is not known is said.

use crate::is_confirmed;
use crate::quantity::{amount, figure as number};
use containment::figure::{Amount, Figure};
use containment::incident::{Incident, IncidentState};

/// Label → sentence.
pub fn reasons(incident: &Incident) -> Vec<(&'static str, String)> {
    if incident.alarm.is_none() || !is_confirmed(incident) {
        return Vec::new();
    }
    let why = match (&incident.figure, incident.captured_figure()) {
        (Some(figure), _) => format!("{}, by AWS's evaluation of the alarm", compared(figure)),
        (None, _) if incident.drill => "no figure: the alarm's state was set by hand".to_owned(),
        (None, Some(figure)) => format!("{}, by the captured metrics", compared(figure)),
        (None, None) => "no figure is known: what AWS answers about this alarm holds none".to_owned(),
    };
    vec![("Why", why), ("Peers", peers(incident))]
}

fn peers(incident: &Incident) -> String {
    if matches!(incident.state, IncidentState::Observed | IncidentState::Refused { .. }) {
        return "not read: they are captured with the evidence of a containment".to_owned();
    }
    let Some(figure) = incident.captured_figure() else {
        return if incident.evidence.is_empty() {
            "not known yet: they are captured with the evidence".to_owned()
        } else {
            "not known: no value of the metric was captured".to_owned()
        };
    };
    let unit = unit(figure);
    let beside = match (figure.peers_median, figure.peers) {
        (Some(median), 1) => format!("its one peer had {}", amount(median.get(), unit)),
        (Some(median), count) => format!("the median of its {count} peers was {}", amount(median.get(), unit)),
        (None, _) => "no peer had a value".to_owned(),
    };
    format!("{}; {beside}, by the captured metrics", measured(figure))
}

/// `NetworkOut was 900 MB (1-minute value)`.
fn measured(figure: &Figure) -> String {
    let period = figure.period.map(|seconds| format!(" ({}value)", span(seconds))).unwrap_or_default();
    format!("{} was {}{period}", figure.metric, amount(figure.value.get(), unit(figure)))
}

/// The same, and `, above the anomaly band's upper edge of 1.2 MB (750 times as much)`.
fn compared(figure: &Figure) -> String {
    let unit = unit(figure);
    let shown = |value: Amount| amount(value.get(), unit);
    let mut text = measured(figure);
    let value = figure.value;
    match (figure.lower, figure.upper, figure.threshold) {
        (_, Some(upper), _) if value > upper => {
            text +=
                &format!(", above the anomaly band's upper edge of {}{}", shown(upper), times_as_much(value, upper));
        }
        (Some(lower), _, _) if value < lower => {
            text += &format!(", below the anomaly band's lower edge of {}", shown(lower));
        }
        (Some(lower), Some(upper), _) => {
            text += &format!(", inside the anomaly band of {} to {}", shown(lower), shown(upper));
        }
        (None, Some(edge), _) | (Some(edge), None, _) => {
            text += &format!(", inside the anomaly band, whose edge was {}", shown(edge));
        }
        (None, None, Some(threshold)) if value > threshold => {
            text += &format!(", above the threshold of {}{}", shown(threshold), times_as_much(value, threshold));
        }
        (None, None, Some(threshold)) if value < threshold => {
            text += &format!(", below the threshold of {}", shown(threshold));
        }
        (None, None, Some(threshold)) => text += &format!(", at the threshold of {}", shown(threshold)),
        (None, None, None) => {}
    }
    text
}

fn unit(figure: &Figure) -> &str {
    figure.unit.as_deref().unwrap_or_default()
}

fn times_as_much(value: Amount, than: Amount) -> String {
    let factor = value.get() / than.get();
    let is_told = than.get() > 0.0 && (1.05..1e6).contains(&factor);
    if is_told { format!(" ({} times as much)", number(factor)) } else { String::new() }
}

fn span(seconds: u32) -> String {
    match (seconds / 60, seconds % 60) {
        (minutes, 0) if minutes > 0 => format!("{minutes}-minute "),
        _ => format!("{seconds}-second "),
    }
}
