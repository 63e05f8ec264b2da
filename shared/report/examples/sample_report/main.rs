//! Writes one incident in every form: `sample_report FOLDER`. To look at, and for the tests of the page in a browser.

mod scene;

use std::path::PathBuf;
use std::{env, error, fs};

fn main() -> Result<(), Box<dyn error::Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("name the folder to write to")?);
    let scene = scene::partly_contained();
    let report = scene.report();
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("report.html"), report::html(&report)?)?;
    fs::write(folder.join("report.json"), report::json(&report)?)?;
    fs::write(folder.join("report.ocsf.json"), report::ocsf(&report)?)?;
    fs::write(folder.join("report.txt"), report::text(&report))?;
    Ok(())
}
