//! Series that are peers of one another, replayed together in the order of time.

use crate::fold::Fold;
use crate::judge::Fleet;
use crate::peers::{Level, PeerFigures, Rise, compare};
use crate::replay::{Isolation, Track, odd};
use crate::sample::{Rates, Sample};
use crate::tally::Tally;
use crate::thresholds::Thresholds;
use crate::watch::{Finding, STEP_S};
use std::collections::BTreeMap;

/// One of a group's series, by its place in the group.
pub type Place = usize;

#[derive(Debug, Clone)]
struct Peer {
    fold: Fold,
    last_s: Option<i64>,
    track: Track,
    level: Level,
}

/// A group. Its memory grows with its series, at most 14 days of each, and not with their length.
#[derive(Debug, Clone)]
pub struct GroupReplay {
    figures: Thresholds,
    peers: Vec<Peer>,
    /// The five minutes that are being collected: nobody is judged before all peers' datapoints are in.
    open_s: Option<i64>,
    open: BTreeMap<Place, Rates>,
}

impl GroupReplay {
    /// `series` peers with datapoints of `period_s`.
    pub fn new(figures: Thresholds, series: usize, period_s: i64) -> Self {
        let peer = Peer { fold: Fold::of(period_s), last_s: None, track: Track::default(), level: Level::default() };
        Self { figures, peers: vec![peer; series], open_s: None, open: BTreeMap::new() }
    }

    /// The next datapoint of all series, merged by time. What is decided is of the five minutes before it. A place that
    /// the group doesn't have is passed over.
    pub fn push(&mut self, place: Place, sample: &Sample) -> Vec<(Place, Isolation)> {
        let Some(peer) = self.peers.get_mut(place) else { return Vec::new() };
        if let Some(odd) = odd(sample, peer.last_s) {
            peer.track.tally.odd(odd);
            if odd.is_out_of_order() {
                return Vec::new();
            }
        }
        peer.last_s = Some(sample.epoch_s);
        let Some(rates) = peer.fold.push(sample) else { return Vec::new() };
        let step_s = rates.epoch_s.div_euclid(STEP_S);
        let decided = match self.open_s {
            Some(open_s) if step_s > open_s => self.close(),
            _ => Vec::new(),
        };
        self.open_s = Some(self.open_s.map_or(step_s, |open_s| open_s.max(step_s)));
        self.open.insert(place, rates);
        decided
    }

    /// All series are over.
    pub fn finish(&mut self) -> Vec<(Place, Isolation)> {
        let decided = self.close();
        for peer in &mut self.peers {
            peer.track.tally.finish();
        }
        decided
    }

    /// The figures of each series, by place.
    pub fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.peers.iter().map(|peer| &peer.track.tally)
    }

    fn close(&mut self) -> Vec<(Place, Isolation)> {
        let open = std::mem::take(&mut self.open);
        let mut findings = Vec::new();
        for (place, rates) in open {
            let Some(peer) = self.peers.get_mut(place) else { continue };
            peer.level.push(&rates);
            if let Some(finding) = peer.track.look(&rates, &self.figures) {
                findings.push((place, rates, finding));
            }
        }
        let mut decided = Vec::new();
        // Every fleet is seen before anybody is settled, so that the order of the places decides nothing.
        let with_fleet: Vec<_> = findings
            .into_iter()
            .map(|(place, rates, finding)| {
                let fleet = self.fleet(place, &rates, &finding);
                (place, rates, finding, fleet)
            })
            .collect();
        for (place, rates, finding, fleet) in with_fleet {
            let Some(peer) = self.peers.get_mut(place) else { continue };
            if let Some(isolation) = peer.track.settle(&finding, &rates, &fleet, &self.figures) {
                decided.push((place, isolation));
            }
        }
        decided
    }

    fn fleet(&self, place: Place, rates: &Rates, finding: &Finding) -> Fleet {
        if !matches!(finding, Finding::Novel { .. }) {
            return Fleet::Standalone;
        }
        let others = || self.peers.iter().enumerate().filter(move |(other, _)| *other != place).map(|(_, peer)| peer);
        let rises: Vec<Rise> = others().filter_map(|peer| peer.level.rise(rates.epoch_s)).collect();
        // An instance without a day behind it has no usual rate: it counts as having been idle.
        let own = self.peers.get(place).and_then(|peer| peer.level.rise(rates.epoch_s));
        let own = own.unwrap_or(Rise { now: rates.outbound, usual: 0.0 });
        let most = others().map(|peer| peer.track.watch.most(0, rates.epoch_s)).fold(0.0, f64::max);
        Fleet::Peers(PeerFigures { most_seen: Some(most), ..compare(own, &rises, &self.figures) })
    }
}
