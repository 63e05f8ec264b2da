//! Everything that is measured of a folder, and which figures one half of it would have chosen for the other.

use crate::files::{self, Held};
use crate::metrics::{Marked, Windows, marked};
use crate::part::{Part, SPANS, Servers, Span};
use crate::replayed::{prepare, sums};
use crate::setting::{Setting, Sweep};
use crate::speed::Compared;
use crate::sums::{Figures, Sums};
use crate::verifier::Took;
use crate::young;
use detection::sample::Sample;
use detection::thresholds::Thresholds;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// A false isolation costs more than ten minutes of delay: what chooses its figures must stay under this, a 1,000 days.
const MOST_FALSE: f64 = 0.1;

#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    pub schema: u32,
    pub series: usize,
    pub settings: Vec<OfSetting>,
    pub held_out: Vec<HeldOut>,
    pub first_48_hours: BTreeMap<&'static str, Figures>,
    pub one_metric: BTreeMap<&'static str, Marked>,
    pub verifier: Vec<Took>,
    pub speed: Option<Compared>,
}

#[derive(Debug, Clone, Serialize)]
pub struct OfSetting {
    pub sweep: Sweep,
    pub name: String,
    pub value: f64,
    /// Of all servers, the whole time.
    pub all: Figures,
    pub parts: Vec<OfPart>,
    /// Episodes over the floor by the rule that turned them away, whole time.
    pub rules: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Clone, Serialize)]
pub struct OfPart {
    #[serde(flatten)]
    pub part: Part,
    pub figures: Figures,
}

/// What the swept figures would be if one part had chosen them, and what they then do on the other.
#[derive(Debug, Clone, Serialize)]
pub struct HeldOut {
    pub chosen_on: String,
    pub measured_on: String,
    pub setting: String,
    pub there: Figures,
    pub here: Figures,
}

/// Sums by setting and part.
#[derive(Default)]
pub struct Table(BTreeMap<(usize, Part), Sums>);

impl Table {
    fn add(&mut self, setting: usize, part: Part, sums: &Sums) {
        self.0.entry((setting, part)).or_default().add(sums);
    }

    pub fn of(&self, setting: usize, wanted: impl Fn(&Part) -> bool) -> Sums {
        let mut all = Sums::default();
        let own = self.0.iter().filter(|((of, part), _)| *of == setting && wanted(part));
        own.for_each(|(_, sums)| all.add(sums));
        all
    }
}

/// Reads each file once. `said` is told of each.
pub fn traffic(paths: &[PathBuf], settings: &[Setting], mut said: impl FnMut(usize)) -> io::Result<(Table, Measured)> {
    let (mut table, mut newborn, mut group) = (Table::default(), BTreeMap::new(), Vec::new());
    let mut series = 0;
    for (number, path) in paths.iter().enumerate() {
        let read = files::read(path)?;
        if let Held::Traffic(samples) = read.held {
            series += 1;
            one(&mut table, settings, &read.name, &samples);
            group.push((read.name, samples));
        }
        if group.len() == young::PEERS || number + 1 == paths.len() {
            born(&mut newborn, &std::mem::take(&mut group));
        }
        said(number + 1);
    }
    let measured = Measured {
        schema: 1,
        series,
        settings: settings.iter().enumerate().map(|(at, setting)| of_setting(&table, at, setting)).collect(),
        held_out: held_out(&table, settings),
        first_48_hours: newborn.iter().map(|(servers, sums)| (servers.name(), sums.figures())).collect(),
        one_metric: BTreeMap::new(),
        verifier: Vec::new(),
        speed: None,
    };
    Ok((table, measured))
}

fn one(table: &mut Table, settings: &[Setting], name: &str, samples: &[Sample]) {
    for span in SPANS {
        let prepared = prepare(name, span.of(samples));
        for (at, setting) in settings.iter().enumerate() {
            table.add(at, Part { servers: Servers::of(name), span }, &sums(&prepared, &setting.figures));
        }
    }
}

