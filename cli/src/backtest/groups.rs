//! Series that are peers of one another, merged by time while they are read.

use super::Terms;
use super::series::{File, Pieces, add, planned};
use crate::exit::Failed;
use detection::csv::Row;
use detection::fold::period_of;
use detection::group::GroupReplay;
use detection::inject::Injection;
use detection::labels::is_named;
use detection::results::Backtest;
use detection::sample::Sample;
use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;

/// Datapoints from which the group's period is told.
const FIRST: usize = 16;

/// Files that a list makes peers, and those that no list names.
pub(super) fn sorted(lists: &[PathBuf], mut files: Vec<File>) -> Result<(Vec<Vec<File>>, Vec<File>), Failed> {
    let mut groups = Vec::new();
    for list in lists {
        let text = fs::read_to_string(list)
            .map_err(|error| Failed::Usage(format!("--group {} cannot be read: {error}", list.display())))?;
        let names = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut group = Vec::new();
        for name in names {
            let at = files.iter().position(|file| is_named(&file.name(), name)).ok_or_else(|| {
                Failed::Usage(format!(
                    "--group {}: {name} is none of the series given, or is in a group already; write a path, or a file's \
                     name, a line",
                    list.display()
                ))
            })?;
            group.push(files.remove(at));
        }
        if group.is_empty() {
            return Err(Failed::Usage(format!("--group {}: the file names no series", list.display())));
        }
        groups.push(group);
    }
    Ok((groups, files))
}

/// A series as far as it was read.
struct Source {
    pieces: Pieces,
    read: VecDeque<Sample>,
    injected: Vec<Injection>,
    next: usize,
    period_s: Option<i64>,
    metric_rows: u64,
}

impl Source {
    fn open(file: &File, terms: &Terms) -> Result<Self, Failed> {
        let (injected, period_s) = planned(file, terms.order.as_ref())?;
        let pieces = file.open()?;
        Ok(Self { pieces, read: VecDeque::new(), injected, next: 0, period_s, metric_rows: 0 })
    }

    /// Reads on until there are `wanted` samples, or no more.
    fn fill(&mut self, wanted: usize) -> Result<(), Failed> {
        let (read, metric_rows) = (&mut self.read, &mut self.metric_rows);
        let mut more = true;
        while more && read.len() < wanted {
            more = self.pieces.next(|row| match row {
                Row::Traffic(sample) => read.push_back(sample),
                Row::Metric { .. } => *metric_rows += 1,
            })?;
        }
        Ok(())
    }
}

pub(super) fn replay(group: &[File], terms: &Terms, found: &mut Backtest) -> Result<(), Failed> {
    let mut sources = Vec::new();
    for file in group {
        let mut source = Source::open(file, terms)?;
        source.fill(FIRST)?;
        if source.metric_rows > 0 {
            return Err(Failed::Usage(format!("{}: a file of one metric has no peers", file.name())));
        }
        sources.push(source);
    }
    let period_of = |source: &Source| period_of(&source.read.iter().map(|sample| sample.epoch_s).collect::<Vec<_>>());
    let period_s = sources.iter().map(period_of).min().unwrap_or(detection::watch::STEP_S);
    let mut replay = GroupReplay::new(terms.figures.clone(), group.len(), period_s);
    let mut isolations = vec![Vec::new(); group.len()];
    while let Some(place) = earliest(&sources) {
        let Some(source) = sources.get_mut(place) else { break };
        let Some(mut sample) = source.read.pop_front() else { break };
        add(&source.injected, &mut source.next, &mut sample, source.period_s);
        source.fill(1)?;
        keep(&mut isolations, replay.push(place, &sample));
    }
    keep(&mut isolations, replay.finish());
    for (((file, source), isolations), tally) in group.iter().zip(sources).zip(isolations).zip(replay.tallies()) {
        found.add(&file.name(), isolations, source.injected, tally);
        found.add_problems(&file.name(), source.pieces.problems());
    }
    Ok(())
}

fn keep<T>(all: &mut [Vec<T>], decided: Vec<(usize, T)>) {
    for (place, isolation) in decided {
        if let Some(of) = all.get_mut(place) {
            of.push(isolation);
        }
    }
}

/// The series whose next datapoint is the earliest.
fn earliest(sources: &[Source]) -> Option<usize> {
    let next = sources.iter().enumerate().filter_map(|(place, source)| Some((source.read.front()?.epoch_s, place)));
    next.min().map(|(_, place)| place)
}
