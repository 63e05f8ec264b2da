//! The pure core of detection.
pub mod fleet;
pub mod heights;
pub mod past;
pub mod peers;
pub mod sample;
pub mod sliding_max;
pub mod thresholds;
pub mod usual;
pub mod watch;
pub mod fold;
pub mod judge;
pub mod reason;
pub mod verify;
pub mod group;
pub mod inject;
pub mod replay;
pub mod tally;
pub mod csv;
mod csv_cell;
#[cfg(test)]
mod csv_tests;
pub mod problems;
pub mod metric;
