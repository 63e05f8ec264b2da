//! The first 48 hours of life: neighbouring series are peers, and each is taken for an instance that was launched every
//! second day, while its peers are as old as they are.

use crate::replayed::{found_of, injections};
use crate::sums::{ATTACKS, Sums};
use detection::inject::Injection;
use detection::judge::Fleet;
use detection::peers::{Level, PeerFigures, Rise, compare};
use detection::replay::{Isolation, Track};
use detection::sample::{Rates, Sample};
use detection::thresholds::{DAY_S, Thresholds};
use detection::watch::{Finding, STEP_S, Watch};

/// Series of a group.
pub const PEERS: usize = 20;
const LIFE_S: i64 = 2 * DAY_S;

/// A series as it is to its peers: with its whole past.
#[derive(Default)]
struct Elder {
    level: Level,
    watch: Watch,
    next: usize,
}

/// The same series as an instance that has just been launched.
#[derive(Default)]
struct Newborn {
    track: Track,
    level: Level,
    born_s: Option<i64>,
    isolations: Vec<Isolation>,
    days: f64,
    next: usize,
}

impl Newborn {
    /// Ends one life and begins the next where 48 hours are over.
    fn age(&mut self, epoch_s: i64) {
        if self.born_s.is_none_or(|born_s| epoch_s >= born_s.saturating_add(LIFE_S)) {
            self.end();
            self.born_s = Some(epoch_s);
        }
    }

    fn end(&mut self) {
        self.days += std::mem::take(&mut self.track).tally().instance_days();
        self.level = Level::default();
    }
}

/// A group's sums, one for each of its series. `group` has each series' name and samples of five minutes.
pub fn sums(group: &[(String, Vec<Sample>)], figures: &Thresholds) -> Vec<Sums> {
    let clean: Vec<&[Sample]> = group.iter().map(|(_, samples)| samples.as_slice()).collect();
    let lives = |newborn: &Newborn| {
        let wrong = u32::try_from(newborn.isolations.len()).unwrap_or(u32::MAX);
        Sums { days: newborn.days, wrong, ..Sums::default() }
    };
    let mut sums: Vec<_> = replayed(&clean, &clean, figures).iter().map(lives).collect();
    for (place, attack) in ATTACKS.iter().enumerate().filter(|(_, attack)| attack.answered == 0.0) {
        let planned: Vec<_> =
            group.iter().map(|(name, samples)| injections(name, samples, STEP_S, attack.rate_bytes_per_s)).collect();
        let attacked: Vec<_> =
            group.iter().zip(&planned).map(|((_, samples), planned)| with(samples, planned)).collect();
        let attacked: Vec<&[Sample]> = attacked.iter().map(Vec::as_slice).collect();
        let found = replayed(&clean, &attacked, figures);
        for ((sums, planned), newborn) in sums.iter_mut().zip(&planned).zip(&found) {
            if let Some(tried) = sums.tried.get_mut(place) {
                *tried = found_of(planned, &newborn.isolations);
            }
        }
    }
    sums
}

fn with(samples: &[Sample], planned: &[Injection]) -> Vec<Sample> {
    let mut samples = samples.to_vec();
    for injection in planned {
        samples.iter_mut().for_each(|sample| injection.add_to(sample, STEP_S));
    }
    samples
}

fn replayed(elders: &[&[Sample]], newborns: &[&[Sample]], figures: &Thresholds) -> Vec<Newborn> {
    let mut old: Vec<Elder> = elders.iter().map(|_| Elder::default()).collect();
    let mut young: Vec<Newborn> = newborns.iter().map(|_| Newborn::default()).collect();
    let next = |old: &[Elder]| {
        let heads = old.iter().zip(elders).filter_map(|(elder, samples)| samples.get(elder.next));
        heads.map(|sample| sample.epoch_s).min()
    };
    while let Some(now_s) = next(&old) {
        for (elder, samples) in old.iter_mut().zip(elders) {
            if let Some(rates) = taken(samples, &mut elder.next, now_s) {
                elder.level.push(&rates);
                elder.watch.step(&rates, figures);
            }
        }
        for (place, (newborn, samples)) in young.iter_mut().zip(newborns).enumerate() {
            let Some(rates) = taken(samples, &mut newborn.next, now_s) else { continue };
            newborn.age(now_s);
            newborn.level.push(&rates);
            let Some(finding) = newborn.track.look(&rates, figures) else { continue };
            let fleet = fleet(&old, place, &newborn.level, &rates, &finding, figures);
            newborn.isolations.extend(newborn.track.settle(&finding, &rates, &fleet, figures));
        }
    }
    young.iter_mut().for_each(Newborn::end);
    young
}

/// The rates of `now_s`, if the series has a datapoint for it.
fn taken(samples: &[Sample], next: &mut usize, now_s: i64) -> Option<Rates> {
    let sample = samples.get(*next).filter(|sample| sample.epoch_s == now_s)?;
    *next += 1;
    sample.rates(STEP_S)
}

/// As a backtest's group has it: the peers' rises of now and the most that any has held.
fn fleet(old: &[Elder], place: usize, own: &Level, rates: &Rates, finding: &Finding, figures: &Thresholds) -> Fleet {
    if !matches!(finding, Finding::Novel { .. }) {
        return Fleet::Standalone;
    }
    let others = || old.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, elder)| elder);
    let rises: Vec<Rise> = others().filter_map(|elder| elder.level.rise(rates.epoch_s)).collect();
    let own = own.rise(rates.epoch_s).unwrap_or(Rise { now: rates.outbound, usual: 0.0 });
    let most = others().map(|elder| elder.watch.most(0, rates.epoch_s)).fold(0.0, f64::max);
    Fleet::Peers(PeerFigures { most_seen: Some(most), ..compare(own, &rises, figures) })
}
