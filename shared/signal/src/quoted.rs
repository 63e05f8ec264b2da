//! Text that came from outside, made fit for a log line, a terminal and a report.

use std::fmt::{self, Display, Formatter, Write};

/// The most characters a [`Quoted`] prints, quotation marks included.
const LIMIT: usize = 120;
const ELLIPSIS: char = '…';

/// Prints foreign text in quotation marks, on one line, with every character escaped that could steer a terminal or
/// hide from a reader, and cut to 120 characters.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        // Room for both quotation marks and the ellipsis.
        let mut room = LIMIT - 3;
        for character in self.0.chars() {
            let escaped = Escaped(character);
            let width = escaped.width();
            if width > room {
                f.write_char(ELLIPSIS)?;
                break;
            }
            room -= width;
            write!(f, "{escaped}")?;
        }
        f.write_char('"')
    }
}

/// Prints foreign text whole and without quotation marks: on one line, with the same characters escaped as by [`Quoted`]
/// but quotation marks. For places that set the text apart themselves, such as a cell of a table.
#[derive(Debug, Clone, Copy)]
pub struct OneLine<'a>(pub &'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '"' => f.write_char('"'),
            other => write!(f, "{}", Escaped(other)),
        })
    }
}

/// Whether a character prints as itself: no control character (C0, C1, DEL), and none of the format characters that
/// reorder or hide text (bidirectional marks, zero-width characters, line separators, byte-order mark, tags).
pub(crate) fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

struct Escaped(char);

impl Escaped {
    fn width(&self) -> usize {
        match self.0 {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            plain if is_plain(plain) => 1,
            other => other.escape_unicode().count(),
        }
    }
}

impl Display for Escaped {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            '"' | '\\' | '\n' | '\r' | '\t' => write!(f, "{}", self.0.escape_default()),
            plain if is_plain(plain) => f.write_char(plain),
            other => write!(f, "{}", other.escape_unicode()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminal_sequences_and_reordering_marks_are_escaped() {
        assert_eq!(Quoted("a\u{1b}[2Jb\n\"\u{202e}c").to_string(), r#""a\u{1b}[2Jb\n\"\u{202e}c""#);
    }

    #[test]
    fn letters_of_any_language_stay_readable() {
        assert_eq!(Quoted("Größe | 日本 #1").to_string(), "\"Größe | 日本 #1\"");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let quoted = Quoted(&"x".repeat(500)).to_string();
        assert_eq!(quoted.chars().count(), 120);
        assert!(quoted.ends_with("…\""));
    }

    proptest! {
        #[test]
        fn no_text_of_any_length_breaks_its_line_or_steers_a_terminal(text in any::<String>()) {
            prop_assert!(OneLine(&text).to_string().chars().all(is_plain));
        }

        #[test]
        fn no_text_prints_an_unplain_character_or_more_than_120(text in any::<String>()) {
            let quoted = Quoted(&text).to_string();
            prop_assert!(quoted.chars().all(is_plain));
            prop_assert!(quoted.chars().count() <= LIMIT);
        }
    }
}
