//! Files as series. One is read in pieces, so that its length costs no memory; with injections it is read twice, for
//! nothing can be injected into a gap.

use super::Terms;
use crate::exit::Failed;
use detection::csv::{CsvReader, Row};
use detection::fold::period_of;
use detection::inject::{Coverage, Injection, Order, plan};
use detection::metric::{MetricReplay, MetricThresholds};
use detection::problems::Problems;
use detection::replay::Replay;
use detection::results::Backtest;
use detection::sample::Sample;
use flate2::read::MultiGzDecoder;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

const PIECE: usize = 256 * 1024;
/// Datapoints from which a file's period is told.
const FIRST: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: PathBuf,
}

impl File {
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn open(&self) -> Result<Pieces, Failed> {
        let unread = |error| Failed::Unchecked(format!("{} cannot be read: {error}", self.path.display()));
        let file = fs::File::open(&self.path).map_err(unread)?;
        let is_packed = self.path.extension().is_some_and(|extension| extension == "gz");
        let source: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Ok(Pieces { path: self.path.clone(), source, reader: CsvReader::default(), piece: vec![0; PIECE], over: false })
    }
}

/// A file, a piece at a time.
pub(super) struct Pieces {
    path: PathBuf,
    source: Box<dyn Read>,
    reader: CsvReader,
    piece: Vec<u8>,
    over: bool,
}

impl Pieces {
    /// Gives the rows of the next piece to `take`; `false` at the end. A packed file that ends in the middle ends here too,
    /// and is on record as cut short.
    pub(super) fn next(&mut self, take: impl FnMut(Row)) -> Result<bool, Failed> {
        if self.over {
            return Ok(false);
        }
        match self.source.read(&mut self.piece) {
            Ok(0) => self.end(true, take),
            Ok(length) => self.reader.push(self.piece.get(..length).unwrap_or_default(), take),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::UnexpectedEof | ErrorKind::InvalidInput | ErrorKind::InvalidData
                ) =>
            {
                self.end(false, take);
            }
            Err(error) => return Err(Failed::Unchecked(format!("{} cannot be read: {error}", self.path.display()))),
        }
        Ok(true)
    }

    fn end(&mut self, whole: bool, take: impl FnMut(Row)) {
        self.over = true;
        self.reader.finish(whole, take);
    }

    pub(super) fn problems(&self) -> &Problems {
        self.reader.problems()
    }
}

/// The files themselves, and those of folders (`.csv` and `.csv.gz`) in the order of their names.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<File>, Failed> {
    let mut found = Vec::new();
    for path in paths {
        let unread = |error| Failed::Usage(format!("{} cannot be read: {error}", path.display()));
        if !fs::metadata(path).map_err(unread)?.is_dir() {
            found.push(File { path: path.clone() });
            continue;
        }
        let entries: Result<Vec<_>, _> = fs::read_dir(path).map_err(unread)?.collect();
        let mut inside: Vec<_> =
            entries.map_err(unread)?.into_iter().map(|entry| entry.path()).filter(|path| is_csv(path)).collect();
        if inside.is_empty() {
            return Err(Failed::Usage(format!("{}: the folder has no .csv or .csv.gz file", path.display())));
        }
        inside.sort();
        found.extend(inside.into_iter().map(|path| File { path }));
    }
    if found.is_empty() {
        return Err(Failed::Usage("name files or folders, or give --cloudwatch".to_owned()));
    }
    Ok(found)
}

fn is_csv(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    name.ends_with(".csv") || name.ends_with(".csv.gz")
}

/// Where in the file to inject, and the period of its datapoints.
pub(super) fn planned(file: &File, order: Option<&Order>) -> Result<(Vec<Injection>, Option<i64>), Failed> {
    let Some(order) = order else { return Ok((Vec::new(), None)) };
    let mut pieces = file.open()?;
    let (mut first, mut period_s) = (Vec::new(), None);
    let mut coverage = Coverage::default();
    let mut last_s = i64::MIN;
    let mut take = |row: Row| {
        let Row::Traffic(Sample { epoch_s, network_out_bytes: Some(_), network_in_bytes: Some(_) }) = row else {
            return;
        };
        if epoch_s <= last_s {
            return;
        }
        last_s = epoch_s;
        match period_s {
            Some(period_s) => coverage.push(epoch_s, period_s, order.minutes),
            None => {
                first.push(epoch_s);
                if first.len() >= FIRST {
                    let told = *period_s.insert(period_of(&first));
                    first.iter().for_each(|epoch_s| coverage.push(*epoch_s, told, order.minutes));
                }
            }
        }
    };
    while pieces.next(&mut take)? {}
    // Where a file lies must not decide what is found in it.
    let file_name = file.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut injected = plan(order, &file_name, &coverage);
    injected.iter_mut().for_each(|injection| injection.series = file.name());
    Ok((injected, period_s))
}

/// Replays one file by itself: what it holds shows in its first row.
pub(super) fn replay(file: &File, terms: &Terms, found: &mut Backtest) -> Result<(), Failed> {
    let (injected, period_s) = planned(file, terms.order.as_ref())?;
    let mut pieces = file.open()?;
    let mut traffic = Replay::new(terms.figures.clone(), period_s);
    let mut metric: Option<MetricReplay> = None;
    let (mut isolations, mut changes) = (Vec::new(), Vec::new());
    let mut next = 0;
    let mut take = |row: Row| match row {
        Row::Traffic(mut sample) => {
            add(&injected, &mut next, &mut sample, period_s);
            isolations.extend(traffic.push(&sample));
        }
        Row::Metric { epoch_s, value } => {
            let metric = metric.get_or_insert_with(|| MetricReplay::new(MetricThresholds::default()));
            changes.extend(metric.push(epoch_s, value).map(|change| change.epoch_s));
        }
    };
    while pieces.next(&mut take)? {}
    isolations.extend(traffic.finish());
    let name = file.name();
    match metric {
        Some(metric) => found.add_metric(&name, changes, metric.tally()),
        None => found.add(&name, isolations, injected, traffic.tally()),
    }
    found.add_problems(&name, pieces.problems());
    Ok(())
}

/// Adds what is injected at the time of this sample. `next` is the first injection that is not over yet.
pub(super) fn add(injected: &[Injection], next: &mut usize, sample: &mut Sample, period_s: Option<i64>) {
    let Some(period_s) = period_s else { return };
    while injected.get(*next).is_some_and(|injection| injection.ends_s() <= sample.epoch_s) {
        *next += 1;
    }
    if let Some(injection) = injected.get(*next) {
        injection.add_to(sample, period_s);
    }
}
