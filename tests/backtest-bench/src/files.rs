//! A folder's files, read whole: one at a time is held, and every setting is asked about it before the next.

use detection::csv::{CsvReader, Row};
use detection::sample::Sample;
use flate2::read::MultiGzDecoder;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// One series.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The file's name, by which injections are drawn and halves are made.
    pub name: String,
    pub held: Held,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// In the order of time: what isn't, is left out, as a replay would.
    Traffic(Vec<Sample>),
    /// One metric, as it stands.
    Metric(Vec<(i64, Option<f64>)>),
}

/// `.csv` and `.csv.gz` of a folder in the order of their names.
pub fn of_folder(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = fs::read_dir(folder)?.collect();
    let is_csv = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        name.ends_with(".csv") || name.ends_with(".csv.gz")
    };
    let mut found: Vec<_> = entries?.into_iter().map(|entry| entry.path()).filter(is_csv).collect();
    found.sort();
    if found.is_empty() {
        return Err(io::Error::other(format!("{} has no .csv or .csv.gz file", folder.display())));
    }
    Ok(found)
}

/// The unpacked text of a file.
pub fn text(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        MultiGzDecoder::new(File::open(path)?).read_to_end(&mut text)?;
    } else {
        File::open(path)?.read_to_end(&mut text)?;
    }
    Ok(text)
}

/// A file that loses lines is an error: figures of half a file would be taken for figures of it.
pub fn read(path: &Path) -> io::Result<Series> {
    let text = text(path)?;
    let (mut reader, mut traffic, mut metric) = (CsvReader::default(), Vec::<Sample>::new(), Vec::new());
    let mut take = |row| match row {
        Row::Traffic(sample) => {
            if traffic.last().is_none_or(|last| last.epoch_s < sample.epoch_s) {
                traffic.push(sample);
            }
        }
        Row::Metric { epoch_s, value } => metric.push((epoch_s, value)),
    };
    reader.push(&text, &mut take);
    reader.finish(true, &mut take);
    let shown = path.display().to_string();
    if reader.problems().lost() > 0 {
        let said: Vec<_> = reader.problems().messages(&shown).collect();
        return Err(io::Error::other(said.join("; ")));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let held = if metric.is_empty() { Held::Traffic(traffic) } else { Held::Metric(metric) };
    Ok(Series { name, held })
}
