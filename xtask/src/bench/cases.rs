//! What is measured: the cases in which the way to an isolated instance differs.

use crate::scene::Enrolment;
use crate::traffic::SURGE;

/// One fleet, and how many of its instances raise their alarms at once.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    pub size: usize,
    pub interfaces: usize,
    pub alarms: usize,
    pub enrolment: Enrolment,
    /// A large fleet is measured once.
    pub once: bool,
}

/// Bytes of a datapoint above which the alarm fires: between calm and a surge.
const THRESHOLD: f64 = SURGE / 9.0;
const ENROLLED: Enrolment = Enrolment { hint: true, quarantine_group: true, threshold: Some(THRESHOLD) };
const USUAL: Case = Case { name: "", size: 4, interfaces: 1, alarms: 1, enrolment: ENROLLED, once: false };

/// Two at once, so that no measured case has to start a process.
pub const WARM_UP: Case = Case { name: "warm-up", alarms: 2, ..USUAL };

pub const CORDON: [Case; 7] = [
    Case { name: "hint, 1 interface", ..USUAL },
    Case { name: "hint, 2 interfaces", interfaces: 2, ..USUAL },
    Case { name: "hint, 8 interfaces", interfaces: 8, ..USUAL },
    Case { name: "no hint", enrolment: Enrolment { hint: false, ..ENROLLED }, ..USUAL },
    Case { name: "quarantine group missing", enrolment: Enrolment { quarantine_group: false, ..ENROLLED }, ..USUAL },
    Case { name: "two of a group race for a slot", alarms: 2, ..USUAL },
    Case { name: "20 of 120 at once", size: 120, alarms: 20, once: true, ..USUAL },
];

/// One call after another, as a comparison. It makes no quarantine group and needs no hint.
pub const PLAIN: [Case; 3] = [
    Case { name: "one after another, 1 interface", ..USUAL },
    Case { name: "one after another, 2 interfaces", interfaces: 2, ..USUAL },
    Case { name: "one after another, 8 interfaces", interfaces: 8, ..USUAL },
];
