//! Tables in 80 columns, from text that came from outside.

use signal::OneLine;

/// A cell of exactly `width` columns: foreign text on one line, cut where it is too long.
pub(crate) fn cell(text: &str, width: usize) -> String {
    format!("{:<width$}", cut(text, width))
}

/// At most `width` characters, the last an ellipsis where more was there.
pub(crate) fn cut(text: &str, width: usize) -> String {
    let plain = OneLine(text).to_string();
    if plain.chars().count() <= width {
        return plain;
    }
    plain.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Lines of at most `width` characters, broken at spaces. A word that is longer stays whole: people copy it.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let plain = OneLine(text).to_string();
    let mut lines: Vec<String> = Vec::new();
    for word in plain.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{cell, wrapped};

    #[test]
    fn a_cell_has_its_width_whatever_is_in_it() {
        for text in ["", "web", "a name that is far too long for it", "\u{1b}[31mred"] {
            let cell = cell(text, 12);
            assert_eq!(cell.chars().count(), 12, "{cell:?}");
            assert!(!cell.contains('\u{1b}'));
        }
    }

    #[test]
    fn text_is_wrapped_at_spaces_and_words_stay_whole() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("arn:aws:sns:eu-west-1 x", 5), ["arn:aws:sns:eu-west-1", "x"]);
        assert!(wrapped("", 5).is_empty());
    }
}
