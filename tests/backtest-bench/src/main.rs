//! Measures the rule of detection over a folder of series: the table of docs/DETECTION.md, its curve, and its speed.
//! `cargo xtask bench backtest` builds and runs it.

mod files;
mod measured;
mod metrics;
mod part;
mod plot;
mod print;
mod replayed;
mod setting;
mod speed;
mod sums;
#[cfg(test)]
mod tests;
mod verifier;
mod young;

use clap::Parser;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
struct Arguments {
    /// Series of `epoch_s,network_out_bytes,network_in_bytes`, .csv or .csv.gz.
    #[arg(long)]
    data: PathBuf,
    /// Series of `timestamp,value`.
    #[arg(long, requires = "windows")]
    metrics: Option<PathBuf>,
    /// JSON of the windows in them that are to be found: file name to pairs of times.
    #[arg(long, requires = "metrics")]
    windows: Option<PathBuf>,
    /// Write the curve here, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Write every figure here, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// A folder for unpacked files, made and removed.
    #[arg(long)]
    scratch: PathBuf,
    /// A Python with pandas, and the plain rule for it.
    #[arg(long, num_args = 2, value_names = ["PYTHON", "SCRIPT"])]
    plain: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(asked: &Arguments) -> io::Result<()> {
    let paths = files::of_folder(&asked.data)?;
    let settings = setting::all();
    let shown = io::stderr().is_terminal();
    let (_, mut measured) = measured::traffic(&paths, &settings, |done| {
        if shown {
            let _ = write!(io::stderr(), "\r{done} of {} files", paths.len());
        }
    })?;
    if let (Some(folder), Some(windows)) = (&asked.metrics, &asked.windows) {
        measured.one_metric = measured::one_metric(&files::of_folder(folder)?, &metrics::windows(windows)?)?;
    }
    measured.verifier = verifier::measure();
    let plain = match asked.plain.as_slice() {
        [python, script] => Some((python.as_path(), script.as_path())),
        _ => None,
    };
    let speed = speed::measure(&paths, &asked.scratch, plain);
    std::fs::remove_dir_all(&asked.scratch)?;
    measured.speed = Some(speed?);
    io::stdout().write_all(print::text(&measured).as_bytes())?;
    if let Some(path) = &asked.json {
        std::fs::write(path, serde_json::to_string_pretty(&measured)?)?;
    }
    if let Some(path) = &asked.plot {
        std::fs::write(path, plot::curve(&measured)?)?;
    }
    Ok(())
}
