//! Patterns, compiled once and matched without allocating.

use crate::error::PolicyError;
use crate::template::{Grammar, Part, Variable, parse};
use crate::truth::Truth;

/// ARNs have six components; the last may hold colons of its own.
const COLONS: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    shape: Shape,
    case: Case,
}

/// Most patterns are simple, and are matched as what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Shape {
    Everything,
    Exact(Box<str>),
    Prefix(Box<str>),
    Tokens { tokens: Box<[Token]>, variables: bool },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Text(Box<str>),
    Variable(Variable),
    /// `*`. One that may not cross stays within a component of an ARN.
    Many {
        crosses: bool,
    },
    /// `?`
    One {
        crosses: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    Matters,
    Ignored,
}

/// How far wildcards reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Over any text.
    All,
    /// Resource: within a component, unless a `*` is the component's last character (IAM User Guide, "Resource").
    Segments,
    /// ArnLike: each of the six components by itself (IAM User Guide, "ARN condition operators").
    Components,
}

/// What a variable stands for in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolved<'a> {
    Value(&'a str),
    /// The key is not in the request and there is no default: the pattern matches nothing.
    Absent,
    Unknown,
}

/// Whether a text matches a pattern in which `*` is any text and `?` any character, as StringLike matches.
pub fn is_like(text: &str, pattern: &str) -> bool {
    Pattern::like(pattern, false, "").is_ok_and(|pattern| pattern.matches(text))
}

impl Pattern {
    /// Of Action and NotAction: to be matched with text in lower case.
    pub(crate) fn action(text: &str) -> Self {
        let parts = parse(&text.to_ascii_lowercase(), Grammar { wildcards: true, variables: false }, "");
        // Without variables nothing can be wrong.
        Self::compiled(parts.unwrap_or_default(), Reach::All, Case::Matters)
    }

    pub(crate) fn resource(text: &str, variables: bool, at: &str) -> Result<Self, PolicyError> {
        let parts = parse(text, Grammar { wildcards: true, variables }, at)?;
        Ok(Self::compiled(parts, Reach::Segments, Case::Matters))
    }

    pub(crate) fn arn(text: &str, variables: bool, at: &str) -> Result<Self, PolicyError> {
        let parts = parse(text, Grammar { wildcards: true, variables }, at)?;
        Ok(Self::compiled(parts, Reach::Components, Case::Matters))
    }

    pub(crate) fn like(text: &str, variables: bool, at: &str) -> Result<Self, PolicyError> {
        let parts = parse(text, Grammar { wildcards: true, variables }, at)?;
        Ok(Self::compiled(parts, Reach::All, Case::Matters))
    }

    pub(crate) fn equal(text: &str, case: Case, variables: bool, at: &str) -> Result<Self, PolicyError> {
        let parts = parse(text, Grammar { wildcards: false, variables }, at)?;
        Ok(Self::compiled(parts, Reach::All, case))
    }

    fn compiled(parts: Vec<Part>, reach: Reach, case: Case) -> Self {
        let mut shape = match parts.as_slice() {
            [] => Shape::Exact("".into()),
            [Part::Many] => Shape::Everything,
            [Part::Text(text)] => Shape::Exact(text.as_str().into()),
            _ => Shape::Tokens {
                variables: parts.iter().any(|part| matches!(part, Part::Variable(_))),
                tokens: tokens(parts, reach),
            },
        };
        if let Shape::Tokens { tokens, .. } = &shape
            && let [Token::Text(text), Token::Many { crosses: true }] = &**tokens
            && case == Case::Matters
        {
            shape = Shape::Prefix(text.clone());
        }
        Self { shape, case }
    }

    /// Whether the pattern has no variables and matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.matches_with(text, |_| Resolved::Absent) == Truth::Yes
    }

    /// Unknown where a variable is, and the text could match.
    pub(crate) fn matches_with<'a>(&'a self, text: &str, resolve: impl Fn(&'a Variable) -> Resolved<'a>) -> Truth {
        match &self.shape {
            Shape::Everything => Truth::Yes,
            Shape::Exact(exact) => match self.case {
                Case::Matters => text == &**exact,
                Case::Ignored => text.eq_ignore_ascii_case(exact),
            }
            .into(),
            Shape::Prefix(prefix) => text.starts_with(&**prefix).into(),
            Shape::Tokens { tokens, variables: false } => walk(tokens, text, self.case, |_| Resolved::Absent).into(),
            Shape::Tokens { tokens, variables: true } => {
                let mut unknown = false;
                for token in tokens {
                    let Token::Variable(variable) = token else { continue };
                    match resolve(variable) {
                        Resolved::Absent => return Truth::No,
                        Resolved::Unknown => unknown = true,
                        Resolved::Value(_) => {}
                    }
                }
                match walk(tokens, text, self.case, resolve) {
                    false => Truth::No,
                    true if unknown => Truth::Unknown,
                    true => Truth::Yes,
                }
            }
        }
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let tokens: &[Token] = match &self.shape {
            Shape::Tokens { tokens, variables: true } => tokens,
            _ => &[],
        };
        tokens.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(variable),
            _ => None,
        })
    }

    /// A text that it matches: itself, with `*` and `?` as they stand, and with each variable's value. `None` where a
    /// variable has none that is known.
    pub(crate) fn example<'a>(&'a self, resolve: impl Fn(&'a Variable) -> Resolved<'a>) -> Option<String> {
        let tokens = match &self.shape {
            Shape::Everything => return Some("*".to_owned()),
            Shape::Exact(text) => return Some(text.to_string()),
            Shape::Prefix(text) => return Some(format!("{text}*")),
            Shape::Tokens { tokens, .. } => tokens,
        };
        let mut text = String::new();
        for token in tokens {
            text.push_str(match token {
                Token::Text(text) => text,
                Token::Many { .. } => "*",
                Token::One { .. } => "?",
                Token::Variable(variable) => match resolve(variable) {
                    Resolved::Value(value) => value,
                    Resolved::Absent | Resolved::Unknown => return None,
                },
            });
        }
        Some(text)
    }

    /// Whether it matches whatever there is.
    pub(crate) fn is_everything(&self) -> bool {
        self.shape == Shape::Everything
    }
}

