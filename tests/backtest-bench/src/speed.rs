//! Datapoints a second on one core from uncompressed CSV, beside the same rule in pandas, in one run and over the same
//! files. Seconds are of the processor, so that a busy machine takes nothing away.

use crate::files::{self, Held, Series};
use crate::replayed::injections;
use detection::csv::{CsvReader, Row};
use detection::replay::Replay;
use detection::sample::Sample;
use detection::thresholds::Thresholds;
use detection::watch::STEP_S;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

const PIECE: usize = 256 * 1024;
const RUNS: usize = 3;
/// Series that pandas is given: it says as much of all in a fraction of the time.
const PLAIN_SERIES: usize = 20;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    pub datapoints: u64,
    pub seconds: f64,
    /// When something was isolated, by file, so that one can see that both are of one rule.
    pub isolations: Vec<(String, i64)>,
}

impl Speed {
    pub fn a_second(&self) -> f64 {
        self.datapoints as f64 / self.seconds.max(1e-9)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Over every file.
    pub core: Speed,
    /// Over the files that pandas was given: some of them, each with an attack in it.
    pub core_of_same: Speed,
    pub pandas: Option<Speed>,
}

/// `scratch` is a folder for the unpacked files; `plain` are a Python with pandas and the script.
pub fn measure(paths: &[PathBuf], scratch: &Path, plain: Option<(&Path, &Path)>) -> io::Result<Compared> {
    fs::create_dir_all(scratch)?;
    let mut unpacked = Vec::new();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let to = scratch.join(name.strip_suffix(".gz").unwrap_or(&name));
        fs::write(&to, files::text(path)?)?;
        unpacked.push(to);
    }
    let core = best(&unpacked)?;
    let some = attacked(paths.get(..PLAIN_SERIES.min(paths.len())).unwrap_or_default(), scratch)?;
    Ok(Compared {
        core,
        core_of_same: best(&some)?,
        pandas: plain.map(|(python, script)| of_pandas(python, script, &some)).transpose()?,
    })
}

/// The same series with one attack in each, so that there is something to agree on.
fn attacked(paths: &[PathBuf], scratch: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = scratch.join("attacked");
    fs::create_dir_all(&folder)?;
    let mut written = Vec::new();
    for path in paths {
        let Series { name, held: Held::Traffic(mut samples) } = files::read(path)? else { continue };
        for injection in injections(&name, &samples, STEP_S, 20e6).iter().take(1) {
            samples.iter_mut().for_each(|sample| injection.add_to(sample, STEP_S));
        }
        let mut text = "epoch_s,network_out_bytes,network_in_bytes\n".to_owned();
        for Sample { epoch_s, network_out_bytes, network_in_bytes } in samples {
            let cell = |bytes: Option<f64>| bytes.map_or(String::new(), |bytes| bytes.to_string());
            let _ = writeln!(text, "{epoch_s},{},{}", cell(network_out_bytes), cell(network_in_bytes));
        }
        let to = folder.join(name.strip_suffix(".gz").unwrap_or(&name));
        fs::write(&to, text)?;
        written.push(to);
    }
    Ok(written)
}

fn of_pandas(python: &Path, script: &Path, paths: &[PathBuf]) -> io::Result<Speed> {
    let done = Command::new(python).arg(script).args(paths).output()?;
    if !done.status.success() {
        return Err(io::Error::other(format!("{}: {}", script.display(), String::from_utf8_lossy(&done.stderr))));
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}

fn best(paths: &[PathBuf]) -> io::Result<Speed> {
    let mut fastest: Option<Speed> = None;
    for _ in 0..RUNS {
        let speed = once(paths)?;
        if fastest.as_ref().is_none_or(|before| speed.seconds < before.seconds) {
            fastest = Some(speed);
        }
    }
    fastest.ok_or_else(|| io::Error::other("nothing was measured"))
}

fn once(paths: &[PathBuf]) -> io::Result<Speed> {
    let clock = Clock::start();
    let (mut datapoints, mut isolations) = (0, Vec::new());
    let mut piece = vec![0; PIECE];
    for path in paths {
        let (mut file, mut reader) = (File::open(path)?, CsvReader::default());
        let mut replay = Replay::new(Thresholds::default(), None);
        let mut found = Vec::new();
        let mut take = |row: Row| {
            if let Row::Traffic(sample) = row {
                found.extend(replay.push(&sample));
            }
        };
        loop {
            match file.read(&mut piece)? {
                0 => break,
                length => reader.push(piece.get(..length).unwrap_or_default(), &mut take),
            }
        }
        reader.finish(true, &mut take);
        found.extend(replay.finish());
        datapoints += reader.rows();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        isolations.extend(found.iter().map(|isolation| (name.clone(), isolation.epoch_s)));
    }
    Ok(Speed { datapoints, seconds: clock.seconds(), isolations })
}

/// Time on the processor where Linux tells it, else time.
struct Clock {
    begun: Instant,
    processor_ns: Option<u64>,
}

impl Clock {
    fn start() -> Self {
        Self { begun: Instant::now(), processor_ns: processor_ns() }
    }

    fn seconds(&self) -> f64 {
        match (self.processor_ns, processor_ns()) {
            (Some(before), Some(now)) => now.saturating_sub(before) as f64 / 1e9,
            _ => self.begun.elapsed().as_secs_f64(),
        }
    }
}

fn processor_ns() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}
