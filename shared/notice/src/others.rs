//! Notices that are of no incident: a request that waits for a second person, and the freeze.

use crate::lines::Lines;
use crate::{Console, Notice, Place, SCHEMA, Severity};
use containment::ids::IncidentId;
use containment::operator::Operator;
use containment::request::PendingApproval;
use serde_json::json;

/// A protected instance waits for a second person.
pub fn of_approval(pending: &PendingApproval, place: &Place<'_>) -> Notice {
    let requested = &pending.requested;
    let link = Console::of(place.partition, place.region).map(|console| console.instance(pending.instance.as_str()));
    let command = format!("cordon approve {} --reason \"WHY\"", pending.id);
    let mut lines = Lines::default();
    let terms = match (requested.hold, requested.untrack) {
        (_, true) => " and keep it running; a group swap opens it to everything for a moment (--hold --untrack)",
        (true, false) => " and keep it running (--hold)",
        (false, false) => "",
    };
    let what = format!("{} is protected: a second person must approve to contain it{terms}", pending.instance);
    lines.value("What", what);
    lines.value("Where", format!("account {}, {}", place.account, place.region));
    lines.value("Asked by", &requested.by.arn);
    lines.quoted("Reason", &requested.reason);
    lines.value("Until", format!("{}, as another user or role", pending.expires_at));
    lines.gap();
    lines.verbatim("Approve", &command);
    if let Some(link) = &link {
        lines.gap();
        lines.value("Console", "");
        lines.verbatim("  instance", link);
    }
    let details = json!({
        "schema": SCHEMA,
        "approval": pending,
        "links": {"instance": link},
        "commands": {"approve": command},
    });
    Notice {
        incident: IncidentId::new(pending.id.clone()),
        severity: Severity::Page,
        subject: format!("Cordon: {} needs approval ({})", pending.instance, place.region),
        text: lines.into_text(),
        details: details.to_string(),
    }
}

pub fn of_freeze(what: &str, by: &Operator, reason: &str, place: &Place<'_>) -> Notice {
    let mut lines = Lines::default();
    lines.value("What", format!("automatic containment is {what}"));
    lines.value("Where", format!("account {}, {}", place.account, place.region));
    lines.value("By", &by.arn);
    lines.quoted("Reason", reason);
    Notice {
        incident: IncidentId::new("freeze"),
        severity: Severity::Page,
        subject: format!("Cordon: automatic containment is {what} ({})", place.region),
        text: lines.into_text(),
        details: json!({"schema": SCHEMA, "freeze": what, "by": by, "reason": reason}).to_string(),
    }
}
