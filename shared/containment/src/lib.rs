//! The pure core of containment: what was observed, whether to act, what to do, what was done.
//!
//! Nothing here awaits, reads a clock, an environment variable, a file or a network, and nothing panics on input.
//! The order of use is the order of the modules: [`verify`] turns a signal and what AWS answered into a
//! [`verify::VerifiedAlarm`]; [`authority`] and [`guards`] decide whether that may be acted on; [`plan`] says
//! what to do; [`journal`] and [`incident`] hold what was intended and done; [`assess`] compares it with AWS.

pub mod assess;
pub mod attack;
pub mod authority;
pub mod breaker;
pub mod capture;
pub mod composite_rule;
pub mod coverage;
pub mod decide;
pub mod figure;
pub mod finding;
pub mod guards;
pub mod ids;
pub mod incident;
pub mod journal;
pub mod judged;
pub mod metric_query;
pub mod observed;
pub mod operator;
pub mod plan;
pub mod prior;
pub mod quarantine;
pub mod refusal;
pub mod release;
pub mod request;
pub mod revocation;
pub mod snapshot_lock;
pub mod step;
pub mod untracking;
pub mod verify;
