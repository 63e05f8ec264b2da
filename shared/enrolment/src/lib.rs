//! Which anomaly detectors and alarms the opted-in groups should have, and which calls bring that about.
//!
//! Pure: what AWS shows and the settings come in, an ordered list of calls comes out. Applying the list to what was
//! seen, and planning again, gives an empty list.

mod actions;
mod alarm;
mod calls;
mod cost;
mod detector;
mod fleet;
mod making;
mod nomination;
mod plan;
mod report;
mod seen;
mod settings;
mod surroundings;
mod training;
mod watches;

pub use actions::ENROL_ACTIONS;
pub use alarm::{AlarmShape, Limit, TAG, alarm_name, fleet_alarm_name, wanted_fleet_shape, wanted_shape};
pub use calls::Call;
pub use cost::{Billed, Cost, Price};
pub use detector::Detector;
pub use nomination::{EventError, Nomination, nomination};
pub use plan::{GroupCount, Plan, Unwatched, Why, holds_to_ask, owners_to_ask, plan};
pub use report::{Failure, Report, Stopped};
pub use seen::{Machine, Seen, SeenAlarm};
pub use settings::{MetricName, Settings, SettingsError, Width};
pub use training::Training;
