//! Why: each rule's answer with the figures that it compared. Exhaustive, so that a new rule can't be left out of what
//! people and the journal are told.

use crate::peers::PeerFigures;
use crate::watch::{Figures, Rule};
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Every rule was asked, could answer, and agrees.
    Isolate,
    /// Something could not be known, or people should look.
    AlertOnly,
    /// The traffic is as it has been.
    Reject,
}

/// What CloudWatch says of the model behind the alarm that nominates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DetectorState {
    Trained,
    TrainedInsufficientData,
    PendingTraining,
    Unknown,
    /// The alarm has no band: the fleet alarm, or a plain threshold.
    NotABand,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Reason {
    /// More than ever, for as long as the figures say. The only reason for isolating.
    Novel {
        figures: Figures,
    },
    /// The peers do not do the same.
    PeersDiffer {
        peers: PeerFigures,
    },
    /// Too few peers report; the instance's own history decides.
    PeersAbstain {
        reporting: usize,
        needed: usize,
    },
    Quiet {
        outbound: f64,
        floor: f64,
    },
    Held {
        by: Rule,
        figures: Figures,
    },
    /// The fleet does the same.
    FleetSurge {
        peers: PeerFigures,
    },
    /// A young instance does what a peer has done before.
    SeenOnPeers {
        level: f64,
        most_seen: f64,
    },
    Young {
        age_s: i64,
        needs_s: i64,
    },
    PeersUnknown,
    LaunchUnknown,
    Detector {
        state: DetectorState,
    },
    RecentEvent {
        ago_s: i64,
        quiet_s: i64,
    },
    NoDatapoint,
    Stale {
        ended_ago_s: i64,
    },
}

impl Reason {
    /// What this reason alone would decide.
    pub fn decision(&self) -> Decision {
        match self {
            Self::Novel { .. } | Self::PeersDiffer { .. } | Self::PeersAbstain { .. } => Decision::Isolate,
            Self::Quiet { .. } | Self::SeenOnPeers { .. } => Decision::Reject,
            Self::Held { by, .. } => match by {
                Rule::Floor | Rule::Persistence | Rule::Novelty => Decision::Reject,
                // It may be real, and is not beyond doubt: people should see it.
                Rule::Steadiness | Rule::Inbound => Decision::AlertOnly,
            },
            Self::FleetSurge { .. }
            | Self::Young { .. }
            | Self::PeersUnknown
            | Self::LaunchUnknown
            | Self::Detector { .. }
            | Self::RecentEvent { .. }
            | Self::NoDatapoint
            | Self::Stale { .. } => Decision::AlertOnly,
        }
    }

    /// The rule's name, as results count by it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Novel { .. } => "novel",
            Self::PeersDiffer { .. } => "peers-differ",
            Self::PeersAbstain { .. } => "peers-abstain",
            Self::Quiet { .. } => "floor",
            Self::Held { by, .. } => match by {
                Rule::Floor => "floor",
                Rule::Persistence => "persistence",
                Rule::Steadiness => "steadiness",
                Rule::Inbound => "inbound",
                Rule::Novelty => "novelty",
            },
            Self::FleetSurge { .. } => "fleet-surge",
            Self::SeenOnPeers { .. } => "seen-on-peers",
            Self::Young { .. } => "young",
            Self::PeersUnknown => "peers-unknown",
            Self::LaunchUnknown => "launch-unknown",
            Self::Detector { .. } => "detector",
            Self::RecentEvent { .. } => "recent-event",
            Self::NoDatapoint => "no-datapoint",
            Self::Stale { .. } => "stale",
        }
    }
}

/// Isolation only where every reason is for it; a rejection outweighs a doubt, for the traffic is then as usual.
pub fn decide(reasons: &[Reason]) -> Decision {
    let has = |wanted| reasons.iter().any(|reason| reason.decision() == wanted);
    let is_novel = reasons.iter().any(|reason| matches!(reason, Reason::Novel { .. }));
    match (has(Decision::Reject), has(Decision::AlertOnly), is_novel) {
        (true, _, _) => Decision::Reject,
        (false, false, true) => Decision::Isolate,
        _ => Decision::AlertOnly,
    }
}

/// Bytes a second with a unit that leaves few digits.
struct Rate(f64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            rate if rate >= 1e6 => write!(f, "{:.1} MB/s", rate / 1e6),
            rate if rate >= 1e3 => write!(f, "{:.0} KB/s", rate / 1e3),
            rate => write!(f, "{rate:.0} B/s"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Novel { figures: seen } => write!(
                f,
                "sent {} for {} minutes; while no more came in ({}) it had never held more than {}, and {} was needed",
                Rate(seen.level),
                seen.minutes,
                Rate(seen.inbound),
                Rate(seen.seen),
                Rate(seen.needed)
            ),
            Self::PeersDiffer { peers } => write!(
                f,
                "its rate rose {:.0} times; the median of {} peers rose {:.1} times",
                peers.own_rise, peers.reporting, peers.median_rise
            ),
            Self::PeersAbstain { reporting, needed } => {
                write!(f, "{reporting} peers report and {needed} are needed, so peers say nothing")
            }
            Self::Quiet { outbound, floor } => {
                write!(f, "it sends {}, less than the floor of {}", Rate(*outbound), Rate(*floor))
            }
            Self::Held { by, figures } => held(f, *by, figures),
            Self::FleetSurge { peers } => write!(
                f,
                "its rate rose {:.0} times, the peers' median {:.0} times, and {} of {} peers surge: the fleet does it",
                peers.own_rise, peers.median_rise, peers.surging, peers.reporting
            ),
            Self::SeenOnPeers { level, most_seen } => {
                write!(f, "it sends {}; a peer has sustained {} before", Rate(*level), Rate(*most_seen))
            }
            Self::Young { age_s, needs_s } => write!(
                f,
                "it is {} hours old: under {} hours only peers can tell, and they don't",
                age_s / 3600,
                needs_s / 3600
            ),
            Self::PeersUnknown => f.write_str("it has peers, and their traffic could not be read"),
            Self::LaunchUnknown => f.write_str("when it was launched is not known"),
            Self::Detector { state } => write!(f, "the anomaly detector is not trained ({state:?})"),
            Self::RecentEvent { ago_s, quiet_s } => write!(
                f,
                "a deployment or change of scale was {} minutes ago; nothing is isolated within {}",
                ago_s / 60,
                quiet_s / 60
            ),
            Self::NoDatapoint => f.write_str("there is no complete datapoint to judge"),
            Self::Stale { ended_ago_s } => write!(f, "the last datapoint ended {} minutes ago", ended_ago_s / 60),
        }
    }
}

fn held(f: &mut fmt::Formatter<'_>, by: Rule, seen: &Figures) -> fmt::Result {
    match by {
        Rule::Floor | Rule::Persistence => write!(f, "it has not lasted for {} minutes without a gap", seen.minutes),
        Rule::Steadiness => {
            write!(
                f,
                "over {} minutes the most is {:.1} times the least: not one steady stream",
                seen.minutes, seen.spread
            )
        }
        Rule::Inbound => write!(
            f,
            "inbound rose to {} (usual: {}), which answers for what is sent",
            Rate(seen.inbound),
            Rate(seen.usual_inbound)
        ),
        Rule::Novelty => write!(
            f,
            "{} for {} minutes is not new: {} was sustained before, and {} would be needed",
            Rate(seen.level),
            seen.minutes,
            Rate(seen.seen),
            Rate(seen.needed)
        ),
    }
}
