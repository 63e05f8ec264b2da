//! Which alarms a composite alarm's rule names as `ALARM(…)`. AWS's grammar (PutCompositeAlarm, `AlarmRule`):
//! functions `ALARM`, `OK`, `INSUFFICIENT_DATA` over an alarm's name or ARN, quoted or bare, joined by AND, OR, NOT.

/// Names or ARNs inside `ALARM(…)`, in order. An alarm under an odd number of NOTs is not nominated by being in
/// ALARM, so it is left out; text that does not follow the grammar yields nothing rather than a guess.
pub fn alarms_named(rule: &str) -> Vec<String> {
    let mut parser = Parser { rest: rule, named: Vec::new() };
    match parser.expression(false) {
        Some(()) if parser.rest.trim().is_empty() => parser.named,
        _ => Vec::new(),
    }
}

/// A rule may hold 100 children and 500 elements; deeper nesting than this is no rule of AWS's.
const MAX_DEPTH: usize = 64;

struct Parser<'a> {
    rest: &'a str,
    named: Vec<String>,
}

impl Parser<'_> {
    fn expression(&mut self, negated: bool) -> Option<()> {
        self.expression_at(negated, 0)
    }

    fn expression_at(&mut self, negated: bool, depth: usize) -> Option<()> {
        self.term(negated, depth)?;
        while self.word("AND") || self.word("OR") {
            self.term(negated, depth)?;
        }
        Some(())
    }

    fn term(&mut self, negated: bool, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.word("NOT") {
            return self.term(!negated, depth + 1);
        }
        if self.symbol('(') {
            self.expression_at(negated, depth + 1)?;
            return self.symbol(')').then_some(());
        }
        if self.word("TRUE") || self.word("FALSE") {
            return Some(());
        }
        let in_alarm = self.word("ALARM");
        if !in_alarm && !self.word("OK") && !self.word("INSUFFICIENT_DATA") {
            return None;
        }
        if !self.symbol('(') {
            return None;
        }
        let name = self.name()?;
        if in_alarm && !negated {
            self.named.push(name);
        }
        self.symbol(')').then_some(())
    }

    fn name(&mut self) -> Option<String> {
        self.rest = self.rest.trim_start();
        let quote = self.rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let (name, rest) = match quote {
            Some(quote) => quoted(self.rest.get(1..)?, quote)?,
            None => {
                let end = self.rest.find(')')?;
                (self.rest.get(..end)?.trim().to_owned(), self.rest.get(end..)?)
            }
        };
        self.rest = rest;
        (!name.is_empty()).then_some(name)
    }

    /// Takes `word` if it comes next as a whole word.
    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest.trim_start();
        let Some(after) = rest.strip_prefix(word) else { return false };
        if after.starts_with(|next: char| next.is_alphanumeric() || next == '_') {
            return false;
        }
        self.rest = after;
        true
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let Some(after) = self.rest.trim_start().strip_prefix(symbol) else { return false };
        self.rest = after;
        true
    }
}

/// A quoted name with its escapes undone, and what follows the closing quote.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => name.push(characters.next()?.1),
            end if end == quote => return Some((name, text.get(at + end.len_utf8()..)?)),
            other => name.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::alarms_named;

    #[test]
    fn names_and_arns_inside_alarm_are_found_in_order() {
        let rule = r#"(ALARM("cordon/web/i-0a/NetworkOut") OR ALARM(cpu high)) AND ALARM('arn:aws:cloudwatch:eu-west-1:1:alarm:x')"#;
        let expected = ["cordon/web/i-0a/NetworkOut", "cpu high", "arn:aws:cloudwatch:eu-west-1:1:alarm:x"];
        assert_eq!(alarms_named(rule), expected);
    }

    #[test]
    fn a_negated_child_is_not_named_and_a_double_negation_is() {
        assert_eq!(alarms_named(r#"NOT ALARM("a") AND NOT (NOT ALARM("b") OR OK("c"))"#), ["b"]);
    }

    #[test]
    fn a_name_that_looks_like_a_rule_stays_a_name() {
        assert_eq!(alarms_named(r#"ALARM("x\" OR ALARM(y)")"#), [r#"x" OR ALARM(y)"#]);
    }

    #[test]
    fn text_outside_the_grammar_names_nothing() {
        for rule in
            ["", "ALARM(", "ALARM()", r#"ALARM("a") XOR ALARM("b")"#, r#"ALARM("a"#, "ALARMED(x)", &"(".repeat(100_000)]
        {
            assert!(alarms_named(rule).is_empty(), "{rule:.40}");
        }
    }
}
