//! The list of controls: what to take out, and the test that must notice.

use crate::failure::{Doing, Failure, Result};
use serde::Deserialize;

pub const FILE: &str = "tests/controls.toml";

/// One `[[control]]`. `from` occurs exactly once in `file`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    pub id: String,
    pub file: String,
    pub from: String,
    pub to: String,
    /// The crate that has the test; none for a Python test.
    pub package: Option<String>,
    /// The name of a Rust test, or a pytest node as `tests/test_x.py::test_y`.
    pub test: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    control: Vec<Control>,
}

impl Control {
    pub fn is_python(&self) -> bool {
        self.test.contains(".py::")
    }

    /// `text` without the control.
    pub fn taken_out_of(&self, text: &str) -> Result<String> {
        match text.matches(&self.from).count() {
            1 => Ok(text.replacen(&self.from, &self.to, 1)),
            count => Err(Failure::new(format!("{}: `from` occurs {count} times in {}, not once", self.id, self.file))),
        }
    }
}

pub fn read(text: &str) -> Result<Vec<Control>> {
    let document: Document = toml::from_str(text).doing(format!("read {FILE}"))?;
    if let Some(control) = document.control.iter().find(|control| control.is_python() == control.package.is_some()) {
        return Err(Failure::new(format!("{}: a Rust test has a package, a Python test has none", control.id)));
    }
    Ok(document.control)
}

/// The tests that some control names; empty for a list that is missing or can't be read, which tidy reports.
pub fn tests_named(text: Option<&str>) -> Vec<String> {
    let controls = text.and_then(|text| read(text).ok()).unwrap_or_default();
    controls.into_iter().map(|control| control.test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"[[control]]
id = "floor"
file = "a.rs"
from = "a < b"
to = "true"
package = "containment"
test = "the_floor_holds"
"#;

    #[test]
    fn a_control_that_occurs_twice_is_not_taken_out() {
        let controls = read(ONE).unwrap();
        assert_eq!(controls[0].taken_out_of("if a < b {").unwrap(), "if true {");
        assert!(controls[0].taken_out_of("a < b && a < b").is_err());
        assert!(controls[0].taken_out_of("").is_err());
    }

    #[test]
    fn an_entry_with_a_misspelt_key_is_refused() {
        assert!(read(&ONE.replace("package", "crate")).is_err());
    }

    #[test]
    fn a_rust_test_without_a_package_is_refused() {
        assert!(read(&ONE.replace("package = \"containment\"\n", "")).is_err());
    }
}
