//! Writes one incident in every form: `sample_report FOLDER [--largest]`. To look at, for the tests of the page in a
//! browser, and for the size and time of the largest.

mod scene;

use std::path::PathBuf;
use std::time::Instant;
use std::{env, error, fs};

fn main() -> Result<(), Box<dyn error::Error>> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let folder = PathBuf::from(arguments.first().ok_or("name the folder to write to")?);
    let largest = arguments.iter().any(|argument| argument == "--largest");
    let scene = if largest { scene::largest() } else { scene::partly_contained() };
    let report = scene.report();
    fs::create_dir_all(&folder)?;
    let begun = Instant::now();
    let html = report::html(&report)?;
    println!("{} events: HTML of {} bytes in {} ms", scene.events.len(), html.len(), begun.elapsed().as_millis());
    fs::write(folder.join("report.html"), html)?;
    fs::write(folder.join("report.json"), report::json(&report)?)?;
    fs::write(folder.join("report.ocsf.json"), report::ocsf(&report)?)?;
    fs::write(folder.join("report.txt"), report::text(&report))?;
    Ok(())
}
