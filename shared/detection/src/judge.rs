//! From a finding and what is known around it to reasons. The verifier and the backtest both come through here.

use crate::peers::PeerFigures;
use crate::reason::Reason;
use crate::thresholds::Thresholds;
use crate::watch::{Figures, Finding};

/// What is known of the instance's group at the time of the finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fleet {
    /// It is in no group.
    Standalone,
    /// It has peers that could not be read.
    Unknown,
    Peers(PeerFigures),
}

/// The reasons for and against, of the series alone. `age_s` is the time that is known of the instance.
pub fn judge(finding: &Finding, age_s: i64, fleet: &Fleet, figures: &Thresholds) -> Vec<Reason> {
    match finding {
        Finding::Quiet { outbound } => {
            vec![Reason::Quiet { outbound: *outbound, floor: figures.floor_bytes_per_s }]
        }
        Finding::Held { rule, figures } => vec![Reason::Held { by: *rule, figures: *figures }],
        Finding::Novel { figures: compared } => {
            let mut reasons = vec![Reason::Novel { figures: *compared }];
            reasons.push(of_peers(fleet, figures));
            if age_s < figures.young_s {
                reasons.extend(of_youth(compared, age_s, fleet, figures));
            }
            if matches!(fleet, Fleet::Standalone) {
                reasons.retain(|reason| !matches!(reason, Reason::PeersAbstain { .. }));
            }
            reasons
        }
    }
}

fn of_peers(fleet: &Fleet, figures: &Thresholds) -> Reason {
    match fleet {
        Fleet::Standalone => Reason::PeersAbstain { reporting: 0, needed: figures.min_peers },
        Fleet::Unknown => Reason::PeersUnknown,
        Fleet::Peers(peers) if is_surge(peers, figures) => Reason::FleetSurge { peers: *peers },
        Fleet::Peers(peers) if peers.reporting < figures.min_peers => {
            Reason::PeersAbstain { reporting: peers.reporting, needed: figures.min_peers }
        }
        Fleet::Peers(peers) => Reason::PeersDiffer { peers: *peers },
    }
}

/// A surge is asked of however few peers report: two of two rising together is the fleet's doing as well.
fn is_surge(peers: &PeerFigures, figures: &Thresholds) -> bool {
    if peers.reporting == 0 {
        return false;
    }
    let together = peers.surging as f64 >= figures.surge_part * peers.reporting as f64 && peers.surging >= 1;
    let no_further = peers.own_rise < figures.peer_factor * peers.median_rise;
    let enough = peers.reporting >= figures.min_peers;
    together && peers.surging >= 2.min(peers.reporting)
        || enough && (no_further || peers.times_median < figures.peer_factor)
}

fn of_youth(compared: &Figures, age_s: i64, fleet: &Fleet, figures: &Thresholds) -> Option<Reason> {
    let young = Reason::Young { age_s, needs_s: figures.young_s };
    let Fleet::Peers(peers) = fleet else { return Some(young) };
    if peers.reporting < figures.min_peers {
        return Some(young);
    }
    // What no peer has done in 14 days stands for the history that the instance doesn't have.
    let Some(most_seen) = peers.most_seen else { return Some(young) };
    let needed = most_seen * figures.novelty.first().copied().unwrap_or(1.0);
    (compared.level <= needed).then_some(Reason::SeenOnPeers { level: compared.level, most_seen })
}