fn born(newborn: &mut BTreeMap<Servers, Sums>, group: &[(String, Vec<Sample>)]) {
    for ((name, _), sums) in group.iter().zip(young::sums(group, &Thresholds::default())) {
        newborn.entry(Servers::of(name)).or_default().add(&sums);
    }
}

fn of_setting(table: &Table, at: usize, setting: &Setting) -> OfSetting {
    let whole = table.of(at, |part| part.span == Span::Whole);
    let parts = table.0.iter().filter(|((of, _), _)| *of == at);
    OfSetting {
        sweep: setting.sweep,
        name: setting.name.clone(),
        value: setting.value,
        all: whole.figures(),
        parts: parts.map(|((_, part), sums)| OfPart { part: *part, figures: sums.figures() }).collect(),
        rules: whole.rules,
    }
}

type Wanted = fn(&Part) -> bool;

/// By servers over the whole time, and by the time over all servers, both ways.
fn held_out(table: &Table, settings: &[Setting]) -> Vec<HeldOut> {
    let even: (&str, Wanted) = ("servers A", |part| part.servers == Servers::Even && part.span == Span::Whole);
    let odd: (&str, Wanted) = ("servers B", |part| part.servers == Servers::Odd && part.span == Span::Whole);
    let first: (&str, Wanted) = ("first half of the time", |part| part.span == Span::FirstHalf);
    let second: (&str, Wanted) = ("second half of the time", |part| part.span == Span::SecondHalf);
    let pairs = [(even, odd), (odd, even), (first, second), (second, first)];
    pairs
        .into_iter()
        .filter_map(|((chosen_on, chooses), (measured_on, measures))| {
            let at = chosen(table, settings, chooses)?;
            Some(HeldOut {
                chosen_on: chosen_on.to_owned(),
                measured_on: measured_on.to_owned(),
                setting: settings.get(at)?.name.clone(),
                there: table.of(at, chooses).figures(),
                here: table.of(at, measures).figures(),
            })
        })
        .collect()
}

/// Of the swept settings within [`MOST_FALSE`], or else the least false, the one that finds most at 1 and 5 MB/s.
pub fn chosen(table: &Table, settings: &[Setting], wanted: Wanted) -> Option<usize> {
    let swept = settings
        .iter()
        .enumerate()
        .filter(|(_, setting)| matches!(setting.sweep, Sweep::Defaults | Sweep::Novelty | Sweep::Steadiness));
    let of = |(at, _): (usize, &Setting)| {
        let figures = table.of(at, wanted).figures();
        let wrong = figures.false_per_1000_instance_days?.max(MOST_FALSE);
        Some((at, wrong, figures.recall(0)? + figures.recall(1)?))
    };
    let better = |a: &(usize, f64, f64), b: &(usize, f64, f64)| b.1.total_cmp(&a.1).then(a.2.total_cmp(&b.2));
    // Of equals the last is taken: the defaults, where nothing beats them.
    swept.filter_map(of).rev().max_by(better).map(|(at, _, _)| at)
}

/// Files of one metric, by halves of the files and in all.
pub fn one_metric(paths: &[PathBuf], windows: &Windows) -> io::Result<BTreeMap<&'static str, Marked>> {
    let mut sums = BTreeMap::<&'static str, Marked>::new();
    for path in paths {
        let read = files::read(path)?;
        let (Held::Metric(values), Some(windows)) = (&read.held, windows.get(&read.name)) else {
            return Err(io::Error::other(format!("{}: no file of one metric that has windows", path.display())));
        };
        let one = marked(values, windows);
        let half = if Servers::of(&read.name) == Servers::Even { "files A" } else { "files B" };
        for part in ["all", half] {
            sums.entry(part).or_default().add(&one);
        }
    }
    Ok(sums)
}
