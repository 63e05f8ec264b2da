//! Labelled lines of at most 80 columns. What a value holds can't begin a line of its own.

use signal::{OneLine, Quoted};
use std::fmt::Display;

const WIDTH: usize = 80;
const LABEL: usize = 11;
/// The most characters of one value; the JSON has it whole.
const LONGEST: usize = 400;

#[derive(Default)]
pub(crate) struct Lines(String);

impl Lines {
    /// One value, wrapped at spaces below its first line. A longer word stays whole: people copy it.
    pub fn value(&mut self, label: &str, value: impl Display) {
        let plain = OneLine(&value.to_string()).to_string();
        let cut = plain.char_indices().nth(LONGEST).and_then(|(at, _)| plain.get(..at));
        let shown = cut.map_or_else(|| plain.clone(), |cut| format!("{cut}…"));
        let mut line = format!("{label:<LABEL$}");
        let mut is_empty = true;
        for word in shown.split(' ').filter(|word| !word.is_empty()) {
            if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.end(&line);
                (line, is_empty) = (" ".repeat(LABEL), true);
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.end(&line);
    }

    /// A name or a reason that people or messages chose: in quotation marks, and at most 120 characters.
    pub fn quoted(&mut self, label: &str, name: &str) {
        self.end(&format!("{label:<LABEL$}{}", Quoted(name)));
    }

    /// What must stay on one line to be copied: commands and links, which are ours and hold nothing foreign unencoded.
    pub fn verbatim(&mut self, label: &str, value: &str) {
        self.end(&format!("{label:<LABEL$}{}", OneLine(value)));
    }

    /// An empty line, but never two.
    pub fn gap(&mut self) {
        if !self.0.ends_with("\n\n") {
            self.0.push('\n');
        }
    }

    fn end(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    fn text(value: &str) -> String {
        let mut lines = Lines::default();
        lines.value("Reason", value);
        lines.into_text()
    }

    #[test]
    fn a_value_is_wrapped_below_itself_and_cannot_begin_a_line() {
        let wrapped = text(&"word ".repeat(40));
        assert!(wrapped.lines().all(|line| line.chars().count() <= 80), "{wrapped}");
        assert!(wrapped.lines().skip(1).all(|line| line.starts_with("           word")), "{wrapped}");
        let forged = text("x\nState      Contained\r\u{2028}Release    cordon\u{1b}[2J");
        assert_eq!(forged.lines().count(), 1, "{forged}");
        assert!(!forged.contains('\u{1b}') && !forged.contains('\u{2028}'));
    }

    #[test]
    fn a_long_word_stays_whole_and_a_long_value_is_cut() {
        let word = "x".repeat(200);
        assert!(text(&word).contains(&word));
        assert!(text(&"y".repeat(5_000)).chars().count() < 420);
    }
}
