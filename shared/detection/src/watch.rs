//! The rule's core: fed one instance's datapoints in the order of time, it says of the last one whether what is sent is
//! new. The verifier runs it over a window; the backtest runs it over a file. There is no second rule.

use crate::heights::SCALES;
use crate::past::{Past, Seen};
use crate::sample::Rates;
use crate::thresholds::{HISTORY_S, HOUR_S, Thresholds};
use crate::usual::Usual;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Seconds of a datapoint that the rule looks at; shorter periods are folded into it.
pub const STEP_S: i64 = 300;

/// What the rule is about, in the order in which it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    Floor,
    Persistence,
    Steadiness,
    Inbound,
    Novelty,
}

/// What was compared at one scale. Rates in bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// How long it has lasted.
    pub minutes: u32,
    /// The least sent in that time, less what the inbound rise answers for.
    pub level: f64,
    /// The largest of the datapoints by the least.
    pub spread: f64,
    /// The most that came in.
    pub inbound: f64,
    pub usual_inbound: f64,
    /// The most sent before for as long, while no more came in.
    pub seen: f64,
    /// The most sent before for as long beyond what came in.
    pub seen_surplus: f64,
    /// What `level` must exceed.
    pub needed: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Finding {
    /// Under the floor; what most datapoints are.
    Quiet { outbound: f64 },
    /// The rule that the scale which came furthest did not pass.
    Held { rule: Rule, figures: Figures },
    /// Every rule is passed at the shortest such scale.
    Novel { figures: Figures },
}

/// One instance's state.
#[derive(Debug, Clone)]
pub struct Watch {
    past: Past,
    inbound: Usual,
    recent: VecDeque<Rates>,
    first_s: Option<i64>,
    /// Usual inbound of the hour, found when first asked for: it moves little within one.
    usual: Option<(i64, f64)>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            past: Past::default(),
            inbound: Usual::over(HISTORY_S),
            recent: VecDeque::with_capacity(9),
            first_s: None,
            usual: None,
        }
    }
}

impl Watch {
    /// How long the series has been watched, or lived if `launched_s` is known.
    pub fn age_s(&self, now_s: i64, launched_s: Option<i64>) -> i64 {
        let seen = self.first_s.map_or(0, |first_s| now_s.saturating_sub(first_s));
        launched_s.map_or(seen, |launched_s| now_s.saturating_sub(launched_s).min(seen)).max(0)
    }

    /// The most sent for as long as `scale`, whatever came in.
    pub fn most(&self, scale: usize, now_s: i64) -> f64 {
        self.past.most(scale, now_s)
    }

    /// Looks at the next datapoint, then takes it in. Its time must be later than the one before.
    pub fn step(&mut self, rates: &Rates, figures: &Thresholds) -> Finding {
        self.first_s.get_or_insert(rates.epoch_s);
        self.keep(rates);
        let finding = self.look(rates, figures);
        self.learn(rates);
        finding
    }

    /// Passes over a datapoint of an attack: it counts for time, and for nothing that is compared with later.
    pub fn skip(&mut self, rates: &Rates) {
        self.first_s.get_or_insert(rates.epoch_s);
        self.break_off();
    }

    /// What was taken in last turned out to be an attack's: it is not learned.
    pub fn break_off(&mut self) {
        self.recent.clear();
        self.past.break_off();
    }

    fn keep(&mut self, rates: &Rates) {
        if self.recent.len() >= 8 {
            self.recent.pop_front();
        }
        self.recent.push_back(*rates);
    }

    fn learn(&mut self, rates: &Rates) {
        self.past.push(rates);
        self.inbound.push(rates.epoch_s, rates.inbound);
    }

