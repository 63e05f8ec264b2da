//! The pure core of detection.
pub mod fleet;
pub mod fold;
pub mod group;
pub mod heights;
pub mod inject;
pub mod judge;
pub mod past;
pub mod peers;
pub mod reason;
pub mod replay;
pub mod sample;
pub mod sliding_max;
pub mod tally;
pub mod thresholds;
pub mod usual;
pub mod verify;
pub mod watch;
