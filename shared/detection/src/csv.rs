//! Series from CSV, a chunk of bytes at a time: memory is one line, however long the file is.

use crate::csv_cell::{bare, number, plain, split, time};
use crate::problems::{Problem, Problems};
use crate::sample::Sample;

/// A longer line is no datapoint; what it has beyond is not kept.
const MAX_LINE: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `epoch_s,network_out_bytes,network_in_bytes`
    Traffic,
    /// `timestamp,value`
    Metric,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Row {
    Traffic(Sample),
    /// A value that is not finite, or an empty cell, is missing.
    Metric {
        epoch_s: i64,
        value: Option<f64>,
    },
}

/// Which cell holds what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    form: Form,
    at: [usize; 3],
}

impl Columns {
    const TRAFFIC: Self = Self { form: Form::Traffic, at: [0, 1, 2] };
    const METRIC: Self = Self { form: Form::Metric, at: [0, 1, usize::MAX] };

    /// Of a header; `None` where it names neither form. Columns may be in any order, with others among them.
    fn named(line: &[u8]) -> Option<Self> {
        let names: Vec<_> = line.split(|byte| *byte == b',').map(|cell| bare(cell).to_ascii_lowercase()).collect();
        let place = |name: &[u8]| names.iter().position(|found| found == name);
        let when = place(b"epoch_s").or_else(|| place(b"timestamp"))?;
        if let (Some(out), Some(inn)) = (place(b"network_out_bytes"), place(b"network_in_bytes")) {
            return Some(Self { form: Form::Traffic, at: [when, out, inn] });
        }
        Some(Self { form: Form::Metric, at: [when, place(b"value")?, usize::MAX] })
    }
}

/// Reads one file. Call [`push`](Self::push) with its bytes in order and [`finish`](Self::finish) at its end.
#[derive(Debug, Clone, Default)]
pub struct CsvReader {
    columns: Option<Columns>,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
    too_long: bool,
    line: u64,
    rows: u64,
    problems: Problems,
}

impl CsvReader {
    /// Gives every row of the lines that `chunk` ends to `take`.
    pub fn push(&mut self, mut chunk: &[u8], mut take: impl FnMut(Row)) {
        if !self.begun.is_empty() || self.too_long {
            let Some(end) = chunk.iter().position(|byte| *byte == b'\n') else {
                self.begin(chunk);
                return;
            };
            self.begin(chunk.get(..end).unwrap_or_default());
            let line = std::mem::take(&mut self.begun);
            self.end(&line, &mut take);
            self.begun = line;
            self.begun.clear();
            chunk = chunk.get(end + 1..).unwrap_or_default();
        }
        loop {
            // The common line is read in one pass, which finds its end as well.
            if self.columns == Some(Columns::TRAFFIC)
                && let Some((sample, rest)) = fast(chunk)
            {
                self.line += 1;
                self.rows += 1;
                take(Row::Traffic(sample));
                chunk = rest;
                continue;
            }
            let Some(end) = chunk.iter().position(|byte| *byte == b'\n') else { break };
            self.end(chunk.get(..end).unwrap_or_default(), &mut take);
            chunk = chunk.get(end + 1..).unwrap_or_default();
        }
        self.begin(chunk);
    }

    /// The end of the file. `whole` is false where the reader below could not read to the end, as of a half-written
    /// gzip: a line without its end is then cut short, and is not read.
    pub fn finish(&mut self, whole: bool, mut take: impl FnMut(Row)) {
        let line = std::mem::take(&mut self.begun);
        if !whole {
            self.line += u64::from(!line.is_empty() || self.too_long);
            self.problems.add(Problem::CutShort, self.line.max(1));
        } else if !line.is_empty() || self.too_long {
            self.end(&line, &mut take);
        }
        if self.line == 0 {
            self.problems.add(Problem::Empty, 1);
        }
    }

    pub fn form(&self) -> Option<Form> {
        self.columns.map(|columns| columns.form)
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn problems(&self) -> &Problems {
        &self.problems
    }

    fn begin(&mut self, part: &[u8]) {
        let room = MAX_LINE.saturating_sub(self.begun.len());
        self.too_long |= part.len() > room;
        self.begun.extend_from_slice(part.get(..part.len().min(room)).unwrap_or_default());
    }

    fn end(&mut self, line: &[u8], take: &mut impl FnMut(Row)) {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if std::mem::take(&mut self.too_long) || line.len() > MAX_LINE {
            self.problems.add(Problem::LineTooLong, self.line);
            return;
        }
        if line.trim_ascii().is_empty() {
            return;
        }
        let Some(columns) = self.columns else {
            self.first(line, take);
            return;
        };
        match row(line, &columns) {
            Ok(row) => {
                self.rows += 1;
                take(row);
            }
            Err(problem) => self.problems.add(problem, self.line),
        }
    }

    /// The first line names the columns, or is a row already: then their number tells the form.
    fn first(&mut self, line: &[u8], take: &mut impl FnMut(Row)) {
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if let Some(columns) = Columns::named(line) {
            self.columns = Some(columns);
            return;
        }
        let cells = line.split(|byte| *byte == b',').count();
        let guess = if cells >= 3 { Columns::TRAFFIC } else { Columns::METRIC };
        match row(line, &guess) {
            Ok(row) if cells >= 2 => {
                self.problems.add(Problem::NoHeader, self.line);
                self.columns = Some(guess);
                self.rows += 1;
                take(row);
            }
            _ => self.problems.add(Problem::UnknownHeader, self.line),
        }
    }
}

/// Three plain numbers and the line's end, and what follows; `None` for any other line, and for one without its end.
fn fast(text: &[u8]) -> Option<(Sample, &[u8])> {
    let (epoch_s, used) = plain(text).filter(|(epoch_s, _)| *epoch_s < 1e15)?;
    let text = text.get(used..)?.strip_prefix(b",")?;
    let (outbound, used) = plain(text)?;
    let text = text.get(used..)?.strip_prefix(b",")?;
    let (inbound, used) = plain(text)?;
    let text = text.get(used..)?;
    let text = text.strip_prefix(b"\r").unwrap_or(text).strip_prefix(b"\n")?;
    let sample = Sample { epoch_s: epoch_s as i64, network_out_bytes: Some(outbound), network_in_bytes: Some(inbound) };
    Some((sample, text))
}

fn row(line: &[u8], columns: &Columns) -> Result<Row, Problem> {
    let mut cells: [Option<&[u8]>; 3] = [None; 3];
    let (mut rest, mut place) = (Some(line), 0);
    while let Some(text) = rest {
        let (cell, after) = split(text);
        for (wanted, found) in columns.at.iter().zip(&mut cells) {
            if *wanted == place {
                *found = Some(cell);
            }
        }
        (rest, place) = (after, place + 1);
    }
    let [when, first, second] = cells;
    let epoch_s = time(when.ok_or(Problem::TooFewCells)?).ok_or(Problem::BadTime)?;
    let value = |cell: Option<&[u8]>| {
        let cell = cell.ok_or(Problem::TooFewCells)?;
        if bare(cell).is_empty() { Ok(None) } else { number(cell).map(Some).ok_or(Problem::BadNumber) }
    };
    Ok(match columns.form {
        Form::Traffic => {
            Row::Traffic(Sample { epoch_s, network_out_bytes: value(first)?, network_in_bytes: value(second)? })
        }
        Form::Metric => Row::Metric { epoch_s, value: value(first)?.filter(|value| value.is_finite()) },
    })
}
