//! Text of a policy taken apart: plain text, wildcards, and policy variables.
//!
//! Source: IAM User Guide, "IAM policy elements: Variables and tags". Variables exist since version 2012-10-17; before
//! that, and where an element takes none, `${` is plain text.

use crate::error::{PolicyError, quoted};
use crate::key::Key;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// `*`
    Many,
    /// `?`
    One,
    Variable(Variable),
}

/// `${aws:username}` or `${aws:PrincipalTag/team, 'none'}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) key: Key,
    pub(crate) default: Option<Box<str>>,
}

/// What of a text has a meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grammar {
    pub(crate) wildcards: bool,
    pub(crate) variables: bool,
}

pub(crate) fn parse(text: &str, grammar: Grammar, at: &str) -> Result<Vec<Part>, PolicyError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if grammar.variables && rest.starts_with("${") {
            let (part, after) = variable(rest, at)?;
            push(&mut parts, part);
            rest = after;
            continue;
        }
        push(
            &mut parts,
            match character {
                '*' if grammar.wildcards => Part::Many,
                '?' if grammar.wildcards => Part::One,
                other => Part::Text(other.into()),
            },
        );
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    Ok(parts)
}

/// Neighbouring text is one text, and `**` is `*`.
fn push(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (Some(Part::Text(text)), Part::Text(more)) => text.push_str(&more),
        (Some(Part::Many), Part::Many) => {}
        (_, part) => parts.push(part),
    }
}

/// Reads from `${` on.
fn variable<'a>(text: &'a str, at: &str) -> Result<(Part, &'a str), PolicyError> {
    let bad = |problem: &str| PolicyError::new(at, format!("{}: {problem}", quoted(text)));
    let (inner, after) = text
        .get(2..)
        .and_then(|inner| inner.split_once('}'))
        .ok_or_else(|| bad("`${` without `}`; write `${$}{` for the plain text"))?;
    if matches!(inner, "*" | "?" | "$") {
        return Ok((Part::Text(inner.to_owned()), after));
    }
    let (key, default) = match inner.split_once(',') {
        None => (inner, None),
        Some((key, default)) => {
            let default = default.trim().strip_prefix('\'').and_then(|default| default.strip_suffix('\''));
            (key, Some(default.ok_or_else(|| bad("a default value stands in single quotes"))?.into()))
        }
    };
    if key.trim().is_empty() || key.contains("${") {
        return Err(bad("a variable is `${` key `}`"));
    }
    Ok((Part::Variable(Variable { key: Key::new(key.trim()), default }), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Grammar = Grammar { wildcards: true, variables: true };

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    #[test]
    fn text_wildcards_and_variables_are_told_apart() {
        let variable = Part::Variable(Variable { key: Key::new("aws:username"), default: None });
        assert_eq!(
            parse("a/${aws:username}/**?", ALL, "x").unwrap(),
            [text("a/"), variable, text("/"), Part::Many, Part::One]
        );
    }

    #[test]
    fn escaped_wildcards_and_dollars_are_plain_text() {
        assert_eq!(parse("${*}${?}${$}", ALL, "x").unwrap(), [text("*?$")]);
    }

    #[test]
    fn a_variable_may_have_a_default_in_single_quotes() {
        let parts = parse("${aws:PrincipalTag/team, 'no one'}", ALL, "x").unwrap();
        let [Part::Variable(Variable { key, default })] = parts.as_slice() else { panic!("{parts:?}") };
        assert_eq!((key.shown(), default.as_deref()), ("aws:PrincipalTag/team", Some("no one")));
    }

    #[test]
    fn without_variables_the_dollar_is_plain_text() {
        let grammar = Grammar { wildcards: false, variables: false };
        assert_eq!(parse("${aws:username}*", grammar, "x").unwrap(), [text("${aws:username}*")]);
    }

    #[test]
    fn what_is_no_variable_is_an_error_that_names_the_place() {
        for bad in ["${", "${}", "${a, b}", "${a${b}"] {
            assert_eq!(parse(bad, ALL, "Statement[0].Resource").unwrap_err().at, "Statement[0].Resource", "{bad}");
        }
    }
}
