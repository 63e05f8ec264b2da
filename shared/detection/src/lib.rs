//! The pure core of detection: whether an instance that an alarm points at does what it has never done.
//!
//! Nothing here awaits, reads a clock, an environment variable, a file or a network, and nothing panics on input.
//! [`watch`] is the rule, of one instance's datapoints; it stands on [`past`] (what was sustained before), [`usual`]
//! (quantiles) and [`heights`] (how long it lasts). [`judge`] adds the fleet and the time of life. Two callers come
//! through both: [`verify`] for an alarm, [`replay`] and [`group`] for a backtest, whose input is [`csv`], whose tests are
//! [`inject`] and [`labels`] and whose output is [`results`]. [`metric`] asks the same of one metric of any kind. [`fleet`]
//! is the metric that nominates instances too young for a band, and [`fleet_periods`] whom. `docs/DETECTION.md` has the
//! measurements.

pub mod csv;
mod csv_cell;
#[cfg(test)]
mod csv_tests;
pub mod fleet;
pub mod fleet_periods;
pub mod fold;
pub mod group;
pub mod heights;
pub mod inject;
pub mod judge;
pub mod labels;
pub mod metric;
pub mod past;
pub mod peers;
pub mod problems;
pub mod reason;
pub mod replay;
pub mod results;
pub mod sample;
pub mod scale;
pub mod sliding_max;
pub mod tally;
pub mod thresholds;
pub mod usual;
pub mod verify;
pub mod watch;