fn tokens(parts: Vec<Part>, reach: Reach) -> Box<[Token]> {
    let last_component = match reach {
        Reach::All => 0,
        Reach::Segments => COLONS,
        Reach::Components => parts.iter().map(colons).sum::<usize>().min(COLONS),
    };
    let mut component = 0;
    let mut tokens = Vec::with_capacity(parts.len());
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        component += colons(&part);
        let last = component >= last_component;
        tokens.push(match part {
            Part::Text(text) => Token::Text(text.into()),
            Part::Variable(variable) => Token::Variable(variable),
            Part::One => Token::One { crosses: last || reach == Reach::Segments },
            Part::Many => {
                let ends_segment = match parts.peek() {
                    None => true,
                    Some(Part::Text(text)) => text.starts_with(':'),
                    Some(_) => false,
                };
                Token::Many { crosses: last || (reach == Reach::Segments && ends_segment) }
            }
        });
    }
    tokens.into()
}

fn colons(part: &Part) -> usize {
    match part {
        Part::Text(text) => text.bytes().filter(|byte| *byte == b':').count(),
        _ => 0,
    }
}

/// Where a `*` stands in the pattern, and the text from where it may take one more character.
type Star<'t, 'a> = (&'t [Token], &'a str);

/// Matches from left to right. Where it fails, the last `*` takes one more character; an earlier one needs to only where
/// the later ones were held back by the end of a component.
fn walk<'t>(tokens: &'t [Token], text: &str, case: Case, resolve: impl Fn(&'t Variable) -> Resolved<'t>) -> bool {
    let (mut left, mut rest) = (tokens, text);
    let (mut crossing, mut within): (Option<Star>, Option<Star>) = (None, None);
    loop {
        let step = match left.split_first() {
            None if rest.is_empty() => return true,
            None => None,
            Some((token, after)) => match token {
                Token::Text(literal) => strip(rest, literal, case).map(|rest| (after, rest)),
                Token::One { crosses } => one(rest, *crosses).map(|rest| (after, rest)),
                Token::Many { crosses: true } => {
                    if after.is_empty() {
                        return true;
                    }
                    (crossing, within) = (Some((after, rest)), None);
                    Some((after, rest))
                }
                Token::Many { crosses: false } => {
                    within = Some((after, rest));
                    Some((after, rest))
                }
                Token::Variable(variable) => match resolve(variable) {
                    Resolved::Value(value) => strip(rest, value, case).map(|rest| (after, rest)),
                    // Could be any text; the caller knows that this makes the answer unknown.
                    Resolved::Unknown => {
                        (crossing, within) = (Some((after, rest)), None);
                        Some((after, rest))
                    }
                    Resolved::Absent => None,
                },
            },
        };
        if let Some(step) = step {
            (left, rest) = step;
            continue;
        }
        if let Some((after, from)) = within.take()
            && let Some(longer) = one(from, false)
        {
            within = Some((after, longer));
            (left, rest) = (after, longer);
            continue;
        }
        let Some((after, from)) = crossing else { return false };
        let Some(longer) = one(from, true) else { return false };
        crossing = Some((after, longer));
        (left, rest) = (after, longer);
    }
}

fn one(text: &str, crosses: bool) -> Option<&str> {
    let mut characters = text.chars();
    let first = characters.next()?;
    (crosses || first != ':').then_some(characters.as_str())
}

fn strip<'a>(text: &'a str, start: &str, case: Case) -> Option<&'a str> {
    match case {
        Case::Matters => text.strip_prefix(start),
        Case::Ignored => {
            let head = text.get(..start.len())?;
            head.eq_ignore_ascii_case(start).then(|| text.get(start.len()..)).flatten()
        }
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
