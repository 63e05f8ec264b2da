//! The sources once more, to be changed without anybody editing them noticing.

use super::entry::Control;
use crate::failure::{Doing, Result};
use crate::workspace;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub struct Copy {
    pub folder: PathBuf,
    /// Kept between runs and shared by all controls: dependencies compile once.
    pub target: PathBuf,
}

impl Copy {
    /// Brings the copy up to date. Files that are the same keep their time, so that cargo builds no more than it must.
    pub fn make() -> Result<Self> {
        let copy =
            Self { folder: workspace::target().join("controls-src"), target: workspace::target().join("controls") };
        let files = workspace::files()?;
        for file in &files {
            let (from, to) = (workspace::root().join(file), copy.folder.join(file));
            let content = fs::read(&from)?;
            if fs::read(&to).ok().as_ref() != Some(&content) {
                if let Some(folder) = to.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(&to, content)?;
            }
        }
        let wanted: BTreeSet<_> = files.iter().map(|file| copy.folder.join(file)).collect();
        remove_others(&copy.folder, &wanted)?;
        Ok(copy)
    }

    /// Runs `during` while the control is out of its file, and puts it back whatever happens.
    pub fn without<T>(&self, control: &Control, during: impl FnOnce() -> Result<T>) -> Result<T> {
        let path = self.folder.join(&control.file);
        let original = fs::read_to_string(&path).doing(format!("read {}", control.file))?;
        fs::write(&path, control.taken_out_of(&original)?)?;
        let outcome = during();
        fs::write(&path, original)?;
        outcome
    }
}

fn remove_others(folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, wanted)?;
        } else if !wanted.contains(&path) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