    fn look(&mut self, rates: &Rates, figures: &Thresholds) -> Finding {
        if rates.outbound < figures.floor_bytes_per_s {
            return Finding::Quiet { outbound: rates.outbound };
        }
        let age_s = self.age_s(rates.epoch_s, None);
        // Of two days little is usual: a young instance's bursts would make themselves so.
        let quantile = if age_s < figures.young_s { 0.5 } else { figures.usual_quantile };
        let usual = self.usual_inbound(rates.epoch_s, quantile);
        let mut furthest: Option<(Rule, Figures)> = None;
        for (scale, points) in SCALES.into_iter().enumerate() {
            match self.at_scale(scale, points, usual, age_s, figures) {
                (None, compared) => return Finding::Novel { figures: compared },
                (Some(rule), compared) => {
                    if furthest.as_ref().is_none_or(|(before, _)| rule > *before) {
                        furthest = Some((rule, compared));
                    }
                }
            }
        }
        match furthest {
            Some((rule, figures)) => Finding::Held { rule, figures },
            None => Finding::Quiet { outbound: rates.outbound },
        }
    }

    fn usual_inbound(&mut self, now_s: i64, quantile: f64) -> f64 {
        let hour = now_s.div_euclid(HOUR_S);
        match self.usual {
            Some((of, usual)) if of == hour => usual,
            _ => {
                let usual = self.inbound.quantile(quantile).unwrap_or(0.0);
                self.usual = Some((hour, usual));
                usual
            }
        }
    }

    /// The rule that this scale does not pass, if any, and what was compared.
    fn at_scale(
        &self,
        scale: usize,
        points: usize,
        usual_inbound: f64,
        age_s: i64,
        figures: &Thresholds,
    ) -> (Option<Rule>, Figures) {
        let by_scale = |list: &[f64; SCALES.len()]| list.get(scale).copied().unwrap_or(f64::INFINITY);
        // An answered rise is put up with only once weekly work would have been seen.
        let first_part = figures.answered_part.first().copied().unwrap_or(0.0);
        let part = if age_s < figures.week_s { first_part } else { by_scale(&figures.answered_part) };
        let (mut least, mut most, mut level, mut inbound) = (f64::INFINITY, 0_f64, f64::INFINITY, 0_f64);
        let mut starts_s = i64::MIN;
        for rates in self.recent.iter().rev().take(points) {
            let answers_for = if part > 0.0 { (rates.inbound - usual_inbound).max(0.0) / part } else { 0.0 };
            least = least.min(rates.outbound);
            most = most.max(rates.outbound);
            level = level.min(rates.outbound - answers_for);
            inbound = inbound.max(rates.inbound);
            starts_s = rates.epoch_s;
        }
        let now_s = self.recent.back().map_or(starts_s, |rates| rates.epoch_s);
        let mut compared = Figures {
            minutes: u32::try_from(points as i64 * STEP_S / 60).unwrap_or(u32::MAX),
            level: level.max(0.0),
            spread: if least > 0.0 { most / least } else { f64::MAX },
            inbound,
            usual_inbound,
            seen: 0.0,
            seen_surplus: 0.0,
            needed: 0.0,
        };
        // One missing datapoint is borne; more are a gap, over which nothing is known to have lasted.
        let lasts = self.recent.len() >= points && now_s.saturating_sub(starts_s) <= STEP_S * points as i64;
        // Before a week is known, weekly work looks new: what an instance does must at least go on.
        let too_soon = scale == 0 && age_s < figures.week_s;
        if !lasts || too_soon || least < figures.floor_bytes_per_s {
            return (Some(Rule::Persistence), compared);
        }
        if compared.spread > figures.steadiness {
            return (Some(Rule::Steadiness), compared);
        }
        // What came in may answer for less than half of what goes out.
        if level < least / 2.0 {
            return (Some(Rule::Inbound), compared);
        }
        let Seen { while_as_little_came_in, surplus } = self.past.seen(scale, now_s, inbound);
        let youth = 1.0 + figures.youth_margin * (1.0 - age_s as f64 / HISTORY_S as f64).max(0.0);
        compared.seen = while_as_little_came_in;
        compared.seen_surplus = surplus;
        compared.needed =
            while_as_little_came_in.max(surplus * figures.burst_part) * by_scale(&figures.novelty) * youth;
        let is_new = level > compared.needed;
        ((!is_new).then_some(Rule::Novelty), compared)
    }
}
